package query

import (
	"slices"

	"seqd/protocol/pgtypes"
)

// compare orders two values by a sort key, NULLs where it wants them.
func (k *sortKey) compare(a, b value) int {
	switch {
	case a.IsNull() && b.IsNull():
		return 0
	case a.IsNull():
		if k.nullsFirst {
			return -1
		}
		return 1
	case b.IsNull():
		if k.nullsFirst {
			return 1
		}
		return -1
	}
	c := pgtypes.Compare(k.typ, a, b)
	if k.desc {
		return -c
	}
	return c
}

// sortedRow is a row waiting to be sorted; slots is the frame's row where late
// targets need it.
type sortedRow struct {
	row, slots []value
	aggs, keys []value
}

// sortRows is ORDER BY: it reads everything first.
type sortRows struct {
	in    rowIterator
	q     *query
	f     *frame
	limit int // no more than this many are asked for, 0 for all
	rows  []sortedRow
	read  bool
	at    int
}

func (it *sortRows) next() ([]value, error) {
	if !it.read {
		it.read = true
		if err := it.fill(); err != nil {
			return nil, err
		}
	}
	if it.at == len(it.rows) {
		return nil, nil
	}
	r := it.rows[it.at]
	it.rows[it.at] = sortedRow{}
	it.at++
	if it.q.late != nil {
		copy(it.f.row, r.slots)
		it.f.aggs, it.f.groups = r.aggs, r.keys
	}
	return r.row, nil
}

func (it *sortRows) fill() error {
	for {
		row, err := it.in.next()
		if err != nil {
			return err
		}
		if row == nil {
			break
		}
		r := sortedRow{row: slices.Clone(row)}
		if it.q.late != nil {
			r.slots = slices.Clone(it.f.row)
			r.aggs, r.keys = it.f.aggs, it.f.groups // made anew for every group
		}
		it.rows = append(it.rows, r)
		// A bounded sort: keep twice as many as can be asked for.
		if it.limit > 0 && len(it.rows) >= 2*it.limit+64 {
			it.order()
			clear(it.rows[it.limit:])
			it.rows = it.rows[:it.limit]
		}
		if err := it.f.tick(); err != nil {
			return err
		}
	}
	it.in.close()
	it.order()
	return nil
}

func (it *sortRows) order() {
	slices.SortStableFunc(it.rows, func(a, b sortedRow) int {
		for i := range it.q.sort {
			k := &it.q.sort[i]
			if c := k.compare(a.row[k.target], b.row[k.target]); c != 0 {
				return c
			}
		}
		return 0
	})
}

func (it *sortRows) close() {
	it.in.close()
	it.rows = nil
	it.at = 0
	it.read = true
}

// distinctRows lets each row of visible columns through once.
type distinctRows struct {
	in   rowIterator
	q    *query
	seen map[string]struct{}
	key  []byte
}

func (it *distinctRows) next() ([]value, error) {
	for {
		row, err := it.in.next()
		if row == nil || err != nil {
			return nil, err
		}
		it.key = rowKey(it.key[:0], it.q.ownCols(), row)
		if _, ok := it.seen[string(it.key)]; ok {
			continue
		}
		it.seen[string(it.key)] = struct{}{}
		return row, nil
	}
}

func (it *distinctRows) close() { it.in.close() }

// ownCols are the columns with their types before a set operation changed them.
func (q *query) ownCols() []Column {
	if q.convert == nil {
		return q.cols
	}
	cols := slices.Clone(q.cols)
	for i := range cols {
		cols[i].Type = q.targets[i].typ()
	}
	return cols
}

// distinctOnRows lets the first row of each run of equal keys through.
type distinctOnRows struct {
	in   rowIterator
	q    *query
	last []value
}

func (it *distinctOnRows) next() ([]value, error) {
	for {
		row, err := it.in.next()
		if row == nil || err != nil {
			return nil, err
		}
		same := it.last != nil
		for i, t := range it.q.on {
			if same {
				k := sortKey{typ: it.q.targets[t].typ()}
				same = k.compare(row[t], it.last[i]) == 0
			}
		}
		if same {
			continue
		}
		it.last = it.last[:0]
		for _, t := range it.q.on {
			it.last = append(it.last, row[t])
		}
		return row, nil
	}
}

func (it *distinctOnRows) close() { it.in.close() }
