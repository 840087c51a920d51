package parser

// is reads the IS family, ISNULL and NOTNULL. The second result is precIs if a
// right operand was read, which another IS must not follow.
func (p *parser) is(left Expr, mode exprMode) (Expr, int) {
	pos := p.tok.pos
	if p.tok.kind != kwIs {
		not := p.tok.kind == kwNotnull
		p.advance()
		return &NullTest{Arg: left, Not: not, Pos: pos}, precNone
	}
	p.advance()
	not := p.got(kwNot)
	k := p.tok.kind
	if mode == modeRestrict && k != kwDistinct && k != kwDocument {
		p.unexpected()
	}
	switch k {
	case kwNull:
		p.advance()
		return &NullTest{Arg: left, Not: not, Pos: pos}, precNone
	case kwTrue, kwFalse, kwUnknown:
		test := booleanTests[k]
		p.advance()
		return &BooleanTest{Arg: left, Test: test, Not: not, Pos: pos}, precNone
	case kwDistinct:
		p.advance()
		p.want(kwFrom)
		kind := AExprDistinct
		if not {
			kind = AExprNotDistinct
		}
		right := p.operand(precIs, mode)
		return &AExpr{Kind: kind, Op: []string{"="}, Left: left, Right: right, Pos: pos}, precIs
	case kwDocument:
		p.advance()
		return p.negateIf(not, systemCall("xml_is_document", pos, left), pos), precNone
	case kwNormalized, kwNfc, kwNfd, kwNfkc, kwNfkd:
		args := []Expr{left}
		if k != kwNormalized {
			args = append(args, &Const{Kind: ConstString, Text: upper(p.tok.text), Pos: p.tok.pos})
			p.advance()
		}
		p.want(kwNormalized)
		return p.negateIf(not, systemCall("is_normalized", pos, args...), pos), precNone
	}
	p.unexpected()
	return nil, precNone
}

var booleanTests = map[kind]string{kwTrue: "TRUE", kwFalse: "FALSE", kwUnknown: "UNKNOWN"}

// upper is for the names of Unicode normal forms.
func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// negateIf wraps e in NOT.
func (p *parser) negateIf(not bool, e Expr, pos Pos) Expr {
	if !not {
		return e
	}
	p.grow()
	return &BoolExpr{Op: BoolNot, Args: []Expr{e}, Pos: pos}
}

// likeFamily reads [NOT] LIKE, ILIKE, SIMILAR TO, BETWEEN and IN.
func (p *parser) likeFamily(left Expr) (Expr, int) {
	pos := p.tok.pos
	not := p.got(tokNotLA)
	k := p.tok.kind
	p.advance()
	switch k {
	case kwBetween:
		return p.between(left, not, pos), precLike
	case kwIn:
		return p.in(left, not, pos), precNone
	case kwSimilar:
		p.want(kwTo)
		pattern := p.operand(precLike, modeExpr)
		args := []Expr{pattern}
		if p.got(kwEscape) {
			args = append(args, p.operand(precLike, modeExpr))
		}
		p.grow() // for the call
		pattern = systemCall("similar_to_escape", pos, args...)
		op := []string{"~"}
		if not {
			op[0] = "!~"
		}
		return &AExpr{Kind: AExprSimilar, Op: op, Left: left, Right: pattern, Pos: pos}, precLike
	}
	op, kind := "~~", AExprLike
	if k == kwIlike {
		op, kind = "~~*", AExprILike
	}
	if not {
		op = "!" + op
	}
	if p.isQuantifier() {
		return p.quantified(left, []string{op}, pos), precNone
	}
	pattern := p.operand(precLike, modeExpr)
	if p.got(kwEscape) {
		escape := p.operand(precLike, modeExpr)
		p.grow()
		pattern = systemCall("like_escape", pos, pattern, escape)
	}
	return &AExpr{Kind: kind, Op: []string{op}, Left: left, Right: pattern, Pos: pos}, precLike
}

// between reads the rest of BETWEEN.
func (p *parser) between(left Expr, not bool, pos Pos) Expr {
	kind, op := AExprBetween, "BETWEEN"
	if not {
		kind, op = AExprNotBetween, "NOT BETWEEN"
	}
	if p.got(kwSymmetric) {
		op += " SYMMETRIC"
		if kind == AExprBetween {
			kind = AExprBetweenSym
		} else {
			kind = AExprNotBetweenSym
		}
	} else {
		p.got(kwAsymmetric)
	}
	listPos := p.tok.pos
	low := p.restricted()
	p.want(kwAnd)
	high := p.operand(precLike, modeExpr)
	p.grow() // for the list
	return &AExpr{Kind: kind, Op: []string{op}, Left: left,
		Right: &ExprList{Items: []Expr{low, high}, Pos: listPos}, Pos: pos}
}

// in reads the list or query of IN.
func (p *parser) in(left Expr, not bool, pos Pos) Expr {
	if p.tok.kind != '(' {
		p.unexpected()
	}
	listPos := p.tok.pos
	query, list := p.parenthesized(parensAny)
	if query != nil {
		return p.negateIf(not, &SubLink{Kind: SubLinkAny, Test: left, Query: query, Pos: pos}, pos)
	}
	op := "="
	if not {
		op = "<>"
	}
	p.grow() // for the list
	return &AExpr{Kind: AExprIn, Op: []string{op}, Left: left,
		Right: &ExprList{Items: list, Pos: listPos}, Pos: pos}
}
