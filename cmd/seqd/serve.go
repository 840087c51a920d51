package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"seqd/cmd/seqd/config"
	"seqd/engine/query"
	"seqd/protocol/wire"
	"seqd/raftfsm/node"
	"seqd/raftfsm/peer"
	"seqd/server"
	"seqd/server/session"
	"seqd/server/session/settings"
)

// serve runs the server until a signal or a failure ends it.
func serve(cfg *config.Serve) error {
	logger := cfg.Logger(os.Stderr)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	for cfg != nil {
		var err error
		if cfg, err = serveOnce(cfg, logger, signals); err != nil {
			return err
		}
	}
	return nil
}

// serveOnce runs one life of the server. It returns how the next one is to be, if the
// node was told to join another cluster.
func serveOnce(cfg *config.Serve, logger *slog.Logger, signals <-chan os.Signal) (*config.Serve, error) {
	gate, err := openAccess(cfg, logger)
	if err != nil {
		return nil, err
	}
	// The port comes first: a server that can't have it leaves the data alone.
	// Clients that connect meanwhile wait in the listener's queue.
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, err
	}
	port, err := openClusterPort(cfg, logger)
	if err != nil {
		_ = listener.Close()
		return nil, err
	}
	watch, err := openAdmin(cfg, logger)
	if err != nil {
		return nil, errors.Join(err, listener.Close(), port.Close())
	}
	defer watch.close()
	broken := make(chan error, 1)
	m, err := openMember(cfg, port, logger, broken, signals, watch.logWritten)
	if m == nil {
		return nil, errors.Join(err, listener.Close(), port.Close())
	}
	tuneCollector() // not before: while a catalog is read, nearly all that is made stays
	gate.member = m
	defer gate.reloadOnSignal()()
	directory := newDirectory(m)
	srv := newServer(cfg, m.backend, gate, listener.Addr(), directory, logger)
	watch.follow(m.node, srv, directory)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()
	fmt.Fprintln(os.Stderr, readyLine(cfg, listener.Addr()))

	select {
	case err := <-broken:
		// The log can't be trusted any more: no clean stop, which would write to it.
		return nil, fmt.Errorf("the log failed, stopping at once: %w", err)
	case err := <-served:
		return nil, errors.Join(err, stop(cfg, srv, m))
	case r := <-m.enter:
		return enterCluster(cfg, srv, m, r, listener.Addr().String())
	case sig := <-signals:
		logger.Debug("stopping", "signal", sig.String())
		go func() {
			<-signals
			logger.Warn("stopping at once: reserved values are skipped at the next start")
			os.Exit(exitFailed)
		}()
		return nil, stop(cfg, srv, m)
	}
}

// enterCluster ends a node's own cluster, of which it is the only member, and returns
// the configuration with which it joins another one. If a client has made something
// meanwhile, the node stays what it is.
func enterCluster(cfg *config.Serve, srv *server.Server, m *member, r peer.EnterRequest, listen string) (*config.Serve, error) {
	next := *cfg
	next.Listen, next.ClusterListen, next.NodeID = listen, m.port.ListenAddr(), m.node.Status().NodeID
	ctx, cancel := context.WithTimeout(context.Background(), cfg.ShutdownTimeout)
	defer cancel()
	err := srv.Shutdown(ctx)
	blank := m.node.Blank() // nobody is left who could change it
	closing, cancelClosing := context.WithTimeout(context.Background(), cfg.ShutdownTimeout)
	defer cancelClosing()
	if err = errors.Join(err, m.close(closing)); err != nil || !blank {
		return &next, err
	}
	next.Join, next.NonVoter, next.BootstrapExpect = []string{r.Addr}, r.NonVoter, 0
	if !cfg.Ephemeral {
		err = node.Forget(cfg.DataDir)
	}
	return &next, err
}

// stop ends the sessions, then commits the exact positions, so that a clean stop
// skips no value.
func stop(cfg *config.Serve, srv *server.Server, m *member) error {
	ctx, cancel := context.WithTimeout(context.Background(), cfg.ShutdownTimeout)
	defer cancel()
	err := srv.Shutdown(ctx)
	closing, cancelClosing := context.WithTimeout(context.Background(), cfg.ShutdownTimeout)
	defer cancelClosing()
	return errors.Join(err, m.close(closing))
}

func newServer(cfg *config.Serve, b session.Backend, gate *access, addr net.Addr, directory *session.Directory, logger *slog.Logger) *server.Server {
	port := "0"
	if tcp, ok := addr.(*net.TCPAddr); ok {
		port = strconv.Itoa(tcp.Port)
	}
	return server.New(server.Config{
		Handler: &handler{
			backend:    b,
			statements: session.NewStatementCache(),
			logger:     logger,
			directory:  directory,
			settings:   map[string]string{"port": port, "max_connections": strconv.Itoa(cfg.MaxConnections)},
			defaults:   []settings.Parameter{{Name: "seqd.max_staleness", Value: maxStaleness(cfg)}},
			access:     gate,
		},
		Authenticator:  gate,
		MaxConnections: cfg.MaxConnections,
		AuthTimeout:    cfg.AuthTimeout,
		Wire:           wire.Config{MaxMessageSize: cfg.MaxMessageSize, TLS: gate.tls()},
		Logger:         logger,
	})
}

// newDirectory is where the sessions of the server know of each other, and of its log.
func newDirectory(m *member) *session.Directory {
	d := session.NewDirectory()
	d.LogWritten = func() query.LogStatistics {
		w := m.node.Written()
		return query.LogStatistics{Records: w.Records, Bytes: w.Bytes, Writes: w.Commits, Syncs: w.Syncs}
	}
	d.ClusterID = func() string { return m.node.Status().ClusterID }
	return d
}

// maxStaleness is the flag as the setting takes it.
func maxStaleness(cfg *config.Serve) string {
	if cfg.MaxStaleness < 0 {
		return "-1"
	}
	return strconv.FormatInt(cfg.MaxStaleness.Milliseconds(), 10)
}

// readyLine is the one line of a normal start. Scripts wait for it.
func readyLine(cfg *config.Serve, addr net.Addr) string {
	data := "data in " + cfg.DataDir
	if cfg.Ephemeral {
		data = "keeping nothing on disk"
	}
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return fmt.Sprintf("seqd %s ready: listening on %s, %s", version, addr, data)
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return fmt.Sprintf("seqd %s ready: listening on %s, %s; try: psql -h %s -p %s -U postgres",
		version, addr, data, host, port)
}
