package drive

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/bench/result"
)

// conn is a session, with the bytes that came and were not looked at yet.
type conn struct {
	net  net.Conn
	buf  []byte // in[r:w] is unread
	r, w int
}

const (
	bufferMin = 32 << 10
	// messageMax bounds what a broken server can make us keep.
	messageMax = 1 << 20
)

func dial(ctx context.Context, server *pgconn.Config) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	pg, err := pgconn.ConnectConfig(ctx, server)
	if err != nil {
		return nil, err
	}
	h, err := pg.Hijack()
	if err != nil {
		return nil, err
	}
	return &conn{net: h.Conn, buf: make([]byte, bufferMin)}, h.Conn.SetDeadline(time.Time{})
}

// close ends the session and waits until the server has ended it: only then is known
// what it lost. The server closing first also leaves no used-up port behind here.
func (c *conn) close(deadline time.Time) {
	if c.net.SetDeadline(deadline) == nil {
		if _, err := c.net.Write([]byte{'X', 0, 0, 0, 4}); err == nil {
			_, _ = io.Copy(io.Discard, c.net)
		}
	}
	_ = c.net.Close()
}

// abandon closes without a word.
func (c *conn) abandon() { _ = c.net.Close() }

// cancel has whatever waits fail at once. From any goroutine.
func (c *conn) cancel() { _ = c.net.SetDeadline(time.Unix(1, 0)) }

// ask sends a message and reads all of its answer. An error of the server is in the
// answer.
func (c *conn) ask(message []byte, deadline time.Time) (answer result.Error, err error) {
	if err := c.net.SetDeadline(deadline); err != nil {
		return answer, err
	}
	if _, err := c.net.Write(message); err != nil {
		return answer, c.told(err)
	}
	var r received
	for !r.ready && err == nil {
		err = c.receive(&r, false)
	}
	if r.failed != nil {
		answer = *r.failed
	}
	return answer, err
}

// received is what the answers to one pipeline had so far.
type received struct {
	values, statements int64
	floor, top, below  int64 // largest value before; now; values not above floor
	failed             *result.Error
	ready              bool // nothing more comes
}

// receive waits for bytes once and looks at all whole messages. It allocates nothing
// unless the server tells of an error, or sends a message larger than the buffer.
func (c *conn) receive(r *received, binaryValues bool) error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if c.w == len(c.buf) {
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	}
	n, err := c.net.Read(c.buf[c.w:])
	if err != nil {
		return c.lost(r, err)
	}
	c.w += n
	return c.messages(r, binaryValues)
}

// messages looks at all whole messages that have come.
func (c *conn) messages(r *received, binaryValues bool) error {
	in, at := c.buf[c.r:c.w], 0
	for len(in)-at >= 5 {
		typ, size := in[at], 1+int(binary.BigEndian.Uint32(in[at+1:]))
		if size < 5 || size > messageMax {
			return fmt.Errorf("not the PostgreSQL protocol: message %q of %d bytes", typ, size)
		}
		if len(in)-at < size {
			c.r += at
			c.fit(size)
			return nil
		}
		body := in[at+5 : at+size]
		at += size
		switch typ {
		case '1', '2', 'T': // most of what comes: nothing that is counted
		case 'D':
			if err := r.row(body, binaryValues); err != nil {
				return err
			}
		case 'C':
			r.statements++
		case 'Z':
			r.ready = true
		case 'E':
			r.failed = serverError(body)
		case 'G', 'H', 'W':
			return errors.New("the server answers with COPY")
		}
	}
	c.r += at
	return nil
}

// fit makes room for a message that began at c.r.
func (c *conn) fit(size int) {
	if size > len(c.buf) {
		bigger := make([]byte, size)
		c.w = copy(bigger, c.buf[c.r:c.w])
		c.r, c.buf = 0, bigger
	}
}

var errNoAnswer = fmt.Errorf("no answer within %v", answerTimeout)

// lost makes an error of a failed read readable: what the server said before it hung
// up is the reason.
func (c *conn) lost(r *received, err error) error {
	switch {
	case r.failed != nil:
		return fmt.Errorf("%s (SQLSTATE %s)", r.failed.Message, r.failed.SQLState)
	case errors.Is(err, io.EOF):
		return errors.New("the server closed the connection")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errNoAnswer
	}
	return err
}

// told is lost for a failed write: the reason may have come, unread so far.
func (c *conn) told(err error) error {
	var r received
	_ = c.net.SetReadDeadline(time.Now().Add(time.Second))
	for !r.ready {
		if reading := c.receive(&r, false); reading != nil {
			break
		}
	}
	return c.lost(&r, err)
}

// row counts a row with a value.
func (r *received) row(body []byte, binaryValues bool) error {
	var v int64
	if binaryValues && len(body) == 14 && body[1] == 1 && body[5] == 8 { // one column, eight bytes
		v = int64(binary.BigEndian.Uint64(body[6:]))
	} else {
		var err error
		if v, err = value(body, binaryValues); err != nil {
			return err
		}
	}
	r.values++
	r.top = max(r.top, v)
	if v <= r.floor {
		r.below++
	}
	return nil
}

// value is the first column of a row.
func value(row []byte, isBinary bool) (int64, error) {
	if len(row) >= 6 && row[1] > 0 {
		if n := int(int32(binary.BigEndian.Uint32(row[2:]))); n > 0 && len(row) >= 6+n {
			text := row[6 : 6+n]
			if isBinary && n == 8 {
				return int64(binary.BigEndian.Uint64(text)), nil
			}
			if v, ok := decimal(text); ok {
				return v, nil
			}
		}
	}
	return 0, fmt.Errorf("not a value of a sequence: row %q", row)
}

func decimal(text []byte) (v int64, ok bool) {
	digits := text
	if text[0] == '-' {
		digits = text[1:]
	}
	if len(digits) == 0 || len(digits) > 19 {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	if text[0] == '-' {
		v = -v
	}
	return v, true
}

// serverError reads an ErrorResponse.
func serverError(body []byte) *result.Error {
	e := &result.Error{SQLState: "XX000", Message: "an error without a message"}
	for len(body) > 1 {
		text, rest, ok := strings.Cut(string(body[1:]), "\x00")
		if !ok {
			break
		}
		switch body[0] {
		case 'C':
			e.SQLState = text
		case 'M':
			e.Message = text
		}
		body = []byte(rest)
	}
	return e
}
