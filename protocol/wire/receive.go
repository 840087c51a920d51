package wire

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/sqlstate"
)

// Malformed is a message whose frame is whole and whose body is not. The stream
// is still in step: the next Receive returns the next message.
type Malformed struct {
	Type byte // the message's type
	Err  *sqlstate.Error
}

// Error implements error.
func (m *Malformed) Error() string { return m.Err.Error() }

// Unwrap returns Err.
func (m *Malformed) Unwrap() error { return m.Err }

// Extended tells whether the message is of the extended query protocol. After an
// error in one of those everything up to Sync is ignored; after an error in any
// other (Query, FunctionCall, Sync itself) ReadyForQuery follows at once.
func (m *Malformed) Extended() bool {
	switch m.Type {
	case 'P', 'B', 'D', 'E', 'C', 'H':
		return true
	}
	return false
}

// Receive returns the next message. It and all that it refers to, Bind's
// parameters above all, are valid until the next Receive; strings are valid for
// good. The texts in it are valid UTF-8, parameter values excepted.
//
// io.EOF means that the client left between two messages, io.ErrUnexpectedEOF in
// the middle of one. Other errors: see the package comment.
func (c *Conn) Receive() (pgproto3.FrontendMessage, error) {
	if c.oversize {
		c.forget()
	}
	typ, body, err := c.frame()
	if err != nil {
		return nil, err
	}
	msg, bad := c.decode(typ, body)
	if bad != nil {
		return nil, &Malformed{Type: typ, Err: bad}
	}
	return msg, nil
}

// frame reads one message. Type and length are checked as soon as they are there,
// in this order, as SocketBackend does.
func (c *Conn) frame() (typ byte, body []byte, err error) {
	if err := c.fill(1); err != nil {
		return 0, nil, err
	}
	typ = c.in.bytes()[0]
	if e := c.cfg.checkLength(typ, 4); e != nil {
		c.outOfStep = true
		return 0, nil, e
	}
	if err := c.fill(5); err != nil {
		return 0, nil, cutShort(err)
	}
	length := binary.BigEndian.Uint32(c.in.bytes()[1:5])
	if e := c.cfg.checkLength(typ, length); e != nil {
		c.outOfStep = true
		return 0, nil, e
	}
	return c.body(typ, int(length))
}

// body reads the rest of a message whose header is in the buffer.
func (c *Conn) body(typ byte, length int) (byte, []byte, error) {
	size := 1 + length
	if err := c.fill(size); err != nil {
		return 0, nil, cutShort(err)
	}
	c.message = c.in.bytes()[:size:size]
	body := c.message[5:]
	c.in.discard(size)
	c.oversize = size > largeBuffer
	return typ, body, nil
}

// fill is input.fill for those whom Rouse does not concern.
func (c *Conn) fill(n int) error {
	err := c.in.fill(n)
	for err != nil && c.rousedFrom(err) {
		err = c.in.fill(n)
	}
	return err
}

// cutShort: an end of file in the middle of a message is not the goodbye that
// io.EOF stands for.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// forget lets go of a large message. It is rare, and inlined it would make the stack of
// who waits larger.
//
//go:noinline
func (c *Conn) forget() {
	c.messages, c.message = nil, nil
	c.oversize = false
}

// InputWaiting tells whether Receive would return without waiting for the client:
// a whole message is here. Answers to a pipeline can be flushed when it says no.
func (c *Conn) InputWaiting() bool {
	b := c.in.bytes()
	if len(b) < 5 {
		return false
	}
	length := binary.BigEndian.Uint32(b[1:5])
	return c.cfg.checkLength(b[0], length) != nil || uint64(len(b)) > uint64(length)
}
