package query

import (
	"seqd/engine"
	"seqd/protocol/pgtypes"
)

// NextvalSeries is SELECT nextval('s') FROM generate_series(a, b): many values at once.
// What its rows come from makes no difference but by their number.
type NextvalSeries struct {
	Sequence engine.OID
	bounds   []expr // the arguments of generate_series: constants and parameters
}

// NextvalSeries is the plan if it is no more than that, nil if it is anything else.
func (p *Plan) NextvalSeries() *NextvalSeries { return p.series }

func nextvalSeriesOf(q *query) *NextvalSeries {
	from, ok := q.from.(*functionSource)
	if !ok || len(from.funcs) != 1 || from.ordinality || len(q.targets) != 1 || !q.plain() {
		return nil
	}
	next, ok := nextvalOf(q.targets[0])
	call := from.funcs[0].call
	if !ok || next.Param >= 0 || call == nil {
		return nil
	}
	s := &NextvalSeries{Sequence: next.Sequence, bounds: call.args}
	switch call.fn.Source {
	case "generate_series_int4", "generate_series_step_int4", "generate_series_int8", "generate_series_step_int8":
	default:
		return nil
	}
	for _, e := range call.args {
		switch e.(type) {
		case *constExpr, *paramExpr:
		default:
			return nil
		}
	}
	return s
}

// Count is how many rows there are. ok is false if generate_series would not have
// it: its error comes from running the plan.
func (n *NextvalSeries) Count(args []pgtypes.Value) (count uint64, ok bool) {
	bounds := [3]int64{2: 1}
	for i, e := range n.bounds {
		var v value
		switch e := e.(type) {
		case *constExpr:
			v = e.v
		case *paramExpr:
			v = args[e.n]
		}
		if v.IsNull() {
			return 0, true
		}
		bounds[i] = v.Int()
	}
	from, to, step := bounds[0], bounds[1], bounds[2]
	switch {
	case step == 0:
		return 0, false
	case step > 0 && from > to, step < 0 && from < to:
		return 0, true
	case step > 0:
		count = (uint64(to)-uint64(from))/uint64(step) + 1
	default:
		count = (uint64(from)-uint64(to))/-uint64(step) + 1
	}
	return count, count != 0 // 0: 2^64 of them
}
