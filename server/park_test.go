//go:build linux

package server

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// lazySession answers one Query each time that it is run, and then has nothing to do.
type lazySession struct {
	*Client
	runs chan int
	n    int
}

func (s *lazySession) Run() (idle bool, err error) {
	s.n++
	defer func() { s.runs <- s.n }()
	if s.n == 1 {
		greet(s.Client)
		return true, s.Conn.Flush()
	}
	switch msg, err := s.Conn.Receive(); msg := msg.(type) {
	case nil:
		if cause := s.cause; errors.Is(err, os.ErrDeadlineExceeded) && cause != nil {
			return false, cause
		}
		return false, err
	case *pgproto3.Query:
		if msg.String == "panic" {
			panic(msg.String)
		}
	}
	s.Conn.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 0")})
	s.Conn.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	return true, s.Conn.Flush()
}

type lazyHandler struct{ runs chan int }

func (h lazyHandler) Begin(_ context.Context, c *Client) (Session, error) {
	return &lazySession{Client: c, runs: h.runs}, nil
}

// TestParkedSessions: a session with nothing to do has no goroutine; it goes on with its
// client's next message, and ends as others do.
func TestParkedSessions(t *testing.T) {
	h := lazyHandler{make(chan int, 100)}
	s := start(t, Config{Handler: h})
	first, _ := s.login(v30)
	wait(t, h.runs)
	for n := 2; n < 10; n++ {
		eventually(t, "no goroutine of the session", func() bool { return !strings.Contains(goroutines(), "(*connection).serve") })
		first.send(&pgproto3.Query{String: "SELECT"})
		expect[*pgproto3.CommandComplete](first)
		expect[*pgproto3.ReadyForQuery](first)
		if got := wait(t, h.runs); got != n {
			t.Fatalf("run %d, want %d", got, n)
		}
	}
	first.send(&pgproto3.Query{String: "panic"})
	first.expectFatal("XX000", "the session ended by an internal error")
	gone, _ := s.login(v30)
	gone.conn.Close()
	eventually(t, "the end of who has left", func() bool { return s.Stats().Sessions == 0 })
	ended, key := s.login(v30)
	if !s.Terminate(key.ProcessID) {
		t.Error("a parked session is not found")
	}
	ended.expectFatal("57P01", "terminating connection due to administrator command")
	last, _ := s.login(v30)
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	last.expectFatal("57P01", "terminating connection due to administrator command")
}

func goroutines() string {
	stacks := make([]byte, 1<<20)
	return string(stacks[:runtime.Stack(stacks, true)])
}
