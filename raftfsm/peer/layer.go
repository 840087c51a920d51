package peer

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// RaftLayer returns the raft connections of the port, for raft.NewNetworkTransport.
// Without it they are refused. Closing it ends them, and nothing else.
func (t *Transport) RaftLayer() raft.StreamLayer {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.raft == nil {
		t.raft = &raftLayer{t: t, accepted: make(chan net.Conn), closed: make(chan struct{}), conns: map[*raftConn]struct{}{}}
	}
	return t.raft
}

type raftLayer struct {
	t        *Transport
	accepted chan net.Conn
	closed   chan struct{}

	mu    sync.Mutex
	done  bool
	conns map[*raftConn]struct{} // raft forgets accepted connections when it stops
}

type raftConn struct {
	net.Conn
	layer *raftLayer
}

func (c *raftConn) Close() error {
	c.layer.mu.Lock()
	delete(c.layer.conns, c)
	c.layer.mu.Unlock()
	return c.Conn.Close()
}

// Read implements net.Conn. To raft, a connection that we closed ourselves has ended
// as it should; anything else it would log as an error.
func (c *raftConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if errors.Is(err, net.ErrClosed) {
		err = io.EOF
	}
	return n, err
}

func (l *raftLayer) keep(conn net.Conn) (net.Conn, error) {
	c := &raftConn{conn, l}
	l.mu.Lock()
	if !l.done {
		l.conns[c] = struct{}{}
		l.mu.Unlock()
		return c, nil
	}
	l.mu.Unlock()
	_ = conn.Close()
	return nil, ErrClosed
}

// deliver hands an accepted connection to raft.
func (l *raftLayer) deliver(conn net.Conn) {
	c, err := l.keep(conn)
	if err != nil {
		return
	}
	late := time.NewTimer(handshakeTimeout)
	defer late.Stop()
	select {
	case l.accepted <- c:
		return
	case <-late.C:
	case <-l.closed:
	case <-l.t.ctx.Done():
	}
	_ = c.Close()
}

// Accept implements net.Listener.
func (l *raftLayer) Accept() (net.Conn, error) {
	select {
	case c := <-l.accepted:
		return c, nil
	case <-l.closed:
	case <-l.t.ctx.Done():
	}
	return nil, ErrClosed
}

// Dial implements raft.StreamLayer.
func (l *raftLayer) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	if timeout <= 0 || timeout > handshakeTimeout {
		timeout = handshakeTimeout
	}
	conn, err := l.t.dial(string(address), StreamRaft, timeout)
	if err != nil {
		return nil, err
	}
	return l.keep(conn)
}

// Close implements net.Listener.
func (l *raftLayer) Close() error {
	l.mu.Lock()
	conns := make([]*raftConn, 0, len(l.conns))
	if !l.done {
		l.done = true
		close(l.closed)
		for c := range l.conns {
			conns = append(conns, c)
		}
	}
	l.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
	}
	return nil
}

// Addr implements net.Listener.
func (l *raftLayer) Addr() net.Addr { return address(l.t.addr) }

// address is the advertised host:port.
type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }
