package session

import (
	"strings"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// createIndex is CREATE INDEX: it takes its name, and says what a constraint may need.
func (s *Session) createIndex(c *parser.CreateIndexStmt) (string, error) {
	const tag = "CREATE INDEX"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	if c.Concurrently {
		if err := s.outsideBlock("CREATE INDEX CONCURRENTLY"); err != nil {
			return "", err
		}
	}
	t, err := s.indexedTable(c.Table)
	if err != nil {
		return "", err
	}
	m := &tableMaker{s: s, table: t, taken: map[string]bool{}}
	index := &engine.Index{Schema: t.Schema, Name: c.Name, Table: t.OID, Unique: c.Unique, NullsNotDistinct: c.NullsNotDistinct,
		Method: c.Method}
	if c.Where != nil {
		index.Predicate = s.canonical(c.Where, c.WhereText, t)
	}
	if index.Method == "" {
		index.Method = "btree"
	}
	var names []string
	for i := range c.Elements {
		column, name, err := s.indexColumn(t, &c.Elements[i], index.Method)
		if err != nil {
			return "", err
		}
		index.Columns, names = append(index.Columns, column), append(names, name)
	}
	for _, name := range c.Include {
		_, n := t.Column(name)
		if n == 0 {
			return "", sqlstate.Errorf(sqlstate.UndefinedColumn, "column \"%s\" does not exist", name)
		}
		index.Include = append(index.Include, n)
		names = append(names, name)
	}
	if index.Name == "" {
		index.Name = m.choose(t.Name, strings.Join(names, "_"), "idx")
	} else if _, taken := s.db().Relation(t.Schema, index.Name); taken {
		if !c.IfNotExists {
			return "", engine.ErrRelationExists(index.Name)
		}
		s.notice(skipping(index.Name))
		return tag, nil
	}
	if err := s.claimName(t.Schema, index.Name); err != nil {
		return "", err
	}
	if index.OID, err = s.newOID(t.Persistence); err != nil {
		return "", err
	}
	return tag, s.changes().Put(index)
}

// indexColumn is a column of an index, with the name that the index may be called after.
func (s *Session) indexColumn(t *engine.Table, e *parser.IndexElem, method string) (c engine.IndexColumn, name string, err error) {
	c = engine.IndexColumn{Desc: e.Desc, NullsFirst: e.NullsFirst}
	typ, own := pgtypes.OID(pgtypes.Text), engine.OID(0)
	if name = e.Column; name != "" {
		var column *engine.Column
		if column, c.Number = t.Column(name); column == nil {
			return c, "", sqlstate.Errorf(sqlstate.UndefinedColumn, "column \"%s\" does not exist", name)
		}
		typ, own = pgtypes.OID(column.Type), column.Collation
	} else {
		c.Expression, name = strings.TrimSpace(e.Text), expressionName(e.Expr)
		if text, ok := query.CanonicalText(e.Expr, evaluator{s}, t, 0, -1); ok {
			c.Expression = text
			if !looksLikeFunction(e.Expr) {
				c.Expression = "(" + text + ")"
			}
		}
	}
	if e.Collation != nil {
		coll, err := query.ResolveCollation(e.Collation, typ, evaluator{s})
		if err != nil {
			return c, "", err
		}
		if coll != own {
			c.Collation = parser.QuoteIdent(e.Collation[len(e.Collation)-1])
		}
	}
	if e.OpClass != nil {
		class, err := query.ResolveOpClass(e.OpClass, method, typ)
		if err != nil {
			return c, "", err
		}
		if class != 0 {
			c.OpClass = parser.QuoteIdent(e.OpClass[len(e.OpClass)-1])
		}
	}
	return c, name, nil
}

// looksLikeFunction: such an expression needs no parentheses in an index.
func looksLikeFunction(x parser.Expr) bool {
	switch x.(type) {
	case *parser.FuncCall, *parser.CoalesceExpr, *parser.MinMaxExpr, *parser.SQLValueFunction:
		return true
	}
	return false
}

// expressionName is FigureIndexColname: what an index on an expression is called after.
func expressionName(x parser.Expr) string {
	if f, ok := x.(*parser.FuncCall); ok {
		return f.Name[len(f.Name)-1]
	}
	return "expr"
}

// renameIndex renames an index, and the constraint that it serves.
func (s *Session) renameIndex(i *engine.Index, name string) error {
	t, _ := s.db().TableByOID(i.Table)
	next := *i
	next.Name = name
	if c := t.Constraint(i.Name); c != nil && c.Index == i.OID && c.Kind != engine.ConstraintForeign {
		if t.Constraint(name) != nil {
			return sqlstate.Errorf(sqlstate.DuplicateObject, "constraint \"%s\" for relation \"%s\" already exists", name, t.Name)
		}
		table := t.Clone()
		table.Constraint(i.Name).Name = name
		if err := s.changes().Put(table); err != nil {
			return err
		}
	}
	return s.changes().Put(&next)
}

// setTablePersistence is SET LOGGED and UNLOGGED of a table; its sequences go along.
func (s *Session) setTablePersistence(found engine.Relation, p engine.Persistence) error {
	t, ok := found.(*engine.Table)
	if !ok {
		_, name := found.Where()
		return sqlstate.Errorf(sqlstate.WrongObjectType, "ALTER action SET %s cannot be performed on relation \"%s\"",
			map[engine.Persistence]string{engine.Permanent: "LOGGED", engine.Unlogged: "UNLOGGED"}[p], name).
			WithDetail("This operation is not supported for indexes.")
	}
	if t.Persistence == p {
		return nil
	}
	next := t.Clone()
	next.Persistence = p
	return s.changes().Put(next)
}

// indexedTable finds the table that CREATE INDEX is for.
func (s *Session) indexedTable(name parser.RangeVar) (*engine.Table, error) {
	found, err := s.findRelation(name, false)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, sqlstate.Errorf(sqlstate.UndefinedTable, "relation \"%s\" does not exist", qualified(name))
	}
	t, ok := found.(*engine.Table)
	if !ok {
		_, shown := found.Where()
		plural := map[engine.RelationKind]string{engine.KindSequence: "sequences", engine.KindIndex: "indexes"}
		return nil, sqlstate.Errorf(sqlstate.WrongObjectType, "cannot create index on relation \"%s\"", shown).
			WithDetail("This operation is not supported for %s.", plural[found.Kind()])
	}
	if err := s.mustOwnRelation(t); err != nil {
		return nil, err
	}
	if err := s.mayCreateIn(t.Schema); err != nil {
		return nil, err
	}
	return t, nil
}

// truncate is TRUNCATE: a table has no rows, but RESTART IDENTITY sets its sequences
// back, with the transaction (R12).
func (s *Session) truncate(c *parser.TruncateStmt) (string, error) {
	const tag = "TRUNCATE TABLE"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	var tables []*engine.Table
	for _, name := range c.Tables {
		found, err := s.findRelation(name, false)
		if err != nil {
			return "", err
		}
		if found == nil {
			return "", sqlstate.Errorf(sqlstate.UndefinedTable, "relation \"%s\" does not exist", qualified(name))
		}
		t, ok := found.(*engine.Table)
		if !ok {
			_, shown := found.Where()
			return "", sqlstate.Errorf(sqlstate.WrongObjectType, "\"%s\" is not a table", shown)
		}
		if err := s.allow(t.OID, acl.Truncate); err != nil {
			return "", err
		}
		tables = append(tables, t)
	}
	if !c.RestartIdentity {
		return tag, nil
	}
	for _, t := range tables {
		err := s.eachPart(t.OID, func(part engine.Relation) error {
			seq, ok := part.(*engine.Sequence)
			if !ok {
				return nil
			}
			if err := s.mustOwnRelation(seq); err != nil {
				return err
			}
			return s.restart(seq)
		})
		if err != nil {
			return "", err
		}
	}
	return tag, nil
}

// restart sets a sequence to its start, as RESTART does.
func (s *Session) restart(seq *engine.Sequence) error {
	return s.alterOptions(seq, []engine.Option{{Kind: engine.OptionRestart}})
}

// alterOptions changes options of a sequence that is found already.
func (s *Session) alterOptions(seq *engine.Sequence, options []engine.Option) error {
	seq, pos, err := s.lock(parser.RangeVar{Name: seq.Name}, seq, accessExclusive)
	if err != nil {
		return err
	}
	d, err := engine.AlterOptions(engine.Definition{Params: seq.Params, State: pos.State}, options)
	if err != nil {
		return err
	}
	s.forgetCached(seq.OID)
	return s.changes().AlterSequence(seq, d, pos)
}
