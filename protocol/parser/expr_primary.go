package parser

import (
	"strconv"

	"seqd/protocol/sqlstate"
)

// primary is c_expr, and in a_expr the OVERLAPS of two rows.
func (p *parser) primary(mode exprMode) Expr {
	pos := p.tok.pos
	k := p.tok.kind
	switch k {
	case tokIdent:
		return p.nameExpr()
	case tokInt, tokFloat, tokString, tokBit:
		return p.literal(k)
	case kwNull, kwTrue, kwFalse:
		p.advance()
		return &Const{Kind: wordConsts[k].kind, Text: wordConsts[k].text, Pos: pos}
	case tokParam:
		ref := &ParamRef{Number: paramNumber(p.tok.text), Pos: pos}
		p.advance()
		return p.indirected(ref, pos)
	case '(':
		query, list := p.parenthesized(parensAny)
		return p.afterParens(query, list, pos, mode)
	case kwCase:
		return p.caseExpr()
	case kwArray:
		return p.array()
	}
	if k.isKeyword() {
		return p.keywordExpr(k, mode)
	}
	p.unexpected()
	return nil
}

var wordConsts = map[kind]struct {
	kind ConstKind
	text string
}{
	kwNull: {ConstNull, ""}, kwTrue: {ConstBool, "t"}, kwFalse: {ConstBool, "f"},
}

func (p *parser) literal(k kind) Expr {
	c := &Const{Text: p.tok.text, Pos: p.tok.pos}
	switch k {
	case tokInt:
		c.Kind = ConstInt
	case tokFloat:
		c.Kind = ConstFloat
	case tokString:
		c.Kind = ConstString
	case tokBit:
		c.Kind = ConstBit
	}
	p.advance()
	return c
}

// paramNumber is atol's answer cut to an int, as scan.l has it: $4294967297 is $1.
func paramNumber(digits string) int {
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return -1
	}
	return int(int32(n))
}

// keywordExpr is a primary that starts with a key word: a construct of its own, or
// a name.
func (p *parser) keywordExpr(k kind, mode exprMode) Expr {
	if p.startsTypedConst(k) {
		return p.typedConst()
	}
	if f := constructs[k]; f != nil && (k.word().class == reserved || p.peek() == '(') {
		return f(p, mode)
	}
	switch {
	case k == kwCollation && p.peek() == kwFor:
		return p.collationFor()
	case k == kwCurrentSchema && p.peek() != '(' && p.peek() != tokString:
		return p.valueFunction()
	}
	return p.nameExpr()
}

// startsTypedConst tells whether a type's key word starts a constant of that type
// (INTERVAL '1 day') rather than being a name.
func (p *parser) startsTypedConst(k kind) bool {
	switch k {
	case kwInt, kwInteger, kwSmallint, kwBigint, kwReal, kwBoolean:
		return p.peek() == tokString
	case kwDecimal, kwDec, kwNumeric, kwFloat, kwVarchar, kwInterval:
		return p.peek() == tokString || p.peek() == '('
	case kwBit, kwCharacter, kwChar, kwNchar:
		return p.peek() == tokString || p.peek() == '(' || p.peek() == kwVarying
	case kwTimestamp, kwTime:
		return p.peek() == tokString || p.peek() == '(' || p.peek() == tokWithLA || p.peek() == kwWithout
	case kwNational:
		return p.peek() == kwCharacter || p.peek() == kwChar
	case kwDouble:
		return p.peek() == kwPrecision
	}
	return false
}

func (p *parser) typedConst() Expr {
	outer := p.mark()
	t, _ := p.keywordType()
	if len(t.Typmods) == 1 && t.Typmods[0].Location() == 0 {
		t.Typmods = nil // the default length of char and bit is not a constant's
	}
	c := p.stringConst()
	if t.Names[1] == "interval" && t.Typmods == nil {
		t.Typmods = p.intervalFields()
	}
	p.grow()
	p.join(outer)
	return &TypeCast{Arg: c, Type: t, Pos: t.Pos}
}

func (p *parser) stringConst() *Const {
	c := &Const{Kind: ConstString, Pos: p.tok.pos}
	c.Text = p.sconst()
	return c
}

// nameExpr is a column, a function call, or a constant of a named type.
func (p *parser) nameExpr() Expr {
	first := p.tok
	if !first.kind.isNonReserved() {
		p.unexpected()
	}
	p.advance()
	names := []string{first.text}
	var rest []IndirectionStep
	if (p.tok.kind == '.' || p.tok.kind == '[') && first.kind.isColID() {
		outer := p.mark()
		rest = p.indirection()
		p.join(outer)
		for len(rest) > 0 && rest[0].Field != "" {
			names, rest = append(names, rest[0].Field), rest[1:]
		}
	}
	callable := len(rest) == 0 && (len(names) > 1 || first.kind.isTypeFunctionName())
	switch {
	case p.tok.kind == '(' && callable:
		return p.call(names, first.pos)
	case p.tok.kind == tokString && callable:
		return &TypeCast{Arg: p.stringConst(), Type: TypeName{Names: names, Pos: first.pos}, Pos: first.pos}
	case !first.kind.isColID():
		p.unexpected()
	}
	return p.columnRef(names, rest, first.pos)
}

// columnRef is makeColumnRef: the dotted names are the column, anything from the
// first subscript on is applied to it.
func (p *parser) columnRef(names []string, rest []IndirectionStep, pos Pos) Expr {
	ref := &ColumnRef{Fields: names, Pos: pos}
	if len(rest) > 0 && rest[0].Star {
		if len(rest) > 1 {
			p.misplacedStar()
		}
		ref.Star = true
		return ref
	}
	return p.indirectedBy(ref, rest, pos)
}

func (p *parser) misplacedStar() { p.yyerror(`improper use of "*"`) }

// indirection reads .name, .* and [subscripts].
func (p *parser) indirection() (steps []IndirectionStep) {
	for {
		switch p.tok.kind {
		case '.':
			p.advance()
			if p.got('*') {
				steps = append(steps, IndirectionStep{Star: true})
			} else {
				steps = append(steps, IndirectionStep{Field: p.colLabel()})
			}
		case '[':
			p.advance()
			steps = append(steps, p.subscript())
		default:
			return steps
		}
		if len(steps) > MaxDepth {
			p.tooDeep()
		}
	}
}

// subscript is what stands between [ and ].
func (p *parser) subscript() (s IndirectionStep) {
	if p.tok.kind != ':' {
		s.Index = p.expr()
	}
	if p.tok.kind == ':' {
		s.Slice = true
		p.advance()
		if p.tok.kind != ']' {
			s.Upper = p.expr()
		}
	}
	p.want(']')
	return s
}

// indirected applies what indirection follows to e.
func (p *parser) indirected(e Expr, pos Pos) Expr {
	if p.tok.kind != '.' && p.tok.kind != '[' {
		return e
	}
	return p.indirectedBy(e, p.indirection(), pos)
}

func (p *parser) indirectedBy(e Expr, steps []IndirectionStep, pos Pos) Expr {
	if len(steps) == 0 {
		return e
	}
	for _, s := range steps[:len(steps)-1] {
		if s.Star {
			p.misplacedStar()
		}
	}
	p.grow()
	return &Indirection{Arg: e, Path: steps, Pos: pos}
}

// parenthesized reads (query) or (expressions), whichever it is. PostgreSQL's
// grammar lets a query have as many parentheses around it as it can, so an inner
// one that is a query leaves the question open: ((SELECT 1) UNION SELECT 2) is a
// query, ((SELECT 1) + 2) is not.
func (p *parser) parenthesized(what parens) (*SelectStmt, []Expr) {
	outer := p.down()
	p.want('(')
	query, list := p.insideParens(what)
	p.want(')')
	p.up(outer)
	return query, list
}

// parens tells what may stand in parentheses.
type parens byte

const (
	parensAny parens = iota // a query or expressions
	parensOne               // a query or one expression
	parensRow               // two expressions or more
)

func (p *parser) insideParens(what parens) (*SelectStmt, []Expr) {
	var first Expr
	switch {
	case what != parensRow && p.startsSelect():
		return p.selectNoParens(), nil
	case p.tok.kind == '(':
		pos := p.tok.pos
		query, list := p.parenthesized(parensAny)
		if query != nil && what != parensRow {
			if p.tok.kind == ')' {
				return query, nil
			}
			if p.continuesSelect() {
				return p.selectRest(query), nil
			}
		}
		first = p.operators(p.afterParens(query, list, pos, modeExpr), precNone, modeExpr)
	default:
		first = p.expr()
	}
	if what == parensRow && p.tok.kind != ',' {
		p.unexpected()
	}
	list := []Expr{first}
	for what != parensOne && p.got(',') {
		list = append(list, p.expr())
	}
	return nil, list
}

// afterParens makes an operand of what parenthesized read.
func (p *parser) afterParens(query *SelectStmt, list []Expr, pos Pos, mode exprMode) Expr {
	switch {
	case query != nil:
		return p.indirected(&SubLink{Kind: SubLinkExpr, Query: query, Pos: pos}, pos)
	case len(list) == 1:
		return p.indirected(list[0], pos)
	}
	return p.overlaps(&RowExpr{Args: list, Pos: pos}, mode)
}

// overlaps reads OVERLAPS and another row after a row.
func (p *parser) overlaps(left *RowExpr, mode exprMode) Expr {
	if p.tok.kind != kwOverlaps || mode == modeRestrict {
		return left
	}
	pos := p.tok.pos
	p.advance()
	var right *RowExpr
	rightPos := p.tok.pos
	switch {
	case p.tok.kind == kwRow:
		right = p.explicitRow()
	case p.tok.kind == '(':
		_, list := p.parenthesized(parensRow)
		right = &RowExpr{Args: list, Pos: rightPos}
	default:
		p.unexpected()
	}
	if len(left.Args) != 2 {
		p.fail(sqlstate.SyntaxError, left.Pos, "wrong number of parameters on left side of OVERLAPS expression")
	}
	if len(right.Args) != 2 {
		p.fail(sqlstate.SyntaxError, right.Pos, "wrong number of parameters on right side of OVERLAPS expression")
	}
	p.grow()
	return systemCall("overlaps", pos, left.Args[0], left.Args[1], right.Args[0], right.Args[1])
}
