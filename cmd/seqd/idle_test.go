package main

import (
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

const (
	// idleConns is enough for what the process needs anyway to be lost in the noise.
	idleConns = 500
	// idleBytes is what one may cost, both ends of it: a third more than it does.
	idleBytes = 14 << 10
)

// TestIdleConnections: a connection that waits for its client costs little.
func TestIdleConnections(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := startPlain(t)
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
	after := memoryInUse()
	heap, stack := (after.HeapAlloc-before.HeapAlloc)/(idleConns-1), (after.StackInuse-before.StackInuse)/(idleConns-1)
	t.Logf("%d bytes of heap and %d of stack per connection", heap, stack)
	if heap+stack > idleBytes {
		t.Errorf("an idle connection costs %d bytes of heap and %d of stack, more than %d", heap, stack, idleBytes)
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
	}
}
