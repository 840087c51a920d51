package wire

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Conn is the message stream over one connection. One goroutine reads and writes;
// Interrupt, Rouse, SetReadDeadline, PeerGone and Close may be called from any.
type Conn struct {
	net net.Conn // what was accepted: TLS lies between it and in, out
	cfg Config
	in  *input
	out output
	tls *TLS // nil: not encrypted

	*messages
	message  []byte // the last one's bytes
	oversize bool   // a message refers to more than a large buffer

	outOfStep bool // a frame was broken: where the next message begins is unknown

	deadlines struct {
		sync.Mutex
		interrupted bool
		parking
	}
	closeOnce sync.Once
	closeErr  error
}

// messages are those that Receive returns, one of each kind, used again and again.
type messages struct {
	query    pgproto3.Query
	parse    pgproto3.Parse
	bind     pgproto3.Bind
	describe pgproto3.Describe
	execute  pgproto3.Execute
	close    pgproto3.Close
	copyData pgproto3.CopyData
}

// New makes a Conn of an accepted connection, which it owns from then on.
func New(conn net.Conn, cfg Config) *Conn {
	cfg = cfg.withDefaults()
	keepAlive(conn)
	s := newSocket(conn)
	return &Conn{net: conn, cfg: cfg, in: newInput(conn, s), out: output{dst: conn, socket: s, timeout: cfg.WriteTimeout}}
}

// keepAlive finds peers that vanished without a word. The times are Linux's own
// defaults cut short: a dead client is noticed after about two minutes.
func keepAlive(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		// An error means that the connection is gone already: the next read says so.
		_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{
			Enable: true, Idle: time.Minute, Interval: 10 * time.Second, Count: 6,
		})
	}
}

// RemoteAddr is the client's address.
func (c *Conn) RemoteAddr() net.Addr { return c.net.RemoteAddr() }

// LocalAddr is the address that the client connected to.
func (c *Conn) LocalAddr() net.Addr { return c.net.LocalAddr() }

// SetReadDeadline bounds the wait of Receive; a zero time means no bound. A
// Receive that it ends returns os.ErrDeadlineExceeded and loses nothing: the next
// one goes on in the middle of the message. After Interrupt it does nothing.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	if c.deadlines.interrupted {
		return nil
	}
	return c.net.SetReadDeadline(t)
}

// Interrupt ends a Receive that waits, and every later one that would have to,
// with os.ErrDeadlineExceeded. Unlike a deadline it can't be taken back, so a
// session that is setting its own deadline at this moment does not miss it.
// Writing still works.
func (c *Conn) Interrupt() {
	c.deadlines.Lock()
	c.deadlines.interrupted = true
	_ = c.net.SetReadDeadline(aLongTimeAgo) // fails on a closed connection only
	c.deadlines.Unlock()
	c.unpark()
}

// Close closes the connection; output that was not flushed is lost. Only the
// first call does anything.
func (c *Conn) Close() error {
	c.closeOnce.Do(func() {
		c.Interrupt()
		c.closeErr = c.net.Close()
	})
	return c.closeErr
}

// Bounds of Hangup's wait for the client to stop sending.
const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 256 << 10
)

// Hangup flushes what is left and closes. It must be called by the goroutine that
// reads; the Conn is of no use afterwards.
//
// After a broken frame the client is probably still sending, and input that
// nobody read makes the kernel reset the connection: the client would lose the
// message that says why. So the output is closed first and what still comes is
// thrown away, within bounds.
func (c *Conn) Hangup() error {
	err := c.Flush()
	if err == nil {
		c.sayGoodbyeTLS()
	}
	half, ok := c.net.(interface{ CloseWrite() error })
	if ok && c.outOfStep && err == nil && half.CloseWrite() == nil {
		_ = c.net.SetReadDeadline(time.Now().Add(lingerTime))
		_, _ = io.CopyN(io.Discard, c.net, lingerBytes) // ends by EOF, deadline or size: all are fine
	}
	c.in.release()
	return errors.Join(err, c.Close())
}

// IsTimeout tells a Receive that a deadline or Interrupt ended from one that failed.
func IsTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
