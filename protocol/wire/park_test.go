//go:build linux

package wire

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

func poller(t *testing.T) *Poller {
	t.Helper()
	p, err := NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { p.Run(); close(ended) }()
	t.Cleanup(func() {
		if len(p.conns) > 0 {
			t.Errorf("%d connections are still parked", len(p.conns))
		}
		p.Close()
		<-ended
	})
	return p
}

// TestRouse: it ends a wait for the next message, whether that has begun or not, and
// nothing else.
func TestRouse(t *testing.T) {
	client, c := socketPair(t, "tcp")
	for _, early := range []bool{true, false} {
		if early {
			c.Rouse()
		} else {
			go func() { time.Sleep(10 * time.Millisecond); c.Rouse() }()
		}
		if err := c.Await(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		if !c.Roused() || c.Roused() {
			t.Error("it is to be told once that there was a Rouse")
		}
	}
	c.Rouse() // in the middle of a message, and before one
	go func() {
		for _, b := range message('Q', "select 1\x00") {
			client.Write([]byte{b})
			time.Sleep(time.Millisecond)
			c.Rouse()
		}
	}()
	if _, err := c.Receive(); err != nil {
		t.Errorf("Receive was ended by Rouse: %v", err)
	}
	c.Interrupt()
	c.Rouse()
	if c.Roused(); c.Await() == nil {
		t.Error("Rouse did away with Interrupt")
	}
}

// TestPark: who is parked goes on at input, at the client's end, at Interrupt and at Close.
func TestPark(t *testing.T) {
	p := poller(t)
	for _, x := range []struct {
		name string
		do   func(c *Conn, client net.Conn)
		want error
	}{
		{"input", func(_ *Conn, client net.Conn) { client.Write(message('S')) }, nil},
		{"the client leaves", func(_ *Conn, client net.Conn) { client.Close() }, io.EOF},
		{"Interrupt", func(c *Conn, _ net.Conn) { c.Interrupt() }, os.ErrDeadlineExceeded},
		{"Close", func(c *Conn, _ net.Conn) { c.Close() }, net.ErrClosed},
	} {
		for _, before := range []bool{false, true} {
			client, c := socketPair(t, "tcp")
			ready := make(chan struct{}, 2)
			if before {
				x.do(c, client)
			}
			parked := c.Park(p, func() { ready <- struct{}{} })
			if !parked && !(before && (x.want == os.ErrDeadlineExceeded || x.want == net.ErrClosed)) {
				t.Fatalf("%s: not parked", x.name)
			}
			if !before {
				time.Sleep(time.Millisecond)
				if c.Rouse(); len(ready) > 0 {
					t.Errorf("%s: it goes on without a reason", x.name)
				}
				x.do(c, client)
			}
			if parked {
				<-ready
			}
			if _, err := c.Receive(); !errors.Is(err, x.want) && !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: got %v", x.name, err)
			}
			if len(ready) > 0 {
				t.Errorf("%s: it goes on twice", x.name)
			}
		}
	}
}

// TestParkAgain: what is parked anew each time loses nothing.
func TestParkAgain(t *testing.T) {
	p := poller(t)
	client, c := socketPair(t, "tcp")
	for range 100 {
		ready := make(chan struct{})
		if !c.Park(p, func() { close(ready) }) {
			t.Fatal("not parked")
		}
		client.Write(message('S'))
		<-ready
		if _, err := c.Receive(); err != nil {
			t.Fatal(err)
		}
	}
}
