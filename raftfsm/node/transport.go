package node

import (
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
type transport struct{ fullTransport }

// SetHeartbeatHandler implements raft.Transport by doing nothing, see above.
func (transport) SetHeartbeatHandler(func(raft.RPC)) {}

// newLoopback returns the transport of a node that is alone: it reaches itself.
func newLoopback(address raft.ServerAddress) transport {
	_, t := raft.NewInmemTransport(address)
	t.Connect(address, t)
	return transport{t}
}

// electAtOnce makes a node that is the only voter stand for election now instead
// of after a timeout. It is the message with which a leader hands over, sent to
// oneself; the election itself is the usual one.
func electAtOnce(t raft.Transport, id raft.ServerID, address raft.ServerAddress) error {
	return t.TimeoutNow(id, address, &raft.TimeoutNowRequest{RPCHeader: raft.RPCHeader{
		ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(id), Addr: t.EncodePeer(id, address),
	}}, &raft.TimeoutNowResponse{})
}
