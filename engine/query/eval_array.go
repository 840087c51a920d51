package query

import (
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func (e *arrayCastExpr) eval(f *frame) (value, error) {
	v, err := e.arg.eval(f)
	if err != nil || v.IsNull() {
		return v, err
	}
	in := v.Array()
	out := &pgtypes.Array{Elem: pgtypes.ElemOf(e.t), Dims: in.Dims, Elems: make([]value, len(in.Elems))}
	if len(in.Elems) == 0 {
		out.Dims = nil // an empty oidvector has bounds, from 0
	}
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

// quantify is ANY, or ALL, over n comparisons, as far as they are needed: one that
// decides is the answer, otherwise one that is NULL makes it NULL.
func quantify(all bool, n int, compare func(i int) (value, error)) (value, error) {
	unknown := false
	for i := range n {
		v, err := compare(i)
		if err != nil {
			return value{}, err
		}
		if v.IsNull() {
			unknown = true
		} else if v.Bool() != all {
			return v, nil
		}
	}
	if unknown {
		return value{}, nil
	}
	return pgtypes.NewBool(all), nil
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
	return quantify(e.all, len(a.Elems), func(i int) (value, error) {
		if y := a.Elems[i]; !y.IsNull() {
			return e.call.compare(f, x, y)
		}
		return value{}, nil
	})
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
	if e.arg.typ() == pgtypes.Name {
		return nameByte(v.Text(), lower, e.slice), nil
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

// nameByte is name[n]: a byte of the 64 that a name has, from 0. Those behind its
// end are zero, which "char" shows as nothing.
func nameByte(name string, index []*int64, slice bool) value {
	if slice || len(index) != 1 || index[0] == nil || *index[0] < 0 || *index[0] >= 64 {
		return value{}
	}
	if int(*index[0]) >= len(name) {
		return pgtypes.NewText("")
	}
	return pgtypes.NewText(name[*index[0] : *index[0]+1])
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
