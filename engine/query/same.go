package query

import (
	"fmt"
	"reflect"
	"strings"

	"seqd/protocol/parser"
)

// sameExpr is equal(): whether two expressions are the same, wherever they stand.
func sameExpr(a, b expr) bool { return (&sameness{}).same(a, b) }

// sameness compares two trees; cells are equal if they first occur at the same places.
type sameness struct{ cells map[int]int }

func (s *sameness) same(a, b expr) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a == b {
		return true
	}
	if reflect.TypeOf(a) != reflect.TypeOf(b) || a.typ() != b.typ() || a.typmod() != b.typmod() {
		return false
	}
	if x, ok := a.(*cellExpr); ok {
		y := b.(*cellExpr)
		if s.cells == nil {
			s.cells = map[int]int{}
		}
		if seen, ok := s.cells[x.slot]; ok {
			return seen == y.slot
		}
		s.cells[x.slot] = y.slot
		return true
	}
	if x, ok := a.(*sublinkExpr); ok {
		// The same text at the same level means the same.
		return sameSyntax(reflect.ValueOf(x.syntax), reflect.ValueOf(b.(*sublinkExpr).syntax))
	}
	if properties(a) != properties(b) {
		return false
	}
	var left, right []expr
	a.children(func(c *expr) { left = append(left, *c) })
	b.children(func(c *expr) { right = append(right, *c) })
	if len(left) != len(right) {
		return false
	}
	for i := range left {
		if !s.same(left[i], right[i]) {
			return false
		}
	}
	return true
}

var posType = reflect.TypeFor[parser.Pos]()

// sameSyntax compares syntax trees without their positions.
func sameSyntax(a, b reflect.Value) bool {
	if a.IsValid() != b.IsValid() || a.IsValid() && a.Type() != b.Type() {
		return false
	}
	switch {
	case !a.IsValid() || a.Type() == posType:
		return true
	case a.Kind() == reflect.Pointer, a.Kind() == reflect.Interface:
		return a.IsNil() == b.IsNil() && (a.IsNil() || sameSyntax(a.Elem(), b.Elem()))
	case a.Kind() == reflect.Struct:
		for i := range a.NumField() {
			if !sameSyntax(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case a.Kind() == reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !sameSyntax(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// properties writes what a node has beside its type and children, so that equal
// nodes, and only those, give the same text.
func properties(e expr) string {
	w := &strings.Builder{}
	switch n := e.(type) {
	case *constExpr:
		if n.v.IsNull() {
			w.WriteString(" null")
		} else {
			fmt.Fprintf(w, " %q %d", n.v.Text(), n.v.Int())
			if d := n.v.Numeric(); d != nil {
				w.WriteString(d.String())
			} else if n.v.Array() != nil || n.v.Record() != nil {
				fmt.Fprintf(w, " %p", n)
			}
		}
	case *paramExpr:
		fmt.Fprintf(w, " $%d", n.n)
	case *columnExpr:
		fmt.Fprintf(w, " %d.%d", n.level, n.slot)
	case *callExpr:
		fmt.Fprintf(w, " f%d %t", n.fn.OID, n.variadic)
	case *aggExpr:
		fmt.Fprintf(w, " a%d %t %t", n.fn.OID, n.distinct, n.star)
		for _, k := range n.orderBy {
			fmt.Fprintf(w, " %t %t", k.desc, k.nullsFirst)
		}
	case *groupExpr:
		fmt.Fprintf(w, " g%d", n.slot)
	case *groupingExpr:
		for _, a := range n.args {
			w.WriteString(properties(a))
		}
	case *srfExpr:
		fmt.Fprintf(w, " s%d", n.slot)
	case *windowExpr:
		fmt.Fprintf(w, " w%d", n.slot)
	case *valueFuncExpr:
		w.WriteString(n.name)
	case *boolExpr:
		fmt.Fprintf(w, " %t", n.or)
	case *nullTestExpr:
		fmt.Fprintf(w, " %t", n.not)
	case *booleanTestExpr:
		fmt.Fprintf(w, " %s %t", n.test, n.not)
	case *minMaxExpr:
		fmt.Fprintf(w, " %t", n.least)
	case *distinctExpr:
		fmt.Fprintf(w, " %d %t", n.eq.fn.OID, n.not)
	case *nullIfExpr:
		fmt.Fprintf(w, " %d", n.eq.fn.OID)
	case *arrayOpExpr:
		fmt.Fprintf(w, " %d %t", n.call.fn.OID, n.all)
	case *rowCompareExpr:
		fmt.Fprintf(w, " %d %t", n.less[0].fn.OID, n.orEqual)
	case *subscriptExpr:
		fmt.Fprintf(w, " %t", n.slice)
		for i := range n.index {
			fmt.Fprintf(w, " %t", n.index[i] == nil)
		}
	case *fieldExpr:
		fmt.Fprintf(w, " %d", n.index)
	}
	return w.String()
}
