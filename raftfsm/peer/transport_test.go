package peer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

func TestListenRefuses(t *testing.T) {
	ca := newAuthority(t)
	noRoots, noClients, noCertificate := ca.config(t), ca.config(t), ca.config(t)
	noRoots.RootCAs, noClients.ClientCAs, noCertificate.Certificates = nil, nil, nil
	taken := listen(t, node("a"))
	for _, c := range []struct {
		name   string
		config Config
		want   string
	}{
		{"every address", Config{Listen: "0.0.0.0:0"}, "unencrypted"},
		{"no host", Config{Listen: ":0"}, "unencrypted"},
		{"IPv6, every address", Config{Listen: "[::]:0"}, "unencrypted"},
		{"another host's", Config{Listen: "192.0.2.1:0"}, "unencrypted"},
		{"no port", Config{Listen: "127.0.0.1"}, "host:port"},
		{"every address without --advertise", Config{Listen: "0.0.0.0:0", TLS: ca.config(t)}, "others reach"},
		{"system roots for servers", Config{Listen: "127.0.0.1:0", TLS: noRoots}, "both needed"},
		{"system roots for clients", Config{Listen: "127.0.0.1:0", TLS: noClients}, "both needed"},
		{"no certificate", Config{Listen: "127.0.0.1:0", TLS: noCertificate}, "both needed"},
		{"port taken", Config{Listen: taken.Addr()}, "address already in use"},
	} {
		c.config.Identity = func() Identity { return node("a") }
		tr, err := Listen(c.config)
		if err == nil {
			_ = tr.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// Both sides refuse, and the caller knows that nothing was sent, and why.
func TestConnectionsAreRefused(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to Identity
		stream   StreamType
		want     string
	}{
		{"another cluster", Identity{"d", "b", 1}, node("a"), StreamRPC, `cluster "d"`},
		{"another cluster's administrator", Identity{"d", "b", 1}, node("a"), StreamAdmin, `cluster "d"`},
		{"not a member", Identity{"", "b", 1}, node("a"), StreamRPC, "members"},
		{"another version", Identity{"c", "b", 3}, node("a"), StreamRPC, "version 3"},
		{"nobody answers", node("b"), node("a"), StreamRaft, "does not serve raft"},
	} {
		a, b := listen(t, c.to), listen(t, c.from)
		a.Handle(StreamRPC, echo)
		a.Handle(StreamAdmin, echo)
		_, err := b.Client(a.Addr(), c.stream).Call(soon(t), kindEcho, nil)
		exactlyOne(t, err, ErrNotSent, ErrLost)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	a, b := listen(t, node("a")), listen(t, Identity{"", "b", 1})
	a.Handle(StreamAdmin, echo)
	if reply, err := b.Client(a.Addr(), StreamAdmin).Call(soon(t), kindWho, nil); string(reply) != "/b/1" || err != nil {
		t.Errorf("joining: %q, %v", reply, err)
	}
}

// Who doesn't speak the protocol gets not a byte, and the door.
func TestStrangersGetNoAnswer(t *testing.T) {
	a := listen(t, node("a"))
	a.Handle(StreamRPC, echo)
	for _, what := range []string{"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", "\x00\x00\x00\x08\x04\xd2\x16\x2f", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"} {
		conn, err := net.Dial("tcp", a.Addr())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(patience))
		_, _ = io.WriteString(conn, what)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
		got, err := io.ReadAll(conn)
		if len(got) != 0 || errors.Is(err, net.ErrClosed) {
			t.Errorf("%q was answered with %q (%v)", what, got, err)
		}
		_ = conn.Close()
	}
	// And who says nothing at all is not kept for ever.
	conn, err := net.Dial("tcp", a.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if n, err := conn.Read(make([]byte, 1)); n != 0 || errors.Is(err, net.ErrClosed) {
		t.Error(n, err)
	} else if late, ok := err.(net.Error); ok && late.Timeout() {
		t.Error("a silent connection was kept")
	}
}

func TestCertificates(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	server := listen(t, node("a"), withTLS(ca.config(t)))
	server.Handle(StreamRPC, echo)
	stranger := ca.config(t)
	stranger.Certificates = []tls.Certificate{other.certificate(t)}
	none := ca.config(t)
	none.Certificates, none.GetCertificate = nil, func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &tls.Certificate{}, nil }
	for _, c := range []struct {
		name   string
		config *tls.Config
		want   string // "" for admitted
	}{
		{"a member", ca.config(t), ""},
		{"another authority's certificate", stranger, "unknown certificate authority"},
		{"an expired certificate", ca.config(t, expired), "expired certificate"},
		{"a certificate not for clients", ca.config(t, serverOnly), "bad certificate"},
		{"no certificate", none, "certificate required"},
		{"a node that trusts another authority", other.config(t), "signed by unknown authority"},
		{"no TLS", nil, "on one side only"},
	} {
		d, err := Dialer(Config{TLS: c.config, Identity: func() Identity { return node("b") }})
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Client(server.Addr(), StreamRPC).Call(soon(t), kindEcho, nil)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		} else {
			exactlyOne(t, err, ErrNotSent, ErrLost)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", c.name, err, c.want)
			}
		}
		_ = d.Close()
	}
	// The other way round: a member doesn't talk to these.
	for _, c := range []struct {
		name   string
		change func(*x509.Certificate)
		want   string
	}{
		{"an expired node", expired, "expired"},
		{"a certificate of another address", elsewhere, "192.0.2.1"},
	} {
		bad := listen(t, node("b"), withTLS(ca.config(t, c.change)))
		bad.Handle(StreamRPC, echo)
		_, err := server.Client(bad.Addr(), StreamRPC).Call(soon(t), kindEcho, nil)
		exactlyOne(t, err, ErrNotSent, ErrLost)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	plain := listen(t, node("b"))
	plain.Handle(StreamRPC, echo)
	if _, err := server.Client(plain.Addr(), StreamRPC).Call(soon(t), kindEcho, nil); !errors.Is(err, ErrNotSent) {
		t.Errorf("a node without TLS: %v", err)
	}
}

func TestReconnects(t *testing.T) {
	a, b := listen(t, node("a")), listen(t, node("b"))
	b.Handle(StreamRPC, echo)
	addr := b.Addr()
	c := a.Client(addr, StreamRPC)
	if _, err := c.Call(soon(t), kindEcho, nil); err != nil {
		t.Fatal(err)
	}
	blocked := make(chan error, 1)
	go func() {
		_, err := c.Call(soon(t), kindBlock, nil)
		blocked <- err
	}()
	for running := 0; running == 0; { // until the handler has it
		c.mu.Lock()
		conn := c.conn
		c.mu.Unlock()
		conn.mu.Lock()
		if len(conn.out) == 0 && conn.taken > 0 {
			running = len(conn.calls)
		}
		conn.mu.Unlock()
	}
	_ = b.Close()
	exactlyOne(t, <-blocked, ErrLost, ErrNotSent)
	_, err := c.Call(soon(t), kindEcho, nil)
	if err == nil {
		t.Fatal("answered by nobody")
	}
	b = listen(t, node("b"), at(addr))
	b.Handle(StreamRPC, echo)
	if reply, err := c.Call(soon(t), kindEcho, []byte("again")); string(reply) != "again" || err != nil {
		t.Errorf("%q, %v", reply, err)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	a, b := listen(t, node("a")), listen(t, node("b"))
	b.Handle(StreamRPC, echo)
	b.Handle(StreamAdmin, echo)
	results := make(chan error)
	for i := range 20 {
		go func() {
			_, err := a.Client(b.Addr(), StreamRPC+StreamType(i%2)).Call(soon(t), kindBlock, nil)
			results <- err
		}()
	}
	layerA, layerB := a.RaftLayer(), b.RaftLayer()
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, _ := layerB.Accept()
		accepted <- conn
	}()
	dialled, err := layerA.Dial(raft.ServerAddress(b.Addr()), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	// The dialler may know before the listener that the two are connected; a Close in
	// between leaves nothing to accept.
	taken := <-accepted
	_ = b.Close()
	_ = a.Close()
	for range 20 {
		if err := <-results; errors.Is(err, ErrLost) == errors.Is(err, ErrNotSent) {
			t.Error(err)
		}
	}
	for name, conn := range map[string]net.Conn{"dialled": dialled, "accepted": taken} {
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("the %s raft connection is open", name)
		}
	}
	_, err = a.Client(b.Addr(), StreamRPC).Call(soon(t), kindEcho, nil)
	if !errors.Is(err, ErrNotSent) || !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	// A goroutine that has said that it is done may take a moment to end.
	left := leftBehind()
	for deadline := time.Now().Add(patience); left != "" && time.Now().Before(deadline); left = leftBehind() {
		time.Sleep(time.Millisecond)
	}
	if left != "" {
		t.Error("left behind:", left)
	}
	if err := a.Close(); err != nil {
		t.Error("a second Close:", err)
	}
}

// leftBehind returns the goroutines that run code of this package, tests apart.
func leftBehind() string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var left []string
	for _, g := range strings.Split(string(stacks), "\n\n") {
		if strings.Contains(g, "raftfsm/peer.(*") {
			left = append(left, g)
		}
	}
	return strings.Join(left, "\n\n")
}

// raft's own transport works over the port.
func TestRaftLayer(t *testing.T) {
	a := listen(t, node("a"), func(c *Config) {
		c.NodeAt = func(string) string { return "b" }
	})
	b, impostor := listen(t, node("b")), listen(t, node("c"))
	left := raft.NewNetworkTransport(a.RaftLayer(), 3, time.Second, io.Discard)
	right := raft.NewNetworkTransport(b.RaftLayer(), 3, time.Second, io.Discard)
	_ = impostor.RaftLayer()
	defer left.Close()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		rpc := <-right.Consumer()
		rpc.Respond(&raft.RequestVoteResponse{Term: 7, Granted: true}, nil)
	}()
	if left.LocalAddr() != raft.ServerAddress(a.Addr()) {
		t.Error(left.LocalAddr())
	}
	var vote raft.RequestVoteResponse
	if err := left.RequestVote("b", raft.ServerAddress(b.Addr()), &raft.RequestVoteRequest{Term: 7}, &vote); err != nil || !vote.Granted {
		t.Errorf("%+v, %v", vote, err)
	}
	<-answered
	err := left.RequestVote("b", raft.ServerAddress(impostor.Addr()), &raft.RequestVoteRequest{Term: 7}, &vote)
	if err == nil || !strings.Contains(err.Error(), `this is node "c", not "b"`) {
		t.Error("another node's vote:", err)
	}
	// The end of raft leaves the rest of the port alone.
	_ = right.Close()
	b.Handle(StreamRPC, echo)
	if _, err := a.Client(b.Addr(), StreamRPC).Call(soon(t), kindEcho, nil); err != nil {
		t.Error(err)
	}
}
