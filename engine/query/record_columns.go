package query

import (
	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// recordColumn is a column of a column definition list. Values are read as its type by
// the input function, and fitted to its length by a cast of the cell.
type recordColumn struct {
	typ  pgtypes.OID
	cell *cellExpr
	fit  expr
}

func (c *recordColumn) read(f *frame, text string) (value, error) {
	v, err := inputText(f.s, c.typ, text)
	if err != nil || v.IsNull() {
		return v, err
	}
	return c.fitted(f, v)
}

func (c *recordColumn) fitted(f *frame, v value) (value, error) {
	f.setCell(c.cell.slot, v)
	return c.fit.eval(f)
}

// definitionLists are the column definition lists of each function (transformRangeFunction).
func definitionLists(n *parser.RangeFunction, functions []parser.Expr) ([][]parser.ColumnDef, error) {
	if len(n.ColumnDefs) == 0 {
		return n.ItemColumnDefs, nil
	}
	at := int(n.ColumnDefs[0].Pos)
	refuse := func(message, hint string) error {
		e := sqlstate.New(sqlstate.SyntaxError, message).At(at)
		if hint != "" {
			e = e.WithHint("%s", hint)
		}
		return e
	}
	switch {
	case len(n.ItemColumnDefs) == 1 && len(n.ItemColumnDefs[0]) > 0:
		return nil, refuse("multiple column definition lists are not allowed for the same function", "")
	case len(functions) != 1 && n.RowsFrom:
		return nil, refuse("ROWS FROM() with multiple functions cannot have a column definition list",
			"Put a separate column definition list for each function inside ROWS FROM().")
	case len(functions) != 1:
		return nil, refuse("UNNEST() with multiple arguments cannot have a column definition list",
			"Use separate UNNEST() calls inside ROWS FROM(), and attach a column definition list to each one.")
	case n.Ordinality:
		return nil, refuse("WITH ORDINALITY cannot be used with a column definition list",
			"Put the column definition list inside ROWS FROM().")
	}
	return [][]parser.ColumnDef{n.ColumnDefs}, nil
}

// define gives a function that returns record its columns (addRangeTableEntryForFunction).
func (s *scope) define(e expr, defs []parser.ColumnDef) error {
	at := int(defs[0].Pos)
	c, ok := e.(*callExpr)
	switch {
	case ok && len(c.out) > 0 && c.fn.Result == pgtypes.Record:
		return sqlstate.New(sqlstate.SyntaxError, "a column definition list is redundant for a function with OUT parameters").At(at)
	case ok && isRow(e.typ()) && e.typ() != pgtypes.Record:
		return sqlstate.New(sqlstate.SyntaxError, "a column definition list is redundant for a function returning a named composite type").At(at)
	case !ok || e.typ() != pgtypes.Record:
		return sqlstate.New(sqlstate.SyntaxError, `a column definition list is only allowed for functions returning "record"`).At(at)
	}
	seen := map[string]bool{}
	for i := range defs {
		d := &defs[i]
		if d.Type.SetOf {
			return sqlstate.Errorf(sqlstate.InvalidTableDefinition, `column "%s" cannot be declared SETOF`, d.Name).At(int(d.Pos))
		}
		typ, mod, err := s.a.typeByName(&d.Type)
		if err != nil {
			return err
		}
		if seen[d.Name] {
			return sqlstate.Errorf(sqlstate.DuplicateColumn, `column name "%s" specified more than once`, d.Name)
		}
		seen[d.Name] = true
		if t, ok := pgtypes.TypeByOID(typ); ok && t.Kind == 'p' && typ != pgtypes.Record {
			return sqlstate.Errorf(sqlstate.InvalidTableDefinition, `column "%s" has pseudo-type %s`, d.Name, pgtypes.Format(typ))
		}
		column := recordColumn{typ: typ, cell: &cellExpr{info: typed(typ, 0), slot: s.a.newCell()}}
		if column.fit, err = s.a.applyTypmod(column.cell, typ, mod, coerceAssignment, 0, false); err != nil {
			return err
		}
		c.record = append(c.record, column)
		c.out = append(c.out, builtin.OutArg{Name: d.Name, Type: typ})
	}
	return nil
}
