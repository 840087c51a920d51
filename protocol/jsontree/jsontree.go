// Package jsontree reads JSON as PostgreSQL's own parser does, errors included, and
// keeps of every part the text that it was written with.
package jsontree

import "strings"

// Kind is what a JSON value is.
type Kind byte

// The kinds.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// Node is a JSON value.
type Node struct {
	Kind Kind
	// Raw is the text as it was written.
	Raw string
	// Text is a string's characters, a number's digits, or true or false.
	Text string
	// Keys are an object's, each with the item of the same index.
	Keys  []string
	Items []*Node
}

// TypeName is what json_typeof says.
func (n *Node) TypeName() string {
	return [...]string{"null", "boolean", "number", "string", "array", "object"}[n.Kind]
}

// Field is the last item of a key, nil if there is none.
func (n *Node) Field(key string) *Node {
	if n.Kind != Object {
		return nil
	}
	for i := len(n.Keys) - 1; i >= 0; i-- {
		if n.Keys[i] == key {
			return n.Items[i]
		}
	}
	return nil
}

// Element is an array's item, from the end if i is negative; nil if there is none.
func (n *Node) Element(i int64) *Node {
	if n.Kind != Array {
		return nil
	}
	if i < 0 {
		i += int64(len(n.Items))
	}
	if i < 0 || i >= int64(len(n.Items)) {
		return nil
	}
	return n.Items[i]
}

// AppendString appends a string in quotes (escape_json).
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '"', '\\':
			dst = append(dst, '\\', c)
		default:
			if c < ' ' {
				dst = append(dst, `\u00`...)
				dst = append(dst, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
			} else {
				dst = append(dst, c)
			}
		}
	}
	return append(dst, '"')
}

// AppendCompact appends a value without blanks between its parts; omitNulls leaves out
// the fields of objects that are null.
func (n *Node) AppendCompact(dst []byte, omitNulls bool) []byte {
	switch n.Kind {
	case Array:
		dst = append(dst, '[')
		for i, item := range n.Items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.AppendCompact(dst, omitNulls)
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		first := true
		for i, item := range n.Items {
			if omitNulls && item.Kind == Null {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = append(AppendString(dst, n.Keys[i]), ':')
			dst = item.AppendCompact(dst, omitNulls)
		}
		return append(dst, '}')
	case String:
		return AppendString(dst, n.Text)
	}
	return append(dst, n.Raw...)
}

// AppendSpaced appends a value as jsonb shows it; its objects are in order already.
func (n *Node) AppendSpaced(dst []byte) []byte {
	switch n.Kind {
	case Array:
		dst = append(dst, '[')
		for i, item := range n.Items {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = item.AppendSpaced(dst)
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		for i, item := range n.Items {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = append(AppendString(dst, n.Keys[i]), ": "...)
			dst = item.AppendSpaced(dst)
		}
		return append(dst, '}')
	case String:
		return AppendString(dst, n.Text)
	case Null:
		return append(dst, "null"...)
	}
	return append(dst, n.Text...)
}

// AppendPretty appends a value with a line for each part (jsonb_pretty).
func (n *Node) AppendPretty(dst []byte, depth int) []byte {
	if n.Kind != Array && n.Kind != Object {
		return n.AppendSpaced(dst)
	}
	brackets := map[Kind]string{Array: "[]", Object: "{}"}[n.Kind]
	dst = append(dst, brackets[0])
	for i, item := range n.Items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, '\n'), strings.Repeat("    ", depth+1)...)
		if n.Kind == Object {
			dst = append(AppendString(dst, n.Keys[i]), ": "...)
		}
		dst = item.AppendPretty(dst, depth+1)
	}
	dst = append(append(dst, '\n'), strings.Repeat("    ", depth)...)
	return append(dst, brackets[1])
}
