package session

import (
	"errors"

	"seqd/engine/query"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// textArgument reads a parameter that came in text format.
func (s *Session) textArgument(typ pgtypes.OID, raw []byte) (pgtypes.Value, error) {
	if err := pgtypes.InvalidUTF8(raw); err != nil {
		return pgtypes.Null(), err
	}
	return query.InputText(evaluator{s}, typ, string(raw))
}

// binaryArgument reads parameter i, which came in binary format.
func binaryArgument(i int, typ pgtypes.OID, raw []byte) (pgtypes.Value, error) {
	v, err := pgtypes.ParseBinary(typ, raw)
	if errors.Is(err, pgtypes.ErrBinaryLength) {
		return v, sqlstate.Errorf(sqlstate.InvalidBinaryRepresentation, "incorrect binary data format in bind parameter %d", i+1)
	}
	return v, err
}
