package query

import (
	"fmt"
	"strings"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	register(map[string]envFunc{
		"array_length": dimension(func(d pgtypes.Dim) int64 { return int64(d.Len) }),
		"array_lower":  dimension(func(d pgtypes.Dim) int64 { return int64(d.Lower) }),
		"array_upper":  dimension(func(d pgtypes.Dim) int64 { return int64(d.Lower) + int64(d.Len) - 1 }),
		"array_cardinality": func(_ *frame, _ *callExpr, a []value) (value, error) {
			return pgtypes.NewInt(int64(len(a[0].Array().Elems))), nil
		},
		"array_ndims": func(_ *frame, _ *callExpr, a []value) (value, error) {
			if len(a[0].Array().Dims) == 0 {
				return value{}, nil
			}
			return pgtypes.NewInt(int64(len(a[0].Array().Dims))), nil
		},
		"array_dims":   arrayDims,
		"array_append": func(_ *frame, c *callExpr, a []value) (value, error) { return appendElement(c, a[0], a[1], false) },
		"array_prepend": func(_ *frame, c *callExpr, a []value) (value, error) {
			return appendElement(c, a[1], a[0], true)
		},
		"array_cat":            arrayCat,
		"array_position":       arrayPosition,
		"array_position_start": arrayPosition,
		"array_positions":      arrayPositions,
		"trim_array":           trimArray,
		"array_remove":         arrayRemove,
		"array_replace":        arrayReplace,
		"array_to_text":        arrayToText,
		"array_to_text_null":   arrayToText,
		"text_to_array":        textToArray,
		"text_to_array_null":   textToArray,
		"arraycontains": func(_ *frame, _ *callExpr, a []value) (value, error) {
			return pgtypes.NewBool(containsAll(a[0].Array(), a[1].Array())), nil
		},
		"arraycontained": func(_ *frame, _ *callExpr, a []value) (value, error) {
			return pgtypes.NewBool(containsAll(a[1].Array(), a[0].Array())), nil
		},
		"arrayoverlap": func(_ *frame, _ *callExpr, a []value) (value, error) {
			x, y := a[0].Array(), a[1].Array()
			for _, v := range x.Elems {
				if !v.IsNull() && indexOf(y, v, 0) >= 0 {
					return pgtypes.NewBool(true), nil
				}
			}
			return pgtypes.NewBool(false), nil
		},
	})
}

// dimension reads a property of one dimension, NULL if there is none.
func dimension(of func(pgtypes.Dim) int64) envFunc {
	return func(_ *frame, _ *callExpr, a []value) (value, error) {
		dims, n := a[0].Array().Dims, a[1].Int()
		if n < 1 || n > int64(len(dims)) {
			return value{}, nil
		}
		return pgtypes.NewInt(of(dims[n-1])), nil
	}
}

func arrayDims(_ *frame, _ *callExpr, a []value) (value, error) {
	if len(a[0].Array().Dims) == 0 {
		return value{}, nil
	}
	var b strings.Builder
	for _, d := range a[0].Array().Dims {
		fmt.Fprintf(&b, "[%d:%d]", d.Lower, int64(d.Lower)+int64(d.Len)-1)
	}
	return pgtypes.NewText(b.String()), nil
}

// appendElement adds at one end of a one-dimensional array; NULL counts as empty.
func appendElement(c *callExpr, arr, v value, front bool) (value, error) {
	out := &pgtypes.Array{Elem: pgtypes.ElemOf(c.t)}
	lower := int32(1)
	if !arr.IsNull() {
		in := arr.Array()
		if len(in.Dims) > 1 {
			return value{}, sqlstate.New("22000", "argument must be empty or one-dimensional array")
		}
		if len(in.Dims) == 1 {
			lower = in.Dims[0].Lower
		}
		out.Elems = append(out.Elems, in.Elems...)
	}
	if front {
		out.Elems = append([]value{v}, out.Elems...)
	} else {
		out.Elems = append(out.Elems, v)
	}
	out.Dims = []pgtypes.Dim{{Len: int32(len(out.Elems)), Lower: lower}}
	return pgtypes.NewArray(out), nil
}

// arrayCat joins arrays of equal dimensions, or one with an element of it.
func arrayCat(_ *frame, _ *callExpr, a []value) (value, error) {
	switch {
	case a[0].IsNull():
		return a[1], nil
	case a[1].IsNull():
		return a[0], nil
	}
	x, y := a[0].Array(), a[1].Array()
	if len(x.Dims) == 0 {
		return a[1], nil
	}
	if len(y.Dims) == 0 {
		return a[0], nil
	}
	out := &pgtypes.Array{Elem: x.Elem, Elems: append(append([]value(nil), x.Elems...), y.Elems...)}
	incompatible := func(detail string) (value, error) {
		return value{}, sqlstate.New(sqlstate.ArraySubscriptError, "cannot concatenate incompatible arrays").WithDetail("%s", detail)
	}
	xd, yd := x.Dims, y.Dims
	switch {
	case len(xd) == len(yd):
		if !sameLengths(xd[1:], yd[1:]) {
			return incompatible("Arrays with differing element dimensions are not compatible for concatenation.")
		}
		out.Dims = append([]pgtypes.Dim{{Len: xd[0].Len + yd[0].Len, Lower: xd[0].Lower}}, xd[1:]...)
	case len(xd) == len(yd)+1 && sameLengths(xd[1:], yd):
		out.Dims = append([]pgtypes.Dim{{Len: xd[0].Len + 1, Lower: xd[0].Lower}}, xd[1:]...)
	case len(yd) == len(xd)+1 && sameLengths(yd[1:], xd):
		out.Dims = append([]pgtypes.Dim{{Len: yd[0].Len + 1, Lower: yd[0].Lower}}, yd[1:]...)
	default:
		return incompatible(fmt.Sprintf("Arrays of %d and %d dimensions are not compatible for concatenation.", len(xd), len(yd)))
	}
	return pgtypes.NewArray(out), nil
}

func sameLengths(a, b []pgtypes.Dim) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Len != b[i].Len {
			return false
		}
	}
	return true
}

// indexOf finds v from an index on; NULL equals NULL here. -1 if it is not there.
func indexOf(a *pgtypes.Array, v value, from int) int {
	for i := from; i < len(a.Elems); i++ {
		x := a.Elems[i]
		if x.IsNull() && v.IsNull() || !x.IsNull() && !v.IsNull() && pgtypes.Compare(a.Elem, x, v) == 0 {
			return i
		}
	}
	return -1
}

func containsAll(in, what *pgtypes.Array) bool {
	for _, v := range what.Elems {
		if v.IsNull() || indexOf(in, v, 0) < 0 {
			return false
		}
	}
	return true
}

func oneDimension(a *pgtypes.Array, does string) error {
	if len(a.Dims) > 1 {
		return sqlstate.Errorf(sqlstate.FeatureNotSupported, "%s multidimensional arrays is not supported", does)
	}
	return nil
}

func arrayPosition(_ *frame, _ *callExpr, a []value) (value, error) {
	if a[0].IsNull() {
		return value{}, nil
	}
	arr := a[0].Array()
	if err := oneDimension(arr, "searching for elements in"); err != nil {
		return value{}, err
	}
	if len(arr.Dims) == 0 {
		return value{}, nil
	}
	from := int64(0)
	if len(a) > 2 {
		if a[2].IsNull() {
			return value{}, sqlstate.New(sqlstate.NullValueNotAllowed, "initial position must not be null")
		}
		from = max(0, a[2].Int()-int64(arr.Dims[0].Lower))
	}
	i := indexOf(arr, a[1], int(min(from, int64(len(arr.Elems)))))
	if i < 0 {
		return value{}, nil
	}
	return pgtypes.NewInt(int64(arr.Dims[0].Lower) + int64(i)), nil
}

// arrayPositions are all places of a value; NULL equals NULL here.
func arrayPositions(_ *frame, _ *callExpr, a []value) (value, error) {
	if a[0].IsNull() {
		return value{}, nil
	}
	arr := a[0].Array()
	if err := oneDimension(arr, "searching for elements in"); err != nil {
		return value{}, err
	}
	var out []value
	for i := indexOf(arr, a[1], 0); i >= 0; i = indexOf(arr, a[1], i+1) {
		out = append(out, pgtypes.NewInt(int64(arr.Dims[0].Lower)+int64(i)))
	}
	return pgtypes.List(pgtypes.Int4, out), nil
}

// trimArray is trim_array: without its last elements.
func trimArray(_ *frame, _ *callExpr, a []value) (value, error) {
	arr, n := a[0].Array(), a[1].Int()
	size := int64(0)
	if len(arr.Dims) > 0 {
		size = int64(arr.Dims[0].Len)
	}
	if n < 0 || n > size {
		return value{}, sqlstate.Errorf(sqlstate.ArraySubscriptError, "number of elements to trim must be between 0 and %d", size)
	}
	if n == size {
		return pgtypes.NewArray(&pgtypes.Array{Elem: arr.Elem}), nil
	}
	each := int64(len(arr.Elems)) / size
	out := &pgtypes.Array{Elem: arr.Elem, Dims: append([]pgtypes.Dim(nil), arr.Dims...), Elems: arr.Elems[:each*(size-n)]}
	out.Dims[0] = pgtypes.Dim{Len: int32(size - n), Lower: 1}
	return pgtypes.NewArray(out), nil
}

func arrayRemove(_ *frame, _ *callExpr, a []value) (value, error) {
	if a[0].IsNull() {
		return value{}, nil
	}
	arr := a[0].Array()
	if err := oneDimension(arr, "removing elements from"); err != nil {
		return value{}, err
	}
	out := &pgtypes.Array{Elem: arr.Elem}
	for i, v := range arr.Elems {
		if indexOf(&pgtypes.Array{Elem: arr.Elem, Elems: arr.Elems[i : i+1]}, a[1], 0) < 0 {
			out.Elems = append(out.Elems, v)
		}
	}
	if len(out.Elems) == len(arr.Elems) {
		return a[0], nil
	}
	if len(out.Elems) > 0 {
		out.Dims = []pgtypes.Dim{{Len: int32(len(out.Elems)), Lower: arr.Dims[0].Lower}}
	}
	return pgtypes.NewArray(out), nil
}

func arrayReplace(_ *frame, _ *callExpr, a []value) (value, error) {
	if a[0].IsNull() {
		return value{}, nil
	}
	arr := a[0].Array()
	out := &pgtypes.Array{Elem: arr.Elem, Dims: arr.Dims, Elems: append([]value(nil), arr.Elems...)}
	for i := range out.Elems {
		if indexOf(&pgtypes.Array{Elem: arr.Elem, Elems: arr.Elems[i : i+1]}, a[1], 0) == 0 {
			out.Elems[i] = a[2]
		}
	}
	return pgtypes.NewArray(out), nil
}

// arrayToText is array_to_string: NULLs are left out unless a text stands for them.
func arrayToText(f *frame, _ *callExpr, a []value) (value, error) {
	if a[0].IsNull() || a[1].IsNull() {
		return value{}, nil
	}
	arr := a[0].Array()
	var b strings.Builder
	first := true
	for _, v := range arr.Elems {
		s := f.s.Style().TextOf(arr.Elem, v)
		if v.IsNull() {
			if len(a) < 3 || a[2].IsNull() {
				continue
			}
			s = a[2].Text()
		}
		if !first {
			b.WriteString(a[1].Text())
		}
		first = false
		b.WriteString(s)
	}
	return pgtypes.NewText(b.String()), nil
}

// textToArray is string_to_array: without a separator every character is a field.
func textToArray(_ *frame, _ *callExpr, a []value) (value, error) {
	if a[0].IsNull() {
		return value{}, nil
	}
	s := a[0].Text()
	var parts []string
	switch {
	case s == "":
	case a[1].IsNull():
		for _, r := range s {
			parts = append(parts, string(r))
		}
	case a[1].Text() == "":
		parts = []string{s}
	default:
		parts = strings.Split(s, a[1].Text())
	}
	var elems []value
	for _, p := range parts {
		v := pgtypes.NewText(p)
		if len(a) > 2 && !a[2].IsNull() && a[2].Text() == p {
			v = value{}
		}
		elems = append(elems, v)
	}
	return pgtypes.List(pgtypes.Text, elems), nil
}
