package engine

import "seqd/engine/acl"

// view is a catalog that may be written, and the database in it that a command or
// transaction is about.
type view struct {
	c *Catalog
	d *Database
}

// open returns a copy of a catalog for writing; nil if there is no such database.
func open(c *Catalog, database OID) *view {
	d, ok := c.DatabaseByOID(database)
	if !ok {
		return nil
	}
	v := &view{c.fork(), d.fork()}
	v.c.databases.put(database, v.d)
	return v
}

// get returns the object of a key, nil if there is none.
func (v *view) get(k Key) (o Object) {
	switch k.Class {
	case ClassRole:
		o = found(v.c.roles.get(k.OID))
	case ClassMembership:
		o = found(v.c.memberships.get(pair(k.OID, k.Second)))
	case ClassSetting:
		o = found(v.c.settings.get(pair(k.OID, k.Second)))
	case ClassDatabase:
		if d, ok := v.c.databases.get(k.OID); ok {
			o = &d.DatabaseInfo
		}
	case ClassSharedComment, ClassSharedSecurityLabel:
		o, _ = v.c.notes.get(noteKey(k))
	case ClassSchema:
		o = found(v.d.schemas.get(k.OID))
	case ClassRelation:
		if r, ok := v.d.RelationByOID(k.OID); ok {
			o = r
		}
	case ClassDefaultACL:
		o = found(v.d.defaultACLs.get(defaultKey(k)))
	case ClassComment, ClassSecurityLabel:
		o, _ = v.d.notes.get(noteKey(k))
	}
	return o
}

// Object returns the object of a key, nil if there is none; d is the database in the
// catalog that holds what is not shared.
func (c *Catalog) Object(d *Database, k Key) Object { return (&view{c, d}).get(k) }

// found keeps a nil pointer from becoming an Object that is not nil.
func found[T Object](o T, ok bool) Object {
	if !ok {
		return nil
	}
	return o
}

// put stores an object whose key and name are free.
func (v *view) put(o Object) {
	switch o := o.(type) {
	case *Role:
		v.c.roles.put(o.OID, o)
		v.c.roleNames.put(o.Name, o.OID)
	case *Membership:
		v.c.memberships.put(pair(o.Role, o.Member), o)
		v.c.memberOf.add(o.Member, o.Role)
	case *Setting:
		v.c.settings.put(pair(o.Database, o.Role), o)
	case *DatabaseInfo:
		d := v.database(o.OID)
		d.DatabaseInfo = *o
		v.c.databaseNames.put(o.Name, o.OID)
	case *Schema:
		v.d.schemas.put(o.OID, o)
		v.d.schemaNames.put(o.Name, o.OID)
	case *DefaultACL:
		v.d.defaultACLs.put(defaultKey(o.Key()), o)
	case *Comment, *SecurityLabel:
		v.notes(o.Key()).put(noteKey(o.Key()), o)
	case Relation:
		v.putRelation(o)
		v.d.relationNames.put(v.d.RelationByOID, o)
	}
	v.mention(o, +1)
	v.c.sawOID(ownOID(o))
}

// database is a database that may be written.
func (v *view) database(oid OID) *Database {
	if oid == v.d.OID {
		return v.d
	}
	d, ok := v.c.databases.get(oid)
	if !ok {
		d = &Database{}
	}
	d = d.fork()
	v.c.databases.put(oid, d)
	return d
}

func (v *view) notes(k Key) *notes {
	if k.Class.Shared() {
		return &v.c.notes
	}
	return &v.d.notes
}

func (v *view) putRelation(r Relation) {
	switch r := r.(type) {
	case *Sequence:
		v.d.sequences.put(r.OID, r)
		if r.OwnedBy.Table != 0 {
			v.d.owned.add(r.OwnedBy.Table, r.OID)
		}
	case *Table:
		v.d.tables.put(r.OID, r)
		r.uses(func(seq OID) { v.d.defaults.add(seq, r.OID) }, func(table OID) { v.d.references.add(table, r.OID) })
	case *Index:
		v.d.indexes.put(r.OID, r)
		v.d.indexed.add(r.Table, r.OID)
	}
}

// uses calls default with every sequence in a default and reference with every table
// that a foreign key refers to.
func (t *Table) uses(inDefault, reference func(OID)) {
	for i := range t.Columns {
		if d := t.Columns[i].Default; d != nil {
			for _, oid := range d.Sequences {
				inDefault(oid)
			}
		}
	}
	for i := range t.Constraints {
		if oid := t.Constraints[i].References; oid != 0 {
			reference(oid)
		}
	}
}

// remove takes out an object that is there; what is about it stays.
func (v *view) remove(o Object) {
	v.mention(o, -1)
	switch o := o.(type) {
	case *Role:
		v.c.roles.delete(o.OID)
		v.c.roleNames.delete(o.Name)
	case *Membership:
		v.c.memberships.delete(pair(o.Role, o.Member))
		v.c.memberOf.remove(o.Member, o.Role)
	case *Setting:
		v.c.settings.delete(pair(o.Database, o.Role))
	case *DatabaseInfo:
		v.c.databaseNames.delete(o.Name) // the Database keeps what it holds
	case *Schema:
		v.d.schemas.delete(o.OID)
		v.d.schemaNames.delete(o.Name)
	case *DefaultACL:
		v.d.defaultACLs.delete(defaultKey(o.Key()))
	case *Comment, *SecurityLabel:
		v.notes(o.Key()).delete(noteKey(o.Key()))
	case *Sequence:
		v.d.relationNames.delete(v.d.RelationByOID, o)
		v.d.sequences.delete(o.OID)
		if o.OwnedBy.Table != 0 {
			v.d.owned.remove(o.OwnedBy.Table, o.OID)
		}
	case *Table:
		v.d.relationNames.delete(v.d.RelationByOID, o)
		v.d.tables.delete(o.OID)
		o.uses(func(seq OID) { v.d.defaults.remove(seq, o.OID) }, func(table OID) { v.d.references.remove(table, o.OID) })
	case *Index:
		v.d.relationNames.delete(v.d.RelationByOID, o)
		v.d.indexes.delete(o.OID)
		v.d.indexed.remove(o.Table, o.OID)
	}
}

// detach removes what goes with an object that was dropped: comments and labels,
// and of a role or database memberships and settings, of a schema default privileges.
func (v *view) detach(k Key) {
	switch k.Class {
	case ClassRole:
		v.detachRole(k.OID)
	case ClassSchema:
		v.removeAll(func(yield func(Object) bool) {
			v.d.DefaultACLs(func(d *DefaultACL) bool { return d.Schema != k.OID || yield(d) })
		})
	case ClassDatabase:
		v.removeAll(func(yield func(Object) bool) {
			v.c.Settings(func(s *Setting) bool { return s.Database != k.OID || yield(s) })
		})
	}
	v.notes(k).forget(k.Class, k.OID, 0)
}

func (v *view) detachRole(role OID) {
	v.removeAll(func(yield func(Object) bool) {
		v.c.MembersOf(role, func(m *Membership) bool { return yield(m) })
		v.c.RolesOf(role, func(m *Membership) bool { return yield(m) })
		v.c.Settings(func(s *Setting) bool { return s.Role != role || yield(s) })
	})
}

// removeAll removes what each yields; a table is not changed while it is walked.
func (v *view) removeAll(each func(yield func(Object) bool)) {
	var list []Object
	each(func(o Object) bool { list = append(list, o); return true })
	for _, o := range list {
		v.remove(o)
	}
}

// detachParts removes the comments on columns and constraints that a table has no
// more; now is nil if the table was dropped.
func (v *view) detachParts(old, now *Table) {
	if now == nil {
		now = &Table{}
	}
	for i := range old.Columns {
		if number := int16(i + 1); old.ColumnAt(number) != nil && now.ColumnAt(number) == nil {
			v.d.notes.forget(ClassRelation, old.OID, int32(number))
		}
	}
	for i := range old.Constraints {
		c := &old.Constraints[i]
		if now.ConstraintByOID(c.OID) == nil {
			v.d.notes.forget(ClassConstraint, c.OID, 0)
		}
	}
}

// mention counts the roles of an object.
func (v *view) mention(o Object, by int) {
	counts := &v.d.mentions
	if _, ok := o.(*DatabaseInfo); ok {
		counts = &v.c.mentions
	}
	for _, role := range rolesOf(o) {
		n, _ := counts.get(role)
		if n += by; n == 0 {
			counts.delete(role)
		} else {
			counts.put(role, n)
		}
	}
}

// rolesOf is the owner of an object and the roles in its ACLs, as often as they
// stand there, without those that can't be dropped.
func rolesOf(o Object) (list []OID) {
	add := func(oid OID) bool {
		if oid >= FirstNormalObjectID {
			list = append(list, oid)
		}
		return true
	}
	all := func(owner OID, a acl.ACL) {
		add(owner)
		a.Roles(add)
	}
	switch o := o.(type) {
	case *DatabaseInfo:
		all(o.Owner, o.ACL)
	case *Schema:
		all(o.Owner, o.ACL)
	case *Sequence:
		all(o.Owner, o.ACL)
	case *DefaultACL:
		all(o.Role, o.ACL)
	case *Table:
		all(o.Owner, o.ACL)
		for i := range o.Columns {
			o.Columns[i].ACL.Roles(add)
		}
	}
	return list
}

// ownOID is the OID that an object was given from the counter, 0 if none.
func ownOID(o Object) OID {
	switch o := o.(type) {
	case *Role:
		return o.OID
	case *DatabaseInfo:
		return o.OID
	case *Schema:
		return o.OID
	case *DefaultACL:
		return o.OID
	case *Table:
		return o.lastOID()
	case Relation:
		return o.Key().OID
	}
	return InvalidOID
}
