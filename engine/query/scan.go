package query

import (
	"seqd/protocol/pgtypes"
)

// source is a FROM item ready to run; its rows fill slots of the frame's row.
type source interface {
	open(f *frame) (tableIterator, error)
	// walk visits its expressions and subqueries.
	walk(visit func(*expr), sub func(*query))
	// fill lists the slots that it sets.
	span(add func(slot, n int))
}

// tableIterator moves the frame's row on: false at the end.
type tableIterator interface {
	next() (bool, error)
	close()
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
func (src *valuesSource) span(add func(slot, n int)) { add(src.slot, len(src.rows[0])) }

// subquerySource yields a subquery's rows.
type subquerySource struct {
	q     *query
	slot  int
	alias string
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
