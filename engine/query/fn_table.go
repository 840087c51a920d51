package query

import (
	"strings"

	"seqd/engine"
	"seqd/engine/query/scalar"
	"seqd/engine/query/syscat"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	register(map[string]envFunc{
		"pg_get_expr":            expressionText,
		"pg_get_expr_ext":        expressionText,
		"pg_get_serial_sequence": serialSequence,
	})
}

// expressionText is pg_get_expr: an expression is kept as its text.
func expressionText(f *frame, _ *callExpr, a []value) (value, error) {
	t, known := f.s.Database().TableByOID(engine.OID(a[1].OID()))
	pretty := known && len(a) > 2 && a[2].Bool()
	list := syscat.TreeList(a[0].Text())
	for i, tree := range list {
		if pretty && !syscat.HasMark(tree) {
			list[i] = PrettyText(tree, f.s, t)
			continue
		}
		list[i] = syscat.TreeText(tree, func(seq engine.OID) string {
			return scalar.QuoteLiteral(relationDisplay(f.s, seq)) + "::regclass"
		})
	}
	return pgtypes.NewText(strings.Join(list, ", ")), nil
}

// tableIndexDefinition is pg_get_indexdef of a declared table's index.
func tableIndexDefinition(s Session, ix *engine.Index, column int64, pretty bool) (value, error) {
	t, ok := s.Database().TableByOID(ix.Table)
	if !ok {
		return value{}, nil
	}
	var cols []string
	for _, c := range ix.Columns {
		cols = append(cols, indexColumn(s, t, &c, column == 0, pretty))
	}
	if column != 0 {
		for _, n := range ix.Include {
			cols = append(cols, columnList(t, []int16{n}))
		}
		if column < 0 || column > int64(len(cols)) {
			return pgtypes.NewText(""), nil
		}
		return pgtypes.NewText(cols[column-1]), nil
	}
	table := relationDisplay(s, t.OID)
	if !pretty {
		schema, _ := schemaName(s, t.Schema)
		table = parser.QuoteIdent(schema) + "." + parser.QuoteIdent(t.Name)
	}
	def := "CREATE "
	if ix.Unique {
		def += "UNIQUE "
	}
	def += "INDEX " + parser.QuoteIdent(ix.Name) + " ON " + table + " USING " + ix.Method + " (" + strings.Join(cols, ", ") + ")"
	if len(ix.Include) > 0 {
		def += " INCLUDE (" + columnList(t, ix.Include) + ")"
	}
	if ix.NullsNotDistinct {
		def += " NULLS NOT DISTINCT"
	}
	if ix.Predicate != "" {
		def += " WHERE " + shown(ix.Predicate, s, t, pretty)
	}
	return pgtypes.NewText(def), nil
}

// shown is an expression of a table as a definition shows it.
func shown(text string, s Session, t *engine.Table, pretty bool) string {
	if !pretty {
		return text
	}
	return PrettyText(text, s, t)
}

func indexColumn(s Session, t *engine.Table, c *engine.IndexColumn, full, pretty bool) string {
	text := c.Expression
	if p := shown(text, s, t, pretty && text != ""); p != text && text[0] == '(' {
		text = "(" + p + ")"
	} else {
		text = p
	}
	if col := t.ColumnAt(c.Number); col != nil {
		text = parser.QuoteIdent(col.Name)
	}
	if !full {
		return text
	}
	if c.Collation != "" {
		text += " COLLATE " + c.Collation
	}
	if c.OpClass != "" {
		text += " " + c.OpClass
	}
	if c.Desc {
		text += " DESC"
	}
	if c.NullsFirst != c.Desc { // not the default of the direction
		text += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[c.NullsFirst]
	}
	return text
}

func columnList(t *engine.Table, numbers []int16) string {
	var out []string
	for _, n := range numbers {
		if c := t.ColumnAt(n); c != nil {
			out = append(out, parser.QuoteIdent(c.Name))
		}
	}
	return strings.Join(out, ", ")
}

// findConstraint finds a constraint of a declared table.
func findConstraint(s Session, oid engine.OID) (t *engine.Table, c *engine.Constraint) {
	s.Database().Tables(func(table *engine.Table) bool {
		if c = table.ConstraintByOID(oid); c != nil {
			t = table
		}
		return c == nil
	})
	return t, c
}

var keyActions = map[byte]string{'r': "RESTRICT", 'c': "CASCADE", 'n': "SET NULL", 'd': "SET DEFAULT"}

// tableConstraint is pg_get_constraintdef of a declared table's constraint.
func tableConstraint(s Session, t *engine.Table, c *engine.Constraint, pretty bool) string {
	def := ""
	switch c.Kind {
	case engine.ConstraintPrimary:
		def = "PRIMARY KEY (" + columnList(t, c.Columns) + ")"
	case engine.ConstraintUnique:
		def = "UNIQUE "
		if ix, ok := s.Database().IndexByOID(c.Index); ok && ix.NullsNotDistinct {
			def += "NULLS NOT DISTINCT "
		}
		def += "(" + columnList(t, c.Columns) + ")"
	case engine.ConstraintForeign:
		def = "FOREIGN KEY (" + columnList(t, c.Columns) + ") REFERENCES " + relationDisplay(s, c.References)
		if ref, ok := s.Database().TableByOID(c.References); ok {
			def += "(" + columnList(ref, c.ReferencedColumns) + ")"
		}
		if c.Match == 'f' {
			def += " MATCH FULL"
		}
		if a := keyActions[c.OnUpdate]; a != "" {
			def += " ON UPDATE " + a
		}
		if a := keyActions[c.OnDelete]; a != "" {
			def += " ON DELETE " + a
		}
	case engine.ConstraintCheck:
		def = "CHECK (" + shown(c.Check, s, t, pretty) + ")"
		if c.NoInherit {
			def += " NO INHERIT"
		}
	}
	if c.Deferrable {
		def += " DEFERRABLE"
	}
	if c.Deferred {
		def += " INITIALLY DEFERRED"
	}
	if c.NotValid {
		def += " NOT VALID"
	}
	return def
}

// serialSequence is pg_get_serial_sequence(table, column): the sequence that the
// column owns.
func serialSequence(f *frame, _ *callExpr, a []value) (value, error) {
	oid, err := resolveClass(f.s, a[0].Text())
	if err != nil {
		return value{}, err
	}
	_, name, _ := relationByOID(f.s, oid)
	column := a[1].Text()
	missing := sqlstate.Errorf(sqlstate.UndefinedColumn, `column "%s" of relation "%s" does not exist`, column, name)
	t, ok := f.s.Database().TableByOID(oid)
	if !ok {
		for _, c := range columnNames(f.s, oid) {
			if c == column {
				return value{}, nil
			}
		}
		return value{}, missing
	}
	_, number := t.Column(column)
	if number == 0 {
		return value{}, missing
	}
	out := value{}
	f.s.Database().OwnedSequences(oid, func(s *engine.Sequence) bool {
		if s.OwnedBy.Column != number {
			return true
		}
		schema, _ := schemaName(f.s, s.Schema)
		out = pgtypes.NewText(parser.QuoteIdent(schema) + "." + parser.QuoteIdent(s.Name))
		return false
	})
	return out, nil
}
