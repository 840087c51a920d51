package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// handlerFunc is a Handler.
type handlerFunc func(ctx context.Context, c *Client) error

func (f handlerFunc) Begin(ctx context.Context, c *Client) (Session, error) {
	return sessionFunc(func() (bool, error) { return false, f(ctx, c) }), nil
}

// sessionFunc is a Session.
type sessionFunc func() (bool, error)

func (f sessionFunc) Run() (bool, error) { return f() }

// nullSession answers every Query with the same two messages: all that a session
// costs beyond its own work.
func nullSession(ctx context.Context, c *Client) error {
	greet(c)
	complete := &pgproto3.CommandComplete{CommandTag: []byte("SELECT 0")}
	ready := &pgproto3.ReadyForQuery{TxStatus: 'I'}
	for {
		if !c.Conn.InputWaiting() {
			if err := c.Conn.Flush(); err != nil {
				return err
			}
		}
		msg, err := c.Conn.Receive()
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if err != nil {
			return err
		}
		switch msg.(type) {
		case *pgproto3.Query:
			c.Conn.Send(complete)
			c.Conn.Send(ready)
		case *pgproto3.Terminate:
			return nil
		}
	}
}

func greet(c *Client) {
	c.Conn.Send(&pgproto3.BackendKeyData{ProcessID: c.PID, SecretKey: c.Secret})
	c.Conn.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
}

// running is a server on a loopback port.
type running struct {
	*Server
	t      testing.TB
	addr   net.Addr
	served chan error // what Serve returned
}

func start(t testing.TB, cfg Config) *running {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, cfg, ln)
}

func startOn(t testing.TB, cfg Config, ln net.Listener) *running {
	t.Helper()
	if cfg.Handler == nil {
		cfg.Handler = handlerFunc(nullSession)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	r := &running{Server: New(cfg), t: t, addr: ln.Addr(), served: make(chan error, 1)}
	go func() { r.served <- r.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
	return r
}

// peer is a client, message by message.
type peer struct {
	t    testing.TB
	conn net.Conn
	*pgproto3.Frontend
}

// dial connects and sends nothing.
func (r *running) dial() *peer {
	r.t.Helper()
	conn, err := net.Dial(r.addr.Network(), r.addr.String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		r.t.Fatal(err)
	}
	return &peer{t: r.t, conn: conn, Frontend: pgproto3.NewFrontend(conn, conn)}
}

// connect sends a start-up packet.
func (r *running) connect(version uint32) *peer {
	r.t.Helper()
	p := r.dial()
	p.send(&pgproto3.StartupMessage{ProtocolVersion: version, Parameters: map[string]string{"user": "u"}})
	return p
}

// login connects and waits until the session is ready.
func (r *running) login(version uint32) (*peer, pgproto3.BackendKeyData) {
	r.t.Helper()
	p := r.connect(version)
	expect[*pgproto3.AuthenticationOk](p)
	key := *expect[*pgproto3.BackendKeyData](p)
	expect[*pgproto3.ReadyForQuery](p)
	return p, key
}

func (p *peer) send(m pgproto3.FrontendMessage) {
	p.t.Helper()
	p.Send(m)
	if err := p.Flush(); err != nil {
		p.t.Fatal(err)
	}
}

// expect receives a message of type M.
func expect[M pgproto3.BackendMessage](p *peer) M {
	p.t.Helper()
	msg, err := p.Receive()
	if err != nil {
		p.t.Fatal(err)
	}
	m, ok := msg.(M)
	if !ok {
		p.t.Fatalf("got %T %+v", msg, msg)
	}
	return m
}

// expectFatal receives a FATAL error and the end of the connection.
func (p *peer) expectFatal(code, message string) {
	p.t.Helper()
	e := expect[*pgproto3.ErrorResponse](p)
	if e.SeverityUnlocalized != "FATAL" || e.Code != code || e.Message != message {
		p.t.Errorf("got %s %s %s, want FATAL %s %s", e.SeverityUnlocalized, e.Code, e.Message, code, message)
	}
	p.expectEnd()
}

// expectEnd: the server closes without another byte.
func (p *peer) expectEnd() {
	p.t.Helper()
	if n, err := p.conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		p.t.Errorf("got %d bytes, %v; want the end", n, err)
	}
}

// eventually waits for what another goroutine brings about.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// wait receives from a channel.
func wait[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatal("waited in vain")
		panic("unreachable")
	}
}
