package wire

import (
	"bytes"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/sqlstate"
)

// maxKeptFields: a Bind or Parse with more parameters than this gives its slices
// up instead of keeping them for the next one.
const maxKeptFields = 1024

// decode turns a message's body into the Conn's own message of that type.
func (c *Conn) decode(typ byte, body []byte) (pgproto3.FrontendMessage, *sqlstate.Error) {
	cur := cursor{rest: body}
	if c.messages == nil {
		c.messages = new(messages)
	}
	switch typ {
	case 'Q':
		cur.str(&c.query.String)
		cur.end()
		return &c.query, cur.err
	case 'P':
		c.decodeParse(&cur)
		return &c.parse, cur.err
	case 'B':
		c.decodeBind(&cur)
		return &c.bind, cur.err
	case 'D':
		c.describe.ObjectType = decodeTarget(&cur, &c.describe.Name, "DESCRIBE")
		return &c.describe, cur.err
	case 'C':
		c.close.ObjectType = decodeTarget(&cur, &c.close.Name, "CLOSE")
		return &c.close, cur.err
	case 'E':
		cur.str(&c.execute.Portal)
		c.execute.MaxRows = cur.uint32()
		cur.end()
		return &c.execute, cur.err
	case 'S':
		cur.end()
		return &pgproto3.Sync{}, cur.err
	case 'H':
		cur.end()
		return &pgproto3.Flush{}, cur.err
	}
	return c.decodeRare(typ, body)
}

// decodeRare decodes messages that nobody sends in numbers.
func (c *Conn) decodeRare(typ byte, body []byte) (pgproto3.FrontendMessage, *sqlstate.Error) {
	switch typ {
	case 'X':
		return &pgproto3.Terminate{}, nil // PostgreSQL does not look at its body
	case 'd': // nor, outside COPY, at those of CopyData, CopyDone and CopyFail
		c.copyData.Data = body
		return &c.copyData, nil
	case 'c':
		return &pgproto3.CopyDone{}, nil
	case 'f':
		text, _, _ := bytes.Cut(body, []byte{0})
		return &pgproto3.CopyFail{Message: string(text)}, nil
	}
	// A FunctionCall. Its values are copied out of the buffer.
	msg, err := decodeFrame(typ, body, pgproto3.AuthTypeOk)
	if err != nil {
		return nil, sqlstate.New(sqlstate.ProtocolViolation, "insufficient data left in message")
	}
	return msg, nil
}

func (c *Conn) decodeParse(cur *cursor) {
	p := &c.parse
	cur.str(&p.Name)
	cur.str(&p.Query)
	oids := cur.bytes(4 * cur.uint16())
	if cap(p.ParameterOIDs) > maxKeptFields {
		p.ParameterOIDs = nil
	}
	p.ParameterOIDs = p.ParameterOIDs[:0]
	for rest := (cursor{rest: oids}); len(rest.rest) > 0; {
		p.ParameterOIDs = append(p.ParameterOIDs, rest.uint32())
	}
	cur.end()
}

func (c *Conn) decodeBind(cur *cursor) {
	b := &c.bind
	cur.str(&b.DestinationPortal)
	cur.str(&b.PreparedStatement)
	b.ParameterFormatCodes = decodeFormats(cur, b.ParameterFormatCodes)
	n := cur.uint16()
	if cap(b.Parameters) > maxKeptFields {
		b.Parameters = nil
	}
	b.Parameters = b.Parameters[:0]
	for ; n > 0 && cur.err == nil; n-- {
		// -1 is NULL: a nil slice. An empty value is an empty slice.
		length := int32(cur.uint32())
		var value []byte
		if length != -1 {
			value = cur.bytes(int(length))
		}
		b.Parameters = append(b.Parameters, value)
	}
	b.ResultFormatCodes = decodeFormats(cur, b.ResultFormatCodes)
	cur.end()
}

// decodeFormats reads a counted list of format codes into old's memory.
func decodeFormats(cur *cursor, old []int16) []int16 {
	if cap(old) > maxKeptFields {
		old = nil
	}
	codes := old[:0]
	for rest := (cursor{rest: cur.bytes(2 * cur.uint16())}); len(rest.rest) > 0; {
		codes = append(codes, int16(rest.uint16()))
	}
	return codes
}

// decodeTarget reads what Describe and Close have in common.
func decodeTarget(cur *cursor, name *string, message string) byte {
	kind := cur.byte()
	cur.str(name)
	cur.end()
	if cur.err == nil && kind != 'S' && kind != 'P' {
		cur.err = sqlstate.Errorf(sqlstate.ProtocolViolation, "invalid %s message subtype %d", message, kind)
	}
	return kind
}
