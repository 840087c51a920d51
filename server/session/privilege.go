package session

import (
	"seqd/engine"
	"seqd/engine/acl"
	"seqd/protocol/sqlstate"
)

// rights is what the session may do with a sequence, kept until role or catalog change.
type rights struct {
	role    *engine.Role
	catalog *engine.Catalog
	held    acl.Privileges
}

// may refuses if the session's role has none of the privileges on a sequence. It
// costs two compares as long as nothing has changed, so that it can come before every
// value: a REVOKE works from the next call on, cached values or not (P7).
func (s *Session) may(m *sequenceMemory, any acl.Privileges) error {
	role, catalog := s.currentRole(), s.catalog()
	if m.rights.role != role || m.rights.catalog != catalog {
		seq, err := s.sequenceByOID(m.oid)
		if err != nil {
			return err
		}
		m.rights = rights{role, catalog, s.authority().Has(role.OID, acl.Sequence, seq.Owner, seq.ACL, acl.All(acl.Sequence))}
	}
	if m.rights.held&any != 0 {
		return nil
	}
	name := ""
	if seq, err := s.sequenceByOID(m.oid); err == nil {
		name = seq.Name
	}
	return denied("permission denied for sequence %s", name)
}

// mayUse tells whether the session's role may look into a schema.
func (s *Session) mayUse(schema *engine.Schema) bool { return s.hasOnSchema(schema, acl.Usage) }

func (s *Session) hasOnSchema(schema *engine.Schema, p acl.Privileges) bool {
	role := s.currentRole()
	return role.Superuser || schema.OID == s.temp.Schema() || s.authority().Has(role.OID, acl.Schema, schema.Owner, schema.ACL, p) != 0
}

func deniedSchema(name string) *sqlstate.Error {
	return denied("permission denied for schema %s", name)
}

// mayCreateIn refuses to make something in a schema without the right to.
func (s *Session) mayCreateIn(oid engine.OID) error {
	schema, ok := s.db().SchemaByOID(oid)
	if !ok || s.hasOnSchema(schema, acl.Create) {
		return nil
	}
	return deniedSchema(schema.Name)
}

// mustOwn refuses who is not the owner of something; what is its kind.
func (s *Session) mustOwn(owner engine.OID, what, name string) error {
	if s.authority().Owns(s.currentRole().OID, owner) {
		return nil
	}
	return denied("must be owner of %s %s", what, name)
}

// mustOwnRelation is mustOwn for a relation of any kind.
func (s *Session) mustOwnRelation(r engine.Relation) error {
	_, name := r.Where()
	return s.mustOwn(s.ownerOf(r), kindName(r.Kind()), name)
}

// ownerOf is the owner of a relation; an index has its table's.
func (s *Session) ownerOf(r engine.Relation) engine.OID {
	switch r := r.(type) {
	case *engine.Sequence:
		return r.Owner
	case *engine.Table:
		return r.Owner
	case *engine.Index:
		if t, ok := s.db().TableByOID(r.Table); ok {
			return t.Owner
		}
	}
	return engine.InvalidOID
}

// mayGiveTo refuses to make a role the owner of something that it could not have made
// there itself.
func (s *Session) mayGiveTo(owner *engine.Role, schema engine.OID) error {
	me := s.currentRole()
	if me.Superuser {
		return nil
	}
	if err := s.mustBeMember(owner); err != nil {
		return err
	}
	in, ok := s.db().SchemaByOID(schema)
	if ok && s.authority().Has(owner.OID, acl.Schema, in.Owner, in.ACL, acl.Create) == 0 {
		return deniedSchema(in.Name)
	}
	return nil
}

const deniedDatabase = "permission denied for database %s"

// mayOnDatabase refuses without a privilege on the session's database.
func (s *Session) mayOnDatabase(p acl.Privileges, format string) error {
	db := s.db()
	if s.authority().Has(s.currentRole().OID, acl.Database, db.Owner, db.ACL, p) != 0 {
		return nil
	}
	return denied(format, db.Name)
}

// mustBeMember refuses to make a role an owner for who could not become it.
func (s *Session) mustBeMember(owner *engine.Role) error {
	if s.authority().IsMember(s.currentRole().OID, owner.OID) {
		return nil
	}
	return denied("must be member of role \"%s\"", owner.Name)
}

// mustOwnRole is as if those who may create roles were the owners of all.
func (s *Session) mustOwnRole(r *engine.Role) error {
	switch me := s.currentRole(); {
	case me.Superuser:
	case r.Superuser:
		return denied("must be superuser")
	case !me.CreateRole:
		return denied("must have CREATEROLE privilege")
	}
	return nil
}

// mayDropRelation: the owner of a schema may drop what is in it.
func (s *Session) mayDropRelation(r engine.Relation) error {
	oid, _ := r.Where()
	if schema, ok := s.db().SchemaByOID(oid); ok && s.authority().Owns(s.currentRole().OID, schema.Owner) {
		return nil
	}
	return s.mustOwnRelation(r)
}

// mayLookIn refuses a qualified name whose schema the session may not use; a schema
// that is not there is for others to miss.
func (s *Session) mayLookIn(name string) error {
	if name == "" {
		return nil
	}
	if schema, ok := s.schemaNamed(name); ok && !s.mayUse(schema) {
		return deniedSchema(schema.Name)
	}
	return nil
}

// allow refuses without any of the privileges on a sequence or table.
func (s *Session) allow(relation engine.OID, any acl.Privileges) error {
	r, ok := s.db().RelationByOID(relation)
	if !ok {
		return nil // missed by who reads it
	}
	kind, list := acl.Sequence, acl.ACL(nil)
	switch r := r.(type) {
	case *engine.Sequence:
		list = r.ACL
	case *engine.Table:
		kind, list = acl.Relation, r.ACL
	default:
		return nil
	}
	if s.authority().Has(s.currentRole().OID, kind, s.ownerOf(r), list, any) != 0 {
		return nil
	}
	_, name := r.Where()
	return denied("permission denied for %s %s", kindName(r.Kind()), name)
}
