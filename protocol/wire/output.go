package wire

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/sqlstate"
)

// Buffers for output, of two sizes.
var (
	smallOutputs = outputPool(smallOutput)
	largeOutputs = outputPool(flushThreshold + largeBuffer)
)

func outputPool(size int) *sync.Pool {
	return &sync.Pool{New: func() any { b := make([]byte, 0, size); return &b }}
}

// output is what is to be sent. It has a buffer only while there is something: a small
// one, and a large one for a large answer.
type output struct {
	dst    net.Conn
	socket *socket    // what dst is; nil: something else
	buf    []byte     // nil: nothing to be sent
	from   *sync.Pool // that lent is of
	lent   *[]byte
	err    error // the first failure; nothing is sent after it

	farewell bool // a FATAL error was sent

	timeout  time.Duration // of a wait for the client to read
	deadline time.Time     // that dst has
}

// room is buf to add to.
func (o *output) room() []byte {
	if o.buf == nil {
		o.use(smallOutputs)
	}
	return o.buf
}

// use moves what is to be sent to a buffer of the pool.
func (o *output) use(pool *sync.Pool) {
	lent := pool.Get().(*[]byte)
	buf := append((*lent)[:0], o.buf...)
	o.giveBack()
	o.buf, o.lent, o.from = buf, lent, pool
}

// giveBack leaves the output without a buffer.
func (o *output) giveBack() {
	if o.lent != nil {
		o.from.Put(o.lent)
	}
	o.buf, o.lent = nil, nil
}

func (o *output) flush() error {
	if o.err != nil || len(o.buf) == 0 {
		return o.err
	}
	if o.socket != nil {
		var rest []byte
		if rest, o.err = o.socket.send(o.buf); len(rest) > 0 && o.err == nil {
			o.wait(rest)
		}
	} else {
		o.extendDeadline()
		_, o.err = o.dst.Write(o.buf)
	}
	o.buf = o.buf[:0]
	return o.err
}

// wait writes what the socket has not taken at once.
func (o *output) wait(rest []byte) {
	if o.timeout > 0 {
		o.err = o.dst.SetWriteDeadline(time.Now().Add(o.timeout))
	}
	if o.err == nil {
		_, o.err = o.dst.Write(rest)
	}
	if o.timeout > 0 && o.err == nil { // or the next write would end by it
		o.err = o.dst.SetWriteDeadline(time.Time{})
	}
}

// extendDeadline sets the deadline anew only when half of it is used up: setting
// it costs more than reading the clock.
func (o *output) extendDeadline() {
	if o.timeout <= 0 {
		return
	}
	now := time.Now()
	if o.deadline.Sub(now) > o.timeout/2 {
		return
	}
	o.deadline = now.Add(o.timeout)
	if err := o.dst.SetWriteDeadline(o.deadline); err != nil {
		o.err = err
	}
}

// grown is called after a message was added to buf.
func (o *output) grown() {
	if len(o.buf) >= flushThreshold {
		_ = o.flush() // the error sticks, the next Flush returns it
		return
	}
	if o.from == smallOutputs && len(o.buf) > smallOutput/2 {
		o.use(largeOutputs)
	}
}

// Send adds a message to the output, which is written by Flush, or without it
// when it reaches 64 KiB. A message that can't be encoded or written makes every
// later Flush fail.
func (c *Conn) Send(msg pgproto3.BackendMessage) {
	buf, err := msg.Encode(c.out.room())
	if err != nil {
		c.out.err = errors.Join(c.out.err, err)
		return
	}
	c.out.buf = buf
	c.out.grown()
}

// SendError adds an ErrorResponse, or a NoticeResponse for a severity below ERROR.
func (c *Conn) SendError(e *sqlstate.Error) {
	if isFatal(e) {
		c.out.farewell = true
	}
	c.Send(Render(e))
}

// Flush writes the output with one system call. An answer that failed to be
// written can't be taken up again: the error stays.
func (c *Conn) Flush() error {
	err := c.out.flush()
	c.out.giveBack()
	return err
}

// Buffered is how many bytes of output wait for Flush.
func (c *Conn) Buffered() int { return len(c.out.buf) }

// Err is the first error of sending, nil while all went well: for long results,
// which need not be computed for a client that is gone.
func (c *Conn) Err() error { return c.out.err }

// SaidFarewell tells whether a FATAL error was sent: the client knows why the
// connection ends.
func (c *Conn) SaidFarewell() bool { return c.out.farewell }
