package query

import (
	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// coercion is CoercionContext: how far a conversion may go unasked.
type coercion byte

const (
	coerceImplicit coercion = iota
	coerceAssignment
	coerceExplicit
)

// path is CoercionPathType: how to get from one type to another.
type path byte

const (
	pathNone path = iota
	pathFunc
	pathRelabel
	pathArray
	pathIO
)

func allowed(c *builtin.Cast, ctx coercion) bool {
	switch c.Context {
	case 'i':
		return true
	case 'a':
		return ctx >= coerceAssignment
	}
	return ctx == coerceExplicit
}

// coercionPath is find_coercion_pathway.
func coercionPath(target, source pgtypes.OID, ctx coercion) (path, *builtin.Function) {
	if source == target {
		return pathRelabel, nil
	}
	if c, ok := builtin.FindCast(source, target); ok {
		if !allowed(c, ctx) {
			return pathNone, nil
		}
		switch c.Method {
		case 'f':
			return pathFunc, c.Func
		case 'i':
			return pathIO, nil
		}
		return pathRelabel, nil
	}
	if target == pgtypes.Record && isRow(source) {
		return pathRelabel, nil
	}
	te, se := pgtypes.ElemOf(target), pgtypes.ElemOf(source)
	// The vector types would capture what is meant for real array types.
	if te != 0 && se != 0 && target != pgtypes.OidVector && target != pgtypes.Int2Vector {
		switch p, _ := coercionPath(te, se, ctx); p {
		case pathNone:
		case pathIO:
			return pathIO, nil
		default:
			return pathArray, nil
		}
	}
	// Through text, to a string type on assignment, from one if asked for.
	if ctx >= coerceAssignment && category(target) == 'S' || ctx == coerceExplicit && category(source) == 'S' {
		return pathIO, nil
	}
	return pathNone, nil
}

func category(t pgtypes.OID) byte {
	if typ, ok := pgtypes.TypeByOID(t); ok {
		return typ.Category
	}
	return 'U'
}

func preferred(t pgtypes.OID) bool {
	typ, ok := pgtypes.TypeByOID(t)
	return ok && typ.Preferred
}

// canCoerce is can_coerce_type for a list.
func canCoerce(inputs, targets []pgtypes.OID, ctx coercion) bool {
	generic := false
	for i, in := range inputs {
		target := targets[i]
		switch {
		case in == target, target == pgtypes.Any:
		case pgtypes.IsPolymorphic(target):
			generic = true
		case in == pgtypes.Unknown:
		default:
			if p, _ := coercionPath(target, in, ctx); p != pathNone {
				continue
			}
			if in == pgtypes.RecordArray && pgtypes.ElemOf(target) != 0 {
				return false
			}
			return false
		}
	}
	return !generic || genericConsistent(inputs, targets)
}

// coerceTo is coerce_to_target_type: nil if there is no way.
func (a *analyzer) coerceTo(e expr, target pgtypes.OID, typmod int32, ctx coercion, at parser.Pos) (expr, error) {
	if !canCoerce([]pgtypes.OID{e.typ()}, []pgtypes.OID{target}, ctx) {
		return nil, nil
	}
	r, err := a.coerce(e, target, typmod, ctx, at)
	if err != nil {
		return nil, err
	}
	return a.applyTypmod(r, target, typmod, ctx, at, r != e)
}

// coerce is coerce_type. at is the cast's position, 0 for an implicit one.
func (a *analyzer) coerce(e expr, target pgtypes.OID, typmod int32, ctx coercion, at parser.Pos) (expr, error) {
	source := e.typ()
	switch target {
	case source, pgtypes.Any, pgtypes.AnyElement, pgtypes.AnyNonArray, pgtypes.AnyCompatible, pgtypes.AnyCompatibleNonArray:
		return e, nil
	case pgtypes.AnyArray, pgtypes.AnyEnum, pgtypes.AnyRange, pgtypes.AnyMultirange,
		pgtypes.AnyCompatibleArray, pgtypes.AnyCompatibleRange, pgtypes.AnyCompatibleMultirange:
		if source != pgtypes.Unknown {
			return e, nil
		}
	}
	if source == pgtypes.Unknown {
		switch n := e.(type) {
		case *constExpr:
			return a.literal(n, target, typmod)
		case *paramExpr:
			return a.params.decide(n, target)
		}
	}
	p, fn := coercionPath(target, source, ctx)
	inf := typed(target, leftmost(at, e.pos()))
	switch p {
	case pathFunc:
		return a.castCall(fn, e, target, ctx, typmod, inf)
	case pathRelabel:
		r := &relabelExpr{info: inf, arg: e, implicit: ctx != coerceExplicit}
		return r, nil
	case pathIO:
		return &ioCastExpr{info: inf, arg: e, implicit: ctx != coerceExplicit}, nil
	case pathArray:
		elem := pgtypes.ElemOf(target)
		cell := &cellExpr{info: typed(pgtypes.ElemOf(source), 0), slot: a.newCell()}
		conv, err := a.coerce(cell, elem, -1, ctx, at)
		if err == nil {
			conv, err = a.applyTypmod(conv, elem, typmod, ctx, at, true)
		}
		inf.mod = typmod
		return &arrayCastExpr{info: inf, arg: e, elem: conv, cell: cell}, err
	}
	return nil, sqlstate.Errorf(sqlstate.InternalError, "failed to find conversion function from %s to %s",
		pgtypes.Format(source), pgtypes.Format(target))
}

// castCall calls a cast function, which may take the modifier and whether the
// cast is explicit.
func (a *analyzer) castCall(fn *builtin.Function, e expr, target pgtypes.OID, ctx coercion, typmod int32, inf info) (expr, error) {
	c := &callExpr{info: inf, fn: fn, args: []expr{e}, cast: true, implicit: true}
	if ctx == coerceExplicit {
		c.implicit = false
	}
	if len(fn.Args) > 1 {
		c.args = append(c.args, &constExpr{info: typed(pgtypes.Int4, 0), v: pgtypes.NewInt(int64(typmod))})
	}
	if len(fn.Args) > 2 {
		c.args = append(c.args, &constExpr{info: typed(pgtypes.Bool, 0), v: pgtypes.NewBool(ctx == coerceExplicit)})
	}
	if err := a.bind(c); err != nil {
		return nil, err
	}
	if fn.Result != target { // an oid on its way to a reg… type
		c.t = fn.Result
		return &relabelExpr{info: inf, arg: c, implicit: c.implicit}, nil
	}
	return c, nil
}

// applyTypmod is coerce_type_typmod: the type's length coercion, if it has one.
func (a *analyzer) applyTypmod(e expr, target pgtypes.OID, typmod int32, ctx coercion, at parser.Pos, changed bool) (expr, error) {
	if typmod < 0 || typmod == e.typmod() {
		return e, nil
	}
	elem := pgtypes.ElemOf(target)
	if elem != 0 {
		if _, ok := e.(*arrayCastExpr); ok && e.typmod() == typmod {
			return e, nil
		}
	}
	c, ok := builtin.FindCast(target, target)
	if !ok || c.Func == nil {
		if elem == 0 {
			return e, nil
		}
		cell := &cellExpr{info: typed(elem, 0), slot: a.newCell()}
		conv, err := a.applyTypmod(cell, elem, typmod, ctx, at, changed)
		if err != nil || conv == cell {
			return e, err
		}
		return &arrayCastExpr{info: info{t: target, mod: typmod, at: leftmost(at, e.pos())}, arg: e, elem: conv, cell: cell}, nil
	}
	return a.castCall(c.Func, e, target, ctx, typmod, info{t: target, mod: typmod, at: leftmost(at, e.pos())})
}

// literal reads an unknown literal as a type (coerce_type's Const branch): errors
// point at the literal.
func (a *analyzer) literal(c *constExpr, target pgtypes.OID, typmod int32) (expr, error) {
	out := &constExpr{info: typed(target, c.at)}
	if c.v.IsNull() {
		return out, nil
	}
	if pgtypes.IsPolymorphic(target) {
		// The only way here is an array or range type that nothing determined.
		return nil, sqlstate.Errorf(sqlstate.FeatureNotSupported, "cannot accept a value of type %s", typeName(target)).At(int(c.at))
	}
	mod := int32(-1)
	if target == pgtypes.Interval {
		mod = typmod
	}
	v, err := value{}, error(nil)
	if target == pgtypes.Interval {
		v, err = a.s.Style().ParseInterval(c.v.Text(), typmod)
	} else {
		v, err = inputText(a.s, target, c.v.Text())
	}
	if err != nil {
		return nil, withPos(err, c.at)
	}
	out.v, out.mod = v, mod
	return out, nil
}

func typeName(t pgtypes.OID) string {
	if typ, ok := pgtypes.TypeByOID(t); ok {
		return typ.Name
	}
	return pgtypes.Format(t)
}

// leftmost is the smaller of two positions that are known.
func leftmost(a, b parser.Pos) parser.Pos {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// toBoolean is coerce_to_boolean.
func (a *analyzer) toBoolean(e expr, construct string) (expr, error) {
	if e.typ() != pgtypes.Bool {
		r, err := a.coerceTo(e, pgtypes.Bool, -1, coerceAssignment, 0)
		if err != nil {
			return nil, err
		}
		if r == nil {
			return nil, sqlstate.Errorf(sqlstate.DatatypeMismatch, "argument of %s must be type %s, not type %s",
				construct, "boolean", pgtypes.Format(e.typ())).At(int(e.pos()))
		}
		e = r
	}
	if returnsSet(e) {
		return nil, sqlstate.Errorf(sqlstate.DatatypeMismatch, "argument of %s must not return a set", construct).At(int(e.pos()))
	}
	return e, nil
}

// toType is coerce_to_specific_type.
func (a *analyzer) toType(e expr, target pgtypes.OID, construct string) (expr, error) {
	if e.typ() != target {
		r, err := a.coerceTo(e, target, -1, coerceAssignment, 0)
		if err != nil {
			return nil, err
		}
		if r == nil {
			return nil, sqlstate.Errorf(sqlstate.DatatypeMismatch, "argument of %s must be type %s, not type %s",
				construct, pgtypes.Format(target), pgtypes.Format(e.typ())).At(int(e.pos()))
		}
		e = r
	}
	if returnsSet(e) {
		return nil, sqlstate.Errorf(sqlstate.DatatypeMismatch, "argument of %s must not return a set", construct).At(int(e.pos()))
	}
	return e, nil
}

// commonType is select_common_type. With context "" a mismatch gives 0.
func commonType(list []expr, context string) (pgtypes.OID, error) {
	same := true
	first := list[0].typ()
	for _, e := range list[1:] {
		same = same && e.typ() == first
	}
	if same && first != pgtypes.Unknown {
		return first, nil
	}
	t := first
	for _, e := range list[1:] {
		n := e.typ()
		switch {
		case n == pgtypes.Unknown || n == t:
		case t == pgtypes.Unknown:
			t = n
		case category(n) != category(t):
			if context == "" {
				return 0, nil
			}
			return 0, sqlstate.Errorf(sqlstate.DatatypeMismatch, "%s types %s and %s cannot be matched",
				context, pgtypes.Format(t), pgtypes.Format(n)).At(int(e.pos()))
		case !preferred(t) && canCoerceOne(t, n) && !canCoerceOne(n, t):
			t = n
		}
	}
	if t == pgtypes.Unknown {
		t = pgtypes.Text
	}
	return t, nil
}

func canCoerceOne(source, target pgtypes.OID) bool {
	return canCoerce([]pgtypes.OID{source}, []pgtypes.OID{target}, coerceImplicit)
}

// toCommon is coerce_to_common_type.
func (a *analyzer) toCommon(e expr, target pgtypes.OID, context string) (expr, error) {
	if e.typ() == target {
		return e, nil
	}
	if canCoerceOne(e.typ(), target) {
		return a.coerce(e, target, -1, coerceImplicit, 0)
	}
	return nil, sqlstate.Errorf(sqlstate.CannotCoerce, "%s could not convert type %s to %s",
		context, pgtypes.Format(e.typ()), pgtypes.Format(target)).At(int(e.pos()))
}

// allToCommon brings a list to its common type and modifier.
func (a *analyzer) allToCommon(list []expr, context string) (pgtypes.OID, int32, error) {
	t, err := commonType(list, context)
	if err != nil {
		return 0, -1, err
	}
	for i := range list {
		if list[i], err = a.toCommon(list[i], t, context); err != nil {
			return 0, -1, err
		}
	}
	return t, commonTypmod(list), nil
}

func commonTypmod(list []expr) int32 {
	mod := list[0].typmod()
	for _, e := range list[1:] {
		if e.typmod() != mod {
			return -1
		}
	}
	return mod
}

// params are the parameters' types as far as they are known.
type params struct {
	types []pgtypes.OID // Unknown: not yet; 0: $n was skipped
	seen  []parser.Pos  // where each was seen first
}

// decide gives an undetermined parameter a type (variable_coerce_param_hook).
func (p *params) decide(e *paramExpr, target pgtypes.OID) (expr, error) {
	switch known := p.types[e.n]; known {
	case pgtypes.Unknown:
		p.types[e.n] = target
	case target:
	default:
		return nil, sqlstate.Errorf(sqlstate.AmbiguousParameter, "inconsistent types deduced for parameter $%d", e.n+1).
			WithDetail("%s versus %s", pgtypes.Format(known), pgtypes.Format(target)).At(int(e.at))
	}
	return &paramExpr{info: typed(target, e.at), n: e.n}, nil
}

// withPos is a copy of an error with its position; errors may be shared values.
func withPos(err error, pos parser.Pos) error {
	e := *sqlstate.From(err)
	e.Position = int(pos)
	return &e
}
