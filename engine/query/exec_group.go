package query

import (
	"slices"

	"seqd/protocol/pgtypes"
)

// group is one group in the making.
type group struct {
	slots []value // the row that opened it
	set   int
	keys  []value
	accs  []accumulator
	aggs  []value
}

// groupRows collects the groups, then yields them in the order of their keys.
type groupRows struct {
	in     tableIterator
	q      *query
	f      *frame
	groups []*group
	byKey  map[string]*group
	key    []byte
	read   bool
	at     int
}

func newGroupRows(in tableIterator, q *query, f *frame) *groupRows {
	return &groupRows{in: in, q: q, f: f}
}

func (it *groupRows) next() (bool, error) {
	if !it.read {
		it.read = true
		if err := it.fill(); err != nil {
			return false, err
		}
	}
	for it.at < len(it.groups) {
		g := it.groups[it.at]
		it.groups[it.at] = nil
		it.at++
		copy(it.f.row, g.slots)
		it.f.groups, it.f.aggs = g.keys, g.aggs
		if it.q.group.having != nil {
			v, err := it.q.group.having.eval(it.f)
			if err != nil {
				return false, err
			}
			if !v.Bool() {
				continue
			}
		}
		return true, nil
	}
	return false, nil
}

func (it *groupRows) fill() error {
	gr := it.q.group
	it.byKey = map[string]*group{}
	for i, set := range gr.sets {
		if len(set) == 0 { // one group, even over no rows
			g := it.newGroup(i, make([]value, len(gr.keys)))
			clear(g.slots)
			it.byKey[string([]byte{byte(i), byte(i >> 8)})] = g
			it.groups = append(it.groups, g)
		}
	}
	for {
		ok, err := it.in.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		keys := make([]value, len(gr.keys))
		for i, k := range gr.keys {
			if keys[i], err = k.eval(it.f); err != nil {
				return err
			}
		}
		for i := range gr.sets {
			if err := it.accumulate(it.groupFor(i, keys)); err != nil {
				return err
			}
		}
		if err := it.f.tick(); err != nil {
			return err
		}
	}
	it.in.close()
	return it.finish()
}

// groupFor is the group of the current row in one grouping set.
func (it *groupRows) groupFor(set int, all []value) *group {
	gr := it.q.group
	it.key = append(it.key[:0], byte(set), byte(set>>8))
	for _, k := range gr.sets[set] {
		it.key = pgtypes.AppendKey(it.key, gr.keys[k].typ(), all[k])
	}
	g := it.byKey[string(it.key)]
	if g == nil {
		keys := all
		if len(gr.sets) > 1 { // what the set leaves out is NULL
			keys = make([]value, len(all))
			for _, k := range gr.sets[set] {
				keys[k] = all[k]
			}
		}
		g = it.newGroup(set, keys)
		it.byKey[string(it.key)] = g
		it.groups = append(it.groups, g)
	}
	return g
}

// newGroup starts a group; behind its keys stands the number of its grouping set.
func (it *groupRows) newGroup(set int, keys []value) *group {
	g := &group{slots: slices.Clone(it.f.row), set: set, keys: append(slices.Clip(keys), pgtypes.NewInt(int64(set)))}
	for _, a := range it.q.group.aggs {
		g.accs = append(g.accs, a.newAccumulator(it.f))
	}
	return g
}

func (it *groupRows) accumulate(g *group) error {
	for i, a := range it.q.group.aggs {
		if a.filter != nil {
			v, err := a.filter.eval(it.f)
			if err != nil {
				return err
			}
			if !v.Bool() {
				continue
			}
		}
		if err := a.feed(it.f, g.accs[i]); err != nil {
			return err
		}
	}
	return nil
}

// finish computes the results and orders the groups by key, as a sorted
// aggregation gives them.
func (it *groupRows) finish() error {
	for _, g := range it.groups {
		g.aggs = make([]value, len(g.accs))
		for i, acc := range g.accs {
			v, err := acc.result()
			if err != nil {
				return err
			}
			g.aggs[i] = v
		}
		g.accs = nil
	}
	keys := it.q.group.keys
	slices.SortStableFunc(it.groups, func(a, b *group) int {
		if a.set != b.set {
			return a.set - b.set
		}
		for i, e := range keys {
			k := sortKey{typ: e.typ()}
			if c := k.compare(a.keys[i], b.keys[i]); c != 0 {
				return c
			}
		}
		return 0
	})
	return nil
}

func (it *groupRows) close() { it.in.close() }
