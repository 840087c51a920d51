package scalar

import (
	"strings"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	add(map[string]Func{"parse_ident": func(a []Value) (Value, error) {
		names, err := parseIdent(a[0].Text(), a[1].Bool())
		if err != nil {
			return Value{}, err
		}
		var elems []Value
		for _, name := range names {
			elems = append(elems, pgtypes.NewText(name))
		}
		return pgtypes.List(pgtypes.Text, elems), nil
	}})
}

// parseIdent divides a qualified name into its parts, which it does not clip; without
// strict it stops at what can't be one.
func parseIdent(whole string, strict bool) ([]string, error) {
	const space = " \t\n\r\f"
	var names []string
	bad := func(detail string, args ...any) error {
		e := sqlstate.Errorf(sqlstate.InvalidParameterValue, `string is not a valid identifier: "%s"`, whole)
		if detail != "" {
			e = e.WithDetail(detail, args...)
		}
		return e
	}
	rest := strings.TrimLeft(whole, space)
	for afterDot := false; ; afterDot = true {
		var name string
		switch {
		case strings.HasPrefix(rest, `"`):
			var ok bool
			if name, rest, ok = quotedIdent(rest[1:]); !ok {
				return nil, bad("String has unclosed double quotes.")
			}
			if name == "" {
				return nil, bad("Quoted identifier must not be empty.")
			}
		default:
			n := identLen(rest)
			name, rest = asciiLower(rest[:n]), rest[n:]
			switch {
			case n > 0:
			case strings.HasPrefix(rest, "."):
				return nil, bad(`No valid identifier before ".".`)
			case afterDot:
				return nil, bad(`No valid identifier after ".".`)
			default:
				return nil, bad("")
			}
		}
		names = append(names, name)
		rest = strings.TrimLeft(rest, space)
		if !strings.HasPrefix(rest, ".") {
			if rest != "" && strict {
				return nil, bad("")
			}
			return names, nil
		}
		rest = strings.TrimLeft(rest[1:], space)
	}
}

// quotedIdent reads up to the closing quote.
func quotedIdent(s string) (name, rest string, ok bool) {
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			return "", "", false
		}
		name += s[:i]
		if !strings.HasPrefix(s[i:], `""`) {
			return name, s[i+1:], true
		}
		name, s = name+`"`, s[i+2:]
	}
}

// identLen is how many bytes of s are an unquoted identifier.
func identLen(s string) int {
	for i := 0; i < len(s); i++ {
		c := s[i]
		start := c == '_' || c >= 0x80 || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !start && (i == 0 || c != '$' && (c < '0' || c > '9')) {
			return i
		}
	}
	return len(s)
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
