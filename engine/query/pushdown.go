package query

import (
	"slices"

	"seqd/protocol/parser"
)

// pushDown moves conditions on a subquery's columns into the subquery; what can't
// move is returned.
func (p *planner) pushDown(src *subquerySource, conds []expr) []expr {
	return slices.DeleteFunc(conds, func(c expr) bool {
		inner := src.inner(c)
		if inner == nil {
			return false
		}
		src.q.addCondition(inner)
		return true
	})
}

// inner is a condition as the subquery would check it, nil if it must not.
func (src *subquerySource) inner(c expr) expr {
	if !src.q.takesConditions() {
		return nil
	}
	return translate(c, src.q, func(n *columnExpr) (int, bool) {
		i := n.slot - src.slot
		return i, n.level == 0 && i >= 0 && i < len(src.q.cols)
	})
}

// translate copies a condition for a query one level further in: what column takes
// for one of the query's columns becomes the expression behind it.
func translate(c expr, q *query, column func(*columnExpr) (int, bool)) expr {
	ok, any := true, false
	out := copyExpr(c, func(e expr) expr {
		switch n := e.(type) {
		case *columnExpr:
			i, mine := column(n)
			if !mine {
				further := *n
				further.level++
				return &further
			}
			any = true
			target := q.movable(i)
			if target == nil {
				ok = false
				return e
			}
			return target
		case *sublinkExpr, *aggExpr, *groupExpr, *srfExpr, *windowExpr:
			ok = false
		}
		return nil
	})
	if !ok || !any {
		return nil
	}
	return out
}

// takesConditions tells whether a condition on the result may be checked on the
// rows that the result is made of.
func (q *query) takesConditions() bool {
	switch {
	case q.limit != nil || q.offset != nil || len(q.srfs) > 0 || len(q.windows) > 0 || len(q.on) > 0 || q.values != nil || q.recursive != nil:
		return false
	case q.op != parser.SetOpNone:
		return q.left.takesConditions() && q.right.takesConditions()
	}
	return true
}

// movable is a copy of a target for use in a condition, nil if it is volatile or
// more than an expression over the rows.
func (q *query) movable(i int) expr {
	if q.convert != nil && q.convert[i] != nil {
		return nil
	}
	if q.op != parser.SetOpNone {
		if q.left.movable(i) == nil || q.right.movable(i) == nil {
			return nil
		}
		return q.targets[i]
	}
	if isVolatile(q.targets[i]) {
		return nil
	}
	ok := true
	out := copyExpr(q.targets[i], func(e expr) expr {
		switch n := e.(type) {
		case *groupExpr:
			return copyExpr(n.orig, func(expr) expr { return nil })
		case *sublinkExpr, *aggExpr, *srfExpr, *windowExpr:
			ok = false
		}
		return nil
	})
	if !ok {
		return nil
	}
	return out
}

// addCondition adds a condition over the query's own row.
func (q *query) addCondition(c expr) {
	if q.op == parser.SetOpNone {
		q.where = conjunction(append(conjuncts(q.where), c))
		return
	}
	for _, side := range []*query{q.left, q.right} {
		side.addCondition(translate(c, side, func(n *columnExpr) (int, bool) {
			for i, t := range q.targets {
				if own, ok := t.(*columnExpr); ok && n.level == 0 && own.slot == n.slot && i < len(side.cols) {
					return i, true
				}
			}
			return 0, false
		}))
	}
}
