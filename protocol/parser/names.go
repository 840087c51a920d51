package parser

import (
	"strings"
	"unicode/utf8"

	"seqd/protocol/sqlstate"
)

// maxNameLen is NAMEDATALEN-1: longer names are cut.
const maxNameLen = 63

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// fold makes ASCII letters lower case, as PostgreSQL does with UTF-8.
func fold(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				b[i] = lower(b[i])
			}
			return string(b)
		}
	}
	return s
}

// clip cuts a name to what PostgreSQL stores, at a character's boundary.
func clip(s string) string {
	if len(s) <= maxNameLen {
		return s
	}
	n := maxNameLen
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// truncate clips an identifier and says so.
func (l *lexer) truncate(s string) string {
	short := clip(s)
	if len(short) < len(s) {
		l.notices = append(l.notices, sqlstate.Noticef(sqlstate.NameTooLong,
			`identifier "%s" will be truncated to "%s"`, s, short))
	}
	return short
}

// QuoteIdent writes a name so that it reads back as the same identifier
// (quote_identifier): in quotes unless it is lower-case letters, digits and
// underscores, and no key word but an unreserved one.
func QuoteIdent(s string) string {
	safe := s != "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] == '_')
	for i := 1; safe && i < len(s); i++ {
		c := s[i]
		safe = c >= 'a' && c <= 'z' || c == '_' || isDigit(c)
	}
	if safe {
		if k, ok := keywordKinds[s]; ok {
			safe = k.word().class == unreserved
		}
	}
	if safe {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// ParseNameList reads a possibly qualified name as the input of regclass and the
// text arguments of nextval do (stringToQualifiedNameList): 42602 if it is not one.
func ParseNameList(s string) ([]string, error) {
	names, ok := splitNames(s, '.')
	if !ok || len(names) == 0 {
		return nil, invalidName()
	}
	return names, nil
}

// SplitIdentifierList reads a list of identifiers with commas, the form of
// search_path (SplitIdentifierString). An empty string is an empty list.
func SplitIdentifierList(s string) ([]string, error) {
	names, ok := splitNames(s, ',')
	if !ok {
		return nil, invalidName()
	}
	return names, nil
}

func invalidName() error { return sqlstate.New(sqlstate.InvalidName, "invalid name syntax") }

// splitNames reads identifiers between separators, with spaces around them. Names
// are folded unless quoted, and cut to 63 bytes without a notice.
func splitNames(s string, separator byte) ([]string, bool) {
	s = strings.TrimLeft(s, " \t\n\r\f")
	if s == "" {
		return nil, true
	}
	var names []string
	for {
		var name string
		if s != "" && s[0] == '"' {
			l := lexer{src: s}
			text, end := l.quoted(1, '"')
			if end < 0 {
				return nil, false
			}
			name, s = text, s[end:]
		} else {
			n := 0
			for n < len(s) && s[n] != separator && !isSpace(s[n]) {
				n++
			}
			if n == 0 {
				return nil, false
			}
			name, s = fold(s[:n]), s[n:]
		}
		names = append(names, clip(name))
		s = strings.TrimLeft(s, " \t\n\r\f")
		if s == "" {
			return names, true
		}
		if s[0] != separator {
			return nil, false
		}
		s = strings.TrimLeft(s[1:], " \t\n\r\f")
	}
}
