package query

import (
	"seqd/protocol/pgtypes"
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
		case pgtypes.IsReg(e.t):
			return regValue(f.s, e.t, v.OID()), nil
		case e.t == pgtypes.Oid: // the same 32 bits without a sign
			return pgtypes.NewInt(int64(v.OID())), nil
		case e.t == pgtypes.Int4:
			return pgtypes.NewInt(int64(int32(v.Int()))), nil
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
	return inputText(f.s, e.t, f.s.Style().TextOf(e.arg.typ(), v))
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

func (e *rowExpr) eval(f *frame) (value, error) {
	r := &pgtypes.RecordValue{Types: make([]pgtypes.OID, len(e.args)), Fields: make([]value, len(e.args)), Names: e.names}
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
