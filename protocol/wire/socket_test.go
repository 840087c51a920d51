//go:build unix

package wire

import (
	"bytes"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// TestSocketWaitsWithoutBuffer: input of a socket has a buffer only while there is
// some, of the size that the client needs; no byte is lost between the buffers.
func TestSocketWaitsWithoutBuffer(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			client, c := socketPair(t, network)
			send := func(lengths ...int) {
				t.Helper()
				var in []byte
				for _, n := range lengths {
					in = append(in, message('Q', strings.Repeat("x", n), "\x00")...)
				}
				go func() { _, _ = client.Write(in) }()
				for _, n := range lengths {
					msg, err := c.Receive()
					if err != nil {
						t.Fatal(err)
					}
					if got := len(msg.(*pgproto3.Query).String); got != n {
						t.Fatalf("a query of %d bytes, sent %d", got, n)
					}
				}
			}
			for _, lengths := range [][]int{{1}, {smallBuffer}, {largeBuffer}, {7, 3000, 7, 20_000, 7}, {300_000, 7}, {7}} {
				send(lengths...)
				idle(t, c)
			}
			for range 30 { // pipelines of the same size need one read each
				go func() { _, _ = client.Write(append(message('Q', strings.Repeat("x", 5000), "\x00"), message('S')...)) }()
				for range 2 {
					if _, err := c.Receive(); err != nil {
						t.Fatal(err)
					}
				}
			}
			if c.in.pool() != largeBuffers {
				t.Error("small buffers for a client that sends much")
			}
			for range maxShortReads + 2 {
				send(1)
			}
			if c.in.pool() != smallBuffers {
				t.Error("large buffers for a client that sends little")
			}
			if err := client.Close(); err != nil {
				t.Fatal(err)
			}
			if err := c.SetReadDeadline(time.Time{}); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Receive(); err == nil || IsTimeout(err) {
				t.Errorf("after the client left: %v", err)
			}
		})
	}
}

// idle has a Receive wait in vain.
func idle(t *testing.T, c *Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(2 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if err := c.Await(); !IsTimeout(err) {
		t.Fatalf("got %v, want a timeout", err)
	}
	if c.in.buf != nil || c.in.lent != nil || c.message != nil {
		t.Errorf("a connection that waits has a buffer of %d bytes", len(c.in.buf))
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func socketPair(t *testing.T, network string) (net.Conn, *Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial(network, ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := New(server, Config{})
	t.Cleanup(func() { _ = client.Close(); _ = c.Close() })
	return client, c
}

// TestSlowReader: what a socket does not take at once is written when the client reads,
// if it does within the time; one wait has no effect on a later write.
func TestSlowReader(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		client, c := socketPair(t, network)
		c.out.timeout = 10 * time.Second
		row := &pgproto3.CommandComplete{CommandTag: bytes.Repeat([]byte("x"), 30_000)}
		const rows = 1000
		sent := make(chan error, 1)
		go func() {
			for range rows {
				c.Send(row)
			}
			sent <- c.Flush()
		}()
		time.Sleep(20 * time.Millisecond)
		if n, err := io.CopyN(io.Discard, client, rows*(30_000+6)); err != nil {
			t.Fatalf("%s: %d bytes: %v", network, n, err)
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		c.out.timeout = 20 * time.Millisecond
		for range 3 { // a wait, and then none although the time has passed
			time.Sleep(2 * c.out.timeout)
			c.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			if err := c.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		for range rows {
			c.Send(row)
		}
		if err := c.Flush(); !IsTimeout(err) {
			t.Errorf("%s: a client that does not read: %v", network, err)
		}
	}
}
