package query

import (
	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// rowField is a field of a row value whose shape is known.
type rowField struct {
	name   string
	typ    pgtypes.OID
	typmod int32
}

// rowFields are the fields of an expression that is a row, nil if it is none or
// nobody knows them (lookup_rowtype_tupdesc, expandRecordVariable).
func (s *scope) rowFields(e expr) []rowField {
	switch n := e.(type) {
	case *rowExpr:
		out := make([]rowField, len(n.args))
		for i, a := range n.args {
			out[i] = rowField{"f" + itoa(i+1), a.typ(), a.typmod()}
			if n.names != nil {
				out[i].name = n.names[i]
			}
		}
		return out
	case *columnExpr:
		if n.shape != nil {
			return n.shape
		}
	case *srfExpr:
		return n.shape
	case *callExpr:
		if len(n.out) > 1 {
			return outShape(n.out)
		}
	case *sublinkExpr:
		if len(n.q.shapes) > 0 {
			return n.q.shapes[0]
		}
	}
	return compositeFields(e.typ())
}

func outShape(out []builtin.OutArg) []rowField {
	if len(out) < 2 {
		return nil
	}
	var fields []rowField
	for _, o := range out {
		fields = append(fields, rowField{o.Name, o.Type, -1})
	}
	return fields
}

// compositeFields are the columns of the relation whose row type this is.
func compositeFields(typ pgtypes.OID) []rowField {
	t, ok := pgtypes.TypeByOID(typ)
	if !ok || t.Relation == 0 {
		return nil
	}
	r, ok := builtin.RelationByOID(t.Relation)
	if !ok {
		return nil
	}
	out := make([]rowField, len(r.Columns))
	for i, c := range r.Columns {
		out[i] = rowField{c.Name, c.Type, c.Typmod}
	}
	return out
}

// isRow tells whether a type's values are rows.
func isRow(typ pgtypes.OID) bool {
	if typ == pgtypes.Record {
		return true
	}
	t, ok := pgtypes.TypeByOID(typ)
	return ok && t.Kind == 'c'
}

// field is (row).name.
func (s *scope) field(e expr, name string, n *parser.Indirection) (expr, error) {
	fields := s.rowFields(e)
	for i, f := range fields {
		if f.name == name {
			return &fieldExpr{info: info{t: f.typ, mod: f.typmod, at: e.pos()}, arg: e, index: i}, nil
		}
	}
	at := int(n.Arg.Location())
	switch {
	case e.typ() == pgtypes.Record:
		return nil, sqlstate.Errorf(sqlstate.UndefinedColumn, `could not identify column "%s" in record data type`, name).At(at)
	case fields != nil:
		return nil, sqlstate.Errorf(sqlstate.UndefinedColumn, `column "%s" not found in data type %s`, name, pgtypes.Format(e.typ())).At(at)
	}
	return nil, sqlstate.Errorf(sqlstate.WrongObjectType, `column notation .%s applied to type %s, which is not a composite type`,
		name, pgtypes.Format(e.typ())).At(at)
}

// rowStar spreads (row).*.
func (s *scope) rowStar(ind *parser.Indirection, out *targetList) error {
	inner := parser.Expr(&parser.Indirection{Arg: ind.Arg, Path: ind.Path[:len(ind.Path)-1], Pos: ind.Pos})
	if len(ind.Path) == 1 {
		inner = ind.Arg
	}
	e, err := s.expr(inner)
	if err != nil {
		return err
	}
	if row, ok := e.(*rowExpr); ok {
		for i, f := range s.rowFields(e) {
			out.items = append(out.items, target{name: f.name, e: row.args[i]})
		}
		return nil
	}
	fields := s.rowFields(e)
	if fields == nil {
		return sqlstate.Errorf(sqlstate.WrongObjectType, "type %s is not composite", pgtypes.Format(e.typ())).At(int(ind.Pos))
	}
	for i, f := range fields {
		out.items = append(out.items, target{name: f.name, e: &fieldExpr{info: info{t: f.typ, mod: f.typmod, at: e.pos()}, arg: e, index: i}})
	}
	return nil
}

// shapesOf are the shapes of a query's columns that are rows.
func (s *scope) shapesOf(targets []expr) [][]rowField {
	var out [][]rowField
	for i, e := range targets {
		if !isRow(e.typ()) {
			continue
		}
		if out == nil {
			out = make([][]rowField, len(targets))
		}
		out[i] = s.rowFields(e)
	}
	return out
}

// columnsOf are the columns that a subquery's result has in FROM.
func columnsOf(q *query, slot int) []relColumn {
	out := make([]relColumn, len(q.cols))
	for i, c := range q.cols {
		out[i] = relColumn{name: c.Name, typ: c.Type, typmod: c.Typmod, slot: slot + i, tableOID: uint32(c.TableOID), attnum: c.Attnum}
		if q.shapes != nil {
			out[i].shape = q.shapes[i]
		}
	}
	return out
}
