package query

import (
	"reflect"
	"strconv"
	"strings"

	"seqd/engine"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
)

// Expressions that tables keep (defaults, checks, index expressions) are kept as the
// text that PostgreSQL makes of their trees (ruleutils.c): types resolved, casts and
// parentheses written out.

// CanonicalText is the text of an expression over a table's columns, coerced to a type
// as a default is (0: none). Not ok: it has a part that this does not write.
func CanonicalText(x parser.Expr, s Session, t *engine.Table, want pgtypes.OID, typmod int32) (text string, ok bool) {
	e, a, err := analyzeOver(x, s, t)
	if err != nil {
		return "", false
	}
	if want != 0 {
		if e, err = a.coerceTo(e, want, typmod, coerceAssignment, 0); err != nil || e == nil {
			return "", false
		}
	}
	return deparse(e, s, false)
}

// PrettyText is an expression's canonical text without needless parentheses. Text that
// is not to be read comes back as it is.
func PrettyText(text string, s Session, t *engine.Table) string {
	parsed, err := parser.Parse("SELECT " + text)
	if err != nil || len(parsed.Stmts) != 1 {
		return text
	}
	sel, ok := parsed.Stmts[0].Stmt.(*parser.SelectStmt)
	if !ok || len(sel.Targets) != 1 {
		return text
	}
	e, _, err := analyzeOver(sel.Targets[0].Expr, s, t)
	if err != nil {
		return text
	}
	if pretty, ok := deparse(e, s, true); ok {
		return pretty
	}
	return text
}

// analyzeOver analyses an expression in which a table's columns may stand.
func analyzeOver(x parser.Expr, s Session, t *engine.Table) (expr, *analyzer, error) {
	if usesSQLSyntax(reflect.ValueOf(x)) {
		return nil, nil, unsupported("an expression in SQL's own syntax", x.Location())
	}
	a := &analyzer{s: s}
	sc := &scope{level: &level{}, a: a, kind: kindExecute}
	if t != nil {
		r := &relation{name: t.Name, relName: t.Name, schema: t.Schema, relVisible: true, colVisible: true}
		for i := range t.Columns {
			if c := &t.Columns[i]; !c.Dropped {
				r.columns = append(r.columns, relColumn{name: c.Name, typ: pgtypes.OID(c.Type), typmod: c.Typmod, slot: i})
			}
		}
		sc.names = []*relation{r}
	}
	e, err := sc.expr(x)
	return e, a, err
}

// usesSQLSyntax tells whether a call is written with key words, as EXTRACT(year FROM x).
func usesSQLSyntax(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return false
		}
		if f, ok := v.Interface().(*parser.FuncCall); ok && f.SQLSyntax {
			return true
		}
		return usesSQLSyntax(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if usesSQLSyntax(v.Field(i)) {
				return true
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if usesSQLSyntax(v.Index(i)) {
				return true
			}
		}
	}
	return false
}

// deparser writes an expression's text.
type deparser struct {
	s       Session
	b       strings.Builder
	pretty  bool
	cells   map[int]expr // what a cell stands for
	unknown bool         // a node was met that it does not write
}

func deparse(e expr, s Session, pretty bool) (string, bool) {
	d := &deparser{s: s, pretty: pretty, cells: map[int]expr{}}
	d.expr(e, false)
	return d.b.String(), !d.unknown
}

func (d *deparser) put(parts ...string) {
	for _, p := range parts {
		d.b.WriteString(p)
	}
}

// wrapped writes in parentheses that only the pretty form leaves out.
func (d *deparser) wrapped(write func()) {
	if !d.pretty {
		d.put("(")
	}
	write()
	if !d.pretty {
		d.put(")")
	}
}

// operand is get_rule_expr_paren.
func (d *deparser) operand(e expr, implicit bool, parent expr) {
	if need := d.pretty && !d.simple(e, parent); need {
		d.put("(")
		d.expr(e, implicit)
		d.put(")")
		return
	}
	d.expr(e, implicit)
}

// expr is get_rule_expr; implicit: casts that nobody wrote are shown.
func (d *deparser) expr(e expr, implicit bool) {
	switch n := e.(type) {
	case *constExpr:
		d.constant(n, true)
	case *columnExpr:
		d.put(parser.QuoteIdent(n.name))
	case *cellExpr:
		if x := d.cells[n.slot]; x != nil {
			d.expr(x, implicit)
		} else {
			d.unknown = true
		}
	case *callExpr:
		d.call(n, implicit)
	case *relabelExpr:
		d.cast(n.arg, n, n.implicit, implicit)
	case *ioCastExpr:
		d.cast(n.arg, n, n.implicit, implicit)
	case *boolExpr:
		d.boolean(n)
	case *notExpr:
		d.wrapped(func() { d.put("NOT "); d.operand(n.arg, false, n) })
	case *nullTestExpr:
		d.unknown = d.unknown || n.row
		d.wrapped(func() {
			d.operand(n.arg, true, n)
			d.put(map[bool]string{false: " IS NULL", true: " IS NOT NULL"}[n.not])
		})
	case *booleanTestExpr:
		d.wrapped(func() {
			d.operand(n.arg, false, n)
			d.put(" IS ", map[bool]string{true: "NOT "}[n.not], strings.ToUpper(n.test))
		})
	default:
		d.function(e)
	}
}

// function writes what looks like calls, and the rare rest.
func (d *deparser) function(e expr) {
	switch n := e.(type) {
	case *coalesceExpr:
		d.list("COALESCE(", n.args, ")")
	case *minMaxExpr:
		d.list(map[bool]string{true: "LEAST(", false: "GREATEST("}[n.least], n.args, ")")
	case *nullIfExpr:
		d.list("NULLIF(", n.eq.args, ")")
	case *arrayExpr:
		d.list("ARRAY[", n.args, "]")
		if len(n.args) == 0 {
			d.put("::", pgtypes.Format(n.t))
		}
	case *distinctExpr:
		write := func() {
			d.wrapped(func() {
				d.operand(n.eq.args[0], true, n)
				d.put(" IS DISTINCT FROM ")
				d.operand(n.eq.args[1], true, n)
			})
		}
		d.unknown = d.unknown || n.not && d.pretty
		if n.not {
			d.put("(NOT ")
			write()
			d.put(")")
			return
		}
		write()
	case *arrayOpExpr:
		d.wrapped(func() {
			d.operand(n.call.args[0], true, n)
			d.put(" ", n.call.op, " ", map[bool]string{true: "ALL", false: "ANY"}[n.all], " (")
			d.operand(n.arr, true, n)
			d.put(")")
		})
	case *letExpr:
		d.cells[n.cell.slot] = n.arg
		d.expr(n.body, false)
	case *caseExpr:
		d.choice(n)
	case *valueFuncExpr:
		d.put(strings.ToUpper(n.name))
		if n.mod >= 0 {
			d.put("(", strconv.Itoa(int(n.mod)), ")")
		}
	default:
		d.unknown = true
	}
}

// choice is CASE without a test value, a line for each part. One within another would be
// indented.
func (d *deparser) choice(n *caseExpr) {
	nested := anyExpr(n, func(e expr) bool { c, ok := e.(*caseExpr); return ok && c != n })
	d.unknown = d.unknown || n.arg != nil || nested
	before := strings.TrimRight(d.b.String(), " ")
	d.b.Reset()
	d.put(before, "\nCASE")
	for _, w := range n.whens {
		d.put("\n    WHEN ")
		d.expr(w.cond, false)
		d.put(" THEN ")
		d.expr(w.result, true)
	}
	d.put("\n    ELSE ")
	if n.els != nil {
		d.expr(n.els, true)
	} else {
		d.put("NULL::", pgtypes.FormatTypmod(n.t, n.mod))
	}
	d.put("\nEND")
}

func (d *deparser) list(before string, args []expr, after string) {
	d.put(before)
	for i, a := range args {
		if i > 0 {
			d.put(", ")
		}
		d.expr(a, true)
	}
	d.put(after)
}

func (d *deparser) boolean(n *boolExpr) {
	d.wrapped(func() {
		for i, a := range n.args {
			if i > 0 {
				d.put(map[bool]string{true: " OR ", false: " AND "}[n.or])
			}
			d.operand(a, false, n)
		}
	})
}

func (d *deparser) call(n *callExpr, implicit bool) {
	switch {
	case n.op != "":
		d.wrapped(func() {
			right := n.args[len(n.args)-1]
			if len(n.args) == 2 {
				d.operand(n.args[0], true, n)
				d.put(" ")
			}
			d.put(n.op, " ")
			d.operand(right, true, n)
		})
	case n.cast:
		d.cast(n.args[0], n, n.implicit, implicit)
	default:
		name := parser.QuoteIdent(n.fn.Name)
		if n.fn.Schema != "pg_catalog" {
			name = n.fn.Schema + "." + name
		}
		d.unknown = d.unknown || n.variadic
		d.list(name+"(", n.args, ")")
	}
}

// cast is a conversion: arg::type, unless nobody wrote it and nobody wants to see it.
func (d *deparser) cast(arg, e expr, unasked, show bool) {
	if unasked && !show {
		d.operand(arg, false, e)
		return
	}
	if c, ok := arg.(*constExpr); ok && c.t == e.typ() && c.mod == -1 {
		d.constant(c, false)
	} else {
		d.wrapped(func() { d.operand(arg, false, e) })
	}
	d.put("::", pgtypes.FormatTypmod(e.typ(), e.typmod()))
}

// constant is get_const_expr, with its type where reading it back would give another.
func (d *deparser) constant(c *constExpr, label bool) {
	if c.v.IsNull() {
		d.put("NULL")
		if label {
			d.put("::", pgtypes.FormatTypmod(c.t, c.mod))
		}
		return
	}
	text := d.s.Style().TextOf(c.t, c.v)
	plain := false
	switch c.t {
	case pgtypes.Int4:
		plain = text[0] != '-'
	case pgtypes.Numeric:
		plain = text[0] >= '0' && text[0] <= '9' && strings.ContainsAny(text, "eE.")
	case pgtypes.Bool:
		plain, text = true, map[string]string{"t": "true", "f": "false"}[text]
	}
	if !plain {
		text = "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	d.put(text)
	if label && (!plain && c.t != pgtypes.Unknown || c.t == pgtypes.Numeric && c.mod >= 0) {
		d.put("::", pgtypes.FormatTypmod(c.t, c.mod))
	}
}

// simple is isSimpleNode: whether a part needs no parentheses in the pretty form.
func (d *deparser) simple(e, parent expr) bool {
	switch n := e.(type) {
	case *constExpr, *columnExpr, *arrayExpr, *coalesceExpr, *minMaxExpr, *valueFuncExpr, *nullIfExpr, *caseExpr:
		return true
	case *cellExpr:
		x := d.cells[n.slot]
		return x != nil && d.simple(x, parent)
	case *relabelExpr:
		return d.simple(n.arg, n)
	case *ioCastExpr:
		return d.simple(n.arg, n)
	case *callExpr:
		if n.op == "" {
			return true
		}
		if p, ok := parent.(*callExpr); ok && p.op != "" {
			return bindsTighter(n, p)
		}
		return separates(parent)
	case *nullTestExpr, *booleanTestExpr, *distinctExpr:
		return separates(parent)
	case *boolExpr:
		if p, ok := parent.(*boolExpr); ok {
			return !n.or || p.or
		}
		return separates(parent)
	case *notExpr:
		return separates(parent)
	}
	return false
}

// separates tells whether a node's parts stand between key words or in parentheses of
// its own.
func separates(parent expr) bool {
	switch p := parent.(type) {
	case *callExpr:
		return p.op == "" && !p.cast
	case *boolExpr, *arrayExpr, *coalesceExpr, *minMaxExpr, *nullIfExpr, *caseExpr:
		return true
	}
	return false
}

// bindsTighter: of operators on operators only + - and * / % are known.
func bindsTighter(n, parent *callExpr) bool {
	priority := func(c *callExpr) int {
		switch {
		case len(c.args) != 2 || len(c.op) != 1:
			return 0
		case strings.Contains("+-", c.op):
			return 1
		case strings.Contains("*/%", c.op):
			return 2
		}
		return 0
	}
	own, above := priority(n), priority(parent)
	switch {
	case own == 0 || above == 0, own < above:
		return false
	case own > above:
		return true
	}
	return parent.args[0] == expr(n)
}
