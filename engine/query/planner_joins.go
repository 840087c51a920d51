package query

import (
	"slices"

	"seqd/protocol/parser"
)

// joinPool is a tree of inner and left joins taken apart: its items, and the
// conditions that may be checked as soon as the items that they read are joined.
type joinPool struct {
	p     *planner
	avail slotSet
	items []*joinItem
	conds []expr
}

// joinItem is one item of the pool. An outer one is the right side of a left join:
// its own conditions decide which of its rows match, and there is a row of NULLs
// where none does.
type joinItem struct {
	src   source
	own   slotSet
	needs slotSet // slots of other items that must be there first
	size  float64
	outer bool
	on    []expr
}

func (pool *joinPool) flatten(src source) {
	j, ok := src.(*joinSource)
	if ok && j.kind == parser.JoinRight && j.merged == nil {
		j.left, j.right, j.kind = j.right, j.left, parser.JoinLeft
	}
	if !ok || j.merged != nil || j.kind == parser.JoinFull || j.on != nil && isVolatile(j.on) {
		pool.add(&joinItem{src: src})
		return
	}
	pool.flatten(j.left)
	if j.kind != parser.JoinLeft {
		pool.flatten(j.right)
		pool.conds = append(pool.conds, conjuncts(j.on)...)
		return
	}
	pool.add(&joinItem{src: j.right, outer: true, on: conjuncts(j.on)})
}

func (pool *joinPool) add(it *joinItem) {
	it.own = ownSlots(it.src)
	it.needs = outsideSlots(it.src)
	for _, c := range it.on {
		it.needs = it.needs.with(slotsOf(c).without(it.own))
	}
	it.needs = it.needs.without(pool.avail)
	it.size = pool.p.sizeOf(it.src)
	pool.items = append(pool.items, it)
}

// sizeOf estimates an item's rows.
func (p *planner) sizeOf(src source) float64 {
	switch n := src.(type) {
	case *relationSource:
		if n.key != nil {
			return rowsByKey
		}
		return float64(max(1, n.rel.Size(p.s)))
	case *valuesSource:
		return float64(len(n.rows))
	case *functionSource:
		if !n.funcs[0].set {
			return 1
		}
		return setRows(&n.funcs[0])
	case *filterSource:
		return p.sizeOf(n.in)
	case *joinSource:
		return max(p.sizeOf(n.left), p.sizeOf(n.right))
	case *subquerySource:
		return p.sizeOfQuery(n.q)
	}
	return 100
}

func (p *planner) sizeOfQuery(q *query) float64 {
	switch {
	case q.op != parser.SetOpNone:
		return p.sizeOfQuery(q.left) + p.sizeOfQuery(q.right)
	case q.from == nil || q.group != nil && len(q.group.keys) == 0:
		return 1
	}
	return p.sizeOf(q.from)
}

// arrange joins the items one after the other.
func (pool *joinPool) arrange() source {
	order := pool.order()
	placed := pool.avail
	var out source
	conds := pool.conds
	for _, it := range order {
		placed = placed.with(it.own)
		var ready []expr
		conds = slices.DeleteFunc(conds, func(c expr) bool {
			ok := slotsOf(c).within(placed)
			if ok {
				ready = append(ready, c)
			}
			return ok
		})
		out = pool.join(out, it, ready)
	}
	if len(conds) > 0 { // they read what nobody fills: kept for safety
		out = &filterSource{in: out, conds: conds}
	}
	return out
}

// join adds an item to what is joined so far, under conditions that can be checked
// from now on.
func (pool *joinPool) join(left source, it *joinItem, ready []expr) source {
	p := pool.p
	if left == nil {
		return p.leafOrTree(it.src, ready, pool.avail)
	}
	j := &joinSource{left: left, right: it.src, kind: parser.JoinInner}
	matching, above := ready, []expr(nil)
	if it.outer {
		// What stands above a left join must see its rows of NULLs.
		j.kind, matching, above = parser.JoinLeft, it.on, ready
	}
	have := pool.avail.with(ownSlots(left))
	var into, on []expr
	lookup := p.looksUp(it, matching, have, p.sizeOf(left))
	for _, c := range matching {
		s := slotsOf(c)
		switch {
		case isVolatile(c), !s.meets(it.own):
			on = append(on, c)
		case s.within(it.own.with(pool.avail)), lookup:
			into = append(into, c)
		case !p.hashKey(j, c):
			on = append(on, c)
		}
	}
	j.right = p.leafOrTree(it.src, into, have)
	j.on = conjunction(on)
	if j.lateral = outsideSlots(j.right).meets(ownSlots(left)); j.lateral {
		j.keysToOn()
	}
	if len(above) == 0 {
		return j
	}
	return &filterSource{in: j, conds: above}
}

// leafOrTree plans an item: a tree of joins in a pool of its own.
func (p *planner) leafOrTree(src source, conds []expr, avail slotSet) source {
	if j, ok := src.(*joinSource); ok && j.merged == nil && j.kind != parser.JoinFull && (j.on == nil || !isVolatile(j.on)) {
		src, conds = p.place(src, conds, avail)
		if len(conds) == 0 {
			return src
		}
		return &filterSource{in: src, conds: conds}
	}
	return p.leaf(src, conds, avail)
}

// rowsByKey is how many rows an index is expected to find.
const rowsByKey = 2

// maxHashed is how many rows a hash table may hold where an index would do, too.
const maxHashed = 4096

// lookupPays tells whether the item is better looked up for each row on the left
// than read whole: where there are fewer rows on the left, or a relation is large.
func lookupPays(src source, size, rows float64) bool {
	if _, plain := src.(*relationSource); plain {
		return rows < size || size > maxHashed
	}
	return rows*4 < size
}

// looksUp tells whether the item is to be looked up for each row on the left.
func (p *planner) looksUp(it *joinItem, conds []expr, have slotSet, rows float64) bool {
	for _, c := range conds {
		if isVolatile(c) || !slotsOf(c).meets(it.own) || !slotsOf(c).within(it.own.with(have)) {
			continue
		}
		if p.servedByIndex(it.src, c) {
			return lookupPays(it.src, it.size, rows)
		}
	}
	return false
}

// servedByIndex tells whether a condition would end as a key of an index.
func (p *planner) servedByIndex(src source, c expr) bool {
	switch n := src.(type) {
	case *relationSource:
		return n.keyOf(c, ownSlots(n)) != nil
	case *filterSource:
		return p.servedByIndex(n.in, c)
	case *joinSource:
		return n.kind != parser.JoinFull && n.merged == nil &&
			(p.servedByIndex(n.left, c) || n.kind == parser.JoinInner && p.servedByIndex(n.right, c))
	case *subquerySource:
		if inner := n.inner(c); inner != nil && n.q.from != nil {
			return p.servedByIndex(n.q.from, inner)
		}
	}
	return false
}

// order decides which item comes first and which follow: of all first items the
// one with the cheapest sequel, and the written order where nothing speaks against it.
func (pool *joinPool) order() []*joinItem {
	if len(pool.items) == 1 {
		return pool.items
	}
	var best []*joinItem
	bestCost := 0.0
	for _, first := range pool.items {
		if first.outer || !first.needs.empty() {
			continue
		}
		order, cost := pool.sequel(first)
		if order != nil && (best == nil || cost < bestCost*0.99) {
			best, bestCost = order, cost
		}
	}
	if best == nil { // each waits for another: as written
		return pool.items
	}
	return best
}

// sequel puts the other items after a first one, the cheapest next.
func (pool *joinPool) sequel(first *joinItem) ([]*joinItem, float64) {
	order := []*joinItem{first}
	placed := pool.avail.with(first.own)
	rows := pool.rowsOf(first, pool.avail)
	cost := rows
	left := slices.DeleteFunc(slices.Clone(pool.items), func(it *joinItem) bool { return it == first })
	for len(left) > 0 {
		next, nextRows, nextCost := -1, 0.0, 0.0
		for i, it := range left {
			if !it.needs.within(placed) {
				continue
			}
			r, c := pool.step(it, placed, rows)
			if next < 0 || c < nextCost*0.99 {
				next, nextRows, nextCost = i, r, c
			}
		}
		if next < 0 {
			return nil, 0
		}
		it := left[next]
		left = slices.Delete(left, next, next+1)
		order = append(order, it)
		placed = placed.with(it.own)
		rows = nextRows
		cost += nextCost
	}
	return order, cost
}

// rowsOf estimates the rows of an item under the conditions on it alone.
func (pool *joinPool) rowsOf(it *joinItem, avail slotSet) float64 {
	rows := it.size
	for _, c := range pool.conds {
		if !slotsOf(c).meets(it.own) || !slotsOf(c).within(it.own.with(avail)) || isVolatile(c) {
			continue
		}
		if pool.p.servedByIndex(it.src, c) {
			return min(rows, rowsByKey)
		}
		if call, ok := c.(*callExpr); ok && equalityType(call) != 0 {
			rows *= 0.2
		}
	}
	return max(rows, 1)
}

// step estimates the rows after an item is joined, and what joining it costs.
func (pool *joinPool) step(it *joinItem, placed slotSet, rows float64) (after, cost float64) {
	conds := it.on
	if !it.outer {
		conds = pool.conds
	}
	have := placed.with(it.own)
	linked := false
	for _, c := range conds {
		if !slotsOf(c).meets(it.own) || !slotsOf(c).within(have) || isVolatile(c) {
			continue
		}
		if lookupPays(it.src, it.size, rows) && pool.p.servedByIndex(it.src, c) {
			return rows, rows
		}
		if call, ok := c.(*callExpr); ok && equalityType(call) != 0 && slotsOf(c).meets(placed) {
			linked = true
		}
	}
	size := pool.rowsOf(it, pool.avail)
	if linked {
		return max(rows, 1), rows/2 + 2*it.size
	}
	return rows * size, it.size + rows*size
}
