package query

import (
	"sync"

	"seqd/engine"
	"seqd/engine/query/builtin"
	"seqd/engine/query/syscat"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// Relation is a virtual relation: something that can stand in FROM by its name.
type Relation interface {
	OID() engine.OID
	Schema() engine.OID
	Columns() []RelationColumn
	// RowType is the composite type of its rows, 0 if there is none.
	RowType() pgtypes.OID
	// Size is about how many rows there are.
	Size(s Session) int
	// Scan starts a pass over the rows.
	Scan(s Session) (Scan, error)
	// Indexed tells whether Lookup serves a column, from 0.
	Indexed(column int) bool
	// Lookup starts a pass over the rows whose column has a value.
	Lookup(s Session, column int, key pgtypes.Value) (Scan, error)
}

// RelationColumn is a column of a Relation.
type RelationColumn struct {
	Name   string
	Type   pgtypes.OID
	Typmod int32
	Attnum int16
}

// Scan yields the rows of a Relation: false at the end.
type Scan interface {
	Next(row []pgtypes.Value) (bool, error)
}

// unindexed is the part of a relation of few rows.
type unindexed struct{}

func (unindexed) RowType() pgtypes.OID { return 0 }
func (unindexed) Size(Session) int     { return 1 }
func (unindexed) Indexed(int) bool     { return false }
func (unindexed) Lookup(Session, int, pgtypes.Value) (Scan, error) {
	return nil, sqlstate.New(sqlstate.InternalError, "relation has no index")
}

// sequenceRelation is a sequence as a relation of one row.
type sequenceRelation struct {
	unindexed
	oid, schema engine.OID
	name        string
}

func (r *sequenceRelation) OID() engine.OID    { return r.oid }
func (r *sequenceRelation) Schema() engine.OID { return r.schema }

func (r *sequenceRelation) Columns() []RelationColumn {
	return []RelationColumn{{"last_value", pgtypes.Int8, -1, 1}, {"log_cnt", pgtypes.Int8, -1, 2}, {"is_called", pgtypes.Bool, -1, 3}}
}

type sequenceScan struct {
	r    *sequenceRelation
	s    Session
	done bool
}

func (r *sequenceRelation) Scan(s Session) (Scan, error) { return &sequenceScan{r: r, s: s}, nil }

func (sc *sequenceScan) Next(row []pgtypes.Value) (bool, error) {
	if sc.done {
		return false, nil
	}
	sc.done = true
	st, err := sc.s.SequenceState(sc.r.oid)
	if err != nil {
		return false, err
	}
	row[0], row[1], row[2] = pgtypes.NewInt(st.LastValue), pgtypes.NewInt(st.LogCount), pgtypes.NewBool(st.IsCalled)
	return true, nil
}

// emptyTable is a declared table: columns, and no rows, because seqd keeps none.
type emptyTable struct {
	unindexed
	t *engine.Table
}

func (r *emptyTable) OID() engine.OID    { return r.t.OID }
func (r *emptyTable) Schema() engine.OID { return r.t.Schema }
func (r *emptyTable) Size(Session) int   { return 0 }

func (r *emptyTable) Scan(Session) (Scan, error) { return rowsScan(noRows), nil }

func (r *emptyTable) Columns() []RelationColumn {
	var out []RelationColumn
	for i, c := range r.t.Columns {
		if !c.Dropped {
			out = append(out, RelationColumn{c.Name, pgtypes.OID(c.Type), c.Typmod, int16(i + 1)})
		}
	}
	return out
}

func noRows([]value) bool { return false }

// rowsScan is a catalog's rows as a Scan.
type rowsScan syscat.Rows

// Next implements Scan.
func (r rowsScan) Next(row []value) (bool, error) { return r(row), nil }

// catalogRelation is a system catalog.
type catalogRelation struct{ t *syscat.Table }

func (r catalogRelation) OID() engine.OID      { return engine.OID(r.t.Relation().OID) }
func (r catalogRelation) Schema() engine.OID   { return engine.OID(r.t.Relation().SchemaOID) }
func (r catalogRelation) RowType() pgtypes.OID { return r.t.Relation().RowType }
func (r catalogRelation) Size(s Session) int   { return r.t.Size(s) }
func (r catalogRelation) Indexed(c int) bool   { return r.t.Indexed(c) }

func (r catalogRelation) Scan(s Session) (Scan, error) { return rowsScan(r.t.Scan(s)), nil }

func (r catalogRelation) Lookup(s Session, c int, key value) (Scan, error) {
	return rowsScan(r.t.Lookup(s, c, key)), nil
}

func (r catalogRelation) Columns() []RelationColumn {
	var out []RelationColumn
	for i, c := range r.t.Relation().Columns {
		out = append(out, RelationColumn{c.Name, c.Type, c.Typmod, int16(i + 1)})
	}
	return out
}

// schemaByName finds a schema.
func schemaByName(s Session, name string) (engine.OID, bool) {
	sch, ok := s.Database().Schema(ownTemp(s, name))
	if !ok {
		return 0, false
	}
	return sch.OID, true
}

func deniedSchema(name string) *sqlstate.Error {
	return sqlstate.Errorf(sqlstate.InsufficientPrivilege, "permission denied for schema %s", name)
}

// ownTemp is the real name of the session's schema for temporary objects for pg_temp,
// and any other name as it is. A session that has one has it in its path.
func ownTemp(s Session, name string) string {
	if name != "pg_temp" {
		return name
	}
	for _, oid := range s.SearchPath() {
		if sch, ok := s.Database().SchemaByOID(oid); ok && engine.IsTemporary(oid) {
			return sch.Name
		}
	}
	return name
}

// rangeVar is a CTE or a relation of the catalog.
func (s *scope) rangeVar(n *parser.RangeVar) (source, []*relation, error) {
	if n.Schema == "" {
		if src, r, err := s.cteRef(n); r != nil || err != nil {
			return src, []*relation{r}, err
		}
	}
	v, view, err := s.lookupRelation(n)
	if err != nil {
		return nil, nil, err
	}
	if n.Sample {
		return nil, nil, unsupported("TABLESAMPLE", n.Pos)
	}
	// What a view reads is its owner's business: lax.
	if view != nil {
		if !s.a.lax {
			s.a.reads = append(s.a.reads, read{relation: engine.OID(view.OID)})
		}
		return s.view(n, view)
	}
	r := &relation{name: n.Name, relName: n.Name, schema: v.Schema(), rowType: v.RowType()}
	_, r.noRow = v.(*sequenceRelation)
	cols := v.Columns()
	base := s.newSlots(len(cols))
	for i, c := range cols {
		r.columns = append(r.columns, relColumn{name: c.Name, typ: c.Type, typmod: c.Typmod, slot: base + i,
			tableOID: uint32(v.OID()), attnum: c.Attnum})
	}
	src := &relationSource{rel: v, slot: base, width: len(cols), name: n.Name}
	r.system, src.system = s.systemColumns(v)
	if !s.a.lax {
		s.a.reads = append(s.a.reads, read{v.OID(), src})
	}
	if err := s.alias(r, n.Alias, n.Pos); err != nil {
		return nil, nil, err
	}
	src.alias = r.name
	return src, []*relation{r}, nil
}

// systemColumns are the columns that every table has beside its own.
func (s *scope) systemColumns(v Relation) ([]relColumn, int) {
	base := s.newSlots(len(systemAttributes))
	var out []relColumn
	for i, a := range systemAttributes {
		out = append(out, relColumn{name: a.name, typ: a.typ, typmod: -1, slot: base + i, tableOID: uint32(v.OID()), attnum: a.attnum, hidden: true})
	}
	return out, base
}

type systemAttribute struct {
	name   string
	typ    pgtypes.OID
	attnum int16
	v      value
}

// systemAttributes: rows have no versions here, so their values are those of a
// row that was there from the start.
var systemAttributes = []systemAttribute{
	{"tableoid", pgtypes.Oid, -6, value{}},
	{"ctid", pgtypes.TID, -1, pgtypes.NewText("(0,1)")},
	{"xmin", pgtypes.XID, -2, pgtypes.NewInt(1)},
	{"cmin", pgtypes.CID, -3, pgtypes.NewInt(0)},
	{"xmax", pgtypes.XID, -4, pgtypes.NewInt(0)},
	{"cmax", pgtypes.CID, -5, pgtypes.NewInt(0)},
}

// lookupRelation finds a relation by name, or a system view: 42P01 if there is none.
func (s *scope) lookupRelation(n *parser.RangeVar) (Relation, *builtin.Relation, error) {
	se := s.a.s
	if n.Catalog != "" && n.Catalog != se.Database().Name {
		return nil, nil, sqlstate.Errorf(sqlstate.FeatureNotSupported, `cross-database references are not implemented: "%s.%s.%s"`,
			n.Catalog, n.Schema, n.Name).At(int(n.Pos))
	}
	path := se.SearchPath()
	if n.Schema != "" {
		oid, ok := schemaByName(se, n.Schema)
		if !ok {
			return nil, nil, sqlstate.Errorf(sqlstate.UndefinedTable, `relation "%s.%s" does not exist`, n.Schema, n.Name).At(int(n.Pos))
		}
		if !se.MayUse(oid) {
			return nil, nil, deniedSchema(n.Schema).At(int(n.Pos))
		}
		path = []engine.OID{oid}
	}
	for _, schema := range path {
		if rel, view := relationIn(se, schema, n.Name); rel != nil || view != nil {
			if view != nil && view.Kind != 'v' {
				what := map[byte]string{'i': "an index", 'c': "a composite type"}[view.Kind]
				if view.Kind == 't' {
					return nil, nil, unsupported("reading a TOAST table", n.Pos)
				}
				return nil, nil, sqlstate.Errorf(sqlstate.WrongObjectType, `"%s" is %s`, n.Name, what).At(int(n.Pos))
			}
			return rel, view, nil
		}
	}
	_, err := findSequence(se, n.Schema, n.Name)
	if err == nil {
		err = sqlstate.New(sqlstate.InternalError, "relation vanished")
	}
	return nil, nil, withPos(err, n.Pos)
}

// relationIn finds a relation in one schema.
func relationIn(s Session, schema engine.OID, name string) (Relation, *builtin.Relation) {
	if r, ok := s.Database().Relation(schema, name); ok {
		switch r := r.(type) {
		case *engine.Sequence:
			return &sequenceRelation{oid: r.OID, schema: r.Schema, name: r.Name}, nil
		case *engine.Table:
			return &emptyTable{t: r}, nil
		}
		return nil, &builtin.Relation{Kind: byte(r.Kind()), Name: name}
	}
	for _, known := range []string{"pg_catalog", "information_schema", "pg_toast"} {
		r, ok := builtin.FindRelation(known, name)
		if !ok || engine.OID(r.SchemaOID) != schema {
			continue
		}
		if t, ok := syscat.ByOID(engine.OID(r.OID)); ok {
			return catalogRelation{t}, nil
		}
		return nil, r
	}
	return nil, nil
}

// viewQueries are the views' definitions, parsed once.
var viewQueries sync.Map // *builtin.Relation → *parser.SelectStmt

func viewQuery(v *builtin.Relation) (*parser.SelectStmt, error) {
	if q, ok := viewQueries.Load(v); ok {
		return q.(*parser.SelectStmt), nil
	}
	res, err := parser.Parse(v.Definition)
	if err != nil {
		return nil, sqlstate.Errorf(sqlstate.InternalError, "definition of %s: %v", v.Name, err)
	}
	stmt, ok := res.Stmts[0].Stmt.(*parser.SelectStmt)
	if !ok {
		return nil, sqlstate.Errorf(sqlstate.InternalError, "definition of %s is no query", v.Name)
	}
	viewQueries.Store(v, stmt)
	return stmt, nil
}

// catalogSession is a session as the definitions of views and functions see it:
// they mean what pg_catalog has, whatever the user's search path.
type catalogSession struct{ Session }

// SearchPath implements Session.
func (catalogSession) SearchPath() []engine.OID { return []engine.OID{engine.PgCatalogNamespace} }

// asCatalog runs f with names resolved as in a system view.
func (a *analyzer) asCatalog(f func() error) error {
	outer, lax := a.s, a.lax
	if _, ok := outer.(catalogSession); !ok {
		a.s = catalogSession{outer}
	}
	a.lax = true
	defer func() { a.s, a.lax = outer, lax }()
	return f()
}

// view is a system view: its query, with the view's name and columns.
func (s *scope) view(n *parser.RangeVar, v *builtin.Relation) (source, []*relation, error) {
	stmt, err := viewQuery(v)
	if err != nil {
		return nil, nil, err
	}
	var q *query
	if err := s.a.asCatalog(func() (err error) { q, err = s.a.query(stmt, nil); return err }); err != nil {
		return nil, nil, err
	}
	src := &subquerySource{q: q, slot: s.newSlots(len(q.cols)), alias: n.Name}
	r := &relation{name: n.Name, relName: n.Name, schema: engine.OID(v.SchemaOID), rowType: v.RowType}
	r.columns = columnsOf(q, src.slot)
	for i := range r.columns {
		r.columns[i].tableOID, r.columns[i].attnum = v.OID, int16(i+1)
	}
	if err := s.alias(r, n.Alias, n.Pos); err != nil {
		return nil, nil, err
	}
	return src, []*relation{r}, nil
}
