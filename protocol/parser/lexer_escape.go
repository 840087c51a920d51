package parser

import (
	"unicode/utf8"

	"seqd/protocol/sqlstate"
)

// escapes reads an E'…' string.
type escapes struct {
	*lexer
	out    []byte
	first  rune // a high surrogate that waits for its partner
	verify bool // an escape named a byte, so the result may not be UTF-8
}

// escapeString cuts E'…'.
func (l *lexer) escapeString(t *token) *sqlstate.Error {
	e := escapes{lexer: l}
	for i := t.start + 2; ; {
		if i >= len(l.src) {
			if e.first != 0 {
				return l.errorAt("invalid Unicode surrogate pair", i, i)
			}
			return l.errorAt("unterminated quoted string", t.start, len(l.src))
		}
		c := l.src[i]
		switch {
		case c == '\\':
			n, err := e.escape(i)
			if err != nil {
				return err
			}
			if n == 0 { // a backslash ends the message
				return l.errorAt("unterminated quoted string", t.start, len(l.src))
			}
			i += n
			continue
		case e.first != 0:
			_, n := utf8.DecodeRuneInString(l.src[i:])
			return l.errorAt("invalid Unicode surrogate pair", i, i+n)
		case c == '\'' && l.at(i+1) == '\'':
			i++
		case c == '\'':
			t.end = i + 1
			more := l.continuation(t.end)
			if more < 0 {
				return e.finish(t)
			}
			i = more
			continue
		}
		e.out = append(e.out, c)
		i++
	}
}

func (e *escapes) finish(t *token) *sqlstate.Error {
	t.kind, t.text = tokString, string(e.out)
	if e.verify {
		return checkUTF8(t.text)
	}
	return nil
}

// escape reads the escape at offset i and returns its length.
func (e *escapes) escape(i int) (int, *sqlstate.Error) {
	c := e.at(i + 1)
	if c == 'u' || c == 'U' {
		return e.unicode(i, c)
	}
	if e.first != 0 {
		return 0, e.errorAt("invalid Unicode surrogate pair", i, i+1)
	}
	n := 2
	switch {
	case i+1 >= len(e.src):
		return 0, nil
	case c >= '0' && c <= '7':
		v := int(c - '0')
		for ; n < 4 && e.at(i+n) >= '0' && e.at(i+n) <= '7'; n++ {
			v = v<<3 | int(e.at(i+n)-'0')
		}
		e.byte(byte(v))
	case c == 'x' && isHex(e.at(i+2)):
		v := hexValue(e.at(i + 2))
		if n = 3; isHex(e.at(i + 3)) {
			v, n = v<<4|hexValue(e.at(i+3)), 4
		}
		e.byte(v)
	default:
		e.out = append(e.out, plainEscape(c))
		if c >= utf8.RuneSelf { // the rest of a character of several bytes
			_, size := utf8.DecodeRuneInString(e.src[i+1:])
			e.out = append(e.out, e.src[i+2:i+1+size]...)
			n = 1 + size
		}
	}
	return n, nil
}

// byte takes a byte that an escape named by its number.
func (e *escapes) byte(b byte) {
	if b == 0 || b >= utf8.RuneSelf {
		e.verify = true
	}
	e.out = append(e.out, b)
}

// plainEscape is what \b, \n … mean; any other character is itself.
func plainEscape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// unicode reads \uXXXX and \UXXXXXXXX.
func (e *escapes) unicode(i int, letter byte) (int, *sqlstate.Error) {
	digits := 4
	if letter == 'U' {
		digits = 8
	}
	var v uint32
	for k := 0; k < digits; k++ {
		c := e.at(i + 2 + k)
		if !isHex(c) {
			return 0, sqlstate.New(sqlstate.InvalidEscapeSequence, "invalid Unicode escape").
				WithHint(`Unicode escapes must be \uXXXX or \UXXXXXXXX.`).At(int(e.posAt(i)))
		}
		v = v<<4 | uint32(hexValue(c))
	}
	n := 2 + digits
	c := rune(v & 0x7fffffff)
	low := v <= utf8.MaxRune && isLowSurrogate(c)
	switch {
	case low != (e.first != 0):
		return 0, e.errorAt("invalid Unicode surrogate pair", i, i+n)
	case low:
		c = joinSurrogates(e.first, c)
		e.first = 0
	case v <= utf8.MaxRune && isHighSurrogate(c):
		e.first = c
		return n, nil
	case v == 0 || v > utf8.MaxRune:
		return 0, e.errorAt("invalid Unicode escape value", i, i+n)
	}
	e.out = utf8.AppendRune(e.out, c)
	return n, nil
}
