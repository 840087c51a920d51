package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/cmd/seqd/config"
	"seqd/server"
	"seqd/server/session"
)

// startPlain runs a server without a log on disk or a port, that believes everybody.
func startPlain(t testing.TB) *server.Server {
	t.Helper()
	srv, _ := startDirectory(t)
	return srv
}

func startDirectory(t testing.TB) (*server.Server, *session.Directory) {
	t.Helper()
	cli, _, err := config.Parse([]string{"serve", "--ephemeral", "--listen", "127.0.0.1:0", "--cluster-listen", "off"},
		io.Discard, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	gate, err := openAccess(&cli.Serve, logger)
	if err != nil {
		t.Fatal(err)
	}
	port, err := openClusterPort(&cli.Serve, logger)
	if err != nil {
		t.Fatal(err)
	}
	m, err := openMember(&cli.Serve, port, logger, make(chan error, 1), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	gate.member = m
	directory := newDirectory(m)
	srv := newServer(&cli.Serve, m.backend, gate, loopback, directory, logger)
	t.Cleanup(func() {
		if err := stop(&cli.Serve, srv, m); err != nil {
			t.Error(err)
		}
	})
	return srv, directory
}

var loopback = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}

// wireClient is the server's end of a connection without sockets, and the client's: it
// counts reads and writes, and allocates nothing.
type wireClient struct {
	t             testing.TB
	in            chan []byte
	rest          []byte
	out           chan []byte
	taken         chan struct{}
	reads, writes atomic.Int64
	got           bytes.Buffer
}

func connect(t testing.TB, srv *server.Server) *wireClient {
	t.Helper()
	c := &wireClient{t: t, in: make(chan []byte), out: make(chan []byte), taken: make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		srv.ServeConn(c)
	}()
	t.Cleanup(func() { close(c.in); <-ended })
	c.ask(encode(t, &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersionNumber, Parameters: map[string]string{"user": "postgres"}}), 1)
	return c
}

// Read implements net.Conn.
func (c *wireClient) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		c.rest = <-c.in
	}
	c.reads.Add(1)
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// Write implements net.Conn.
func (c *wireClient) Write(b []byte) (int, error) {
	c.writes.Add(1)
	c.out <- b
	<-c.taken
	return len(b), nil
}

func (c *wireClient) Close() error                     { return nil }
func (c *wireClient) LocalAddr() net.Addr              { return loopback }
func (c *wireClient) RemoteAddr() net.Addr             { return loopback }
func (c *wireClient) SetDeadline(time.Time) error      { return nil }
func (c *wireClient) SetReadDeadline(time.Time) error  { return nil }
func (c *wireClient) SetWriteDeadline(time.Time) error { return nil }

// ask sends and waits until the server is ready that many times.
func (c *wireClient) ask(b []byte, ready int) []byte {
	c.in <- b
	c.got.Reset()
	for c.readies() < ready {
		c.got.Write(<-c.out)
		c.taken <- struct{}{}
	}
	return c.got.Bytes()
}

// readies counts ReadyForQuery. (Writes end between two messages.)
func (c *wireClient) readies() (n int) {
	for b := c.got.Bytes(); len(b) > 0; b = b[1+binary.BigEndian.Uint32(b[1:]):] {
		if b[0] == 'Z' {
			n++
		}
	}
	return n
}

func encode(t testing.TB, messages ...interface{ Encode([]byte) ([]byte, error) }) (b []byte) {
	t.Helper()
	for _, m := range messages {
		var err error
		if b, err = m.Encode(b); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// loads are what clients send by the million. Each is asked for as often as it has
// parts, and answered by as many ReadyForQuery.
func loads(t testing.TB) map[string]struct {
	bytes []byte
	ready int
} {
	type load = struct {
		bytes []byte
		ready int
	}
	execute, sync := &pgproto3.Execute{}, &pgproto3.Sync{}
	one := &pgproto3.Bind{PreparedStatement: "one"}
	described := &pgproto3.Describe{ObjectType: 'P'}
	named := &pgproto3.Bind{PreparedStatement: "named", Parameters: [][]byte{[]byte("s")}}
	other := &pgproto3.Bind{PreparedStatement: "named", Parameters: [][]byte{[]byte("t")}}
	binary := &pgproto3.Bind{PreparedStatement: "one", ResultFormatCodes: []int16{1}}
	two := &pgproto3.Bind{PreparedStatement: "two", ResultFormatCodes: []int16{1}}
	query := &pgproto3.Query{String: "SELECT nextval('s')"}
	series := &pgproto3.Query{String: "SELECT nextval('s') FROM generate_series(1,1000)"}
	rows := &pgproto3.Bind{PreparedStatement: "rows", Parameters: [][]byte{[]byte("1000")}, ResultFormatCodes: []int16{1}}
	many := func(n int, b []byte) []byte { return bytes.Repeat(b, n) }
	return map[string]load{
		"prepared":                {encode(t, one, execute, sync), 1},
		"prepared and described":  {encode(t, one, described, execute, sync), 1},
		"simple":                  {encode(t, query), 1},
		"name as a parameter":     {encode(t, named, execute, sync), 1},
		"two columns":             {encode(t, two, execute, sync), 1},
		"series":                  {encode(t, series), 1},
		"series in binary":        {encode(t, rows, described, execute, sync), 1},
		"pipeline in binary":      {append(many(100, encode(t, binary, execute)), encode(t, sync)...), 1},
		"pipeline":                {append(many(100, encode(t, one, described, execute)), encode(t, sync)...), 1},
		"pipeline with many ends": {many(100, encode(t, one, execute, sync)), 100},
		"pipeline of queries":     {many(100, encode(t, query)), 100},
		"pipeline of many names":  {pipelineOfNames(t), 1},
		"unnamed":                 {encode(t, &pgproto3.Parse{Query: "SELECT nextval('s')"}, &pgproto3.Bind{}, described, execute, sync), 1},
		"queries in turn":         {encode(t, query, &pgproto3.Query{String: "SELECT nextval('t')"}), 2},
		"names in turn":           {append(encode(t, named, execute, sync), encode(t, other, execute, sync)...), 2},
	}
}

// pipelineOfNames is what pgbench sends of a script: each statement has a name.
func pipelineOfNames(t testing.TB) (b []byte) {
	for i := range 100 {
		b = append(b, encode(t, &pgproto3.Bind{PreparedStatement: manyName(i)}, &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{})...)
	}
	return append(b, encode(t, &pgproto3.Sync{})...)
}

func manyName(i int) string { return fmt.Sprintf("P_%d", i) }

// prepareLoads makes what the loads use, and has each answered the general way once.
func prepareLoads(t testing.TB, c *wireClient, options string) {
	c.ask(encode(t, &pgproto3.Query{String: "CREATE SEQUENCE s" + options + "; CREATE SEQUENCE t" + options}), 1)
	for i := range 100 {
		c.ask(encode(t, &pgproto3.Parse{Name: manyName(i), Query: "SELECT nextval('s')"}, &pgproto3.Sync{}), 1)
	}
	for name, sql := range map[string]string{
		"one": "SELECT nextval('s')", "two": "SELECT nextval('s'), nextval('s')", "named": "SELECT nextval($1::regclass)",
		"rows": "SELECT nextval('s') FROM generate_series(1, $1::int)",
	} {
		c.ask(encode(t, &pgproto3.Parse{Name: name, Query: sql}, &pgproto3.Sync{}), 1)
	}
	for _, l := range loads(t) {
		for range 20 {
			c.ask(l.bytes, l.ready)
		}
	}
}

// TestHotPathCosts: what comes by the million allocates nothing, and a round trip, or a
// whole pipeline, is one read and one write.
func TestHotPathCosts(t *testing.T) {
	c := connect(t, startPlain(t))
	prepareLoads(t, c, " CACHE 1000000") // else the log allocates in the background
	for name, l := range loads(t) {
		const rounds = 50
		for range 3 { // the input finds the size of buffer that it needs
			c.ask(l.bytes, l.ready)
		}
		reads, writes := c.reads.Load(), c.writes.Load()
		allocations := testing.AllocsPerRun(rounds, func() { c.ask(l.bytes, l.ready) })
		if allocations >= 1 && !poolsLose {
			t.Errorf("%s: %v allocations", name, allocations)
		}
		reads, writes = c.reads.Load()-reads, c.writes.Load()-writes
		if reads != rounds+1 || writes != rounds+1 {
			t.Errorf("%s: %d reads and %d writes for %d round trips", name, reads, writes, rounds+1)
		}
	}
}

func BenchmarkHotPath(b *testing.B) {
	c := connect(b, startPlain(b))
	prepareLoads(b, c, "")
	for name, l := range loads(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.ask(l.bytes, l.ready)
			}
		})
	}
}

// TestHotPathShowsActivity: pg_stat_activity tells of what went the short way.
func TestHotPathShowsActivity(t *testing.T) {
	srv := startPlain(t)
	c, other := connect(t, srv), connect(t, srv)
	prepareLoads(t, c, "")
	c.ask(encode(t, &pgproto3.Query{String: "SELECT 'something else'"}), 1)
	c.ask(loads(t)["name as a parameter"].bytes, 1)
	got := other.ask(encode(t, &pgproto3.Query{String: "SELECT state || ': ' || query FROM pg_stat_activity WHERE pid <> pg_backend_pid()"}), 1)
	if !bytes.Contains(got, []byte("idle: SELECT nextval($1::regclass)")) {
		t.Errorf("%q", got)
	}
}
