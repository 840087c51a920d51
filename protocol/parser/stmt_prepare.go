package parser

// prepareStmt is PREPARE name [(types)] AS statement, and PREPARE TRANSACTION.
func (p *parser) prepareStmt() Statement {
	p.want(kwPrepare)
	if p.tok.kind == kwTransaction && p.peek() == tokString {
		p.advance()
		return &TransactionStmt{Kind: TxPrepare, GID: p.sconst()}
	}
	s := &PrepareStmt{Name: p.colID()}
	if p.got('(') {
		p.list(func() { s.Types = append(s.Types, p.typeName()) })
		p.want(')')
	}
	p.want(kwAs)
	s.Query = p.preparableStmt()
	return s
}

// executeStmt is EXECUTE name [(arguments)].
func (p *parser) executeStmt() Statement {
	p.want(kwExecute)
	s := &ExecuteStmt{Name: p.colID()}
	if p.got('(') {
		s.Args = p.exprList()
		p.want(')')
	}
	return s
}

// deallocateStmt is DEALLOCATE [PREPARE] name or ALL; a statement may be called prepare.
func (p *parser) deallocateStmt() Statement {
	p.want(kwDeallocate)
	if p.tok.kind == kwPrepare && (p.peek() == kwAll || p.peek().isColID()) {
		p.advance()
	}
	if p.got(kwAll) {
		return &DeallocateStmt{}
	}
	return &DeallocateStmt{Name: p.colID()}
}

// explainStmt is EXPLAIN. In parentheses stand options, unless a query does.
func (p *parser) explainStmt() Statement {
	p.want(kwExplain)
	s := &ExplainStmt{}
	if p.got('(') {
		if p.startsSelect() || p.tok.kind == '(' {
			s.Query = p.restOfParens()
			return s
		}
		p.list(func() { s.Options = append(s.Options, p.explainOption()) })
		p.want(')')
	} else {
		s.Options = p.explainWords()
	}
	s.Query = p.explainable()
	return s
}

// restOfParens is a query in parentheses, the first of which was taken.
func (p *parser) restOfParens() *SelectStmt {
	q := p.selectStmt()
	p.want(')')
	if p.continuesSelect() {
		q = p.selectRest(q)
	}
	return q
}

// explainWords are ANALYZE and VERBOSE without parentheses.
func (p *parser) explainWords() (list []ExplainOption) {
	if p.tok.kind == kwAnalyze || p.tok.kind == kwAnalyse {
		list = append(list, ExplainOption{Name: "analyze", Pos: p.tok.pos})
		p.advance()
	}
	if p.tok.kind == kwVerbose {
		list = append(list, ExplainOption{Name: "verbose", Pos: p.tok.pos})
		p.advance()
	}
	return list
}

func (p *parser) explainOption() ExplainOption {
	o := ExplainOption{Pos: p.tok.pos}
	switch {
	case p.got(kwAnalyze), p.got(kwAnalyse):
		o.Name = "analyze"
	default:
		o.Name = p.take(p.tok.kind.isNonReserved())
	}
	if p.tok.kind != ',' && p.tok.kind != ')' {
		o.Value = p.varValue().(*Const).Text
	}
	return o
}

// explainable is ExplainableStmt.
func (p *parser) explainable() Statement {
	switch p.tok.kind {
	case kwDeclare:
		return p.declareStmt()
	case kwCreate, kwRefresh:
		return p.unserved()
	case kwExecute:
		return p.executeStmt()
	}
	return p.preparableStmt()
}
