package parser

import "seqd/protocol/sqlstate"

// filter is base_yylex: it turns NOT, NULLS and WITH into tokens of their own
// where the next word decides the grammar, and gives U&'…' and U&"…" their value.
type filter struct {
	lexer
	ahead    token
	hasAhead bool
}

// token is the next token for the grammar.
func (f *filter) token() (token, *sqlstate.Error) {
	t, err := f.raw()
	if err != nil {
		return t, err
	}
	switch t.kind {
	case kwNot, kwNulls, kwWith:
		if err = f.look(); err == nil {
			t.kind = lookaheadKind(t.kind, f.ahead.kind)
		}
	case tokString, tokIdent:
		if t.unicode {
			err = f.finishUnicode(&t)
		}
	}
	return t, err
}

// raw is the next token of the lexer, which may have been looked at already.
func (f *filter) raw() (token, *sqlstate.Error) {
	if f.hasAhead {
		f.hasAhead = false
		return f.ahead, nil
	}
	return f.lexer.next()
}

// look reads one token ahead. A lexical error there is reported at once, as
// PostgreSQL does.
func (f *filter) look() (err *sqlstate.Error) {
	f.ahead, err = f.lexer.next()
	f.hasAhead = err == nil
	return err
}

func lookaheadKind(k, next kind) kind {
	switch k {
	case kwNot:
		switch next {
		case kwBetween, kwIn, kwLike, kwIlike, kwSimilar:
			return tokNotLA
		}
	case kwNulls:
		if next == kwFirst || next == kwLast {
			return tokNullsLA
		}
	case kwWith:
		if next == kwTime || next == kwOrdinality {
			return tokWithLA
		}
	}
	return k
}

// finishUnicode takes a UESCAPE clause, if there is one, and resolves the escapes.
func (f *filter) finishUnicode(t *token) *sqlstate.Error {
	if err := f.look(); err != nil {
		return err
	}
	escape := byte('\\')
	if f.ahead.kind == kwUescape {
		f.hasAhead = false
		s, err := f.lexer.next()
		if err != nil {
			return err
		}
		if s.kind != tokString || s.unicode {
			return f.errorAt("UESCAPE must be followed by a simple string literal", s.start, s.end)
		}
		if len(s.text) != 1 || !isEscapeChar(s.text[0]) {
			return f.errorAt("invalid Unicode escape character", s.start, s.end)
		}
		escape = s.text[0]
		t.end = s.end
	}
	return f.resolveUnicode(t, escape)
}

// isEscapeChar is check_uescapechar.
func isEscapeChar(c byte) bool {
	return !isHex(c) && c != '+' && c != '\'' && c != '"' && !isSpace(c)
}
