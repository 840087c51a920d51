package node

import (
	"bytes"
	"context"
	"errors"
	"os"

	"seqd/engine"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/peer"
)

// A node that was started alone and has nothing of its own yet may be told to become
// a member of another cluster instead. It ends, forgets its own cluster, and begins
// again as a node that was started to join: there is one way into a cluster.

// Enter implements peer.Admin: it looks whether that can be, and has it done.
func (a admin) Enter(ctx context.Context, r peer.EnterRequest) (peer.EnterReply, error) {
	n := a.n
	reply := peer.EnterReply{Node: n.identity.Node}
	if _, err := n.awaitServing(ctx); err != nil {
		return reply, err
	}
	if n.config.Enter == nil {
		return reply, sqlstate.New(sqlstate.FeatureNotSupported, "this node can't leave its cluster")
	}
	if others := len(n.servers()) - 1; others > 0 {
		return reply, sqlstate.Errorf(sqlstate.ObjectInUse, "node %q belongs to a cluster with %d others already", reply.Node, others).
			WithHint("Remove it there first, and start it with an empty data directory and --join.")
	}
	if !n.Blank() {
		return reply, sqlstate.Errorf(sqlstate.ObjectInUse, "node %q has objects of its own, or had some: they would be lost", reply.Node).
			WithHint("Start it with an empty data directory and --join instead; or have the new nodes join this one.")
	}
	stranger, err := n.config.Peer.Stranger()
	if err != nil {
		return reply, err
	}
	defer stranger.Close()
	status, err := stranger.Admin(r.Addr).Status(ctx)
	switch {
	case err != nil:
		return reply, sqlstate.Errorf(sqlstate.CannotConnectNow, "the node at %s can't be asked: %w", r.Addr, err)
	case status.ClusterID == n.identity.Cluster:
		return reply, sqlstate.Errorf(sqlstate.ObjectInUse, "at %s answers this very node", r.Addr)
	case status.ClusterID == "" || status.Leader == "":
		return reply, sqlstate.Errorf(sqlstate.CannotConnectNow, "the node at %s has no cluster that works", r.Addr)
	}
	reply.Cluster = status.ClusterID
	n.config.Enter(r)
	return reply, nil
}

// Blank tells whether the node has what a new cluster has, and nothing else.
func (n *Node) Blank() bool {
	_, store, _ := n.fsm.State()
	fresh := engine.NewStore()
	if store.Catalog().NextOID() != fresh.Catalog().NextOID() {
		return false
	}
	content := func(s *engine.Store) []byte {
		var b bytes.Buffer
		if err := codec.WriteSnapshot(&b, codec.Header{}, s, &codec.Cluster{Format: codec.EntryVersion}); err != nil {
			return nil
		}
		return b.Bytes()
	}
	have := content(store)
	return have != nil && bytes.Equal(have, content(fresh))
}

// Forget makes the data folder of a node that does not run, and that was Blank, one
// that nobody has begun yet.
func Forget(path string) error {
	d, err := openDataDir(path, "")
	if err != nil {
		return err
	}
	defer d.close()
	err = os.WriteFile(d.file(initFile), nil, 0o600) // the rest is cleared by the next start
	if err == nil {
		err = os.Remove(d.file(identityFile))
	}
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, syncDir(path))
}
