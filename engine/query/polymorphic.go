package query

import (
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// Binding of the any… pseudo-types of a call to its arguments' types. Ranges and
// multiranges are known as types only, so any… of them binds to nothing.

// binding is what the polymorphic arguments agree on.
type binding struct {
	elem, array    pgtypes.OID // anyelement family
	compat         []pgtypes.OID
	compatArray    pgtypes.OID
	unknown        bool // an unknown stands where anyelement does
	unknownCompat  bool
	nonArray       bool
	nonArrayCompat bool
}

// collect reads the arguments; a text says what contradicts.
func (b *binding) collect(inputs, targets []pgtypes.OID) (problem, detail string) {
	for i, target := range targets {
		in := inputs[i]
		switch target {
		case pgtypes.AnyEnum:
			if in != pgtypes.Unknown { // there are no enum types
				return "type matched to anyenum is not an enum type: " + pgtypes.Format(in), ""
			}
			b.unknown = true
		case pgtypes.AnyElement, pgtypes.AnyNonArray:
			b.nonArray = b.nonArray || target == pgtypes.AnyNonArray
			if in == pgtypes.Unknown {
				b.unknown = true
				continue
			}
			if b.elem != 0 && b.elem != in {
				return `arguments declared "anyelement" are not all alike`, pgtypes.Format(b.elem) + " versus " + pgtypes.Format(in)
			}
			b.elem = in
		case pgtypes.AnyArray:
			if in == pgtypes.Unknown {
				b.unknown = true
				continue
			}
			if b.array != 0 && b.array != in {
				return `arguments declared "anyarray" are not all alike`, pgtypes.Format(b.array) + " versus " + pgtypes.Format(in)
			}
			b.array = in
		case pgtypes.AnyCompatible, pgtypes.AnyCompatibleNonArray:
			b.nonArrayCompat = b.nonArrayCompat || target == pgtypes.AnyCompatibleNonArray
			if in == pgtypes.Unknown {
				b.unknownCompat = true
				continue
			}
			b.compat = append(b.compat, in)
		case pgtypes.AnyCompatibleArray:
			if in == pgtypes.Unknown {
				b.unknownCompat = true
				continue
			}
			e := pgtypes.ElemOf(in)
			if e == 0 {
				return "argument declared anycompatiblearray is not an array but type " + pgtypes.Format(in), ""
			}
			b.compatArray = in
			b.compat = append(b.compat, e)
		case pgtypes.AnyRange, pgtypes.AnyMultirange, pgtypes.AnyCompatibleRange, pgtypes.AnyCompatibleMultirange:
			if in != pgtypes.Unknown {
				return "argument declared " + typeName(target) + " is not a range type but type " + pgtypes.Format(in), ""
			}
			b.unknown = true
		}
	}
	return b.unite()
}

// unite checks element against array types.
func (b *binding) unite() (problem, detail string) {
	if b.array != 0 {
		e := pgtypes.ElemOf(b.array)
		if b.array == pgtypes.AnyArray {
			e = pgtypes.AnyElement
		}
		switch {
		case e == 0:
			return "argument declared anyarray is not an array but type " + pgtypes.Format(b.array), ""
		case b.elem == 0:
			b.elem = e
		case b.elem != e:
			return "argument declared anyarray is not consistent with argument declared anyelement",
				pgtypes.Format(b.array) + " versus " + pgtypes.Format(b.elem)
		}
	}
	if b.nonArray && b.elem != 0 && pgtypes.ElemOf(b.elem) != 0 {
		return "type matched to anynonarray is an array type: " + pgtypes.Format(b.elem), ""
	}
	return "", ""
}

// compatType is the common type of the anycompatible arguments, 0 if none is known.
func (b *binding) compatType() (pgtypes.OID, bool) {
	if len(b.compat) == 0 {
		return 0, true
	}
	list := make([]expr, len(b.compat))
	for i, t := range b.compat {
		list[i] = &constExpr{info: typed(t, 0)}
	}
	t, _ := commonType(list, "")
	if t == 0 {
		return 0, false
	}
	for _, in := range b.compat {
		if !canCoerceOne(in, t) {
			return 0, false
		}
	}
	return t, !b.nonArrayCompat || pgtypes.ElemOf(t) == 0
}

// genericConsistent is check_generic_type_consistency.
func genericConsistent(inputs, targets []pgtypes.OID) bool {
	var b binding
	if problem, _ := b.collect(inputs, targets); problem != "" {
		return false
	}
	t, ok := b.compatType()
	if !ok {
		return false
	}
	return b.compatArray == 0 || t == 0 || pgtypes.ArrayOf(t) != 0
}

// bindPolymorphic is enforce_generic_type_consistency: it replaces polymorphic
// declared types by actual ones and returns the call's result type.
func bindPolymorphic(inputs, declared []pgtypes.OID, result pgtypes.OID) (actual []pgtypes.OID, out pgtypes.OID, err error) {
	var b binding
	if problem, detail := b.collect(inputs, declared); problem != "" {
		e := sqlstate.New(sqlstate.DatatypeMismatch, problem)
		e.Detail = detail
		return nil, 0, e
	}
	if b.elem == 0 && b.array == 0 && b.unknown {
		return nil, 0, sqlstate.Errorf(sqlstate.DatatypeMismatch,
			"could not determine polymorphic type because input has type %s", "unknown")
	}
	compat, _ := b.compatType()
	if compat == 0 && b.unknownCompat {
		compat = pgtypes.Text
	}
	actual = make([]pgtypes.OID, len(declared))
	for i, d := range declared {
		actual[i] = b.resolve(d, compat, inputs[i])
	}
	out = b.resolve(result, compat, result)
	if out == 0 {
		return nil, 0, sqlstate.Errorf(sqlstate.UndefinedObject, "could not find array type for data type %s",
			pgtypes.Format(max(b.elem, compat)))
	}
	return actual, out, nil
}

// resolve is the actual type of a declared one; otherwise is for what stays open.
func (b *binding) resolve(declared, compat, otherwise pgtypes.OID) pgtypes.OID {
	switch declared {
	case pgtypes.AnyElement, pgtypes.AnyNonArray, pgtypes.AnyEnum:
		if b.elem != 0 {
			return b.elem
		}
		return otherwise
	case pgtypes.AnyArray:
		if b.array != 0 {
			return b.array
		}
		if b.elem != 0 {
			return pgtypes.ArrayOf(b.elem)
		}
		return otherwise
	case pgtypes.AnyCompatible, pgtypes.AnyCompatibleNonArray:
		if compat != 0 {
			return compat
		}
		return otherwise
	case pgtypes.AnyCompatibleArray:
		if compat != 0 {
			return pgtypes.ArrayOf(compat)
		}
		return otherwise
	}
	return declared
}
