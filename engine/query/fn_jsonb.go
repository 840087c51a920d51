package query

import (
	"slices"
	"strconv"

	"seqd/engine/query/scalar"
	"seqd/protocol/jsontree"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// Operators and functions of jsonb alone.
func init() {
	registerPure(map[string]scalar.Func{
		"jsonb_pretty":       func(a []value) (value, error) { return pgtypes.NewText(string(treeB(a[0]).AppendPretty(nil, 0))), nil },
		"jsonb_concat":       concatJSONB,
		"jsonb_delete":       deleteKeys(func(a []value) []value { return a[1:] }),
		"jsonb_delete_array": deleteKeys(func(a []value) []value { return a[1].Array().Elems }),
		"jsonb_delete_idx":   deleteIndex,
		"jsonb_contains":     func(a []value) (value, error) { return boolValue(containsJSON(treeB(a[0]), treeB(a[1]), true)) },
		"jsonb_contained":    func(a []value) (value, error) { return boolValue(containsJSON(treeB(a[1]), treeB(a[0]), true)) },
		"jsonb_exists":       func(a []value) (value, error) { return boolValue(hasKey(treeB(a[0]), a[1])) },
		"jsonb_exists_any": func(a []value) (value, error) {
			return boolValue(slices.ContainsFunc(a[1].Array().Elems, func(k value) bool { return hasKey(treeB(a[0]), k) }))
		},
		"jsonb_exists_all": func(a []value) (value, error) {
			return boolValue(!slices.ContainsFunc(a[1].Array().Elems, func(k value) bool { return !k.IsNull() && !hasKey(treeB(a[0]), k) }))
		},
		"jsonb_set":    func(a []value) (value, error) { return setPath(a, a[3].Bool(), false, false) },
		"jsonb_insert": func(a []value) (value, error) { return setPath(a, true, true, a[3].Bool()) },
		"jsonb_delete_path": func(a []value) (value, error) {
			return setPath([]value{a[0], a[1], {}}, false, false, false)
		},
	})
	for name, holds := range scalar.Tests {
		registerPure(map[string]scalar.Func{"jsonb_" + name: func(a []value) (value, error) {
			return boolValue(holds(pgtypes.Compare(pgtypes.JSONB, a[0], a[1])))
		}})
	}
}

// treeB reads jsonb, which is JSON for sure.
func treeB(v value) *jsontree.Node { return pgtypes.JSONTree(v.Text()) }

func isScalar(n *jsontree.Node) bool { return n.Kind != jsontree.Array && n.Kind != jsontree.Object }

// concatJSONB merges objects, and appends to arrays.
func concatJSONB(a []value) (value, error) {
	x, y := treeB(a[0]), treeB(a[1])
	if x.Kind == jsontree.Object && y.Kind == jsontree.Object {
		return pgtypes.NewJSONB(&jsontree.Node{Kind: jsontree.Object,
			Keys: append(slices.Clone(x.Keys), y.Keys...), Items: append(slices.Clone(x.Items), y.Items...)})
	}
	list := func(n *jsontree.Node) []*jsontree.Node {
		if n.Kind == jsontree.Array {
			return n.Items
		}
		return []*jsontree.Node{n}
	}
	return pgtypes.NewJSONB(&jsontree.Node{Kind: jsontree.Array, Items: append(slices.Clone(list(x)), list(y)...)})
}

func deleteKeys(keysOf func([]value) []value) scalar.Func {
	return func(a []value) (value, error) {
		n := treeB(a[0])
		if isScalar(n) {
			return value{}, invalidJSON("cannot delete from scalar")
		}
		out := &jsontree.Node{Kind: n.Kind}
		for i, item := range n.Items {
			gone := slices.ContainsFunc(keysOf(a), func(k value) bool {
				return !k.IsNull() && (n.Kind == jsontree.Object && n.Keys[i] == k.Text() ||
					n.Kind == jsontree.Array && item.Kind == jsontree.String && item.Text == k.Text())
			})
			if gone {
				continue
			}
			out.Items = append(out.Items, item)
			if n.Kind == jsontree.Object {
				out.Keys = append(out.Keys, n.Keys[i])
			}
		}
		return pgtypes.NewJSONB(out)
	}
}

func deleteIndex(a []value) (value, error) {
	n, i := treeB(a[0]), a[1].Int()
	switch {
	case isScalar(n):
		return value{}, invalidJSON("cannot delete from scalar")
	case n.Kind == jsontree.Object:
		return value{}, invalidJSON("cannot delete from object using integer index")
	}
	if i < 0 {
		i += int64(len(n.Items))
	}
	if i >= 0 && i < int64(len(n.Items)) {
		n.Items = slices.Delete(n.Items, int(i), int(i)+1)
	}
	return pgtypes.NewJSONB(n)
}

// containsJSON is @>: at the top an array contains a scalar that it holds.
func containsJSON(n, what *jsontree.Node, top bool) bool {
	if top && n.Kind == jsontree.Array && isScalar(what) {
		return slices.ContainsFunc(n.Items, func(x *jsontree.Node) bool { return isScalar(x) && pgtypes.EqualJSON(x, what) })
	}
	if n.Kind != what.Kind {
		return false
	}
	switch n.Kind {
	case jsontree.Object:
		for i, k := range what.Keys {
			if item := n.Field(k); item == nil || !containsJSON(item, what.Items[i], false) {
				return false
			}
		}
		return true
	case jsontree.Array:
		for _, w := range what.Items {
			if !slices.ContainsFunc(n.Items, func(x *jsontree.Node) bool { return containsJSON(x, w, false) }) {
				return false
			}
		}
		return true
	}
	return pgtypes.EqualJSON(n, what)
}

func hasKey(n *jsontree.Node, key value) bool {
	switch {
	case key.IsNull():
		return false
	case n.Kind == jsontree.Object:
		return n.Field(key.Text()) != nil
	case n.Kind == jsontree.Array:
		return slices.ContainsFunc(n.Items, func(x *jsontree.Node) bool { return x.Kind == jsontree.String && x.Text == key.Text() })
	}
	return n.Kind == jsontree.String && n.Text == key.Text()
}

// setPath is jsonb_set, jsonb_insert and #-: a[2] is the new value, NULL to delete.
func setPath(a []value, create, insert, after bool) (value, error) {
	n, path := treeB(a[0]), a[1].Array()
	switch {
	case len(path.Dims) > 1:
		return value{}, sqlstate.New(sqlstate.ArraySubscriptError, "wrong number of array subscripts")
	case isScalar(n) && a[2].IsNull():
		return value{}, invalidJSON("cannot delete path in scalar")
	case isScalar(n):
		return value{}, invalidJSON("cannot set path in scalar")
	case len(path.Elems) == 0 || len(n.Items) == 0 && !create:
		return a[0], nil
	}
	s := pathSetter{path: path.Elems, create: create, insert: insert, after: after}
	if !a[2].IsNull() {
		s.new = treeB(a[2])
	}
	if err := s.set(n, 0); err != nil {
		return value{}, err
	}
	return pgtypes.NewJSONB(n)
}

type pathSetter struct {
	path                  []value
	new                   *jsontree.Node // nil: delete
	create, insert, after bool
}

func (s *pathSetter) set(n *jsontree.Node, depth int) error {
	step := s.path[depth]
	if step.IsNull() {
		return sqlstate.Errorf(sqlstate.NullValueNotAllowed, "path element at position %d is null", depth+1)
	}
	last := depth == len(s.path)-1
	switch n.Kind {
	case jsontree.Object:
		return s.inObject(n, step.Text(), depth, last)
	case jsontree.Array:
		return s.inArray(n, step.Text(), depth, last)
	}
	return nil
}

func (s *pathSetter) inObject(n *jsontree.Node, key string, depth int, last bool) error {
	i := slices.Index(n.Keys, key)
	switch {
	case i < 0 && last && s.create && s.new != nil:
		n.Keys, n.Items = append(n.Keys, key), append(n.Items, s.new)
	case i < 0:
	case !last:
		return s.set(n.Items[i], depth+1)
	case s.insert:
		return sqlstate.New(sqlstate.InvalidParameterValue, "cannot replace existing key").
			WithHint("Try using the function jsonb_set to replace key value.")
	case s.new == nil:
		n.Keys, n.Items = slices.Delete(n.Keys, i, i+1), slices.Delete(n.Items, i, i+1)
	default:
		n.Items[i] = s.new
	}
	return nil
}

func (s *pathSetter) inArray(n *jsontree.Node, step string, depth int, last bool) error {
	at, err := strconv.ParseInt(step, 10, 32)
	if err != nil {
		return sqlstate.Errorf(sqlstate.InvalidTextRepresentation, `path element at position %d is not an integer: "%s"`, depth+1, step)
	}
	size := int64(len(n.Items))
	i := at
	if i < 0 {
		i += size
	}
	inside := i >= 0 && i < size
	switch {
	case !inside && last && s.create && s.new != nil:
		if i < 0 {
			n.Items = slices.Insert(n.Items, 0, s.new)
		} else {
			n.Items = append(n.Items, s.new)
		}
	case !inside:
	case !last:
		return s.set(n.Items[i], depth+1)
	case s.new == nil:
		n.Items = slices.Delete(n.Items, int(i), int(i)+1)
	case s.insert && s.after:
		n.Items = slices.Insert(n.Items, int(i)+1, s.new)
	case s.insert:
		n.Items = slices.Insert(n.Items, int(i), s.new)
	default:
		n.Items[i] = s.new
	}
	return nil
}
