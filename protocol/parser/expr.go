package parser

import "seqd/protocol/sqlstate"

// Precedences of gram.y, lowest first. An operator binds what is on its left if
// its precedence is higher than that of the construct being read.
const (
	precNone = iota
	precOr
	precAnd
	precNot
	precIs         // IS, ISNULL, NOTNULL: nonassociative
	precComparison // < > = <= >= <>: nonassociative
	precLike       // BETWEEN, IN, LIKE, ILIKE, SIMILAR and their NOT forms: nonassociative
	precOp         // every other operator
	precAdd
	precMul
	precPower
	precAt
	precCollate
	precUnary
	precTypecast
)

// exprMode tells where an expression stands, for the few words that can either go
// on with it or end it.
type exprMode byte

const (
	modeExpr     exprMode = iota // a_expr
	modeRestrict                 // b_expr: no AND, OR, NOT, IN, LIKE, BETWEEN, IS NULL …
	modeTarget                   // an output column, which a label without AS may follow
	modeSubstr                   // first argument of SUBSTRING (a SIMILAR b ESCAPE c)
)

// expr is a_expr.
func (p *parser) expr() Expr { return p.exprPrec(precNone, modeExpr) }

// restricted is b_expr.
func (p *parser) restricted() Expr { return p.exprPrec(precNone, modeRestrict) }

// exprPrec reads an expression of operators that bind tighter than min. The mode's
// special words count in this expression only, not in its operands; b_expr alone
// is b_expr down to its operands.
func (p *parser) exprPrec(min int, mode exprMode) Expr {
	outer := p.down()
	left := p.prefix(mode)
	left = p.operators(left, min, mode)
	// down's level of the tree is that of the nodes made here: none is added.
	p.depth--
	p.join(outer)
	return left
}

// operand is the right side of an operator of precedence prec, left-associative.
func (p *parser) operand(prec int, mode exprMode) Expr {
	if mode != modeRestrict {
		mode = modeExpr
	}
	return p.exprPrec(prec, mode)
}

// exprList is expr_list.
func (p *parser) exprList() (list []Expr) {
	for {
		list = append(list, p.expr())
		if !p.got(',') {
			return list
		}
	}
}

// prefix reads what an expression starts with: a prefix operator with its operand,
// or a primary.
func (p *parser) prefix(mode exprMode) Expr {
	pos := p.tok.pos
	switch p.tok.kind {
	case '+', '-':
		minus := p.tok.kind == '-'
		op := p.tok.text
		p.advance()
		arg := p.operand(precUnary, mode)
		if minus {
			if c := negated(arg, pos); c != nil {
				return c
			}
		}
		return p.unary(op, arg, pos)
	case tokOp, kwOperator:
		if p.tok.kind == kwOperator && p.peek() != '(' {
			break
		}
		op := p.qualOp()
		arg := p.operand(precOp, mode)
		p.grow()
		return &AExpr{Op: op, Right: arg, Pos: pos}
	case kwNot, tokNotLA:
		if mode == modeRestrict {
			p.unexpected()
		}
		p.advance()
		arg := p.operand(precNot-1, mode) // right-associative
		p.grow()
		return &BoolExpr{Op: BoolNot, Args: []Expr{arg}, Pos: pos}
	case kwUnique:
		if mode != modeRestrict {
			p.uniquePredicate()
		}
	case kwDefault:
		if mode == modeRestrict {
			p.unexpected()
		}
		p.advance()
		return &SetToDefault{Pos: pos}
	}
	return p.primary(mode)
}

// uniquePredicate is UNIQUE (query), which PostgreSQL's grammar knows and refuses.
func (p *parser) uniquePredicate() {
	pos := p.want(kwUnique)
	if p.got(kwNulls) {
		p.got(kwNot)
		p.want(kwDistinct)
	}
	p.selectWithParens()
	p.fail(sqlstate.FeatureNotSupported, pos, "UNIQUE predicate is not yet implemented")
}

func (p *parser) unary(op string, arg Expr, pos Pos) Expr {
	p.grow()
	return &AExpr{Op: []string{op}, Right: arg, Pos: pos}
}

// negated folds a minus sign into a number (doNegate); nil if arg is none.
func negated(arg Expr, pos Pos) Expr {
	if c, ok := arg.(*Const); ok && (c.Kind == ConstInt || c.Kind == ConstFloat) {
		return &Const{Kind: c.Kind, Text: negate(c.Text), Pos: pos}
	}
	return nil
}

// precedence is that of the token in hand as an operator after an expression,
// precNone if it is none.
func (p *parser) precedence() int {
	switch p.tok.kind {
	case kwOr:
		return precOr
	case kwAnd:
		return precAnd
	case kwIs, kwIsnull, kwNotnull:
		return precIs
	case '<', '>', '=', tokLessEquals, tokGreaterEquals, tokNotEquals:
		return precComparison
	case kwBetween, kwIn, kwLike, kwIlike, kwSimilar, tokNotLA:
		return precLike
	case tokOp, kwOperator:
		return precOp
	case '+', '-':
		return precAdd
	case '*', '/', '%':
		return precMul
	case '^':
		return precPower
	case kwAt:
		return precAt
	case kwCollate:
		return precCollate
	case tokTypecast:
		return precTypecast
	}
	return precNone
}

// operators reads operators tighter than min and their operands, with left as
// their first. closed is the precedence of a nonassociative operator whose right
// operand was just read: another of the same precedence is an error.
func (p *parser) operators(left Expr, min int, mode exprMode) Expr {
	closed := precNone
	for {
		prec := p.precedence()
		if prec <= min || mode == modeRestrict && !p.inRestricted(prec) {
			return left
		}
		if prec == closed {
			p.unexpected()
		}
		if p.endsHere(mode) {
			return left
		}
		closed = precNone
		pos := p.tok.pos
		switch prec {
		case precOr, precAnd:
			left = p.boolean(left, prec, mode)
			continue // grows only where it does not flatten
		case precIs:
			left, closed = p.is(left, mode)
		case precLike:
			left, closed = p.likeFamily(left)
		case precTypecast:
			p.advance()
			left = &TypeCast{Arg: left, Type: p.typeName(), Pos: pos}
		case precCollate:
			p.advance()
			left = &CollateClause{Arg: left, Collation: p.anyName(), Pos: pos}
		case precAt:
			p.wants(kwAt, kwTime, kwZone)
			zone := p.operand(precAt, mode)
			left = systemCall("timezone", pos, zone, left)
		default:
			left, closed = p.binary(left, prec, mode)
		}
		p.grow()
	}
}

// inRestricted tells whether an operator belongs to b_expr.
func (p *parser) inRestricted(prec int) bool {
	switch prec {
	case precIs:
		return p.tok.kind == kwIs
	case precComparison, precOp, precAdd, precMul, precPower, precTypecast:
		return true
	}
	return false
}

// endsHere tells whether a word that could be an operator ends the expression.
func (p *parser) endsHere(mode exprMode) bool {
	k := p.tok.kind
	switch {
	case mode == modeTarget && k.isKeyword() && k.isBareLabel():
		return followsTarget(p.peek())
	case mode == modeSubstr && k == kwSimilar:
		return p.peek() != kwTo
	}
	return false
}

// followsTarget tells the tokens that can come after a column label: "SELECT 1 and
// FROM t" names a column "and".
func followsTarget(k kind) bool {
	switch k {
	case tokEOF, ';', ',', ')', kwFrom, kwInto, kwWhere, kwGroup, kwHaving, kwWindow,
		kwUnion, kwIntersect, kwExcept, kwOrder, kwLimit, kwOffset, kwFetch, kwFor:
		return true
	}
	return false
}

// boolean reads AND and OR; a chain becomes one node.
func (p *parser) boolean(left Expr, prec int, mode exprMode) Expr {
	op, pos := BoolAnd, p.tok.pos
	if prec == precOr {
		op = BoolOr
	}
	p.advance()
	if b, ok := left.(*BoolExpr); ok && b.Op == op {
		inner := p.mark()
		right := p.operand(prec, mode)
		p.grow() // the operand is one level below the node there is
		p.join(inner)
		b.Args = append(b.Args, right)
		return b
	}
	right := p.operand(prec, mode)
	p.grow()
	return &BoolExpr{Op: op, Args: []Expr{left, right}, Pos: pos}
}

// binary reads an operator and its right operand, or ANY/ALL (…).
func (p *parser) binary(left Expr, prec int, mode exprMode) (Expr, int) {
	pos := p.tok.pos
	var op []string
	if p.tok.kind == tokOp || p.tok.kind == kwOperator {
		op = p.qualOp()
	} else {
		op = []string{p.tok.text}
		p.advance()
	}
	if p.isQuantifier() && mode != modeRestrict {
		return p.quantified(left, op, pos), precNone
	}
	right := p.operand(prec, mode)
	closed := precNone
	if prec == precComparison {
		closed = precComparison
	}
	return &AExpr{Op: op, Left: left, Right: right, Pos: pos}, closed
}

// qualOp is qual_Op: an operator, or OPERATOR(schema.op).
func (p *parser) qualOp() []string {
	if p.tok.kind != kwOperator {
		return []string{p.take(p.tok.kind == tokOp)}
	}
	p.advance()
	p.want('(')
	var op []string
	for p.tok.kind.isColID() {
		op = append(op, p.colID())
		p.want('.')
	}
	op = append(op, p.take(p.tok.kind.isOperator()))
	p.want(')')
	return op
}

// isOperator is all_Op.
func (k kind) isOperator() bool {
	switch k {
	case tokOp, '+', '-', '*', '/', '%', '^', '<', '>', '=', tokLessEquals, tokGreaterEquals, tokNotEquals:
		return true
	}
	return false
}

func (p *parser) isQuantifier() bool {
	return p.tok.kind == kwAny || p.tok.kind == kwSome || p.tok.kind == kwAll
}

// quantified reads ANY (…), SOME (…) or ALL (…), with a query or an array.
func (p *parser) quantified(left Expr, op []string, pos Pos) Expr {
	kind, link := AExprOpAny, SubLinkAny
	if p.tok.kind == kwAll {
		kind, link = AExprOpAll, SubLinkAll
	}
	p.advance()
	if p.tok.kind != '(' {
		p.unexpected()
	}
	query, arg := p.parenthesized(parensOne)
	if query != nil {
		return &SubLink{Kind: link, Test: left, Op: op, Query: query, Pos: pos}
	}
	return &AExpr{Kind: kind, Op: op, Left: left, Right: arg[0], Pos: pos}
}

// systemCall is a call of a function that SQL syntax stands for.
func systemCall(name string, pos Pos, args ...Expr) *FuncCall {
	return &FuncCall{Name: systemName(name), Args: args, SQLSyntax: true, Pos: pos}
}
