package wire

import (
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/sqlstate"
)

// TestMalformed: a session receives the bytes, a Sync, and the end of the input.
// All answers, and the end, are PostgreSQL's.
func TestMalformed(t *testing.T) {
	const (
		badFormat    = "ERROR 08P01 invalid message format"
		badString    = "ERROR 08P01 invalid string in message"
		insufficient = "ERROR 08P01 insufficient data left in message"
		noData       = "ERROR 08P01 no data left in message"
		badUTF8      = `ERROR 22021 invalid byte sequence for encoding "UTF8": 0xff`
		badLength    = "FATAL 08P01 invalid message length"
	)
	// After an error in an extended query message one ReadyForQuery comes, for the
	// Sync; after one in any other message another comes first.
	extended := func(line string) []string { return []string{line, "Z", "closed"} }
	simple := func(line string) []string { return []string{line, "Z", "Z", "closed"} }
	end := func(line string) []string { return []string{line, "closed"} }
	bind := func(parts ...any) []byte {
		return join(message('P', "\x00select $1::int\x00", int16(0)), message('B', parts...))
	}
	bound := func(line string) []string { return []string{"1", line, "Z", "closed"} }

	tests := []struct {
		name string
		in   []byte
		want []string
		// silent: PostgreSQL closes without a word. seqd says why first.
		silent bool
	}{
		{name: "unknown type", in: message('y'), want: end("FATAL 08P01 invalid frontend message type 121")},
		{name: "type 0", in: message(0), want: end("FATAL 08P01 invalid frontend message type 0")},
		{name: "type 255", in: message(255), want: end("FATAL 08P01 invalid frontend message type 255")},
		{name: "type before length", in: announce('y', 1), want: end("FATAL 08P01 invalid frontend message type 121")},
		{name: "password out of turn", in: announce('p', 4), want: end("FATAL 08P01 invalid frontend message type 112")},
		{name: "length 0", in: announce('Q', 0), want: end(badLength), silent: true},
		{name: "length 3", in: announce('Q', 3), want: end(badLength), silent: true},
		{name: "length -1", in: announce('Q', 0xffffffff), want: end(badLength), silent: true},
		{name: "length 1 GiB", in: announce('Q', 0x3fffffff), want: end(badLength), silent: true},
		{name: "Sync of 10001", in: announce('S', 10001), want: end(badLength), silent: true},
		{name: "Describe of 10001", in: announce('D', 10001), want: end(badLength), silent: true},
		{name: "Close of 10001", in: announce('C', 10001), want: end(badLength), silent: true},
		{name: "Execute of 10001", in: announce('E', 10001), want: end(badLength), silent: true},
		{name: "Flush of 10001", in: announce('H', 10001), want: end(badLength), silent: true},
		{name: "CopyDone of 10001", in: announce('c', 10001), want: end(badLength), silent: true},
		{name: "CopyFail of 10001", in: announce('f', 10001), want: end(badLength), silent: true},
		{name: "Terminate of 10001", in: announce('X', 10001), want: end(badLength), silent: true},

		{name: "Query without text", in: message('Q'), want: simple(badString)},
		{name: "Query without NUL", in: message('Q', "select 1"), want: simple(badString)},
		{name: "Query with a tail", in: message('Q', "select 1\x00x"), want: simple(badFormat)},
		{name: "Query with two NULs", in: message('Q', "select 1\x00\x00"), want: simple(badFormat)},
		{name: "Query with invalid UTF-8", in: message('Q', "select '\xff'\x00"), want: simple(badUTF8)},
		{name: "Sync with a body", in: message('S', "abc"), want: simple(badFormat)},
		{name: "Sync of 10000", in: message('S', strings.Repeat("x", 9996)), want: simple(badFormat)},
		{name: "Flush with a body", in: message('H', "a"), want: extended(badFormat)},
		{name: "Terminate with a body", in: message('X', "abc"), want: []string{"closed"}},

		{name: "Describe of neither", in: message('D', "X\x00"), want: extended("ERROR 08P01 invalid DESCRIBE message subtype 88")},
		{name: "Describe without body", in: message('D'), want: extended(noData)},
		{name: "Describe without NUL", in: message('D', "S"), want: extended(badString)},
		{name: "Describe with a tail", in: message('D', "S\x00a"), want: extended(badFormat)},
		{name: "Close of neither", in: message('C', "X\x00"), want: extended("ERROR 08P01 invalid CLOSE message subtype 88")},
		{name: "Close without body", in: message('C'), want: extended(noData)},
		{name: "Execute without body", in: message('E'), want: extended(badString)},
		{name: "Execute cut short", in: message('E', "\x00\x00\x00"), want: extended(insufficient)},
		{name: "Execute with a tail", in: message('E', "\x00", 0, "x"), want: extended(badFormat)},

		{name: "Parse without body", in: message('P'), want: extended(badString)},
		{name: "Parse without NUL", in: message('P', "abc"), want: extended(badString)},
		{name: "Parse cut short", in: message('P', "\x00select 1\x00"), want: extended(insufficient)},
		{name: "Parse with fewer types than announced", in: message('P', "\x00select 1\x00", int16(5)), want: extended(insufficient)},
		{name: "Parse with -1 types", in: message('P', "\x00select 1\x00", int16(-1)), want: extended(insufficient)},
		{name: "Parse with a tail", in: message('P', "\x00select 1\x00", int16(0), "x"), want: extended(badFormat)},
		{name: "Parse with invalid UTF-8 in its name", in: message('P', "\xff\x00select 1\x00", int16(0)), want: extended(badUTF8)},
		{name: "Parse with invalid UTF-8", in: message('P', "\x00select '\xff'\x00", int16(0)), want: extended(badUTF8)},

		{name: "Bind without body", in: message('B'), want: extended(badString)},
		{name: "Bind without value", in: bind("\x00\x00", int16(0), int16(1), int16(0)), want: bound(insufficient)},
		{name: "Bind with length -2", in: bind("\x00\x00", int16(0), int16(1), -2, int16(0)), want: bound(insufficient)},
		{name: "Bind with a length beyond the end", in: bind("\x00\x00", int16(0), int16(1), 99, int16(0)), want: bound(insufficient)},
		{name: "Bind with -1 formats", in: bind("\x00\x00", int16(-1), int16(1), 1, "1", int16(0)), want: bound(insufficient)},
		{name: "Bind with -1 result formats", in: bind("\x00\x00", int16(0), int16(1), 1, "1", int16(-1)), want: bound(insufficient)},
		{name: "Bind with a tail", in: bind("\x00\x00", int16(0), int16(1), 1, "1", int16(0), "zz"), want: bound(badFormat)},

		{name: "FunctionCall without body", in: message('F'), want: simple(insufficient)},
		{name: "CopyData outside COPY", in: message('d', "abc"), want: []string{"Z", "closed"}},
		{name: "CopyDone with a body", in: message('c', "xxx"), want: []string{"Z", "closed"}},
		{name: "CopyFail without NUL", in: message('f', "abc"), want: []string{"Z", "closed"}},

		{name: "what is skipped is not looked at", in: join(message('D', "X\x00"), message('E'), message('P', "abc")),
			want: extended("ERROR 08P01 invalid DESCRIBE message subtype 88")},
		{name: "but its frames are", in: join(message('D', "X\x00"), message('y')),
			want: []string{"ERROR 08P01 invalid DESCRIBE message subtype 88", "FATAL 08P01 invalid frontend message type 121", "closed"}},
		{name: "a bad Sync ends skipping", in: join(message('D', "X\x00"), message('S', "x")),
			want: []string{"ERROR 08P01 invalid DESCRIBE message subtype 88", badFormat, "Z", "Z", "closed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn := dial(t, Config{MaxMessageSize: largeMessageLimit}, serveNothing)
			if _, err := conn.Write(ordinary); err != nil {
				t.Fatal(err)
			}
			greeting := transcript(conn, func(line string) bool { return line == "Z" })
			if greeting[len(greeting)-1] != "Z" {
				t.Fatalf("no greeting: %q", greeting)
			}
			if _, err := conn.Write(join(tt.in, message('S'))); err != nil {
				t.Fatal(err)
			}
			if err := conn.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if judge != "" && tt.silent {
				want = []string{"closed"}
			}
			if got := transcript(conn, func(string) bool { return false }); !slices.Equal(got, want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
		})
	}
}

// serveNothing is the least of a session: it treats broken messages as one has to
// and knows of the others no more than their acknowledgement.
func serveNothing(c *Conn) {
	if _, ok := serveStartup(c); !ok {
		return
	}
	ready := func() { c.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'}) }
	ready()
	skipping := false
	for c.Flush() == nil {
		msg, err := c.Receive()
		var bad *Malformed
		var fatal *sqlstate.Error
		switch {
		case errors.As(err, &bad):
			if skipping && bad.Type != 'S' {
				continue
			}
			c.SendError(bad.Err)
			if skipping = bad.Extended(); !skipping {
				ready()
			}
			continue
		case errors.As(err, &fatal):
			c.SendError(fatal)
			return
		case err != nil:
			return
		}
		switch msg.(type) {
		case *pgproto3.Terminate:
			return
		case *pgproto3.Sync:
			skipping = false
			ready()
		case *pgproto3.Parse:
			if !skipping {
				c.Send(&pgproto3.ParseComplete{})
			}
		}
	}
}

// TestReceive: messages come out as pgproto3 encodes them, whatever the pieces in
// which they arrive.
func TestReceive(t *testing.T) {
	messages := []pgproto3.FrontendMessage{
		&pgproto3.Query{String: "select nextval('é')"},
		&pgproto3.Query{},
		&pgproto3.Parse{Name: "n", Query: "select $1", ParameterOIDs: []uint32{20, 0xffffffff}},
		&pgproto3.Parse{},
		&pgproto3.Bind{DestinationPortal: "p", PreparedStatement: "s", ParameterFormatCodes: []int16{0, 1, -1},
			Parameters: [][]byte{nil, {}, []byte("abc\x00\xff")}, ResultFormatCodes: []int16{1}},
		&pgproto3.Bind{},
		&pgproto3.Describe{ObjectType: 'S', Name: "s"},
		&pgproto3.Close{ObjectType: 'P', Name: "p"},
		&pgproto3.Execute{Portal: "p", MaxRows: 0xffffffff},
		&pgproto3.Sync{},
		&pgproto3.Flush{},
		&pgproto3.CopyData{Data: []byte("x")},
		&pgproto3.CopyDone{},
		&pgproto3.CopyFail{Message: "m"},
		&pgproto3.FunctionCall{Function: 1574, ArgFormatCodes: []uint16{0}, Arguments: [][]byte{[]byte("s"), nil}, ResultFormatCode: 1},
		&pgproto3.Query{String: strings.Repeat("x", 3*largeBuffer)},
		&pgproto3.Terminate{},
	}
	var stream []byte
	for _, m := range messages {
		stream = encode(t, m, stream)
	}
	for _, chunk := range []int{1, 7, 1000, smallBuffer, len(stream)} {
		c := New(&fakeConn{in: stream, chunk: chunk}, Config{})
		for _, want := range messages {
			got, err := c.Receive()
			if err != nil {
				t.Fatalf("chunks of %d: %T: %v", chunk, want, err)
			}
			if reflect.TypeOf(got) != reflect.TypeOf(want) || string(encode(t, got, nil)) != string(encode(t, want, nil)) {
				t.Errorf("chunks of %d: got %+v, want %+v", chunk, got, want)
			}
		}
		if _, err := c.Receive(); err != io.EOF {
			t.Errorf("chunks of %d: got %v, want EOF", chunk, err)
		}
	}
}

func TestBindTellsNullFromEmpty(t *testing.T) {
	c := New(&fakeConn{in: message('B', "\x00\x00", int16(0), int16(3), -1, 0, 0, int16(0))}, Config{})
	msg, err := c.Receive()
	if err != nil {
		t.Fatal(err)
	}
	p := msg.(*pgproto3.Bind).Parameters
	if len(p) != 3 || p[0] != nil || p[1] == nil || p[2] == nil {
		t.Errorf("got %#v", p)
	}
}

func TestReceiveEnd(t *testing.T) {
	whole := message('Q', "select 1\x00")
	for cut := range len(whole) {
		_, err := New(&fakeConn{in: whole[:cut]}, Config{}).Receive()
		want := io.ErrUnexpectedEOF
		if cut == 0 {
			want = io.EOF
		}
		if err != want {
			t.Errorf("after %d bytes: got %v, want %v", cut, err, want)
		}
	}
}

func TestInputWaiting(t *testing.T) {
	sync := message('S')
	tests := []struct {
		in   []byte
		want bool
	}{
		{sync, false},
		{join(sync, sync[:3]), false},
		{join(sync, sync), true},
		{join(sync, sync, sync[:1]), true},
		{join(sync, message('Q', "select 1\x00")[:8]), false},
		{join(sync, message('y')), true}, // an error is an answer too
	}
	for _, tt := range tests {
		c := New(&fakeConn{in: tt.in}, Config{})
		if _, err := c.Receive(); err != nil {
			t.Fatal(err)
		}
		if got := c.InputWaiting(); got != tt.want {
			t.Errorf("%q: %v, want %v", tt.in, got, tt.want)
		}
	}
}

// TestInvalidUTF8: each was put to PostgreSQL 15 as text that ends there.
func TestInvalidUTF8(t *testing.T) {
	for in, want := range map[string]string{
		"a\xc3(":               "0xc3 0x28",
		"é\xe2(\xa1":           "0xe2 0x28 0xa1",
		"\xe2\x82":             "0xe2 0x82",
		"\xf0\x9f\x98'":        "0xf0 0x9f 0x98 0x27",
		"\xed\xa0\x80":         "0xed 0xa0 0x80",
		"\xf4\x90\x80\x80":     "0xf4 0x90 0x80 0x80",
		"\xc0\x80":             "0xc0 0x80",
		"\xf8\x88\x80\x80\x80": "0xf8",
		"\x80":                 "0x80",
		"\xe2":                 "0xe2",
	} {
		e := InvalidUTF8([]byte(in))
		if e == nil || e.Code != sqlstate.CharacterNotInRepertoire ||
			e.Message != `invalid byte sequence for encoding "UTF8": `+want {
			t.Errorf("%q: %v, want %s", in, e, want)
		}
	}
	if e := InvalidUTF8([]byte("aé€😀\uFFFD")); e != nil {
		t.Errorf("valid text: %v", e)
	}
}

func encode(t testing.TB, m pgproto3.FrontendMessage, to []byte) []byte {
	t.Helper()
	b, err := m.Encode(to)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
