package session

import (
	"strings"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// grant is GRANT and REVOKE of privileges on objects.
func (s *Session) grant(g *parser.GrantStmt) (string, error) {
	tag := "GRANT"
	if g.Revoke {
		tag = "REVOKE"
	}
	if err := s.writable(tag); err != nil {
		return "", err
	}
	if g.GrantedBy != nil {
		by, err := s.role(*g.GrantedBy)
		if err != nil {
			return "", err
		}
		if by.OID != s.currentRole().OID {
			return "", sqlstate.New(sqlstate.FeatureNotSupported, "grantor must be current user")
		}
	}
	grantees, err := s.grantees(g.Grantees)
	if err != nil {
		return "", err
	}
	if _, served := grantObjects[g.Object]; !served {
		return tag, s.grantOnOther(g)
	}
	targets, err := s.grantTargets(g)
	if err != nil {
		return "", err
	}
	want, err := grantedPrivileges(g)
	if err != nil {
		return "", err
	}
	for _, t := range targets {
		if err := s.grantOn(t, g, want, grantees); err != nil {
			return "", err
		}
		if g.Object == parser.ObjectTable || g.Object == parser.ObjectSequence {
			if err := s.grantOnColumns(t, g, want, grantees); err != nil {
				return "", err
			}
		}
	}
	return tag, nil
}

// grantees resolves roles; PUBLIC is one.
func (s *Session) grantees(list []parser.RoleSpec) ([]engine.OID, error) {
	oids := make([]engine.OID, len(list))
	for i, spec := range list {
		if spec.Keyword == "public" {
			oids[i] = acl.Public
			continue
		}
		r, err := s.role(spec)
		if err != nil {
			return nil, err
		}
		oids[i] = r.OID
	}
	return oids, nil
}

// grantTarget is an object whose list is to be changed.
type grantTarget struct {
	oid   engine.OID
	kind  acl.Kind
	name  string
	what  string // as messages call its kind
	owner engine.OID
	list  acl.ACL
	put   func(acl.ACL) engine.Object
}

// grantTargets finds the objects that a GRANT is about.
func (s *Session) grantTargets(g *parser.GrantStmt) (list []grantTarget, err error) {
	switch g.Object {
	case parser.ObjectTable, parser.ObjectSequence:
		if g.Target == parser.GrantAllInSchema {
			return s.grantTargetsIn(g)
		}
		for _, name := range g.Objects {
			if system, ok := query.SystemRelation(name.Schema, name.Name); ok && s.isSystem(name) {
				return nil, sqlstate.Errorf(sqlstate.FeatureNotSupported, "seqd does not serve GRANT and REVOKE on system catalogs").
					WithDetail("\"%s\" is a system catalog.", system.Name)
			}
			r, err := s.relationOf(name)
			if err != nil {
				return nil, err
			}
			t, err := relationTarget(r, g.Object)
			if err != nil {
				return nil, err
			}
			list = append(list, t)
		}
		return list, nil
	case parser.ObjectSchema:
		for _, name := range g.Objects {
			schema, err := s.schemaToChange(name.Name)
			if err != nil {
				return nil, err
			}
			list = append(list, grantTarget{schema.OID, acl.Schema, schema.Name, "schema", schema.Owner, schema.ACL, func(a acl.ACL) engine.Object {
				next := *schema
				next.ACL = a
				return &next
			}})
		}
		return list, nil
	case parser.ObjectDatabase:
		for _, name := range g.Objects {
			db, err := s.existingDatabase(name.Name)
			if err != nil {
				return nil, err
			}
			list = append(list, grantTarget{db.OID, acl.Database, db.Name, "database", db.Owner, db.ACL, func(a acl.ACL) engine.Object {
				next := db.DatabaseInfo
				next.ACL = a
				return &next
			}})
		}
		return list, nil
	}
	return nil, nil
}

// grantTargetsIn are all sequences or tables of the schemas named.
func (s *Session) grantTargetsIn(g *parser.GrantStmt) (list []grantTarget, err error) {
	for _, name := range g.Objects {
		schema, err := s.schemaToChange(name.Name)
		if err != nil {
			return nil, err
		}
		s.db().RelationsIn(schema.OID, func(r engine.Relation) bool {
			if isOf(r, g.Object) {
				t, _ := relationTarget(r, g.Object) // of the kind: can't fail
				list = append(list, t)
			}
			return true
		})
	}
	return list, nil
}

// isSystem tells whether a name that a system relation has means that one.
func (s *Session) isSystem(name parser.RangeVar) bool {
	_, own := s.lookUpRelation(name)
	return !own
}

// relationOf finds a relation as GRANT names it.
func (s *Session) relationOf(name parser.RangeVar) (engine.Relation, error) {
	var parts []string
	for _, p := range []string{name.Catalog, name.Schema, name.Name} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return s.relationNamed(parts)
}

func relationTarget(r engine.Relation, object parser.ObjectType) (grantTarget, error) {
	switch r := r.(type) {
	case *engine.Sequence:
		return grantTarget{r.OID, acl.Sequence, r.Name, "sequence", r.Owner, r.ACL, func(a acl.ACL) engine.Object {
			next := *r
			next.ACL = a
			return &next
		}}, nil
	case *engine.Table:
		if object == parser.ObjectSequence {
			return grantTarget{}, notOf(r, object)
		}
		return grantTarget{r.OID, acl.Relation, r.Name, "table", r.Owner, r.ACL, func(a acl.ACL) engine.Object {
			next := r.Clone()
			next.ACL = a
			return next
		}}, nil
	}
	_, name := r.Where()
	return grantTarget{}, sqlstate.Errorf(sqlstate.WrongObjectType, "\"%s\" is an index", name)
}

// grantObjects are the kinds of objects that have lists to be changed.
var grantObjects = map[parser.ObjectType]bool{
	parser.ObjectTable: true, parser.ObjectSequence: true, parser.ObjectSchema: true, parser.ObjectDatabase: true,
}

var grantKinds = map[parser.ObjectType]acl.Kind{
	parser.ObjectTable: acl.Relation, parser.ObjectSequence: acl.Sequence, parser.ObjectSchema: acl.Schema, parser.ObjectDatabase: acl.Database,
	parser.ObjectFunction: acl.Function, parser.ObjectProcedure: acl.Function, parser.ObjectRoutine: acl.Function,
	parser.ObjectOfType: acl.Type, parser.ObjectDomain: acl.Type, parser.ObjectLanguage: acl.Language, parser.ObjectTablespace: acl.Space,
	parser.ObjectServer: acl.Server, parser.ObjectWrapper: acl.Wrapper, parser.ObjectLarge: acl.Large, parser.ObjectParameter: acl.Param,
}

// pluralWords are how ALTER DEFAULT PRIVILEGES and messages name kinds of objects.
var privilegeWords = map[parser.ObjectType]string{
	parser.ObjectTable: "relation", parser.ObjectSequence: "sequence", parser.ObjectSchema: "schema", parser.ObjectDatabase: "database",
	parser.ObjectFunction: "function", parser.ObjectProcedure: "procedure", parser.ObjectRoutine: "routine", parser.ObjectOfType: "type",
	parser.ObjectDomain: "domain", parser.ObjectLanguage: "language", parser.ObjectTablespace: "tablespace", parser.ObjectServer: "foreign server",
	parser.ObjectWrapper: "foreign-data wrapper", parser.ObjectLarge: "large object", parser.ObjectParameter: "parameter",
}

// wantedPrivileges is the list of privileges of a GRANT or REVOKE.
type wantedPrivileges struct {
	all     bool
	set     acl.Privileges // on the objects themselves
	columns []parser.Privilege
}

// on is the set for a kind of object, as far as it has the privileges.
func (w wantedPrivileges) on(kind acl.Kind) acl.Privileges {
	if w.all {
		return acl.All(kind)
	}
	return w.set & acl.All(kind)
}

// grantedPrivileges reads the list of privileges. What GRANT ON TABLE may name is what
// sequences have, too, since they count as tables there.
func grantedPrivileges(g *parser.GrantStmt) (w wantedPrivileges, err error) {
	may := acl.All(grantKinds[g.Object])
	if g.Object == parser.ObjectTable && g.Target != parser.GrantDefaults {
		may |= acl.All(acl.Sequence)
	}
	w.all = g.Privileges == nil
	for _, p := range g.Privileges {
		if p.Columns != nil {
			if g.Object != parser.ObjectTable {
				return w, sqlstate.New(sqlstate.InvalidGrantOperation, "column privileges are only valid for relations")
			}
			w.columns = append(w.columns, p)
			continue
		}
		one, ok := acl.ParsePrivilege(strings.ToUpper(p.Name))
		if !ok {
			return w, sqlstate.Errorf(sqlstate.SyntaxError, "unrecognized privilege type \"%s\"", p.Name)
		}
		if one&may == 0 {
			return w, sqlstate.Errorf(sqlstate.InvalidGrantOperation, "invalid privilege type %s for %s", one.Name(), privilegeWords[g.Object])
		}
		w.set |= one
	}
	return w, nil
}

// grantOn changes one object's list, after PostgreSQL's ExecGrant_Relation and its
// likes: as the best grantor, for as much as that can grant, with a warning for less.
func (s *Session) grantOn(t grantTarget, g *parser.GrantStmt, wanted wantedPrivileges, grantees []engine.OID) error {
	if t.kind == acl.Sequence && wanted.set&^acl.All(acl.Sequence) != 0 {
		s.notice(sqlstate.Warningf(sqlstate.InvalidGrantOperation, "sequence \"%s\" only supports USAGE, SELECT, and UPDATE privileges", t.name))
	}
	if t.kind == acl.Relation && wanted.set&^acl.All(acl.Relation) != 0 {
		return sqlstate.New(sqlstate.InvalidGrantOperation, "invalid privilege type USAGE for table")
	}
	want := wanted.on(t.kind)
	if want == acl.None {
		return nil
	}
	do := acl.Grant{Grantees: grantees, Privileges: want, All: wanted.all, Revoke: g.Revoke, Option: g.GrantOption, Cascade: bool(g.Behavior)}
	next, outcome, err := t.list.Execute(s.authority(), t.kind, t.owner, s.currentRole().OID, do)
	switch {
	case err != nil:
		return err
	case outcome == acl.Denied:
		return denied("permission denied for %s %s", t.what, t.name)
	}
	if w := outcome.Warning(do, "\""+t.name+"\""); w != nil {
		s.notice(w)
	}
	if next.Equal(t.list) && t.list != nil {
		return nil
	}
	return s.changes().Put(t.put(next))
}
