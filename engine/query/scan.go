package query

import (
	"seqd/engine"
	"seqd/protocol/pgtypes"
)

// source is a FROM item ready to run; its rows fill slots of the frame's row.
type source interface {
	open(f *frame) (tableIterator, error)
	// walk visits its expressions and subqueries.
	walk(visit func(*expr), sub func(*query))
	// fill lists the slots that it sets.
	span(add func(slot, n int))
	// lateral tells whether it reads slots of items to its left.
	isLateral() bool
}

// tableIterator moves the frame's row on: false at the end.
type tableIterator interface {
	next() (bool, error)
	close()
}

// sequenceRelation is a sequence as a relation of one row.
type sequenceRelation struct {
	oid, schema engine.OID
	name        string
}

func (r *sequenceRelation) OID() engine.OID    { return r.oid }
func (r *sequenceRelation) Schema() engine.OID { return r.schema }

func (r *sequenceRelation) Columns() []RelationColumn {
	return []RelationColumn{{"last_value", pgtypes.Int8, -1}, {"log_cnt", pgtypes.Int8, -1}, {"is_called", pgtypes.Bool, -1}}
}

type sequenceScan struct {
	r    *sequenceRelation
	s    Session
	done bool
}

func (r *sequenceRelation) Scan(s Session) (Scan, error) { return &sequenceScan{r: r, s: s}, nil }

func (sc *sequenceScan) Next(row []pgtypes.Value) (bool, error) {
	if sc.done {
		return false, nil
	}
	sc.done = true
	st, err := sc.s.SequenceState(sc.r.oid)
	if err != nil {
		return false, err
	}
	row[0], row[1], row[2] = pgtypes.NewInt(st.LastValue), pgtypes.NewInt(st.LogCount), pgtypes.NewBool(st.IsCalled)
	return true, nil
}

// relationSource scans a virtual relation.
type relationSource struct {
	rel         Relation
	slot, width int
	oidSlot     int
	name, alias string
}

type relationIterator struct {
	src  *relationSource
	f    *frame
	scan Scan
}

func (src *relationSource) open(f *frame) (tableIterator, error) {
	scan, err := src.rel.Scan(f.s)
	return &relationIterator{src: src, f: f, scan: scan}, err
}

func (it *relationIterator) next() (bool, error) {
	src := it.src
	ok, err := it.scan.Next(it.f.row[src.slot : src.slot+src.width])
	if ok {
		it.f.row[src.oidSlot] = pgtypes.NewInt(int64(src.rel.OID()))
		err = it.f.tick()
	}
	return ok, err
}

func (it *relationIterator) close() {}

func (src *relationSource) walk(func(*expr), func(*query)) {}
func (src *relationSource) isLateral() bool                { return false }
func (src *relationSource) span(add func(slot, n int)) {
	add(src.slot, src.width)
	add(src.oidSlot, 1)
}

// valuesSource yields the rows of VALUES.
type valuesSource struct {
	rows [][]expr
	slot int
}

type valuesIterator struct {
	src *valuesSource
	f   *frame
	at  int
}

func (src *valuesSource) open(f *frame) (tableIterator, error) {
	return &valuesIterator{src: src, f: f}, nil
}

func (it *valuesIterator) next() (bool, error) {
	if it.at == len(it.src.rows) {
		return false, nil
	}
	row := it.src.rows[it.at]
	it.at++
	for i, e := range row {
		v, err := e.eval(it.f)
		if err != nil {
			return false, err
		}
		it.f.row[it.src.slot+i] = v
	}
	return true, it.f.tick()
}

func (it *valuesIterator) close() {}

func (src *valuesSource) walk(visit func(*expr), _ func(*query)) {
	for _, row := range src.rows {
		visitAll(row, visit)
	}
}
func (src *valuesSource) isLateral() bool            { return false }
func (src *valuesSource) span(add func(slot, n int)) { add(src.slot, len(src.rows[0])) }

// subquerySource yields a subquery's rows.
type subquerySource struct {
	q       *query
	slot    int
	lateral bool
	alias   string
}

type subqueryIterator struct {
	src *subquerySource
	f   *frame
	it  rowIterator
}

func (src *subquerySource) open(f *frame) (tableIterator, error) {
	it, err := src.q.open(f.run, f, nil)
	return &subqueryIterator{src: src, f: f, it: it}, err
}

func (it *subqueryIterator) next() (bool, error) {
	row, err := it.it.next()
	if row == nil || err != nil {
		return false, err
	}
	copy(it.f.row[it.src.slot:], row[:len(it.src.q.cols)])
	return true, nil
}

func (it *subqueryIterator) close() { it.it.close() }

func (src *subquerySource) walk(_ func(*expr), sub func(*query)) { sub(src.q) }
func (src *subquerySource) isLateral() bool                      { return src.lateral }
func (src *subquerySource) span(add func(slot, n int))           { add(src.slot, len(src.q.cols)) }

// fromFunction is one function of a functionSource.
type fromFunction struct {
	e    expr
	call *callExpr // nil if e is no call
	set  bool
	out  []pgtypes.OID // its columns if it gives a row
	slot int
}

func (fn *fromFunction) width() int { return max(1, len(fn.out)) }

// functionSource yields the rows of functions in FROM, side by side.
type functionSource struct {
	funcs       []fromFunction
	ordinality  bool
	ordSlot     int
	name, alias string
}

type functionIterator struct {
	src  *functionSource
	f    *frame
	sets []setIterator // nil where the function is at its end
	row  int64
}

// setIterator yields the results of a set-returning function, one at a time.
type setIterator func() (value, bool, error)

func (src *functionSource) open(f *frame) (tableIterator, error) {
	it := &functionIterator{src: src, f: f, sets: make([]setIterator, len(src.funcs))}
	for i := range src.funcs {
		fn := &src.funcs[i]
		if !fn.set {
			it.sets[i] = once(f, fn.e)
			continue
		}
		set, err := openSet(f, fn.call)
		if err != nil {
			return nil, err
		}
		it.sets[i] = set
	}
	return it, nil
}

func once(f *frame, e expr) setIterator {
	done := false
	return func() (value, bool, error) {
		if done {
			return value{}, false, nil
		}
		done = true
		v, err := e.eval(f)
		return v, err == nil, err
	}
}

// openSet evaluates the arguments and starts the set; a strict function with a
// NULL argument yields nothing.
func openSet(f *frame, c *callExpr) (setIterator, error) {
	args := make([]value, len(c.args))
	for i, a := range c.args {
		v, err := a.eval(f)
		if err != nil {
			return nil, err
		}
		if v.IsNull() && c.fn.Strict {
			return func() (value, bool, error) { return value{}, false, nil }, nil
		}
		args[i] = v
	}
	return c.impl.set(f, c, args)
}

func (it *functionIterator) next() (bool, error) {
	any := false
	for i := range it.sets {
		fn := &it.src.funcs[i]
		var v value
		if it.sets[i] != nil {
			got, ok, err := it.sets[i]()
			if err != nil {
				return false, err
			}
			if ok {
				any, v = true, got
			} else {
				it.sets[i] = nil
			}
		}
		if len(fn.out) == 0 {
			it.f.row[fn.slot] = v
			continue
		}
		for k := range fn.out {
			if v.IsNull() {
				it.f.row[fn.slot+k] = value{}
			} else {
				it.f.row[fn.slot+k] = v.Record().Fields[k]
			}
		}
	}
	if !any {
		return false, nil
	}
	it.row++
	if it.src.ordinality {
		it.f.row[it.src.ordSlot] = pgtypes.NewInt(it.row)
	}
	return true, it.f.tick()
}

func (it *functionIterator) close() {}

func (src *functionSource) walk(visit func(*expr), _ func(*query)) {
	for i := range src.funcs {
		visit(&src.funcs[i].e)
		if c, ok := src.funcs[i].e.(*callExpr); ok {
			src.funcs[i].call = c
		}
	}
}

// isLateral: functions in FROM may read what is to their left without saying so.
func (src *functionSource) isLateral() bool {
	for i := range src.funcs {
		if anyExpr(src.funcs[i].e, func(e expr) bool { c, ok := e.(*columnExpr); return ok && c.level == 0 }) {
			return true
		}
		if anyExpr(src.funcs[i].e, func(e expr) bool { s, ok := e.(*sublinkExpr); return ok && s.correlated }) {
			return true
		}
	}
	return false
}

func (src *functionSource) span(add func(slot, n int)) {
	for i := range src.funcs {
		add(src.funcs[i].slot, src.funcs[i].width())
	}
	if src.ordinality {
		add(src.ordSlot, 1)
	}
}

func returnsSet(e expr) bool {
	return anyExpr(e, func(e expr) bool { _, ok := e.(*srfExpr); return ok })
}
