package node

import (
	"context"
	"errors"
	"sync"

	"github.com/hashicorp/raft"

	"seqd/engine"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/allocator"
	"seqd/raftfsm/codec"
)

// This file is what sessions ask of a node.

// Catalog is the newest applied catalog.
func (n *Node) Catalog() *engine.Catalog { return n.fsm.Catalog() }

// Sequence returns the handle of a sequence, nil if there is none.
func (n *Node) Sequence(id engine.SequenceID) *allocator.Sequence { return n.allocator.Sequence(id) }

// Commit makes a transaction's changes durable and visible here, or none of them.
func (n *Node) Commit(ctx context.Context, _ uint64, c *engine.Commit) (engine.Result, error) {
	r, err := n.Propose(ctx, c)
	if err == nil && r.Err != nil {
		err = r.Err
	}
	return r, err
}

// CreateDatabase makes a database as a branch of another, see allocator.Branch. Like
// ProposeWith it may come again.
func (n *Node) CreateDatabase(ctx context.Context, id codec.Request, c *engine.CreateDatabase) (engine.Result, error) {
	return n.allocator.Branch(ctx, c, func(c *engine.CreateDatabase) (engine.Result, error) {
		return n.ProposeWith(context.Background(), id, c)
	})
}

// Lock keeps everybody but owner from using a sequence until Unlock, and returns
// its exact position.
func (n *Node) Lock(ctx context.Context, owner uint64, id engine.SequenceID) (engine.Position, error) {
	return n.allocator.Lock(ctx, owner, id)
}

// AwaitUnlock waits until nobody but owner has the sequence locked.
func (n *Node) AwaitUnlock(ctx context.Context, owner uint64, id engine.SequenceID) error {
	return n.allocator.AwaitUnlock(ctx, owner, id)
}

// Unlock gives back every lock of owner.
func (n *Node) Unlock(owner uint64) { n.allocator.Unlock(owner) }

// Locks are those that owners hold and wait for, if this node leads.
func (n *Node) Locks() []engine.LockState { return n.allocator.Locks() }

// LockKey gives owner a key; see allocator.LockKey.
func (n *Node) LockKey(ctx context.Context, owner uint64, key engine.LockKey, r allocator.KeyRequest) (bool, error) {
	return n.allocator.LockKey(ctx, owner, key, r)
}

// UnlockKey gives a key back.
func (n *Node) UnlockKey(owner uint64, key engine.LockKey, exclusive bool) {
	n.allocator.UnlockKey(owner, key, exclusive)
}

// UnlockKeys gives back all keys of owner.
func (n *Node) UnlockKeys(owner uint64) { n.allocator.UnlockKeys(owner) }

// oids is the counter for new objects. It starts anew with each leadership: OIDs
// that were given out but never committed are nobody's. But a CREATE that is under way
// through a change of the leader keeps its OID, and by then the new leader may have
// given the same one to something that is dropped again: so each leadership among
// several nodes begins in a range of its own.
type oids struct {
	mu   sync.Mutex
	term uint64 // of the leadership that next belongs to
	next engine.OID
}

// Ranges of OIDs of one leadership, and how many there are in turn: more CREATEs than
// that are not under way at one moment, nor more leaderships in the life of one.
const (
	oidRange = 1 << 10
	oidTurns = 16
)

// AllocateOID returns an OID that no object has or had.
func (n *Node) AllocateOID(context.Context) (engine.OID, error) {
	if n.gate.current() == 0 {
		return 0, allocator.ErrNotServing
	}
	n.oids.mu.Lock()
	defer n.oids.mu.Unlock()
	oid := n.Catalog().NextOID()
	if term := n.gate.current(); term != n.oids.term {
		n.oids.term, n.oids.next = term, oid
		if len(n.raft.GetConfiguration().Configuration().Servers) > 1 {
			n.oids.next += engine.OID(oidRange * (1 + term%oidTurns))
		}
	}
	oid = max(n.oids.next, oid)
	if oid >= engine.FirstTemporaryOID {
		return 0, sqlstate.New(sqlstate.ProgramLimitExceeded, "no more OIDs are left")
	}
	n.oids.next = oid + 1
	return oid, nil
}

// Checkpoint compacts the log into a snapshot; the next nextval of every sequence
// logs anew.
func (n *Node) Checkpoint(ctx context.Context) error {
	if err := n.disk.check(); err != nil {
		return err
	}
	if err := n.snapshot(); err != nil {
		return sqlstate.Errorf(sqlstate.IOError, "checkpoint request failed: %w", err)
	}
	n.allocator.Checkpoint()
	return nil
}

func (n *Node) snapshot() error {
	err := n.await(func() error { return n.raft.Snapshot().Error() }, nil)
	if errors.Is(err, raft.ErrNothingNewToSnapshot) {
		return nil
	}
	return err
}

// Confirm returns nil if this node leads at a moment during the call: that it
// serves is not proof enough, since nobody may have told it of its successor.
func (n *Node) Confirm(ctx context.Context) error { return n.allocator.Confirm(ctx) }

// Applied is the index of the last log entry that was executed here.
func (n *Node) Applied() uint64 { return n.fsm.Applied() }

// WaitApplied waits until the log entry at index has been executed here.
func (n *Node) WaitApplied(ctx context.Context, index uint64) error {
	return n.fsm.WaitApplied(ctx, index)
}

// Status is how a node is doing.
type Status struct {
	NodeID, ClusterID string
	Leader            string // node ID, "" if unknown
	Serving           bool
	Term              uint64
	LastIndex         uint64 // of the log
	Commit            uint64
	Applied           uint64 // by the state machine
	Snapshot          uint64 // index of the last snapshot
	Stalled           bool   // waiting for disk space
}

// Refilled is what the node has reserved while it led, see allocator.
func (n *Node) Refilled() (refills, values uint64) { return n.allocator.Refilled() }

// Status tells how the node is doing.
func (n *Node) Status() Status {
	_, leader := n.raft.LeaderWithID()
	_, stalled := n.stall.watch()
	s := Status{
		NodeID: n.identity.Node, ClusterID: n.identity.Cluster, Leader: string(leader),
		Serving: n.gate.current() != 0, Term: n.raft.CurrentTerm(),
		LastIndex: n.raft.LastIndex(), Commit: n.raft.CommitIndex(), Applied: n.fsm.Applied(), Stalled: stalled,
	}
	if list, err := n.snapshots.List(); err == nil && len(list) > 0 {
		s.Snapshot = list[0].Index
	}
	return s
}
