package session

import (
	"strings"

	"seqd/engine"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// comment is COMMENT ON.
func (s *Session) comment(c *parser.CommentStmt) (string, error) {
	const tag = "COMMENT"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	// A database that is not there may be commented on in a restored dump.
	if c.Object == parser.ObjectDatabase {
		if _, ok := s.catalog().Database(c.Name[0]); !ok {
			s.notice(sqlstate.Warningf(sqlstate.InvalidCatalogName, "database \"%s\" does not exist", c.Name[0]))
			return tag, nil
		}
	}
	class, oid, column, err := s.commented(c)
	if err != nil {
		return "", err
	}
	if c.Comment == nil || *c.Comment == "" {
		return tag, s.changes().Drop(engine.CommentKey(class, oid, column))
	}
	return tag, s.changes().Put(&engine.Comment{Class: class, OID: oid, Column: column, Text: *c.Comment})
}

// commented finds what a comment is about.
func (s *Session) commented(c *parser.CommentStmt) (class engine.Class, oid engine.OID, column int32, err error) {
	switch c.Object {
	case parser.ObjectSchema:
		schema, err := s.schemaToChange(c.Name[0])
		if err != nil {
			return 0, 0, 0, err
		}
		return engine.ClassSchema, schema.OID, 0, s.mustOwn(schema.Owner, "schema", schema.Name)
	case parser.ObjectDatabase:
		db, _ := s.catalog().Database(c.Name[0])
		return engine.ClassDatabase, db.OID, 0, s.mustOwn(db.Owner, "database", db.Name)
	case parser.ObjectRole:
		role, err := s.role(parser.RoleSpec{Name: c.Name[0]})
		if err != nil {
			return 0, 0, 0, err
		}
		return engine.ClassRole, role.OID, 0, s.mustOwnRole(role)
	case parser.ObjectColumn:
		return s.commentedColumn(c.Name)
	case parser.ObjectConstraint:
		return s.commentedConstraint(c.Name[0], c.On)
	case parser.ObjectSequence, parser.ObjectTable, parser.ObjectIndex, parser.ObjectView:
		r, err := s.relationNamed(c.Name)
		if err != nil {
			return 0, 0, 0, err
		}
		if !isOf(r, c.Object) {
			return 0, 0, 0, notOf(r, c.Object)
		}
		return engine.ClassRelation, r.Key().OID, 0, s.mustOwnRelation(r)
	}
	return 0, 0, 0, sqlstate.Errorf(sqlstate.UndefinedObject, "%s \"%s\" does not exist", c.Object, c.Name[0])
}

// relationNamed finds a relation of any kind by the parts of its name.
func (s *Session) relationNamed(names []string) (engine.Relation, error) {
	name, err := rangeVar(names)
	if err != nil {
		return nil, err
	}
	return lookedUp(s, func() (engine.Relation, error) {
		if err := s.checkDatabase(name); err != nil {
			return nil, err
		}
		if err := s.mayLookIn(name.Schema); err != nil {
			return nil, err
		}
		if r, ok := s.lookUpRelation(name); ok {
			return r, nil
		}
		if name.Schema != "" {
			if _, ok := s.schemaNamed(name.Schema); !ok {
				return nil, errNoSchema(name.Schema)
			}
		}
		if r, ok := query.SystemRelation(name.Schema, name.Name); ok {
			return nil, sqlstate.Errorf(sqlstate.InsufficientPrivilege, "permission denied: \"%s\" is a system catalog", r.Name)
		}
		return nil, sqlstate.Errorf(sqlstate.UndefinedTable, "relation \"%s\" does not exist", qualified(name))
	})
}

// lookUpRelation finds a relation of any kind, by its schema or along the search path.
func (s *Session) lookUpRelation(name parser.RangeVar) (engine.Relation, bool) {
	if name.Schema != "" {
		schema, ok := s.schemaNamed(name.Schema)
		if !ok {
			return nil, false
		}
		return s.db().Relation(schema.OID, name.Name)
	}
	for _, schema := range s.resolvedPath().effective {
		if r, ok := s.db().Relation(schema, name.Name); ok {
			return r, true
		}
	}
	return nil, false
}

// rangeVar is a name of one to three parts (makeRangeVarFromNameList).
func rangeVar(names []string) (parser.RangeVar, error) {
	switch len(names) {
	case 1:
		return parser.RangeVar{Name: names[0]}, nil
	case 2:
		return parser.RangeVar{Schema: names[0], Name: names[1]}, nil
	case 3:
		return parser.RangeVar{Catalog: names[0], Schema: names[1], Name: names[2]}, nil
	}
	return parser.RangeVar{}, sqlstate.Errorf(sqlstate.SyntaxError,
		"improper relation name (too many dotted names): %s", strings.Join(names, "."))
}

func isOf(r engine.Relation, object parser.ObjectType) bool {
	return kindName(r.Kind()) == string(object)
}

// notOf is the error for a relation of another kind.
func notOf(r engine.Relation, object parser.ObjectType) *sqlstate.Error {
	_, name := r.Where()
	return sqlstate.Errorf(sqlstate.WrongObjectType, "\"%s\" is not %s", name, withArticle(string(object)))
}

func (s *Session) commentedColumn(names []string) (engine.Class, engine.OID, int32, error) {
	if len(names) < 2 {
		return 0, 0, 0, sqlstate.New(sqlstate.SyntaxError, "column name must be qualified")
	}
	r, err := s.relationNamed(names[:len(names)-1])
	if err != nil {
		return 0, 0, 0, err
	}
	column := names[len(names)-1]
	_, name := r.Where()
	if table, ok := r.(*engine.Table); ok {
		if _, number := table.Column(column); number > 0 {
			return engine.ClassRelation, table.OID, int32(number), s.mustOwn(table.Owner, "relation", table.Name)
		}
	}
	if !hasColumn(r, column) {
		return 0, 0, 0, sqlstate.Errorf(sqlstate.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", column, name)
	}
	err = sqlstate.Errorf(sqlstate.WrongObjectType, "cannot set comment on relation \"%s\"", name).
		WithDetail("This operation is not supported for %s.", pluralOf(r))
	return 0, 0, 0, err
}

// hasColumn tells whether a relation that is no table has a column.
func hasColumn(r engine.Relation, column string) bool {
	switch column {
	case "last_value", "log_cnt", "is_called":
		return r.Kind() == engine.KindSequence
	}
	return false
}

func pluralOf(r engine.Relation) string {
	if r.Kind() == engine.KindIndex {
		return "indexes"
	}
	return kindName(r.Kind()) + "s"
}

func (s *Session) commentedConstraint(name string, on []string) (engine.Class, engine.OID, int32, error) {
	r, err := s.relationNamed(on)
	if err != nil {
		return 0, 0, 0, err
	}
	_, relation := r.Where()
	if table, ok := r.(*engine.Table); ok {
		if c := table.Constraint(name); c != nil {
			return engine.ClassConstraint, c.OID, 0, s.mustOwn(table.Owner, "relation", table.Name)
		}
	}
	return 0, 0, 0, sqlstate.Errorf(sqlstate.UndefinedObject, "constraint \"%s\" for table \"%s\" does not exist", name, relation)
}
