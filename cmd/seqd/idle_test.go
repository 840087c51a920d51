package main

import (
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

const (
	// idleConns is enough for what the process needs anyway to be lost in the noise.
	idleConns = 500
	// What one may cost, both ends of it: a third more than it does. One whose client has
	// been silent for long has no goroutine and no plans.
	idleBytes   = 14 << 10
	parkedBytes = 8 << 10
)

// TestIdleConnections: a connection that waits for its client costs little, and less when
// it has waited for long. Then it goes on as if nothing had been.
func TestIdleConnections(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv, directory := startDirectory(t)
	go func() { _ = srv.Serve(ln) }()
	query := encode(t, &pgproto3.Query{String: "SELECT nextval('s')"})
	conns := make([]net.Conn, idleConns)
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	conns[0] = dialIdle(t, ln)
	askIdle(t, conns[0], encode(t, &pgproto3.Query{String: "CREATE SEQUENCE s"}))
	askIdle(t, conns[0], query)
	before := memoryInUse()
	for i := range conns[1:] {
		conns[1+i] = dialIdle(t, ln)
		askIdle(t, conns[1+i], query)
	}
	compare := func(what string, limit uint64) {
		after := memoryInUse()
		heap, stack := (after.HeapAlloc-before.HeapAlloc)/(idleConns-1), (max(after.StackInuse, before.StackInuse)-before.StackInuse)/(idleConns-1)
		t.Logf("%s: %d bytes of heap and %d of stack per connection", what, heap, stack)
		if heap+stack > limit {
			t.Errorf("%s connection costs %d bytes of heap and %d of stack, more than %d", what, heap, stack, limit)
		}
	}
	compare("an idle", idleBytes)
	if runtime.GOOS != "linux" {
		return // nowhere else are connections parked
	}
	park(t, directory.RouseIdle)
	compare("a parked", parkedBytes)
	for _, c := range conns {
		askIdle(t, c, query)
	}
}

// park waits until no session has a goroutine.
func park(t *testing.T, rouse func(time.Time)) {
	t.Helper()
	stacks := make([]byte, 4<<20)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		rouse(time.Now().Add(time.Second))
		if !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "session.(*Session).Run") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("sessions do not give up their goroutines")
		}
	}
}

func memoryInUse() (m runtime.MemStats) {
	for range 3 { // each halves a stack at most
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m
}

// dialIdle opens a connection that is ready for queries.
func dialIdle(t *testing.T, ln net.Listener) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	askIdle(t, conn, encode(t, &pgproto3.StartupMessage{
		ProtocolVersion: pgproto3.ProtocolVersionNumber,
		Parameters:      map[string]string{"user": "postgres", "application_name": "idle"},
	}))
	return conn
}

// askIdle sends and reads up to ReadyForQuery, without a buffer that stays.
func askIdle(t *testing.T, conn net.Conn, message []byte) {
	t.Helper()
	if _, err := conn.Write(message); err != nil {
		t.Fatal(err)
	}
	var header [5]byte
	for header[0] != 'Z' {
		if _, err := io.ReadFull(conn, header[:]); err != nil {
			t.Fatal(err)
		}
		size := int64(header[1])<<24 | int64(header[2])<<16 | int64(header[3])<<8 | int64(header[4])
		if _, err := io.CopyN(io.Discard, conn, size-4); err != nil {
			t.Fatal(err)
		}
		if header[0] == 'E' {
			t.Fatalf("an error in answer to %q", message)
		}
	}
}
