package parser

import "seqd/protocol/sqlstate"

// tableRef is table_ref: a primary and the joins that follow it.
func (p *parser) tableRef() TableRef {
	outer := p.down()
	t := p.joins(p.tablePrimary())
	p.up(outer)
	return t
}

func (p *parser) startsJoin() bool {
	switch p.tok.kind {
	case kwCross, kwNatural, kwJoin, kwInner, kwLeft, kwRight, kwFull:
		return true
	}
	return false
}

// joins reads joins with left as their first table. What is right of a JOIN that
// needs a condition takes all joins up to it; CROSS and NATURAL JOIN take one table.
func (p *parser) joins(left TableRef) TableRef {
	for p.startsJoin() {
		j := &JoinExpr{Left: left, Pos: p.tok.pos}
		switch {
		case p.gotWords(kwCross, kwJoin):
			j.Type = JoinCross
			j.Right = p.tablePrimary()
		case p.got(kwNatural):
			j.Natural = true
			j.Type = p.joinType()
			p.want(kwJoin)
			j.Right = p.tablePrimary()
		default:
			j.Type = p.joinType()
			p.want(kwJoin)
			j.Right = p.tableRef()
			p.joinQual(j)
		}
		p.grow()
		left = j
	}
	return left
}

func (p *parser) joinType() JoinType {
	t := JoinInner
	switch p.tok.kind {
	case kwInner:
		p.advance()
		return t
	case kwLeft:
		t = JoinLeft
	case kwRight:
		t = JoinRight
	case kwFull:
		t = JoinFull
	default:
		return t
	}
	p.advance()
	p.got(kwOuter)
	return t
}

func (p *parser) joinQual(j *JoinExpr) {
	if p.got(kwUsing) {
		j.Using = p.parenNameList()
		if p.got(kwAs) {
			j.UsingAlias = p.colID()
		}
		return
	}
	p.want(kwOn)
	j.On = p.expr()
}

// tablePrimary is a table_ref without joins.
func (p *parser) tablePrimary() TableRef {
	pos := p.tok.pos
	switch k := p.tok.kind; {
	case k == '(':
		query, joined := p.parenTable()
		if query != nil {
			return p.subselect(query, false, pos)
		}
		joined.Alias = p.alias()
		return joined
	case k == kwLateral:
		p.advance()
		if p.tok.kind == '(' {
			pos = p.tok.pos
			return p.subselect(p.selectWithParens(), true, pos)
		}
		if p.tok.kind == kwXmltable && p.peek() == '(' {
			p.xml()
		}
		return p.funcTable(true, pos)
	case k == kwOnly:
		return p.aliased(p.relationExpr())
	case k == kwRows && p.peek() == kwFrom:
		return p.funcTable(false, pos)
	case k == kwXmltable && p.peek() == '(':
		p.xml()
	case k.isKeyword() && p.isCommonSubexpr(k):
		return p.funcTable(false, pos)
	}
	return p.relationOrFunction(pos)
}

// isCommonSubexpr tells the constructs that stand in FROM as functions
// (func_expr_common_subexpr).
func (p *parser) isCommonSubexpr(k kind) bool {
	switch k {
	case kwRow, kwExists, kwGrouping:
		return false
	case kwCurrentSchema:
		return p.peek() != '('
	case kwCollation:
		return p.peek() == kwFor
	}
	return constructs[k] != nil && (k.word().class == reserved || p.peek() == '(')
}

// relationOrFunction reads a name, which is a function's if "(" follows.
func (p *parser) relationOrFunction(pos Pos) TableRef {
	k := p.tok.kind
	if !k.isColID() || k.isTypeFunctionName() && p.peek() == '(' {
		if !k.isTypeFunctionName() {
			p.unexpected()
		}
		return p.funcTable(false, pos)
	}
	first := p.tok
	names, plain := []string{p.take(true)}, true
	if p.tok.kind == '.' || p.tok.kind == '[' {
		for _, step := range p.indirection() {
			names = append(names, step.Field)
			plain = plain && step.Field != ""
		}
	}
	if !plain {
		p.unexpected()
	}
	if p.tok.kind == '(' && len(names) > 1 {
		f, _, _ := p.application(names, pos)
		return p.functionItem(f, false, pos)
	}
	rv := p.checkedRangeVar(names, first.pos)
	p.got('*')
	return p.aliased(rv)
}

// relationExpr is relation_expr: a name, maybe with ONLY or a star.
func (p *parser) relationExpr() RangeVar {
	if !p.got(kwOnly) {
		rv := p.qualifiedName()
		p.got('*')
		return rv
	}
	parens := p.got('(')
	rv := p.qualifiedName()
	if parens {
		p.want(')')
	}
	rv.Only = true
	return rv
}

// aliased reads a relation's alias and TABLESAMPLE.
func (p *parser) aliased(rv RangeVar) TableRef {
	rv.Alias = p.alias()
	if p.got(kwTablesample) {
		rv.Sample = p.tableSample()
	}
	return &rv
}

// tableSample reads TABLESAMPLE method (args) [REPEATABLE (seed)].
func (p *parser) tableSample() bool {
	if name := p.tok.kind; !name.isColID() && !name.isTypeFunctionName() {
		p.unexpected()
	}
	single := p.tok.kind.isTypeFunctionName()
	p.advance()
	for p.got('.') {
		p.colLabel()
		single = true
	}
	if !single {
		p.unexpected()
	}
	p.want('(')
	p.exprList()
	p.want(')')
	if p.got(kwRepeatable) {
		p.want('(')
		p.expr()
		p.want(')')
	}
	return true
}

// alias is opt_alias_clause.
func (p *parser) alias() *Alias {
	if !p.got(kwAs) && !p.tok.kind.isColID() {
		return nil
	}
	a := &Alias{Name: p.colID()}
	if p.tok.kind == '(' {
		a.Columns = p.parenNameList()
	}
	return a
}

// subselect gives a subquery in FROM its alias, without which it is an error.
func (p *parser) subselect(q *SelectStmt, lateral bool, pos Pos) TableRef {
	alias := p.alias()
	if alias == nil {
		what, example := "subquery", "SELECT"
		if q.Values != nil {
			what, example = "VALUES", "VALUES"
		}
		p.throw(sqlstate.Errorf(sqlstate.SyntaxError, "%s in FROM must have an alias", what).
			WithHint("For example, FROM (%s ...) [AS] foo.", example).At(int(pos)))
	}
	return &RangeSubselect{Lateral: lateral, Query: q, Alias: alias, Pos: pos}
}

// parenTable reads (query) or (joined table), as parenthesized does for expressions.
func (p *parser) parenTable() (*SelectStmt, *JoinExpr) {
	outer := p.down()
	p.want('(')
	query, joined := p.insideTableParens()
	p.want(')')
	p.up(outer)
	return query, joined
}

func (p *parser) insideTableParens() (*SelectStmt, *JoinExpr) {
	var left TableRef
	pos := p.tok.pos
	switch {
	case p.startsSelect():
		return p.selectNoParens(), nil
	case p.tok.kind == '(':
		query, joined := p.parenTable()
		if query != nil {
			if p.tok.kind == ')' {
				return query, nil
			}
			if p.continuesSelect() {
				return p.selectRest(query), nil
			}
			if !p.startsJoin() && p.tok.kind != kwAs && !p.tok.kind.isColID() {
				p.unexpected()
			}
			left = p.subselect(query, false, pos)
			break
		}
		if p.tok.kind == ')' {
			return nil, joined
		}
		joined.Alias = p.alias()
		left = joined
	default:
		left = p.tablePrimary()
	}
	if !p.startsJoin() {
		p.unexpected()
	}
	return nil, p.joins(left).(*JoinExpr)
}
