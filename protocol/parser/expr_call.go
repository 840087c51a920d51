package parser

import "seqd/protocol/sqlstate"

// call reads the arguments of a function and what may follow them. With a string
// after them it is a constant of a type with modifiers: numeric(3) '1'.
func (p *parser) call(name []string, pos Pos) Expr {
	f, named, plain := p.application(name, pos)
	if !plain || p.tok.kind != tokString {
		p.callSuffix(f)
		return f
	}
	if named.arg != 0 {
		p.fail(sqlstate.SyntaxError, named.arg, "type modifier cannot have parameter name")
	}
	if f.OrderBy != nil {
		p.fail(sqlstate.SyntaxError, named.sort, "type modifier cannot have ORDER BY")
	}
	return &TypeCast{Arg: p.stringConst(), Type: TypeName{Names: name, Typmods: f.Args, Pos: pos}, Pos: pos}
}

// callPos is where the parts of a call stood that a type's modifiers must not have.
type callPos struct{ arg, sort Pos } // the first argument with a name, ORDER BY

// application is func_application. plain tells whether the arguments could be the
// modifiers of a type, but for what callPos says.
func (p *parser) application(name []string, pos Pos) (f *FuncCall, at callPos, plain bool) {
	f = &FuncCall{Name: name, Pos: pos}
	outer := p.down()
	p.want('(')
	switch p.tok.kind {
	case ')':
	case '*':
		p.advance()
		f.Star = true
	default:
		switch {
		case p.got(kwDistinct):
			f.Distinct = true
		case p.got(kwAll):
		default:
			plain = true
		}
		at.arg = p.args(f, plain)
		plain = plain && !f.Variadic
		if at.sort = p.tok.pos; p.tok.kind == kwOrder {
			f.OrderBy = p.sortClause()
		}
	}
	p.want(')')
	p.up(outer)
	return f, at, plain
}

// args is func_arg_list; VARIADIC stands before the last one, and not after
// DISTINCT or ALL. It returns where the first argument with a name stood.
func (p *parser) args(f *FuncCall, variadic bool) (named Pos) {
	for {
		if variadic && p.got(kwVariadic) {
			f.Variadic = true
		}
		name := ""
		if p.startsNamedArg() {
			name = p.tok.text
			if named == 0 {
				named = p.tok.pos
			}
			p.advance()
			p.advance()
		}
		if name != "" && f.ArgNames == nil {
			f.ArgNames = make([]string, len(f.Args), len(f.Args)+1)
		}
		f.Args = append(f.Args, p.expr())
		if f.ArgNames != nil {
			f.ArgNames = append(f.ArgNames, name)
		}
		if f.Variadic || !p.got(',') {
			return named
		}
	}
}

// callSuffix is WITHIN GROUP, FILTER and OVER.
func (p *parser) callSuffix(f *FuncCall) {
	if pos := p.tok.pos; p.tok.kind == kwWithin {
		p.advance()
		p.want(kwGroup)
		outer := p.down()
		p.want('(')
		order := p.sortClause()
		p.want(')')
		p.up(outer)
		switch {
		case f.OrderBy != nil:
			p.fail(sqlstate.SyntaxError, pos, "cannot use multiple ORDER BY clauses with WITHIN GROUP")
		case f.Distinct:
			p.fail(sqlstate.SyntaxError, pos, "cannot use DISTINCT with WITHIN GROUP")
		case f.Variadic:
			p.fail(sqlstate.SyntaxError, pos, "cannot use VARIADIC with WITHIN GROUP")
		}
		f.WithinGroup, f.OrderBy = true, order
	}
	if p.tok.kind == kwFilter {
		p.advance()
		outer := p.down()
		p.want('(')
		p.want(kwWhere)
		f.Filter = p.expr()
		p.want(')')
		p.up(outer)
	}
	if p.got(kwOver) {
		f.Over = p.over()
	}
}

// plainCall is func_arg_list_opt in the parentheses of a construct that may also
// be called as a plain function.
func (p *parser) plainCall(name string, pos Pos, first Expr) Expr {
	f := &FuncCall{Name: []string{name}, Pos: pos}
	if first != nil {
		f.Args = []Expr{first}
		if !p.got(',') {
			return f
		}
	}
	p.args(f, false)
	return f
}

// startsNamedArg tells whether an argument with a name comes, which makes
// SUBSTRING and OVERLAY plain functions.
func (p *parser) startsNamedArg() bool {
	return p.tok.kind.isTypeFunctionName() && (p.peek() == tokColonEquals || p.peek() == tokEqualsGreater)
}

// overlay is OVERLAY(a PLACING b FROM c [FOR d]), or overlay(a, …).
func (p *parser) overlay() (e Expr) {
	word := p.tok.pos
	p.inParens(func() {
		if p.tok.kind == ')' {
			e = &FuncCall{Name: []string{"overlay"}, Pos: word}
			return
		}
		if p.startsNamedArg() {
			e = p.plainCall("overlay", word, nil)
			return
		}
		first := p.expr()
		if !p.got(kwPlacing) {
			e = p.plainCall("overlay", word, first)
			return
		}
		args := []Expr{first, p.expr()}
		p.want(kwFrom)
		args = append(args, p.expr())
		if p.got(kwFor) {
			args = append(args, p.expr())
		}
		e = systemCall("overlay", word, args...)
	})
	return e
}

// substring is SUBSTRING(a FROM b FOR c) and its other forms, or substring(a, …).
func (p *parser) substring() (e Expr) {
	word := p.tok.pos
	p.inParens(func() {
		if p.tok.kind == ')' {
			e = &FuncCall{Name: []string{"substring"}, Pos: word}
			return
		}
		if p.startsNamedArg() {
			e = p.plainCall("substring", word, nil)
			return
		}
		first := p.exprPrec(precNone, modeSubstr)
		if args := p.substringArgs(first); args != nil {
			e = systemCall("substring", word, args...)
		} else {
			e = p.plainCall("substring", word, first)
		}
	})
	return e
}

// substringArgs reads FROM, FOR or SIMILAR; nil if none is there. FOR alone means
// from the first character, with a length that must be an integer.
func (p *parser) substringArgs(first Expr) []Expr {
	switch {
	case p.got(kwFrom):
		args := []Expr{first, p.expr()}
		if p.got(kwFor) {
			args = append(args, p.expr())
		}
		return args
	case p.got(kwFor):
		n := p.expr()
		if p.got(kwFrom) {
			return []Expr{first, p.expr(), n}
		}
		p.grow() // for the cast
		return []Expr{first, intConst(1), &TypeCast{Arg: n, Type: TypeName{Names: systemName("int4")}}}
	case p.got(kwSimilar):
		pattern := p.expr()
		p.want(kwEscape)
		return []Expr{first, pattern, p.expr()}
	}
	return nil
}
