package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"seqd/cmd/seqd/config"
	"seqd/raftfsm/node"
	"seqd/raftfsm/peer"
)

// otherAnswers is how long a member of the old cluster may take to say that it lives.
const otherAnswers = 2 * time.Second

// recoverCluster makes a new cluster of what one node has. It says what it would do,
// and does it if it was told --yes.
func recoverCluster(c *config.Cluster, out io.Writer) error {
	s, err := node.OpenSurvivor(c.Recover.DataDir)
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Fprintf(out, "%s: node %s of cluster %s, log up to entry %d of term %d, %d sequences\n",
		s.DataDir, s.Node, s.Cluster, s.Index, s.Term, s.Sequences)
	if err := askOthers(c, s, out); err != nil {
		return err
	}
	preview := s.Preview(c.Recover.Skip)
	if !c.Recover.Yes {
		fmt.Fprintf(out, `
What --yes would do:
- node %s becomes the only node of a new cluster. The other nodes of the old one can
  never come back: whatever they have and this one has not is lost. If another node
  is left as well, compare: recover the one with the greatest term, and of those
  the one with the greatest entry.
- every sequence is set %d values ahead (--skip N), for those that the lost nodes may
  have handed out; %d of %d sequences would have no value left.
- the old content stays in the folder, below before-…
`, s.Node, preview.Steps, preview.AtLimits, preview.Sequences)
		for _, name := range preview.AtLimit {
			fmt.Fprintf(out, "  at its limit: %s\n", name)
		}
		return errors.New("nothing was changed: say --yes to do it")
	}
	founded, err := s.Recover(c.Recover.Skip)
	if err != nil {
		return err
	}
	return printFounded(out, founded)
}

// askOthers refuses as long as the cluster works, and tells of members that live.
func askOthers(c *config.Cluster, s *node.Survivor, out io.Writer) error {
	t, err := dialer(c.TLS())
	if err != nil {
		return err
	}
	defer t.Close()
	for _, x := range s.Members {
		if x.ID == s.Node {
			continue
		}
		status, err := statusOf(t, x)
		switch {
		case err != nil:
			fmt.Fprintf(out, "node %s at %s does not answer\n", x.ID, x.Addr)
		case status.ClusterID != s.Cluster:
			fmt.Fprintf(out, "node %s at %s belongs to another cluster now\n", x.ID, x.Addr)
		case status.Leader != "":
			return fmt.Errorf("the cluster has a leader, node %s: it works, and nothing has to be recovered. "+
				"A node that lost its data joins again with an empty folder, see docs/operations.md", status.Leader)
		default:
			fmt.Fprintf(out, "node %s at %s RUNS, applied entry %d in term %d, and has no leader: stop it first, or recover it instead\n",
				x.ID, x.Addr, status.Applied, status.Term)
		}
	}
	return nil
}

func statusOf(t *peer.Transport, x peer.NodeStatus) (peer.Status, error) {
	ctx, cancel := context.WithTimeout(context.Background(), otherAnswers)
	defer cancel()
	return t.Admin(x.Addr).StatusHere(ctx)
}
