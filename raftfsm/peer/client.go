package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"seqd/protocol/sqlstate"
)

// Client calls one peer over one connection, which it dials when it is first
// needed and again after it broke. It is shared by all who call that peer.
type Client struct {
	t      *Transport
	addr   string
	stream StreamType

	mu      sync.Mutex
	conn    *clientConn
	attempt *attempt // under way, or nil
}

// attempt is one dialling, shared by all who wait for it.
type attempt struct {
	done chan struct{}
	conn *clientConn
	err  error
}

// Call has the peer's handler answer, and waits for it as long as ctx allows. The
// error is the handler's own as *sqlstate.Error, or is ErrNotSent or ErrLost. A ctx
// that ends takes the call back if it still can, or has the handler's ctx ended.
func (c *Client) Call(ctx context.Context, kind byte, body []byte) ([]byte, error) {
	if len(body) > MaxBody {
		return nil, sqlstate.Errorf(sqlstate.ProgramLimitExceeded, "a request of %d bytes to another node exceeds the limit of %d bytes", len(body), MaxBody)
	}
	if err := ctx.Err(); err != nil {
		return nil, notSent(err)
	}
	for {
		conn, err := c.connection(ctx)
		if err != nil {
			return nil, notSent(err)
		}
		reply, err := conn.call(ctx, kind, body)
		if err == errStale {
			continue // it broke before we came: nothing was even queued
		}
		return reply, err
	}
}

// connection returns the open connection, or waits for one to be dialled.
func (c *Client) connection(ctx context.Context) (*clientConn, error) {
	c.mu.Lock()
	if c.conn != nil && !c.conn.isBroken() {
		defer c.mu.Unlock()
		return c.conn, nil
	}
	a := c.attempt
	if a == nil {
		a = &attempt{done: make(chan struct{})}
		if !c.t.spawn(func() { c.dial(a) }) {
			c.mu.Unlock()
			return nil, ErrClosed
		}
		c.attempt = a
	}
	c.mu.Unlock()
	select {
	case <-a.done:
		return a.conn, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *Client) dial(a *attempt) {
	conn, err := c.t.dial(c.addr, c.stream, handshakeTimeout)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attempt, c.conn = nil, nil
	if err == nil {
		a.conn = newClientConn(conn)
		if c.t.spawn(a.conn.run) {
			c.conn = a.conn
		} else {
			_ = conn.Close()
			a.conn, err = nil, ErrClosed
		}
	}
	a.err = err
	close(a.done)
}

// clientConn is one connection as the caller sees it.
type clientConn struct {
	*link
	lastID uint64           // guarded by link.mu, as is
	calls  map[uint64]*call // what waits for a reply
	free   sync.Pool        // of *call
}

type call struct {
	done  chan struct{} // gets a value when reply and err are set
	place uint64        // of its frame in the stream
	reply []byte
	err   error
}

// errStale: the connection was broken before the call was queued.
var errStale = errors.New("stale connection")

func newClientConn(conn net.Conn) *clientConn {
	return &clientConn{
		link: newLink(conn), calls: map[uint64]*call{},
		free: sync.Pool{New: func() any { return &call{done: make(chan struct{}, 1)} }},
	}
}

func (c *clientConn) isBroken() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

func (c *clientConn) call(ctx context.Context, kind byte, body []byte) ([]byte, error) {
	switch err := c.reserve(ctx.Done()); err {
	case nil:
	case errGivenUp:
		return nil, notSent(ctx.Err())
	default:
		return nil, errStale
	}
	k := c.free.Get().(*call)
	c.lastID++
	id := c.lastID
	k.place = c.put(frameCall, kind, id, body)
	c.calls[id] = k
	c.mu.Unlock()
	c.ring()

	select {
	case <-k.done:
	case <-ctx.Done():
		if err := c.giveUp(id, k, ctx.Err()); err != nil {
			return nil, err
		}
		<-k.done // it was answered at that moment
	}
	reply, err := k.reply, k.err
	k.reply, k.err = nil, nil
	c.free.Put(k)
	return reply, err
}

// giveUp ends a call whose ctx ended. nil means that it was answered meanwhile.
func (c *clientConn) giveUp(id uint64, k *call, cause error) error {
	c.mu.Lock()
	if c.calls[id] != k {
		c.mu.Unlock()
		return nil
	}
	delete(c.calls, id)
	back := c.takeBack(k.place)
	if !back {
		// Also beyond the queue's limit: it is small, and must not wait.
		c.put(frameCancel, 0, id, nil)
	}
	c.mu.Unlock()
	c.free.Put(k)
	if back {
		return notSent(cause)
	}
	c.ring()
	return lost(cause)
}

// run reads replies until the connection breaks, and then fails what waits.
func (c *clientConn) run() {
	var wg sync.WaitGroup
	wg.Go(func() { c.fail(c.write()) })
	wg.Go(func() { c.watch(pingEvery, deadAfter, true) })
	c.fail(c.read())
	wg.Wait()

	c.mu.Lock()
	defer c.mu.Unlock()
	for id, k := range c.calls {
		delete(c.calls, id)
		if k.place < c.taken {
			k.err = lost(c.broken)
		} else {
			k.err = notSent(c.broken)
		}
		k.done <- struct{}{}
	}
}

func (c *clientConn) read() error {
	r := newFrameReader(c.conn)
	for {
		f, err := r.next()
		if err != nil {
			return err
		}
		c.heard.Store(true)
		var failed error
		switch f.typ {
		case frameReply:
		case frameError:
			e, err := decodeError(f.body)
			if err != nil {
				return err
			}
			failed, f.body = e, nil
		case framePong:
			continue
		default:
			return fmt.Errorf("%w: type %d from the side that answers", errFrame, byte(f.typ))
		}
		c.mu.Lock()
		k := c.calls[f.id]
		if k != nil {
			delete(c.calls, f.id)
		}
		c.mu.Unlock()
		if k != nil { // else given up
			k.reply, k.err = f.body, failed
			k.done <- struct{}{}
		}
	}
}

func notSent(cause error) error { return fmt.Errorf("%w: %w", ErrNotSent, cause) }

func lost(cause error) error { return fmt.Errorf("%w: %w", ErrLost, cause) }
