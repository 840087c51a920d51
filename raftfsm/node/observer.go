package node

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"seqd/engine"
	"seqd/raftfsm"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/peer"
)

// follower follows the log for the lease and the allocator (raftfsm.Observer).
type follower struct{ n *Node }

// Leased implements raftfsm.Observer.
func (f follower) Leased(index, _ uint64, l codec.Lease) {
	f.n.waiter.Applied(l.Record, f.n.receipts.of(index))
	asked := time.Duration(l.Asked)
	if f.n.holder.Applied(l.Record, asked) {
		f.n.allocator.Confirmed(asked)
	}
}

// Applied implements raftfsm.Observer.
func (f follower) Applied(index, term uint64, c engine.Command, r engine.Result) {
	f.n.allocator.Applied(index, term, c, r)
	tell := raftfsm.MayTakeRights(c)
	for i := range r.Effects {
		tell = tell || r.Effects[i].EndsEpoch(index)
	}
	if tell {
		f.n.voids.tell(index)
	}
}

// Restored implements raftfsm.Observer.
func (f follower) Restored() {
	f.n.waiter.Applied(f.n.fsm.Lease(), f.n.clock())
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
// was removed while it led: raft shuts down then.
func (n *Node) watchRaft(observed, heartbeats <-chan raft.Observation) {
	events := newEvents(n.config.Logger, n.identity.Node)
	for {
		select {
		case e := <-observed:
			if n.config.Peer != nil && !n.ending.Load() {
				events.observe(e)
			}
			if e.Data == raft.Shutdown && !n.ending.Load() {
				n.failed(errRemoved)
			}
			n.changes.tell()
		case e := <-heartbeats:
			events.observe(e)
		case <-n.down:
			n.changes.tell()
			return
		}
	}
}

// removedLook is after how many election timeouts without a leader a node asks
// whether it still belongs to the cluster.
const removedLook = 5

// watchMembership notices that this node was removed. Raft tells a node that only
// if it leads: the rest find that nobody answers them any more.
func (n *Node) watchMembership() {
	look := time.NewTicker(removedLook * n.timing.Election)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			if id, _, _ := n.Leader(); id == "" && n.wasRemoved() {
				n.failed(errRemoved)
			}
		case <-n.down:
			return
		}
	}
}

// wasRemoved asks the others.
func (n *Node) wasRemoved() bool {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	for _, x := range n.servers() {
		if string(x.ID) == n.identity.Node {
			continue
		}
		s, err := n.config.Peer.Admin(string(x.Address)).StatusHere(ctx)
		if err != nil || s.ClusterID != n.identity.Cluster || s.Leader == "" || s.Applied < n.fsm.Applied() {
			continue // it knows less than this node
		}
		return !slices.ContainsFunc(s.Nodes, func(x peer.NodeStatus) bool { return x.ID == n.identity.Node })
	}
	return false
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
	heartbeats := make(chan raft.Observation, 16) // of their own, so that they crowd nothing out
	n.raft.RegisterObserver(raft.NewObserver(heartbeats, false, func(o *raft.Observation) bool {
		switch o.Data.(type) {
		case raft.FailedHeartbeatObservation, raft.ResumedHeartbeatObservation:
			return true
		}
		return false
	}))
	go n.watchRaft(events, heartbeats)
	if n.config.Peer != nil {
		go n.watchMembership()
		go n.announce()
		go n.relieve()
	}
}

// Leader returns who leads, as far as this node knows: "" if nobody.
func (n *Node) Leader() (nodeID, clusterAddr string, isSelf bool) {
	addr, id := n.raft.LeaderWithID()
	return string(id), string(addr), string(id) == n.identity.Node
}

// Silence is how long ago this node heard from a leader, or served: 0 while it does,
// math.MaxInt64 if never. What it knows is at least that old, and a little more.
func (n *Node) Silence() time.Duration {
	if n.Serving() {
		return 0
	}
	silence := time.Duration(math.MaxInt64)
	if heard := n.raft.LastContact(); !heard.IsZero() {
		silence = time.Since(heard)
	}
	if served := n.served.Load(); served != nil {
		silence = min(silence, time.Since(*served))
	}
	return silence
}

// LeaderChanged is closed when what Leader says has changed, or this node has begun
// or ceased to serve. Ask for it before asking for the leader.
func (n *Node) LeaderChanged() <-chan struct{} { return n.changes.next() }

// Serving tells whether this node leads and serves.
func (n *Node) Serving() bool { return n.gate.current() != 0 }
