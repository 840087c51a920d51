package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"seqd/raftfsm/peer"
)

// lookAgain is how long a node waits before it asks again for a cluster to join.
const lookAgain = 200 * time.Millisecond

// enter finds a cluster for a new node: the one that it was told to join, or a new
// one. With BootstrapExpect the nodes that were told of each other wait until all
// are there; then the one with the lowest ID begins the cluster, and the others
// join it.
func (n *Node) enter(ctx context.Context) error {
	for {
		joined, err := n.join(ctx)
		if joined {
			return nil
		}
		if n.config.BootstrapExpect > 0 && n.shallBegin(ctx) {
			n.identity.Cluster = newIdentity("").Cluster
			n.identified()
			return nil
		}
		n.config.Logger.Debug("no cluster to join yet", "error", err)
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return fmt.Errorf("no cluster could be joined at %v: %w", n.config.Join, errors.Join(context.Cause(ctx), err))
		}
	}
}

// join asks each address in turn.
func (n *Node) join(ctx context.Context) (bool, error) {
	var failed error
	for _, addr := range n.config.Join {
		if addr == n.config.Peer.Addr() {
			continue // one list for all nodes
		}
		ask, cancel := context.WithTimeout(ctx, 4*askTimeout)
		reply, err := n.config.Peer.Admin(addr).Join(ask, peer.JoinRequest{
			ID: n.identity.Node, Addr: n.config.Peer.Addr(), Version: n.config.knows(), NonVoter: n.config.NonVoter})
		cancel()
		if err == nil && reply.ClusterID != "" {
			n.identity.Cluster = reply.ClusterID
			n.joining = true
			n.identified()
			return true, nil
		}
		failed = errors.Join(failed, err)
	}
	return false, failed
}

// shallBegin tells whether all expected nodes are there, none of them in a cluster,
// and this is the first of them.
func (n *Node) shallBegin(ctx context.Context) bool {
	there := map[string]bool{n.identity.Node: true}
	for _, addr := range n.config.Join {
		ask, cancel := context.WithTimeout(ctx, askTimeout)
		status, err := n.config.Peer.Admin(addr).StatusHere(ask)
		cancel()
		if err != nil {
			continue
		}
		if status.ClusterID != "" || status.Node == "" || (status.Node < n.identity.Node) {
			return false
		}
		there[status.Node] = true
	}
	return len(there) >= n.config.BootstrapExpect
}

// identified tells the cluster port who this node is.
func (n *Node) identified() {
	if n.home != nil {
		n.home.ownedBy(n.identity)
	}
	if n.config.Identified != nil {
		n.config.Identified(peer.Identity{ClusterID: n.identity.Cluster, NodeID: n.identity.Node, Version: n.config.knows()})
	}
}

// arrive waits until a node that joined has what the cluster had then.
func (n *Node) arrive(ctx context.Context) {
	for ctx.Err() == nil {
		changed := time.After(5 * time.Millisecond)
		if id, _, _ := n.Leader(); id != "" && n.fsm.Applied() > 0 && n.fsm.Applied() >= n.raft.CommitIndex() {
			if n.home != nil && n.joining {
				if err := n.home.arrived(); err != nil {
					n.failed(err)
				}
			}
			n.nowReady()
			return
		}
		select {
		case <-changed:
		case <-n.down:
			return
		}
	}
}

// nowReady lets Open return.
func (n *Node) nowReady() { n.once.Do(func() { close(n.ready) }) }
