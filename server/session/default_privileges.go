package session

import (
	"seqd/engine"
	"seqd/engine/acl"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// defaultLetters are the kinds of objects as pg_default_acl has them.
var defaultLetters = map[acl.Kind]byte{acl.Relation: 'r', acl.Sequence: 'S', acl.Function: 'f', acl.Type: 'T', acl.Schema: 'n'}

// alterDefaultPrivileges is ALTER DEFAULT PRIVILEGES.
func (s *Session) alterDefaultPrivileges(a *parser.AlterDefaultPrivilegesStmt) (string, error) {
	const tag = "ALTER DEFAULT PRIVILEGES"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	var roles []parser.RoleSpec
	var schemas []string
	for _, o := range a.Options {
		if o.Schemas != nil && schemas != nil || o.Roles != nil && roles != nil {
			return "", sqlstate.New(sqlstate.SyntaxError, "conflicting or redundant options").At(int(o.Pos))
		}
		if o.Schemas != nil {
			schemas = o.Schemas
		} else {
			roles = o.Roles
		}
	}
	grantees, err := s.grantees(a.Action.Grantees)
	if err != nil {
		return "", err
	}
	for _, p := range a.Action.Privileges {
		if p.Columns != nil {
			return "", sqlstate.New(sqlstate.InvalidGrantOperation, "default privileges cannot be set for columns")
		}
	}
	want, err := grantedPrivileges(a.Action)
	if err != nil {
		return "", err
	}
	if roles == nil {
		return tag, s.defaultsOf(s.currentRole(), schemas, a.Action, want.set, grantees)
	}
	for _, spec := range roles {
		role, err := s.role(spec)
		if err == nil {
			err = s.mustBeMember(role)
		}
		if err == nil {
			err = s.defaultsOf(role, schemas, a.Action, want.set, grantees)
		}
		if err != nil {
			return "", err
		}
	}
	return tag, nil
}

// defaultsOf changes the defaults of what a role makes, in the schemas or everywhere.
func (s *Session) defaultsOf(role *engine.Role, schemas []string, g *parser.GrantStmt, want acl.Privileges, grantees []engine.OID) error {
	if schemas == nil {
		return s.defaultsIn(role.OID, engine.InvalidOID, g, want, grantees)
	}
	for _, name := range schemas {
		schema, err := s.schemaToChange(name)
		if err != nil {
			return err
		}
		if err := s.defaultsIn(role.OID, schema.OID, g, want, grantees); err != nil {
			return err
		}
	}
	return nil
}

// defaultsIn is PostgreSQL's SetDefaultACL. Without a schema the entry takes the place
// of the built-in default, with one it is added; an entry that says nothing goes.
func (s *Session) defaultsIn(role, schema engine.OID, g *parser.GrantStmt, want acl.Privileges, grantees []engine.OID) error {
	kind := grantKinds[g.Object]
	if kind == acl.Schema && schema != engine.InvalidOID {
		return sqlstate.New(sqlstate.InvalidGrantOperation, "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS")
	}
	if want == 0 {
		want = acl.All(kind)
	}
	start := acl.ACL{}
	if schema == engine.InvalidOID {
		start = acl.Default(kind, role)
	}
	entry := engine.DefaultACL{Role: role, Schema: schema, Kind: defaultLetters[kind], ACL: start}
	old, exists := s.db().DefaultACL(role, schema, entry.Kind)
	if exists {
		entry = *old
	}
	for _, grantee := range grantees {
		if g.GrantOption && !g.Revoke && grantee == acl.Public {
			return sqlstate.New(sqlstate.InvalidGrantOperation, "grant options can only be granted to roles")
		}
		var err error
		entry.ACL, err = entry.ACL.Apply(s.authority(), role, acl.Change{Grantee: grantee, Grantor: role, Privileges: want,
			Revoke: g.Revoke, Option: g.GrantOption, Cascade: bool(g.Behavior)})
		if err != nil {
			return err
		}
	}
	entry.ACL = entry.ACL.Sorted()
	if entry.ACL.Equal(start.Sorted()) {
		return s.changes().Drop(entry.Key())
	}
	if !exists {
		var err error
		if entry.OID, err = s.newOID(engine.Permanent); err != nil {
			return err
		}
	}
	return s.changes().Put(&entry)
}

// newACL is the list that a new object begins with (get_user_default_acl): nil, unless
// ALTER DEFAULT PRIVILEGES said something else than what is so anyway.
func (s *Session) newACL(owner, schema engine.OID, kind acl.Kind) (acl.ACL, error) {
	global, everywhere := s.db().DefaultACL(owner, engine.InvalidOID, defaultLetters[kind])
	var in *engine.DefaultACL
	here := false
	if schema != engine.InvalidOID {
		in, here = s.db().DefaultACL(owner, schema, defaultLetters[kind])
	}
	if !everywhere && !here {
		return nil, nil
	}
	list := acl.Default(kind, owner)
	if everywhere {
		list = global.ACL
	}
	if here {
		for _, x := range in.ACL {
			for _, c := range []acl.Change{
				{Grantee: x.Grantee, Grantor: x.Grantor, Privileges: x.Held},
				{Grantee: x.Grantee, Grantor: x.Grantor, Privileges: x.Option, Option: true},
			} {
				if c.Privileges == 0 {
					continue
				}
				var err error
				if list, err = list.Apply(s.authority(), owner, c); err != nil {
					return nil, err
				}
			}
		}
	}
	list = list.Sorted()
	if list.Equal(acl.Default(kind, owner).Sorted()) {
		return nil, nil
	}
	return list, nil
}
