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
	role      *engine.Role
	catalog   *engine.Catalog
	effective []engine.OID // where names are looked for, pg_catalog included
	creation  engine.OID   // where new objects go; InvalidOID: nowhere
	temporary bool         // … or among the temporary ones: pg_temp comes first
}

// resolvedPath resolves search_path, again only if it or the catalog changed.
func (s *Session) resolvedPath() *searchPath {
	text := s.inForce().searchPath
	catalog, role := s.catalog(), s.currentRole()
	if s.path.catalog == catalog && s.path.text == text && s.path.role == role {
		return &s.path
	}
	names, _ := parser.SplitIdentifierList(text) // checked when it was set
	s.path = searchPath{text: text, role: role, catalog: catalog}
	p := &s.path
	if s.within != engine.InvalidOID {
		p.effective = append(p.effective, s.within)
	}
	for i, name := range names {
		if name == "$user" {
			name = role.Name
		}
		if name == tempSchema && i == 0 && len(p.effective) == 0 {
			p.temporary = true // made when something is to be created in it
		}
		if schema, ok := s.schemaNamed(name); ok && s.mayUse(schema) && !slices.Contains(p.effective, schema.OID) {
			p.effective = append(p.effective, schema.OID)
		}
	}
	if len(p.effective) > 0 {
		p.creation = p.effective[0]
	}
	// What is not named comes first: temporary objects, then pg_catalog.
	for _, first := range []engine.OID{engine.PgCatalogNamespace, s.temp.Schema()} {
		if first != engine.InvalidOID && !slices.Contains(p.effective, first) {
			p.effective = append([]engine.OID{first}, p.effective...)
		}
	}
	return p
}

// tempSchema is the name by which every session calls its own temporary objects.
const tempSchema = "pg_temp"

// schemaNamed finds a schema by its name; pg_temp is the session's own, if it has
// temporary objects.
func (s *Session) schemaNamed(name string) (*engine.Schema, bool) {
	if own := s.temp.Schema(); name == tempSchema && own != engine.InvalidOID {
		return s.db().SchemaByOID(own)
	}
	return s.db().Schema(name)
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

// findRelation looks a relation up as RangeVarGetRelid does; nil if there is
// none. A schema that does not exist is an error unless missingOK.
func (s *Session) findRelation(name parser.RangeVar, missingOK bool) (engine.Relation, error) {
	seen := s.catalog()
	found, err := s.lookUp(name, missingOK)
	if found != nil {
		return found, err
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

func (s *Session) lookUp(name parser.RangeVar, missingOK bool) (engine.Relation, error) {
	if err := s.checkDatabase(name); err != nil {
		return nil, err
	}
	if name.Schema == "" {
		for _, schema := range s.resolvedPath().effective {
			if found, ok := s.db().Relation(schema, name.Name); ok {
				s.tx.temporary = s.tx.temporary || engine.IsTemporary(schema)
				return found, nil
			}
		}
		return nil, nil
	}
	schema, ok := s.schemaNamed(name.Schema)
	if !ok {
		if missingOK {
			return nil, nil
		}
		return nil, errNoSchema(name.Schema)
	}
	if !s.mayUse(schema) {
		return nil, deniedSchema(schema.Name)
	}
	s.tx.temporary = s.tx.temporary || engine.IsTemporary(schema.OID)
	found, ok := s.db().Relation(schema.OID, name.Name)
	if !ok {
		return nil, nil
	}
	return found, nil
}

// shownName is a relation's name as messages about dependencies show it: with its
// schema unless the search path finds it.
func (s *Session) shownName(r engine.Relation) string {
	schema, name := r.Where()
	for _, oid := range s.resolvedPath().effective {
		if found, ok := s.db().Relation(oid, name); ok {
			if found.Key() == r.Key() {
				return parser.QuoteIdent(name)
			}
			break
		}
	}
	n, _ := s.db().SchemaByOID(schema)
	return parser.QuoteIdent(n.Name) + "." + parser.QuoteIdent(name)
}

// kindName is how messages call a kind of relation.
func kindName(k engine.RelationKind) string {
	switch k {
	case engine.KindTable:
		return "table"
	case engine.KindIndex:
		return "index"
	}
	return "sequence"
}

// creation is where an object of this name would be made, with which persistence: in
// the temporary schema everything is temporary.
func (s *Session) creation(name parser.RangeVar, persistence parser.Persistence) (engine.OID, engine.Persistence, error) {
	schema, err := s.creationSchema(name, persistence == parser.Temporary)
	if err != nil {
		return schema, 0, err
	}
	if temp := s.temp.Schema(); temp == engine.InvalidOID || schema != temp {
		return schema, engine.Persistence(persistence), nil
	}
	if persistence == parser.Unlogged {
		return schema, 0, sqlstate.New(sqlstate.InvalidTableDefinition, "only temporary relations may be created in temporary schemas")
	}
	return schema, engine.Temporary, nil
}

// creationSchema is PostgreSQL's RangeVarGetCreationNamespace.
func (s *Session) creationSchema(name parser.RangeVar, temporary bool) (engine.OID, error) {
	if err := s.checkDatabase(name); err != nil {
		return engine.InvalidOID, err
	}
	switch {
	case temporary && name.Schema != "" && name.Schema != tempSchema && !s.isOwnTemp(name.Schema):
		return engine.InvalidOID, sqlstate.New(sqlstate.InvalidTableDefinition, "cannot create temporary relation in non-temporary schema")
	case temporary, name.Schema == tempSchema, name.Schema == "" && s.resolvedPath().temporary:
		return s.makeTemp()
	case name.Schema != "":
		found, ok := s.db().Schema(name.Schema)
		if !ok {
			return engine.InvalidOID, errNoSchema(name.Schema)
		}
		return found.OID, s.mayCreateIn(found.OID)
	}
	if schema := s.resolvedPath().creation; schema != engine.InvalidOID {
		return schema, s.mayCreateIn(schema)
	}
	return engine.InvalidOID, sqlstate.New(sqlstate.InvalidSchemaName, "no schema has been selected to create in")
}

// qualified is a name as messages print it.
func qualified(name parser.RangeVar) string {
	if name.Schema == "" {
		return name.Name
	}
	return name.Schema + "." + name.Name
}
