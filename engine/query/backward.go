package query

import "seqd/protocol/parser"

// ScansBackward tells whether PostgreSQL's plan could run backwards as it stands: if
// not, a cursor is for going forward unless it is declared SCROLL.
func (p *Plan) ScansBackward() bool { return p.root.scansBackward() }

func (q *query) scansBackward() bool {
	switch {
	case q.values != nil:
		return len(q.values) > 1 // a single row becomes a Result
	case len(q.on) > 0, q.distinct:
		return false
	case q.op == parser.SetOpUnion && q.all:
		return len(q.sort) > 0 || q.left.scansBackward() && q.right.scansBackward()
	case q.op != parser.SetOpNone:
		return len(q.sort) > 0
	case len(q.sort) > 0:
		return true
	case q.group != nil, q.srfs != nil, len(q.windows) > 0, q.from == nil:
		return false
	}
	switch n := q.from.(type) {
	case *joinSource:
		return false
	case *subquerySource:
		return n.q.scansBackward()
	case *valuesSource:
		return len(n.rows) > 1
	}
	return true
}
