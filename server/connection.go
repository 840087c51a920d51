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

// serve sees one connection through from start-up to its end.
func (s *Server) serve(netConn net.Conn) {
	conn := wire.New(netConn, s.cfg.Wire)
	s.farewell(conn, s.converse(conn))
}

func (s *Server) converse(conn *wire.Conn) (err error) {
	defer s.rescue(conn, &err)
	client, err := s.welcome(conn)
	if client == nil || err != nil {
		return err
	}
	defer s.registry.remove(client)
	return s.runSession(client)
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

func (s *Server) runSession(client *Client) error {
	ctx, end := client.context()
	defer end(context.Canceled)
	if err := s.sessionBegins(client); err != nil {
		return err
	}
	err := s.cfg.Handler.Serve(ctx, client)
	s.sessionEnded(client, err)
	return err
}

// What comes before a session and after it is no part of runSession: its frame stays
// for the session's life, and an idle session's stack is to be small. (The runtime
// halves a stack of 8 KiB when no more than about 1,250 bytes are in use.)

//go:noinline
func (s *Server) sessionBegins(client *Client) error {
	s.log.Debug("session begins", "client", client.Conn.RemoteAddr(), "pid", client.PID,
		"user", client.Startup.User, "database", client.Startup.Database)
	s.settling.begins()
	return client.Conn.SetReadDeadline(time.Time{})
}

//go:noinline
func (s *Server) sessionEnded(client *Client, err error) {
	s.log.Debug("session ended", "pid", client.PID, "error", err)
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
