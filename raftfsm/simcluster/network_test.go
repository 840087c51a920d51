package simcluster

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// network is TCP between hosts, in virtual time: streams that keep their order and
// take their time. What is cut does not lose bytes, it keeps them, as TCP's sender
// does, until the link is healed or somebody closes the connection: so answers of
// long ago arrive. Bytes of different connections overtake each other.
type network struct {
	mu    sync.Mutex
	rng   *rand.Rand
	hosts map[string]*host // by address
	cut   map[link]bool
	slow  map[link]time.Duration // added to every delay
	pipes map[*pipe]struct{}
	delay time.Duration // at most, on a good link
	loss  float64       // of packets: they come late
}

// link is a direction.
type link struct{ from, to string }

// retransmit is the least time that a lost packet costs.
const retransmit = 200 * time.Millisecond

func newNetwork(rng *rand.Rand) *network {
	return &network{rng: rng, hosts: map[string]*host{}, cut: map[link]bool{}, slow: map[link]time.Duration{},
		pipes: map[*pipe]struct{}{}, delay: time.Duration(100+rng.IntN(3000)) * time.Microsecond}
}

// host is one process as the network sees it.
type host struct {
	net      *network
	addr     string
	gate     *gate // closed: the process does not run
	dead     bool
	silent   bool // dead without a word, as a machine is that lost its power
	incoming chan net.Conn
	closed   chan struct{}
	listens  bool
	conns    map[*conn]struct{}
}

// boot puts a new process at an address.
func (n *network) boot(addr string, g *gate) *host {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := &host{net: n, addr: addr, gate: g, incoming: make(chan net.Conn, 64), closed: make(chan struct{}), conns: map[*conn]struct{}{}}
	n.hosts[addr] = h
	return h
}

// kill ends a process: its connections are reset, or fall silent.
func (n *network) kill(h *host, silent bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	h.dead, h.silent = true, silent
	for c := range h.conns {
		c.out.dead = c.out.dead || silent
		c.abort()
	}
	n.wake()
}

// reset breaks all connections between two hosts.
func (n *network) reset(a, b string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for p := range n.pipes {
		if (p.from == a && p.to == b) || (p.from == b && p.to == a) {
			p.conn.abort()
		}
	}
	n.wake()
}

// wake has every reader look again; mu is held.
func (n *network) wake() {
	for p := range n.pipes {
		p.touch()
	}
}

// setCut cuts or heals a direction.
func (n *network) setCut(cut bool, links ...link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range links {
		if n.cut[l] == cut {
			continue
		}
		n.cut[l] = cut
		if cut {
			continue
		}
		for p := range n.pipes {
			if (link{p.from, p.to}) == l {
				p.late(time.Now().Add(time.Duration(n.rng.Int64N(int64(retransmit)))))
			}
		}
	}
	n.wake()
}

func (n *network) setSlow(d time.Duration, links ...link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range links {
		n.slow[l] = d
	}
}

// travel is how long something takes now; mu is held.
func (n *network) travel(l link) time.Duration {
	d := time.Duration(1 + n.rng.Int64N(int64(n.delay)))
	if s := n.slow[l]; s > 0 {
		d += time.Duration(n.rng.Int64N(int64(s)))
	}
	if n.loss > 0 && n.rng.Float64() < n.loss {
		d += retransmit + time.Duration(n.rng.Int64N(int64(retransmit)))
	}
	return d
}

// Listen implements peer.Network.
func (h *host) Listen(string) (net.Listener, error) {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	h.listens = true
	return &listener{h: h}, nil
}

var errRefused = &net.OpError{Op: "dial", Net: "sim", Err: syscall.ECONNREFUSED}

// DialContext implements peer.Network.
func (h *host) DialContext(ctx context.Context, to string) (net.Conn, error) {
	h.gate.wait()
	const again = 50 * time.Millisecond
	n := h.net
	for {
		n.mu.Lock()
		there, back := link{h.addr, to}, link{to, h.addr}
		d := n.travel(there) + n.travel(back)
		n.mu.Unlock()
		if err := sleep(ctx, d); err != nil {
			return nil, err
		}
		n.mu.Lock()
		other := n.hosts[to]
		switch {
		case h.dead:
			n.mu.Unlock()
			return nil, net.ErrClosed
		case n.cut[there], n.cut[back], other == nil, other.dead && other.silent:
			n.mu.Unlock()
			if err := sleep(ctx, again); err != nil {
				return nil, err
			}
			continue
		case other.dead || !other.listens:
			n.mu.Unlock()
			return nil, errRefused
		}
		c := n.connect(h, other)
		n.mu.Unlock()
		return c, nil
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// connect makes a connection; mu is held.
func (n *network) connect(a, b *host) *conn {
	there, back := newPipe(n, a, b), newPipe(n, b, a)
	x, y := &conn{host: a, in: back, out: there}, &conn{host: b, in: there, out: back}
	there.conn, back.conn = x, y
	a.conns[x], b.conns[y] = struct{}{}, struct{}{}
	n.pipes[there], n.pipes[back] = struct{}{}, struct{}{}
	select {
	case b.incoming <- y:
	default:
		y.abort()
	}
	return x
}

type listener struct {
	h    *host
	once sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.h.incoming:
		l.h.gate.wait()
		return c, nil
	case <-l.h.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() {
		l.h.net.mu.Lock()
		l.h.listens = false
		l.h.net.mu.Unlock()
		close(l.h.closed)
	})
	return nil
}

func (l *listener) Addr() net.Addr { return address(l.h.addr) }

type address string

func (address) Network() string  { return "sim" }
func (a address) String() string { return string(a) }

// pipe is one direction of a connection. Its fields are guarded by network.mu.
type pipe struct {
	net      *network
	from, to string
	conn     *conn // the end that writes
	queue    []segment
	last     time.Time // when the newest segment arrives
	dead     bool      // nothing arrives any more
	deadline time.Time // of the reader
	shut     error     // the reader's end is closed
	changed  chan struct{}
}

type segment struct {
	at  time.Time
	b   []byte
	end error // instead of bytes
}

func newPipe(n *network, from, to *host) *pipe {
	return &pipe{net: n, from: from.addr, to: to.addr, changed: make(chan struct{})}
}

func (p *pipe) touch() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// late has nothing arrive before t.
func (p *pipe) late(t time.Time) {
	for i := range p.queue {
		if p.queue[i].at.Before(t) {
			p.queue[i].at = t
		}
	}
	if p.last.Before(t) {
		p.last = t
	}
}

func (p *pipe) send(s segment) {
	if p.dead {
		return
	}
	s.at = time.Now().Add(p.net.travel(link{p.from, p.to}))
	if s.at.Before(p.last) {
		s.at = p.last
	}
	p.last = s.at
	p.queue = append(p.queue, s)
	p.touch()
}

// conn is one end of a connection.
type conn struct {
	host    *host
	in, out *pipe
	closed  bool
}

// abort ends a connection from this end, as a dying process does; net.mu is held.
func (c *conn) abort() {
	if c.closed {
		return
	}
	c.closed = true
	c.out.send(segment{end: &net.OpError{Op: "read", Net: "sim", Err: syscall.ECONNRESET}})
	c.in.shut = net.ErrClosed
	c.in.touch()
	delete(c.host.conns, c)
	delete(c.host.net.pipes, c.in)
}

func (c *conn) Close() error {
	c.host.net.mu.Lock()
	defer c.host.net.mu.Unlock()
	if !c.closed {
		c.closed = true
		c.out.send(segment{end: io.EOF})
		c.in.shut = net.ErrClosed
		c.in.touch()
		delete(c.host.conns, c)
		delete(c.host.net.pipes, c.in)
	}
	return nil
}

func (c *conn) Write(b []byte) (int, error) {
	c.host.gate.wait()
	c.host.net.mu.Lock()
	defer c.host.net.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	c.out.send(segment{b: append([]byte(nil), b...)})
	return len(b), nil
}

func (c *conn) Read(b []byte) (int, error) {
	p := c.in
	for {
		c.host.gate.wait()
		n, wait, err := p.read(b)
		if n > 0 || err != nil {
			return n, err
		}
		var timer <-chan time.Time
		if wait.due > 0 {
			t := time.NewTimer(wait.due)
			timer = t.C
			defer t.Stop()
		}
		select {
		case <-wait.changed:
		case <-timer:
		}
	}
}

type wait struct {
	changed chan struct{}
	due     time.Duration // 0: no time is known
}

// read takes what has arrived, or tells what to wait for.
func (p *pipe) read(b []byte) (int, wait, error) {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	now := time.Now()
	w := wait{changed: p.changed}
	later := func(t time.Time) {
		if d := t.Sub(now); w.due == 0 || d < w.due {
			w.due = d
		}
	}
	if p.shut != nil {
		return 0, w, p.shut
	}
	if len(p.queue) > 0 && !p.net.cut[link{p.from, p.to}] && !p.dead {
		s := &p.queue[0]
		if !s.at.After(now) {
			if s.end != nil {
				return 0, w, s.end
			}
			n := copy(b, s.b)
			if s.b = s.b[n:]; len(s.b) == 0 {
				p.queue = p.queue[1:]
			}
			return n, w, nil
		}
		later(s.at)
	}
	if !p.deadline.IsZero() {
		if !p.deadline.After(now) {
			return 0, w, os.ErrDeadlineExceeded
		}
		later(p.deadline)
	}
	return 0, w, nil
}

func (c *conn) LocalAddr() net.Addr  { return address(c.out.from) }
func (c *conn) RemoteAddr() net.Addr { return address(c.out.to) }

func (c *conn) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }
func (c *conn) SetReadDeadline(t time.Time) error {
	c.host.net.mu.Lock()
	defer c.host.net.mu.Unlock()
	c.in.deadline = t
	c.in.touch()
	return nil
}

// gate stops who comes by while it is closed.
type gate struct {
	mu     sync.Mutex
	closed chan struct{} // nil: open
}

func (g *gate) wait() {
	for {
		g.mu.Lock()
		closed := g.closed
		g.mu.Unlock()
		if closed == nil {
			return
		}
		<-closed
	}
}

func (g *gate) set(closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case closed && g.closed == nil:
		g.closed = make(chan struct{})
	case !closed && g.closed != nil:
		close(g.closed)
		g.closed = nil
	}
}

var errGone = errors.New("the process has ended")
