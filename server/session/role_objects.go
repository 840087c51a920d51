package session

import (
	"cmp"
	"fmt"
	"slices"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// belonging is an object of the session's database, or a database, as far as roles go.
type belonging struct {
	object engine.Object
	owner  engine.OID
	list   acl.ACL
	// with makes the same object with another list.
	with   func(acl.ACL) engine.Object
	kind   acl.Kind
	column int16 // of a table; 0: the whole object
}

// belongings are all objects that a role owns or stands in the list of, by OID.
func (s *Session) belongings(role engine.OID) []belonging {
	var list []belonging
	add := func(b belonging) {
		named := b.owner == role
		for _, x := range b.list {
			named = named || x.Grantee == role || x.Grantor == role
		}
		if named {
			list = append(list, b)
		}
	}
	s.catalog().Databases(func(d *engine.Database) bool {
		info := d.DatabaseInfo
		add(belonging{&info, info.Owner, info.ACL, func(a acl.ACL) engine.Object { next := info; next.ACL = a; return &next }, acl.Database, 0})
		return true
	})
	s.db().Objects(func(o engine.Object) bool {
		switch o := o.(type) {
		case *engine.Schema:
			add(belonging{o, o.Owner, o.ACL, func(a acl.ACL) engine.Object { next := *o; next.ACL = a; return &next }, acl.Schema, 0})
		case *engine.Table:
			add(belonging{o, o.Owner, o.ACL, func(a acl.ACL) engine.Object { next := o.Clone(); next.ACL = a; return next }, acl.Relation, 0})
			s.columnBelongings(o, add)
		case *engine.Sequence:
			add(belonging{o, o.Owner, o.ACL, func(a acl.ACL) engine.Object { next := *o; next.ACL = a; return &next }, acl.Sequence, 0})
		case *engine.DefaultACL:
			add(belonging{o, o.Role, o.ACL, func(a acl.ACL) engine.Object { next := *o; next.ACL = a; return &next }, 0, 0})
		}
		return true
	})
	oid := func(b belonging) engine.OID {
		if d, ok := b.object.(*engine.DefaultACL); ok {
			return d.OID
		}
		return b.object.Key().OID
	}
	slices.SortStableFunc(list, func(a, b belonging) int { return cmp.Compare(oid(a), oid(b)) })
	return list
}

// columnBelongings are the columns of a table that have lists of their own. Who owns the
// table stands with it.
func (s *Session) columnBelongings(t *engine.Table, add func(belonging)) {
	for i := range t.Columns {
		if t.Columns[i].Dropped || t.Columns[i].ACL == nil {
			continue
		}
		add(belonging{object: t, list: t.Columns[i].ACL, column: int16(i + 1), kind: acl.Column,
			with: func(a acl.ACL) engine.Object {
				now, _ := s.db().TableByOID(t.OID)
				next := now.Clone()
				if next.Columns[i].ACL = a; len(a) == 0 {
					next.Columns[i].ACL = nil
				}
				return next
			}})
	}
}

// described is getObjectDescription.
func (s *Session) described(b belonging) string {
	switch o := b.object.(type) {
	case *engine.DatabaseInfo:
		return "database " + o.Name
	case *engine.Schema:
		return "schema " + o.Name
	case *engine.DefaultACL:
		words := map[byte]string{'r': "relations", 'S': "sequences", 'f': "functions", 'T': "types", 'n': "schemas"}
		name := ""
		if r, ok := s.catalog().RoleByOID(o.Role); ok {
			name = r.Name
		}
		text := fmt.Sprintf("default privileges on new %s belonging to role %s", words[o.Kind], name)
		if schema, ok := s.db().SchemaByOID(o.Schema); ok {
			text += " in schema " + schema.Name
		}
		return text
	}
	return s.objectName(engine.TableRef(b.object.Key().OID, b.column))
}

// rolesObjects are the lines of DETAIL about what keeps a role from being dropped
// (checkSharedDependencies): what is here one by one, what is elsewhere by number.
func (s *Session) rolesObjects(r *engine.Role) []string {
	var lines []string
	more := 0
	add := func(line string) {
		if len(lines) < maxReported {
			lines = append(lines, line)
		} else {
			more++
		}
	}
	for _, b := range s.belongings(r.OID) {
		if b.owner == r.OID {
			add("owner of " + s.described(b))
		} else {
			add("privileges for " + s.described(b))
		}
	}
	s.catalog().Mentions(r.OID, func(database engine.OID, n int) bool {
		if database == engine.InvalidOID || database == s.database {
			return true
		}
		db, ok := s.catalog().DatabaseByOID(database)
		switch {
		case ok && n == 1:
			add("1 object in database " + db.Name)
		case ok:
			add(fmt.Sprintf("%d objects in database %s", n, db.Name))
		}
		return true
	})
	if more == 1 {
		lines = append(lines, "and 1 other object (see server log for list)")
	} else if more > 1 {
		lines = append(lines, fmt.Sprintf("and %d other objects (see server log for list)", more))
	}
	return lines
}

// ownersOf resolves the roles of DROP OWNED and REASSIGN OWNED, whose objects the
// session must be able to do with as their owner could.
func (s *Session) ownersOf(specs []parser.RoleSpec, what string) ([]*engine.Role, error) {
	roles := make([]*engine.Role, len(specs))
	for i, spec := range specs {
		var err error
		if roles[i], err = s.role(spec); err != nil {
			return nil, err
		}
	}
	for _, r := range roles {
		if !s.authority().Owns(s.currentRole().OID, r.OID) {
			return nil, denied("permission denied to %s objects", what)
		}
	}
	return roles, nil
}

func (s *Session) pinned(r *engine.Role, what string) error {
	if r.OID >= engine.FirstNormalObjectID {
		return nil
	}
	return sqlstate.Errorf(sqlstate.DependentObjectsStillExist,
		"cannot %s objects owned by role %s because they are required by the database system", what, r.Name)
}

// dropOwned is DROP OWNED: what the roles own in this database goes, and so do the
// privileges that they have on the rest and on databases, which nobody drops this way.
func (s *Session) dropOwned(d *parser.DropOwnedStmt) (string, error) {
	const tag = "DROP OWNED"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	roles, err := s.ownersOf(d.Roles, "drop")
	if err != nil {
		return "", err
	}
	var roots []engine.Ref
	for _, r := range roles {
		if err := s.pinned(r, "drop"); err != nil {
			return "", err
		}
		for _, b := range s.belongings(r.OID) {
			_, database := b.object.(*engine.DatabaseInfo)
			entry, isDefault := b.object.(*engine.DefaultACL)
			switch schema, isSchema := b.object.(*engine.Schema); {
			case isDefault && b.owner == r.OID:
				err = s.changes().Drop(entry.Key())
			case b.owner == r.OID && isSchema:
				roots = append(roots, engine.Ref{Class: engine.ClassSchema, OID: schema.OID})
			case b.owner == r.OID && !database:
				if seq, ok := b.object.(*engine.Sequence); !ok || !seq.OwnedBy.Identity { // it goes with its column
					roots = append(roots, engine.TableRef(b.object.Key().OID, 0))
				}
			default:
				err = s.withdraw(b, r.OID)
			}
			if err != nil {
				return "", err
			}
		}
	}
	return tag, s.dropAll(roots, d.Behavior)
}

// withdraw takes a role out of an object's list, and what it granted.
func (s *Session) withdraw(b belonging, role engine.OID) error {
	next, err := b.list.Without(s.authority(), b.owner, role)
	if err != nil {
		return err
	}
	if entry, ok := b.object.(*engine.DefaultACL); ok && entry.Schema != engine.InvalidOID && len(next) == 0 {
		return s.changes().Drop(entry.Key())
	}
	return s.changes().Put(b.with(next))
}

// reassignOwned is REASSIGN OWNED: of this database, and databases themselves.
func (s *Session) reassignOwned(r *parser.ReassignOwnedStmt) (string, error) {
	const tag = "REASSIGN OWNED"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	roles, err := s.ownersOf(r.Roles, "reassign")
	if err != nil {
		return "", err
	}
	to, err := s.ownersOf([]parser.RoleSpec{r.NewRole}, "reassign")
	if err != nil {
		return "", err
	}
	for _, role := range roles {
		if err := s.pinned(role, "reassign ownership of"); err != nil {
			return "", err
		}
		for _, b := range s.belongings(role.OID) {
			if b.owner != role.OID {
				continue
			}
			if err := s.reassign(b, to[0].OID); err != nil {
				return "", err
			}
		}
	}
	return tag, nil
}

func (s *Session) reassign(b belonging, owner engine.OID) error {
	switch o := b.object.(type) {
	case *engine.DatabaseInfo:
		next := *o
		next.Owner, next.ACL = owner, o.ACL.NewOwner(o.Owner, owner)
		return s.changes().Put(&next)
	case *engine.Schema:
		next := *o
		next.Owner, next.ACL = owner, o.ACL.NewOwner(o.Owner, owner)
		return s.changes().Put(&next)
	case *engine.Table:
		return s.giveTable(o, owner)
	case *engine.Sequence:
		if o.OwnedBy.Table != 0 {
			return nil // goes with its table
		}
		seq, _, err := s.lock(parser.RangeVar{Name: o.Name}, o, accessExclusive)
		if err != nil {
			return err
		}
		return s.giveSequence(seq, owner)
	}
	return nil // default privileges stay whose they are
}
