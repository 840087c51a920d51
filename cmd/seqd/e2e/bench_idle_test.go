package e2e

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/cmd/seqd/e2e/seqdserver"
)

// TestBenchIdle prints what connections cost that have drawn one value and wait
// ($BENCH_IDLE of them; each end needs as many file descriptors), and how long one client's
// round trips take beside them. It runs when SEQD_BENCH is 1, and fails when that is far
// from what docs/benchmarks.md says.
func TestBenchIdle(t *testing.T) {
	number, yes := benching()
	if !yes {
		return
	}
	n := number("BENCH_IDLE", 9900)
	seqd := freshSeqd(t, seqdserver.Options{})
	exec1(t, seqd.DSN(), "CREATE SEQUENCE s")
	busy := connectIdle(t, seqd.Addr())
	before := rss(t, seqd.PID())
	alone, _ := roundTrips(t, busy)
	for range n {
		connectIdle(t, seqd.Addr())
	}
	settling, _ := roundTrips(t, busy)
	beside, p99 := roundTrips(t, busy)
	each := float64(rss(t, seqd.PID())-before) / float64(n) / 1024
	fmt.Printf("%d idle connections: %.1f KiB each\nround trips alone: %s\njust after they came: %s\nbeside them: %s\n",
		n, each, alone, settling, beside)
	if each > 20 || p99 > 50*time.Millisecond {
		t.Error("that is too much")
	}
}

// connectIdle logs in and draws one value. The connection has no buffers in this process.
func connectIdle(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	hello, err := (&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30,
		Parameters: map[string]string{"user": "postgres", "application_name": "idle"}}).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	askBare(t, conn, hello)
	askBare(t, conn, drawOne)
	return conn
}

var drawOne, _ = (&pgproto3.Query{String: "SELECT nextval('s')"}).Encode(nil) // it can be encoded

// askBare sends, and reads up to ReadyForQuery.
func askBare(t *testing.T, conn net.Conn, message []byte) {
	t.Helper()
	if _, err := conn.Write(message); err != nil {
		t.Fatal(err)
	}
	var head [5]byte
	for head[0] != 'Z' {
		_, err := io.ReadFull(conn, head[:])
		if err == nil {
			_, err = io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(head[1:]))-4)
		}
		if err != nil || head[0] == 'E' {
			t.Fatalf("message %q, error %v", head[0], err)
		}
	}
}

// roundTrips draws for two seconds, one value at a time.
func roundTrips(t *testing.T, conn net.Conn) (figures string, p99 time.Duration) {
	t.Helper()
	var all []time.Duration
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		start := time.Now()
		askBare(t, conn, drawOne)
		all = append(all, time.Since(start))
	}
	slices.Sort(all)
	p99 = all[len(all)*99/100]
	return fmt.Sprintf("p50 %v, p99 %v, longest %v", all[len(all)/2], p99, all[len(all)-1]), p99
}
