package query

import (
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// array analyses ARRAY[…]; want is the type of a cast right around it.
func (s *scope) array(n *parser.ArrayExpr, want pgtypes.OID, mod int32) (expr, error) {
	out := &arrayExpr{info: typed(0, n.Pos)}
	var args []expr
	for _, x := range n.Elements {
		var e expr
		var err error
		if inner, ok := x.(*parser.ArrayExpr); ok {
			e, err = s.array(inner, want, mod)
			out.nested = true
		} else if e, err = s.expr(x); err == nil && pgtypes.ElemOf(e.typ()) != 0 {
			out.nested = true
		}
		if err != nil {
			return nil, err
		}
		args = append(args, e)
	}
	elemType := pgtypes.OID(0)
	switch {
	case want != 0:
		out.t, out.elem = want, pgtypes.ElemOf(want)
		elemType = out.elem
		if out.nested {
			elemType = want
		}
		for i := range args {
			r, err := s.a.coerceTo(args[i], elemType, mod, coerceExplicit, 0)
			if err != nil {
				return nil, err
			}
			if r == nil {
				return nil, sqlstate.Errorf(sqlstate.CannotCoerce, "cannot cast type %s to %s",
					pgtypes.Format(args[i].typ()), pgtypes.Format(elemType)).At(int(args[i].pos()))
			}
			args[i] = r
		}
	case len(args) == 0:
		return nil, sqlstate.New(sqlstate.IndeterminateDatatype, "cannot determine type of empty array").
			WithHint("Explicitly cast to the desired type, for example ARRAY[]::integer[].").At(int(n.Pos))
	default:
		t, _, err := s.a.allToCommon(args, "ARRAY")
		if err != nil {
			return nil, err
		}
		if out.nested {
			out.t, out.elem = t, pgtypes.ElemOf(t)
		} else {
			out.t, out.elem = pgtypes.ArrayOf(t), t
		}
		if out.t == 0 || out.elem == 0 {
			return nil, sqlstate.Errorf(sqlstate.UndefinedObject, "could not find array type for data type %s", pgtypes.Format(t)).At(int(n.Pos))
		}
	}
	out.args = args
	return out, nil
}

// indirection analyses x[1], x[1:2] and (x).field.
func (s *scope) indirection(n *parser.Indirection) (expr, error) {
	e, err := s.expr(n.Arg)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(n.Path); {
		step := n.Path[i]
		if step.Star {
			return nil, sqlstate.New(sqlstate.SyntaxError, `row expansion via "*" is not supported here`).At(int(n.Pos))
		}
		if step.Field != "" {
			if e, err = s.field(e, step.Field, n); err != nil {
				return nil, err
			}
			i++
			continue
		}
		j := i
		for j < len(n.Path) && n.Path[j].Field == "" && !n.Path[j].Star {
			j++
		}
		if e, err = s.subscripts(e, n.Path[i:j], n); err != nil {
			return nil, err
		}
		i = j
	}
	return e, nil
}

func (s *scope) subscripts(e expr, steps []parser.IndirectionStep, n *parser.Indirection) (expr, error) {
	t, ok := pgtypes.TypeByOID(e.typ())
	if !ok || t.Elem == 0 || (t.Len != -1 || t.Category != 'A') && e.typ() != pgtypes.Name {
		return nil, sqlstate.Errorf(sqlstate.DatatypeMismatch, "cannot subscript type %s because it does not support subscripting",
			pgtypes.Format(e.typ())).At(int(e.pos()))
	}
	out := &subscriptExpr{info: typed(t.Elem, e.pos()), arg: e}
	for _, st := range steps {
		out.slice = out.slice || st.Slice
	}
	if out.slice {
		out.t = e.typ()
	}
	bound := func(x parser.Expr) (expr, error) {
		if x == nil {
			return nil, nil
		}
		b, err := s.expr(x)
		if err != nil {
			return nil, err
		}
		r, err := s.a.coerceTo(b, pgtypes.Int4, -1, coerceAssignment, 0)
		if err == nil && r == nil {
			err = sqlstate.New(sqlstate.DatatypeMismatch, "array subscript must have type integer").At(int(b.pos()))
		}
		return r, err
	}
	for _, st := range steps {
		lower, upper := st.Index, st.Upper
		if out.slice && !st.Slice { // [n] among slices means [1:n]
			lower, upper = &parser.Const{Kind: parser.ConstInt, Text: "1"}, st.Index
		}
		lo, err := bound(lower)
		if err != nil {
			return nil, err
		}
		hi, err := bound(upper)
		if err != nil {
			return nil, err
		}
		out.index = append(out.index, lo)
		out.upper = append(out.upper, hi)
	}
	return out, nil
}
