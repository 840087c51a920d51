package query

import (
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
)

// PlanNode is a node of a plan as EXPLAIN shows it, with costs in the form of
// PostgreSQL's for the simple cases.
type PlanNode struct {
	Type string
	Text string // its line
	// How it works, and what it is about: pairs of a key and a value.
	Strategy, About [][2]string
	Start, Total    float64
	Rows            float64
	Width           int
	Output          []string // what VERBOSE shows, where it is known
	Relationship    string   // to its parent
	Children        []*PlanNode
}

// Explain is the plan as a tree. Values of the select list are shown for a plan of one node.
func (p *Plan) Explain(s Session) *PlanNode {
	n := explainQuery(p.root)
	if len(n.Children) == 0 && p.root.op == parser.SetOpNone {
		for _, e := range p.root.targets {
			text, ok := deparse(e, s, false)
			if !ok {
				n.Output = nil
				break
			}
			n.Output = append(n.Output, text)
		}
	}
	return n
}

// over puts a node above another, whose costs it begins with.
func over(child *PlanNode, typ, text string, strategy ...[2]string) *PlanNode {
	child.Relationship = "Outer"
	return &PlanNode{Type: typ, Text: text, Strategy: strategy, Start: child.Start, Total: child.Total, Rows: child.Rows,
		Width: child.Width, Children: []*PlanNode{child}}
}

// explainQuery makes a query's nodes from below.
func explainQuery(q *query) *PlanNode {
	n := explainBase(q)
	n.Width = q.width()
	if q.group != nil {
		text, strategy := "Aggregate", "Plain"
		if len(q.group.keys) > 0 {
			text, strategy = "HashAggregate", "Hashed"
		}
		n = over(n, "Aggregate", text, [2]string{"Strategy", strategy}, [2]string{"Partial Mode", "Simple"})
		n.Start = n.Total + n.Rows*callCost
		if n.Total = n.Start + 0.01; len(q.group.keys) == 0 {
			n.Rows = 1
		}
	}
	if len(q.srfs) > 0 {
		n = over(n, "ProjectSet", "ProjectSet")
		n.Rows *= 1000
		n.Total += n.Rows * 0.005
	}
	if q.distinct && len(q.sort) == 0 {
		n = over(n, "Aggregate", "HashAggregate", [2]string{"Strategy", "Hashed"}, [2]string{"Partial Mode", "Simple"})
	}
	if len(q.sort) > 0 {
		n = over(n, "Sort", "Sort")
		n.Start = n.Total
	}
	if len(q.on) > 0 || q.distinct && len(q.sort) > 0 {
		n = over(n, "Unique", "Unique")
	}
	if q.limit != nil || q.offset != nil {
		n = over(n, "Limit", "Limit")
		q.limitCost(n)
	}
	return n
}

// limitCost scales to the part that LIMIT asks for.
func (q *query) limitCost(c *PlanNode) {
	n := c.Rows
	if k, ok := q.limit.(*constExpr); ok && !k.v.IsNull() {
		n = min(n, float64(k.v.Int()))
	}
	if c.Rows > 0 {
		c.Total = c.Start + (c.Total-c.Start)*n/c.Rows
	}
	c.Rows = n
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

// explainBase is what the query reads from.
func explainBase(q *query) *PlanNode {
	switch {
	case q.op != parser.SetOpNone:
		n := &PlanNode{Type: "Append", Text: "Append"}
		if q.op != parser.SetOpUnion {
			n = &PlanNode{Type: "SetOp", Text: "HashSetOp " + setOpName(q.op), Strategy: [][2]string{{"Strategy", "Hashed"}}}
		}
		l, r := explainQuery(q.left), explainQuery(q.right)
		l.Relationship, r.Relationship = "Member", "Member"
		n.Start, n.Total, n.Rows, n.Children = l.Start, l.Total+r.Total+0.03, l.Rows+r.Rows, []*PlanNode{l, r}
		return n
	case q.from == nil:
		return &PlanNode{Type: "Result", Text: "Result", Total: 0.01, Rows: 1}
	}
	return explainSource(q.from, q)
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

// scanNode is a node that reads what has a name.
func scanNode(typ, key, name, alias string) *PlanNode {
	text := typ + " on " + parser.QuoteIdent(name)
	if alias == "" {
		alias = name
	}
	if alias != name {
		text += " " + parser.QuoteIdent(alias)
	}
	n := &PlanNode{Type: typ, Text: text}
	if key != "" {
		n.About = append(n.About, [2]string{key, name})
	}
	n.About = append(n.About, [2]string{"Alias", alias})
	return n
}

// explainSource is a FROM item.
func explainSource(src source, q *query) *PlanNode {
	var c *PlanNode
	switch n := src.(type) {
	case *relationSource:
		c = scanNode("Seq Scan", "Relation Name", n.name, n.alias)
		c.Total, c.Rows = 1.01, 1
	case *functionSource:
		c = scanNode("Function Scan", "Function Name", n.name, n.alias)
		c.Start, c.Rows = callCost, 1
		if n.funcs[0].set {
			c.Rows = setRows(&n.funcs[0])
		}
		c.Total = callCost + 0.01*max(1, c.Rows)
	case *valuesSource:
		c = scanNode("Values Scan", "", "*VALUES*", "")
		c.Rows = float64(len(n.rows))
		c.Total = c.Rows * 0.0125
	case *cteSource:
		c = scanNode("CTE Scan", "CTE Name", n.cte.name, n.alias)
		c.Total, c.Rows = 0.02, 1
	case *subquerySource:
		return explainQuery(n.q)
	case *joinSource:
		return explainJoin(n, q)
	default:
		c = &PlanNode{Type: "Result", Text: "Result", Total: 0.01, Rows: 1}
	}
	c.Width = q.width()
	if q.group == nil && q.srfs == nil {
		c.Total += c.Rows * q.calls() * callCost
	}
	return c
}

var joinTypes = map[parser.JoinType]string{parser.JoinLeft: "Left", parser.JoinRight: "Right", parser.JoinFull: "Full"}

func explainJoin(j *joinSource, q *query) *PlanNode {
	n := &PlanNode{Type: "Nested Loop", Text: "Nested Loop", About: [][2]string{{"Join Type", "Inner"}}}
	if kind := joinTypes[j.kind]; kind != "" {
		n.Text, n.About[0][1] = "Nested Loop "+kind+" Join", kind
	}
	l, r := explainSource(j.left, q), explainSource(j.right, q)
	l.Relationship, r.Relationship = "Outer", "Inner"
	n.Start, n.Total, n.Rows, n.Width = l.Start+r.Start, l.Total+l.Rows*r.Total, l.Rows*r.Rows, l.Width+r.Width
	n.Children = []*PlanNode{l, r}
	return n
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
