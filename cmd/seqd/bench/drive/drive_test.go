package drive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/e2e/nullserver"
)

func TestMain(m *testing.M) {
	nullserver.RunIfAsked()
	os.Exit(m.Run())
}

// canned is a connection whose every write is answered by the same bytes, some at a
// time.
type canned struct {
	net.Conn
	answer, left []byte
	chunk        int
	end          error // after the answer; nil: the next write is answered again
}

func (c *canned) Write(b []byte) (int, error) { c.left = c.answer; return len(b), nil }
func (c *canned) Read(b []byte) (int, error) {
	if len(c.left) == 0 {
		return 0, c.end
	}
	n := copy(b[:min(len(b), c.chunk)], c.left)
	c.left = c.left[n:]
	return n, nil
}
func (c *canned) SetDeadline(time.Time) error     { return nil }
func (c *canned) SetReadDeadline(time.Time) error { return nil }
func (c *canned) Close() error                    { return nil }

func encode(list ...pgproto3.BackendMessage) (b []byte) {
	for _, m := range list {
		b = must(m.Encode(b))
	}
	return b
}

func row(values ...string) pgproto3.BackendMessage {
	m := &pgproto3.DataRow{}
	for _, v := range values {
		m.Values = append(m.Values, []byte(v))
	}
	return m
}

var (
	done  = &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")}
	ready = &pgproto3.ReadyForQuery{TxStatus: 'I'}
)

func cannedClient(load Load, c *canned) *client {
	if c.chunk == 0 {
		c.chunk = 1 << 20
	}
	cl := &client{fleet: &Fleet{load: load}, messages: makeMessages(load), conn: &conn{net: c, buf: make([]byte, bufferMin)}}
	cl.open.Store(cl.conn)
	cl.tally.Latency = result.NewLatency()
	return cl
}

var oneByOne = Load{Sequence: "s", Clients: 1, Protocol: result.Prepared, Depth: 1, Batch: 1, Session: result.Long}

func TestRoundAllocatesNothing(t *testing.T) {
	for _, load := range []Load{oneByOne, {Sequence: "s", Protocol: result.Simple, Depth: 1, Batch: 1}, {Sequence: "s", Protocol: result.Pipelined, Depth: 50, Batch: 1}} {
		answer := bytes.Repeat(encode(&pgproto3.BindComplete{}, row("12"), done), load.Depth)
		c := cannedClient(load, &canned{answer: append(answer, encode(ready)...)})
		now := time.Now()
		allocations := testing.AllocsPerRun(1000, func() {
			var err error
			if now, err = c.round(now); err != nil {
				t.Fatal(err)
			}
		})
		if allocations > 0 || c.tally.Values != int64(1001*load.Depth) || c.tally.Latency.TotalCount() != c.tally.Values {
			t.Errorf("%s: %v allocations, %d values, %d latencies", load.Protocol, allocations, c.tally.Values, c.tally.Latency.TotalCount())
		}
	}
}

// However the answer is cut into packets, it is the same answer.
func TestAnswersInPieces(t *testing.T) {
	long := &pgproto3.NoticeResponse{Message: strings.Repeat("long ", 20000)} // larger than the buffer
	answer := encode(&pgproto3.BindComplete{}, row("7"), long, row("9", "x"), &pgproto3.DataRow{Values: [][]byte{{0, 0, 0, 0, 0, 0, 1, 0}}}, done, ready)
	for _, chunk := range []int{1, 2, 3, 7, 1000, 40000, 1 << 20} {
		c := cannedClient(oneByOne, &canned{answer: answer, chunk: chunk})
		for range 3 {
			if _, err := c.round(time.Now()); err != nil {
				t.Fatalf("chunks of %d: %v", chunk, err)
			}
		}
		if c.tally.Values != 9 || c.tally.Statements != 3 || c.fleet.highest.Load() != 256 {
			t.Errorf("chunks of %d: %d values, %d statements, up to %d", chunk, c.tally.Values, c.tally.Statements, c.fleet.highest.Load())
		}
	}
}

func TestOutOfOrder(t *testing.T) {
	c := cannedClient(oneByOne, &canned{answer: encode(row("101"), row("5"), row("102"), done, ready)})
	if _, err := c.round(time.Now()); err != nil || c.tally.OutOfOrder != 0 {
		t.Errorf("%v, %d out of order: those of one pipeline were under way together", err, c.tally.OutOfOrder)
	}
	c.conn.net.(*canned).answer = encode(row("103"), row("6"), done, ready)
	if _, err := c.round(time.Now()); err != nil || c.tally.OutOfOrder != 1 {
		t.Errorf("%v, %d out of order, want 1", err, c.tally.OutOfOrder)
	}
}

func TestBadAnswers(t *testing.T) {
	fatal := &pgproto3.ErrorResponse{Severity: "FATAL", Code: "57P01", Message: "terminating"}
	for _, tt := range []struct {
		name, want string
		answer     []byte
		end        error
	}{
		{"killed", "terminating (SQLSTATE 57P01)", encode(row("1"), fatal), io.EOF},
		{"gone", "closed the connection", encode(row("1")), io.EOF},
		{"silent", "no answer within", encode(row("1")), os.ErrDeadlineExceeded},
		{"another protocol", "not the PostgreSQL protocol", append(encode(row("1")), "HTTP/1.1 400 Bad Request"...), io.EOF},
		{"short length", "not the PostgreSQL protocol", append(encode(row("1")), 'D', 0, 0, 0, 1), io.EOF},
		{"null", "not a value", encode(row("1"), &pgproto3.DataRow{Values: [][]byte{nil}}), nil},
		{"text", "not a value", encode(row("1"), row("1x")), nil},
		{"no columns", "not a value", encode(row("1"), row()), nil},
		{"too long", "not a value", encode(row("1"), row("12345678901234567890")), nil},
	} {
		c := cannedClient(oneByOne, &canned{answer: tt.answer, end: tt.end})
		c.run(t.Context(), time.Now().Add(time.Hour))
		tally := &c.tally
		if tally.Failure == nil || !strings.Contains(tally.Failure.Error(), tt.want) || tally.Values != 1 || len(tally.Errors) == 0 {
			t.Errorf("%s: %v, %d values, %v", tt.name, tally.Failure, tally.Values, tally.Errors)
		}
	}
}

// An error that the server answers with is counted, and drawing goes on.
func TestServerErrors(t *testing.T) {
	limit := &pgproto3.ErrorResponse{Severity: "ERROR", Code: "2200H", Message: "nextval: reached maximum value"}
	c := cannedClient(oneByOne, &canned{answer: encode(limit, ready)})
	for range 4 {
		if _, err := c.round(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2 * errorKinds {
		c.count(result.Error{Message: strings.Repeat("x", i)})
	}
	all := join([]*client{c, {tally: Tally{Latency: result.NewLatency(), Errors: []result.Error{{SQLState: "2200H", Message: limit.Message, Count: 3}}}}})
	var sum int64
	for _, e := range all.Errors {
		sum += e.Count
	}
	if len(c.tally.Errors) != errorKinds || sum != 4+3+2*errorKinds || all.Errors[1] != (result.Error{SQLState: "2200H", Message: limit.Message, Count: 7}) {
		t.Errorf("%d errors of %d kinds: %+v", sum, len(c.tally.Errors), all.Errors[:2])
	}
}

func nullConfig(t *testing.T) []*pgconn.Config {
	t.Helper()
	s, err := nullserver.Start(nullserver.Raw)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	c, err := pgconn.ParseConfig("postgres://postgres@" + s.Addr() + "/postgres?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	return []*pgconn.Config{c}
}

func TestStyles(t *testing.T) {
	servers := nullConfig(t)
	for _, load := range []Load{
		{Protocol: result.Simple, Depth: 1, Batch: 1, Session: result.Long},
		{Protocol: result.Simple, Depth: 1, Batch: 1000, Session: result.Reconnect, Every: 3},
		{Protocol: result.Extended, Depth: 1, Batch: 1, Session: result.Discard, Every: 2},
		{Protocol: result.Prepared, Depth: 1, Batch: 1, Session: result.Reconnect, Every: 1},
		{Protocol: result.Pipelined, Depth: 20, Batch: 1, Session: result.Discard, Every: 40},
	} {
		load.Servers, load.Sequence, load.Clients = servers, "s", 3
		f, err := Open(t.Context(), load)
		if err != nil {
			t.Fatal(err)
		}
		tally := f.Run(t.Context(), 20*time.Millisecond)
		if tally.Failure != nil || len(tally.Errors) > 0 || tally.Statements < 3 || tally.Values != tally.Statements*int64(load.Batch) || tally.Latency.TotalCount() != tally.Statements {
			t.Errorf("%+v: %+v", load, tally)
		}
		ends, discards := f.Close()
		sum := ends + discards + tally.SessionEnds + tally.Discards
		most := int64(3) // a session each
		if load.Every > 0 {
			most = tally.Statements // each has drawn at least once
		}
		if sum < 1 || sum > most || (load.Every == 1 && sum != tally.Statements) {
			t.Errorf("%+v: %d ends and discards after %d statements", load, sum, tally.Statements)
		}
		if (load.Session == result.Discard) != (ends+tally.SessionEnds == 0) {
			t.Errorf("%+v: %d sessions ended with values of theirs", load, ends+tally.SessionEnds)
		}
	}
}

// A cancelled run waits neither for its time nor for an answer.
func TestCancel(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	asked := make(chan struct{})
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		b := pgproto3.NewBackend(conn, conn)
		if _, err := b.ReceiveStartupMessage(); err != nil {
			return
		}
		b.Send(&pgproto3.AuthenticationOk{})
		b.Send(ready)
		_ = b.Flush()
		_, _ = b.Receive() // and never an answer
		close(asked)
	}()
	server, err := pgconn.ParseConfig("postgres://postgres@" + l.Addr().String() + "/postgres?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(t.Context(), Load{Servers: []*pgconn.Config{server}, Sequence: "s", Clients: 1, Protocol: result.Simple, Depth: 1, Batch: 1, Session: result.Long})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	began := time.Now()
	if tally := f.Run(ctx, time.Hour); tally.Failure == nil || time.Since(began) > answerTimeout/2 {
		t.Errorf("%v after %v", tally.Failure, time.Since(began))
	}
	f.Close()
}

func TestLoadsThatAreNone(t *testing.T) {
	servers := []*pgconn.Config{{}}
	for _, load := range []Load{
		{},
		{Servers: servers, Clients: 1, Batch: 1, Depth: 2, Protocol: result.Simple, Session: result.Long},
		{Servers: servers, Clients: 1, Batch: 1, Depth: 1, Protocol: "copy", Session: result.Long},
		{Servers: servers, Clients: 1, Batch: 1, Depth: 1, Protocol: result.Simple, Session: result.Long, Every: 3},
		{Servers: servers, Clients: 1, Batch: 1, Depth: 1, Protocol: result.Simple, Session: result.Discard},
	} {
		if _, err := Open(t.Context(), load); err == nil {
			t.Errorf("%+v: accepted", load)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	gone, err := pgconn.ParseConfig("postgres://postgres@" + l.Addr().String() + "/postgres?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	load := oneByOne
	load.Servers, load.Clients = []*pgconn.Config{gone}, 3
	var refused *pgconn.ConnectError
	if _, err := Open(t.Context(), load); !errors.As(err, &refused) {
		t.Error(err)
	}
}

// BenchmarkRound is what the driver itself costs, without a network or a server: ns a
// statement.
func BenchmarkRound(b *testing.B) {
	for _, load := range []Load{oneByOne, {Sequence: "s", Protocol: result.Pipelined, Depth: 50, Batch: 1}} {
		b.Run(load.Protocol, func(b *testing.B) {
			columns := &pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("nextval"), DataTypeOID: 20, DataTypeSize: 8, TypeModifier: -1}}}
			answer := bytes.Repeat(encode(&pgproto3.BindComplete{}, columns, &pgproto3.DataRow{Values: [][]byte{{0, 0, 0, 0, 0, 0, 1, 0}}}, done), load.Depth)
			c := cannedClient(load, &canned{answer: append(answer, encode(ready)...)})
			now := time.Now()
			b.ReportAllocs()
			for range b.N / load.Depth {
				now, _ = c.round(now)
			}
		})
	}
}
