package parser

import "seqd/protocol/sqlstate"

// selectOptions reads ORDER BY, LIMIT, OFFSET and locking in the orders that
// PostgreSQL takes, and gives them, and WITH, to q. If q came in parentheses with
// such a clause of its own, a second one is an error (insertSelectOptions).
func (p *parser) selectOptions(q *SelectStmt, with *WithClause) {
	var opts SelectStmt
	if p.tok.kind == kwOrder {
		opts.OrderBy = p.sortClause()
	}
	var limit limitClause
	opts.Locking = p.locking()
	limited := p.limit(&limit)
	if limited && opts.Locking == nil {
		opts.Locking = p.locking()
	}
	p.insertOptions(q, opts, limited, limit, with)
}

// limitClause is select_limit.
type limitClause struct {
	limit, offset       Expr
	limitPos, offsetPos Pos
	withTies            bool
	tiesPos             Pos
}

// limit reads LIMIT or FETCH, and OFFSET, in either order.
func (p *parser) limit(l *limitClause) bool {
	switch p.tok.kind {
	case kwLimit, kwFetch:
		p.limitCount(l)
		if p.tok.kind == kwOffset {
			p.offset(l)
		}
	case kwOffset:
		p.offset(l)
		if p.tok.kind == kwLimit || p.tok.kind == kwFetch {
			p.limitCount(l)
		}
	default:
		return false
	}
	return true
}

// limitCount is limit_clause.
func (p *parser) limitCount(l *limitClause) {
	l.limitPos = p.tok.pos
	if p.got(kwFetch) {
		p.fetchCount(l)
		return
	}
	pos := p.want(kwLimit)
	l.limitPos = p.tok.pos
	if p.tok.kind == kwAll {
		l.limit = &Const{Kind: ConstNull, Pos: p.tok.pos}
		p.advance()
	} else {
		l.limit = p.expr()
	}
	if p.got(',') {
		p.expr()
		p.throw(sqlstate.New(sqlstate.SyntaxError, "LIMIT #,# syntax is not supported").
			WithHint("Use separate LIMIT and OFFSET clauses.").At(int(pos)))
	}
}

// fetchCount is the rest of FETCH { FIRST | NEXT } [n] { ROW | ROWS } { ONLY | WITH TIES }.
func (p *parser) fetchCount(l *limitClause) {
	if !p.got(kwFirst) {
		p.want(kwNext)
	}
	switch p.tok.kind {
	case kwRow, kwRows:
		l.limit = intConst(1)
	case '+', '-':
		l.limit = p.signedConst()
	default:
		l.limit = p.primary(modeRestrict)
	}
	if !p.got(kwRow) {
		p.want(kwRows)
	}
	if p.got(kwOnly) {
		return
	}
	l.tiesPos = p.tok.pos
	p.wants(kwWith, kwTies)
	l.withTies = true
}

// signedConst is a number with a sign before it.
func (p *parser) signedConst() Expr {
	pos := p.tok.pos
	minus := p.tok.kind == '-'
	p.advance()
	if p.tok.kind != tokInt && p.tok.kind != tokFloat {
		p.unexpected()
	}
	c := p.literal(p.tok.kind)
	if minus {
		return negated(c, pos)
	}
	return p.unary("+", c, pos)
}

// offset is offset_clause. ROW or ROWS may follow a number or a primary only.
func (p *parser) offset(l *limitClause) {
	p.want(kwOffset)
	l.offsetPos = p.tok.pos
	outer := p.mark()
	simple := true
	switch k := p.tok.kind; k {
	case kwNot, tokNotLA, tokOp, kwDefault:
		simple = false
	case kwOperator:
		simple = p.peek() != '('
	}
	sign := p.tok.kind == '+' || p.tok.kind == '-'
	left := p.prefix(modeExpr)
	if sign {
		arg := left
		if a, ok := left.(*AExpr); ok && a.Left == nil {
			arg = a.Right
		}
		_, simple = arg.(*Const)
	}
	if simple && (p.got(kwRow) || p.got(kwRows)) {
		l.offset = left
	} else {
		l.offset = p.operators(left, precNone, modeExpr)
	}
	p.join(outer)
}

// insertOptions is insertSelectOptions.
func (p *parser) insertOptions(q *SelectStmt, opts SelectStmt, limited bool, l limitClause, with *WithClause) {
	once := func(has, had bool, pos Pos, what string) {
		if has && had {
			p.fail(sqlstate.SyntaxError, pos, "multiple %s not allowed", what)
		}
	}
	if len(opts.OrderBy) > 0 {
		once(true, q.OrderBy != nil, opts.OrderBy[0].Expr.Location(), "ORDER BY clauses")
		q.OrderBy = opts.OrderBy
	}
	q.Locking = append(q.Locking, opts.Locking...)
	if limited {
		if l.offset != nil {
			once(true, q.Offset != nil, l.offset.Location(), "OFFSET clauses")
			q.Offset, q.OffsetPos = l.offset, l.offsetPos
		}
		if l.limit != nil {
			once(true, q.Limit != nil, l.limit.Location(), "LIMIT clauses")
			if l.withTies && q.OrderBy == nil {
				p.fail(sqlstate.SyntaxError, 0, "WITH TIES cannot be specified without ORDER BY clause")
			}
			q.Limit, q.LimitPos, q.WithTies = l.limit, l.limitPos, l.withTies
			p.noSkippedTies(q)
		}
	}
	if with != nil {
		once(true, q.With != nil, with.Pos, "WITH clauses")
		q.With = with
	}
}

// noSkippedTies: ties can't be counted if locked rows are left out.
func (p *parser) noSkippedTies(q *SelectStmt) {
	for _, lock := range q.Locking {
		if q.WithTies && lock.Skip {
			p.fail(sqlstate.SyntaxError, 0, "SKIP LOCKED and WITH TIES options cannot be used together")
		}
	}
}

// locking is for_locking_clause. FOR READ ONLY is none.
func (p *parser) locking() (list []LockingClause) {
	if p.tok.kind == kwFor && p.peek() == kwRead {
		p.advance()
		p.wants(kwRead, kwOnly)
		return nil
	}
	for p.tok.kind == kwFor {
		c := LockingClause{Pos: p.tok.pos}
		p.advance()
		switch {
		case p.got(kwUpdate):
			c.Strength = "UPDATE"
		case p.gotWords(kwNo, kwKey, kwUpdate):
			c.Strength = "NO KEY UPDATE"
		case p.got(kwShare):
			c.Strength = "SHARE"
		default:
			p.wants(kwKey, kwShare)
			c.Strength = "KEY SHARE"
		}
		if p.got(kwOf) {
			p.list(func() { c.Of = append(c.Of, p.qualifiedName()) })
		}
		if p.got(kwNowait) {
			c.NoWait = true
		} else if p.gotWords(kwSkip, kwLocked) {
			c.Skip = true
		}
		list = append(list, c)
	}
	return list
}
