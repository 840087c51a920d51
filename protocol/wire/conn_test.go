package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/sqlstate"
)

// TestMemoryFollowsInput: a client that announces 64 MiB and sends little costs little.
func TestMemoryFollowsInput(t *testing.T) {
	for _, sent := range []int{0, 100, 5000, 100_000, 3_000_000} {
		in := join(announce('Q', 64<<20), bytes.Repeat([]byte("x"), sent))
		c := New(&fakeConn{in: in, chunk: 1400}, Config{})
		if _, err := c.Receive(); err != io.ErrUnexpectedEOF {
			t.Fatalf("got %v", err)
		}
		if limit := max(largeBuffer, 2*len(in)); len(c.in.buf) > limit {
			t.Errorf("%d bytes sent: a buffer of %d, limit %d", sent, len(c.in.buf), limit)
		}
	}
}

// TestBuffersAreGivenBack: a large message does not stay.
func TestBuffersAreGivenBack(t *testing.T) {
	in := message('Q', strings.Repeat("x", 1<<20), "\x00")
	for range maxShortReads + 2 {
		in = append(in, message('S')...)
	}
	conn := &fakeConn{in: in}
	c := New(conn, Config{})
	if _, err := c.Receive(); err != nil {
		t.Fatal(err)
	}
	if len(c.in.buf) < 1<<20 {
		t.Fatalf("the message is in a buffer of %d bytes", len(c.in.buf))
	}
	conn.chunk = 5 // one message a read from here on
	for {
		if _, err := c.Receive(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if len(c.in.buf) != smallBuffer || c.in.lent != nil {
		t.Errorf("input keeps %d bytes", len(c.in.buf))
	}
	if c.messages != nil && len(c.query.String) != 0 {
		t.Errorf("the query's text is kept: %d bytes", len(c.query.String))
	}
	c.Send(&pgproto3.CommandComplete{CommandTag: bytes.Repeat([]byte("x"), 30_000)})
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	if c.out.buf != nil || c.out.lent != nil {
		t.Errorf("output keeps %d bytes", cap(c.out.buf))
	}
}

// TestOversizeMessage: the client learns why even if it is still sending.
func TestOversizeMessage(t *testing.T) {
	conn := dial(t, Config{MaxMessageSize: 1000}, serveNothing)
	if judge != "" {
		return // PostgreSQL has no such setting
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = conn.Write(join(ordinary, message('Q', strings.Repeat("x", 100_000)))) // the server may close
	}()
	got := transcript(conn, func(string) bool { return false })
	<-sent
	want := "FATAL 54000 message of 100004 bytes is longer than the limit of 1000 bytes"
	if len(got) != 4 || got[2] != want || got[3] != "closed" {
		t.Errorf("got %q", got)
	}
}

func TestFlushIsOneWrite(t *testing.T) {
	f := &fakeConn{}
	c := New(f, Config{})
	for range 100 {
		c.Send(&pgproto3.BindComplete{})
	}
	if f.writes != 0 || c.Buffered() != 500 {
		t.Fatalf("%d writes, %d bytes buffered before Flush", f.writes, c.Buffered())
	}
	if err := c.Flush(); err != nil || f.writes != 1 || len(f.out) != 500 || c.Buffered() != 0 {
		t.Errorf("%d writes of %d bytes, %d left, %v", f.writes, len(f.out), c.Buffered(), err)
	}
	if err := c.Flush(); err != nil || f.writes != 1 {
		t.Errorf("a Flush of nothing: %d writes, %v", f.writes, err)
	}
}

func TestLongResultIsWrittenInPieces(t *testing.T) {
	f := &fakeConn{}
	c := New(f, Config{})
	row := &pgproto3.DataRow{Values: [][]byte{bytes.Repeat([]byte("x"), 1000)}}
	var want []byte
	for range 1000 {
		c.Send(row)
		if c.Buffered() >= flushThreshold {
			t.Fatalf("%d bytes wait", c.Buffered())
		}
		want, _ = row.Encode(want)
	}
	if err := c.Flush(); err != nil || !bytes.Equal(f.out, want) {
		t.Errorf("%v; %d bytes of %d", err, len(f.out), len(want))
	}
	if most := len(want)/flushThreshold + 1; f.writes > most {
		t.Errorf("%d writes, want at most %d", f.writes, most)
	}
}

// TestWriteTimeout: a client that does not read holds nobody for ever.
func TestWriteTimeout(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	c := New(server, Config{WriteTimeout: 10 * time.Millisecond})
	c.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if err := c.Flush(); !IsTimeout(err) {
		t.Fatalf("got %v, want a timeout", err)
	}
	c.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if err := c.Flush(); !IsTimeout(err) || !IsTimeout(c.Err()) {
		t.Errorf("the error did not stay: %v, %v", err, c.Err())
	}
	c.Close()
}

// TestReadDeadlineLosesNothing: a message that a deadline cut in two is received whole.
func TestReadDeadlineLosesNothing(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	c := New(server, Config{})
	defer c.Close()
	whole := message('Q', "select 1\x00")
	write := func(b []byte) {
		if _, err := client.Write(b); err != nil {
			t.Error(err)
		}
	}
	go write(whole[:7])
	for c.in.buffered() < 7 {
		if err := c.SetReadDeadline(time.Now().Add(5 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Receive(); !IsTimeout(err) {
			t.Fatalf("got %v, want a timeout", err)
		}
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	go write(whole[7:])
	if msg, err := c.Receive(); err != nil || msg.(*pgproto3.Query).String != "select 1" {
		t.Errorf("got %v, %v", msg, err)
	}
}

// TestInterrupt: it wakes a Receive that waits, and a deadline set later does not
// undo it.
func TestInterrupt(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	c := New(server, Config{})
	defer c.Close()
	received := make(chan error)
	go func() {
		_, err := c.Receive()
		received <- err
	}()
	c.Interrupt()
	if err := <-received; !IsTimeout(err) {
		t.Fatalf("got %v, want a timeout", err)
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Receive(); !IsTimeout(err) {
		t.Errorf("after another deadline: got %v, want a timeout", err)
	}
	got := make(chan string)
	go func() {
		line, _ := readMessage(client)
		got <- line
	}()
	c.SendError(sqlstate.Fatalf(sqlstate.AdminShutdown, "bye"))
	if err := c.Flush(); err != nil {
		t.Error(err)
	}
	if line := <-got; line != "FATAL 57P01 bye" || !c.SaidFarewell() {
		t.Errorf("got %q", line)
	}
}

func TestRender(t *testing.T) {
	tests := []struct {
		in   *sqlstate.Error
		want string
	}{
		{sqlstate.New(sqlstate.UndefinedTable, "relation \"s\" does not exist").At(16),
			"E SERROR VERROR C42P01 Mrelation \"s\" does not exist P16 "},
		{&sqlstate.Error{Code: sqlstate.SyntaxError, Message: "m"}, "E SERROR VERROR C42601 Mm "},
		{sqlstate.Fatalf(sqlstate.AdminShutdown, "m"), "E SFATAL VFATAL C57P01 Mm "},
		{&sqlstate.Error{Severity: sqlstate.SeverityPanic, Code: sqlstate.InternalError, Message: "m"}, "E SPANIC VPANIC CXX000 Mm "},
		{sqlstate.New(sqlstate.InvalidParameterValue, "m").WithDetail("d").WithHint("h"), "E SERROR VERROR C22023 Mm Dd Hh "},
		{sqlstate.Noticef(sqlstate.SuccessfulCompletion, "m"), "N SNOTICE VNOTICE C00000 Mm "},
		{sqlstate.Warningf(sqlstate.Warning, "m"), "N SWARNING VWARNING C01000 Mm "},
		{&sqlstate.Error{Severity: sqlstate.SeverityInfo, Code: "00000", Message: "m"}, "N SINFO VINFO C00000 Mm "},
		{&sqlstate.Error{Severity: sqlstate.SeverityLog, Code: "00000", Message: "m"}, "N SLOG VLOG C00000 Mm "},
		{&sqlstate.Error{Severity: sqlstate.SeverityDebug, Code: "00000", Message: "m"}, "N SDEBUG VDEBUG C00000 Mm "},
		{sqlstate.New(sqlstate.InternalError, "m\x00Cnope"), "E SERROR VERROR CXX000 Mm "},
		{&sqlstate.Error{Code: "XX000", Message: "m", Position: -1, Cause: errors.New("secret")}, "E SERROR VERROR CXX000 Mm "},
	}
	for _, tt := range tests {
		b, err := Render(tt.in).Encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		got := string(b[0]) + " " + strings.ReplaceAll(strings.TrimSuffix(string(b[5:]), "\x00"), "\x00", " ")
		if got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestPeerGone(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := New(server, Config{})
	defer c.Close()
	if c.PeerGone() {
		t.Error("a client that is there is taken for gone")
	}
	if _, err := client.Write(message('S')); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Receive(); err != nil {
		t.Fatal(err)
	}
	client.Close()
	for deadline := time.Now().Add(10 * time.Second); !c.PeerGone(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a client that closed is taken for present")
		}
	}
	if _, err := c.Receive(); err != io.EOF {
		t.Errorf("PeerGone took something away: %v", err)
	}
}

// TestNoAllocations: a prepared statement and a repeated query cost none.
func TestNoAllocations(t *testing.T) {
	in := join(
		message('Q', "select nextval('s')\x00"),
		message('P', "\x00select nextval($1)\x00", int16(1), 20),
		message('D', "S\x00"),
		message('B', "\x00s1\x00", int16(1), int16(1), int16(1), 8, "12345678", int16(1), int16(1)),
		message('E', "\x00", 0),
		message('S'))
	const perStream = 6
	c := New(&fakeConn{in: in, again: 1 << 30}, Config{})
	receive := func() {
		for range perStream {
			if _, err := c.Receive(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := testing.AllocsPerRun(1000, receive); n != 0 {
		t.Errorf("%v allocations for %d messages", n, perStream)
	}
	row := &pgproto3.DataRow{Values: [][]byte{[]byte("1000")}}
	ready := &pgproto3.ReadyForQuery{TxStatus: 'I'}
	c.out.dst = &discardConn{}
	send := func() {
		c.Send(row)
		c.Send(ready)
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(1000, send); n != 0 {
		t.Errorf("%v allocations for an answer", n)
	}
}

// discardConn is a fakeConn that does not keep what is written.
type discardConn struct{ fakeConn }

func (*discardConn) Write(b []byte) (int, error) { return len(b), nil }
