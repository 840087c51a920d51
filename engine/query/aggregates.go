package query

import (
	"slices"
	"strings"

	"seqd/engine/query/scalar"
	"seqd/protocol/pgtypes"
)

// accumulator takes the rows of a group one by one.
type accumulator interface {
	add(args []value) error
	result() (value, error)
}

// aggregate makes accumulators for a call.
type aggregate func(a *aggExpr, f *frame) accumulator

// aggregates by name; the argument types tell the forms of one name apart.
var aggregates = map[string]aggregate{
	"count": func(a *aggExpr, _ *frame) accumulator { return &countAcc{star: a.star} },
	"min":   func(a *aggExpr, _ *frame) accumulator { return &extremeAcc{typ: a.t, sign: -1} },
	"max":   func(a *aggExpr, _ *frame) accumulator { return &extremeAcc{typ: a.t, sign: 1} },
	"sum":   func(a *aggExpr, _ *frame) accumulator { return &sumAcc{in: a.args[0].typ()} },
	"avg":   func(a *aggExpr, _ *frame) accumulator { return &sumAcc{in: a.args[0].typ(), avg: true} },
	"bool_and": func(a *aggExpr, _ *frame) accumulator {
		return &boolAcc{}
	},
	"every":      func(a *aggExpr, _ *frame) accumulator { return &boolAcc{} },
	"bool_or":    func(a *aggExpr, _ *frame) accumulator { return &boolAcc{or: true} },
	"string_agg": func(a *aggExpr, _ *frame) accumulator { return &stringAcc{} },
	"array_agg":  func(a *aggExpr, _ *frame) accumulator { return &arrayAcc{in: a.args[0].typ()} },
}

func (e *aggExpr) newAccumulator(f *frame) accumulator {
	acc := e.impl(e, f)
	if e.distinct || len(e.orderBy) > 0 {
		return &sortedAcc{in: acc, agg: e}
	}
	return acc
}

// feed evaluates the arguments for the current row and adds them.
func (e *aggExpr) feed(f *frame, acc accumulator) error {
	base := len(f.stack)
	defer func() { f.stack = f.stack[:base] }()
	for _, a := range e.args {
		v, err := a.eval(f)
		if err != nil {
			return err
		}
		f.stack = append(f.stack, v)
	}
	if s, ok := acc.(*sortedAcc); ok {
		for i := range e.orderBy {
			v, err := e.orderBy[i].e.eval(f)
			if err != nil {
				return err
			}
			f.stack = append(f.stack, v)
		}
		s.rows = append(s.rows, slices.Clone(f.stack[base:]))
		return nil
	}
	return acc.add(f.stack[base:])
}

// sortedAcc is DISTINCT and ORDER BY inside an aggregate.
type sortedAcc struct {
	in   accumulator
	agg  *aggExpr
	rows [][]value
}

func (s *sortedAcc) add([]value) error { return nil }

func (s *sortedAcc) result() (value, error) {
	n := len(s.agg.args)
	keys := slices.Clone(s.agg.orderBy)
	at := make([]int, len(keys))
	for i := range keys {
		at[i] = n + i
	}
	if s.agg.distinct { // all arguments, after what ORDER BY says
		for i, a := range s.agg.args {
			keys, at = append(keys, sortKey{typ: a.typ()}), append(at, i)
		}
	}
	compare := func(a, b []value) int {
		for i := range keys {
			if c := keys[i].compare(a[at[i]], b[at[i]]); c != 0 {
				return c
			}
		}
		return 0
	}
	slices.SortStableFunc(s.rows, compare)
	for i, row := range s.rows {
		if s.agg.distinct && i > 0 && compare(s.rows[i-1], row) == 0 {
			continue
		}
		if err := s.in.add(row[:n]); err != nil {
			return value{}, err
		}
	}
	return s.in.result()
}

type countAcc struct {
	star bool
	n    int64
}

func (c *countAcc) add(args []value) error {
	if c.star || !args[0].IsNull() {
		c.n++
	}
	return nil
}

func (c *countAcc) result() (value, error) { return pgtypes.NewInt(c.n), nil }

type extremeAcc struct {
	typ  pgtypes.OID
	sign int
	best value
}

// add takes the newer of equal values, as PostgreSQL's larger and smaller do.
func (x *extremeAcc) add(args []value) error {
	if v := args[0]; !v.IsNull() && (x.best.IsNull() || pgtypes.Compare(x.typ, v, x.best)*x.sign >= 0) {
		x.best = v
	}
	return nil
}

func (x *extremeAcc) result() (value, error) { return x.best, nil }

type boolAcc struct {
	or  bool
	got value
}

func (b *boolAcc) add(args []value) error {
	if v := args[0]; !v.IsNull() && (b.got.IsNull() || v.Bool() == b.or) {
		b.got = v
	}
	return nil
}

func (b *boolAcc) result() (value, error) { return b.got, nil }

type stringAcc struct {
	b   strings.Builder
	any bool
}

func (s *stringAcc) add(args []value) error {
	if args[0].IsNull() {
		return nil
	}
	if s.any && !args[1].IsNull() {
		s.b.WriteString(args[1].Text())
	}
	s.any = true
	s.b.WriteString(args[0].Text())
	return nil
}

func (s *stringAcc) result() (value, error) {
	if !s.any {
		return value{}, nil
	}
	return pgtypes.NewText(s.b.String()), nil
}

type arrayAcc struct {
	in    pgtypes.OID
	elems []value
}

func (a *arrayAcc) add(args []value) error {
	a.elems = append(a.elems, args[0])
	return nil
}

func (a *arrayAcc) result() (value, error) {
	if a.elems == nil {
		return value{}, nil
	}
	if e := pgtypes.ElemOf(a.in); e != 0 {
		return stackArrays(e, a.elems)
	}
	return pgtypes.List(a.in, a.elems), nil
}

// sumAcc is sum and avg: of integers exactly, as numeric where int8 may not do.
type sumAcc struct {
	in  pgtypes.OID
	avg bool
	n   int64
	sum scalar.Sum
}

func (s *sumAcc) add(args []value) error {
	if args[0].IsNull() {
		return nil
	}
	s.n++
	return s.sum.Add(s.in, args[0])
}

func (s *sumAcc) result() (value, error) {
	if s.n == 0 {
		return value{}, nil
	}
	if s.avg {
		return s.sum.Average(s.in, s.n)
	}
	return s.sum.Result(s.in)
}
