package query

import (
	"slices"
	"sort"

	"seqd/protocol/sqlstate"
)

// windowRow is a row with what was computed for it so far.
type windowRow struct {
	slots, aggs, groups, out []value
	partition, order         []value
}

// windowRows reads all rows and computes the window functions: one pass for each
// way to order them. The rows leave in the order of the last pass.
type windowRows struct {
	in   tableIterator
	q    *query
	f    *frame
	rows []*windowRow
	read bool
	at   int
}

func (it *windowRows) next() (bool, error) {
	if !it.read {
		it.read = true
		if err := it.fill(); err != nil {
			return false, err
		}
	}
	if it.at == len(it.rows) {
		return false, nil
	}
	it.show(it.rows[it.at])
	it.f.windows = it.rows[it.at].out
	it.rows[it.at] = nil
	it.at++
	return true, nil
}

// show puts a row into the frame.
func (it *windowRows) show(r *windowRow) {
	copy(it.f.row, r.slots)
	it.f.aggs, it.f.groups = r.aggs, r.groups
}

func (it *windowRows) close() { it.in.close() }

func (it *windowRows) fill() error {
	for {
		ok, err := it.in.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		it.rows = append(it.rows, &windowRow{slots: slices.Clone(it.f.row), aggs: it.f.aggs, groups: it.f.groups, out: make([]value, len(it.q.windows))})
		if err := it.f.tick(); err != nil {
			return err
		}
	}
	it.in.close()
	done := make([]bool, len(it.q.windows))
	for i, w := range it.q.windows {
		if done[i] {
			continue
		}
		if err := it.order(w.spec); err != nil {
			return err
		}
		for k := i; k < len(it.q.windows); k++ {
			if o := it.q.windows[k]; !done[k] && o.spec.sameOrder(w.spec) {
				done[k] = true
				if err := it.compute(o, k); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// order sorts the rows by partition and then as the window says.
func (it *windowRows) order(w *windowSpec) error {
	for _, r := range it.rows {
		it.show(r)
		r.partition, r.order = make([]value, len(w.partition)), make([]value, len(w.order))
		var err error
		for i, e := range w.partition {
			if r.partition[i], err = e.eval(it.f); err != nil {
				return err
			}
		}
		for i, k := range w.order {
			if r.order[i], err = k.e.eval(it.f); err != nil {
				return err
			}
		}
	}
	slices.SortStableFunc(it.rows, func(a, b *windowRow) int {
		if c := w.comparePartition(a, b); c != 0 {
			return c
		}
		return w.compareOrder(a, b)
	})
	return nil
}

func (w *windowSpec) comparePartition(a, b *windowRow) int {
	for i, e := range w.partition {
		k := sortKey{typ: e.typ()}
		if c := k.compare(a.partition[i], b.partition[i]); c != 0 {
			return c
		}
	}
	return 0
}

func (w *windowSpec) compareOrder(a, b *windowRow) int {
	for i := range w.order {
		if c := w.order[i].compare(a.order[i], b.order[i]); c != 0 {
			return c
		}
	}
	return 0
}

// compute runs one function over every partition.
func (it *windowRows) compute(call *windowCall, slot int) error {
	for from := 0; from < len(it.rows); {
		to := from + 1
		for to < len(it.rows) && call.spec.comparePartition(it.rows[from], it.rows[to]) == 0 {
			to++
		}
		p := &windowPartition{it: it, call: call, rows: it.rows[from:to]}
		if err := p.prepare(); err != nil {
			return err
		}
		for i := range p.rows {
			var err error
			if call.agg != nil {
				p.rows[i].out[slot], err = p.aggregate(i)
			} else {
				p.rows[i].out[slot], err = windowFunctions[call.fn.Source](p, i)
			}
			if err == nil {
				err = it.f.tick()
			}
			if err != nil {
				return err
			}
		}
		from = to
	}
	return nil
}

// windowPartition is the rows of one partition for one function.
type windowPartition struct {
	it   *windowRows
	call *windowCall
	rows []*windowRow
	args [][]value // by row
	skip []bool    // by row: FILTER leaves it out
	// Rows that the order does not tell apart are peers: first and past the last.
	peerFrom, peerTo []int
	group            []int // number of the row's peer group
	startBy, endBy   int64

	acc  accumulator // an aggregate over a frame that starts with the partition
	upTo int
}

// prepare evaluates the arguments and finds the peers.
func (p *windowPartition) prepare() error {
	n, w := len(p.rows), p.call.spec
	p.args, p.skip = make([][]value, n), make([]bool, n)
	p.peerFrom, p.peerTo, p.group = make([]int, n), make([]int, n), make([]int, n)
	for i, r := range p.rows {
		p.it.show(r)
		p.args[i] = make([]value, len(p.call.args))
		var err error
		for k, a := range p.call.args {
			if p.args[i][k], err = a.eval(p.it.f); err != nil {
				return err
			}
		}
		if p.call.filter != nil {
			v, err := p.call.filter.eval(p.it.f)
			if err != nil {
				return err
			}
			p.skip[i] = !v.Bool()
		}
		if i > 0 && w.compareOrder(p.rows[i-1], r) == 0 {
			p.peerFrom[i], p.group[i] = p.peerFrom[i-1], p.group[i-1]
		} else if p.peerFrom[i] = i; i > 0 {
			p.group[i] = p.group[i-1] + 1
		}
	}
	for i := n - 1; i >= 0; i-- {
		if p.peerTo[i] = i + 1; i+1 < n && p.peerFrom[i+1] == p.peerFrom[i] {
			p.peerTo[i] = p.peerTo[i+1]
		}
	}
	return p.offsets()
}

// offsets evaluates the frame's offsets.
func (p *windowPartition) offsets() error {
	w := p.call.spec
	for _, b := range []struct {
		bound *windowBound
		to    *int64
		name  string
	}{{&w.start, &p.startBy, "starting"}, {&w.end, &p.endBy, "ending"}} {
		if b.bound.offset == nil {
			continue
		}
		v, err := b.bound.offset.eval(p.it.f)
		if err != nil {
			return err
		}
		if v.IsNull() {
			return sqlstate.Errorf(sqlstate.NullValueNotAllowed, "frame %s offset must not be null", b.name)
		}
		if v.Int() < 0 {
			if w.mode == "RANGE" {
				return sqlstate.New(sqlstate.InvalidPrecedingOrFollowing, "invalid preceding or following size in window function")
			}
			return sqlstate.Errorf(sqlstate.InvalidPrecedingOrFollowing, "frame %s offset must not be negative", b.name)
		}
		*b.to = v.Int()
	}
	return nil
}

// frame is the range of rows that the function sees from a row: [from, to).
func (p *windowPartition) frame(i int) (from, to int) {
	w, n := p.call.spec, len(p.rows)
	from = p.edge(i, &w.start, p.startBy, false)
	to = p.edge(i, &w.end, p.endBy, true)
	return min(max(from, 0), n), max(min(to, n), 0)
}

// edge is where a frame starts, or past is where it ends.
func (p *windowPartition) edge(i int, b *windowBound, offset int64, past bool) int {
	n := len(p.rows)
	switch {
	case b.unbounded && b.following:
		return n
	case b.unbounded:
		return 0
	}
	by := int(min(offset, int64(n)+1))
	if !b.following {
		by = -by
	}
	if p.call.spec.mode == "ROWS" {
		if past {
			by++
		}
		return i + by
	}
	inside := func(k int) bool { return p.group[k] >= p.group[i]+by }
	beyond := func(k int) bool { return p.group[k] > p.group[i]+by }
	if p.call.spec.mode == "RANGE" && b.offset != nil {
		if p.rows[i].order[0].IsNull() {
			if past {
				return p.peerTo[i]
			}
			return p.peerFrom[i]
		}
		key := &p.call.spec.order[0]
		at := p.rows[i].order[0].Int()
		if key.desc != b.following {
			at = saturating(at, offset)
		} else {
			at = saturating(at, -offset)
		}
		inside = func(k int) bool { return key.compareInt(p.rows[k].order[0], at) >= 0 }
		beyond = func(k int) bool { return key.compareInt(p.rows[k].order[0], at) > 0 }
	}
	if past {
		inside = beyond
	}
	return sort.Search(n, inside)
}

func saturating(a, b int64) int64 {
	switch sum := a + b; {
	case b > 0 && sum < a:
		return 1<<63 - 1
	case b < 0 && sum > a:
		return -1 << 63
	default:
		return sum
	}
}

// nth is the number of a row of the frame, -1 if it has no such row; which is told
// how many there are.
func (p *windowPartition) nth(i int, which func(n int) int) int {
	if p.call.spec.exclude == "" {
		from, to := p.frame(i)
		if k := which(to - from); k >= 0 && from+k < to {
			return from + k
		}
		return -1
	}
	seen := p.seen(i)
	if k := which(len(seen)); k >= 0 && k < len(seen) {
		return seen[k]
	}
	return -1
}

// seen are the rows of a frame without those that EXCLUDE takes out.
func (p *windowPartition) seen(i int) []int {
	from, to := p.frame(i)
	var out []int
	for k := from; k < to; k++ {
		peer := p.peerFrom[k] == p.peerFrom[i]
		switch p.call.spec.exclude {
		case "CURRENT ROW":
			if k == i {
				continue
			}
		case "GROUP":
			if peer {
				continue
			}
		case "TIES":
			if peer && k != i {
				continue
			}
		}
		out = append(out, k)
	}
	return out
}

// aggregate is an aggregate over the frame of a row.
func (p *windowPartition) aggregate(i int) (value, error) {
	w := p.call.spec
	if w.start.unbounded && w.exclude == "" {
		if p.acc == nil {
			p.acc = p.call.agg.newAccumulator(p.it.f)
		}
		_, to := p.frame(i)
		for ; p.upTo < to; p.upTo++ {
			if err := p.feed(p.acc, p.upTo); err != nil {
				return value{}, err
			}
		}
		return p.acc.result()
	}
	acc := p.call.agg.newAccumulator(p.it.f)
	for _, k := range p.seen(i) {
		if err := p.feed(acc, k); err != nil {
			return value{}, err
		}
	}
	return acc.result()
}

func (p *windowPartition) feed(acc accumulator, k int) error {
	if p.skip[k] {
		return nil
	}
	return acc.add(p.args[k])
}
