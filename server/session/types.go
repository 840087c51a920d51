package session

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"seqd/engine/query"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// textArgument reads a parameter that came in text format.
func (s *Session) textArgument(typ pgtypes.OID, raw []byte) (pgtypes.Value, error) {
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		if r == 0 || (r == utf8.RuneError && n == 1) {
			return pgtypes.Null(), pgtypes.InvalidUTF8(raw[i:])
		}
		i += n
	}
	text := string(raw)
	return lookedUp(s, func() (pgtypes.Value, error) { return query.InputText(evaluator{s}, typ, text) })
}

// binaryArgument reads parameter i, which came in binary format.
func binaryArgument(i int, typ pgtypes.OID, raw []byte) (pgtypes.Value, error) {
	v, err := pgtypes.ParseBinary(typ, raw)
	if errors.Is(err, pgtypes.ErrBinaryLength) {
		return v, sqlstate.Errorf(sqlstate.InvalidBinaryRepresentation, "incorrect binary data format in bind parameter %d", i+1)
	}
	return v, err
}

// inParameter adds which parameter of which portal an error is about. The value
// of a text parameter is hinted at, never shown: log_parameter_max_length_on_error
// is 0 by default. raw is nil where the value could not even be read as text.
func inParameter(err error, portal string, i int, raw []byte) error {
	e := *sqlstate.From(err)
	name := "unnamed portal"
	if portal != "" {
		name = fmt.Sprintf("portal \"%s\"", portal)
	}
	e.Where = fmt.Sprintf("%s parameter $%d", name, i+1)
	switch {
	case raw == nil || e.Code == sqlstate.CharacterNotInRepertoire:
	case len(raw) == 0:
		e.Where += " = ''"
	default:
		e.Where += " = '...'"
	}
	return &e
}
