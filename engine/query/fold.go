package query

import (
	"seqd/protocol/pgtypes"
)

// folder computes what is constant (eval_const_expressions): immutable calls over
// constants, and the branches of CASE, COALESCE, AND and OR that can be decided.
// What fails is an error of planning, as in PostgreSQL, also in a branch that no
// row would have reached.
type folder struct {
	a   *analyzer
	err error
}

// query folds a query and all that is in it.
func (f *folder) query(q *query) {
	for _, c := range q.ctes {
		if c.refs > 0 {
			f.query(c.q)
		}
	}
	if q.left != nil {
		f.query(q.left)
		f.query(q.right)
	}
	q.exprs(f.expr)
	for i := range q.convert {
		if q.convert[i] != nil {
			f.expr(&q.convert[i])
		}
	}
	if q.from != nil {
		q.from.walk(f.expr, f.query)
	}
}

// expr folds in place. Errors stop it: the first one is kept.
func (f *folder) expr(e *expr) {
	if f.err != nil || *e == nil {
		return
	}
	switch n := (*e).(type) {
	case *caseExpr:
		f.caseExpr(e, n)
		return
	case *coalesceExpr:
		f.coalesce(e, n)
		return
	case *boolExpr:
		f.boolean(e, n)
		return
	case *sublinkExpr:
		f.query(n.q)
	case *aggExpr: // its parts are folded with the grouping
		return
	}
	(*e).children(f.expr)
	if f.err == nil && f.foldable(*e) {
		f.replace(e)
	}
}

func isConst(e expr) bool { _, ok := e.(*constExpr); return ok }

// foldable tells whether a node is immutable and all its inputs are constants.
func (f *folder) foldable(e expr) bool {
	switch n := e.(type) {
	case *callExpr:
		if n.fn.Set || n.fn.Volatility != 'i' {
			return false
		}
		// A strict function of NULL is NULL whatever else it is given.
		if n.fn.Strict {
			for _, a := range n.args {
				if c, ok := a.(*constExpr); ok && c.v.IsNull() {
					return constOr(n.args, isConst)
				}
			}
		}
	case *ioCastExpr:
		if !immutableIO(n.t) || !immutableIO(n.arg.typ()) {
			return false
		}
	case *relabelExpr:
		if pgtypes.IsReg(n.t) {
			return false
		}
	case *notExpr, *nullTestExpr, *booleanTestExpr, *minMaxExpr, *nullIfExpr, *distinctExpr, *arrayExpr, *subscriptExpr:
	case *arrayOpExpr:
		if n.call.fn.Volatility != 'i' {
			return false
		}
		return isConst(n.call.args[0]) && isConst(n.arr)
	default:
		return false
	}
	all := true
	e.children(func(c *expr) { all = all && isConst(*c) })
	return all
}

func constOr(list []expr, is func(expr) bool) bool {
	for _, e := range list {
		if !is(e) {
			return false
		}
	}
	return true
}

// immutableIO tells whether a type's text form depends on nothing but the value.
func immutableIO(t pgtypes.OID) bool {
	switch t {
	case pgtypes.Date, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.Time, pgtypes.Timetz, pgtypes.Interval:
		return false
	}
	return !pgtypes.IsReg(t) && pgtypes.ElemOf(t) == 0 && t != pgtypes.Record
}

// replace computes a node now.
func (f *folder) replace(e *expr) {
	r := &run{s: f.a.s, cells: make([]value, f.a.cells)}
	v, err := (*e).eval(&frame{run: r})
	if err != nil {
		f.err = err
		return
	}
	*e = &constExpr{info: info{t: (*e).typ(), mod: (*e).typmod(), at: (*e).pos()}, v: v}
}

// caseExpr drops branches that can't be taken and stops at one that must be.
func (f *folder) caseExpr(e *expr, n *caseExpr) {
	if n.arg != nil {
		f.expr(&n.arg)
	}
	if n.arg != nil && isConst(n.arg) {
		f.bindCell(n)
	}
	var whens []caseWhen
	decided := false
	for _, w := range n.whens {
		f.expr(&w.cond)
		if c, ok := w.cond.(*constExpr); ok && f.err == nil {
			if !c.v.Bool() {
				continue
			}
			f.expr(&w.result)
			n.els, decided = w.result, true
			break
		}
		f.expr(&w.result)
		whens = append(whens, w)
	}
	if !decided && n.els != nil {
		f.expr(&n.els)
	}
	if f.err != nil {
		return
	}
	n.whens = whens
	if len(whens) == 0 {
		if n.els == nil {
			n.els = &constExpr{info: info{t: n.t, mod: n.mod, at: n.at}}
		}
		*e = n.els
	}
}

// bindCell puts a constant test value into the conditions.
func (f *folder) bindCell(n *caseExpr) {
	for i := range n.whens {
		substitute(&n.whens[i].cond, n.cell, n.arg)
	}
	n.arg = nil
}

func substitute(e *expr, cell *cellExpr, by expr) {
	if *e == expr(cell) {
		*e = by
		return
	}
	(*e).children(func(c *expr) { substitute(c, cell, by) })
}

func (f *folder) coalesce(e *expr, n *coalesceExpr) {
	var args []expr
	for _, a := range n.args {
		f.expr(&a)
		if f.err != nil {
			return
		}
		if c, ok := a.(*constExpr); ok {
			if c.v.IsNull() {
				continue
			}
			args = append(args, a)
			break
		}
		args = append(args, a)
	}
	switch {
	case len(args) == 0:
		*e = &constExpr{info: info{t: n.t, mod: n.mod, at: n.at}}
	case len(args) == 1 && isConst(args[0]):
		*e = args[0]
	default:
		n.args = args
	}
}

// boolean simplifies AND and OR: an input that decides makes the whole constant.
func (f *folder) boolean(e *expr, n *boolExpr) {
	var args []expr
	null := false
	for _, a := range n.args {
		f.expr(&a)
		if f.err != nil {
			return
		}
		if c, ok := a.(*constExpr); ok {
			switch {
			case c.v.IsNull():
				null = true
			case c.v.Bool() == n.or:
				*e = a
				return
			}
			continue
		}
		args = append(args, a)
	}
	switch {
	case null && len(args) > 0:
		args = append(args, &constExpr{info: typed(pgtypes.Bool, n.at)})
		n.args = args
	case null:
		*e = &constExpr{info: typed(pgtypes.Bool, n.at)}
	case len(args) == 0:
		*e = &constExpr{info: typed(pgtypes.Bool, n.at), v: pgtypes.NewBool(!n.or)}
	case len(args) == 1:
		*e = args[0]
	default:
		n.args = args
	}
}
