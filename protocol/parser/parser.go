// Package parser turns the text of a query message into statements: PostgreSQL
// 15's lexical rules and grammar for what seqd serves, by hand. It knows no
// catalog; what a name means is decided later.
//
// Three things follow PostgreSQL closely because clients see them: the key words
// and their classes, the SQLSTATE, text and position of every error, and the
// shape of the tree (ast.go). A syntax error is reported at the first token that
// no statement could go on with, as an LALR(1) parser does, so the functions here
// decide by one token wherever gram.y does.
//
// The text comes from anybody, so nothing may grow faster than it: time and memory
// are linear in its length, and no tree is higher than MaxDepth, so that a
// recursive walk over a statement is safe.
package parser

import (
	"seqd/protocol/sqlstate"
)

const (
	// MaxDepth is the height of the highest tree: nesting (parentheses, CASE,
	// subqueries, NOT NOT …) and chains (1+1+…, x::t::t …) alike. PostgreSQL's own
	// limit is its stack: with max_stack_depth at 2 MB, sums and calls end at 4,052,
	// CASE at 1,953, subqueries at 2,099, UNION at 7,226, casts at 13,085.
	MaxDepth = 5000

	// maxRecursion bounds the parser's own stack on the way down, before there is a
	// tree to measure. An operator's operand and the parentheses around it count
	// apart, so it is twice MaxDepth.
	maxRecursion = 2 * MaxDepth

	// maxTokens bounds the memory that a message takes: a token makes at most some
	// 200 bytes of tree.
	maxTokens = 1 << 20
)

// Result is what Parse made of a message.
type Result struct {
	Stmts   []RawStmt
	Notices []*sqlstate.Error // in the order of the text; to be sent even if there is an error
}

// Parse parses a whole message, which may hold any number of statements: none of
// them runs if one is wrong. The error is a *sqlstate.Error.
func Parse(sql string) (Result, error) {
	var r Result
	p, err := newParser(sql)
	if err == nil {
		err = p.run(func() { r.Stmts = p.stmtMulti() })
		r.Notices = p.notices
	}
	if err != nil {
		r.Stmts = nil
		return r, err
	}
	return r, nil
}

// ParseTypeName parses the name of a type as the input of regtype does
// (parseTypeString). Its errors have no position: the text is a value, not part
// of the message.
func ParseTypeName(s string) (TypeName, error) {
	var t TypeName
	p, err := newParser(s)
	if err == nil {
		err = p.run(func() {
			if p.tok.kind == tokEOF {
				p.fail(sqlstate.SyntaxError, 0, `invalid type name "%s"`, s)
			}
			t = p.typeName()
			if p.tok.kind != tokEOF {
				p.unexpected()
			}
			if t.SetOf {
				p.fail(sqlstate.SyntaxError, 0, `invalid type name "%s"`, s)
			}
		})
	}
	if err != nil {
		return TypeName{}, err.At(0)
	}
	return t, nil
}

// parser is a recursive-descent parser with one token in hand.
type parser struct {
	filter
	tok     token // the token in hand
	prevEnd int   // where the one before it ended
	buf     token // the one after it, if peeked
	peeked  bool
	peekErr *sqlstate.Error

	depth int // how deep the parser is in its recursion
	high  int // height of the highest tree finished since the innermost mark (see mark)
}

func newParser(sql string) (*parser, *sqlstate.Error) {
	l, err := newLexer(sql)
	if err != nil {
		return nil, err
	}
	return &parser{filter: filter{lexer: l}}, nil
}

// bailout carries an error from the depth of the recursion up to run.
type bailout struct{ err *sqlstate.Error }

// run gets the first token and calls f; the panics of fail end here.
func (p *parser) run(f func()) (err *sqlstate.Error) {
	defer func() {
		if r := recover(); r != nil {
			b, ok := r.(bailout)
			if !ok {
				panic(r)
			}
			err = b.err
		}
	}()
	p.advance()
	f()
	return nil
}

// throw ends the parsing with an error.
func (p *parser) throw(err *sqlstate.Error) { panic(bailout{err}) }

func (p *parser) fail(code sqlstate.Code, pos Pos, format string, args ...any) {
	p.throw(sqlstate.Errorf(code, format, args...).At(int(pos)))
}

// unexpected is the syntax error at the token in hand.
func (p *parser) unexpected() { p.yyerror("syntax error") }

// yyerror is an error at the token in hand, which its text shows.
func (p *parser) yyerror(message string) {
	p.throw(p.errorAt(message, p.tok.start, p.tok.end))
}

// advance takes the next token in hand. A lexical error counts from then on, not
// when peek met it: a syntax error before it comes first.
func (p *parser) advance() {
	p.prevEnd = p.tok.end
	if p.peeked {
		p.peeked = false
		if p.peekErr != nil {
			p.throw(p.peekErr)
		}
		p.tok = p.buf
		return
	}
	t, err := p.token()
	if err != nil {
		p.throw(err)
	}
	p.tok = t
}

// peek is the kind of the token after the one in hand.
func (p *parser) peek() kind {
	if !p.peeked {
		p.buf, p.peekErr = p.token()
		p.peeked = true
		if p.peekErr != nil {
			p.buf.kind = tokEOF
		}
	}
	return p.buf.kind
}

// got takes the token in hand if it is of kind k.
func (p *parser) got(k kind) bool {
	if p.tok.kind != k {
		return false
	}
	p.advance()
	return true
}

// want takes the token in hand, which must be of kind k, and returns its position.
func (p *parser) want(k kind) Pos {
	if p.tok.kind != k {
		p.unexpected()
	}
	pos := p.tok.pos
	p.advance()
	return pos
}

// wants takes several tokens in a row.
func (p *parser) wants(kinds ...kind) {
	for _, k := range kinds {
		p.want(k)
	}
}

// gotWords takes a first key word if it is there, and the rest, which must follow.
func (p *parser) gotWords(first kind, rest ...kind) bool {
	if !p.got(first) {
		return false
	}
	p.wants(rest...)
	return true
}

// list calls item for each element of a list with commas.
func (p *parser) list(item func()) {
	for {
		item()
		if !p.got(',') {
			return
		}
	}
}

// ---- depth

// mark starts measuring a new tree and returns what join needs to add it to the
// one around it. Between them high is the height of the new tree so far.
func (p *parser) mark() (outer int) {
	outer = p.high
	p.high = 0
	return outer
}

// grow makes the tree just measured one level higher.
func (p *parser) grow() {
	p.high++
	if p.high > MaxDepth {
		p.tooDeep()
	}
}

// join ends the measuring that mark began.
func (p *parser) join(outer int) { p.high = max(p.high, outer) }

// down and up enclose everything that recurses: they bound the parser's own stack
// and count one level of the tree.
func (p *parser) down() (outer int) {
	p.depth++
	if p.depth > maxRecursion {
		p.tooDeep()
	}
	return p.mark()
}

func (p *parser) up(outer int) {
	p.depth--
	p.grow()
	p.join(outer)
}

func (p *parser) tooDeep() {
	p.throw(sqlstate.New(sqlstate.StatementTooComplex, "stack depth limit exceeded").
		WithHint(`Increase the configuration parameter "max_stack_depth" (currently 2048kB), ` +
			`after ensuring the platform's stack depth limit is adequate.`))
}
