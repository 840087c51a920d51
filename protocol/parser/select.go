package parser

// startsSelect tells whether a query starts at the token in hand, where an
// expression may stand too: VALUES is also a column's name.
func (p *parser) startsSelect() bool {
	switch p.tok.kind {
	case kwSelect, kwWith, tokWithLA, kwTable:
		return true
	case kwValues:
		return p.peek() == '('
	}
	return false
}

// continuesSelect tells whether a query in parentheses goes on after them.
func (p *parser) continuesSelect() bool {
	switch p.tok.kind {
	case kwUnion, kwIntersect, kwExcept, kwOrder, kwLimit, kwOffset, kwFetch, kwFor:
		return true
	}
	return false
}

// selectStmt is SelectStmt: a query, maybe in parentheses.
func (p *parser) selectStmt() *SelectStmt {
	if p.tok.kind != '(' {
		return p.selectNoParens()
	}
	q := p.selectWithParens()
	if p.continuesSelect() {
		return p.selectRest(q)
	}
	return q
}

// selectWithParens is select_with_parens. The parentheses leave no trace: ORDER BY
// and LIMIT after them go to the query inside.
func (p *parser) selectWithParens() *SelectStmt {
	outer := p.down()
	p.want('(')
	q := p.selectStmt()
	p.want(')')
	p.up(outer)
	return q
}

// selectNoParens is select_no_parens.
func (p *parser) selectNoParens() *SelectStmt {
	outer := p.down()
	with := p.withClause()
	q := p.setOperations(p.selectClause(), setOpNone)
	p.selectOptions(q, with)
	p.up(outer)
	return q
}

// selectRest goes on with a query that was read in parentheses.
func (p *parser) selectRest(q *SelectStmt) *SelectStmt {
	q = p.setOperations(q, setOpNone)
	p.selectOptions(q, nil)
	return q
}

// Precedences of set operations.
const (
	setOpNone = iota
	setOpUnion
	setOpIntersect
)

// setOperations reads operations that bind tighter than min, with left as their
// first query.
func (p *parser) setOperations(left *SelectStmt, min int) *SelectStmt {
	for {
		op, prec := SetOpUnion, setOpUnion
		switch p.tok.kind {
		case kwUnion:
		case kwExcept:
			op = SetOpExcept
		case kwIntersect:
			op, prec = SetOpIntersect, setOpIntersect
		default:
			return left
		}
		if prec <= min {
			return left
		}
		q := &SelectStmt{Op: op, Left: left, Pos: left.Pos}
		p.advance()
		if !p.got(kwDistinct) {
			q.All = p.got(kwAll)
		}
		outer := p.down()
		q.Right = p.setOperations(p.selectClause(), prec)
		p.up(outer)
		p.grow()
		left = q
	}
}

// selectClause is select_clause: a query without ORDER BY and its like, or one in
// parentheses.
func (p *parser) selectClause() *SelectStmt {
	switch p.tok.kind {
	case kwSelect:
		return p.simpleSelect()
	case kwValues:
		return p.valuesClause()
	case kwTable:
		return p.tableCommand()
	case '(':
		return p.selectWithParens()
	}
	p.unexpected()
	return nil
}

// simpleSelect is SELECT … up to WINDOW.
func (p *parser) simpleSelect() *SelectStmt {
	q := &SelectStmt{Pos: p.want(kwSelect)}
	switch {
	case p.got(kwDistinct):
		q.Distinct = true
		if p.got(kwOn) {
			p.want('(')
			q.DistinctOn = p.exprList()
			p.want(')')
		}
		q.Targets = p.targetList()
	case p.got(kwAll):
		q.Targets = p.optTargetList()
	default:
		q.Targets = p.optTargetList()
	}
	if p.got(kwInto) {
		into := p.intoTarget()
		q.Into = &into
	}
	if p.got(kwFrom) {
		p.list(func() { q.From = append(q.From, p.tableRef()) })
	}
	if p.got(kwWhere) {
		q.Where = p.expr()
	}
	if p.gotWords(kwGroup, kwBy) {
		if !p.got(kwAll) {
			q.GroupByAll = p.got(kwDistinct)
		}
		q.GroupBy = p.groupByList()
	}
	if p.got(kwHaving) {
		q.Having = p.expr()
	}
	if p.got(kwWindow) {
		p.list(func() { q.Window = append(q.Window, p.windowDefinition()) })
	}
	return q
}

// optTargetList is opt_target_list: SELECT may have no column at all.
func (p *parser) optTargetList() []ResTarget {
	switch k := p.tok.kind; k {
	case ',': // never a column: targetList reports it
	default:
		if followsTarget(k) {
			return nil
		}
	}
	return p.targetList()
}

func (p *parser) targetList() (list []ResTarget) {
	for {
		list = append(list, p.target())
		if !p.got(',') {
			return list
		}
	}
}

func (p *parser) target() ResTarget {
	t := ResTarget{Pos: p.tok.pos}
	if p.got('*') {
		t.Expr = &ColumnRef{Star: true, Pos: t.Pos}
		return t
	}
	t.Expr = p.exprPrec(precNone, modeTarget)
	if p.got(kwAs) {
		t.Name = p.colLabel()
	} else if p.tok.kind.isBareLabel() {
		t.Name = p.colLabel()
	}
	return t
}

// intoTarget is OptTempTableName.
func (p *parser) intoTarget() RangeVar {
	switch k := p.tok.kind; k {
	case kwLocal, kwGlobal:
		if next := p.peek(); next == kwTemp || next == kwTemporary {
			if k == kwGlobal {
				p.warnGlobal(p.tok.pos)
			}
			p.advance()
			p.advance()
			p.got(kwTable)
		}
	case kwTemp, kwTemporary, kwUnlogged:
		// A table may have such a name; the words before a table's name are meant
		// if a name follows.
		if next := p.peek(); next == kwTable || next.isColID() {
			p.advance()
			p.got(kwTable)
		}
	case kwTable:
		p.advance()
	}
	return p.qualifiedName()
}

// valuesClause is VALUES (…), (…).
func (p *parser) valuesClause() *SelectStmt {
	q := &SelectStmt{Pos: p.want(kwValues)}
	p.list(func() {
		p.want('(')
		q.Values = append(q.Values, p.exprList())
		p.want(')')
	})
	return q
}

// tableCommand is TABLE x, which is SELECT * FROM x.
func (p *parser) tableCommand() *SelectStmt {
	pos := p.want(kwTable)
	from := p.relationExpr()
	return &SelectStmt{
		Targets: []ResTarget{{Expr: &ColumnRef{Star: true}}},
		From:    []TableRef{&from},
		Pos:     pos,
	}
}

// groupByList is group_by_list.
func (p *parser) groupByList() (list []Expr) {
	p.list(func() { list = append(list, p.groupByItem()) })
	return list
}

// groupByItem is an expression or a grouping set. CUBE( and ROLLUP( are always
// grouping sets here, never calls.
func (p *parser) groupByItem() Expr {
	set := &GroupingSet{Pos: p.tok.pos}
	switch k := p.tok.kind; {
	case k == '(' && p.peek() == ')':
		p.advance()
		p.advance()
		set.Kind = "EMPTY"
		return set
	case k == kwRollup && p.peek() == '(':
		set.Kind = "ROLLUP"
		set.Items, _ = p.exprsInParens()
		return set
	case k == kwCube && p.peek() == '(':
		set.Kind = "CUBE"
		set.Items, _ = p.exprsInParens()
		return set
	case k == kwGrouping && p.peek() == kwSets:
		p.advance()
		set.Kind = "SETS"
		p.inParens(func() { set.Items = p.groupByList() })
		return set
	}
	return p.expr()
}

// sortClause is ORDER BY.
func (p *parser) sortClause() (list []SortBy) {
	p.wants(kwOrder, kwBy)
	p.list(func() {
		s := SortBy{Pos: p.tok.pos, Expr: p.expr()}
		switch {
		case p.got(kwUsing):
			s.Using = p.sortOperator()
		case p.got(kwAsc):
		case p.got(kwDesc):
			s.Desc = true
		}
		if p.got(tokNullsLA) {
			if s.Nulls = NullsFirst; !p.got(kwFirst) {
				p.want(kwLast)
				s.Nulls = NullsLast
			}
		}
		list = append(list, s)
	})
	return list
}

// sortOperator is qual_all_Op.
func (p *parser) sortOperator() []string {
	if p.tok.kind == kwOperator {
		return p.qualOp()
	}
	return []string{p.take(p.tok.kind.isOperator())}
}

// withClause is WITH, nil if there is none.
func (p *parser) withClause() *WithClause {
	if p.tok.kind != kwWith && p.tok.kind != tokWithLA {
		return nil
	}
	w := &WithClause{Pos: p.tok.pos}
	p.advance()
	if p.tok.kind == kwRecursive && p.peek().isColID() { // else it is a name
		w.Recursive = true
		p.advance()
	}
	p.list(func() { w.CTEs = append(w.CTEs, p.commonTableExpr()) })
	return w
}

func (p *parser) commonTableExpr() CommonTableExpr {
	c := CommonTableExpr{Pos: p.tok.pos}
	c.Name = p.colID()
	if p.tok.kind == '(' {
		c.Columns = p.parenNameList()
	}
	p.want(kwAs)
	materialized := true
	switch {
	case p.got(kwMaterialized):
		c.Materialized = &materialized
	case p.gotWords(kwNot, kwMaterialized):
		materialized = false
		c.Materialized = &materialized
	}
	outer := p.down()
	p.want('(')
	c.Query = p.preparableStmt()
	p.want(')')
	p.up(outer)
	p.searchAndCycle(&c)
	return c
}

// searchAndCycle reads SEARCH and CYCLE.
func (p *parser) searchAndCycle(c *CommonTableExpr) {
	if p.got(kwSearch) {
		if !p.got(kwDepth) {
			p.want(kwBreadth)
		}
		p.wants(kwFirst, kwBy)
		p.nameList()
		p.want(kwSet)
		p.colID()
		c.Search = true
	}
	if p.got(kwCycle) {
		p.nameList()
		p.want(kwSet)
		p.colID()
		if p.got(kwTo) {
			p.constant()
			p.want(kwDefault)
			p.constant()
		}
		p.want(kwUsing)
		p.colID()
		c.Cycle = true
	}
}

// constant is AexprConst.
func (p *parser) constant() Expr {
	if k := p.tok.kind; constructs[k] != nil && k.word().class == reserved || k == kwCase || k == kwArray {
		p.unexpected()
	}
	e := p.primary(modeRestrict)
	switch e.(type) {
	case *Const, *TypeCast:
	default:
		p.unexpected()
	}
	return e
}
