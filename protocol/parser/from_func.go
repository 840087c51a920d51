package parser

// funcTable is func_table with its alias: a function, or ROWS FROM (functions).
func (p *parser) funcTable(lateral bool, pos Pos) TableRef {
	if p.tok.kind != kwRows || p.peek() != kwFrom {
		return p.functionItem(p.windowlessCall(), lateral, pos)
	}
	f := &RangeFunction{Lateral: lateral, RowsFrom: true, Pos: pos}
	p.advance()
	p.inParens(func() {
		p.list(func() {
			f.Functions = append(f.Functions, p.windowlessCall())
			var defs []ColumnDef
			if p.got(kwAs) {
				p.want('(')
				defs = p.columnDefs(nil)
				p.want(')')
			}
			f.ItemColumnDefs = append(f.ItemColumnDefs, defs)
		})
	})
	p.functionRest(f)
	return f
}

// windowlessCall is func_expr_windowless: a call without FILTER or OVER.
func (p *parser) windowlessCall() Expr {
	pos := p.tok.pos
	k := p.tok.kind
	if k.isKeyword() && p.isCommonSubexpr(k) {
		return p.keywordExpr(k, modeRestrict)
	}
	single := k.isTypeFunctionName()
	if !single && !k.isColID() {
		p.unexpected()
	}
	names := []string{p.take(true)}
	if k.isColID() {
		for _, step := range p.indirection() {
			names = append(names, step.Field)
			single = step.Field != ""
			if !single {
				break
			}
		}
	}
	if !single || p.tok.kind != '(' {
		p.unexpected()
	}
	f, _, _ := p.application(names, pos)
	return f
}

func (p *parser) functionItem(call Expr, lateral bool, pos Pos) TableRef {
	f := &RangeFunction{Lateral: lateral, Functions: []Expr{call}, Pos: pos}
	p.functionRest(f)
	return f
}

// functionRest reads WITH ORDINALITY and func_alias_clause.
func (p *parser) functionRest(f *RangeFunction) {
	if p.got(tokWithLA) {
		p.want(kwOrdinality)
		f.Ordinality = true
	}
	as := p.got(kwAs)
	switch {
	case as && p.tok.kind == '(':
		p.advance()
		f.ColumnDefs = p.columnDefs(nil)
		p.want(')')
		return
	case !as && !p.tok.kind.isColID():
		return
	}
	f.Alias = &Alias{Name: p.colID()}
	if !p.got('(') {
		return
	}
	at := p.tok.pos
	name := p.colID()
	if p.tok.kind == ',' || p.tok.kind == ')' {
		f.Alias.Columns = []string{name}
		for p.got(',') {
			f.Alias.Columns = append(f.Alias.Columns, p.colID())
		}
	} else {
		f.ColumnDefs = p.columnDefs(&ColumnDef{Name: name, Pos: at})
	}
	p.want(')')
}

// columnDefs is TableFuncElementList, the first name of which may be read already.
func (p *parser) columnDefs(first *ColumnDef) (defs []ColumnDef) {
	for {
		var d ColumnDef
		if first != nil {
			d, first = *first, nil
		} else {
			d.Pos = p.tok.pos
			d.Name = p.colID()
		}
		d.Type = p.typeName()
		if p.got(kwCollate) {
			d.Collation = p.anyName()
		}
		defs = append(defs, d)
		if !p.got(',') {
			return defs
		}
	}
}
