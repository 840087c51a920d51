package wire

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/sqlstate"
)

// ReceivePassword reads the client's answer to an authentication request; authType
// is one of pgproto3's AuthType constants and decides what the answer is taken for:
// a PasswordMessage, SASLInitialResponse or SASLResponse. All errors end the
// connection.
func (c *Conn) ReceivePassword(authType uint32) (pgproto3.FrontendMessage, error) {
	expected, limit := "password", uint32(maxAuthTokenLen)
	if authType == pgproto3.AuthTypeSASL || authType == pgproto3.AuthTypeSASLContinue {
		expected, limit = "SASL", maxSASLMessageLen
	}
	if err := c.in.fill(5); err != nil {
		return nil, err
	}
	header := c.in.bytes()
	if header[0] != 'p' {
		return nil, sqlstate.Fatalf(sqlstate.ProtocolViolation,
			"expected %s response, got message type %d", expected, header[0])
	}
	length := binary.BigEndian.Uint32(header[1:5])
	if length < 4 || length > limit {
		return nil, invalidLength()
	}
	typ, body, err := c.body('p', int(length))
	if err != nil {
		return nil, err
	}
	if err := checkPassword(authType, body); err != nil {
		return nil, err
	}
	msg, err := decodeFrame(typ, body, authType)
	if err != nil {
		return nil, sqlstate.Fatalf(sqlstate.ProtocolViolation, "invalid message format")
	}
	return msg, nil
}

// checkPassword finds what pgproto3 would not, or not in PostgreSQL's words.
func checkPassword(authType uint32, body []byte) error {
	switch authType {
	case pgproto3.AuthTypeCleartextPassword, pgproto3.AuthTypeMD5Password:
		if len(body) == 0 || bytes.IndexByte(body, 0) != len(body)-1 {
			return sqlstate.Fatalf(sqlstate.ProtocolViolation, "invalid password packet size")
		}
	case pgproto3.AuthTypeSASL:
		cur := cursor{rest: body}
		var mechanism string
		cur.str(&mechanism)
		if length := int32(cur.uint32()); length != -1 {
			cur.bytes(int(length))
		}
		cur.end()
		if cur.err != nil {
			return sqlstate.Fatalf(cur.err.Code, "%s", cur.err.Message)
		}
	}
	return nil
}

// decodeFrame has pgproto3.Backend decode a message that has arrived.
func decodeFrame(typ byte, body []byte, authType uint32) (pgproto3.FrontendMessage, error) {
	header := binary.BigEndian.AppendUint32([]byte{typ}, uint32(len(body)+4))
	backend := pgproto3.NewBackend(io.MultiReader(bytes.NewReader(header), bytes.NewReader(body)), nil)
	if err := backend.SetAuthType(authType); err != nil {
		return nil, err
	}
	return backend.Receive()
}
