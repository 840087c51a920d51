package query

import (
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

type value = pgtypes.Value

func (e *constExpr) eval(*frame) (value, error)   { return e.v, nil }
func (e *paramExpr) eval(f *frame) (value, error) { return f.args[e.n], nil }
func (e *cellExpr) eval(f *frame) (value, error)  { return f.cell(e.slot), nil }
func (e *aggExpr) eval(f *frame) (value, error)   { return f.aggs[e.slot], nil }
func (e *groupExpr) eval(f *frame) (value, error) { return f.groups[e.slot], nil }
func (e *srfExpr) eval(f *frame) (value, error)   { return f.srfs[e.slot], nil }
func (e *windowExpr) eval(f *frame) (value, error) {
	return f.windows[e.slot], nil
}

func (e *columnExpr) eval(f *frame) (value, error) {
	if e.level != 0 {
		f = f.up(e.level)
	}
	return f.row[e.slot], nil
}

func (e *callExpr) eval(f *frame) (value, error) {
	base := len(f.stack)
	for _, a := range e.args {
		v, err := a.eval(f)
		if err != nil {
			f.stack = f.stack[:base]
			return value{}, err
		}
		f.stack = append(f.stack, v)
	}
	args := f.stack[base:len(f.stack):len(f.stack)]
	v, err := e.apply(f, args)
	f.stack = f.stack[:base]
	return v, err
}

// apply runs the function on computed arguments: NULL for a strict one with a NULL.
func (e *callExpr) apply(f *frame, args []value) (value, error) {
	if e.fn.Strict {
		for i := range args {
			if args[i].IsNull() {
				return value{}, nil
			}
		}
	}
	if e.impl.pure != nil {
		return e.impl.pure(args)
	}
	return e.impl.env(f, e, args)
}

// compare runs a comparison on two values; both are not NULL.
func (e *callExpr) compare(f *frame, a, b value) (value, error) {
	base := len(f.stack)
	f.stack = append(f.stack, a, b)
	v, err := e.apply(f, f.stack[base:len(f.stack):len(f.stack)])
	f.stack = f.stack[:base]
	return v, err
}

func (e *relabelExpr) eval(f *frame) (value, error) {
	v, err := e.arg.eval(f)
	if err != nil || v.IsNull() {
		return v, err
	}
	// A reg… value shows its name; as an oid, or as another reg type, it is a number.
	if from := e.arg.typ(); from != e.t {
		switch {
		case pgtypes.IsReg(from):
			return pgtypes.NewInt(v.Int()), nil
		case pgtypes.IsReg(e.t):
			return regValue(f.s, e.t, v.OID()), nil
		case v.Array() != nil && pgtypes.ElemOf(e.t) != 0 && pgtypes.ElemOf(e.t) != v.Array().Elem:
			a := *v.Array()
			a.Elem = pgtypes.ElemOf(e.t)
			return pgtypes.NewArray(&a), nil
		}
	}
	return v, nil
}

func (e *ioCastExpr) eval(f *frame) (value, error) {
	v, err := e.arg.eval(f)
	if err != nil || v.IsNull() {
		return v, err
	}
	return inputText(f.s, e.t, pgtypes.TextOf(e.arg.typ(), v))
}

func (e *arrayCastExpr) eval(f *frame) (value, error) {
	v, err := e.arg.eval(f)
	if err != nil || v.IsNull() {
		return v, err
	}
	in := v.Array()
	out := &pgtypes.Array{Elem: pgtypes.ElemOf(e.t), Dims: in.Dims, Elems: make([]value, len(in.Elems))}
	old := f.cell(e.cell.slot)
	defer f.setCell(e.cell.slot, old)
	for i, x := range in.Elems {
		f.setCell(e.cell.slot, x)
		if out.Elems[i], err = e.elem.eval(f); err != nil {
			return value{}, err
		}
	}
	return pgtypes.NewArray(out), nil
}

func (e *letExpr) eval(f *frame) (value, error) {
	v, err := e.arg.eval(f)
	if err != nil {
		return value{}, err
	}
	f.setCell(e.cell.slot, v)
	return e.body.eval(f)
}

func (e *boolExpr) eval(f *frame) (value, error) {
	unknown := false
	for _, a := range e.args {
		v, err := a.eval(f)
		if err != nil {
			return value{}, err
		}
		switch {
		case v.IsNull():
			unknown = true
		case v.Bool() == e.or:
			return v, nil
		}
	}
	if unknown {
		return value{}, nil
	}
	return pgtypes.NewBool(!e.or), nil
}

func (e *notExpr) eval(f *frame) (value, error) {
	v, err := e.arg.eval(f)
	if err != nil || v.IsNull() {
		return v, err
	}
	return pgtypes.NewBool(!v.Bool()), nil
}

func (e *nullTestExpr) eval(f *frame) (value, error) {
	v, err := e.arg.eval(f)
	if err != nil {
		return value{}, err
	}
	if e.row && !v.IsNull() {
		for _, x := range v.Record().Fields {
			if x.IsNull() == e.not {
				return pgtypes.NewBool(false), nil
			}
		}
		return pgtypes.NewBool(true), nil
	}
	return pgtypes.NewBool(v.IsNull() != e.not), nil
}

func (e *booleanTestExpr) eval(f *frame) (value, error) {
	v, err := e.arg.eval(f)
	if err != nil {
		return value{}, err
	}
	var is bool
	switch e.test {
	case "TRUE":
		is = v.Bool()
	case "FALSE":
		is = !v.IsNull() && !v.Bool()
	default:
		is = v.IsNull()
	}
	return pgtypes.NewBool(is != e.not), nil
}

func (e *caseExpr) eval(f *frame) (value, error) {
	if e.arg != nil {
		v, err := e.arg.eval(f)
		if err != nil {
			return value{}, err
		}
		old := f.setCell(e.cell.slot, v)
		defer f.setCell(e.cell.slot, old)
	}
	for i := range e.whens {
		c, err := e.whens[i].cond.eval(f)
		if err != nil {
			return value{}, err
		}
		if c.Bool() {
			return e.whens[i].result.eval(f)
		}
	}
	if e.els == nil {
		return value{}, nil
	}
	return e.els.eval(f)
}

func (e *coalesceExpr) eval(f *frame) (value, error) {
	for _, a := range e.args {
		if v, err := a.eval(f); err != nil || !v.IsNull() {
			return v, err
		}
	}
	return value{}, nil
}

func (e *minMaxExpr) eval(f *frame) (value, error) {
	var best value
	for _, a := range e.args {
		v, err := a.eval(f)
		if err != nil {
			return value{}, err
		}
		if v.IsNull() {
			continue
		}
		if best.IsNull() || (pgtypes.Compare(e.t, v, best) < 0) == e.least && pgtypes.Compare(e.t, v, best) != 0 {
			best = v
		}
	}
	return best, nil
}

func (e *nullIfExpr) eval(f *frame) (value, error) {
	a, err := e.eq.args[0].eval(f)
	if err != nil {
		return value{}, err
	}
	b, err := e.eq.args[1].eval(f)
	if err != nil || a.IsNull() || b.IsNull() {
		return a, err
	}
	same, err := e.eq.compare(f, a, b)
	if err != nil || same.Bool() {
		return value{}, err
	}
	return a, nil
}

func (e *distinctExpr) eval(f *frame) (value, error) {
	a, err := e.eq.args[0].eval(f)
	if err != nil {
		return value{}, err
	}
	b, err := e.eq.args[1].eval(f)
	if err != nil {
		return value{}, err
	}
	distinct := a.IsNull() != b.IsNull()
	if !a.IsNull() && !b.IsNull() {
		same, err := e.eq.compare(f, a, b)
		if err != nil {
			return value{}, err
		}
		distinct = !same.Bool()
	}
	return pgtypes.NewBool(distinct != e.not), nil
}

// eval follows ExecEvalScalarArrayOp: NULL array is NULL, an empty one decides.
func (e *arrayOpExpr) eval(f *frame) (value, error) {
	x, err := e.call.args[0].eval(f)
	if err != nil {
		return value{}, err
	}
	arr, err := e.arr.eval(f)
	if err != nil || arr.IsNull() {
		return value{}, err
	}
	a := arr.Array()
	if len(a.Elems) == 0 {
		return pgtypes.NewBool(e.all), nil
	}
	if x.IsNull() {
		return value{}, nil
	}
	unknown := false
	for _, y := range a.Elems {
		if y.IsNull() {
			unknown = true
			continue
		}
		v, err := e.call.compare(f, x, y)
		if err != nil {
			return value{}, err
		}
		if v.IsNull() {
			unknown = true
		} else if v.Bool() != e.all {
			return v, nil
		}
	}
	if unknown {
		return value{}, nil
	}
	return pgtypes.NewBool(e.all), nil
}

func (e *arrayExpr) eval(f *frame) (value, error) {
	elems := make([]value, len(e.args))
	for i, a := range e.args {
		v, err := a.eval(f)
		if err != nil {
			return value{}, err
		}
		elems[i] = v
	}
	if !e.nested {
		return pgtypes.List(e.elem, elems), nil
	}
	return stackArrays(e.elem, elems)
}

// stackArrays makes one array of arrays of equal shape.
func stackArrays(elem pgtypes.OID, parts []value) (value, error) {
	out := &pgtypes.Array{Elem: elem}
	mismatch := sqlstate.New(sqlstate.ArraySubscriptError, "multidimensional arrays must have array expressions with matching dimensions")
	var dims []pgtypes.Dim
	count := 0
	for _, p := range parts {
		if p.IsNull() {
			continue
		}
		a := p.Array()
		if len(a.Dims) == 0 {
			continue
		}
		if count == 0 {
			dims = a.Dims
		} else if !equalDims(dims, a.Dims) {
			return value{}, mismatch
		}
		out.Elems = append(out.Elems, a.Elems...)
		count++
	}
	if count == 0 {
		return pgtypes.NewArray(out), nil
	}
	if count != len(parts) {
		return value{}, mismatch
	}
	if len(dims)+1 > pgtypes.MaxDims {
		return value{}, sqlstate.Errorf(sqlstate.ProgramLimitExceeded,
			"number of array dimensions (%d) exceeds the maximum allowed (%d)", len(dims)+1, pgtypes.MaxDims)
	}
	out.Dims = append([]pgtypes.Dim{{Len: int32(count), Lower: 1}}, dims...)
	return pgtypes.NewArray(out), nil
}

func equalDims(a, b []pgtypes.Dim) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func (e *rowExpr) eval(f *frame) (value, error) {
	r := &pgtypes.RecordValue{Types: make([]pgtypes.OID, len(e.args)), Fields: make([]value, len(e.args))}
	for i, a := range e.args {
		v, err := a.eval(f)
		if err != nil {
			return value{}, err
		}
		r.Types[i], r.Fields[i] = a.typ(), v
	}
	return pgtypes.NewRecord(r), nil
}

func (e *rowCompareExpr) eval(f *frame) (value, error) {
	for i, less := range e.less {
		a, err := less.args[0].eval(f)
		if err != nil {
			return value{}, err
		}
		b, err := less.args[1].eval(f)
		if err != nil || a.IsNull() || b.IsNull() {
			return value{}, err
		}
		same, err := e.equal[i].compare(f, a, b)
		if err != nil {
			return value{}, err
		}
		if !same.Bool() {
			return less.compare(f, a, b)
		}
	}
	return pgtypes.NewBool(e.orEqual), nil
}

func (e *fieldExpr) eval(f *frame) (value, error) {
	v, err := e.arg.eval(f)
	if err != nil || v.IsNull() {
		return value{}, err
	}
	return v.Record().Fields[e.index], nil
}

func (e *subscriptExpr) eval(f *frame) (value, error) {
	v, err := e.arg.eval(f)
	if err != nil || v.IsNull() {
		return value{}, err
	}
	bounds := func(list []expr) ([]*int64, bool, error) {
		out := make([]*int64, len(list))
		for i, x := range list {
			if x == nil {
				continue
			}
			n, err := x.eval(f)
			if err != nil {
				return nil, false, err
			}
			if n.IsNull() {
				return nil, true, nil
			}
			k := n.Int()
			out[i] = &k
		}
		return out, false, nil
	}
	lower, null, err := bounds(e.index)
	if err != nil || null {
		return value{}, err
	}
	if !e.slice {
		return subscript(v.Array(), lower), nil
	}
	upper, null, err := bounds(e.upper)
	if err != nil || null {
		return value{}, err
	}
	return slice(v.Array(), lower, upper), nil
}

// subscript is one element, NULL if there is none.
func subscript(a *pgtypes.Array, index []*int64) value {
	if len(index) != len(a.Dims) {
		return value{}
	}
	at := int64(0)
	for i, d := range a.Dims {
		k := *index[i] - int64(d.Lower)
		if k < 0 || k >= int64(d.Len) {
			return value{}
		}
		at = at*int64(d.Len) + k
	}
	return a.Elems[at]
}

// slice cuts a sub-array; dimensions that were not given are taken whole.
func slice(a *pgtypes.Array, lower, upper []*int64) value {
	out := &pgtypes.Array{Elem: a.Elem}
	if len(lower) > len(a.Dims) || len(a.Dims) == 0 {
		return pgtypes.NewArray(out)
	}
	type span struct{ from, n int64 }
	spans := make([]span, len(a.Dims))
	for i, d := range a.Dims {
		lo, hi := int64(d.Lower), int64(d.Lower)+int64(d.Len)-1
		if i < len(lower) {
			if lower[i] != nil {
				lo = max(lo, *lower[i])
			}
			if upper[i] != nil {
				hi = min(hi, *upper[i])
			}
		}
		if hi < lo {
			return pgtypes.NewArray(out)
		}
		spans[i] = span{lo - int64(d.Lower), hi - lo + 1}
		out.Dims = append(out.Dims, pgtypes.Dim{Len: int32(hi - lo + 1), Lower: 1})
	}
	var walk func(dim int, at int64)
	walk = func(dim int, at int64) {
		if dim == len(spans) {
			out.Elems = append(out.Elems, a.Elems[at])
			return
		}
		for k := range spans[dim].n {
			walk(dim+1, at*int64(a.Dims[dim].Len)+spans[dim].from+k)
		}
	}
	walk(0, 0)
	return pgtypes.NewArray(out)
}
