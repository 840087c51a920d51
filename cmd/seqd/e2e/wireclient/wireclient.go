// Package wireclient is a PostgreSQL client that hides nothing: it sends the
// messages it is told to, and hands out every message of the server as it came.
// The scenario and dialogue tests look through it.
package wireclient

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Timeout is how long an answer may take before a test gives up.
const Timeout = 20 * time.Second

// ErrClosed says that the server has closed the connection.
var ErrClosed = errors.New("connection closed by the server")

// ErrNotMessage says that the server sent what is no message of protocol 3.
var ErrNotMessage = errors.New("not a message of protocol 3")

// Conn is one connection. Its methods are for one goroutine.
type Conn struct {
	// PID and SecretKey are what BackendKeyData said.
	PID       uint32
	SecretKey []byte

	nc       net.Conn
	frontend *pgproto3.Frontend
	incoming chan pgproto3.BackendMessage
	readErr  error // why read ended; valid once incoming is closed
}

// Dial opens a connection and sends nothing.
func Dial(addr string) (*Conn, error) {
	nc, err := net.DialTimeout("tcp", addr, Timeout)
	if err != nil {
		return nil, err
	}
	return &Conn{nc: nc, frontend: pgproto3.NewFrontend(nc, nc)}, nil
}

// Connect opens a connection and starts a session, which must be let in without a
// password. It returns what the server said up to ReadyForQuery.
func Connect(addr string, params map[string]string) (*Conn, []pgproto3.BackendMessage, error) {
	c, err := Dial(addr)
	if err != nil {
		return nil, nil, err
	}
	startup := &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: params}
	if err := c.Send(startup); err != nil {
		c.Close()
		return nil, nil, err
	}
	var all []pgproto3.BackendMessage
	for {
		m, err := c.Receive(Timeout)
		if err != nil {
			return c, all, err
		}
		all = append(all, m)
		if k, ok := m.(*pgproto3.BackendKeyData); ok {
			c.PID, c.SecretKey = k.ProcessID, k.SecretKey
		}
		if _, ok := m.(*pgproto3.ReadyForQuery); ok {
			return c, all, nil
		}
	}
}

// Cancel sends a CancelRequest for pid on a connection of its own, and waits for
// the server to close that, as it does whether or not the key fits.
func Cancel(addr string, pid uint32, key []byte) error {
	c, err := Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Send(&pgproto3.CancelRequest{ProcessID: pid, SecretKey: key}); err != nil {
		return err
	}
	if b, err := c.ReceiveByte(); !errors.Is(err, ErrClosed) {
		return fmt.Errorf("answer to a CancelRequest: %q, %v", b, err)
	}
	return nil
}

// Send writes the messages in one piece.
func (c *Conn) Send(msgs ...pgproto3.FrontendMessage) error {
	var buf []byte
	for _, m := range msgs {
		var err error
		if buf, err = m.Encode(buf); err != nil {
			return err
		}
	}
	return c.SendRaw(buf)
}

// SendRaw writes bytes that need be no message.
func (c *Conn) SendRaw(b []byte) error {
	if err := c.nc.SetWriteDeadline(time.Now().Add(Timeout)); err != nil {
		return err
	}
	_, err := c.nc.Write(b)
	return err
}

// ReceiveByte reads the one byte that answers SSLRequest and GSSENCRequest. It
// may only be called before the first Receive.
func (c *Conn) ReceiveByte() (byte, error) {
	if c.incoming != nil {
		return 0, errors.New("wireclient: ReceiveByte after Receive")
	}
	if err := c.nc.SetReadDeadline(time.Now().Add(Timeout)); err != nil {
		return 0, err
	}
	defer c.nc.SetReadDeadline(time.Time{})
	var b [1]byte
	if _, err := io.ReadFull(c.nc, b[:]); err != nil {
		return 0, closedOr(err)
	}
	return b[0], nil
}

// Receive returns the server's next message, or os.ErrDeadlineExceeded when none
// has come within d; it may then be called again.
func (c *Conn) Receive(d time.Duration) (pgproto3.BackendMessage, error) {
	if c.incoming == nil {
		c.incoming = make(chan pgproto3.BackendMessage, 1024)
		go c.read()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case m, ok := <-c.incoming:
		if !ok {
			return nil, closedOr(c.readErr)
		}
		return m, nil
	case <-timer.C:
		return nil, fmt.Errorf("no message within %v: %w", d, os.ErrDeadlineExceeded)
	}
}

// read runs until the connection ends, so that a waiting statement can be watched
// without a deadline that might cut a message in two.
func (c *Conn) read() {
	defer close(c.incoming)
	for {
		m, err := c.frontend.Receive()
		if err != nil {
			c.readErr = err
			return
		}
		c.incoming <- clone(m)
	}
}

// Close closes the socket without a Terminate.
func (c *Conn) Close() error {
	err := c.nc.Close()
	if c.incoming != nil {
		for range c.incoming { // let read end
		}
	}
	return err
}

// Terminate ends the session politely and waits until the server has let go.
func (c *Conn) Terminate() {
	if c.Send(&pgproto3.Terminate{}) == nil {
		deadline := time.Now().Add(Timeout)
		for time.Now().Before(deadline) {
			if _, err := c.Receive(time.Until(deadline)); err != nil {
				break
			}
		}
	}
	_ = c.Close()
}

// clone copies a message, because Frontend reuses the one that it hands out.
func clone(m pgproto3.BackendMessage) pgproto3.BackendMessage {
	const header = 5
	b, err := m.Encode(nil)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", m, err)) // it was decoded a moment ago
	}
	if int(binary.BigEndian.Uint32(b[1:])) != len(b)-1 {
		panic(fmt.Sprintf("%T: not one message", m))
	}
	c := reflect.New(reflect.TypeOf(m).Elem()).Interface().(pgproto3.BackendMessage)
	if err := c.Decode(b[header:]); err != nil {
		panic(fmt.Sprintf("decode %T: %v", m, err))
	}
	return c
}

// closedOr tells the end of a connection from an answer that is no message.
func closedOr(err error) error {
	var ne *net.OpError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &ne):
		return ErrClosed
	default:
		return fmt.Errorf("%w: %v", ErrNotMessage, err)
	}
}
