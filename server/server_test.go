package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/sqlstate"
)

const (
	v30 = pgproto3.ProtocolVersion30
	v32 = pgproto3.ProtocolVersion32
)

func TestSession(t *testing.T) {
	s := start(t, Config{})
	for version, secretLen := range map[uint32]int{v30: 4, v32: 32} {
		p, key := s.login(version)
		if key.ProcessID == 0 || int32(key.ProcessID) < 0 || len(key.SecretKey) != secretLen {
			t.Errorf("version %#x: process ID %d, key of %d bytes", version, key.ProcessID, len(key.SecretKey))
		}
		p.send(&pgproto3.Query{String: "select 1"})
		expect[*pgproto3.CommandComplete](p)
		expect[*pgproto3.ReadyForQuery](p)
		if n := s.Stats().Sessions; n != 1 {
			t.Errorf("%d sessions, want 1", n)
		}
		p.send(&pgproto3.Terminate{})
		p.expectEnd()
		eventually(t, "no session", func() bool { return s.Stats() == Stats{Accepted: s.Stats().Accepted} })
	}
	if n := s.Stats().Accepted; n != 2 {
		t.Errorf("%d accepted, want 2", n)
	}
}

func TestUnixSocket(t *testing.T) {
	ln, err := net.Listen("unix", filepath.Join(t.TempDir(), ".s.PGSQL.1"))
	if err != nil {
		t.Fatal(err)
	}
	startOn(t, Config{}, ln).login(v30)
}

func TestCancelRequest(t *testing.T) {
	canceled := make(chan uint32, 10)
	s := start(t, Config{Handler: handlerFunc(func(ctx context.Context, c *Client) error {
		c.OnCancel(func() { canceled <- c.PID })
		return nullSession(ctx, c)
	})})
	_, other := s.login(v30)
	_, key := s.login(v32)
	zeros := make([]byte, 32)
	for name, request := range map[string]*pgproto3.CancelRequest{
		"a wrong key":                    {ProcessID: key.ProcessID, SecretKey: zeros},
		"the key's beginning":            {ProcessID: key.ProcessID, SecretKey: key.SecretKey[:4]},
		"the key and more":               {ProcessID: key.ProcessID, SecretKey: append(slices.Clone(key.SecretKey), 0)},
		"another's process ID":           {ProcessID: other.ProcessID, SecretKey: key.SecretKey},
		"a process ID that nobody has":   {ProcessID: max(key.ProcessID, other.ProcessID) + 1, SecretKey: key.SecretKey},
		"an empty session's process ID":  {ProcessID: 0, SecretKey: zeros},
		"a negative process ID's number": {ProcessID: 1 << 31, SecretKey: zeros},
	} {
		p := s.dial()
		p.send(request)
		p.expectEnd()
		if len(canceled) != 0 {
			t.Fatalf("%s canceled %d", name, <-canceled)
		}
	}
	p := s.dial()
	p.send(&pgproto3.CancelRequest{ProcessID: key.ProcessID, SecretKey: key.SecretKey})
	p.expectEnd()
	// When the connection is closed the request has been carried out: libpq counts on it.
	if len(canceled) != 1 || <-canceled != key.ProcessID {
		t.Error("the right key did not cancel")
	}
	if s.Cancel(other.ProcessID); len(canceled) != 1 || <-canceled != other.ProcessID {
		t.Error("Cancel did not cancel")
	}
	if s.Cancel(0) || s.Terminate(0) {
		t.Error("a session that is not there was found")
	}
}

func TestMaxConnections(t *testing.T) {
	canceled := make(chan struct{}, 1)
	s := start(t, Config{MaxConnections: 2, Handler: handlerFunc(func(ctx context.Context, c *Client) error {
		c.OnCancel(func() { canceled <- struct{}{} })
		return nullSession(ctx, c)
	})})
	first, key := s.login(v30)
	s.login(v30)
	s.connect(v30).expectFatal("53300", "sorry, too many clients already")
	p := s.dial()
	p.send(&pgproto3.CancelRequest{ProcessID: key.ProcessID, SecretKey: key.SecretKey})
	p.expectEnd()
	wait(t, canceled)
	first.conn.Close()
	eventually(t, "room for another", func() bool { return s.Stats().Sessions == 1 })
	s.login(v30)
}

// TestPending: those who connect and say nothing make room for those who do, the
// oldest first.
func TestPending(t *testing.T) {
	s := start(t, Config{MaxPending: 2})
	var idle []*peer
	for i := range 2 {
		idle = append(idle, s.dial())
		eventually(t, "it is counted", func() bool { return s.Stats().Pending == i+1 })
	}
	s.login(v30)
	idle[0].expectEnd()
	idle[1].send(&pgproto3.StartupMessage{ProtocolVersion: v30, Parameters: map[string]string{"user": "u"}})
	expect[*pgproto3.AuthenticationOk](idle[1])
}

func TestAuthTimeout(t *testing.T) {
	s := start(t, Config{AuthTimeout: 30 * time.Millisecond})
	p, _ := s.login(v30)
	s.dial().expectEnd()
	dripping := s.dial()
	if _, err := dripping.conn.Write([]byte{0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	dripping.expectEnd()
	// The session that began before them has outlived the timeout.
	p.send(&pgproto3.Query{})
	expect[*pgproto3.CommandComplete](p)
}

// passwordAuth asks for the password "secret".
type passwordAuth struct{ Trust }

func (passwordAuth) Authenticate(ctx context.Context, c *Client) error {
	c.Conn.Send(&pgproto3.AuthenticationCleartextPassword{})
	if err := c.Conn.Flush(); err != nil {
		return err
	}
	msg, err := c.Conn.ReceivePassword(pgproto3.AuthTypeCleartextPassword)
	if err != nil {
		return err
	}
	if msg.(*pgproto3.PasswordMessage).Password != "secret" {
		return sqlstate.New(sqlstate.InvalidPassword, `password authentication failed for user "u"`)
	}
	return ctx.Err()
}

func TestAuthenticator(t *testing.T) {
	s := start(t, Config{Authenticator: passwordAuth{}})
	login := func(m pgproto3.FrontendMessage) *peer {
		p := s.connect(v30)
		expect[*pgproto3.AuthenticationCleartextPassword](p)
		p.send(m)
		return p
	}
	expect[*pgproto3.AuthenticationOk](login(&pgproto3.PasswordMessage{Password: "secret"}))
	login(&pgproto3.PasswordMessage{Password: "x"}).expectFatal("28P01", `password authentication failed for user "u"`)
	login(&pgproto3.Query{String: "select 1"}).expectFatal("08P01", "expected password response, got message type 81")

	// PostgreSQL does not say a word either to a client that took too long.
	s = start(t, Config{Authenticator: passwordAuth{}, AuthTimeout: 30 * time.Millisecond})
	p := s.connect(v30)
	expect[*pgproto3.AuthenticationCleartextPassword](p)
	p.expectEnd()
}

// TestShutdown: whatever a connection is doing, it hears of it.
func TestShutdown(t *testing.T) {
	const message = "terminating connection due to administrator command"
	inStatement := make(chan struct{})
	s := start(t, Config{Handler: handlerFunc(func(ctx context.Context, c *Client) error {
		if c.Startup.ProtocolVersion == v30 {
			return nullSession(ctx, c)
		}
		greet(c)
		if err := c.Conn.Flush(); err != nil {
			return err
		}
		close(inStatement)
		<-ctx.Done()
		return context.Cause(ctx)
	})})
	idle, _ := s.login(v30)
	busy, _ := s.login(v32)
	wait(t, inStatement)
	silent := s.dial()
	eventually(t, "it is counted", func() bool { return s.Stats().Pending == 1 })

	down := make(chan error)
	go func() { down <- s.Shutdown(context.Background()) }()
	idle.expectFatal("57P01", message)
	busy.expectFatal("57P01", message)
	silent.expectEnd()
	if err := wait(t, down); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := wait(t, s.served); !errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
	if conn, err := net.Dial("tcp", s.addr.String()); err == nil {
		conn.Close()
		t.Error("a connection was accepted after Shutdown")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(ln); !errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve after Shutdown: %v", err)
	}
}

// TestShutdownForces: a session that hears nothing loses its connection.
func TestShutdownForces(t *testing.T) {
	s := start(t, Config{Handler: handlerFunc(func(_ context.Context, c *Client) error {
		greet(c)
		if err := c.Conn.Flush(); err != nil {
			return err
		}
		c.OnTerminate(func(*sqlstate.Error) {}) // and that is all
		for {
			if _, err := c.Conn.Receive(); errors.Is(err, net.ErrClosed) {
				return err
			}
			time.Sleep(time.Millisecond)
		}
	})})
	p, _ := s.login(v30)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	p.expectEnd()
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestTerminate(t *testing.T) {
	causes := make(chan *sqlstate.Error, 2)
	s := start(t, Config{Handler: handlerFunc(func(ctx context.Context, c *Client) error {
		c.OnTerminate(func(cause *sqlstate.Error) { causes <- cause })
		err := nullSession(ctx, c)
		c.OnTerminate(func(cause *sqlstate.Error) { causes <- cause }) // late, and still told
		return err
	})})
	p, key := s.login(v30)
	bystander, _ := s.login(v30)
	if !s.Terminate(key.ProcessID) {
		t.Fatal("not found")
	}
	p.expectFatal("57P01", "terminating connection due to administrator command")
	for range 2 {
		if cause := wait(t, causes); cause.Code != sqlstate.AdminShutdown {
			t.Errorf("cause %v", cause)
		}
	}
	bystander.send(&pgproto3.Query{})
	expect[*pgproto3.CommandComplete](bystander)
}

// TestSessionErrors: what a session returns, and what the client hears.
func TestSessionErrors(t *testing.T) {
	refusal := sqlstate.New(sqlstate.InvalidCatalogName, "no such database")
	tests := []struct {
		name  string
		serve func(c *Client) error
		code  string // "" for a connection that just ends
		text  string
	}{
		{"nothing", func(*Client) error { return nil }, "", ""},
		{"end of input", func(*Client) error { return io.EOF }, "", ""},
		{"an error of ours", func(*Client) error { return refusal }, "3D000", "no such database"},
		{"said already", func(c *Client) error {
			c.Conn.SendError(sqlstate.Fatalf(sqlstate.IdleSessionTimeout, "said by the session"))
			return refusal
		}, "57P05", "said by the session"},
		{"an error of the network", func(*Client) error { return errors.New("reset") }, "", ""},
		{"a panic", func(*Client) error { panic("boom") }, "XX000", "the session ended by an internal error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			s := start(t, Config{
				Logger:  slog.New(slog.NewTextHandler(&log, nil)),
				Handler: handlerFunc(func(_ context.Context, c *Client) error { return tt.serve(c) }),
			})
			p := s.connect(v30)
			expect[*pgproto3.AuthenticationOk](p)
			if tt.code == "" {
				p.expectEnd()
			} else {
				p.expectFatal(tt.code, tt.text)
			}
			if err := s.Shutdown(context.Background()); err != nil { // the log is complete afterwards
				t.Fatal(err)
			}
			if tt.name == "a panic" && !strings.Contains(log.String(), "TestSessionErrors") {
				t.Errorf("no stack in the log: %s", log.String())
			}
		})
	}
}
