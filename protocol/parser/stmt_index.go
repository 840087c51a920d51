package parser

// createIndex is CREATE INDEX from INDEX on.
func (p *parser) createIndex(unique bool) Statement {
	p.want(kwIndex)
	s := &CreateIndexStmt{Unique: unique, Concurrently: p.got(kwConcurrently)}
	switch {
	case p.tok.kind == kwIf && p.peek() == kwNot:
		p.wants(kwIf, kwNot, kwExists)
		s.IfNotExists = true
		s.Name = p.colID()
	case p.tok.kind != kwOn:
		s.Name = p.colID()
	}
	p.want(kwOn)
	s.Table = p.relationExpr()
	if p.got(kwUsing) {
		s.Method = p.colID()
	}
	p.want('(')
	p.list(func() { s.Elements = append(s.Elements, p.indexElem()) })
	p.want(')')
	if p.got(kwInclude) {
		s.Include = p.parenNameList()
	}
	s.NullsNotDistinct = p.nullsNotDistinct()
	if p.gotWith() {
		p.relOptions()
	}
	if p.got(kwTablespace) {
		p.colID()
	}
	if p.got(kwWhere) {
		s.Where, s.WhereText = p.textOf(p.expr)
	}
	return s
}

// indexElem is index_elem: a column, a function call, or any expression in
// parentheses, with what follows of it.
func (p *parser) indexElem() (e IndexElem) {
	start := p.tok.start
	switch {
	case p.got('('):
		e.Expr = p.expr()
		p.want(')')
	case p.tok.kind.isColID() && p.peek() != '(' && p.peek() != '.':
		e.Column = p.colID()
	default:
		e.Expr = p.primary(modeRestrict)
		if _, column := e.Expr.(*ColumnRef); column {
			p.unexpected()
		}
	}
	e.Text = p.src[start:p.prevEnd]
	if p.got(kwCollate) {
		e.Collation = p.anyName()
	}
	if p.tok.kind.isColID() && p.tok.kind != tokNullsLA {
		e.OpClass = p.anyName()
		if p.tok.kind == '(' {
			p.relOptions()
		}
	}
	if !p.got(kwAsc) {
		e.Desc = p.got(kwDesc)
	}
	e.NullsFirst = e.Desc
	if p.tok.kind == tokNullsLA {
		p.advance()
		if e.NullsFirst = p.got(kwFirst); !e.NullsFirst {
			p.want(kwLast)
		}
	}
	return e
}
