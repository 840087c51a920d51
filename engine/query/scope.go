package query

import (
	"slices"

	"seqd/engine"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// analyzer is one analysis of one statement.
type analyzer struct {
	s      Session
	params *params
	cells  int
	kept   int
	// subNames are the column names of scalar subqueries, for naming columns after them.
	subNames map[*parser.SubLink]string
	// reads are the relations that the statement itself names.
	reads []read
	// calls are the functions in it that not everybody may execute, those in views, too.
	calls []uint32
	// argNames are the parameters' names in the body of a function.
	argNames []string
	// lax: a function that is not served is an error only when it is called, as in
	// system views, which name all kinds of them.
	lax bool
	// recursing are the WITH RECURSIVE items under analysis, by their queries.
	recursing map[*parser.SelectStmt]*cte
	// repeats is how many expressions around the current one are analysed twice.
	repeats int
}

func (a *analyzer) newCell() int {
	a.cells++
	return a.cells - 1
}

// exprKind is where an expression stands (ParseExprKind), which decides what it
// may hold.
type exprKind byte

const (
	kindOther exprKind = iota
	kindTarget
	kindFromFunction
	kindWhere
	kindJoinOn
	kindGroupBy
	kindHaving
	kindOrderBy
	kindDistinctOn
	kindLimit
	kindOffset
	kindValues
	kindFilter
	kindAggregate // inside an aggregate's arguments
	kindWindow    // inside a window's definition
	kindWindowArgs
	kindExecute
)

// clause is the kind's name in messages (ParseExprKindName).
func (k exprKind) clause() string {
	switch k {
	case kindTarget:
		return "SELECT"
	case kindFromFunction:
		return "functions in FROM"
	case kindWhere:
		return "WHERE"
	case kindJoinOn:
		return "JOIN conditions"
	case kindGroupBy:
		return "GROUP BY"
	case kindHaving:
		return "HAVING"
	case kindOrderBy:
		return "ORDER BY"
	case kindDistinctOn:
		return "DISTINCT ON"
	case kindLimit:
		return "LIMIT"
	case kindOffset:
		return "OFFSET"
	case kindValues:
		return "VALUES"
	case kindFilter:
		return "FILTER"
	case kindWindow:
		return "window definitions"
	case kindExecute:
		return "EXECUTE parameters"
	}
	return "this context"
}

// scope is where an expression is analysed: a query level and a clause of it.
type scope struct {
	*level
	a    *analyzer
	kind exprKind
	// outerKind is where a window function stands, in its arguments.
	outerKind exprKind
}

func (s *scope) with(kind exprKind) *scope {
	return &scope{level: s.level, a: s.a, kind: kind}
}

// level is a query level in the making (ParseState).
type level struct {
	parent *level
	rels   []*relation // all relations of FROM, in order
	names  []*relation // the name space: what can be referred to now
	slots  int         // width of the row
	ctes   []*cte
	aggs   []*aggExpr
	srfs   []*callExpr
	wins   []*windowCall
	// windowDefs are those of the WINDOW clause.
	windowDefs []parser.WindowDef
	// reaches is how far out its expressions refer: 0 if nowhere.
	reaches int
	// near: they read a row of the level right around.
	near bool
}

// relation is a FROM item as the name space sees it (ParseNamespaceItem).
type relation struct {
	name    string      // alias or name
	relName string      // the name in the catalog
	noRow   bool        // a sequence: its row has no composite type
	schema  engine.OID  // of a relation that was not given an alias
	rowType pgtypes.OID // the composite type of its rows, 0: none
	columns []relColumn
	system  []relColumn
	// Visible as name.column, and as bare columns.
	relVisible, colVisible bool
	// lateralOnly: in a name space of an item to the right of it.
	lateralOnly bool
	lateralOK   bool
	join        bool
	// single: a function returning one scalar, which may stand for its whole row.
	scalar bool
	pos    parser.Pos
}

type relColumn struct {
	name     string
	typ      pgtypes.OID
	typmod   int32
	slot     int
	tableOID uint32
	attnum   int16
	// hidden: merged by USING, so not part of *; or a system column.
	hidden bool
	// shape are the fields of a row value, where they are known.
	shape []rowField
}

func (l *level) newSlots(n int) int {
	l.slots += n
	return l.slots - n
}

// refer notes that an expression of this level reads one n levels out.
func (l *level) refer(n int) {
	for ; n > 0; n-- {
		l.reaches = max(l.reaches, n)
		l.near = l.near || n == 1
		l = l.parent
	}
}

// referCTE is refer for a WITH item: its rows don't change with the rows of FROM.
func (l *level) referCTE(n int) {
	for ; n > 0; n-- {
		l.reaches = max(l.reaches, n)
		l = l.parent
	}
}

func columnNode(c *relColumn, r *relation, lvl int, at parser.Pos) *columnExpr {
	return &columnExpr{info: info{t: c.typ, mod: c.typmod, at: at}, level: lvl, slot: c.slot, rel: r, name: c.name, tableOID: c.tableOID, attnum: c.attnum, shape: c.shape}
}

func (r *relation) column(name string) *relColumn {
	for i := range r.columns {
		if r.columns[i].name == name {
			return &r.columns[i]
		}
	}
	for i := range r.system {
		if r.system[i].name == name {
			return &r.system[i]
		}
	}
	return nil
}

// bare finds a column by its name alone: one that USING merged is found in the
// join instead.
func (r *relation) bare(name string) *relColumn {
	c := r.column(name)
	if c != nil && c.hidden && c.attnum >= 0 {
		return nil
	}
	return c
}

// ambiguous tells whether a relation has two columns of that name.
func (r *relation) ambiguous(name string) bool {
	n := 0
	for i := range r.columns {
		if r.columns[i].name == name {
			n++
		}
	}
	return n > 1
}

// columnByName is colNameToVar: an unqualified column, innermost level first.
func (s *scope) columnByName(name string, at parser.Pos) (expr, error) {
	lvl := 0
	for l := s.level; l != nil; l = l.parent {
		var found *relation
		for _, r := range l.names {
			if !r.colVisible {
				continue
			}
			if r.bare(name) == nil {
				continue
			}
			if found != nil || r.ambiguous(name) {
				return nil, sqlstate.Errorf(sqlstate.AmbiguousColumn, `column reference "%s" is ambiguous`, name).At(int(at))
			}
			if err := checkLateral(r, at); err != nil {
				return nil, err
			}
			found = r
		}
		if found != nil {
			s.refer(lvl)
			return columnNode(found.bare(name), found, lvl, at), nil
		}
		lvl++
	}
	return nil, nil
}

func checkLateral(r *relation, at parser.Pos) error {
	if r.lateralOnly && !r.lateralOK {
		return sqlstate.Errorf(sqlstate.InvalidColumnReference, `invalid reference to FROM-clause entry for table "%s"`, r.name).
			WithDetail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.").At(int(at))
	}
	return nil
}

// relationByName is refnameNamespaceItem.
func (s *scope) relationByName(schema, name string, at parser.Pos) (*relation, int, error) {
	var schemaOID engine.OID
	if schema != "" {
		oid, ok := schemaByName(s.a.s, schema)
		if !ok {
			return nil, 0, nil
		}
		schemaOID = oid
	}
	lvl := 0
	for l := s.level; l != nil; l = l.parent {
		var found *relation
		for _, r := range l.names {
			if !r.relVisible || r.name != name || schema != "" && r.schema != schemaOID {
				continue
			}
			if found != nil {
				return nil, 0, sqlstate.Errorf(sqlstate.AmbiguousAlias, `table reference "%s" is ambiguous`, name).At(int(at))
			}
			if err := checkLateral(r, at); err != nil {
				return nil, 0, err
			}
			found = r
		}
		if found != nil {
			return found, lvl, nil
		}
		lvl++
	}
	return nil, 0, nil
}

// column analyses a.b.c (transformColumnRef).
func (s *scope) column(c *parser.ColumnRef) (expr, error) {
	fields := c.Fields
	switch len(fields) {
	case 1:
		e, err := s.columnByName(fields[0], c.Pos)
		if e != nil || err != nil {
			return e, err
		}
		r, lvl, err := s.relationByName("", fields[0], c.Pos)
		if err != nil {
			return nil, err
		}
		if r != nil {
			return s.wholeRow(r, lvl, c.Pos)
		}
		if i := slices.Index(s.a.argNames, fields[0]); i >= 0 {
			return s.param(&parser.ParamRef{Number: i + 1, Pos: c.Pos})
		}
		return nil, s.noColumn("", fields[0], c.Pos)
	case 2:
		return s.qualified("", fields[0], fields[1], c.Pos)
	case 3:
		return s.qualified(fields[0], fields[1], fields[2], c.Pos)
	case 4:
		if fields[0] != s.a.s.Database().Name {
			return nil, sqlstate.Errorf(sqlstate.FeatureNotSupported, "cross-database references are not implemented: %s", joinNames(fields)).At(int(c.Pos))
		}
		return s.qualified(fields[1], fields[2], fields[3], c.Pos)
	}
	return nil, sqlstate.Errorf(sqlstate.SyntaxError, "improper qualified name (too many dotted names): %s", joinNames(fields)).At(int(c.Pos))
}

func (s *scope) qualified(schema, rel, name string, at parser.Pos) (expr, error) {
	r, lvl, err := s.relationByName(schema, rel, at)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, s.noRelation(schema, rel, at)
	}
	if r.ambiguous(name) {
		return nil, sqlstate.Errorf(sqlstate.AmbiguousColumn, `column reference "%s" is ambiguous`, name).At(int(at))
	}
	c := r.column(name)
	if c == nil {
		if r.noRow { // it might be a function of the row
			return nil, noRowType(r)
		}
		return nil, s.noColumn(rel, name, at)
	}
	s.refer(lvl)
	return columnNode(c, r, lvl, at), nil
}

// noRelation is errorMissingRTE.
func (s *scope) noRelation(schema, rel string, at parser.Pos) error {
	for l := s.level; l != nil; l = l.parent {
		for _, r := range l.rels {
			if r.relName == rel && r.name != rel {
				return sqlstate.Errorf(sqlstate.UndefinedTable, `invalid reference to FROM-clause entry for table "%s"`, rel).
					WithHint(`Perhaps you meant to reference the table alias "%s".`, r.name).At(int(at))
			}
			if r.name == rel {
				return sqlstate.Errorf(sqlstate.UndefinedTable, `invalid reference to FROM-clause entry for table "%s"`, rel).
					WithHint(`There is an entry for table "%s", but it cannot be referenced from this part of the query.`, rel).At(int(at))
			}
		}
	}
	return sqlstate.Errorf(sqlstate.UndefinedTable, `missing FROM-clause entry for table "%s"`, rel).At(int(at))
}

// wholeRow is a relation's name as an expression: its row, or the value itself
// for a function in FROM that gives scalars.
func (s *scope) wholeRow(r *relation, lvl int, at parser.Pos) (expr, error) {
	s.refer(lvl)
	if r.noRow {
		return nil, noRowType(r)
	}
	if r.scalar {
		return columnNode(&r.columns[0], r, lvl, at), nil
	}
	row := &rowExpr{info: typed(pgtypes.Record, at)}
	if r.rowType != 0 {
		row.t = r.rowType
	}
	for i := range r.columns {
		row.args = append(row.args, columnNode(&r.columns[i], r, lvl, at))
		row.names = append(row.names, r.columns[i].name)
	}
	return row, nil
}

func noRowType(r *relation) error {
	return sqlstate.Errorf(sqlstate.WrongObjectType, `relation "%s" does not have a composite type`, r.relName)
}
