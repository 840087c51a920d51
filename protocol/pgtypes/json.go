package pgtypes

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"seqd/protocol/sqlstate"
)

// parseJSON checks the text; json keeps it as it was written.
func parseJSON(s string) (Value, error) {
	if !json.Valid([]byte(s)) {
		return Null(), sqlstate.New(sqlstate.InvalidTextRepresentation, "invalid input syntax for type json")
	}
	return NewText(s), nil
}

// parseJSONB reads jsonb into what PostgreSQL shows of it: the keys of an object by
// length and then by their bytes, the last of equal ones; numbers as numeric.
func parseJSONB(s string) (Value, error) {
	if !json.Valid([]byte(s)) {
		return Null(), sqlstate.New(sqlstate.InvalidTextRepresentation, "invalid input syntax for type json")
	}
	in := json.NewDecoder(strings.NewReader(s))
	in.UseNumber()
	out, err := appendJSONB(nil, in)
	if err != nil {
		return Null(), err
	}
	return NewText(string(out)), nil
}

// parseJSONBBinary reads a version and the text.
func parseJSONBBinary(raw []byte) (Value, error) {
	if len(raw) == 0 {
		return Null(), ErrBinaryLength
	}
	if raw[0] != 1 {
		return Null(), sqlstate.Errorf(sqlstate.InternalError, "unsupported jsonb version number %d", raw[0])
	}
	return parseJSONB(string(raw[1:]))
}

func appendJSONB(dst []byte, in *json.Decoder) ([]byte, error) {
	token, err := in.Token()
	if err != nil {
		return nil, err // not reached: the text is valid
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return appendJSONBObject(dst, in)
		}
		dst = append(dst, '[')
		for i := 0; in.More(); i++ {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			if dst, err = appendJSONB(dst, in); err != nil {
				return nil, err
			}
		}
		_, err = in.Token()
		return append(dst, ']'), err
	case string:
		return appendJSONString(dst, t)
	case json.Number:
		v, err := ParseText(Numeric, string(t))
		if err != nil {
			return nil, err
		}
		return AppendText(dst, Numeric, v), nil
	case bool:
		return strconv.AppendBool(dst, t), nil
	}
	return append(dst, "null"...), nil
}

func appendJSONBObject(dst []byte, in *json.Decoder) ([]byte, error) {
	type member struct{ key, text []byte }
	var members []member
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return nil, err
		}
		m := member{key: []byte(key.(string))}
		if m.text, err = appendJSONString(nil, key.(string)); err != nil {
			return nil, err
		}
		if m.text, err = appendJSONB(append(m.text, ": "...), in); err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	if _, err := in.Token(); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	slices.SortStableFunc(members, func(a, b member) int {
		if d := len(a.key) - len(b.key); d != 0 {
			return d
		}
		return bytes.Compare(a.key, b.key)
	})
	dst = append(dst, '{')
	some := false
	for i, m := range members {
		if i+1 < len(members) && bytes.Equal(m.key, members[i+1].key) {
			continue
		}
		if some {
			dst = append(dst, ", "...)
		}
		dst, some = append(dst, m.text...), true
	}
	return append(dst, '}'), nil
}

// appendJSONString is escape_json.
func appendJSONString(dst []byte, s string) ([]byte, error) {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case 0:
			return nil, sqlstate.New(sqlstate.UntranslatableCharacter, "unsupported Unicode escape sequence").
				WithDetail("\\u0000 cannot be converted to text.")
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '"', '\\':
			dst = append(dst, '\\', c)
		default:
			if c < ' ' {
				dst = append(dst, `\u00`...)
				dst = append(dst, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
			} else {
				dst = append(dst, c)
			}
		}
	}
	return append(dst, '"'), nil
}
