package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/sqlstate"
	"seqd/protocol/wire"
)

// connection is one client's way through the server. A goroutine sees it through from
// start-up to its end; while the client is silent for long, none does.
type connection struct {
	*Server
	conn    *wire.Conn
	client  *Client // nil before it is authenticated
	session Session // nil before it has begun
	end     context.CancelCauseFunc
	ended   chan struct{} // closed in the end, if not nil
}

// serve serves until the connection ends or its client is silent for long.
func (c *connection) serve() {
	if c.session == nil {
		if err := c.begin(); c.session == nil {
			c.over(err)
			return
		}
	}
	for {
		idle, err := c.run()
		if !idle {
			c.over(err)
			return
		}
		if c.conn.Park(c.parkingLot(), c.resume) {
			c.settling.count()
			return
		}
	}
}

func (c *connection) resume() { go c.serve() }

// What comes before a session and after it is no part of serve and run: their frames stay
// while the session waits, and its stack is to be small. (The runtime halves a stack of
// 8 KiB when no more than about 1,250 bytes are in use.)

//go:noinline
func (c *connection) begin() (err error) {
	defer c.rescue(c.conn, &err)
	if c.client, err = c.welcome(c.conn); c.client == nil || err != nil {
		return err
	}
	ctx, end := c.client.context()
	c.end = end
	c.log.Debug("session begins", "client", c.conn.RemoteAddr(), "pid", c.client.PID,
		"user", c.client.Startup.User, "database", c.client.Startup.Database)
	c.settling.count()
	if err := c.conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	session, err := c.cfg.Handler.Begin(ctx, c.client)
	if err == nil {
		c.session = session
	}
	return err
}

func (c *connection) run() (idle bool, err error) {
	defer c.rescue(c.conn, &err)
	return c.session.Run()
}

//go:noinline
func (c *connection) over(err error) {
	if c.end != nil {
		c.end(context.Canceled)
		c.log.Debug("session ended", "pid", c.client.PID, "error", err)
	}
	if c.client != nil {
		c.registry.remove(c.client)
	}
	c.farewell(c.conn, err)
	if c.ended != nil {
		close(c.ended)
	}
	c.conns.Done()
}

// rescue turns a panic into an error: one session's bug ends that session alone.
func (s *Server) rescue(conn *wire.Conn, err *error) {
	if p := recover(); p != nil {
		s.log.Error("panic in a session", "client", conn.RemoteAddr(), "panic", p, "stack", string(debug.Stack()))
		*err = sqlstate.Fatalf(sqlstate.InternalError, "the session ended by an internal error")
	}
}

// welcome reads start-up packets and authenticates. No client and no error means
// that the connection has served its purpose: a CancelRequest.
func (s *Server) welcome(conn *wire.Conn) (*Client, error) {
	ticket := s.pending.add(conn)
	if ticket == nil {
		return nil, net.ErrClosed
	}
	defer s.pending.remove(ticket)
	deadline := time.Now().Add(s.cfg.AuthTimeout)
	if err := conn.SetReadDeadline(deadline); err != nil {
		return nil, err
	}
	startup, cancel, err := conn.Startup()
	if err != nil {
		return nil, err
	}
	if cancel != nil {
		s.cancelRequest(conn, cancel)
		return nil, nil
	}
	client := newClient(conn, startup)
	if err := s.authenticate(client, deadline); err != nil {
		return nil, err
	}
	if !s.pending.remove(ticket) {
		return nil, net.ErrClosed
	}
	sessions, err := s.registry.add(client)
	if err != nil {
		return nil, err
	}
	conn.Send(&pgproto3.AuthenticationOk{})
	if err := s.cfg.Authenticator.Admit(client, sessions); err != nil {
		s.registry.remove(client)
		return nil, &refusal{err}
	}
	return client, nil
}

func (s *Server) authenticate(client *Client, deadline time.Time) error {
	ctx, cancel := context.WithDeadline(s.ctx, deadline)
	defer cancel()
	if err := s.cfg.Authenticator.Authenticate(ctx, client); err != nil {
		return &refusal{err}
	}
	return nil
}

// refusal is an error of the Authenticator, which has logged it.
type refusal struct{ error }

func (r *refusal) Unwrap() error { return r.error }

func (s *Server) cancelRequest(conn *wire.Conn, request *wire.CancelRequest) {
	if client := s.registry.authorize(request.ProcessID, request.SecretKey); client != nil {
		client.cancel()
		return
	}
	s.log.Info("cancel request with a wrong process ID or key", "client", conn.RemoteAddr(), "pid", request.ProcessID)
}

// farewell tells the client why, if it is to know and does not yet, and closes.
func (s *Server) farewell(conn *wire.Conn, err error) {
	var e *sqlstate.Error
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
	case errors.As(err, &e):
		level := slog.LevelInfo
		if r := (*refusal)(nil); errors.As(err, &r) {
			level = slog.LevelDebug
		}
		s.log.Log(context.Background(), level, "connection ended", "client", conn.RemoteAddr(), "error", err)
		if !errors.Is(err, wire.ErrHangup) && !conn.SaidFarewell() {
			fatal := *e
			fatal.Severity = sqlstate.SeverityFatal
			conn.SendError(&fatal)
		}
	default:
		s.log.Debug("connection failed", "client", conn.RemoteAddr(), "error", err)
	}
	if err := conn.Hangup(); err != nil && !errors.Is(err, net.ErrClosed) {
		s.log.Debug("client left before its last message", "client", conn.RemoteAddr(), "error", err)
	}
}
