package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/sqlstate"
)

// judge, if set, is the host:port of a PostgreSQL 15 that the tables of this
// package are put to instead of to Conn: that is how their expectations are
// checked. It needs superuser postgres with trust authentication.
var judge = os.Getenv("SEQD_WIRE_JUDGE")

// dial connects to the judge, or to a server of one connection that has no more
// to it than a Conn and serve.
func dial(t *testing.T, cfg Config, serve func(*Conn)) *net.TCPConn {
	t.Helper()
	addr := judge
	if addr == "" {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr = ln.Addr().String()
		done := make(chan struct{})
		t.Cleanup(func() { ln.Close(); <-done })
		go func() {
			defer close(done)
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			c := New(conn, cfg)
			serve(c)
			_ = c.Hangup() // the client may be gone
		}()
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// transcript reads messages until the connection ends or stop says so, one line
// each.
func transcript(r io.Reader, stop func(line string) bool) []string {
	var lines []string
	for {
		line, err := readMessage(r)
		if err != nil {
			return append(lines, "closed")
		}
		lines = append(lines, line)
		if stop(line) {
			return lines
		}
	}
}

// readMessage reads one message, or the single byte that answers an encryption
// request, as a line of text.
func readMessage(r io.Reader) (string, error) {
	var header [5]byte
	if _, err := io.ReadFull(r, header[:1]); err != nil {
		return "", err
	}
	if header[0] == 'N' {
		return "N", nil // NoticeResponse has the same letter, but none is expected here
	}
	if _, err := io.ReadFull(r, header[1:]); err != nil {
		return "", err
	}
	if string(header[:]) == "EFATA" { // the error form of protocol 2
		rest, err := io.ReadAll(r)
		return fmt.Sprintf("%q", "EFATA"+string(rest)), err
	}
	body := make([]byte, binary.BigEndian.Uint32(header[1:])-4)
	if _, err := io.ReadFull(r, body); err != nil {
		return "", err
	}
	return describe(header[0], body), nil
}

func describe(typ byte, body []byte) string {
	switch typ {
	case 'E':
		var e pgproto3.ErrorResponse
		if err := e.Decode(body); err != nil {
			return err.Error()
		}
		line := fmt.Sprintf("%s %s %s", e.SeverityUnlocalized, e.Code, e.Message)
		for _, field := range []string{e.Detail, e.Hint} {
			if field != "" {
				line += " | " + field
			}
		}
		return line
	case 'v':
		var v pgproto3.NegotiateProtocolVersion
		if err := v.Decode(body); err != nil {
			return err.Error()
		}
		return fmt.Sprintf("NegotiateProtocolVersion %d.%d %s", v.NewestMinorProtocol>>16,
			v.NewestMinorProtocol&0xffff, strings.Join(v.UnrecognizedOptions, ","))
	case 'R':
		return fmt.Sprintf("Authentication %d", binary.BigEndian.Uint32(body))
	}
	return string(typ)
}

// serveStartup answers start-up packets as a server would.
func serveStartup(c *Conn) (*Startup, bool) {
	startup, _, err := c.Startup()
	if err != nil {
		var e *sqlstate.Error
		if errors.As(err, &e) && !errors.Is(err, ErrHangup) {
			c.SendError(e)
		}
		return nil, false
	}
	if startup != nil {
		c.Send(&pgproto3.AuthenticationOk{})
	}
	return startup, startup != nil
}

// packet is a start-up packet of the words and texts given.
func packet(parts ...any) []byte {
	body := raw(parts...)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)
}

// message is a message of the type and the parts given.
func message(typ byte, parts ...any) []byte {
	return append([]byte{typ}, packet(parts...)...)
}

// announce is a header alone, with a length of one's own.
func announce(typ byte, length uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{typ}, length)
}

func raw(parts ...any) []byte {
	var b []byte
	for _, part := range parts {
		switch part := part.(type) {
		case int:
			b = binary.BigEndian.AppendUint32(b, uint32(part))
		case int16:
			b = binary.BigEndian.AppendUint16(b, uint16(part))
		case string:
			b = append(b, part...)
		case []byte:
			b = append(b, part...)
		default:
			panic(fmt.Sprintf("unexpected %T", part))
		}
	}
	return b
}

func join(parts ...[]byte) []byte {
	var b []byte
	for _, part := range parts {
		b = append(b, part...)
	}
	return b
}
