package query

import (
	"seqd/protocol/jsontree"
	"seqd/protocol/pgtypes"
)

func init() {
	for _, kind := range []string{"json", "jsonb"} {
		registerSets(map[string]setFunc{
			kind + "_array_elements":      jsonElements(kind == "jsonb", false),
			kind + "_array_elements_text": jsonElements(kind == "jsonb", true),
			kind + "_each":                jsonEach(kind == "jsonb", false),
			kind + "_each_text":           jsonEach(kind == "jsonb", true),
			kind + "_object_keys":         jsonKeys,
		})
	}
}

func jsonElements(jsonb, text bool) setFunc {
	return func(_ *frame, c *callExpr, a []value) (setIterator, error) {
		n, err := tree(a[0])
		switch {
		case err != nil:
			return nil, err
		case n.Kind == jsontree.Object && jsonb:
			return nil, invalidJSON("cannot extract elements from an object")
		case n.Kind == jsontree.Object:
			return nil, invalidJSON("cannot call %s on a non-array", c.fn.Name)
		case n.Kind != jsontree.Array && jsonb:
			return nil, invalidJSON("cannot extract elements from a scalar")
		case n.Kind != jsontree.Array:
			return nil, invalidJSON("cannot call %s on a scalar", c.fn.Name)
		}
		var out []value
		for _, item := range n.Items {
			out = append(out, jsonPart(item, text))
		}
		return fromList(out, nil)
	}
}

func jsonEach(jsonb, text bool) setFunc {
	return func(_ *frame, c *callExpr, a []value) (setIterator, error) {
		n, err := tree(a[0])
		switch {
		case err != nil:
			return nil, err
		case n.Kind != jsontree.Object && jsonb:
			return nil, invalidJSON("cannot call %s on a non-object", c.fn.Name)
		case n.Kind == jsontree.Array:
			return nil, invalidJSON("cannot deconstruct an array as an object")
		case n.Kind != jsontree.Object:
			return nil, invalidJSON("cannot deconstruct a scalar")
		}
		var rows [][]value
		for i, item := range n.Items {
			rows = append(rows, []value{pgtypes.NewText(n.Keys[i]), jsonPart(item, text)})
		}
		return table(c, rows)
	}
}

func jsonKeys(_ *frame, c *callExpr, a []value) (setIterator, error) {
	n, err := tree(a[0])
	switch {
	case err != nil:
		return nil, err
	case n.Kind == jsontree.Array:
		return nil, invalidJSON("cannot call %s on an array", c.fn.Name)
	case n.Kind != jsontree.Object:
		return nil, invalidJSON("cannot call %s on a scalar", c.fn.Name)
	}
	var out []value
	for _, k := range n.Keys {
		out = append(out, pgtypes.NewText(k))
	}
	return fromList(out, nil)
}
