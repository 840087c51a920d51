package peer

import (
	"encoding/binary"
	"fmt"

	"seqd/protocol/sqlstate"
)

// An error travels as position[4] and six strings, each len[4] and bytes. Its cause
// stays where it was.
func appendError(b []byte, err error) []byte {
	e := sqlstate.From(err)
	b = binary.BigEndian.AppendUint32(b, uint32(e.Position))
	for _, s := range []string{string(e.Severity), string(e.Code), e.Message, e.Detail, e.Hint, e.Where} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
}

func decodeError(b []byte) (*sqlstate.Error, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("%w: error of %d bytes", errFrame, len(b))
	}
	e := &sqlstate.Error{Position: int(binary.BigEndian.Uint32(b))}
	b = b[4:]
	for _, s := range []*string{(*string)(&e.Severity), (*string)(&e.Code), &e.Message, &e.Detail, &e.Hint, &e.Where} {
		if len(b) < 4 || uint64(len(b)-4) < uint64(binary.BigEndian.Uint32(b)) {
			return nil, fmt.Errorf("%w: error cut short", errFrame)
		}
		n := int(binary.BigEndian.Uint32(b))
		*s, b = string(b[4:4+n]), b[4+n:]
	}
	if len(b) != 0 {
		return nil, fmt.Errorf("%w: %d bytes behind an error", errFrame, len(b))
	}
	return e, nil
}
