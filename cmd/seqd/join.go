package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"seqd/cmd/seqd/config"
	"seqd/raftfsm/peer"
)

// join has a node join another cluster, and waits until it is there.
func join(ctx context.Context, n *peer.AdminClient, c *config.Join, out io.Writer) error {
	reply, err := n.Enter(ctx, peer.EnterRequest{Addr: c.Addr, NonVoter: c.NonVoter})
	if err != nil && !errors.Is(err, peer.ErrLost) {
		return err
	}
	for {
		status, err := n.StatusHere(ctx)
		if err == nil && status.ClusterID != "" && len(status.Nodes) > 1 && (reply.Cluster == "" || status.ClusterID == reply.Cluster) {
			_, err = fmt.Fprintf(out, "node %s is a member of cluster %s\n", status.Node, status.ClusterID)
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the node is on its way, but has not arrived: look at its log (%w)", errors.Join(ctx.Err(), err))
		}
	}
}
