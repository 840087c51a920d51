package parser

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"seqd/protocol/sqlstate"
)

// lexer cuts a message into tokens by the rules of PostgreSQL 15's scan.l. It
// goes through the text once; what it has seen of an operator run is kept, so
// that no input makes it look at the same bytes more than a few times.
type lexer struct {
	src     string
	off     int // where the next token (or the space before it) starts
	tokens  int // how many tokens were cut, for the limit
	notices []*sqlstate.Error

	// Position keeping: in a message of ASCII only, character = byte.
	ascii   bool
	charOff int // byte offset for which charPos is known; positions are asked in rising order
	charPos Pos // characters before charOff

	run opRun
}

func newLexer(src string) (lexer, *sqlstate.Error) {
	ascii := true
	for i := 0; i < len(src); i++ {
		if c := src[i]; c >= utf8.RuneSelf || c == 0 {
			ascii = false
			break
		}
	}
	if !ascii {
		if err := checkUTF8(src); err != nil {
			return lexer{}, err
		}
	}
	return lexer{src: src, ascii: ascii}, nil
}

// checkUTF8 refuses text that is not UTF-8, or that holds a NUL, with
// report_invalid_encoding's message.
func checkUTF8(s string) *sqlstate.Error {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == 0 || r == utf8.RuneError && n == 1 {
			return invalidByteSequence(s[i:])
		}
		i += n
	}
	return nil
}

// invalidByteSequence shows as many bytes as the first one announces.
func invalidByteSequence(s string) *sqlstate.Error {
	n := 1
	switch c := s[0]; {
	case c&0xe0 == 0xc0:
		n = 2
	case c&0xf0 == 0xe0:
		n = 3
	case c&0xf8 == 0xf0:
		n = 4
	}
	var b strings.Builder
	for i := 0; i < min(n, len(s)); i++ {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("0x")
		const digits = "0123456789abcdef"
		b.WriteByte(digits[s[i]>>4])
		b.WriteByte(digits[s[i]&15])
	}
	return sqlstate.Errorf(sqlstate.CharacterNotInRepertoire,
		`invalid byte sequence for encoding "UTF8": %s`, b.String())
}

// posAt is the position of a byte offset. Offsets before the last one asked for
// are counted back from it, so callers ask in rising order where it matters.
func (l *lexer) posAt(off int) Pos {
	if l.ascii {
		return Pos(off + 1)
	}
	if off >= l.charOff {
		l.charPos += Pos(utf8.RuneCountInString(l.src[l.charOff:off]))
	} else {
		l.charPos -= Pos(utf8.RuneCountInString(l.src[off:l.charOff]))
	}
	l.charOff = off
	return l.charPos + 1
}

// errorAt is scanner_yyerror: message, then the text from start to end or
// "at end of input".
func (l *lexer) errorAt(message string, start, end int) *sqlstate.Error {
	var e *sqlstate.Error
	if start >= len(l.src) {
		e = sqlstate.Errorf(sqlstate.SyntaxError, "%s at end of input", message)
	} else {
		e = sqlstate.Errorf(sqlstate.SyntaxError, `%s at or near "%s"`, message, l.src[start:end])
	}
	return e.At(int(l.posAt(start)))
}

// skipSpace goes over white space and comments.
func (l *lexer) skipSpace() *sqlstate.Error {
	for l.off < len(l.src) {
		c := l.src[l.off]
		switch {
		case isSpace(c):
			l.off++
		case c == '-' && strings.HasPrefix(l.src[l.off:], "--"):
			l.off = lineEnd(l.src, l.off)
		case c == '/' && strings.HasPrefix(l.src[l.off:], "/*"):
			end := commentEnd(l.src, l.off)
			if end < 0 {
				return l.errorAt("unterminated /* comment", l.off, len(l.src))
			}
			l.off = end
		default:
			return nil
		}
	}
	return nil
}

// lineEnd is the offset of the newline that ends a -- comment, or the end.
func lineEnd(s string, off int) int {
	if i := strings.IndexAny(s[off:], "\n\r"); i >= 0 {
		return off + i
	}
	return len(s)
}

// commentEnd is the offset after the comment that starts at off, -1 if it has no
// end. Comments nest.
func commentEnd(s string, off int) int {
	depth := 0
	for i := off; i+1 < len(s); i++ {
		switch {
		case s[i] == '/' && s[i+1] == '*':
			depth++
			i++
		case s[i] == '*' && s[i+1] == '/':
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// next cuts the next token. The key words that depend on what follows (NOT,
// NULLS, WITH) and the UESCAPE clause are the parser's part, as they are
// base_yylex's in PostgreSQL.
func (l *lexer) next() (token, *sqlstate.Error) {
	if err := l.skipSpace(); err != nil {
		return token{}, err
	}
	start := l.off
	t := token{start: start, end: start, pos: l.posAt(start)}
	if start >= len(l.src) {
		return t, nil // tokEOF
	}
	l.tokens++
	if l.tokens > maxTokens {
		return t, sqlstate.Errorf(sqlstate.ProgramLimitExceeded,
			"message has more than %d tokens", maxTokens).WithHint("Send fewer statements, or shorter ones, in one message.")
	}
	var err *sqlstate.Error
	c := l.src[start]
	switch {
	case isIdentStart(c):
		err = l.word(&t)
	case c == '\'':
		err = l.plainString(&t, start+1)
	case c == '"':
		t.text, err = l.quotedIdent(&t, start+1)
	case isDigit(c), c == '.' && isDigit(l.at(start+1)):
		err = l.number(&t)
	case c == '$':
		err = l.dollar(&t)
	default:
		err = l.punctuation(&t)
	}
	if err != nil {
		return t, err
	}
	l.off = t.end
	return t, nil
}

// at is the byte at off, 0 at the end.
func (l *lexer) at(off int) byte {
	if off < len(l.src) {
		return l.src[off]
	}
	return 0
}

// word cuts an identifier, a key word, or a string with a prefix.
func (l *lexer) word(t *token) *sqlstate.Error {
	if next := l.at(t.start + 1); next == '\'' || next == '&' {
		if done, err := l.prefixed(t, next); done || err != nil {
			return err
		}
	}
	end := t.start + 1
	for end < len(l.src) && isIdentCont(l.src[end]) {
		end++
	}
	t.end = end
	raw := l.src[t.start:end]
	if len(raw) <= maxKeywordLen {
		var buf [maxKeywordLen]byte
		folded := buf[:len(raw)]
		for i := range folded {
			folded[i] = lower(raw[i])
		}
		if k, ok := keywordKinds[string(folded)]; ok {
			t.kind, t.text = k, k.word().name
			return nil
		}
	}
	t.kind = tokIdent
	t.text = l.truncate(fold(raw))
	return nil
}

// prefixed cuts B”, X”, E”, N” and U&: the forms whose first letter is no
// identifier because a quote follows.
func (l *lexer) prefixed(t *token, next byte) (bool, *sqlstate.Error) {
	first := lower(l.src[t.start])
	if next == '&' {
		if first != 'u' {
			return false, nil
		}
		switch l.at(t.start + 2) {
		case '\'':
			return true, l.unicodeToken(t, false)
		case '"':
			return true, l.unicodeToken(t, true)
		}
		return false, nil
	}
	switch first {
	case 'b', 'x':
		return true, l.bitString(t, first)
	case 'e':
		return true, l.escapeString(t)
	case 'n': // N'…' is the key word NCHAR and a string
		t.kind, t.text, t.end = kwNchar, "nchar", t.start+1
		return true, nil
	}
	return false, nil
}

// number cuts a numeric literal. "1..2" is 1, .., 2.
func (l *lexer) number(t *token) *sqlstate.Error {
	end, integer := t.start, true
	for isDigit(l.at(end)) {
		end++
	}
	if l.at(end) == '.' && (end == t.start || l.at(end+1) != '.') {
		integer = false
		end++
		for isDigit(l.at(end)) {
			end++
		}
	} else if l.at(end) == '.' {
		return l.finishNumber(t, end, true)
	}
	if c := l.at(end); c == 'e' || c == 'E' {
		exp := end + 1
		signed := l.at(exp) == '+' || l.at(exp) == '-'
		if signed {
			exp++
		}
		if isDigit(l.at(exp)) {
			integer = false
			for end = exp; isDigit(l.at(end)); {
				end++
			}
		} else if signed {
			return l.errorAt("trailing junk after numeric literal", t.start, exp)
		}
	}
	if isIdentStart(l.at(end)) {
		return l.errorAt("trailing junk after numeric literal", t.start, l.identEnd(end))
	}
	return l.finishNumber(t, end, integer)
}

func (l *lexer) identEnd(off int) int {
	for isIdentCont(l.at(off)) {
		off++
	}
	return off
}

// finishNumber tells the integers that fit int4 from all other numbers.
func (l *lexer) finishNumber(t *token, end int, integer bool) *sqlstate.Error {
	t.end, t.text, t.kind = end, l.src[t.start:end], tokFloat
	if integer {
		if n, err := strconv.ParseInt(t.text, 10, 32); err == nil {
			t.kind = tokInt
			if t.text[0] == '0' && len(t.text) > 1 {
				t.text = strconv.FormatInt(n, 10)
			}
		}
	}
	return nil
}

// dollar cuts $1, $$…$$, $tag$…$tag$, or a lone $.
func (l *lexer) dollar(t *token) *sqlstate.Error {
	end := t.start + 1
	if isDigit(l.at(end)) {
		for isDigit(l.at(end)) {
			end++
		}
		if isIdentStart(l.at(end)) {
			return l.errorAt("trailing junk after parameter", t.start, l.identEnd(end))
		}
		t.kind, t.end, t.text = tokParam, end, l.src[t.start+1:end]
		return nil
	}
	if isIdentStart(l.at(end)) {
		for end++; isIdentCont(l.at(end)) && l.at(end) != '$'; {
			end++
		}
	}
	if l.at(end) != '$' {
		t.kind, t.end, t.text = '$', t.start+1, "$"
		return nil
	}
	tag := l.src[t.start : end+1]
	body := l.src[end+1:]
	i := strings.Index(body, tag)
	if i < 0 {
		return l.errorAt("unterminated dollar-quoted string", t.start, len(l.src))
	}
	t.kind, t.text, t.end = tokString, body[:i], end+1+i+len(tag)
	return nil
}
