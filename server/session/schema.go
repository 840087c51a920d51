package session

import (
	"slices"
	"strings"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// createSchema is CREATE SCHEMA: the schema, and then its elements as if they were
// statements of their own with the schema first in the search path.
func (s *Session) createSchema(c *parser.CreateSchemaStmt) (string, error) {
	const tag = "CREATE SCHEMA"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	owner := s.currentRole()
	if c.Authorization != nil {
		var err error
		if owner, err = s.role(*c.Authorization); err != nil {
			return "", err
		}
	}
	name := c.Name
	if name == "" {
		name = owner.Name
	}
	if err := s.mayOnDatabase(acl.Create, deniedDatabase); err != nil {
		return "", err
	}
	if err := s.mustBeMember(owner); err != nil {
		return "", err
	}
	if err := checkSchemaName(name); err != nil {
		return "", err
	}
	if _, taken := s.db().Schema(name); taken {
		if c.IfNotExists {
			s.notice(sqlstate.Noticef(sqlstate.DuplicateSchema, "schema \"%s\" already exists, skipping", name))
			return tag, nil
		}
		return "", engine.ErrExists(engine.ClassSchema, name)
	}
	oid, err := s.newOID(engine.Permanent)
	if err != nil {
		return "", err
	}
	list, err := s.newACL(owner.OID, engine.InvalidOID, acl.Schema)
	if err != nil {
		return "", err
	}
	schema := &engine.Schema{OID: oid, Name: name, Owner: owner.OID, ACL: list}
	if err := s.changes().Put(schema); err != nil {
		return "", err
	}
	if len(c.Elements) > 0 { // they are the owner's
		defer func(outer *engine.Role) { s.acting = outer }(s.acting)
		s.acting = owner
	}
	return tag, s.createElements(c.Elements, oid, name)
}

// checkSchemaName refuses names that are the system's.
func checkSchemaName(name string) error {
	if !strings.HasPrefix(name, "pg_") {
		return nil
	}
	return sqlstate.Errorf(sqlstate.ReservedName, "unacceptable schema name \"%s\"", name).
		WithDetail("The prefix \"pg_\" is reserved for system schemas.")
}

// elementOrder is the order in which PostgreSQL makes the elements of a schema,
// whatever order they are written in.
func elementOrder(stmt parser.Statement) int {
	switch stmt.(type) {
	case *parser.CreateSequenceStmt:
		return 1
	case *parser.CreateTableStmt:
		return 2
	case *parser.CreateIndexStmt:
		return 4
	case *parser.GrantStmt:
		return 6
	}
	return 3
}

func (s *Session) createElements(elements []parser.RawStmt, schema engine.OID, name string) error {
	for _, e := range elements {
		if err := checkElementSchema(e.Stmt, name); err != nil {
			return err
		}
	}
	sorted := slices.Clone(elements)
	slices.SortStableFunc(sorted, func(a, b parser.RawStmt) int { return elementOrder(a.Stmt) - elementOrder(b.Stmt) })
	defer func(outer engine.OID) { s.within, s.path.catalog = outer, nil }(s.within)
	s.within, s.path.catalog = schema, nil
	for _, e := range sorted {
		if _, err := s.runUtility(e.Stmt); err != nil {
			return err
		}
	}
	return nil
}

// checkElementSchema refuses an element of another schema.
func checkElementSchema(stmt parser.Statement, name string) error {
	var of string
	switch stmt := stmt.(type) {
	case *parser.CreateSequenceStmt:
		of = stmt.Name.Schema
	case *parser.CreateTableStmt:
		of = stmt.Name.Schema
	case *parser.CreateIndexStmt:
		of = stmt.Table.Schema
	}
	if of == "" || of == name {
		return nil
	}
	return sqlstate.Errorf(sqlstate.InvalidSchemaDefinition,
		"CREATE specifies a schema (%s) different from the one being created (%s)", of, name)
}

// schemaToChange finds the schema that an ALTER or DROP names.
func (s *Session) schemaToChange(name string) (*engine.Schema, error) {
	return lookedUp(s, func() (*engine.Schema, error) {
		if schema, ok := s.schemaNamed(name); ok {
			return schema, nil
		}
		return nil, errNoSchema(name)
	})
}

func (s *Session) renameSchema(r *parser.RenameStmt) (string, error) {
	const tag = "ALTER SCHEMA"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	schema, err := s.schemaToChange(r.Name.Name)
	if err != nil {
		return "", err
	}
	if _, taken := s.db().Schema(r.NewName); taken {
		return "", engine.ErrExists(engine.ClassSchema, r.NewName)
	}
	if err := s.mustOwn(schema.Owner, "schema", schema.Name); err != nil {
		return "", err
	}
	if err := s.mayOnDatabase(acl.Create, deniedDatabase); err != nil {
		return "", err
	}
	if err := checkSchemaName(r.NewName); err != nil {
		return "", err
	}
	next := *schema
	next.Name = r.NewName
	return tag, s.changes().Put(&next)
}

func (s *Session) setSchemaOwner(a *parser.AlterOwnerStmt) (string, error) {
	const tag = "ALTER SCHEMA"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	owner, err := s.role(a.Owner)
	if err != nil {
		return "", err
	}
	schema, err := s.schemaToChange(a.Name.Name)
	if err != nil {
		return "", err
	}
	if schema.Owner == owner.OID {
		return tag, nil
	}
	if err := s.mustOwn(schema.Owner, "schema", schema.Name); err != nil {
		return "", err
	}
	if err := s.mustBeMember(owner); err != nil {
		return "", err
	}
	if err := s.mayOnDatabase(acl.Create, deniedDatabase); err != nil {
		return "", err
	}
	next := *schema
	next.ACL = schema.ACL.NewOwner(schema.Owner, owner.OID)
	next.Owner = owner.OID
	return tag, s.changes().Put(&next)
}

// role resolves a role as statements name it; public is none.
func (s *Session) role(spec parser.RoleSpec) (*engine.Role, error) {
	name := spec.Name
	switch spec.Keyword {
	case "":
	case "public":
		name = "public"
	case "session_user":
		name = s.sessionRole().Name
	default:
		name = s.currentRole().Name
	}
	return lookedUp(s, func() (*engine.Role, error) {
		if role, ok := s.catalog().Role(name); ok {
			return role, nil
		}
		return nil, sqlstate.Errorf(sqlstate.UndefinedObject, "role \"%s\" does not exist", name)
	})
}
