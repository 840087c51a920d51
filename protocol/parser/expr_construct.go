package parser

import "seqd/protocol/sqlstate"

// constructs are the expressions that begin with a key word and have a syntax of
// their own. Those whose word is not reserved are so only before "(".
var constructs map[kind]func(*parser, exprMode) Expr

func init() { // not in the declaration: the functions refer to the map
	plain := func(f func(*parser) Expr) func(*parser, exprMode) Expr {
		return func(p *parser, _ exprMode) Expr { return f(p) }
	}
	constructs = map[kind]func(*parser, exprMode) Expr{
		kwRow:       func(p *parser, mode exprMode) Expr { return p.overlaps(p.explicitRow(), mode) },
		kwExists:    plain((*parser).exists),
		kwCast:      plain((*parser).cast),
		kwTreat:     plain((*parser).treat),
		kwCoalesce:  plain((*parser).coalesce),
		kwGreatest:  plain((*parser).minMax),
		kwLeast:     plain((*parser).minMax),
		kwNullif:    plain((*parser).nullIf),
		kwGrouping:  plain((*parser).grouping),
		kwExtract:   plain((*parser).extract),
		kwNormalize: plain((*parser).normalize),
		kwOverlay:   plain((*parser).overlay),
		kwPosition:  plain((*parser).position),
		kwSubstring: plain((*parser).substring),
		kwTrim:      plain((*parser).trim),

		kwCurrentDate:      plain((*parser).valueFunction),
		kwCurrentTime:      plain((*parser).valueFunction),
		kwCurrentTimestamp: plain((*parser).valueFunction),
		kwLocaltime:        plain((*parser).valueFunction),
		kwLocaltimestamp:   plain((*parser).valueFunction),
		kwCurrentRole:      plain((*parser).valueFunction),
		kwCurrentUser:      plain((*parser).valueFunction),
		kwSessionUser:      plain((*parser).valueFunction),
		kwUser:             plain((*parser).valueFunction),
		kwCurrentCatalog:   plain((*parser).valueFunction),
	}
	for _, k := range []kind{kwXmlconcat, kwXmlelement, kwXmlexists, kwXmlforest, kwXmlparse, kwXmlpi, kwXmlroot, kwXmlserialize} {
		constructs[k] = plain((*parser).xml)
	}
}

// inParens reads a construct's word, "(", what f reads, and ")", as one level.
func (p *parser) inParens(f func()) Pos {
	pos := p.tok.pos
	outer := p.down()
	p.advance()
	p.want('(')
	f()
	p.want(')')
	p.up(outer)
	return pos
}

// exprsInParens is inParens of an expression list.
func (p *parser) exprsInParens() (args []Expr, pos Pos) {
	pos = p.inParens(func() { args = p.exprList() })
	return args, pos
}

func (p *parser) caseExpr() Expr {
	outer := p.down()
	c := &CaseExpr{Pos: p.want(kwCase)}
	if p.tok.kind != kwWhen {
		c.Arg = p.expr()
	}
	for {
		w := CaseWhen{Pos: p.want(kwWhen)}
		w.Cond = p.expr()
		p.want(kwThen)
		w.Result = p.expr()
		c.Whens = append(c.Whens, w)
		if p.tok.kind != kwWhen {
			break
		}
	}
	if p.got(kwElse) {
		c.Else = p.expr()
	}
	p.want(kwEnd)
	p.up(outer)
	return c
}

// array is ARRAY(query) or ARRAY[…].
func (p *parser) array() Expr {
	pos := p.want(kwArray)
	if p.tok.kind == '(' {
		return &SubLink{Kind: SubLinkArray, Query: p.selectWithParens(), Pos: pos}
	}
	a := p.arrayElements()
	a.Pos = pos
	return a
}

// arrayElements is [a, b] or, to any depth, [[a], [b]].
func (p *parser) arrayElements() *ArrayExpr {
	outer := p.down()
	a := &ArrayExpr{Pos: p.want('[')}
	switch p.tok.kind {
	case ']':
	case '[':
		p.list(func() { a.Elements = append(a.Elements, p.arrayElements()) })
	default:
		a.Elements = p.exprList()
	}
	p.want(']')
	p.up(outer)
	return a
}

func (p *parser) explicitRow() *RowExpr {
	row := &RowExpr{Explicit: true}
	row.Pos = p.inParens(func() {
		if p.tok.kind != ')' {
			row.Args = p.exprList()
		}
	})
	return row
}

func (p *parser) exists() Expr {
	pos := p.want(kwExists)
	return &SubLink{Kind: SubLinkExists, Query: p.selectWithParens(), Pos: pos}
}

func (p *parser) cast() Expr {
	c := &TypeCast{}
	c.Pos = p.inParens(func() {
		c.Arg = p.expr()
		p.want(kwAs)
		c.Type = p.typeName()
	})
	return c
}

// treat is a call of the function named as the type.
func (p *parser) treat() Expr {
	var arg Expr
	var t TypeName
	pos := p.inParens(func() {
		arg = p.expr()
		p.want(kwAs)
		t = p.typeName()
	})
	return systemCall(t.Names[len(t.Names)-1], pos, arg)
}

func (p *parser) coalesce() Expr {
	args, pos := p.exprsInParens()
	return &CoalesceExpr{Args: args, Pos: pos}
}

func (p *parser) minMax() Expr {
	least := p.tok.kind == kwLeast
	args, pos := p.exprsInParens()
	return &MinMaxExpr{Least: least, Args: args, Pos: pos}
}

func (p *parser) nullIf() Expr {
	e := &AExpr{Kind: AExprNullIf, Op: []string{"="}}
	e.Pos = p.inParens(func() {
		e.Left = p.expr()
		p.want(',')
		e.Right = p.expr()
	})
	return e
}

// grouping is GROUPING(…), which has no node of its own.
func (p *parser) grouping() Expr {
	args, pos := p.exprsInParens()
	return &FuncCall{Name: []string{"grouping"}, Args: args, SQLSyntax: true, Pos: pos}
}

func (p *parser) collationFor() Expr {
	pos := p.want(kwCollation)
	var arg Expr
	p.inParens(func() { arg = p.expr() })
	return systemCall("pg_collation_for", pos, arg)
}

// valueFunction is CURRENT_DATE and kin; the times may have a precision.
func (p *parser) valueFunction() Expr {
	k := p.tok.kind
	f := &SQLValueFunction{Name: p.tok.text, Typmod: -1, Pos: p.tok.pos}
	p.advance()
	switch k {
	case kwCurrentTime, kwCurrentTimestamp, kwLocaltime, kwLocaltimestamp:
		if p.got('(') {
			f.Typmod = paramNumber(p.tok.text)
			p.want(tokInt)
			p.want(')')
		}
	}
	return f
}

func (p *parser) xml() Expr {
	p.fail(sqlstate.FeatureNotSupported, p.tok.pos, "XML functions are not supported")
	return nil
}

// extract is EXTRACT(field FROM x): the field is a string for the function.
func (p *parser) extract() Expr {
	field := &Const{Kind: ConstString}
	var arg Expr
	pos := p.inParens(func() {
		field.Pos, field.Text = p.tok.pos, p.tok.text
		switch p.tok.kind {
		case tokIdent, tokString, kwYear, kwMonth, kwDay, kwHour, kwMinute, kwSecond:
			p.advance()
		default:
			p.unexpected()
		}
		p.want(kwFrom)
		arg = p.expr()
	})
	return systemCall("extract", pos, field, arg)
}

func (p *parser) normalize() Expr {
	var args []Expr
	pos := p.inParens(func() {
		args = []Expr{p.expr()}
		if p.got(',') {
			form := &Const{Kind: ConstString, Text: upper(p.tok.text), Pos: p.tok.pos}
			switch p.tok.kind {
			case kwNfc, kwNfd, kwNfkc, kwNfkd:
				p.advance()
			default:
				p.unexpected()
			}
			args = append(args, form)
		}
	})
	return systemCall("normalize", pos, args...)
}

// position is POSITION(a IN b): the function's arguments are the other way round.
func (p *parser) position() Expr {
	var needle, hay Expr
	pos := p.inParens(func() {
		needle = p.restricted()
		p.want(kwIn)
		hay = p.restricted()
	})
	return systemCall("position", pos, hay, needle)
}

func (p *parser) trim() Expr {
	name := "btrim"
	var args []Expr
	pos := p.inParens(func() {
		switch p.tok.kind {
		case kwLeading:
			name = "ltrim"
			p.advance()
		case kwTrailing:
			name = "rtrim"
			p.advance()
		case kwBoth:
			p.advance()
		}
		if p.got(kwFrom) {
			args = p.exprList()
			return
		}
		first := p.expr()
		switch {
		case p.got(kwFrom):
			args = append(p.exprList(), first)
		case p.got(','):
			args = append([]Expr{first}, p.exprList()...)
		default:
			args = []Expr{first}
		}
	})
	return systemCall(name, pos, args...)
}
