package main

import (
	"log/slog"
	"math"
	"net"
	"sync/atomic"
	"time"

	"seqd/cmd/seqd/admin"
	"seqd/cmd/seqd/config"
	"seqd/raftfsm/node"
	"seqd/server"
	"seqd/server/session"
)

// watch is the port for operators; nil if there is none. It is open before the node is,
// which may have to wait for others.
type watch struct {
	server *admin.Server
	of     atomic.Pointer[watched]
}

// watched is a server that runs.
type watched struct {
	node      *node.Node
	server    *server.Server
	directory *session.Directory
}

func openAdmin(cfg *config.Serve, logger *slog.Logger) (*watch, error) {
	if cfg.AdminListen == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", cfg.AdminListen)
	if err != nil {
		return nil, err
	}
	w := &watch{}
	w.server = admin.New(admin.Config{Version: version, State: w.state, Logger: logger})
	go func() {
		if err := w.server.Serve(l); err != nil {
			logger.Error("the port for operators has failed", "error", err)
		}
	}()
	logger.Info("metrics, health and profiles", "address", "http://"+l.Addr().String())
	return w, nil
}

// follow tells of a server from now on.
func (w *watch) follow(n *node.Node, s *server.Server, d *session.Directory) {
	if w != nil {
		w.of.Store(&watched{n, s, d})
	}
}

func (w *watch) close() {
	if w != nil {
		_ = w.server.Close() // nobody is left to be told
	}
}

func (w *watch) logWritten(d time.Duration) {
	if w != nil {
		w.server.LogWritten(d)
	}
}

// state is asked for at each scrape, and by load balancers.
func (w *watch) state() (s admin.State) {
	x := w.of.Load()
	if x == nil {
		return admin.State{Silence: math.MaxInt64} // it is starting
	}
	status, connections, written := x.node.Status(), x.server.Stats(), x.node.Written()
	s = admin.State{
		Term: status.Term, LastIndex: status.LastIndex, Commit: status.Commit, Applied: status.Applied, Snapshot: status.Snapshot,
		Leader: status.Leader, Leads: status.Serving, Lease: x.node.Holds(), Stalled: status.Stalled, Silence: x.node.Silence(),
		Sessions: connections.Sessions, Pending: connections.Pending, Accepted: connections.Accepted, Errors: x.directory.Errors(),
		LogEntries: written.Records, LogBytes: written.Bytes, LogSyncs: written.Syncs,
	}
	s.Statements, s.Values = x.directory.Totals()
	s.Refills, s.Reserved = x.node.Refilled()
	return s
}
