package server

import (
	"context"
	"crypto/rand"
	"sync"

	"seqd/protocol/sqlstate"
	"seqd/protocol/wire"
)

// Client is one connection whose start-up packet has been read.
type Client struct {
	Conn    *wire.Conn
	Startup *wire.Startup
	// PID and Secret are for BackendKeyData. PID is 0 during authentication.
	PID    uint32
	Secret []byte

	mu          sync.Mutex
	onCancel    func()
	onTerminate func(cause *sqlstate.Error)
	cause       *sqlstate.Error         // not nil: terminated
	endContext  context.CancelCauseFunc // of the context that Serve gets
}

func newClient(conn *wire.Conn, startup *wire.Startup) *Client {
	secret := make([]byte, startup.SecretLen())
	rand.Read(secret) // never fails
	return &Client{Conn: conn, Startup: startup, Secret: secret}
}

// OnCancel sets what a CancelRequest does. f is called from another goroutine,
// possibly when no statement is running, and must not wait.
func (c *Client) OnCancel(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onCancel = f
}

// OnTerminate sets what is done, beyond ending the context, when the session has
// to end; for a client that is terminated already f is called at once. f must not
// wait. After it Receive ends by a timeout instead of waiting (wire.Conn.Interrupt).
func (c *Client) OnTerminate(f func(cause *sqlstate.Error)) {
	c.mu.Lock()
	c.onTerminate = f
	cause := c.cause
	c.mu.Unlock()
	if cause != nil {
		f(cause)
	}
}

func (c *Client) cancel() {
	c.mu.Lock()
	f := c.onCancel
	c.mu.Unlock()
	if f != nil {
		f()
	}
}

// terminate makes the session end; the first cause counts.
func (c *Client) terminate(cause *sqlstate.Error) {
	c.mu.Lock()
	if c.cause != nil {
		c.mu.Unlock()
		return
	}
	c.cause = cause
	f, endContext := c.onTerminate, c.endContext
	c.mu.Unlock()
	if f != nil {
		f(cause)
	}
	if endContext != nil {
		endContext(cause)
	}
	c.Conn.Interrupt()
}

// context is what Serve gets.
func (c *Client) context() (context.Context, context.CancelCauseFunc) {
	ctx, end := context.WithCancelCause(context.Background())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endContext = end
	if c.cause != nil {
		end(c.cause)
	}
	return ctx, end
}
