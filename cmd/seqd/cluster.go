package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"seqd/cmd/seqd/config"
	"seqd/raftfsm/peer"
)

// clusterPort is the node's port for others, or nil, and what it tells them.
type clusterPort struct {
	*peer.Transport
	identity atomic.Pointer[peer.Identity]
}

// openClusterPort opens the port that the flags ask for.
func openClusterPort(cfg *config.Serve, logger *slog.Logger) (*clusterPort, error) {
	p := &clusterPort{}
	addr := cfg.ClusterAddress()
	if addr == "" {
		return p, nil
	}
	certificates, err := cfg.TLS()
	if err != nil {
		return nil, err
	}
	p.identity.Store(&peer.Identity{})
	p.Transport, err = peer.Listen(peer.Config{
		Listen: addr, Advertise: cfg.ClusterAdvertise, TLS: certificates, Logger: logger.With("part", "peer"),
		Identity: func() peer.Identity { return *p.identity.Load() },
	})
	if err != nil {
		return nil, fmt.Errorf("%w (choose another with --cluster-listen, or off if this node is to stay alone)", err)
	}
	return p, nil
}

// identified is told by the node who it is.
func (p *clusterPort) identified(id peer.Identity) { p.identity.Store(&id) }

func (p *clusterPort) Close() error {
	if p.Transport == nil {
		return nil
	}
	return p.Transport.Close()
}

// administer runs one of the cluster commands.
func administer(command string, c *config.Cluster, out io.Writer) error {
	t, err := dialer(c.TLS())
	if err != nil {
		return err
	}
	defer t.Close()
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	node := t.Admin(c.Node)
	switch command {
	case "cluster status":
		status, err := node.Status(ctx)
		if err != nil {
			return err
		}
		return printStatus(out, status)
	case "cluster snapshot":
		if err = node.Snapshot(ctx); err == nil {
			_, err = fmt.Fprintln(out, "snapshot written")
		}
	case "cluster remove <id>":
		if err = node.Remove(ctx, c.Remove.ID); err == nil {
			_, err = fmt.Fprintf(out, "node %s removed\n", c.Remove.ID)
		}
	case "cluster transfer", "cluster transfer <to>":
		if err = node.Transfer(ctx, c.Transfer.To); err == nil {
			_, err = fmt.Fprintln(out, "leadership handed over")
		}
	case "cluster join <address>":
		err = join(ctx, node, &c.Join, out)
	case "cluster skip", "cluster skip <steps>":
		var reply peer.SkipReply
		if reply, err = node.Skip(ctx, peer.SkipRequest{Steps: c.Skip.Steps}); err == nil {
			err = printSkipped(out, reply)
		}
	default:
		return fmt.Errorf("unknown command %q", command)
	}
	if errors.Is(err, peer.ErrLost) {
		return fmt.Errorf("%w: look with `seqd cluster status`", err)
	}
	return err
}

// printSkipped tells what was set ahead, and what it used up.
func printSkipped(out io.Writer, r peer.SkipReply) error {
	_, err := fmt.Fprintf(out, "%d sequences set %d values ahead\n", r.Sequences, r.Steps)
	if r.AtLimits > 0 && err == nil {
		_, err = fmt.Fprintf(out, "%d sequences are at their limit now, and give no value until setval or ALTER SEQUENCE:\n", r.AtLimits)
		for _, name := range r.AtLimit {
			_, err = fmt.Fprintf(out, "  %s\n", name)
		}
		if more := r.AtLimits - len(r.AtLimit); more > 0 {
			_, err = fmt.Fprintf(out, "  … and %d more\n", more)
		}
	}
	return err
}

// dialer calls other nodes without being one, with the certificates that are given.
func dialer(certificates *tls.Config, err error) (*peer.Transport, error) {
	if err != nil {
		return nil, err
	}
	return peer.Dialer(peer.Config{TLS: certificates, Identity: func() peer.Identity { return peer.Identity{} }})
}

// printStatus renders what the cluster says of itself.
func printStatus(out io.Writer, s peer.Status) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	lease := "none"
	if s.LeaseHolder != "" {
		lease = fmt.Sprintf("%s, %s left", s.LeaseHolder, s.LeaseLeft.Round(10*time.Millisecond))
	}
	for _, row := range [][2]string{
		{"cluster", or(s.ClusterID, "none yet")}, {"leader", or(s.Leader, "none")}, {"term", fmt.Sprint(s.Term)},
		{"committed", fmt.Sprint(s.Commit)}, {"applied", fmt.Sprint(s.Applied)}, {"lease", lease},
		{"format", fmt.Sprintf("%d (this node knows up to %d)", max(1, s.Format), max(1, s.Version))}, {"as seen by", s.Node},
	} {
		fmt.Fprintf(w, "%s:\t%s\n", row[0], row[1])
	}
	if err := w.Flush(); err != nil || len(s.Nodes) == 0 {
		return err
	}
	fmt.Fprint(w, "\nNODE\tADDRESS\tROLE\tLAG\tVERSION\n")
	for _, n := range s.Nodes {
		role := "voter"
		switch {
		case n.ID == s.Leader:
			role = "leader"
		case !n.Voter:
			role = "non-voter"
		}
		if n.DiskFull {
			role += ", DISK FULL"
		}
		lag := "unknown"
		if n.Lag != nil {
			lag = fmt.Sprint(*n.Lag)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\n", n.ID, n.Addr, role, lag, n.Version)
	}
	return w.Flush()
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
