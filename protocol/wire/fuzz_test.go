package wire

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/sqlstate"
)

// FuzzStartup: whatever arrives, start-up ends with just one of a Startup, a
// CancelRequest and an error. testdata holds what psql, pgbench, pgx and lib/pq
// send to PostgreSQL 15.
func FuzzStartup(f *testing.F) {
	for _, seed := range [][]byte{
		ordinary, join(sslRequest, ordinary), join(gssRequest, ordinary), packet(v32+7, "user\x00u\x00_pq_.x\x00\x00\x00"),
		packet(cancelRequestCode, 1, "key4"), raw("GET / HTTP/1.1\r\n\r\n"), packet(2<<16, "user\x00\x00"),
	} {
		f.Add(seed)
	}
	config := withTLS(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		if _, _, err := New(&fakeConn{in: in}, config).Startup(); err != nil {
			checkFatal(t, err)
		}
		c := New(&fakeConn{in: in}, Config{})
		startup, cancel, err := c.Startup()
		results := 0
		if startup != nil {
			results++
			checkStartup(t, startup)
		}
		if cancel != nil {
			results++
			if n := len(cancel.SecretKey); n < minCancelKeyLen || n > maxCancelKeyLen {
				t.Errorf("a cancel key of %d bytes", n)
			}
		}
		if err != nil {
			results++
			checkFatal(t, err)
		}
		if results != 1 {
			t.Errorf("%d results: %+v, %+v, %v", results, startup, cancel, err)
		}
	})
}

func checkStartup(t *testing.T, s *Startup) {
	t.Helper()
	if s.User == "" || s.Database == "" || len(s.User) >= nameDataLen || len(s.Database) >= nameDataLen {
		t.Errorf("user %q, database %q", s.User, s.Database)
	}
	if s.ProtocolVersion != v30 && s.ProtocolVersion != v32 {
		t.Errorf("version %#x", s.ProtocolVersion)
	}
	for _, p := range s.Parameters {
		if p.Name == "" || bytes.IndexByte([]byte(p.Name+p.Value), 0) >= 0 {
			t.Errorf("parameter %q", p)
		}
	}
}

func checkFatal(t *testing.T, err error) {
	t.Helper()
	var e *sqlstate.Error
	if !errors.As(err, &e) {
		t.Fatalf("not a *sqlstate.Error: %v", err)
	}
	if e.Severity != sqlstate.SeverityFatal || e.Code == "" || e.Message == "" {
		t.Errorf("an incomplete error: %+v", e)
	}
}

// FuzzPassword: whatever answers a request for a password, it is a message of the
// kind asked for or an error that ends the connection.
func FuzzPassword(f *testing.F) {
	for _, seed := range [][]byte{
		message('p', "secret\x00"), message('p', "SCRAM-SHA-256\x00", 10, "n,,n=,r=xy"), message('p', "SCRAM-SHA-256\x00", -1),
		message('p', "c=biws,r=xy,p=AAAA"), message('p'), announce('p', 1<<20), message('Q', "select 1\x00"), message('p', "X\x00", 99, "n"),
	} {
		for _, kind := range []uint32{pgproto3.AuthTypeCleartextPassword, pgproto3.AuthTypeSASL, pgproto3.AuthTypeSASLContinue} {
			f.Add(seed, kind)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, kind uint32) {
		if kind != pgproto3.AuthTypeSASL && kind != pgproto3.AuthTypeSASLContinue {
			kind = pgproto3.AuthTypeCleartextPassword
		}
		msg, err := New(&fakeConn{in: in, chunk: 7}, Config{}).ReceivePassword(kind)
		if err != nil {
			if msg != nil {
				t.Errorf("both %T and %v", msg, err)
			}
			if err != io.EOF && err != io.ErrUnexpectedEOF {
				checkFatal(t, err)
			}
			return
		}
		switch msg.(type) {
		case *pgproto3.PasswordMessage, *pgproto3.SASLInitialResponse, *pgproto3.SASLResponse:
		default:
			t.Errorf("got %T", msg)
		}
	})
}

// FuzzMessages: a message is accepted only if encoding it gives the very bytes
// that came; texts are valid UTF-8; after a malformed one the stream goes on; and
// the cuts in the input make no difference.
func FuzzMessages(f *testing.F) {
	for _, seed := range [][]byte{
		message('Q', "select nextval('s')\x00"),
		join(message('P', "s\x00select $1\x00", int16(1), 20), message('D', "Ss\x00"), message('S')),
		join(message('B', "\x00s\x00", int16(1), int16(1), int16(2), -1, 2, "ab", int16(0)), message('E', "\x00", 0), message('H')),
		join(message('C', "Pp\x00"), message('X')), message('F', 1574, int16(0), int16(0), int16(0)),
		join(message('d', "x"), message('c'), message('f', "x\x00")), announce('Q', 1<<20), message('y'),
	} {
		f.Add(seed, byte(3))
	}
	f.Fuzz(func(t *testing.T, in []byte, chunk byte) {
		cfg := Config{MaxMessageSize: 1 << 16}
		whole := receiveAll(t, New(&fakeConn{in: in}, cfg), in)
		pieces := receiveAll(t, New(&fakeConn{in: in, chunk: max(1, int(chunk))}, cfg), in)
		if whole != pieces {
			t.Errorf("in pieces of %d: %+v, whole: %+v", chunk, pieces, whole)
		}
	})
}

// reception is what became of an input.
type reception struct {
	messages, malformed int
	consumed            int
	end                 string
}

// receiveAll receives messages to the end of in.
func receiveAll(t *testing.T, c *Conn, in []byte) reception {
	var r reception
	for {
		waiting := c.InputWaiting()
		msg, err := c.Receive()
		var bad *Malformed
		switch {
		case errors.As(err, &bad):
			if bad.Err.Severity != sqlstate.SeverityError || bad.Err.Message == "" {
				t.Fatalf("an incomplete error: %+v", bad.Err)
			}
			r.malformed++
			r.consumed += frameSize(in[r.consumed:])
			continue
		case err != nil:
			if waiting && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
				t.Fatalf("a message was said to wait, then %v", err)
			}
			if err != io.EOF && err != io.ErrUnexpectedEOF {
				checkFatal(t, err)
			}
			if err == io.EOF && r.consumed != len(in) {
				t.Fatalf("%d bytes of %d were consumed", r.consumed, len(in))
			}
			r.end = err.Error()
			return r
		}
		frame := in[r.consumed : r.consumed+frameSize(in[r.consumed:])]
		checkMessage(t, msg, frame)
		r.messages++
		r.consumed += len(frame)
	}
}

func frameSize(b []byte) int {
	return 1 + int(uint32(b[1])<<24|uint32(b[2])<<16|uint32(b[3])<<8|uint32(b[4]))
}

func checkMessage(t *testing.T, msg pgproto3.FrontendMessage, frame []byte) {
	t.Helper()
	var texts []string
	switch m := msg.(type) {
	case *pgproto3.CopyDone, *pgproto3.CopyFail, *pgproto3.Terminate, *pgproto3.FunctionCall:
		return // their bodies are not looked at, or not to the end
	case *pgproto3.Query:
		texts = []string{m.String}
	case *pgproto3.Parse:
		texts = []string{m.Name, m.Query}
	case *pgproto3.Bind:
		texts = []string{m.DestinationPortal, m.PreparedStatement}
	case *pgproto3.Describe:
		texts = []string{m.Name}
	case *pgproto3.Close:
		texts = []string{m.Name}
	case *pgproto3.Execute:
		texts = []string{m.Portal}
	}
	for _, text := range texts {
		if !utf8.ValidString(text) {
			t.Fatalf("%T has invalid text %q", msg, text)
		}
	}
	if again := encode(t, msg, nil); !bytes.Equal(again, frame) {
		t.Fatalf("%T: encoded %q, came as %q", msg, again, frame)
	}
}
