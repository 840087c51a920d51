package engine

import "seqd/protocol/sqlstate"

// errConcurrentUpdate refuses a transaction that was overtaken.
func errConcurrentUpdate() *sqlstate.Error {
	return sqlstate.New(sqlstate.SerializationFailure, "could not serialize access due to concurrent update")
}

// ErrRelationExists is the error for a name that is taken (C11).
func ErrRelationExists(name string) *sqlstate.Error {
	return sqlstate.Errorf(sqlstate.DuplicateTable, "relation \"%s\" already exists", name)
}

// ErrExists is the error for the name of a role, schema, database or relation that
// is taken.
func ErrExists(class Class, name string) *sqlstate.Error {
	switch class {
	case ClassRole:
		return sqlstate.Errorf(sqlstate.DuplicateObject, "role \"%s\" already exists", name)
	case ClassSchema:
		return sqlstate.Errorf(sqlstate.DuplicateSchema, "schema \"%s\" already exists", name)
	case ClassDatabase:
		return sqlstate.Errorf(sqlstate.DuplicateDatabase, "database \"%s\" already exists", name)
	}
	return ErrRelationExists(name)
}

// write is what a Write says: the object to be put, nil to drop it, and the version
// that it must have, 0 if there must be none.
func write(w Write) (k Key, o Object, expect uint64) {
	switch w := w.(type) {
	case *PutSequence:
		return w.Sequence.Key(), &w.Sequence, w.Expect
	case *DropSequence:
		return RelationKey(w.OID), nil, w.Expect
	case *Put:
		return w.Object.Key(), w.Object, w.Expect
	case *Drop:
		return w.Key, nil, w.Expect
	}
	panic("engine: unknown write")
}

// apply changes the view by writes whose versions are right, and returns what stood
// there before. A transaction's private view is made by it too, so that what it sees
// is what will be committed. Every changed object leaves its name first, so that a
// transaction may swap two names.
func (v *view) apply(version uint64, writes ...Write) ([]Object, *sqlstate.Error) {
	before := make([]Object, len(writes))
	for i, w := range writes {
		k, o, _ := write(w)
		if before[i] = v.get(k); before[i] != nil {
			v.remove(before[i])
		}
		if o == nil {
			v.detach(k)
		}
		if table, ok := before[i].(*Table); ok {
			now, _ := o.(*Table)
			v.detachParts(table, now)
		}
	}
	// What relations lie in comes before them: a schema that is changed, too, has gone
	// above and comes back here.
	for _, relations := range []bool{false, true} {
		for _, w := range writes {
			_, o, _ := write(w)
			if _, is := o.(Relation); o == nil || is != relations {
				continue
			}
			if err := v.admit(o); err != nil {
				return nil, err
			}
			v.put(o.at(version))
		}
	}
	return before, nil
}

// admit refuses an object whose name is taken, or that can't be.
func (v *view) admit(o Object) *sqlstate.Error {
	taken, name := false, ""
	switch o := o.(type) {
	case *Role:
		name = o.Name
		_, taken = v.c.roleNames.get(name)
	case *DatabaseInfo:
		name = o.Name
		_, taken = v.c.databaseNames.get(name)
		if _, ok := v.c.databases.get(o.OID); !ok {
			return errConcurrentUpdate() // it was dropped; only CreateDatabase makes one
		}
	case *Schema:
		name = o.Name
		_, taken = v.d.schemaNames.get(name)
	case Relation:
		var schema OID
		schema, name = o.Where()
		if _, ok := v.d.SchemaByOID(schema); !ok {
			return errConcurrentUpdate()
		}
		_, taken = v.d.Relation(schema, name)
	}
	switch {
	case taken:
		return ErrExists(o.Key().Class, name)
	case o.size() > maxObjectSize:
		return sqlstate.Errorf(sqlstate.ProgramLimitExceeded, "the definition of an object is too large: %d bytes, the limit is %d", o.size(), maxObjectSize)
	}
	return nil
}

// settled refuses, after all writes were applied, what would leave a reference to
// nothing behind: another transaction has dropped what an object refers to, or has
// made something that refers to what was dropped. before is what apply returned.
func (v *view) settled(writes []Write, before []Object) *sqlstate.Error {
	for i, w := range writes {
		k, o, _ := write(w)
		switch {
		case o != nil:
			if err := v.sound(o); err != nil {
				return err
			}
		case v.used(k, before[i]):
			return errConcurrentUpdate()
		}
	}
	return nil
}

// used tells whether anything refers to what was dropped.
func (v *view) used(k Key, was Object) (used bool) {
	switch k.Class {
	case ClassRole:
		v.c.Mentions(k.OID, func(OID, int) bool { used = true; return false })
	case ClassSchema:
		v.d.RelationsIn(k.OID, func(Relation) bool { used = true; return false })
	case ClassRelation:
		used = v.d.owned.any(k.OID) || v.d.defaults.any(k.OID) || v.d.indexed.any(k.OID) || v.d.references.any(k.OID)
		if i, ok := was.(*Index); ok {
			if t, ok := v.d.tables.get(i.Table); ok {
				used = used || t.usesIndex(i.OID)
			}
			v.d.Referencing(i.Table, func(t *Table) bool { used = used || t.usesIndex(i.OID); return !used })
		}
	}
	return used
}

// sound refuses an object that refers to something that is not there.
func (v *view) sound(o Object) *sqlstate.Error {
	if ownOID(o) >= FirstTemporaryOID {
		return sqlstate.New(sqlstate.InternalError, "a temporary object can't be committed")
	}
	for _, role := range rolesOf(o) {
		if _, ok := v.c.roles.get(role); !ok {
			return sqlstate.Errorf(sqlstate.UndefinedObject, "role %d was concurrently dropped", role)
		}
	}
	if !v.refersToWhatIs(o) {
		return errConcurrentUpdate()
	}
	// Two transactions may close a circle of memberships between them.
	if m, ok := o.(*Membership); ok && (Access{Catalog: v.c}).IsMemberNotSuper(m.Role, m.Member) {
		return v.c.ErrCircle(m.Role, m.Member)
	}
	return nil
}

// ErrCircle is the error for granting a role to one that it is a member of.
func (c *Catalog) ErrCircle(role, member OID) *sqlstate.Error {
	name := func(oid OID) string {
		r, ok := c.RoleByOID(oid)
		if !ok {
			return ""
		}
		return r.Name
	}
	return sqlstate.Errorf(sqlstate.InvalidGrantOperation, "role \"%s\" is a member of role \"%s\"", name(role), name(member))
}

func (v *view) refersToWhatIs(o Object) bool {
	role := func(oid OID) bool { _, ok := v.c.roles.get(oid); return ok }
	switch o := o.(type) {
	case *Membership:
		return role(o.Role) && role(o.Member)
	case *Setting:
		_, database := v.c.databases.get(o.Database)
		return (o.Role == 0 || role(o.Role)) && (o.Database == 0 || database)
	case *DefaultACL:
		_, schema := v.d.schemas.get(o.Schema)
		return role(o.Role) && (o.Schema == 0 || schema)
	case *Comment:
		return v.exists(o.Class, o.OID, o.Column)
	case *SecurityLabel:
		return v.exists(o.Class, o.OID, o.Column)
	case *Sequence:
		return o.OwnedBy.Table == 0 || v.exists(ClassRelation, o.OwnedBy.Table, int32(o.OwnedBy.Column))
	case *Index:
		_, ok := v.d.tables.get(o.Table)
		return ok
	case *Table:
		return v.tableSound(o)
	}
	return true
}

// tableSound tells whether all that a table refers to is there, and all columns to
// which something refers.
func (v *view) tableSound(t *Table) bool {
	ok := true
	t.uses(func(seq OID) {
		_, found := v.d.sequences.get(seq)
		ok = ok && found
	}, func(table OID) {
		_, found := v.d.tables.get(table)
		ok = ok && found
	})
	for i := range t.Constraints {
		if c := &t.Constraints[i]; c.Index != 0 {
			_, found := v.d.indexes.get(c.Index)
			ok = ok && found
		}
	}
	v.d.OwnedSequences(t.OID, func(s *Sequence) bool {
		ok = ok && t.ColumnAt(s.OwnedBy.Column) != nil
		return ok
	})
	return ok
}

// exists tells whether what a comment is about is there. What stands in no catalog
// of ours (functions, types, what initdb makes) can't be dropped either.
func (v *view) exists(class Class, oid OID, column int32) bool {
	if oid < FirstNormalObjectID {
		return true
	}
	switch class {
	case ClassRole, ClassDatabase, ClassSchema:
		return v.get(Key{Class: class, OID: oid}) != nil
	case ClassRelation:
		r, ok := v.d.RelationByOID(oid)
		if t, table := r.(*Table); ok && table && column > 0 {
			return column <= 1<<15-1 && t.ColumnAt(int16(column)) != nil
		}
		return ok
	}
	return true
}

// fits tells whether a write is of the kind that its object needs: relations of all
// kinds share a class, and sequences have positions.
func fits(w Write, o Object) bool {
	_, isSequence := o.(*Sequence)
	switch w := w.(type) {
	case *PutSequence, *DropSequence:
		return isSequence
	case *Put:
		return relationKind(w.Object) == relationKind(o)
	}
	return !isSequence
}

// relationKind is the kind of a relation; 0: it is none.
func relationKind(o Object) RelationKind {
	if r, ok := o.(Relation); ok {
		return r.Kind()
	}
	return 0
}
