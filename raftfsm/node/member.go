package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"seqd/protocol/sqlstate"
	"seqd/raftfsm/allocator"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/peer"
)

var errRemoved = errors.New("this node was removed from its cluster; to use it again, empty its data directory and let it join")

const (
	// caughtUp is how few entries a node may lack when it is made a voter.
	caughtUp = 100
	// askTimeout is how long another node may take to say how it is doing.
	askTimeout = time.Second
)

// admin answers the administrator (peer.Admin).
type admin struct{ n *Node }

// Admin is the node as administrators see it.
func (n *Node) Admin() peer.Admin { return admin{n} }

func (n *Node) servers() []raft.Server { return n.raft.GetConfiguration().Configuration().Servers }

// onlyVoter tells whether nobody but this node can be elected.
func (n *Node) onlyVoter() bool { return onlyVoter(n.servers(), n.identity.Node) }

func onlyVoter(servers []raft.Server, node string) bool {
	voters := 0
	for _, s := range servers {
		if s.Suffrage == raft.Voter {
			voters++
			if s.ID != raft.ServerID(node) {
				return false
			}
		}
	}
	return voters == 1
}

func (n *Node) notLeader() error {
	id, addr, self := n.Leader()
	if id == "" || self { // about to serve, or about to stop
		addr = ""
	}
	return &peer.NotLeader{LeaderAddr: addr}
}

// NodeAt returns the ID of the member at a cluster address, "" if it is nobody's.
func (n *Node) NodeAt(addr string) string {
	if !n.started.Load() {
		return ""
	}
	for _, s := range n.servers() {
		if s.Address == raft.ServerAddress(addr) {
			return string(s.ID)
		}
	}
	return ""
}

// organize keeps the cluster's membership in order while this node leads.
func (n *Node) organize(s *session) {
	if n.config.Peer == nil {
		return
	}
	n.introduce(s)
	tick := time.NewTicker(n.timing.Election / 4)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-tick.C:
			n.promoteNext(s)
			if i%formatEvery == 0 {
				if err := n.raiseFormat(s.term, s.stop); err != nil {
					n.config.Logger.Debug("the cluster's format stays as it is", "error", err)
				}
			}
		case <-s.stop:
			return
		}
	}
}

// introduce tells the cluster about this node, if what it knows is out of date.
func (n *Node) introduce(s *session) {
	self := codec.Member{ID: n.identity.Node, Address: n.config.Peer.Addr(), Version: uint64(n.config.knows()), Voter: true}
	if !slices.Contains(n.fsm.Members(), self) {
		_, _ = n.log(codec.Entry{Term: s.term, Member: &codec.PutMember{Member: self}}, s.stop) // or the next session does
	}
	for _, x := range n.servers() {
		// A node that began without a cluster port has its ID for an address.
		if string(x.ID) == self.ID && string(x.Address) != self.Address {
			_ = n.await(func() error {
				return n.raft.AddVoter(x.ID, raft.ServerAddress(self.Address), 0, enqueueTimeout).Error()
			}, s.stop)
		}
	}
}

// promoteNext makes a voter of a node that has caught up, if there is one.
func (n *Node) promoteNext(s *session) {
	members := n.fsm.Members()
	for _, x := range n.servers() {
		if x.Suffrage == raft.Voter || !slices.ContainsFunc(members, func(m codec.Member) bool { return m.Voter && m.ID == string(x.ID) }) {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
		status, err := n.config.Peer.Admin(string(x.Address)).StatusHere(ctx)
		cancel()
		if err != nil || status.Node != string(x.ID) || status.Applied+caughtUp < n.fsm.Applied() || status.Applied == 0 {
			continue
		}
		if err := n.promote(s, x); err != nil {
			n.config.Logger.Warn("a node could not be made a voter", "node", x.ID, "error", err)
		}
		return
	}
}

// promote makes a node a voter. From then on it can be elected, so this node must
// serve by lease from before.
func (n *Node) promote(s *session, x raft.Server) error {
	if n.holder.Exempted() && !n.config.Seams.Mistakes.NoLease {
		n.holder.Exempt(false)
		if err := n.proposeLease(s.term, s.stop); err != nil {
			n.holder.Exempt(n.onlyVoter())
			return err
		}
	}
	return n.await(func() error { return n.raft.AddVoter(x.ID, x.Address, 0, enqueueTimeout).Error() }, s.stop)
}

// Join implements peer.Admin: it takes a node in, without a vote until it has
// caught up, so that it can't cost the cluster its quorum.
func (a admin) Join(ctx context.Context, r peer.JoinRequest) (peer.JoinReply, error) {
	n := a.n
	term, err := n.awaitServing(ctx)
	if err != nil {
		return peer.JoinReply{}, err
	}
	if r.ID == "" || r.Addr == "" {
		return peer.JoinReply{}, sqlstate.New(sqlstate.ProtocolViolation, "a node that joins must have an ID and an address")
	}
	if f := n.fsm.Format(); uint64(r.Version) < f {
		return peer.JoinReply{}, sqlstate.Errorf(sqlstate.FeatureNotSupported,
			"node %q has version %d, the cluster has come to write format %d", r.ID, r.Version, f).
			WithHint("Run the seqd that the other nodes run.")
	}
	if err := n.roomFor(ctx, r); err != nil {
		return peer.JoinReply{}, err
	}
	m := codec.Member{ID: r.ID, Address: r.Addr, Version: uint64(r.Version), Voter: !r.NonVoter}
	if _, err := n.log(codec.Entry{Term: term, Member: &codec.PutMember{Member: m}}, n.leave); err != nil {
		return peer.JoinReply{}, err
	}
	err = n.await(func() error {
		return n.raft.AddNonvoter(raft.ServerID(r.ID), raft.ServerAddress(r.Addr), 0, enqueueTimeout).Error()
	}, n.leave)
	if err != nil {
		return peer.JoinReply{}, sqlstate.Errorf(sqlstate.CannotConnectNow, "node %q could not be added: %w", r.ID, err)
	}
	n.grants.Bar(false) // not before: see openGrants
	return peer.JoinReply{ClusterID: n.identity.Cluster, Nodes: n.nodes()}, nil
}

// roomFor refuses a node that can't be added, and clears away what an attempt that
// was broken off left.
func (n *Node) roomFor(ctx context.Context, r peer.JoinRequest) error {
	for _, x := range n.servers() {
		switch {
		case string(x.ID) == r.ID && x.Suffrage == raft.Voter:
			// It has voted, and forgotten how.
			return sqlstate.Errorf(sqlstate.ObjectInUse, "node %q is a member already", r.ID).
				WithHint("If it has lost its data directory, remove it from the cluster first.")
		case string(x.Address) == r.Addr && string(x.ID) != r.ID && x.Suffrage == raft.Voter:
			return sqlstate.Errorf(sqlstate.ObjectInUse, "node %q has the address %s already", x.ID, r.Addr).
				WithHint("If it is gone, remove it from the cluster first.")
		case string(x.Address) == r.Addr && string(x.ID) != r.ID:
			if err := n.remove(ctx, string(x.ID)); err != nil {
				return err
			}
		}
	}
	return n.answersAt(ctx, r.ID, r.Addr, "")
}

func (n *Node) notServing() error {
	var elsewhere *peer.NotLeader
	if err := n.notLeader(); errors.As(err, &elsewhere) && elsewhere.LeaderAddr != "" {
		return err
	}
	return allocator.ErrNotServing
}

// awaitServing returns the term in which this node serves, or who does. In an
// election it waits a while for the end.
func (n *Node) awaitServing(ctx context.Context) (uint64, error) {
	if !n.started.Load() {
		return 0, allocator.ErrNotServing
	}
	end := time.After(3*n.timing.Election + n.timing.Lease)
	for {
		changed := n.LeaderChanged()
		if term := n.gate.current(); term != 0 {
			return term, nil
		}
		if id, _, self := n.Leader(); id != "" && !self {
			return 0, n.notServing()
		}
		select {
		case <-changed:
		case <-end:
			return 0, n.notServing()
		case <-n.down:
			return 0, n.notServing()
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// Remove implements peer.Admin.
func (a admin) Remove(ctx context.Context, id string) error {
	n := a.n
	if _, err := n.awaitServing(ctx); err != nil {
		return err
	}
	if id != n.identity.Node {
		return n.remove(ctx, id)
	}
	if n.onlyVoter() {
		return sqlstate.New(sqlstate.ObjectInUse, "the only voter can't be removed")
	}
	// The next leader does it.
	if err := n.order(ctx, func() error { return n.handOver(ctx, "") }); err != nil {
		return err
	}
	return n.notServing()
}

func (n *Node) remove(ctx context.Context, id string) error {
	if !slices.ContainsFunc(n.servers(), func(s raft.Server) bool { return string(s.ID) == id }) {
		return sqlstate.Errorf(sqlstate.UndefinedObject, "the cluster has no node %q", id)
	}
	return n.order(ctx, func() error {
		if n.session == nil {
			return n.notServing()
		}
		term := n.session.term
		last := len(n.servers()) == 2
		if last { // an only node waits for nobody
			if err := n.awaitGrants(ctx); err != nil {
				return err
			}
		}
		err := n.await(func() error { return n.raft.RemoveServer(raft.ServerID(id), 0, enqueueTimeout).Error() }, n.leave)
		if err != nil {
			n.grants.Bar(false)
			return sqlstate.Errorf(sqlstate.CannotConnectNow, "node %q could not be removed: %w", id, err)
		}
		if n.onlyVoter() {
			n.holder.Exempt(true)
		}
		_, err = n.log(codec.Entry{Term: term, Member: &codec.PutMember{Member: codec.Member{ID: id}, Gone: true}}, n.leave)
		return err
	})
}

// Transfer implements peer.Admin: no value is lost.
func (a admin) Transfer(ctx context.Context, to string) error {
	n := a.n
	if _, err := n.awaitServing(ctx); err != nil {
		return err
	}
	switch {
	case to == n.identity.Node:
		return nil
	case n.onlyVoter():
		return sqlstate.New(sqlstate.ObjectInUse, "no other node may lead: this is the only voter")
	case to != "" && !slices.ContainsFunc(n.servers(), func(s raft.Server) bool { return string(s.ID) == to && s.Suffrage == raft.Voter }):
		return sqlstate.Errorf(sqlstate.UndefinedObject, "the cluster has no voter %q", to)
	}
	if err := n.order(ctx, func() error { return n.handOver(ctx, to) }); err != nil {
		return fmt.Errorf("transfer to %q: %w", to, err)
	}
	return nil
}

// Snapshot implements peer.Admin.
func (a admin) Snapshot(context.Context) error {
	if !a.n.started.Load() {
		return allocator.ErrNotServing
	}
	return a.n.snapshot()
}

// Status implements peer.Admin.
func (a admin) Status(ctx context.Context) (peer.Status, error) {
	n := a.n
	if !n.started.Load() {
		return peer.Status{Node: n.identity.Node, Version: n.config.knows()}, nil // it is looking for a cluster
	}
	id, addr, self := n.Leader()
	if self && n.trans.isStuck() {
		id, addr, self = "", "", false // the others have another one by now, of whom raft can't learn
	}
	r := n.waiter.Record()
	s := peer.Status{ClusterID: n.identity.Cluster, Node: n.identity.Node, Leader: id, LeaderAddr: addr,
		Term: n.raft.CurrentTerm(), Applied: n.fsm.Applied(), Commit: n.raft.CommitIndex(), Nodes: n.nodes(),
		Version: n.config.knows(), Format: int(n.fsm.Format()), DiskFull: n.diskFull()}
	if left := n.waiter.Left(); left > 0 {
		s.LeaseHolder, s.LeaseLeft = r.Holder, left
	}
	if self {
		n.fillLag(ctx, &s)
	}
	return s, nil
}

// diskFull tells whether nothing can be written to the log.
func (n *Node) diskFull() bool {
	_, stalled := n.stall.watch()
	return stalled || n.disk.check() != nil
}

func (n *Node) nodes() []peer.NodeStatus {
	members := n.fsm.Members()
	var list []peer.NodeStatus
	for _, x := range n.servers() {
		node := peer.NodeStatus{ID: string(x.ID), Addr: string(x.Address), Voter: x.Suffrage == raft.Voter}
		if i := slices.IndexFunc(members, func(m codec.Member) bool { return m.ID == node.ID }); i >= 0 {
			node.Version = int(members[i].Version)
		}
		list = append(list, node)
	}
	return list
}

// fillLag asks every node how far it is.
func (n *Node) fillLag(ctx context.Context, s *peer.Status) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	done := make(chan struct{})
	for i := range s.Nodes {
		go func() {
			defer func() { done <- struct{}{} }()
			x := &s.Nodes[i]
			var lag int64
			x.DiskFull = s.DiskFull && x.ID == s.Node
			if x.ID != s.Node {
				if n.config.Peer == nil {
					return
				}
				other, err := n.config.Peer.Admin(x.Addr).StatusHere(ctx)
				if err != nil {
					return
				}
				lag = max(0, int64(s.Applied-other.Applied))
				x.DiskFull = other.DiskFull
				x.Version = max(1, other.Version) // the first ones did not say
			}
			x.Lag = &lag
		}()
	}
	for range s.Nodes {
		<-done
	}
}
