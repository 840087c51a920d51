package query

import (
	"math/big"

	"github.com/cockroachdb/apd/v3"

	"seqd/engine/query/scalar"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

type setFunc = func(f *frame, c *callExpr, args []value) (setIterator, error)

func init() {
	registerSets(map[string]setFunc{
		"generate_series_int4":         func(_ *frame, _ *callExpr, a []value) (setIterator, error) { return series(a, 32) },
		"generate_series_step_int4":    func(_ *frame, _ *callExpr, a []value) (setIterator, error) { return series(a, 32) },
		"generate_series_int8":         func(_ *frame, _ *callExpr, a []value) (setIterator, error) { return series(a, 64) },
		"generate_series_step_int8":    func(_ *frame, _ *callExpr, a []value) (setIterator, error) { return series(a, 64) },
		"generate_series_numeric":      numericSeries,
		"generate_series_step_numeric": numericSeries,
		"array_unnest":                 unnest,
		"regexp_matches_no_flags": func(_ *frame, _ *callExpr, a []value) (setIterator, error) {
			return fromList(scalar.RegexMatches(a[0].Text(), a[1].Text(), ""))
		},
		"regexp_matches": func(_ *frame, _ *callExpr, a []value) (setIterator, error) {
			return fromList(scalar.RegexMatches(a[0].Text(), a[1].Text(), a[2].Text()))
		},
		"regexp_split_to_table_no_flags": func(_ *frame, _ *callExpr, a []value) (setIterator, error) {
			return splitByRegex(a[0], a[1], pgtypes.NewText(""))
		},
		"regexp_split_to_table": func(_ *frame, _ *callExpr, a []value) (setIterator, error) { return splitByRegex(a[0], a[1], a[2]) },
		"text_to_table":         textToTable,
		"text_to_table_null":    textToTable,
		// A session can listen to nothing.
		"pg_listening_channels":     func(*frame, *callExpr, []value) (setIterator, error) { return fromList(nil, nil) },
		"generate_subscripts":       subscripts,
		"generate_subscripts_nodir": subscripts,
	})
}

// series counts from a to b; a step that leaves the type ends it.
func series(a []value, bits int) (setIterator, error) {
	at, end, step := a[0].Int(), a[1].Int(), int64(1)
	if len(a) > 2 {
		if step = a[2].Int(); step == 0 {
			return nil, sqlstate.New(sqlstate.InvalidParameterValue, "step size cannot equal zero")
		}
	}
	done := false
	return func() (value, bool, error) {
		if done || step > 0 && at > end || step < 0 && at < end {
			return value{}, false, nil
		}
		v := at
		at += step
		if (at > v) != (step > 0) || bits == 32 && at != int64(int32(at)) {
			done = true
		}
		return pgtypes.NewInt(v), true, nil
	}, nil
}

func numericSeries(_ *frame, _ *callExpr, a []value) (setIterator, error) {
	step := pgtypes.NumericFromInt(1)
	if len(a) > 2 {
		step = a[2].Numeric()
	}
	for i, what := range []string{"start", "stop", "step size"} {
		d := step
		if i < 2 {
			d = a[i].Numeric()
		}
		if d.Form != apd.Finite {
			kind := "infinity"
			if d.Form == apd.NaN {
				kind = "NaN"
			}
			if i < 2 {
				what += " value"
			}
			return nil, sqlstate.Errorf(sqlstate.InvalidParameterValue, "%s cannot be %s", what, kind)
		}
	}
	if step.IsZero() {
		return nil, sqlstate.New(sqlstate.InvalidParameterValue, "step size cannot equal zero")
	}
	at, end := a[0].Numeric(), a[1].Numeric()
	scale := max(pgtypes.NumericScale(at), pgtypes.NumericScale(step))
	inc := pgtypes.NumericBig(pgtypes.NumericRound(step, scale))
	return func() (value, bool, error) {
		c := at.Cmp(end)
		if !step.Negative && c > 0 || step.Negative && c < 0 {
			return value{}, false, nil
		}
		v := at
		at = pgtypes.NumericFromBig(new(big.Int).Add(pgtypes.NumericBig(pgtypes.NumericRound(at, scale)), inc), scale)
		return pgtypes.NewNumeric(v), true, nil
	}, nil
}

func unnest(_ *frame, _ *callExpr, a []value) (setIterator, error) {
	return fromList(a[0].Array().Elems, nil)
}

func fromList(elems []value, err error) (setIterator, error) {
	if err != nil {
		return nil, err
	}
	return func() (value, bool, error) {
		if len(elems) == 0 {
			return value{}, false, nil
		}
		v := elems[0]
		elems = elems[1:]
		return v, true, nil
	}, nil
}

func subscripts(_ *frame, _ *callExpr, a []value) (setIterator, error) {
	arr, dim := a[0].Array(), a[1].Int()
	if dim < 1 || dim > int64(len(arr.Dims)) {
		return func() (value, bool, error) { return value{}, false, nil }, nil
	}
	d := arr.Dims[dim-1]
	lo, hi, step := int64(d.Lower), int64(d.Lower)+int64(d.Len)-1, int64(1)
	if len(a) > 2 && a[2].Bool() {
		lo, hi, step = hi, lo, -1
	}
	return series([]value{pgtypes.NewInt(lo), pgtypes.NewInt(hi), pgtypes.NewInt(step)}, 64)
}

// splitByRegex is regexp_split_to_table.
func splitByRegex(args ...value) (setIterator, error) {
	v, err := scalar.Functions["regexp_split_to_array"](args)
	if err != nil {
		return nil, err
	}
	return fromList(v.Array().Elems, nil)
}

// textToTable is string_to_table.
func textToTable(f *frame, c *callExpr, a []value) (setIterator, error) {
	v, err := textToArray(f, c, a)
	if err != nil || v.IsNull() {
		return fromList(nil, err)
	}
	return fromList(v.Array().Elems, nil)
}
