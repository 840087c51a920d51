package wire

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"seqd/protocol/sqlstate"
)

// cursor takes a message's body apart field by field, with the errors of
// PostgreSQL's pqformat.c. The first error sticks; fields read after it are zero.
type cursor struct {
	rest []byte
	err  *sqlstate.Error
}

func (c *cursor) fail(message string) {
	if c.err == nil {
		c.err = sqlstate.New(sqlstate.ProtocolViolation, message)
	}
	c.rest = nil
}

func (c *cursor) byte() byte {
	if len(c.rest) == 0 {
		c.fail("no data left in message")
		return 0
	}
	b := c.rest[0]
	c.rest = c.rest[1:]
	return b
}

// bytes is a view of the next n bytes, valid as long as the message.
func (c *cursor) bytes(n int) []byte {
	if n < 0 || n > len(c.rest) || c.err != nil {
		c.fail("insufficient data left in message")
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) uint16() int {
	if b := c.bytes(2); b != nil {
		return int(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (c *cursor) uint32() uint32 {
	if b := c.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// str reads a NUL-terminated string into dst. Equal text keeps the string that is
// there: a client that repeats itself costs no allocation.
func (c *cursor) str(dst *string) {
	i := bytes.IndexByte(c.rest, 0)
	if i < 0 {
		c.fail("invalid string in message")
		return
	}
	b := c.rest[:i]
	c.rest = c.rest[i+1:]
	if string(b) == *dst {
		return
	}
	if !utf8.Valid(b) {
		c.err = InvalidUTF8(b)
		c.rest = nil
		return
	}
	*dst = string(b)
}

// end checks that the whole body was read.
func (c *cursor) end() {
	if len(c.rest) != 0 {
		c.fail("invalid message format")
	}
}

// InvalidUTF8 is the error for text that is not UTF-8: it shows as many bytes of
// the offending sequence as its first byte announces. Nil if b is valid.
func InvalidUTF8(b []byte) *sqlstate.Error {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			break
		}
		b = b[size:]
	}
	if len(b) == 0 {
		return nil
	}
	announced := 1
	switch {
	case b[0]&0xe0 == 0xc0:
		announced = 2
	case b[0]&0xf0 == 0xe0:
		announced = 3
	case b[0]&0xf8 == 0xf0:
		announced = 4
	}
	const digits = "0123456789abcdef"
	var shown strings.Builder
	for _, x := range b[:min(announced, len(b))] {
		shown.WriteString(" 0x")
		shown.WriteByte(digits[x>>4])
		shown.WriteByte(digits[x&15])
	}
	return sqlstate.Errorf(sqlstate.CharacterNotInRepertoire,
		`invalid byte sequence for encoding "UTF8":%s`, shown.String())
}
