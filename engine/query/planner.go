package query

import (
	"regexp"

	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
)

// planner arranges what analysis left in the order it was written: conditions move
// down to the items they are about, and into subqueries and views; joins are put
// in an order in which indexes and hash tables serve their conditions. Nothing
// volatile is moved.
type planner struct{ s Session }

// query plans a query and all that is in it, from the top down.
func (p *planner) query(q *query) {
	if q.from != nil && q.op == parser.SetOpNone {
		var rest []expr
		q.from, rest = p.place(q.from, conjuncts(q.where), nil)
		q.where = conjunction(rest)
	}
	p.inside(q)
	if q.from != nil {
		p.prune(q)
	}
}

// inside plans the queries within a query.
func (p *planner) inside(q *query) {
	for _, c := range q.ctes {
		if c.refs > 0 {
			c.queries(p.query)
		}
	}
	if q.left != nil {
		p.query(q.left)
		p.query(q.right)
	}
	sublinks := func(e *expr) {
		anyExpr(*e, func(e expr) bool {
			if n, ok := e.(*sublinkExpr); ok && !n.planned {
				n.planned = true
				p.query(n.q)
			}
			return false
		})
	}
	q.exprs(sublinks)
	if q.from != nil {
		q.from.walk(sublinks, p.query)
	}
}

// conjuncts are the conditions that AND joins.
func conjuncts(e expr) []expr {
	if e == nil {
		return nil
	}
	if b, ok := e.(*boolExpr); ok && !b.or {
		var out []expr
		for _, a := range b.args {
			out = append(out, conjuncts(a)...)
		}
		return out
	}
	return []expr{e}
}

func conjunction(list []expr) expr {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	return &boolExpr{info: typed(pgtypes.Bool, list[0].pos()), args: list}
}

// place arranges a FROM tree under the conditions conds, with the slots of avail
// filled from outside. It returns the conditions that remain to be checked above.
func (p *planner) place(src source, conds []expr, avail slotSet) (source, []expr) {
	var moving, staying []expr
	for _, c := range conds {
		if isVolatile(c) {
			staying = append(staying, c)
		} else {
			moving = append(moving, c)
		}
	}
	pool := &joinPool{p: p, avail: avail}
	pool.flatten(src)
	pool.conds = append(pool.conds, moving...)
	return pool.arrange(), staying
}

// leaf gives a FROM item that is no inner or left join its conditions.
func (p *planner) leaf(src source, conds []expr, avail slotSet) source {
	switch n := src.(type) {
	case *relationSource:
		p.relation(n, conds, avail)
		return n
	case *subquerySource:
		conds = p.pushDown(n, conds)
	case *joinSource:
		return p.opaqueJoin(n, conds, avail)
	}
	if len(conds) == 0 {
		return src
	}
	return &filterSource{in: src, conds: conds}
}

// relation picks a condition that an index serves: the first, but a single value
// rather than a list.
func (p *planner) relation(n *relationSource, conds []expr, avail slotSet) {
	own := ownSlots(n)
	best := -1
	for i, c := range conds {
		k := n.keyOf(c, own)
		if k == nil || n.key != nil && !(n.key.any && !k.any) {
			continue
		}
		n.key, best = k, i
	}
	for i, c := range conds {
		if i != best {
			n.filter = append(n.filter, c)
		}
	}
}

// keyOf reads a condition as an indexed column's equality with something that does
// not come from the relation itself.
func (src *relationSource) keyOf(c expr, own slotSet) *lookupKey {
	switch n := c.(type) {
	case *callExpr:
		if name := nameInPattern(n); name != nil {
			if column, ok := src.indexedColumn(n.args[0]); ok {
				return &lookupKey{column: column, e: name}
			}
		}
		if equalityType(n) == 0 {
			return nil
		}
		for i := range 2 {
			column, ok := src.indexedColumn(n.args[i])
			if ok && !slotsOf(n.args[1-i]).meets(own) {
				return &lookupKey{column: column, e: n.args[1-i]}
			}
		}
	case *arrayOpExpr:
		if n.all || equalityType(n.call) == 0 {
			return nil
		}
		column, ok := src.indexedColumn(n.call.args[0])
		if ok && !slotsOf(n.arr).meets(own) {
			return &lookupKey{column: column, e: n.arr, any: true}
		}
	}
	return nil
}

func (src *relationSource) indexedColumn(e expr) (int, bool) {
	c, ok := bareColumn(e)
	if !ok || c.level != 0 || c.slot < src.slot || c.slot >= src.slot+src.width || !src.rel.Indexed(c.slot-src.slot) {
		return 0, false
	}
	return c.slot - src.slot, true
}

// bareColumn sees through casts that change no bits and no order.
func bareColumn(e expr) (*columnExpr, bool) {
	for {
		r, ok := e.(*relabelExpr)
		if !ok {
			break
		}
		e = r.arg
	}
	c, ok := e.(*columnExpr)
	return c, ok
}

// equalityType is a type by whose keys both sides of an equality can be hashed, 0
// if c is none such.
func equalityType(c *callExpr) pgtypes.OID {
	switch c.fn.Source {
	case "int2eq", "int4eq", "int8eq", "int24eq", "int42eq", "int28eq", "int82eq", "int48eq", "int84eq":
		return pgtypes.Int8
	case "oideq":
		return pgtypes.Oid
	case "nameeq", "texteq", "nameeqtext", "texteqname":
		return pgtypes.Text
	case "chareq":
		return pgtypes.Char
	case "booleq":
		return pgtypes.Bool
	}
	return 0
}

// opaqueJoin plans a join whose sides can't be mixed with others: FULL joins, and
// those with columns that USING merged. Conditions on the side that always has a
// row move into it.
func (p *planner) opaqueJoin(j *joinSource, conds []expr, avail slotSet) source {
	var left, right, above []expr
	l, r := ownSlots(j.left).with(avail), ownSlots(j.right).with(avail)
	for _, c := range conds {
		switch s := slotsOf(c); {
		case s.within(l) && j.kind != parser.JoinFull && j.kind != parser.JoinRight:
			left = append(left, c)
		case s.within(r) && (j.kind == parser.JoinInner || j.kind == parser.JoinRight):
			right = append(right, c)
		default:
			above = append(above, c)
		}
	}
	var on []expr
	for _, c := range conjuncts(j.on) {
		if !p.hashKey(j, c) {
			on = append(on, c)
		}
	}
	j.on = conjunction(on)
	var rest []expr
	j.left, rest = p.place(j.left, left, avail)
	above = append(above, rest...)
	j.right, rest = p.place(j.right, right, avail)
	above = append(above, rest...)
	if j.lateral = outsideSlots(j.right).meets(ownSlots(j.left)); j.lateral {
		j.keysToOn()
	}
	if len(above) == 0 {
		return j
	}
	return &filterSource{in: j, conds: above}
}

// hashKey takes a condition as a key of the join, if it is an equality of both sides.
func (p *planner) hashKey(j *joinSource, c expr) bool {
	n, ok := c.(*callExpr)
	if !ok || isVolatile(c) {
		return false
	}
	t := equalityType(n)
	if t == 0 {
		return false
	}
	l, r := ownSlots(j.left), ownSlots(j.right)
	for i := range 2 {
		a, b := slotsOf(n.args[i]), slotsOf(n.args[1-i])
		if !b.empty() && b.within(r) && !a.meets(r) && a.meets(l) {
			j.keys = append(j.keys, joinKey{left: n.args[i], right: n.args[1-i], typ: t})
			j.origin = append(j.origin, c)
			return true
		}
	}
	return false
}

// keysToOn makes conditions of the keys again, where no hash table can be kept.
func (j *joinSource) keysToOn() {
	j.on = conjunction(append(conjuncts(j.on), j.origin...))
	j.keys, j.origin = nil, nil
}

// prune notes which columns of each relation anybody reads.
func (p *planner) prune(q *query) {
	var used slotSet
	querySlots(q, 0, used.add)
	var visit func(source)
	visit = func(src source) {
		switch n := src.(type) {
		case *filterSource:
			visit(n.in)
		case *joinSource:
			visit(n.left)
			visit(n.right)
		case *relationSource:
			n.used = []int{}
			for c := range n.width {
				if used.has(n.slot + c) {
					n.used = append(n.used, c)
				}
			}
			n.unusedSystem = true
			for i := range systemAttributes {
				n.unusedSystem = n.unusedSystem && !used.has(n.system+i)
			}
		}
	}
	visit(q.from)
}

// oneName is a regular expression that lets one value through, as psql writes a name
// without wildcards. Characters beyond ASCII stand for themselves.
var oneName = regexp.MustCompile(`^\^\(([A-Za-z0-9_\x{80}-\x{10FFFF}]+)\)\$$`)

// nameInPattern is that value, nil if it is no such comparison.
func nameInPattern(c *callExpr) expr {
	if c.fn.Source != "nameregexeq" && c.fn.Source != "textregexeq" {
		return nil
	}
	pattern, ok := c.args[1].(*constExpr)
	if !ok || pattern.v.IsNull() {
		return nil
	}
	m := oneName.FindStringSubmatch(pattern.v.Text())
	if m == nil {
		return nil
	}
	return &constExpr{info: typed(pgtypes.Text, pattern.at), v: pgtypes.NewText(m[1])}
}
