package query

import "slices"

// copyExpr copies an expression; where replace returns something, that stands
// instead of the node. Subqueries, aggregates and their like are not copied.
func copyExpr(e expr, replace func(expr) expr) expr {
	if r := replace(e); r != nil {
		return r
	}
	out := shallowCopy(e)
	if out == e { // not to be copied, nor what is in it
		return e
	}
	out.children(func(c *expr) { *c = copyExpr(*c, replace) })
	return out
}

// shallowCopy copies a node so that its children can be replaced.
func shallowCopy(e expr) expr {
	switch n := e.(type) {
	case *callExpr:
		return copyCall(n)
	case *relabelExpr:
		c := *n
		return &c
	case *ioCastExpr:
		c := *n
		return &c
	case *arrayCastExpr:
		c := *n
		return &c
	case *letExpr:
		c := *n
		return &c
	case *boolExpr:
		c := *n
		c.args = slices.Clone(n.args)
		return &c
	case *notExpr:
		c := *n
		return &c
	case *nullTestExpr:
		c := *n
		return &c
	case *booleanTestExpr:
		c := *n
		return &c
	case *caseExpr:
		c := *n
		c.whens = slices.Clone(n.whens)
		return &c
	case *coalesceExpr:
		c := *n
		c.args = slices.Clone(n.args)
		return &c
	case *minMaxExpr:
		c := *n
		c.args = slices.Clone(n.args)
		return &c
	case *nullIfExpr:
		c := *n
		c.eq = copyCall(n.eq)
		return &c
	case *distinctExpr:
		c := *n
		c.eq = copyCall(n.eq)
		return &c
	case *arrayOpExpr:
		c := *n
		c.call = copyCall(n.call)
		return &c
	case *arrayExpr:
		c := *n
		c.args = slices.Clone(n.args)
		return &c
	}
	return copyRare(e)
}

func copyRare(e expr) expr {
	switch n := e.(type) {
	case *rowExpr:
		c := *n
		c.args = slices.Clone(n.args)
		return &c
	case *rowCompareExpr:
		c := *n
		c.less, c.equal = copyCalls(n.less), copyCalls(n.equal)
		return &c
	case *subscriptExpr:
		c := *n
		c.index, c.upper = slices.Clone(n.index), slices.Clone(n.upper)
		return &c
	case *fieldExpr:
		c := *n
		return &c
	}
	return e // without children, or never changed
}

func copyCall(n *callExpr) *callExpr {
	c := *n
	c.args = slices.Clone(n.args)
	return &c
}

func copyCalls(list []*callExpr) []*callExpr {
	out := slices.Clone(list)
	for i := range out {
		out[i] = copyCall(out[i])
	}
	return out
}
