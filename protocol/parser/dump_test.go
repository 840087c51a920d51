package parser

import (
	"fmt"
	"reflect"
	"strings"
)

// dump writes a tree so that people can read it: expressions as SQL with every
// operator in parentheses, other nodes as Name{Field:value …} without positions
// and empty fields.
func dump(v any) string {
	var b strings.Builder
	dumpValue(&b, reflect.ValueOf(v))
	return b.String()
}

func dumpValue(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			b.WriteString("nil")
			return
		}
		if e, ok := v.Interface().(Expr); ok {
			b.WriteString(dumpExpr(e))
			return
		}
		dumpValue(b, v.Elem())
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			dumpValue(b, v.Index(i))
		}
		b.WriteByte(']')
	case reflect.Struct:
		if t, ok := v.Interface().(TypeName); ok {
			b.WriteString(dumpType(t))
			return
		}
		dumpStruct(b, v)
	case reflect.String:
		b.WriteString(v.String())
	default:
		fmt.Fprint(b, v.Interface())
	}
}

func dumpStruct(b *strings.Builder, v reflect.Value) {
	t := v.Type()
	b.WriteString(t.Name() + "{")
	first := true
	for i := range v.NumField() {
		f := t.Field(i)
		if v.Field(i).IsZero() || f.Type == reflect.TypeFor[Pos]() {
			continue
		}
		if !first {
			b.WriteByte(' ')
		}
		first = false
		b.WriteString(f.Name)
		if f.Type.Kind() != reflect.Bool {
			b.WriteByte(':')
			dumpValue(b, v.Field(i))
		}
	}
	b.WriteByte('}')
}

// dumpNames quotes what is not a plain word; key words are left alone.
func dumpNames(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		if quoted[i] = n; keywordKinds[n] == 0 {
			quoted[i] = QuoteIdent(n)
		}
	}
	return strings.Join(quoted, ".")
}

func dumpList(list []Expr) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = dumpExpr(e)
	}
	return strings.Join(parts, ", ")
}

func dumpType(t TypeName) string {
	s := dumpNames(t.Names)
	if len(t.Typmods) > 0 {
		s += "(" + dumpList(t.Typmods) + ")"
	}
	if t.SetOf {
		s = "SETOF " + s
	}
	return s + strings.Repeat("[]", t.ArrayDims)
}

func dumpConst(c *Const) string {
	switch c.Kind {
	case ConstNull:
		return "NULL"
	case ConstBool:
		return map[string]string{"t": "TRUE", "f": "FALSE"}[c.Text]
	case ConstString:
		return "'" + strings.ReplaceAll(c.Text, "'", "''") + "'"
	case ConstBit:
		return c.Text[:1] + "'" + c.Text[1:] + "'"
	case ConstFloat:
		return c.Text + "f" // to be told from an integer
	}
	return c.Text
}

func dumpExpr(e Expr) string {
	switch e := e.(type) {
	case *Const:
		return dumpConst(e)
	case *ParamRef:
		return fmt.Sprintf("$%d", e.Number)
	case *ColumnRef:
		s := dumpNames(e.Fields)
		if e.Star {
			s = strings.TrimPrefix(s+".*", ".")
		}
		return s
	case *TypeCast:
		return "(" + dumpExpr(e.Arg) + "::" + dumpType(e.Type) + ")"
	case *FuncCall:
		return dumpCall(e)
	case *AExpr:
		return "(" + dumpAExpr(e) + ")"
	case *ExprList:
		return "(" + dumpList(e.Items) + ")"
	case *BoolExpr:
		return dumpBool(e)
	case *NullTest:
		return "(" + dumpExpr(e.Arg) + " IS " + notWord(e.Not) + "NULL)"
	case *BooleanTest:
		return "(" + dumpExpr(e.Arg) + " IS " + notWord(e.Not) + e.Test + ")"
	case *SubLink:
		return dumpSubLink(e)
	case *Indirection:
		return "(" + dumpExpr(e.Arg) + ")" + dumpSteps(e.Path)
	case *CollateClause:
		return "(" + dumpExpr(e.Arg) + " COLLATE " + dumpNames(e.Collation) + ")"
	case *SetToDefault:
		return "DEFAULT"
	}
	return dumpConstruct(e)
}

func dumpConstruct(e Expr) string {
	switch e := e.(type) {
	case *CaseExpr:
		s := "CASE"
		if e.Arg != nil {
			s += " " + dumpExpr(e.Arg)
		}
		for _, w := range e.Whens {
			s += " WHEN " + dumpExpr(w.Cond) + " THEN " + dumpExpr(w.Result)
		}
		if e.Else != nil {
			s += " ELSE " + dumpExpr(e.Else)
		}
		return s + " END"
	case *CoalesceExpr:
		return "COALESCE(" + dumpList(e.Args) + ")"
	case *MinMaxExpr:
		return map[bool]string{true: "LEAST(", false: "GREATEST("}[e.Least] + dumpList(e.Args) + ")"
	case *SQLValueFunction:
		if e.Typmod >= 0 {
			return fmt.Sprintf("%s(%d)", e.Name, e.Typmod)
		}
		return e.Name
	case *ArrayExpr:
		return "ARRAY[" + dumpList(e.Elements) + "]"
	case *RowExpr:
		return map[bool]string{true: "ROW(", false: "("}[e.Explicit] + dumpList(e.Args) + ")"
	case *GroupingSet:
		return e.Kind + "(" + dumpList(e.Items) + ")"
	}
	panic(fmt.Sprintf("dump: no case for %T", e))
}

func notWord(not bool) string {
	if not {
		return "NOT "
	}
	return ""
}

func dumpBool(e *BoolExpr) string {
	if e.Op == BoolNot {
		return "(NOT " + dumpExpr(e.Args[0]) + ")"
	}
	parts := make([]string, len(e.Args))
	for i, a := range e.Args {
		parts[i] = dumpExpr(a)
	}
	return "(" + strings.Join(parts, map[BoolOp]string{BoolAnd: " AND ", BoolOr: " OR "}[e.Op]) + ")"
}

func dumpOp(op []string) string {
	if len(op) == 1 {
		return op[0]
	}
	return "OPERATOR(" + strings.Join(op, ".") + ")"
}

func dumpAExpr(e *AExpr) string {
	right := dumpExpr(e.Right)
	op := dumpOp(e.Op)
	if e.Left == nil {
		return op + " " + right
	}
	switch e.Kind {
	case AExprOpAny:
		op, right = op+" ANY", "("+right+")"
	case AExprOpAll:
		op, right = op+" ALL", "("+right+")"
	case AExprDistinct:
		op = "IS DISTINCT FROM"
	case AExprNotDistinct:
		op = "IS NOT DISTINCT FROM"
	case AExprIn:
		op = map[string]string{"=": "IN", "<>": "NOT IN"}[op]
	case AExprBetween, AExprNotBetween, AExprBetweenSym, AExprNotBetweenSym:
		items := e.Right.(*ExprList).Items
		right = dumpExpr(items[0]) + " AND " + dumpExpr(items[1])
	case AExprNullIf:
		return "NULLIF " + dumpExpr(e.Left) + ", " + right
	case AExprLike, AExprILike, AExprSimilar:
		op = "{like}" + op
	}
	return dumpExpr(e.Left) + " " + op + " " + right
}

func dumpCall(e *FuncCall) string {
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = dumpExpr(a)
		if e.ArgNames != nil && e.ArgNames[i] != "" {
			args[i] = e.ArgNames[i] + " => " + args[i]
		}
	}
	if e.Variadic {
		args[len(args)-1] = "VARIADIC " + args[len(args)-1]
	}
	s := dumpNames(e.Name) + "(" + map[bool]string{true: "DISTINCT "}[e.Distinct] +
		map[bool]string{true: "*"}[e.Star] + strings.Join(args, ", ")
	if e.WithinGroup {
		s += ") WITHIN GROUP ("
	}
	if e.OrderBy != nil {
		s += " ORDER BY " + dump(e.OrderBy)
	}
	s += ")"
	if e.Filter != nil {
		s += " FILTER " + dumpExpr(e.Filter)
	}
	if e.Over != nil {
		s += " OVER " + dump(*e.Over)
	}
	return s
}

func dumpSubLink(e *SubLink) string {
	q := dump(*e.Query)
	switch e.Kind {
	case SubLinkExists:
		return "EXISTS " + q
	case SubLinkArray:
		return "ARRAY " + q
	case SubLinkAny:
		if e.Op == nil {
			return "(" + dumpExpr(e.Test) + " IN " + q + ")"
		}
		return "(" + dumpExpr(e.Test) + " " + dumpOp(e.Op) + " ANY " + q + ")"
	case SubLinkAll:
		return "(" + dumpExpr(e.Test) + " " + dumpOp(e.Op) + " ALL " + q + ")"
	}
	return q
}

func dumpSteps(steps []IndirectionStep) string {
	s := ""
	for _, st := range steps {
		switch {
		case st.Star:
			s += ".*"
		case st.Field != "":
			s += "." + QuoteIdent(st.Field)
		case st.Slice:
			s += "[" + dumpOpt(st.Index) + ":" + dumpOpt(st.Upper) + "]"
		default:
			s += "[" + dumpExpr(st.Index) + "]"
		}
	}
	return s
}

func dumpOpt(e Expr) string {
	if e == nil {
		return ""
	}
	return dumpExpr(e)
}
