package node

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"seqd/protocol/sqlstate"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/peer"
)

// A member that comes back under another address, or as another version, is known
// otherwise in the log. It can reach the others, of whom it knows from its own log,
// but raft's leader would look for it where it was. So it tells the leader, which
// changes the configuration in place: a member that was removed and added again
// would be without a vote meanwhile.

// announceEvery is how many election timeouts lie between two looks.
const announceEvery = 2

// announce keeps telling until the cluster knows.
func (n *Node) announce() {
	look := time.NewTicker(announceEvery * n.timing.Election)
	defer look.Stop()
	for !n.known() {
		select {
		case <-look.C:
		case <-n.down:
			return
		}
		if n.Serving() {
			continue // introduce does it
		}
		if err := n.tellLeader(); err != nil {
			n.config.Logger.Debug("the leader could not be told about this node", "error", err)
		}
	}
}

func (n *Node) self() peer.Announcement {
	return peer.Announcement{ID: n.identity.Node, Addr: n.config.Peer.Addr(), Version: n.config.knows()}
}

// known tells whether the cluster knows this node as it is, as far as the log has
// come here.
func (n *Node) known() bool {
	self := n.self()
	return slices.ContainsFunc(n.servers(), func(x raft.Server) bool {
		return string(x.ID) == self.ID && string(x.Address) == self.Addr
	}) && slices.ContainsFunc(n.fsm.Members(), func(m codec.Member) bool {
		return m.ID == self.ID && m.Address == self.Addr && m.Version == uint64(self.Version)
	})
}

// tellLeader asks every member in turn who leads.
func (n *Node) tellLeader() (err error) {
	self := n.self()
	for _, x := range n.servers() {
		if string(x.ID) == self.ID {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 4*askTimeout)
		err = n.config.Peer.Admin(string(x.Address)).Announce(ctx, self)
		cancel()
		if err == nil {
			return nil
		}
	}
	return err
}

// Announce implements peer.Admin.
func (a admin) Announce(ctx context.Context, r peer.Announcement) error {
	n := a.n
	term, err := n.awaitServing(ctx)
	if err != nil {
		return err
	}
	servers := n.servers()
	i := slices.IndexFunc(servers, func(x raft.Server) bool { return string(x.ID) == r.ID })
	if i < 0 {
		return sqlstate.Errorf(sqlstate.UndefinedObject, "the cluster has no node %q", r.ID)
	}
	for _, x := range servers {
		if string(x.Address) == r.Addr && string(x.ID) != r.ID {
			return sqlstate.Errorf(sqlstate.ObjectInUse, "node %q has the address %s already", x.ID, r.Addr).
				WithHint("If it has moved too, it has to say so first.")
		}
	}
	if err := n.answersAt(ctx, r.ID, r.Addr, n.identity.Cluster); err != nil {
		return err
	}
	if string(servers[i].Address) != r.Addr {
		n.config.Logger.Info("a member has another address now", "node", r.ID, "was", servers[i].Address, "is", r.Addr)
		if err := n.await(func() error { return n.readdress(servers[i], r.Addr) }, n.leave); err != nil {
			return sqlstate.Errorf(sqlstate.CannotConnectNow, "the address of node %q could not be changed: %w", r.ID, err)
		}
	}
	m := codec.Member{ID: r.ID, Address: r.Addr, Version: uint64(r.Version), Voter: servers[i].Suffrage == raft.Voter}
	members := n.fsm.Members()
	if j := slices.IndexFunc(members, func(m codec.Member) bool { return m.ID == r.ID }); j >= 0 {
		m.Voter = members[j].Voter
	}
	_, err = n.log(codec.Entry{Term: term, Member: &codec.PutMember{Member: m}}, n.leave)
	return err
}

// readdress changes a member's address and nothing else.
func (n *Node) readdress(x raft.Server, addr string) error {
	if x.Suffrage == raft.Voter {
		return n.raft.AddVoter(x.ID, raft.ServerAddress(addr), 0, enqueueTimeout).Error()
	}
	return n.raft.AddNonvoter(x.ID, raft.ServerAddress(addr), 0, enqueueTimeout).Error()
}

// answersAt makes sure that a node is where it says it is. cluster "": it may have
// none yet.
func (n *Node) answersAt(ctx context.Context, id, addr, cluster string) error {
	ask, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	status, err := n.config.Peer.Admin(addr).StatusHere(ask)
	switch {
	case err != nil:
		return sqlstate.Errorf(sqlstate.CannotConnectNow, "node %q can't be reached at %s: %w", id, addr, err).
			WithHint("Check the address that the node advertises.")
	case status.Node != id:
		return sqlstate.Errorf(sqlstate.CannotConnectNow, "at %s answers node %q, not %q", addr, status.Node, id)
	case cluster != "" && status.ClusterID != cluster:
		return sqlstate.Errorf(sqlstate.CannotConnectNow, "node %q at %s belongs to another cluster", id, addr)
	}
	return nil
}
