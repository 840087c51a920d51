package peer

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"
)

// Transport is a node's cluster port, and its way to the others'.
type Transport struct {
	config   Config
	listener net.Listener // nil: outgoing only
	addr     string
	tls      *tls.Config // of Config, with what must not be left out
	ctx      context.Context
	cancel   context.CancelFunc
	running  sync.WaitGroup
	serving  sync.WaitGroup // connections whose calls are answered
	raft     *raftLayer

	mu         sync.Mutex
	closed     bool
	conns      map[*tracked]struct{} // every open one
	handlers   map[StreamType]handlers
	clients    map[clientKey]*Client
	handshakes int
}

type clientKey struct {
	addr   string
	stream StreamType
}

// Listen opens the cluster port.
func Listen(c Config) (*Transport, error) {
	t, err := newTransport(c)
	if err != nil {
		return nil, err
	}
	if c.Network != nil {
		return t, t.listenOn(c.Network)
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("cluster address %q: want host:port", c.Listen)
	}
	if t.tls == nil && !loopbackHost(host) {
		return nil, fmt.Errorf("cluster address %q: refusing to talk unencrypted to other machines: give certificates, or listen on loopback", c.Listen)
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("the cluster port: %w", err)
	}
	at, isTCP := l.Addr().(*net.TCPAddr)
	if t.addr = c.Advertise; t.addr == "" && isTCP {
		t.addr = at.String()
	}
	switch {
	case t.tls == nil && (!isTCP || !at.IP.IsLoopback()):
		err = fmt.Errorf("cluster address %q is not on loopback: give certificates", c.Listen)
	case c.Advertise == "" && at.IP.IsUnspecified():
		err = fmt.Errorf("cluster address %q: say under which address others reach this node", c.Listen)
	}
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	t.listener = l
	t.running.Go(t.accept)
	return t, nil
}

func (t *Transport) listenOn(n Network) (err error) {
	if t.listener, err = n.Listen(t.config.Listen); err != nil {
		return fmt.Errorf("the cluster port: %w", err)
	}
	t.addr = cmp.Or(t.config.Advertise, t.listener.Addr().String())
	t.running.Go(t.accept)
	return nil
}

// Dialer returns a Transport that only calls others: for command-line tools.
func Dialer(c Config) (*Transport, error) { return newTransport(c) }

// Stranger returns a Transport that calls others as a tool does, also those of other
// clusters; it has to be closed.
func (t *Transport) Stranger() (*Transport, error) {
	c := t.config
	c.Identity, c.NodeAt = func() Identity { return Identity{} }, nil
	return Dialer(c)
}

func newTransport(c Config) (*Transport, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.NodeAt == nil {
		c.NodeAt = func(string) string { return "" }
	}
	t := &Transport{config: c, conns: map[*tracked]struct{}{}, handlers: map[StreamType]handlers{}, clients: map[clientKey]*Client{}}
	if c.TLS != nil {
		if c.TLS.RootCAs == nil || c.TLS.ClientCAs == nil || (len(c.TLS.Certificates) == 0 && c.TLS.GetCertificate == nil) {
			// The system's authorities would let anybody in.
			return nil, errors.New("cluster certificates: the node's own and the authority's are both needed")
		}
		t.tls = c.TLS.Clone()
		t.tls.ClientAuth = tls.RequireAndVerifyClientCert
		t.tls.InsecureSkipVerify = false
		t.tls.MinVersion = tls.VersionTLS13
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t, nil
}

func loopbackHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Addr is the host:port under which others reach this node.
func (t *Transport) Addr() string { return t.addr }

// ListenAddr is the address that the port is open on.
func (t *Transport) ListenAddr() string { return t.listener.Addr().String() }

// Handle sets who answers calls on a stream. Before that they are refused.
func (t *Transport) Handle(s StreamType, h Handler) {
	t.mu.Lock()
	defer t.mu.Unlock()
	both := t.handlers[s]
	both.full = h
	t.handlers[s] = both
}

// HandleQuick sets who is asked first about each call on a stream.
func (t *Transport) HandleQuick(s StreamType, q Quick) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.handlers[s]
	h.quick = q
	t.handlers[s] = h
}

// Client returns the one client of an address and stream.
func (t *Transport) Client(addr string, s StreamType) *Client {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := clientKey{addr, s}
	c := t.clients[key]
	if c == nil {
		c = &Client{t: t, addr: addr, stream: s}
		t.clients[key] = c
	}
	return c
}

// Close breaks every connection and returns when nothing of the Transport runs any
// more, its handlers included. It must not be called from a handler. Their ctx ends;
// what they have answered is sent first.
func (t *Transport) Close() error {
	t.mu.Lock()
	first := !t.closed
	t.closed = true
	t.mu.Unlock()
	var err error
	if first {
		t.cancel()
		if t.listener != nil {
			err = t.listener.Close()
		}
		answered := make(chan struct{})
		go func() { t.serving.Wait(); close(answered) }()
		select {
		case <-answered:
		case <-time.After(drainLimit):
		}
		t.mu.Lock()
		for c := range t.conns {
			_ = c.sever()
		}
		t.mu.Unlock()
	}
	t.running.Wait()
	return err
}

// spawn runs f unless the Transport is closed; Close waits for it.
func (t *Transport) spawn(f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.running.Go(f)
	return true
}

// tracked is a connection that Close breaks.
type tracked struct {
	net.Conn
	t *Transport
}

func (c *tracked) Close() error {
	c.t.mu.Lock()
	delete(c.t.conns, c)
	c.t.mu.Unlock()
	return c.sever()
}

// sever closes the connection without TLS's good-bye, which may have to wait: what
// is sent has frames, so nobody takes a cut for an end.
func (c *tracked) sever() error {
	if encrypted, ok := c.Conn.(*tls.Conn); ok {
		return encrypted.NetConn().Close()
	}
	return c.Conn.Close()
}

// track takes over a connection, or closes it if the Transport is closed.
func (t *Transport) track(conn net.Conn) (net.Conn, error) {
	c := &tracked{conn, t}
	t.mu.Lock()
	if !t.closed {
		t.conns[c] = struct{}{}
		t.mu.Unlock()
		return c, nil
	}
	t.mu.Unlock()
	_ = conn.Close()
	return nil, ErrClosed
}

var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: time.Second, Count: 5}

// dial connects to a peer and makes sure that both want to talk. Every error means
// that nothing but the preface was sent.
func (t *Transport) dial(addr string, s StreamType, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(t.ctx, timeout)
	defer cancel()
	raw, err := t.connect(ctx, addr)
	if err != nil {
		return nil, err
	}
	conn := raw
	if t.tls != nil {
		conn = tls.Client(raw, t.clientTLS(addr))
	}
	if conn, err = t.track(conn); err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	if err := t.introduce(conn, addr, s); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%s: %w", addr, err)
	}
	return conn, conn.SetDeadline(time.Time{})
}

// connect makes a connection, unencrypted yet.
func (t *Transport) connect(ctx context.Context, addr string) (net.Conn, error) {
	if t.config.Network != nil {
		return t.config.Network.DialContext(ctx, addr)
	}
	d := net.Dialer{KeepAliveConfig: keepAlive}
	raw, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if at, ok := raw.RemoteAddr().(*net.TCPAddr); t.tls == nil && (!ok || !at.IP.IsLoopback()) {
		_ = raw.Close()
		return nil, refusef("%s is on another machine, and there are no certificates for talking to it", addr)
	}
	return raw, nil
}

func (t *Transport) clientTLS(addr string) *tls.Config {
	if t.tls.ServerName != "" {
		return t.tls
	}
	c := t.tls.Clone()
	c.ServerName, _, _ = net.SplitHostPort(addr) // it was dialled
	return c
}

// introduce sends our preface and judges the answer.
func (t *Transport) introduce(conn net.Conn, addr string, s StreamType) error {
	own := t.config.Identity()
	b, err := appendPreface(nil, s, own)
	if err != nil {
		return err
	}
	if _, err := conn.Write(b); err != nil {
		return err
	}
	other, err := readAnswer(conn)
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return fmt.Errorf("no answer (has it another use, or are there certificates on one side only?): %w", err)
	}
	if err != nil {
		return err
	}
	if want := t.config.NodeAt(addr); s == StreamRaft && want != "" && want != other.NodeID {
		return refusef("this is node %q, not %q", other.NodeID, want)
	}
	return admit(s, own, other)
}

// accept takes connections until the listener is closed.
func (t *Transport) accept() {
	pause := 5 * time.Millisecond
	for {
		raw, err := t.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of descriptors, for example: others' ends may help.
			t.config.Logger.Warn("the cluster port can't accept", "error", err)
			select {
			case <-time.After(pause):
				pause = min(2*pause, time.Second)
			case <-t.ctx.Done():
			}
			continue
		}
		pause = 5 * time.Millisecond
		if tcp, ok := raw.(*net.TCPConn); ok {
			_ = tcp.SetKeepAliveConfig(keepAlive)
		}
		t.greet(raw)
	}
}

// greet starts the goroutine of a connection, unless too many are about to say who
// they are.
func (t *Transport) greet(raw net.Conn) {
	conn := raw
	if t.tls != nil {
		conn = tls.Server(raw, t.tls)
	}
	conn, err := t.track(conn)
	if err != nil {
		return
	}
	t.mu.Lock()
	full := t.handshakes >= handshakesMax
	if !full {
		t.handshakes++
	}
	t.mu.Unlock()
	if full || !t.spawn(func() { t.serve(conn) }) {
		_ = conn.Close()
	}
}

// serve runs one accepted connection to its end.
func (t *Transport) serve(conn net.Conn) {
	s, from, h, err := t.receive(conn)
	t.mu.Lock()
	t.handshakes--
	t.mu.Unlock()
	if err != nil {
		_ = conn.Close()
		t.config.Logger.Warn("a connection to the cluster port was refused", "from", conn.RemoteAddr().String(), "error", err)
		return
	}
	if s == StreamRaft {
		t.raft.deliver(conn)
		return
	}
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		_ = conn.Close()
		return
	}
	t.serving.Add(1)
	t.mu.Unlock()
	defer t.serving.Done()
	err = serveConn(t.ctx, conn, h, from)
	t.config.Logger.Debug("a cluster connection ended", "node", from.NodeID, "stream", s.String(), "error", err)
}

// receive reads the preface and answers it.
func (t *Transport) receive(conn net.Conn) (s StreamType, from Identity, h handlers, err error) {
	_ = conn.SetDeadline(time.Now().Add(handshakeTimeout))
	own := t.config.Identity()
	s, from, err = readPreface(conn)
	if err == nil {
		h, err = t.admitted(s, own, from)
	}
	var no *Refused
	switch {
	case errors.As(err, &no):
		_, _ = conn.Write(appendRefusal(nil, no.Reason)) // best effort
		return s, from, handlers{}, err
	case err != nil:
		return s, from, handlers{}, err
	}
	b, err := appendOK(nil, own)
	if err != nil {
		return s, from, handlers{}, err
	}
	if _, err = conn.Write(b); err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	return s, from, h, err
}

// admitted returns who answers the connection.
func (t *Transport) admitted(s StreamType, own, from Identity) (handlers, error) {
	if err := admit(s, own, from); err != nil {
		return handlers{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.handlers[s]
	if (s == StreamRaft && t.raft == nil) || (s != StreamRaft && h.full == nil) {
		return handlers{}, refusef("node %q does not serve %s connections yet", own.NodeID, s)
	}
	return h, nil
}
