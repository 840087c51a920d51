package query

import (
	"fmt"
	"strings"

	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
)

// Explain renders the plan as EXPLAIN does, with costs in the form of
// PostgreSQL's for the simple cases.
func (p *Plan) Explain() []string {
	var e explainer
	e.query(p.root, 0, "")
	return e.lines
}

type explainer struct{ lines []string }

// cost is an estimate: start-up, total, rows and width.
type cost struct {
	start, total float64
	rows         float64
	width        int
}

func (e *explainer) node(depth int, label string, c cost) {
	prefix := ""
	if depth > 0 {
		prefix = strings.Repeat("      ", depth-1) + "  ->  "
	}
	e.lines = append(e.lines, fmt.Sprintf("%s%s  (cost=%.2f..%.2f rows=%.0f width=%d)", prefix, label, c.start, c.total, c.rows, c.width))
}

// query writes a query's nodes from the top down.
func (e *explainer) query(q *query, depth int, _ string) cost {
	type step struct {
		label  string
		adjust func(c *cost)
	}
	var steps []step
	if q.limit != nil || q.offset != nil {
		steps = append(steps, step{"Limit", q.limitCost})
	}
	if len(q.on) > 0 || q.distinct && len(q.sort) > 0 {
		steps = append(steps, step{"Unique", nil})
	}
	if len(q.sort) > 0 {
		steps = append(steps, step{"Sort", func(c *cost) { c.start = c.total }})
	}
	if q.distinct && len(q.sort) == 0 {
		steps = append(steps, step{"HashAggregate", nil})
	}
	if len(q.srfs) > 0 {
		steps = append(steps, step{"ProjectSet", func(c *cost) { c.rows *= 1000; c.total += c.rows * 0.005 }})
	}
	if q.group != nil {
		label := "Aggregate"
		if len(q.group.keys) > 0 {
			label = "HashAggregate"
		}
		steps = append(steps, step{label, func(c *cost) {
			c.start = c.total + c.rows*callCost
			if c.total = c.start + 0.01; len(q.group.keys) == 0 {
				c.rows = 1
			}
		}})
	}
	// Costs are known from below, lines come from above: leave places and fill them.
	at := len(e.lines)
	var places []int
	for i, s := range steps {
		e.node(depth+i, s.label, cost{})
		places = append(places, at+i)
	}
	c := e.base(q, depth+len(steps))
	c.width = q.width()
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].adjust != nil {
			steps[i].adjust(&c)
		}
		line := len(e.lines)
		e.node(depth+i, steps[i].label, c)
		e.lines[places[i]] = e.lines[line]
		e.lines = e.lines[:line]
	}
	return c
}

// limitCost scales to the part that LIMIT asks for.
func (q *query) limitCost(c *cost) {
	n := c.rows
	if k, ok := q.limit.(*constExpr); ok && !k.v.IsNull() {
		n = min(n, float64(k.v.Int()))
	}
	if c.rows > 0 {
		c.total = c.start + (c.total-c.start)*n/c.rows
	}
	c.rows = n
}

func (q *query) width() int {
	w := 0
	for _, c := range q.cols {
		w += typeWidth(c)
	}
	return w
}

func typeWidth(c Column) int {
	if n := pgtypes.Size(c.Type); n > 0 {
		return int(n)
	}
	return 32
}

// base writes what the query reads from.
func (e *explainer) base(q *query, depth int) cost {
	switch {
	case q.op != parser.SetOpNone:
		label := "Append"
		if q.op != parser.SetOpUnion {
			label = "HashSetOp " + setOpName(q.op)
		}
		at := len(e.lines)
		e.node(depth, label, cost{})
		l := e.query(q.left, depth+1, "")
		r := e.query(q.right, depth+1, "")
		c := cost{start: l.start, total: l.total + r.total + 0.03, rows: l.rows + r.rows, width: q.width()}
		line := len(e.lines)
		e.node(depth, label, c)
		e.lines[at] = e.lines[line]
		e.lines = e.lines[:line]
		return c
	case q.from == nil:
		c := cost{total: 0.01, rows: 1, width: q.width()}
		e.node(depth, "Result", c)
		return c
	}
	return e.source(q.from, depth, q)
}

// callCost is PostgreSQL's cpu_operator_cost: what a row costs for every call in
// the select list.
const callCost = 0.0025

func (q *query) calls() float64 {
	n := 0.0
	for _, e := range q.targets {
		anyExpr(e, func(e expr) bool {
			if _, ok := e.(*callExpr); ok {
				n++
			}
			return false
		})
	}
	return n
}

// source writes a FROM item.
func (e *explainer) source(src source, depth int, q *query) cost {
	var c cost
	label := ""
	named := func(kind, name, alias string) string {
		if alias != "" && alias != name {
			return kind + " on " + parser.QuoteIdent(name) + " " + parser.QuoteIdent(alias)
		}
		return kind + " on " + parser.QuoteIdent(name)
	}
	switch n := src.(type) {
	case *relationSource:
		c, label = cost{total: 1.01, rows: 1}, named("Seq Scan", n.name, n.alias)
	case *functionSource:
		rows := 1.0
		if n.funcs[0].set {
			rows = setRows(&n.funcs[0])
		}
		c, label = cost{start: callCost, total: callCost + 0.01*max(1, rows), rows: rows}, named("Function Scan", n.name, n.alias)
	case *valuesSource:
		rows := float64(len(n.rows))
		c, label = cost{total: rows * 0.0125, rows: rows}, `Values Scan on "*VALUES*"`
	case *cteSource:
		c, label = cost{total: 0.02, rows: 1}, named("CTE Scan", n.cte.name, n.alias)
	case *subquerySource:
		return e.query(n.q, depth, n.alias)
	case *joinSource:
		label = "Nested Loop"
		if k := map[parser.JoinType]string{parser.JoinLeft: " Left Join", parser.JoinRight: " Right Join", parser.JoinFull: " Full Join"}[n.kind]; k != "" {
			label += k
		}
		at := len(e.lines)
		e.node(depth, label, c)
		l := e.source(n.left, depth+1, q)
		r := e.source(n.right, depth+1, q)
		c = cost{start: l.start + r.start, total: l.total + l.rows*r.total, rows: l.rows * r.rows, width: l.width + r.width}
		line := len(e.lines)
		e.node(depth, label, c)
		e.lines[at] = e.lines[line]
		e.lines = e.lines[:line]
		return c
	}
	c.width = q.width()
	if q.group == nil && q.srfs == nil {
		c.total += c.rows * q.calls() * callCost
	}
	e.node(depth, label, c)
	return c
}

// setRows estimates a function's rows: those of a series with constant ends are known.
func setRows(f *fromFunction) float64 {
	if f.call != nil && f.call.fn.Name == "generate_series" {
		lo, ok1 := f.call.args[0].(*constExpr)
		hi, ok2 := f.call.args[1].(*constExpr)
		if ok1 && ok2 && len(f.call.args) == 2 && hi.v.Int() >= lo.v.Int() && f.call.t != pgtypes.Numeric {
			return float64(hi.v.Int()-lo.v.Int()) + 1
		}
	}
	return 1000
}
