package wire

import (
	"crypto/tls"
	"encoding/binary"
	"errors"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/sqlstate"
)

// Request codes that stand in a start-up packet where the version would.
const (
	sslRequestCode    = 80877103
	gssEncRequestCode = 80877104
	cancelRequestCode = 80877102
)

// ErrHangup is in the chain of a start-up error that the client is not told:
// where PostgreSQL hangs up without a word (what came may not even be the
// protocol), so does seqd.
var ErrHangup = errors.New("connection closed without an answer")

// Startup is what a client asks for in its start-up packet.
//
// Its texts may hold any byte but NUL, as PostgreSQL takes them; whoever looks a
// name up in the catalog finds nothing by invalid UTF-8.
type Startup struct {
	// ProtocolVersion is the version agreed on: 3.0 or 3.2.
	ProtocolVersion uint32
	User            string
	Database        string // User where the client names none
	// Options is the "options" parameter: command-line switches, applied before Parameters.
	Options string
	// Parameters are the remaining ones in the order sent; of two with one name
	// the later wins.
	Parameters []Parameter

	unrecognized []string // protocol options (_pq_.…) that we do not know
	requested    uint32   // the version that the client asked for
}

// Parameter is a run-time parameter's initial value.
type Parameter struct{ Name, Value string }

// SecretLen is the length of the cancel key that the agreed version has: PostgreSQL
// sends 4 bytes up to 3.1 and 32 from 3.2 on.
func (s *Startup) SecretLen() int {
	if s.ProtocolVersion >= pgproto3.ProtocolVersion32 {
		return 32
	}
	return 4
}

// CancelRequest asks to stop what another connection is doing.
type CancelRequest struct {
	ProcessID uint32
	SecretKey []byte
}

// Startup reads start-up packets until one says what the connection is for: just
// one of the results is not nil. TLS is begun if the client wants it and Config has
// it; GSSAPI encryption is declined. The caller bounds the time by a deadline
// (SetReadDeadline), and answers an error by SendError unless ErrHangup is in its
// chain.
func (c *Conn) Startup() (*Startup, *CancelRequest, error) {
	config := c.tlsConfig()
	sslDone, err := c.beginsWithTLS(config)
	if err != nil {
		return nil, nil, err
	}
	gssDone := sslDone // not within TLS
	for {
		packet, err := c.startupPacket()
		if err != nil {
			return nil, nil, err
		}
		switch code := binary.BigEndian.Uint32(packet); {
		case code == cancelRequestCode:
			cancel, err := parseCancelRequest(packet)
			return nil, cancel, err
		case code == sslRequestCode && !sslDone:
			sslDone = true
			if config == nil {
				err = c.answerEncryption('N', "SSL request")
			} else {
				gssDone = true
				err = c.acceptTLS(config)
			}
		case code == gssEncRequestCode && !gssDone:
			gssDone = true
			err = c.answerEncryption('N', "GSSAPI encryption request")
		default:
			startup, err := c.parseStartup(code, packet[4:])
			return startup, nil, err
		}
		if err != nil {
			return nil, nil, err
		}
	}
}

// beginsWithTLS waits for the connection's first byte.
func (c *Conn) beginsWithTLS(config *tls.Config) (bool, error) {
	if config == nil {
		return false, nil
	}
	if err := c.in.fill(1); err != nil {
		return false, hangup("incomplete startup packet", err)
	}
	if c.in.bytes()[0] != tlsRecord {
		return false, nil
	}
	return true, c.directTLS(config)
}

// startupPacket reads a packet without its length word.
func (c *Conn) startupPacket() ([]byte, error) {
	if err := c.in.fill(4); err != nil {
		return nil, hangup("incomplete startup packet", err)
	}
	length := binary.BigEndian.Uint32(c.in.bytes())
	if length < 4+minStartupPacketLen || length > 4+maxStartupPacketLen {
		return nil, hangup("invalid length of startup packet", nil)
	}
	if err := c.in.fill(int(length)); err != nil {
		return nil, hangup("incomplete startup packet", err)
	}
	packet := c.in.bytes()[4:length:length]
	c.in.discard(int(length))
	return packet, nil
}

// hangup is an error for the log only.
func hangup(message string, cause error) error {
	return errors.Join(ErrHangup, sqlstate.Fatalf(sqlstate.ProtocolViolation, "%s", message), cause)
}

// answerEncryption answers a request for TLS or GSSAPI encryption. What the client
// sent after the request without waiting for the answer could have been put there
// by somebody in the middle: CVE-2021-23214.
func (c *Conn) answerEncryption(answer byte, request string) error {
	c.out.buf = append(c.out.room(), answer)
	if err := c.Flush(); err != nil {
		return hangup("failed to send encryption negotiation response", err)
	}
	if c.in.buffered() > 0 {
		return sqlstate.Fatalf(sqlstate.ProtocolViolation, "received unencrypted data after %s", request).
			WithDetail("This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.")
	}
	return nil
}

func parseCancelRequest(packet []byte) (*CancelRequest, error) {
	const fixed = 8 // request code and process ID
	if n := len(packet) - fixed; n < minCancelKeyLen || n > maxCancelKeyLen {
		return nil, hangup("invalid length of startup packet", nil)
	}
	return &CancelRequest{
		ProcessID: binary.BigEndian.Uint32(packet[4:]),
		SecretKey: append([]byte(nil), packet[fixed:]...),
	}, nil
}

// parseStartup reads a start-up packet's parameters and settles the version.
func (c *Conn) parseStartup(version uint32, params []byte) (*Startup, error) {
	if major := version >> 16; major != 3 {
		err := sqlstate.Fatalf(sqlstate.FeatureNotSupported,
			"unsupported frontend protocol %d.%d: server supports 3.0 to 3.2", major, version&0xffff)
		if major == 1 || major == 2 {
			return nil, c.refuseOldProtocol(err)
		}
		return nil, err
	}
	s := &Startup{requested: version, ProtocolVersion: pgproto3.ProtocolVersion30}
	if version >= pgproto3.ProtocolVersion32 {
		s.ProtocolVersion = pgproto3.ProtocolVersion32 // 3.1 was never released and is 3.0
	}
	if err := s.parseParameters(params); err != nil {
		return nil, err
	}
	c.negotiate(s)
	if s.User == "" {
		return nil, sqlstate.Fatalf(sqlstate.InvalidAuthorization,
			"no PostgreSQL user name specified in startup packet")
	}
	if s.Database == "" {
		s.Database = s.User
	}
	s.User, s.Database = truncateName(s.User), truncateName(s.Database)
	return s, nil
}

// negotiate tells a client that asked for more than there is what there is.
func (c *Conn) negotiate(s *Startup) {
	if s.requested <= pgproto3.ProtocolVersion32 && len(s.unrecognized) == 0 {
		return
	}
	c.Send(&pgproto3.NegotiateProtocolVersion{
		NewestMinorProtocol: s.ProtocolVersion, // the whole version, whatever the field's name says
		UnrecognizedOptions: s.unrecognized,
	})
}

// refuseOldProtocol sends an error in the form that protocols 1 and 2 had: a text
// that ends with a newline and a NUL.
func (c *Conn) refuseOldProtocol(e *sqlstate.Error) error {
	c.out.buf = append(c.out.room(), 'E')
	c.out.buf = append(c.out.buf, string(e.Severity)+":  "+e.Message+"\n\x00"...)
	return errors.Join(ErrHangup, e, c.Flush())
}
