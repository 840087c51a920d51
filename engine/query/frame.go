package query

import "seqd/protocol/pgtypes"

// run is one execution of a Plan.
type run struct {
	s    Session
	args []pgtypes.Value
	// stack holds function arguments while they are computed: one slice for the
	// whole execution, so that calls allocate nothing.
	stack []pgtypes.Value
	// cells are the values of cellExprs.
	cells []pgtypes.Value
	// kept are the results of subqueries that depend on nothing.
	kept  map[int]*keptResult
	ticks int
}

// frame is one query level in execution: the row that its FROM has reached, and
// what grouping, window functions and set-returning functions computed for it.
type frame struct {
	*run
	outer   *frame
	row     []pgtypes.Value
	aggs    []pgtypes.Value
	groups  []pgtypes.Value
	windows []pgtypes.Value
	srfs    []pgtypes.Value
	ctes    []*cteState
	working map[int][][]pgtypes.Value // of recursive WITH items: the rows of the last round
	kept    map[int]*keptResult
}

// up is the frame n levels out.
func (f *frame) up(n int) *frame {
	for ; n > 0; n-- {
		f = f.outer
	}
	return f
}

// interruptEvery is how many rows pass between two looks at a cancel request.
const interruptEvery = 256

// tick counts a row, and asks now and then whether to stop.
func (r *run) tick() error {
	if r.ticks++; r.ticks%interruptEvery == 0 {
		return r.s.Interrupted()
	}
	return nil
}

func (r *run) cell(i int) pgtypes.Value { return r.cells[i] }

// setCell stores a cell's value and returns what was there, to be put back: a
// cell's expression may be running further out.
func (r *run) setCell(i int, v pgtypes.Value) pgtypes.Value {
	old := r.cells[i]
	r.cells[i] = v
	return old
}
