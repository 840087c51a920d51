package query

import (
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// rowIterator yields the result rows of a query, nil at the end; junk columns
// follow the visible ones. The slice is reused.
type rowIterator interface {
	next() ([]value, error)
	close()
}

// open starts a query for the rows of an outer frame. buf may be used for the row.
func (q *query) open(r *run, outer *frame, buf []value) (rowIterator, error) {
	f := &frame{run: r, outer: outer}
	if q.slots > 0 {
		f.row = make([]value, q.slots)
	}
	if buf == nil || cap(buf) < len(q.targets) {
		buf = make([]value, len(q.targets)) // not nil even for SELECT FROM s: nil is the end
	}
	buf = buf[:len(q.targets)]
	if len(q.srfs) > 0 {
		f.srfs = make([]value, len(q.srfs))
	}
	skip, count, err := q.bounds(f)
	if err != nil {
		return nil, err
	}
	if count == 0 && !q.withTies {
		return emptyRows{}, nil
	}
	it, err := q.produce(f, buf)
	if err != nil {
		return nil, err
	}
	if q.distinct && len(q.on) == 0 {
		it = &distinctRows{in: it, q: q, seen: map[string]struct{}{}}
	}
	if len(q.sort) > 0 {
		it = &sortRows{in: it, q: q, f: f, limit: topN(skip, count, q)}
	}
	if len(q.on) > 0 {
		it = &distinctOnRows{in: it, q: q}
	}
	if q.late != nil {
		it = &lateRows{in: it, q: q, f: f, buf: buf}
	}
	if skip > 0 || count >= 0 {
		it = &limitRows{in: it, q: q, skip: skip, left: count, all: count < 0}
	}
	if q.convert != nil {
		it = &convertRows{in: it, q: q, f: f}
	}
	return it, nil
}

// bounds evaluates LIMIT and OFFSET; count is -1 without a limit.
func (q *query) bounds(f *frame) (skip, count int64, err error) {
	count = -1
	if q.offset != nil {
		v, err := q.offset.eval(f)
		if err != nil {
			return 0, 0, err
		}
		if skip = v.Int(); v.IsNull() {
			skip = 0
		}
		if skip < 0 {
			return 0, 0, sqlstate.New(sqlstate.InvalidRowCountInOffset, "OFFSET must not be negative")
		}
	}
	if q.limit != nil {
		v, err := q.limit.eval(f)
		if err != nil {
			return 0, 0, err
		}
		switch {
		case !v.IsNull() && v.Int() < 0:
			return 0, 0, sqlstate.New(sqlstate.InvalidRowCountInLimit, "LIMIT must not be negative")
		case !v.IsNull():
			count = v.Int()
		case q.withTies:
			return 0, 0, sqlstate.New(sqlstate.InvalidRowCountInLimit, "row count cannot be null in FETCH FIRST ... WITH TIES clause")
		}
	}
	return skip, count, nil
}

// topN is how many sorted rows can be asked for at the most, 0 if all.
func topN(skip, count int64, q *query) int {
	if count < 0 || q.withTies || len(q.on) > 0 || skip+count < 0 || skip+count > 1<<16 {
		return 0
	}
	return int(skip + count)
}

// produce is the part below DISTINCT, ORDER BY and LIMIT.
func (q *query) produce(f *frame, buf []value) (rowIterator, error) {
	if q.op != parser.SetOpNone {
		set, err := q.openSetOp(f)
		if err != nil {
			return nil, err
		}
		return &projectRows{q: q, f: f, in: set, buf: buf}, nil
	}
	if q.from == nil && q.where == nil && q.group == nil && q.srfs == nil && q.windows == nil {
		return &oneRow{q: q, f: f, buf: buf}, nil
	}
	var in tableIterator = &singleRow{}
	if q.from != nil {
		var err error
		if in, err = q.from.open(f); err != nil {
			return nil, err
		}
	}
	if q.where != nil {
		in = &filterRows{in: in, f: f, cond: q.where}
	}
	if q.group != nil {
		in = newGroupRows(in, q, f)
	}
	if len(q.windows) > 0 {
		in = &windowRows{in: in, q: q, f: f}
	}
	if len(q.srfs) > 0 {
		in = &projectSet{in: in, q: q, f: f}
	}
	return &projectRows{q: q, f: f, in: in, buf: buf}, nil
}

// project computes the targets of the current row.
func (q *query) project(f *frame, buf []value, late bool) error {
	for i, e := range q.targets {
		if q.late != nil && q.late[i] != late {
			continue
		}
		v, err := e.eval(f)
		if err != nil {
			return err
		}
		buf[i] = v
	}
	return nil
}

type emptyRows struct{}

func (emptyRows) next() ([]value, error) { return nil, nil }
func (emptyRows) close()                 {}

// oneRow is a query without FROM.
type oneRow struct {
	q    *query
	f    *frame
	buf  []value
	done bool
}

func (it *oneRow) next() ([]value, error) {
	if it.done {
		return nil, nil
	}
	it.done = true
	if err := it.q.project(it.f, it.buf, false); err != nil {
		return nil, err
	}
	return it.buf, nil
}

func (it *oneRow) close() {}

type singleRow struct{ done bool }

func (it *singleRow) next() (bool, error) {
	was := it.done
	it.done = true
	return !was, nil
}

func (it *singleRow) close() {}

type filterRows struct {
	in   tableIterator
	f    *frame
	cond expr
}

func (it *filterRows) next() (bool, error) {
	for {
		ok, err := it.in.next()
		if !ok || err != nil {
			return false, err
		}
		v, err := it.cond.eval(it.f)
		if err != nil {
			return false, err
		}
		if v.Bool() {
			return true, nil
		}
		if err := it.f.tick(); err != nil {
			return false, err
		}
	}
}

func (it *filterRows) close() { it.in.close() }

type projectRows struct {
	q   *query
	f   *frame
	in  tableIterator
	buf []value
}

func (it *projectRows) next() ([]value, error) {
	ok, err := it.in.next()
	if !ok || err != nil {
		return nil, err
	}
	if err := it.q.project(it.f, it.buf, false); err != nil {
		return nil, err
	}
	return it.buf, nil
}

func (it *projectRows) close() { it.in.close() }

// projectSet runs the set-returning functions of the target list side by side for
// each row (ExecProjectSRF).
type projectSet struct {
	in   tableIterator
	q    *query
	f    *frame
	sets []setIterator
	on   bool
}

func (it *projectSet) next() (bool, error) {
	for {
		if !it.on {
			ok, err := it.in.next()
			if !ok || err != nil {
				return false, err
			}
			it.sets = it.sets[:0]
			for _, c := range it.q.srfs {
				set, err := openSet(it.f, c)
				if err != nil {
					return false, err
				}
				it.sets = append(it.sets, set)
			}
			it.on = true
		}
		any := false
		for i, set := range it.sets {
			it.f.srfs[i] = value{}
			if set == nil {
				continue
			}
			v, ok, err := set()
			if err != nil {
				return false, err
			}
			if ok {
				any = true
				it.f.srfs[i] = v
			} else {
				it.sets[i] = nil
			}
		}
		if any {
			return true, it.f.tick()
		}
		it.on = false
	}
}

func (it *projectSet) close() { it.in.close() }

// limitRows is OFFSET and LIMIT, maybe WITH TIES.
type limitRows struct {
	in         rowIterator
	q          *query
	skip, left int64
	all        bool
	last       []value // WITH TIES: the last row's sort columns
}

func (it *limitRows) next() ([]value, error) {
	if !it.all && it.left <= 0 && !it.q.withTies {
		return nil, nil
	}
	for ; it.skip > 0; it.skip-- {
		if row, err := it.in.next(); row == nil || err != nil {
			it.skip = 0
			it.all, it.left = false, 0
			return nil, err
		}
	}
	row, err := it.in.next()
	if row == nil || err != nil {
		return nil, err
	}
	if it.all {
		return row, nil
	}
	if it.left <= 0 {
		if it.last == nil || !it.ties(row) {
			it.last = nil
			return nil, nil
		}
		return row, nil
	}
	if it.left--; it.left == 0 && it.q.withTies {
		it.last = append([]value(nil), row...)
	}
	return row, nil
}

func (it *limitRows) ties(row []value) bool {
	for i := range it.q.sort {
		if it.q.sort[i].compare(row[it.q.sort[i].target], it.last[it.q.sort[i].target]) != 0 {
			return false
		}
	}
	return true
}

func (it *limitRows) close() { it.in.close() }

// lateRows computes the volatile targets once the rows are in order.
type lateRows struct {
	in  rowIterator
	q   *query
	f   *frame
	buf []value
}

func (it *lateRows) next() ([]value, error) {
	row, err := it.in.next() // sortRows has put the frame's row back
	if row == nil || err != nil {
		return nil, err
	}
	return row, it.q.project(it.f, row, true)
}

func (it *lateRows) close() { it.in.close() }

// convertRows gives result columns the types of a set operation above.
type convertRows struct {
	in rowIterator
	q  *query
	f  *frame
}

func (it *convertRows) next() ([]value, error) {
	row, err := it.in.next()
	if row == nil || err != nil {
		return nil, err
	}
	for _, c := range it.q.convertFrom {
		it.f.setCell(c.cell, row[c.column])
		if row[c.column], err = it.q.convert[c.column].eval(it.f); err != nil {
			return nil, err
		}
	}
	return row, nil
}

func (it *convertRows) close() { it.in.close() }

// rowKey is a row as a key for hashing: equal for rows whose columns are equal.
func rowKey(dst []byte, cols []Column, row []value) []byte {
	for i := range cols {
		dst = pgtypes.AppendKey(dst, cols[i].Type, row[i])
	}
	return dst
}
