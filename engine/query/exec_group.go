package query

import (
	"slices"

	"seqd/protocol/pgtypes"
)

// group is one group in the making.
type group struct {
	slots []value // the row that opened it
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
	byKey := map[string]*group{}
	var key []byte
	if len(gr.keys) == 0 { // one group, even over no rows
		it.groups = append(it.groups, it.newGroup(nil))
	}
	for {
		ok, err := it.in.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		var g *group
		if len(gr.keys) == 0 {
			g = it.groups[0]
		} else {
			keys := make([]value, len(gr.keys))
			key = key[:0]
			for i, k := range gr.keys {
				if keys[i], err = k.eval(it.f); err != nil {
					return err
				}
				key = pgtypes.AppendKey(key, k.typ(), keys[i])
			}
			if g = byKey[string(key)]; g == nil {
				g = it.newGroup(keys)
				byKey[string(key)] = g
				it.groups = append(it.groups, g)
			}
		}
		if err := it.accumulate(g); err != nil {
			return err
		}
		if err := it.f.tick(); err != nil {
			return err
		}
	}
	it.in.close()
	return it.finish()
}

func (it *groupRows) newGroup(keys []value) *group {
	g := &group{slots: slices.Clone(it.f.row), keys: keys}
	if keys == nil {
		clear(g.slots)
	}
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
