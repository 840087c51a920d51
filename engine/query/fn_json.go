package query

import (
	"strings"

	"seqd/protocol/jsontree"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// Functions that make json and jsonb of other values.
func init() {
	register(map[string]envFunc{
		"to_json":                   func(f *frame, c *callExpr, a []value) (value, error) { return toJSON(f, c, a, false) },
		"to_jsonb":                  toJSONB,
		"row_to_json":               func(f *frame, c *callExpr, a []value) (value, error) { return toJSON(f, c, a, false) },
		"row_to_json_pretty":        func(f *frame, c *callExpr, a []value) (value, error) { return toJSON(f, c, a, a[1].Bool()) },
		"array_to_json":             func(f *frame, c *callExpr, a []value) (value, error) { return toJSON(f, c, a, false) },
		"array_to_json_pretty":      func(f *frame, c *callExpr, a []value) (value, error) { return toJSON(f, c, a, a[1].Bool()) },
		"json_build_object":         buildObject(false),
		"jsonb_build_object":        buildObject(true),
		"json_build_array":          buildArray(false),
		"jsonb_build_array":         buildArray(true),
		"json_object":               objectOf(false),
		"jsonb_object":              objectOf(true),
		"json_object_two_arg":       objectOf(false),
		"jsonb_object_two_arg":      objectOf(true),
		"jsonb_build_object_noargs": constantText("{}"), "json_build_object_noargs": constantText("{}"),
		"jsonb_build_array_noargs": constantText("[]"), "json_build_array_noargs": constantText("[]"),
	})
}

func constantText(s string) envFunc {
	return func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewText(s), nil }
}

// jsonWriter writes values as JSON in a style.
type jsonWriter struct {
	st  *pgtypes.Style
	dst []byte
}

func writerOf(f *frame) *jsonWriter {
	st := *f.s.Style()
	return &jsonWriter{st: &st}
}

// value appends any value (datum_to_json); pretty breaks the line between the parts of
// an array or row.
func (w *jsonWriter) value(typ pgtypes.OID, v value, pretty bool) {
	switch {
	case v.IsNull():
		w.dst = append(w.dst, "null"...)
		return
	case v.Array() != nil && typ != pgtypes.Int2Vector && typ != pgtypes.OidVector:
		w.array(v.Array(), pretty)
		return
	case v.Array() != nil: // a vector is an array here
		w.array(v.Array(), pretty)
		return
	case v.Record() != nil:
		w.record(v.Record(), pretty)
		return
	}
	switch typ {
	case pgtypes.Bool:
		if v.Bool() {
			w.dst = append(w.dst, "true"...)
		} else {
			w.dst = append(w.dst, "false"...)
		}
	case pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Float4, pgtypes.Float8, pgtypes.Numeric:
		text := w.st.TextOf(typ, v)
		if strings.Trim(text, "-+.eE0123456789") != "" { // NaN, Infinity
			w.dst = jsontree.AppendString(w.dst, text)
		} else {
			w.dst = append(w.dst, text...)
		}
	case pgtypes.JSON, pgtypes.JSONB:
		w.dst = append(w.dst, v.Text()...)
	case pgtypes.Date, pgtypes.Timestamp, pgtypes.Timestamptz:
		w.dst = jsontree.AppendString(w.dst, w.st.XMLSchema(typ, v))
	default:
		w.dst = jsontree.AppendString(w.dst, w.st.TextOf(typ, v))
	}
}

func (w *jsonWriter) array(a *pgtypes.Array, pretty bool) {
	if len(a.Elems) == 0 {
		w.dst = append(w.dst, "[]"...)
		return
	}
	at := 0
	w.dimension(a, a.Dims, &at, pretty)
}

func (w *jsonWriter) dimension(a *pgtypes.Array, dims []pgtypes.Dim, at *int, pretty bool) {
	sep := ","
	if pretty {
		sep = ",\n "
	}
	w.dst = append(w.dst, '[')
	for i := range int(dims[0].Len) {
		if i > 0 {
			w.dst = append(w.dst, sep...)
		}
		if len(dims) > 1 {
			w.dimension(a, dims[1:], at, false)
			continue
		}
		w.value(a.Elem, a.Elems[*at], false)
		*at++
	}
	w.dst = append(w.dst, ']')
}

func (w *jsonWriter) record(r *pgtypes.RecordValue, pretty bool) {
	sep := ","
	if pretty {
		sep = ",\n "
	}
	w.dst = append(w.dst, '{')
	for i, v := range r.Fields {
		if i > 0 {
			w.dst = append(w.dst, sep...)
		}
		name := "f" + itoa(i+1)
		if r.Names != nil {
			name = r.Names[i]
		}
		w.dst = append(jsontree.AppendString(w.dst, name), ':')
		w.value(r.Types[i], v, false)
	}
	w.dst = append(w.dst, '}')
}

// key appends a value as an object's key: a scalar's text.
func (w *jsonWriter) key(typ pgtypes.OID, v value) error {
	if v.Array() != nil || v.Record() != nil || typ == pgtypes.JSON || typ == pgtypes.JSONB {
		return sqlstate.New(sqlstate.InvalidParameterValue, "key value must be scalar, not array, composite, or json")
	}
	text := w.st.TextOf(typ, v)
	switch typ {
	case pgtypes.Bool:
		text = map[bool]string{true: "true", false: "false"}[v.Bool()]
	case pgtypes.Date, pgtypes.Timestamp, pgtypes.Timestamptz:
		text = w.st.XMLSchema(typ, v)
	}
	w.dst = jsontree.AppendString(w.dst, text)
	return nil
}

// result is the text, as jsonb if that is wanted.
func (w *jsonWriter) result(jsonb bool) (value, error) {
	if jsonb {
		return pgtypes.ParseText(pgtypes.JSONB, string(w.dst))
	}
	return pgtypes.NewText(string(w.dst)), nil
}

func toJSON(f *frame, c *callExpr, a []value, pretty bool) (value, error) {
	w := writerOf(f)
	w.value(c.args[0].typ(), a[0], pretty)
	return w.result(false)
}

func toJSONB(f *frame, c *callExpr, a []value) (value, error) {
	w := writerOf(f)
	w.value(c.args[0].typ(), a[0], false)
	return w.result(true)
}

// typedArg is an argument of a VARIADIC "any" function.
type typedArg struct {
	typ pgtypes.OID
	v   value
}

// anyArgs are the arguments, or the elements of a VARIADIC array; null tells that it
// is one of NULL.
func anyArgs(c *callExpr, a []value) (out []typedArg, null bool) {
	if c.variadic {
		if a[0].IsNull() {
			return nil, true
		}
		arr := a[0].Array()
		for _, v := range arr.Elems {
			out = append(out, typedArg{arr.Elem, v})
		}
		return out, false
	}
	for i := range a {
		out = append(out, typedArg{c.args[i].typ(), a[i]})
	}
	return out, false
}

func buildObject(jsonb bool) envFunc {
	return func(f *frame, c *callExpr, a []value) (value, error) {
		args, null := anyArgs(c, a)
		if null {
			return value{}, nil
		}
		if len(args)%2 != 0 {
			return value{}, sqlstate.New(sqlstate.InvalidParameterValue, "argument list must have even number of elements").
				WithHint("The arguments of %s must consist of alternating keys and values.", c.fn.Name+"()")
		}
		w := writerOf(f)
		w.dst = append(w.dst, '{')
		for i := 0; i < len(args); i += 2 {
			if args[i].v.IsNull() {
				e := sqlstate.Errorf(sqlstate.InvalidParameterValue, "argument %d cannot be null", i+1)
				if jsonb {
					return value{}, sqlstate.Errorf(sqlstate.InvalidParameterValue, "argument %d: key must not be null", i+1)
				}
				return value{}, e.WithHint("Object keys should be text.")
			}
			if i > 0 {
				w.dst = append(w.dst, ", "...)
			}
			if err := w.key(args[i].typ, args[i].v); err != nil {
				return value{}, err
			}
			w.dst = append(w.dst, " : "...)
			w.value(args[i+1].typ, args[i+1].v, false)
		}
		w.dst = append(w.dst, '}')
		return w.result(jsonb)
	}
}

func buildArray(jsonb bool) envFunc {
	return func(f *frame, c *callExpr, a []value) (value, error) {
		args, null := anyArgs(c, a)
		if null {
			return value{}, nil
		}
		w := writerOf(f)
		w.dst = append(w.dst, '[')
		for i, arg := range args {
			if i > 0 {
				w.dst = append(w.dst, ", "...)
			}
			w.value(arg.typ, arg.v, false)
		}
		w.dst = append(w.dst, ']')
		return w.result(jsonb)
	}
}

// objectOf is json_object: of keys and values in one array, in pairs, or in two.
func objectOf(jsonb bool) envFunc {
	return func(f *frame, c *callExpr, a []value) (value, error) {
		keys, err := pairsOf(a)
		if err != nil {
			return value{}, err
		}
		w := writerOf(f)
		w.dst = append(w.dst, '{')
		for i := 0; i < len(keys); i += 2 {
			if keys[i].IsNull() {
				return value{}, sqlstate.New(sqlstate.NullValueNotAllowed, "null value not allowed for object key")
			}
			if i > 0 {
				w.dst = append(w.dst, ", "...)
			}
			w.dst = append(jsontree.AppendString(w.dst, keys[i].Text()), " : "...)
			w.value(pgtypes.Text, keys[i+1], false)
		}
		w.dst = append(w.dst, '}')
		return w.result(jsonb)
	}
}

func pairsOf(a []value) ([]value, error) {
	dims := func(i int) int { return len(a[i].Array().Dims) }
	wrong := func(text string) ([]value, error) { return nil, sqlstate.New(sqlstate.ArraySubscriptError, text) }
	first := a[0].Array()
	if len(a) == 2 {
		second := a[1].Array()
		switch {
		case dims(0) > 1 || dims(0) != dims(1):
			return wrong("wrong number of array subscripts")
		case len(first.Elems) != len(second.Elems):
			return wrong("mismatched array dimensions")
		}
		var out []value
		for i := range first.Elems {
			out = append(out, first.Elems[i], second.Elems[i])
		}
		return out, nil
	}
	switch {
	case dims(0) == 1 && len(first.Elems)%2 != 0:
		return wrong("array must have even number of elements")
	case dims(0) == 2 && first.Dims[1].Len != 2:
		return wrong("array must have two columns")
	case dims(0) > 2:
		return wrong("wrong number of array subscripts")
	}
	return first.Elems, nil
}
