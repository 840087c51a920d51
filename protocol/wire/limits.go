package wire

import (
	"crypto/tls"
	"time"

	"seqd/protocol/sqlstate"
)

// Limits that PostgreSQL's protocol code has, by the names it gives them.
const (
	minStartupPacketLen = 4     // the protocol version or request code
	maxStartupPacketLen = 10000 // MAX_STARTUP_PACKET_LENGTH, without the length word
	smallMessageLimit   = 10000 // PQ_SMALL_MESSAGE_LIMIT, with the length word
	largeMessageLimit   = 0x3fffffff - 1
	maxAuthTokenLen     = 65535 // PG_MAX_AUTH_TOKEN_LENGTH
	maxSASLMessageLen   = 1024  // PG_MAX_SASL_MESSAGE_LENGTH
	nameDataLen         = 64    // NAMEDATALEN: longer user and database names are cut
	minCancelKeyLen     = 4
	maxCancelKeyLen     = 256
)

// Sizes of buffers, in bytes.
const (
	smallBuffer    = 2 << 10  // what most input fits in
	largeBuffer    = 16 << 10 // what a connection with much input works with
	flushThreshold = 64 << 10 // output that is written without waiting for Flush
	smallOutput    = 4 << 10  // what most answers fit in half of
)

// Defaults of Config.
const (
	DefaultMaxMessageSize = 64 << 20
	DefaultWriteTimeout   = 2 * time.Minute
)

// Config bounds what a client can cost. The zero value has the defaults.
type Config struct {
	// MaxMessageSize is the longest message accepted, in bytes, its length word
	// included; never more than PostgreSQL's own limit of 1 GiB.
	MaxMessageSize int
	// WriteTimeout bounds the wait for a client that does not read its results;
	// negative means no bound. A write that makes no progress may wait between
	// half of it and all of it.
	WriteTimeout time.Duration
	// TLS, if not nil, is asked once for each connection what to encrypt it with;
	// nil means that there is no TLS. The configuration must not change afterwards.
	TLS func() *tls.Config
}

func (c Config) withDefaults() Config {
	if c.MaxMessageSize <= 0 {
		c.MaxMessageSize = DefaultMaxMessageSize
	}
	c.MaxMessageSize = min(c.MaxMessageSize, largeMessageLimit)
	if c.WriteTimeout == 0 {
		c.WriteTimeout = DefaultWriteTimeout
	}
	return c
}

// checkLength is SocketBackend's check of a message's length word, done before
// anything of the body is read.
func (c Config) checkLength(typ byte, length uint32) *sqlstate.Error {
	var limit uint32
	switch typ {
	case 'Q', 'P', 'B', 'F', 'd':
		limit = largeMessageLimit
	case 'C', 'D', 'E', 'H', 'S', 'X', 'c', 'f':
		limit = smallMessageLimit
	default:
		return sqlstate.Fatalf(sqlstate.ProtocolViolation, "invalid frontend message type %d", typ)
	}
	if length < 4 || length > limit {
		return invalidLength()
	}
	if length > uint32(c.MaxMessageSize) {
		return sqlstate.Fatalf(sqlstate.ProgramLimitExceeded,
			"message of %d bytes is longer than the limit of %d bytes", length, c.MaxMessageSize)
	}
	return nil
}

// invalidLength: PostgreSQL writes this to its log only and hangs up; told to the
// client as well it does no harm.
func invalidLength() *sqlstate.Error {
	return sqlstate.Fatalf(sqlstate.ProtocolViolation, "invalid message length")
}
