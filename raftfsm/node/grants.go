package node

import (
	"context"
	"sync"
	"time"

	"seqd/raftfsm/allocator"
)

// This file is about values that nodes hand out without asking (see lease.Grants).

// Grant gives a run of a node's process leave to hand out values of the epochs that it
// knows, from when it has applied index, for d less the margin (lease.Serve) from when
// it read its clock before it asked. applied is what it has applied. Only a leader that
// holds its lease may give it.
func (n *Node) Grant(ctx context.Context, gateway, applied uint64) (index uint64, d time.Duration, err error) {
	d = n.timing.Lease
	// In this order: whoever deposed this node waits for grants that were noted before
	// its lease ended, and a change that is applied after the index is read finds them.
	if n.gate.current() == 0 || !n.grants.Note(gateway, applied, d) {
		return 0, 0, allocator.ErrNotServing
	}
	index = n.fsm.Applied()
	if err := n.allocator.Confirm(ctx); err != nil {
		return 0, 0, err
	}
	return index, d, nil
}

// Holds tells whether this node leads, and nobody else can.
func (n *Node) Holds() bool { return n.gate.current() != 0 && n.holder.Holds() }

// Now is a clock that goes on while the machine is suspended.
func (n *Node) Now() time.Duration { return n.clock() }

// Voided is the last log index that ended an epoch; next is closed when there is
// another one.
func (n *Node) Voided() (index uint64, next <-chan struct{}) { return n.voids.last() }

// openGrants begins a leadership session for the table of grants. It is called when
// nobody else can serve any more.
func (n *Node) openGrants() {
	alone := len(n.servers()) == 1
	n.grants.Bar(alone)
	if alone {
		return // nor was there anybody else before the last other node's grant was over
	}
	n.grants.Open(n.waiter.Ended() + n.timing.Lease)
}

// awaitGrants waits until nobody has a grant and nobody gets one any more.
func (n *Node) awaitGrants(ctx context.Context) error {
	n.grants.Bar(true)
	for left := n.grants.Left(); left > 0; left = n.grants.Left() {
		select {
		case <-time.After(left):
		case <-ctx.Done():
			n.grants.Bar(false)
			return context.Cause(ctx)
		}
	}
	return nil
}

// voids is the last log index that ended an epoch, and who waits for the next one.
type voids struct {
	mu    sync.Mutex
	index uint64
	next  chan struct{}
}

func (v *voids) last() (uint64, <-chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.next == nil {
		v.next = make(chan struct{})
	}
	return v.index, v.next
}

func (v *voids) tell(index uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.index = index
	if v.next != nil {
		close(v.next)
		v.next = nil
	}
}
