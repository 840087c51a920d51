// Package peer is the cluster port: one listener on which the nodes of a cluster
// talk to each other, and to nobody else. Raft's own traffic, calls between nodes
// and the administrator's commands share it, told apart by the first bytes of each
// connection (the preface), which also keep strangers out.
//
// Calls use a framing of their own: a connection carries any number of them at a
// time, and whatever waits to be sent leaves in one write. A call that fails says
// whether the peer can have seen it (ErrLost) or not (ErrNotSent): sequences stay
// correct only if the two are never mixed up.
package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"
)

// Identity is who a node says it is in the preface.
type Identity struct {
	ClusterID string // empty before the node has joined a cluster
	NodeID    string // empty for a command-line tool
	Version   int    // of what the node writes to the log; neighbours may differ by one
}

// Config is what a Transport needs to know.
type Config struct {
	// Listen is the host:port to listen on.
	Listen string
	// Advertise is the host:port under which others reach the node; empty: the
	// address listened on.
	Advertise string
	// TLS has this node's certificate, RootCAs to check others' as servers and
	// ClientCAs to check them as clients: certificates are required in both
	// directions. nil: no encryption, on loopback addresses only.
	TLS *tls.Config
	// Identity is asked at every handshake, so it may change when the node joins.
	Identity func() Identity
	// NodeAt, if set, names the node that is expected at an address of a raft
	// connection, or "". Raft counts answers by the address that it dialled: two
	// addresses leading to one node would let it vote twice.
	NodeAt func(addr string) string
	Logger *slog.Logger // nil: none
	// Network takes the place of TCP, and is trusted as loopback is; nil: TCP.
	Network Network
}

// Network is how connections come about.
type Network interface {
	Listen(addr string) (net.Listener, error)
	DialContext(ctx context.Context, addr string) (net.Conn, error)
}

// StreamType says what a connection carries.
type StreamType byte

// The streams. The numbers are on the wire.
const (
	StreamRaft  StreamType = 1 // raft's own protocol
	StreamRPC   StreamType = 2 // calls between the members of a cluster
	StreamAdmin StreamType = 3 // administration; also open to who has no cluster yet
)

func (s StreamType) String() string {
	switch s {
	case StreamRaft:
		return "raft"
	case StreamRPC:
		return "rpc"
	case StreamAdmin:
		return "admin"
	}
	return "unknown"
}

// Handler answers a call. It may block, and runs concurrently with others. ctx ends
// when the caller gives up, the connection breaks or the Transport is closed, not
// when the handler returns; a handler must return soon after. An error reaches
// the caller as *sqlstate.Error. body and reply belong to handler and caller.
type Handler func(ctx context.Context, from Identity, kind byte, body []byte) (reply []byte, err error)

// Quick answers a call if it can do so at once, without waiting for anything but a mutex
// that is held for moments: the other calls of the connection wait for it. It appends the
// reply to b; ok is false if the Handler is to be asked. body and b are its own only until
// it returns.
type Quick func(from Identity, kind byte, body, b []byte) (reply []byte, ok bool)

// handlers are who answers calls.
type handlers struct {
	full  Handler
	quick Quick // or nil
}

// How a call can fail otherwise than by the handler's own error. Every such error
// of Call is exactly one of the two (errors.Is), also if ctx ended it.
var (
	// ErrNotSent: nothing of the call reached the peer; retrying is safe.
	ErrNotSent = errors.New("the request was not sent")
	// ErrLost: the peer may or may not have carried out the call.
	ErrLost = errors.New("the request was sent, but its outcome is unknown")
	// ErrClosed is part of errors after Close.
	ErrClosed = errors.New("the cluster port is closed")
)

// MaxBody is the most bytes that a call or its reply may have.
const MaxBody = 16 << 20

const (
	handshakeTimeout = 1500 * time.Millisecond // dialling, TLS and preface together
	pingEvery        = time.Second             // silence after which the caller asks for a sign of life
	deadAfter        = 4 * time.Second         // silence after which a connection is broken
	drainLimit       = time.Second             // for sending the last answers
	handshakesMax    = 256                     // connections that have not shown a preface
	callsMax         = 1 << 16                 // calls running for one connection
	queuedMax        = 4 << 20                 // bytes waiting to be sent before callers wait
)
