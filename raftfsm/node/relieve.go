package node

import (
	"context"
	"time"

	"github.com/hashicorp/raft"
)

// A leader whose disk is all but full still leads, and refuses whatever has to be
// written, although other nodes have space. It hands the leadership to one of them.
// (A leader whose writes have begun to fail can't even do that: it falls silent, and
// the others elect one, see transport.)

// relieve watches this node's disk while it leads.
func (n *Node) relieve() {
	look := time.NewTicker(n.timing.Election)
	defer look.Stop()
	for {
		select {
		case <-look.C:
		case <-n.left:
			return
		}
		if !n.Serving() || n.disk.check() == nil {
			continue
		}
		to := n.voterWithSpace()
		if to == "" {
			continue
		}
		n.config.Logger.Warn("the disk is full: another node is to lead", "node", to)
		ctx, cancel := context.WithTimeout(context.Background(), transferLimit)
		if err := n.order(ctx, func() error { return n.handOver(ctx, to) }); err != nil {
			n.config.Logger.Warn("the leadership could not be handed over", "to", to, "error", err)
		}
		cancel()
	}
}

// voterWithSpace is a voter that has kept up and whose disk has space; "": none.
func (n *Node) voterWithSpace() string {
	for _, x := range n.servers() {
		if x.Suffrage != raft.Voter || string(x.ID) == n.identity.Node {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
		s, err := n.config.Peer.Admin(string(x.Address)).StatusHere(ctx)
		cancel()
		if err == nil && s.Node == string(x.ID) && !s.DiskFull && s.Applied+caughtUp >= n.fsm.Applied() {
			return s.Node
		}
	}
	return ""
}
