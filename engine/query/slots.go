package query

// slotSet is a set of slots of one query level's row.
type slotSet []uint64

func (s *slotSet) add(slot int) {
	for len(*s) <= slot/64 {
		*s = append(*s, 0)
	}
	(*s)[slot/64] |= 1 << (slot % 64)
}

func (s slotSet) has(slot int) bool { return slot/64 < len(s) && s[slot/64]&(1<<(slot%64)) != 0 }

func (s slotSet) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

// without are the slots that t has not.
func (s slotSet) without(t slotSet) slotSet {
	out := make(slotSet, len(s))
	for i, w := range s {
		if out[i] = w; i < len(t) {
			out[i] = w &^ t[i]
		}
	}
	return out
}

// within tells whether t has all slots.
func (s slotSet) within(t slotSet) bool { return s.without(t).empty() }

// meets tells whether the sets have a slot in common.
func (s slotSet) meets(t slotSet) bool {
	for i := range min(len(s), len(t)) {
		if s[i]&t[i] != 0 {
			return true
		}
	}
	return false
}

func (s slotSet) with(t slotSet) slotSet {
	out := make(slotSet, max(len(s), len(t)))
	copy(out, s)
	for i, w := range t {
		out[i] |= w
	}
	return out
}

// slotsOf are the slots of the level that an expression reads, also from within
// its subqueries.
func slotsOf(e expr) slotSet {
	var s slotSet
	exprSlots(e, 0, s.add)
	return s
}

// exprSlots adds the slots of the level that is depth levels out.
func exprSlots(e expr, depth int, add func(int)) {
	anyExpr(e, func(e expr) bool {
		switch n := e.(type) {
		case *columnExpr:
			if n.level == depth {
				add(n.slot)
			}
		case *sublinkExpr:
			querySlots(n.q, depth+1, add)
		}
		return false
	})
}

func querySlots(q *query, depth int, add func(int)) {
	q.exprs(func(e *expr) { exprSlots(*e, depth, add) })
	if q.from != nil {
		sourceSlots(q.from, depth, add)
	}
	for _, side := range []*query{q.left, q.right} {
		if side != nil {
			querySlots(side, depth+1, add)
		}
	}
	for _, c := range q.ctes {
		c.queries(func(q *query) { querySlots(q, depth+1, add) })
	}
}

func sourceSlots(src source, depth int, add func(int)) {
	src.walk(func(e *expr) { exprSlots(*e, depth, add) }, func(sub *query) { querySlots(sub, depth+1, add) })
}

// ownSlots are the slots that a source fills.
func ownSlots(src source) slotSet {
	var s slotSet
	src.span(func(slot, n int) {
		for i := range n {
			s.add(slot + i)
		}
	})
	return s
}

// outsideSlots are the slots of the level that a source reads and does not fill
// itself: those of items to its left.
func outsideSlots(src source) slotSet {
	var s slotSet
	sourceSlots(src, 0, s.add)
	return s.without(ownSlots(src))
}
