// Package server keeps the front door: it accepts connections, sees them through
// start-up and authentication, hands each to a session, and ends them all in good
// order. It counts connections and finds them by process ID for CancelRequest; it
// knows nothing of what a session does.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"seqd/protocol/sqlstate"
	"seqd/protocol/wire"
)

// ErrServerClosed is what Serve returns after Shutdown or Close.
var ErrServerClosed = errors.New("server closed")

// Handler makes sessions.
type Handler interface {
	// Begin makes the session of a client. ctx ends when the client is terminated; its
	// cause is the *sqlstate.Error to tell. An error is as Run's.
	Begin(ctx context.Context, c *Client) (Session, error)
}

// Session is one client's.
type Session interface {
	// Run serves the client until the session is over. It begins where AuthenticationOk
	// was added to the output: ParameterStatus, BackendKeyData and ReadyForQuery are the
	// session's. idle means that it is not over, but waits for a client that says nothing
	// (after wire.Conn.Rouse): then Run is called again when there is input.
	//
	// An error that is a *sqlstate.Error is told to the client as FATAL unless the
	// session has sent a FATAL error itself. io.EOF and nil are a normal goodbye.
	// The connection is closed by the server.
	Run() (idle bool, err error)
}

// Authenticator decides whether a client is who it says.
type Authenticator interface {
	// Authenticate returns nil if the client may go on; the server then sends
	// AuthenticationOk. Until then reading from c.Conn ends at AuthTimeout, and so
	// does ctx. It logs its refusals itself.
	Authenticate(ctx context.Context, c *Client) error
	// Admit may still refuse a client that has shown who it is: AuthenticationOk is
	// in the output. sessions is how many sessions its user has, this one included.
	Admit(c *Client, sessions int) error
}

// Trust is the Authenticator that believes everybody.
type Trust struct{}

// Authenticate implements Authenticator.
func (Trust) Authenticate(context.Context, *Client) error { return nil }

// Admit implements Authenticator.
func (Trust) Admit(*Client, int) error { return nil }

// Defaults of Config.
const (
	DefaultMaxConnections = 10000
	DefaultMaxPending     = 1000
	DefaultAuthTimeout    = time.Minute // PostgreSQL's authentication_timeout
)

// Config is what a Server is made of. Handler is required, the rest has defaults.
type Config struct {
	Handler       Handler
	Authenticator Authenticator // Trust
	// MaxConnections is how many sessions there may be; one more is told 53300.
	MaxConnections int
	// MaxPending is how many connections may be on their way through start-up and
	// authentication (CancelRequests are among them). They do not count as
	// sessions. One more ends the oldest of them, so a crowd that connects and
	// says nothing keeps nobody out.
	MaxPending int
	// AuthTimeout is how long start-up and authentication may take together.
	AuthTimeout time.Duration
	// Wire bounds messages and writes.
	Wire   wire.Config
	Logger *slog.Logger // slog.Default
}

func (c Config) withDefaults() Config {
	if c.Authenticator == nil {
		c.Authenticator = Trust{}
	}
	if c.MaxConnections <= 0 {
		c.MaxConnections = DefaultMaxConnections
	}
	if c.MaxPending <= 0 {
		c.MaxPending = DefaultMaxPending
	}
	if c.AuthTimeout <= 0 {
		c.AuthTimeout = DefaultAuthTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// Server serves any number of listeners.
type Server struct {
	cfg      Config
	log      *slog.Logger
	pending  *pending
	registry *registry
	settling *settling
	parked   struct {
		once   sync.Once
		poller *wire.Poller // nil: none is needed, or to be had
	}
	accepted atomic.Uint64
	ctx      context.Context // ends with closing
	end      context.CancelFunc

	mu        sync.Mutex
	closing   bool
	listeners map[net.Listener]struct{}
	// conns counts connections. Add happens under mu while
	// closing is false, so never beside Wait.
	conns sync.WaitGroup
}

// New returns a Server that has nothing to serve yet.
func New(cfg Config) *Server {
	cfg = cfg.withDefaults()
	ctx, end := context.WithCancel(context.Background())
	return &Server{
		ctx: ctx, end: end, cfg: cfg, log: cfg.Logger,
		pending: newPending(cfg.MaxPending), registry: newRegistry(cfg.MaxConnections),
		settling:  newSettling(),
		listeners: map[net.Listener]struct{}{},
	}
}

// parkingLot is where connections wait whose clients say nothing, nil without.
func (s *Server) parkingLot() *wire.Poller {
	s.parked.once.Do(func() {
		if p, err := wire.NewPoller(); err == nil {
			s.parked.poller = p
			go p.Run()
		}
	})
	return s.parked.poller
}

// Stats is a count of connections.
type Stats struct {
	Accepted uint64 // since the start, of every kind
	Pending  int    // not authenticated yet
	Sessions int
}

// Stats counts connections.
func (s *Server) Stats() Stats {
	return Stats{Accepted: s.accepted.Load(), Pending: s.pending.len(), Sessions: s.registry.len()}
}

// Cancel stops the statement that a session is running: pg_cancel_backend.
func (s *Server) Cancel(pid uint32) bool {
	c := s.registry.find(pid)
	if c != nil {
		c.cancel()
	}
	return c != nil
}

// Terminate ends a session: pg_terminate_backend.
func (s *Server) Terminate(pid uint32) bool {
	c := s.registry.find(pid)
	if c != nil {
		c.terminate(adminShutdown())
	}
	return c != nil
}

// adminShutdown is what PostgreSQL's die handler leads to.
func adminShutdown() *sqlstate.Error {
	return sqlstate.Fatalf(sqlstate.AdminShutdown, "terminating connection due to administrator command")
}

// Shutdown stops accepting, tells every session 57P01 and waits for them to end.
// When ctx ends first the remaining connections are closed and its error is
// returned: then sessions may still be running for a moment.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopAccepting()
	s.pending.closeAll()
	for _, c := range s.registry.close() {
		c.terminate(adminShutdown())
	}
	ended := make(chan struct{})
	go func() {
		s.conns.Wait()
		s.parked.once.Do(func() {})
		if s.parked.poller != nil {
			_ = s.parked.poller.Close() // it is open
		}
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		for _, c := range s.registry.close() {
			_ = c.Conn.Close() // its session notices
		}
		return ctx.Err()
	}
}

// Close ends everything at once.
func (s *Server) Close() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := s.Shutdown(ctx)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (s *Server) stopAccepting() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return
	}
	s.closing = true
	s.end()
	s.settling.stop()
	for ln := range s.listeners {
		_ = ln.Close() // Serve notices
	}
}
