package query

import (
	"strconv"

	"seqd/protocol/jsontree"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// Functions that make rows of JSON, of the shape that a column definition list gives.
func init() {
	for _, kind := range []string{"json", "jsonb"} {
		register(map[string]envFunc{kind + "_to_record": func(f *frame, c *callExpr, a []value) (value, error) {
			n, err := recordTree(c, a)
			if err != nil {
				return value{}, err
			}
			if n.Kind != jsontree.Object {
				return value{}, invalidJSON("cannot call populate_composite on %s", notObject(n))
			}
			return populate(f, c, n)
		}})
		registerSets(map[string]setFunc{kind + "_to_recordset": func(f *frame, c *callExpr, a []value) (setIterator, error) {
			n, err := recordTree(c, a)
			if err != nil || n == nil {
				return fromList(nil, err)
			}
			return recordSet(f, c, n, kind == "jsonb")
		}})
	}
}

func recordTree(c *callExpr, a []value) (*jsontree.Node, error) {
	if len(c.record) == 0 {
		return nil, sqlstate.Errorf(sqlstate.FeatureNotSupported, "could not determine row type for result of %s", c.fn.Name).
			WithHint("Provide a non-null record argument, or call the function in the FROM clause using a column definition list.")
	}
	if a[0].IsNull() {
		return nil, nil // of the sets, which are not strict
	}
	return tree(a[0])
}

func notObject(n *jsontree.Node) string {
	if n.Kind == jsontree.Array {
		return "an array"
	}
	return "a scalar"
}

func recordSet(f *frame, c *callExpr, n *jsontree.Node, jsonb bool) (setIterator, error) {
	switch {
	case n.Kind == jsontree.Object && !jsonb:
		return nil, invalidJSON("cannot call %s on an object", c.fn.Name)
	case n.Kind != jsontree.Array && !jsonb:
		return nil, invalidJSON("cannot call %s on a scalar", c.fn.Name)
	case n.Kind != jsontree.Array:
		return nil, invalidJSON("cannot call %s on a non-array", c.fn.Name)
	}
	var rows []value
	for _, item := range n.Items {
		if item.Kind != jsontree.Object {
			return nil, invalidJSON("argument of %s must be an array of objects", c.fn.Name)
		}
		row, err := populate(f, c, item)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return fromList(rows, nil)
}

// populate makes a row of an object: members by the columns' names, the rest is left out.
func populate(f *frame, c *callExpr, n *jsontree.Node) (value, error) {
	row := make([]value, len(c.out))
	for i := range c.record {
		item := n.Field(c.out[i].Name)
		if item == nil {
			continue
		}
		v, err := c.record[i].populate(f, item, c.out[i].Name)
		if err != nil {
			return value{}, err
		}
		row[i] = v
	}
	return recordOf(c.out, row), nil
}

// populate is populate_record_field for types that are no rows.
func (c *recordColumn) populate(f *frame, n *jsontree.Node, key string) (value, error) {
	elem := pgtypes.ElemOf(c.typ)
	switch {
	case c.typ == pgtypes.JSON || c.typ == pgtypes.JSONB:
		if n.Kind == jsontree.Null {
			return value{}, nil
		}
		return c.read(f, n.Raw)
	case elem == 0 || n.Kind == jsontree.Null || n.Kind == jsontree.String:
		text := jsonPart(n, true)
		if text.IsNull() {
			return value{}, nil
		}
		return c.read(f, text.Text())
	case n.Kind != jsontree.Array:
		return value{}, sqlstate.New(sqlstate.InvalidTextRepresentation, "expected JSON array").WithHint(`See the value of key "%s".`, key)
	}
	b := arrayBuilder{f: f, key: key, of: &recordColumn{typ: elem, cell: c.cell, fit: c.cell}, out: &pgtypes.Array{Elem: elem}}
	if err := b.level(n, ""); err != nil {
		return value{}, err
	}
	if len(b.out.Elems) == 0 {
		b.out.Dims = nil
	}
	return c.fitted(f, pgtypes.NewArray(b.out))
}

// arrayBuilder is populate_array: nested arrays are dimensions.
type arrayBuilder struct {
	f    *frame
	key  string
	of   *recordColumn
	out  *pgtypes.Array
	deep bool // the number of dimensions is known
}

func (b *arrayBuilder) level(n *jsontree.Node, path string) error {
	depth := 0
	for _, c := range path {
		if c == '[' {
			depth++
		}
	}
	switch {
	case depth < len(b.out.Dims):
		if int(b.out.Dims[depth].Len) != len(n.Items) {
			return sqlstate.New(sqlstate.InvalidTextRepresentation, "malformed JSON array").
				WithDetail("Multidimensional arrays must have sub-arrays with matching dimensions.")
		}
	default:
		b.out.Dims = append(b.out.Dims, pgtypes.Dim{Len: int32(len(n.Items)), Lower: 1})
	}
	for i, item := range n.Items {
		at := path + "[" + strconv.Itoa(i) + "]"
		if item.Kind == jsontree.Array && (!b.deep || depth+1 < len(b.out.Dims)) {
			if err := b.level(item, at); err != nil {
				return err
			}
			continue
		}
		if !b.deep {
			b.deep = true
		} else if depth+1 < len(b.out.Dims) {
			return b.expected(at)
		}
		v, err := b.of.populate(b.f, item, b.key)
		if err != nil {
			return err
		}
		b.out.Elems = append(b.out.Elems, v)
	}
	return nil
}

func (b *arrayBuilder) expected(at string) error {
	return sqlstate.New(sqlstate.InvalidTextRepresentation, "expected JSON array").WithHint(`See the array element %s of key "%s".`, at, b.key)
}
