package node

import (
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// fullTransport is what both of raft's transports offer, and raft asks for by type
// assertion: a wrapper that hid a part of it would turn pre-votes off.
type fullTransport interface {
	raft.Transport
	raft.WithPreVote
	raft.WithClose
}

// transport wraps raft's transport. It leaves the heartbeat fast path out: raft
// would handle a heartbeat on the connection's goroutine and move to a newer term
// while the main loop of a deposed leader still logs, under that newer term, what
// it was about to log (hashicorp/raft issue 695: two different entries with equal
// index and term). Without a handler heartbeats go through the main loop like
// every other request.
type transport struct {
	fullTransport
	rpcs   chan raft.RPC
	closed chan struct{}
	end    sync.Once
	// stuck tells that the log store hangs, nil: never.
	stuck func() bool
}

// errStuck stands for every message of a leader whose log store hangs. raft would go
// on with its heartbeats and so keep the others from electing one that can write.
var errStuck = errors.New("the log store of this node hangs")

// AppendEntries implements raft.Transport.
func (t *transport) AppendEntries(id raft.ServerID, to raft.ServerAddress, a *raft.AppendEntriesRequest, r *raft.AppendEntriesResponse) error {
	if t.isStuck() {
		return errStuck
	}
	return t.fullTransport.AppendEntries(id, to, a, r)
}

func (t *transport) isStuck() bool { return t.stuck != nil && t.stuck() }

func wrapTransport(t fullTransport) *transport {
	w := &transport{fullTransport: t, rpcs: make(chan raft.RPC), closed: make(chan struct{})}
	go w.forward()
	return w
}

// SetHeartbeatHandler implements raft.Transport by doing nothing, see above.
func (t *transport) SetHeartbeatHandler(func(raft.RPC)) {}

// Consumer implements raft.Transport: what others send, and electAtOnce.
func (t *transport) Consumer() <-chan raft.RPC { return t.rpcs }

func (t *transport) forward() {
	in := t.fullTransport.Consumer()
	for {
		select {
		case rpc := <-in:
			t.deliver(rpc)
		case <-t.closed:
			return
		}
	}
}

func (t *transport) deliver(rpc raft.RPC) {
	select {
	case t.rpcs <- rpc:
	case <-t.closed:
	}
}

// Close implements raft.WithClose.
func (t *transport) Close() error {
	t.end.Do(func() { close(t.closed) })
	return t.fullTransport.Close()
}

// electAtOnce makes a node that is the only voter stand for election now instead
// of after a timeout. It is the message with which a leader hands over, from
// oneself; the election itself is the usual one.
func (t *transport) electAtOnce(id raft.ServerID, address raft.ServerAddress) {
	go t.deliver(raft.RPC{
		Command: &raft.TimeoutNowRequest{RPCHeader: raft.RPCHeader{
			ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(id), Addr: t.EncodePeer(id, address),
		}},
		RespChan: make(chan raft.RPCResponse, 1),
	})
}

// newLoopback returns the transport of a node that is alone: it reaches itself.
func newLoopback(address raft.ServerAddress) fullTransport {
	_, t := raft.NewInmemTransport(address)
	t.Connect(address, t)
	return t
}

// Figures of raft's own network transport. One entry in flight turns pipelining
// off: a follower that stalls wedges it (hashicorp/raft issue 612), and at the few
// commits a second that refills need it gains nothing.
const (
	raftPool     = 3
	raftTimeout  = 1500 * time.Millisecond
	raftInFlight = 1
	// stuckAfter is how many election timeouts a write to the log may take.
	stuckAfter = 3
)

func (n *Node) newTransport() *transport {
	var t fullTransport
	if n.config.Peer == nil {
		t = newLoopback(raft.ServerAddress(n.identity.Node))
	} else {
		t = raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
			Stream: n.config.Peer.RaftLayer(), MaxPool: raftPool, Timeout: raftTimeout, MaxRPCsInFlight: raftInFlight,
			Logger: n.logger("transport"),
		})
	}
	if n.config.wrapTransport != nil {
		t = n.config.wrapTransport(t)
	}
	w := wrapTransport(t)
	if n.store != nil && n.config.Peer != nil {
		w.stuck = func() bool { return n.store.busyFor() > stuckAfter*n.timing.Election }
	}
	return w
}
