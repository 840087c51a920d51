package query

import (
	"strconv"
	"strings"

	"seqd/engine/query/scalar"
	"seqd/protocol/jsontree"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// Functions that take json and jsonb apart; a part of either is written as it was.
func init() {
	for _, kind := range []string{"json", "jsonb"} {
		registerPure(map[string]scalar.Func{
			kind + "_object_field":       getJSON(false, func(n *jsontree.Node, a value) *jsontree.Node { return n.Field(a.Text()) }),
			kind + "_object_field_text":  getJSON(true, func(n *jsontree.Node, a value) *jsontree.Node { return n.Field(a.Text()) }),
			kind + "_array_element":      getJSON(false, func(n *jsontree.Node, a value) *jsontree.Node { return n.Element(a.Int()) }),
			kind + "_array_element_text": getJSON(true, func(n *jsontree.Node, a value) *jsontree.Node { return n.Element(a.Int()) }),
			kind + "_extract_path":       getJSON(false, byPath),
			kind + "_extract_path_text":  getJSON(true, byPath),
			kind + "_typeof": func(a []value) (value, error) {
				n, err := tree(a[0])
				if err != nil {
					return value{}, err
				}
				return pgtypes.NewText(n.TypeName()), nil
			},
			kind + "_array_length": jsonLength,
			kind + "_strip_nulls":  stripNulls(kind == "jsonb"),
		})
	}
	for name, typ := range map[string]pgtypes.OID{
		"bool": pgtypes.Bool, "numeric": pgtypes.Numeric, "int2": pgtypes.Int2, "int4": pgtypes.Int4, "int8": pgtypes.Int8,
		"float4": pgtypes.Float4, "float8": pgtypes.Float8,
	} {
		registerPure(map[string]scalar.Func{"jsonb_" + name: castJSONB(typ)})
	}
}

// registerPure is for functions that need nothing but their arguments.
func registerPure(list map[string]scalar.Func) {
	for name, fn := range list {
		implementations[name] = &implementation{pure: fn}
	}
}

// tree reads a json or jsonb argument, whose strings are wanted.
func tree(v value) (*jsontree.Node, error) { return jsontree.Parse(v.Text(), true) }

func byPath(n *jsontree.Node, path value) *jsontree.Node {
	for _, step := range path.Array().Elems {
		if step.IsNull() || n == nil {
			return nil
		}
		if n.Kind == jsontree.Array {
			i, err := strconv.ParseInt(strings.TrimSpace(step.Text()), 10, 32)
			if err != nil {
				return nil
			}
			n = n.Element(i)
			continue
		}
		n = n.Field(step.Text())
	}
	return n
}

func getJSON(text bool, get func(*jsontree.Node, value) *jsontree.Node) scalar.Func {
	return func(a []value) (value, error) {
		n, err := tree(a[0])
		if err != nil {
			return value{}, err
		}
		part := get(n, a[1])
		if part == nil {
			return value{}, nil
		}
		return jsonPart(part, text), nil
	}
}

// jsonPart is a part of a value, as JSON or as text.
func jsonPart(n *jsontree.Node, text bool) value {
	switch {
	case text && n.Kind == jsontree.Null:
		return value{}
	case text && n.Kind == jsontree.String:
		return pgtypes.NewText(n.Text)
	}
	return pgtypes.NewText(n.Raw)
}

func invalidJSON(format string, args ...any) error {
	return sqlstate.Errorf(sqlstate.InvalidParameterValue, format, args...)
}

func jsonLength(a []value) (value, error) {
	n, err := tree(a[0])
	switch {
	case err != nil:
		return value{}, err
	case n.Kind == jsontree.Object:
		return value{}, invalidJSON("cannot get array length of a non-array")
	case n.Kind != jsontree.Array:
		return value{}, invalidJSON("cannot get array length of a scalar")
	}
	return pgtypes.NewInt(int64(len(n.Items))), nil
}

func stripNulls(jsonb bool) scalar.Func {
	return func(a []value) (value, error) {
		n, err := tree(a[0])
		if err != nil {
			return value{}, err
		}
		text := string(n.AppendCompact(nil, true))
		if jsonb {
			return pgtypes.ParseText(pgtypes.JSONB, text)
		}
		return pgtypes.NewText(text), nil
	}
}

// castJSONB is jsonb::integer and kin.
func castJSONB(typ pgtypes.OID) scalar.Func {
	names := [...]string{"null", "boolean", "numeric", "string", "array", "object"}
	return func(a []value) (value, error) {
		n, err := tree(a[0])
		switch {
		case err != nil:
			return value{}, err
		case typ == pgtypes.Bool && n.Kind == jsontree.Bool:
			return pgtypes.NewBool(n.Text == "true"), nil
		case typ == pgtypes.Bool || n.Kind != jsontree.Number:
			return value{}, invalidJSON("cannot cast jsonb %s to type %s", names[n.Kind], pgtypes.Format(typ))
		}
		v, err := pgtypes.ParseText(pgtypes.Numeric, n.Text)
		if err != nil || typ == pgtypes.Numeric {
			return v, err
		}
		return scalar.Functions["numeric_"+pgName(typ)]([]value{v})
	}
}

func pgName(typ pgtypes.OID) string { t, _ := pgtypes.TypeByOID(typ); return t.Name }
