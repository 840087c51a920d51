package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"seqd/cmd/seqd/config"
	"seqd/engine"
	"seqd/raftfsm/forward"
	"seqd/raftfsm/node"
	"seqd/raftfsm/peer"
	"seqd/server/session"
)

// member is this process as a part of the cluster.
type member struct {
	node    *node.Node
	port    *clusterPort
	forward *forward.Backend
	backend session.Backend
	enter   chan peer.EnterRequest // an administrator wants the node to join another cluster
}

// openMember opens the node, which takes as long as it takes to find its cluster. A
// signal meanwhile ends that: nil and no error.
func openMember(cfg *config.Serve, port *clusterPort, logger *slog.Logger, broken chan<- error, signals <-chan os.Signal, logWritten func(time.Duration)) (*member, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	opened := make(chan struct{})
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		select {
		case <-signals:
			cancel(errStopped)
		case <-opened:
		}
	}()
	enter := make(chan peer.EnterRequest, 1)
	n, err := node.Open(ctx, node.Config{
		DataDir: cfg.DataDir, Ephemeral: cfg.Ephemeral, NodeID: cfg.NodeID, PrelogMax: cfg.PrelogMax, Logger: logger,
		LogWritten: logWritten,
		Fatal: func(err error) {
			select {
			case broken <- err:
			default:
			}
		},
		Peer: port.Transport, Join: cfg.Join, BootstrapExpect: cfg.BootstrapExpect, NonVoter: cfg.NonVoter,
		Identified: port.identified,
		Enter: func(r peer.EnterRequest) {
			select {
			case enter <- r:
			default: // it is on its way
			}
		},
	})
	close(opened)
	<-watching
	if err != nil {
		if context.Cause(ctx) == errStopped {
			err = nil
		}
		return nil, err
	}
	m := &member{node: n, port: port, enter: enter}
	m.forward = forward.New(forward.Config{Node: n, Dial: m.dial})
	m.backend = backend{m.forward}
	if port.Transport != nil {
		server := forward.NewServer(n)
		server.Own(m.forward)
		server.Register(port.Transport)
	}
	if context.Cause(ctx) == errStopped {
		closing, cancel := context.WithTimeout(context.Background(), cfg.ShutdownTimeout)
		defer cancel()
		return nil, m.close(closing)
	}
	return m, nil
}

var errStopped = errors.New("stopped by a signal")

func (m *member) dial(addr string) forward.Client {
	return m.port.Client(addr, peer.StreamRPC)
}

// close ends the member when its sessions have ended: what they asked of others,
// then the node, which hands over what it leads, then the port that it needs for it.
func (m *member) close(ctx context.Context) error {
	m.forward.Close()
	return errors.Join(m.node.Close(ctx), m.port.Close())
}

// backend is the cluster as sessions see it. Only the handle's type has to be
// spelled out: package forward knows nothing of sessions.
type backend struct{ *forward.Backend }

var _ session.Backend = backend{}

// Sequence implements session.Backend.
func (b backend) Sequence(id engine.SequenceID) session.Sequence {
	if seq := b.Backend.Sequence(id); seq != nil {
		return seq
	}
	return nil
}
