package pgtypes

import (
	"cmp"
	"slices"
	"strings"

	"seqd/protocol/jsontree"
	"seqd/protocol/sqlstate"
)

// parseJSON checks the text; json keeps it as it was written.
func parseJSON(s string) (Value, error) {
	if _, err := jsontree.Parse(s, false); err != nil {
		return Null(), err
	}
	return NewText(s), nil
}

// parseJSONB reads jsonb into what PostgreSQL shows of it.
func parseJSONB(s string) (Value, error) {
	n, err := jsontree.Parse(s, true)
	if err != nil {
		return Null(), err
	}
	return NewJSONB(n)
}

// NewJSONB makes a jsonb value: the keys of an object by length and then by their
// bytes, the last of equal ones; numbers as numeric. It changes n.
func NewJSONB(n *jsontree.Node) (Value, error) {
	if err := normalizeJSON(n); err != nil {
		return Null(), err
	}
	return NewText(string(n.AppendSpaced(nil))), nil
}

func normalizeJSON(n *jsontree.Node) error {
	if n.Kind == jsontree.Number {
		v, err := ParseText(Numeric, n.Text)
		if err != nil {
			return err
		}
		n.Text = TextOf(Numeric, v)
		return nil
	}
	for _, item := range n.Items {
		if err := normalizeJSON(item); err != nil {
			return err
		}
	}
	if n.Kind != jsontree.Object {
		return nil
	}
	order := make([]int, len(n.Keys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if d := len(n.Keys[a]) - len(n.Keys[b]); d != 0 {
			return d
		}
		return strings.Compare(n.Keys[a], n.Keys[b])
	})
	var keys []string
	var items []*jsontree.Node
	for _, i := range order {
		if last := len(keys) - 1; last >= 0 && keys[last] == n.Keys[i] {
			items[last] = n.Items[i]
			continue
		}
		keys, items = append(keys, n.Keys[i]), append(items, n.Items[i])
	}
	n.Keys, n.Items = keys, items
	return nil
}

// parseJSONBBinary reads a version and the text.
func parseJSONBBinary(raw []byte) (Value, error) {
	if len(raw) == 0 {
		return Null(), ErrBinaryLength
	}
	if raw[0] != 1 {
		return Null(), sqlstate.Errorf(sqlstate.InternalError, "unsupported jsonb version number %d", raw[0])
	}
	return parseJSONB(string(raw[1:]))
}

// JSONTree reads a json or jsonb value that is known to be one.
func JSONTree(text string) *jsontree.Node {
	n, err := jsontree.Parse(text, false)
	if err != nil {
		return &jsontree.Node{}
	}
	return n
}

// jsonRank orders the kinds as jsonb does: null, string, number, boolean, array, object.
var jsonRank = [...]int{jsontree.Null: 0, jsontree.String: 1, jsontree.Number: 2, jsontree.Bool: 3, jsontree.Array: 4, jsontree.Object: 5}

// compareJSONB is compareJsonbContainers: a scalar alone is like an array of one, and
// before it.
func compareJSONB(a, b string) int {
	x, y := JSONTree(a), JSONTree(b)
	scalar := func(n *jsontree.Node) bool { return n.Kind != jsontree.Array && n.Kind != jsontree.Object }
	size := func(n *jsontree.Node) int {
		if scalar(n) {
			return 1
		}
		return len(n.Items)
	}
	switch {
	case scalar(x) == scalar(y):
		return compareJSON(x, y)
	case x.Kind == jsontree.Object:
		return 1
	case y.Kind == jsontree.Object:
		return -1
	case size(x) != size(y):
		return cmp.Compare(size(x), size(y))
	case scalar(x):
		return -1
	}
	return 1
}

func compareJSON(a, b *jsontree.Node) int {
	if c := cmp.Compare(jsonRank[a.Kind], jsonRank[b.Kind]); c != 0 {
		return c
	}
	switch a.Kind {
	case jsontree.Null:
		return 0
	case jsontree.Number:
		x, _, _ := parseNumeric(a.Text)
		y, _, _ := parseNumeric(b.Text)
		return CompareNumeric(x, y)
	case jsontree.String, jsontree.Bool:
		return strings.Compare(a.Text, b.Text)
	}
	if c := cmp.Compare(len(a.Items), len(b.Items)); c != 0 {
		return c
	}
	for i := range a.Items {
		if a.Kind == jsontree.Object {
			if c := strings.Compare(a.Keys[i], b.Keys[i]); c != 0 {
				return c
			}
		}
		if c := compareJSON(a.Items[i], b.Items[i]); c != 0 {
			return c
		}
	}
	return 0
}

// EqualJSON tells whether two values are equal, numbers by their value.
func EqualJSON(a, b *jsontree.Node) bool { return compareJSON(a, b) == 0 }

// appendJSONBKey appends a form in which equal numbers are written alike.
func appendJSONBKey(dst []byte, s string) []byte {
	n := JSONTree(s)
	var trim func(*jsontree.Node)
	trim = func(n *jsontree.Node) {
		if n.Kind == jsontree.Number {
			if d, ok, _ := parseNumeric(n.Text); ok {
				n.Text = string(appendNumeric(nil, trimNumeric(d)))
			}
		}
		for _, item := range n.Items {
			trim(item)
		}
	}
	trim(n)
	return n.AppendSpaced(dst)
}
