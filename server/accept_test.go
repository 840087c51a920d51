package server

import (
	"context"
	"errors"
	"math"
	"net"
	"os"
	"syscall"
	"testing"

	"seqd/protocol/sqlstate"
	"seqd/protocol/wire"
)

// script is a listener whose Accept goes by a list of errors; nil is a connection.
type script struct {
	net.Listener
	errs []error
}

func (s *script) Accept() (net.Conn, error) {
	err := s.errs[0]
	s.errs = s.errs[1:]
	if err != nil {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept", err)}
	}
	return s.Listener.Accept()
}

// TestAcceptErrors: descriptors that ran out are waited for, other errors end Serve.
func TestAcceptErrors(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := startOn(t, Config{}, &script{ln, []error{syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED, nil, syscall.EBADF}})
	s.login(v30)
	if err := wait(t, s.served); !errors.Is(err, syscall.EBADF) {
		t.Errorf("Serve returned %v", err)
	}
}

// TestAcceptWaitEndsByShutdown: nobody waits for descriptors of a server that closes.
func TestAcceptWaitEndsByShutdown(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	errs := make([]error, 1000)
	for i := range errs {
		errs[i] = syscall.EMFILE
	}
	s := startOn(t, Config{}, &script{ln, errs})
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := wait(t, s.served); !errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve returned %v", err)
	}
}

func TestServeConn(t *testing.T) {
	s := start(t, Config{})
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ServeConn(server)
	}()
	client.Close()
	wait(t, done)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	client, server = net.Pipe()
	s.ServeConn(server)
	if _, err := client.Write([]byte{0}); err == nil {
		t.Error("a closed server serves")
	}
}

func nobody() *Client { return &Client{Startup: &wire.Startup{}} }

func TestProcessIDs(t *testing.T) {
	r := newRegistry(100)
	r.lastPID = math.MaxInt32 - 2
	var pids []uint32
	for range 3 {
		c := nobody()
		if _, err := r.add(c); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, c.PID)
	}
	if pids[0] != math.MaxInt32-1 || pids[1] != math.MaxInt32 || pids[2] != 1 {
		t.Errorf("got %d", pids)
	}
	r.lastPID = math.MaxInt32 - 2 // all of these are taken
	c := nobody()
	if _, err := r.add(c); err != nil || c.PID != 2 {
		t.Errorf("got %d, %v; want 2", c.PID, err)
	}
	if all := r.close(); len(all) != 4 {
		t.Errorf("%d clients, want 4", len(all))
	}
	if _, err := r.add(nobody()); sqlstate.CodeOf(err) != sqlstate.CannotConnectNow {
		t.Errorf("after close: %v", err)
	}
}
