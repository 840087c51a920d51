package parser

import (
	"strings"
	"unicode/utf8"

	"seqd/protocol/sqlstate"
)

// quoted reads text up to the closing quote, doubled quotes halved; from is the
// offset after the opening one. It returns the offset after the closing quote, -1
// if there is none.
func (l *lexer) quoted(from int, quote byte) (string, int) {
	var joined []byte
	for i := from; ; {
		n := strings.IndexByte(l.src[i:], quote)
		if n < 0 {
			return "", -1
		}
		n += i
		if l.at(n+1) == quote {
			joined = append(joined, l.src[from:n+1]...)
			i = n + 2
			from = i
			continue
		}
		if joined == nil {
			return l.src[from:n], n + 1
		}
		return string(append(joined, l.src[from:n]...)), n + 1
	}
}

// continuation is where a string goes on that a quote closed at end: after the
// opening quote of a next part, which only a line break may separate. -1 if none.
func (l *lexer) continuation(end int) int {
	newline := false
	for i := end; i < len(l.src); {
		switch c := l.src[i]; {
		case c == '\'' && newline:
			return i + 1
		case c == '\n', c == '\r':
			newline = true
			i++
		case isSpace(c):
			i++
		case c == '-' && l.at(i+1) == '-':
			i = lineEnd(l.src, i)
		default:
			return -1
		}
	}
	return -1
}

// stringParts reads a '…' string with its continuations.
func (l *lexer) stringParts(t *token, from int, what string) *sqlstate.Error {
	text, end := l.quoted(from, '\'')
	for end >= 0 {
		more := l.continuation(end)
		if more < 0 {
			t.text, t.end = text, end
			return nil
		}
		var b strings.Builder // several parts: joined in one buffer
		b.WriteString(text)
		for more >= 0 {
			if text, end = l.quoted(more, '\''); end < 0 {
				break
			}
			b.WriteString(text)
			more = l.continuation(end)
		}
		text = b.String()
	}
	return l.errorAt("unterminated "+what, t.start, len(l.src))
}

func (l *lexer) plainString(t *token, from int) *sqlstate.Error {
	t.kind = tokString
	return l.stringParts(t, from, "quoted string")
}

// bitString cuts B'…' and X'…'; whether the digits are good is asked when the
// literal gets its value. In these the doubled quote is no quote either: scan.l
// ends the string at the first one.
func (l *lexer) bitString(t *token, prefix byte) *sqlstate.Error {
	what := "bit string literal"
	if prefix == 'x' {
		what = "hexadecimal string literal"
	}
	var b strings.Builder
	b.WriteByte(prefix)
	for from := t.start + 2; from >= 0; {
		n := strings.IndexByte(l.src[from:], '\'')
		if n < 0 {
			return l.errorAt("unterminated "+what, t.start, len(l.src))
		}
		b.WriteString(l.src[from : from+n])
		t.end = from + n + 1
		from = l.continuation(t.end)
	}
	t.kind, t.text = tokBit, b.String()
	return nil
}

// quotedIdent cuts "…".
func (l *lexer) quotedIdent(t *token, from int) (string, *sqlstate.Error) {
	text, end := l.quoted(from, '"')
	if end < 0 {
		return "", l.errorAt("unterminated quoted identifier", t.start, len(l.src))
	}
	if text == "" {
		return "", l.errorAt("zero-length delimited identifier", t.start, end)
	}
	t.kind, t.end = tokIdent, end
	return l.truncate(text), nil
}

// unicodeToken cuts U&'…' and U&"…" raw; resolveUnicode gives them their value
// once it is known whether UESCAPE follows.
func (l *lexer) unicodeToken(t *token, ident bool) *sqlstate.Error {
	t.unicode = true
	if !ident {
		return l.plainString(t, t.start+3)
	}
	text, end := l.quoted(t.start+3, '"')
	if end < 0 {
		return l.errorAt("unterminated quoted identifier", t.start, len(l.src))
	}
	if text == "" {
		return l.errorAt("zero-length delimited identifier", t.start, end)
	}
	t.kind, t.text, t.end = tokIdent, text, end
	return nil
}

// resolveUnicode is str_udeescape: \XXXX and \+XXXXXX become characters.
func (l *lexer) resolveUnicode(t *token, escape byte) *sqlstate.Error {
	s := t.text
	var b strings.Builder
	var first rune // a high surrogate that waits for its partner
	fail := func(message string, at int) *sqlstate.Error {
		return sqlstate.New(sqlstate.SyntaxError, message).At(int(l.posAt(t.start + 3 + at)))
	}
	for i := 0; i < len(s); {
		if s[i] != escape || i+1 < len(s) && s[i+1] == escape {
			if first != 0 {
				return fail("invalid Unicode surrogate pair", i)
			}
			b.WriteByte(s[i])
			if s[i] == escape {
				i++
			}
			i++
			continue
		}
		c, n := hexRune(s[i+1:], 4), 5
		if c < 0 && i+1 < len(s) && s[i+1] == '+' {
			c, n = hexRune(s[i+2:], 6), 8
		}
		switch {
		case c < 0:
			return fail("invalid Unicode escape", i).WithHint(`Unicode escapes must be \XXXX or \+XXXXXX.`)
		case c == 0 || c > utf8.MaxRune:
			return fail("invalid Unicode escape value", i)
		case (first != 0) != isLowSurrogate(c):
			return fail("invalid Unicode surrogate pair", i)
		case isHighSurrogate(c):
			first = c
		case first != 0:
			b.WriteRune(joinSurrogates(first, c))
			first = 0
		default:
			b.WriteRune(c)
		}
		i += n
	}
	if first != 0 {
		return fail("invalid Unicode surrogate pair", len(s))
	}
	t.text = b.String()
	if t.kind == tokIdent {
		t.text = l.truncate(t.text)
	}
	return nil
}

// hexRune is the value of n hexadecimal digits, -1 if s has fewer.
func hexRune(s string, n int) rune {
	if len(s) < n {
		return -1
	}
	var v rune
	for i := 0; i < n; i++ {
		if !isHex(s[i]) {
			return -1
		}
		v = v<<4 | rune(hexValue(s[i]))
	}
	return v
}

func hexValue(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

func isHighSurrogate(c rune) bool { return c >= 0xd800 && c <= 0xdbff }
func isLowSurrogate(c rune) bool  { return c >= 0xdc00 && c <= 0xdfff }

func joinSurrogates(high, low rune) rune {
	return (high-0xd800)<<10 + (low - 0xdc00) + 0x10000
}
