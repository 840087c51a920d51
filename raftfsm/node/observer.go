package node

import (
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"seqd/engine"
	"seqd/raftfsm/codec"
)

// follower follows the log for the lease and the allocator (raftfsm.Observer).
type follower struct{ n *Node }

// Leased implements raftfsm.Observer.
func (f follower) Leased(_, _ uint64, l codec.Lease) {
	f.n.waiter.Applied(l.Record)
	asked := time.Duration(l.Asked)
	if f.n.holder.Applied(l.Record, asked) {
		f.n.allocator.Confirmed(asked)
	}
}

// Applied implements raftfsm.Observer.
func (f follower) Applied(index, term uint64, c engine.Command, r engine.Result) {
	f.n.allocator.Applied(index, term, c, r)
}

// Restored implements raftfsm.Observer.
func (f follower) Restored() {
	f.n.waiter.Applied(f.n.fsm.Lease())
	f.n.allocator.Restored()
}

// changes tells whoever waits that the leader may be another one.
type changes struct {
	mu sync.Mutex
	ch chan struct{}
}

func (c *changes) next() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ch == nil {
		c.ch = make(chan struct{})
	}
	return c.ch
}

func (c *changes) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ch != nil {
		close(c.ch)
		c.ch = nil
	}
}

// watchRaft passes on what raft tells about leaders, and notices that this node
// was removed: raft shuts down then.
func (n *Node) watchRaft(events <-chan raft.Observation) {
	for {
		select {
		case e := <-events:
			if e.Data == raft.Shutdown {
				select {
				case <-n.down:
				default:
					n.failed(errRemoved)
				}
			}
			n.changes.tell()
		case <-n.down:
			n.changes.tell()
			return
		}
	}
}

func (n *Node) observeRaft() {
	events := make(chan raft.Observation, 16)
	n.raft.RegisterObserver(raft.NewObserver(events, false, func(o *raft.Observation) bool {
		switch o.Data.(type) {
		case raft.LeaderObservation, raft.RaftState:
			return true
		}
		return false
	}))
	go n.watchRaft(events)
}

// Leader returns who leads, as far as this node knows: "" if nobody.
func (n *Node) Leader() (nodeID, clusterAddr string, isSelf bool) {
	addr, id := n.raft.LeaderWithID()
	return string(id), string(addr), string(id) == n.identity.Node
}

// LeaderChanged is closed when what Leader says has changed, or this node has begun
// or ceased to serve. Ask for it before asking for the leader.
func (n *Node) LeaderChanged() <-chan struct{} { return n.changes.next() }

// Serving tells whether this node leads and serves.
func (n *Node) Serving() bool { return n.gate.current() != 0 }
