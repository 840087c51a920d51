package wire

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// A goroutine that waits for a client keeps its stack, which Go never cuts below 4 KiB
// once it was deeper. So a connection whose client has been silent for long is parked:
// its goroutine ends, a Poller waits for all that are parked, and another goroutine goes
// on when there is something to read.

// parking is what Rouse and Park have left, under Conn.deadlines.
type parking struct {
	roused bool   // and nobody has taken note
	ready  func() // not nil: parked
	poller *Poller
}

// Rouse ends an Await that waits, with os.ErrDeadlineExceeded, or the next one that would
// have to; it does not concern Receive. May be called from any goroutine.
func (c *Conn) Rouse() {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	if c.deadlines.interrupted || c.deadlines.ready != nil {
		return
	}
	c.deadlines.roused = true
	_ = c.net.SetReadDeadline(aLongTimeAgo)
}

// aLongTimeAgo as a deadline ends a read at once.
var aLongTimeAgo = time.Unix(1, 0)

// Roused tells whether there was a Rouse since it was last asked, and does away with all
// deadlines if so.
func (c *Conn) Roused() bool {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	roused := c.deadlines.roused
	c.deadlines.roused = false
	if roused && !c.deadlines.interrupted {
		_ = c.net.SetReadDeadline(time.Time{}) // fails on a closed connection only
	}
	return roused
}

// rousedFrom tells whether err is of a Rouse, which concerns nobody but Await.
func (c *Conn) rousedFrom(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && c.Roused()
}

// Park has p wait for input instead of the caller, who has found nothing in Ahead. ready
// is called once, by another goroutine and without waiting, when there is input, or when
// the connection is interrupted or closed. It returns false if the connection can't be
// parked: then ready is not called.
func (c *Conn) Park(p *Poller, ready func()) bool {
	conn, ok := c.net.(syscall.Conn)
	if !ok || p == nil {
		return false
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	if c.deadlines.interrupted || !p.add(c, raw) {
		return false
	}
	c.deadlines.ready, c.deadlines.poller = ready, p
	c.messages, c.message = nil, nil
	return true
}

// unpark calls ready if the connection is parked.
func (c *Conn) unpark() {
	c.deadlines.Lock()
	ready, p := c.deadlines.ready, c.deadlines.poller
	c.deadlines.ready, c.deadlines.poller = nil, nil
	c.deadlines.Unlock()
	if ready != nil {
		p.remove(c)
		ready()
	}
}
