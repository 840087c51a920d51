package session

import (
	"slices"

	"seqd/engine"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// searchPath is the setting of that name, resolved against a catalog.
type searchPath struct {
	text      string
	catalog   *engine.Catalog
	effective []engine.OID // where names are looked for, pg_catalog included
	creation  engine.OID   // where new objects go; InvalidOID: nowhere
}

// resolvedPath resolves search_path, again only if it or the catalog changed.
func (s *Session) resolvedPath() *searchPath {
	text := s.inForce().searchPath
	catalog := s.catalog()
	if s.path.catalog == catalog && s.path.text == text {
		return &s.path
	}
	names, _ := parser.SplitIdentifierList(text) // checked when it was set
	var effective []engine.OID
	for _, name := range names {
		if name == "$user" {
			name = s.user.Name
		}
		if schema, ok := s.db().Schema(name); ok && !slices.Contains(effective, schema.OID) {
			effective = append(effective, schema.OID)
		}
	}
	s.path = searchPath{text: text, catalog: catalog, effective: effective}
	if len(effective) > 0 {
		s.path.creation = effective[0]
	}
	if !slices.Contains(effective, engine.PgCatalogNamespace) {
		s.path.effective = append([]engine.OID{engine.PgCatalogNamespace}, effective...)
	}
	return &s.path
}

// checkDatabase refuses a three-part name of another database (C12).
func (s *Session) checkDatabase(name parser.RangeVar) error {
	if name.Catalog == "" || name.Catalog == s.dbName {
		return nil
	}
	return sqlstate.Errorf(sqlstate.FeatureNotSupported,
		"cross-database references are not implemented: \"%s.%s.%s\"", name.Catalog, name.Schema, name.Name)
}

func errNoSchema(name string) *sqlstate.Error {
	return sqlstate.Errorf(sqlstate.InvalidSchemaName, "schema \"%s\" does not exist", name)
}

// lookAgain tells whether "does not exist" deserves a second look: the catalog has
// become newer by asking the leader for it, which a statement does once.
// seen is the catalog in which the name was not found.
func (s *Session) lookAgain(seen *engine.Catalog, err error) (bool, error) {
	switch sqlstate.CodeOf(err) {
	case sqlstate.UndefinedTable, sqlstate.InvalidSchemaName, sqlstate.UndefinedObject:
	default:
		return false, err
	}
	if !s.caughtUp {
		if err := s.backend.CatchUp(s.interrupt); err != nil {
			return false, s.explain(err)
		}
		s.caughtUp = true
	}
	return s.catalog() != seen, err
}

// lookedUp is what find gives, asked a second time if it misses a name and the
// catalog turns out to be behind the leader's.
func lookedUp[T any](s *Session, find func() (T, error)) (T, error) {
	seen := s.catalog()
	v, err := find()
	if err == nil {
		return v, nil
	}
	if again, err := s.lookAgain(seen, err); !again {
		return v, err
	}
	return find()
}

// successor finds the sequence that has the name of one which the leader says is
// gone: another node dropped and made it anew, and this one was behind when the
// name was looked up.
func (s *Session) successor(m *sequenceMemory, gone error) (engine.OID, error) {
	if sqlstate.CodeOf(gone) != sqlstate.UndefinedTable || s.tx.overlay != nil {
		return engine.InvalidOID, gone
	}
	if err := s.backend.CatchUp(s.interrupt); err != nil {
		return engine.InvalidOID, s.explain(err)
	}
	then, _ := m.seen.DatabaseByOID(s.database)
	old, ok := then.SequenceByOID(m.oid)
	if !ok {
		return engine.InvalidOID, gone
	}
	if next, ok := s.db().Sequence(old.Schema, old.Name); ok && next.OID != m.oid {
		return next.OID, nil
	}
	return engine.InvalidOID, gone
}

// findSequence looks a relation up as RangeVarGetRelid does; nil if there is
// none. A schema that does not exist is an error unless missingOK.
func (s *Session) findSequence(name parser.RangeVar, missingOK bool) (*engine.Sequence, error) {
	seen := s.catalog()
	seq, err := s.lookUp(name, missingOK)
	if seq != nil {
		return seq, err
	}
	missing := err
	if missing == nil {
		missing = sqlstate.New(sqlstate.UndefinedTable, "")
	}
	again, lookErr := s.lookAgain(seen, missing)
	switch {
	case again:
		return s.lookUp(name, missingOK)
	case lookErr != missing:
		return nil, lookErr
	}
	return nil, err
}

func (s *Session) lookUp(name parser.RangeVar, missingOK bool) (*engine.Sequence, error) {
	if err := s.checkDatabase(name); err != nil {
		return nil, err
	}
	if name.Schema == "" {
		for _, schema := range s.resolvedPath().effective {
			if seq, ok := s.db().Sequence(schema, name.Name); ok {
				return seq, nil
			}
		}
		return nil, nil
	}
	schema, ok := s.db().Schema(name.Schema)
	if !ok {
		if missingOK {
			return nil, nil
		}
		return nil, errNoSchema(name.Schema)
	}
	seq, _ := s.db().Sequence(schema.OID, name.Name)
	return seq, nil
}

// creationSchema is where an object of this name would be made.
func (s *Session) creationSchema(name parser.RangeVar) (engine.OID, error) {
	if err := s.checkDatabase(name); err != nil {
		return engine.InvalidOID, err
	}
	schema := s.resolvedPath().creation
	if name.Schema != "" {
		found, ok := s.db().Schema(name.Schema)
		if !ok {
			return engine.InvalidOID, errNoSchema(name.Schema)
		}
		schema = found.OID
	}
	if schema == engine.InvalidOID {
		return engine.InvalidOID, sqlstate.New(sqlstate.InvalidSchemaName, "no schema has been selected to create in")
	}
	return schema, nil
}

// qualified is a name as messages print it.
func qualified(name parser.RangeVar) string {
	if name.Schema == "" {
		return name.Name
	}
	return name.Schema + "." + name.Name
}
