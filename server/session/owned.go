package session

import (
	"strings"

	"seqd/engine"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// ownedByOption is the OWNED BY among the options, nil if there is none.
func ownedByOption(options []parser.SeqOption) []string {
	for _, o := range options {
		if o.Kind == parser.SeqOwnedBy {
			return o.Name
		}
	}
	return nil
}

// ownerColumn is what OWNED BY names (process_owned_by: O1, O2). That there are two
// names at least, or NONE, is known.
func (s *Session) ownerColumn(names []string, owner, schema engine.OID) (engine.OwnedBy, error) {
	if len(names) < 2 {
		return engine.OwnedBy{}, nil
	}
	last := len(names) - 1
	name := parser.RangeVar{Name: names[last-1]}
	switch {
	case last == 2:
		name.Schema = names[0]
	case last == 3:
		name.Catalog, name.Schema = names[0], names[1]
	case last > 3:
		return engine.OwnedBy{}, sqlstate.Errorf(sqlstate.SyntaxError, "improper relation name (too many dotted names): %s", strings.Join(names[:last], "."))
	}
	found, err := s.findRelation(name, false)
	if err != nil {
		return engine.OwnedBy{}, err
	}
	if r, ok := query.SystemRelation(name.Schema, name.Name); ok && found == nil {
		return engine.OwnedBy{}, ownedBySystem(r.Name, r.Kind, owner)
	}
	if found == nil {
		return engine.OwnedBy{}, sqlstate.Errorf(sqlstate.UndefinedTable, "relation \"%s\" does not exist", qualified(name))
	}
	t, ok := found.(*engine.Table)
	if !ok {
		_, shown := found.Where()
		plural := map[engine.RelationKind]string{engine.KindSequence: "sequences", engine.KindIndex: "indexes"}
		return engine.OwnedBy{}, sqlstate.Errorf(sqlstate.WrongObjectType, "sequence cannot be owned by relation \"%s\"", shown).
			WithDetail("This operation is not supported for %s.", plural[found.Kind()])
	}
	switch {
	case t.Owner != owner:
		return engine.OwnedBy{}, sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "sequence must have same owner as table it is linked to")
	case t.Schema != schema:
		return engine.OwnedBy{}, sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "sequence must be in same schema as table it is linked to")
	}
	_, number := t.Column(names[last])
	if number == 0 {
		return engine.OwnedBy{}, errNoColumn(names[last], t)
	}
	return engine.OwnedBy{Table: t.OID, Column: number}, nil
}

// ownedBySystem is why a sequence can't be owned by a relation of the system catalogs.
func ownedBySystem(name string, kind byte, owner engine.OID) error {
	switch {
	case kind == 'i', kind == 't':
		plural := map[byte]string{'i': "indexes", 't': "TOAST tables"}
		return sqlstate.Errorf(sqlstate.WrongObjectType, "sequence cannot be owned by relation \"%s\"", name).
			WithDetail("This operation is not supported for %s.", plural[kind])
	case owner != engine.BootstrapSuperuser:
		return sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "sequence must have same owner as table it is linked to")
	}
	return sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "sequence must be in same schema as table it is linked to")
}

func errNoColumn(column string, t *engine.Table) error {
	return sqlstate.Errorf(sqlstate.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", column, t.Name)
}

// linked refuses what only the table of an owned sequence can do for it (O3).
func (s *Session) linked(message string, seq *engine.Sequence) error {
	t, _ := s.db().TableByOID(seq.OwnedBy.Table)
	return sqlstate.New(sqlstate.FeatureNotSupported, message).
		WithDetail("Sequence \"%s\" is linked to table \"%s\".", seq.Name, t.Name)
}

// moveRelation is SET SCHEMA; a table takes its indexes and sequences along.
func (s *Session) moveRelation(found engine.Relation, schema *engine.Schema) error {
	old, name := found.Where()
	if err := s.refuseMove(old, schema); err != nil {
		return err
	}
	if other, taken := s.db().Relation(schema.OID, name); taken && other.Key() != found.Key() {
		return sqlstate.Errorf(sqlstate.DuplicateTable, "relation \"%s\" already exists in schema \"%s\"", name, schema.Name)
	}
	if old == schema.OID {
		return nil
	}
	if err := s.claimName(schema.OID, name); err != nil {
		return err
	}
	switch x := found.(type) {
	case *engine.Sequence:
		next := *x
		next.Schema = schema.OID
		return s.changes().ReplaceSequence(x, next)
	case *engine.Index:
		next := *x
		next.Schema = schema.OID
		return s.changes().Put(&next)
	case *engine.Table:
		next := x.Clone()
		next.Schema = schema.OID
		if err := s.changes().Put(next); err != nil {
			return err
		}
		return s.eachPart(x.OID, func(part engine.Relation) error { return s.moveRelation(part, schema) })
	}
	return nil
}

// eachPart calls f for the indexes and owned sequences of a table; sequences are
// locked first.
func (s *Session) eachPart(table engine.OID, f func(engine.Relation) error) error {
	var parts []engine.Relation
	s.db().IndexesOf(table, func(i *engine.Index) bool { parts = append(parts, i); return true })
	s.db().OwnedSequences(table, func(seq *engine.Sequence) bool { parts = append(parts, seq); return true })
	for _, part := range parts {
		if seq, ok := part.(*engine.Sequence); ok {
			locked, _, err := s.lock(parser.RangeVar{Name: seq.Name}, seq, accessExclusive)
			if err != nil {
				return err
			}
			part = locked
		}
		if err := f(part); err != nil {
			return err
		}
	}
	return nil
}

// changeOwner is OWNER TO; a table takes its sequences along.
func (s *Session) changeOwner(found engine.Relation, to *engine.Role) error {
	owner := to.OID
	switch x := found.(type) {
	case *engine.Sequence:
		if x.Owner == owner {
			return nil
		}
		if x.OwnedBy.Table != 0 {
			return s.linkedOwner(x)
		}
		if err := s.mayGiveTo(to, x.Schema); err != nil {
			return err
		}
		return s.giveSequence(x, owner)
	case *engine.Index:
		t, _ := s.db().TableByOID(x.Table)
		if t.Owner == owner {
			return nil
		}
		s.notice(sqlstate.Warningf(sqlstate.WrongObjectType, "cannot change owner of index \"%s\"", x.Name).
			WithHint("Change the ownership of the index's table instead."))
		return nil
	case *engine.Table:
		if x.Owner == owner {
			return nil
		}
		if err := s.mayGiveTo(to, x.Schema); err != nil {
			return err
		}
		return s.giveTable(x, owner)
	}
	return nil
}

// giveTable changes the owner of a table and its sequences.
func (s *Session) giveTable(x *engine.Table, owner engine.OID) error {
	next := x.Clone()
	next.Owner, next.ACL = owner, x.ACL.NewOwner(x.Owner, owner)
	for i := range next.Columns {
		next.Columns[i].ACL = next.Columns[i].ACL.NewOwner(x.Owner, owner)
	}
	if err := s.changes().Put(next); err != nil {
		return err
	}
	return s.eachPart(x.OID, func(part engine.Relation) error {
		if seq, ok := part.(*engine.Sequence); ok {
			return s.giveSequence(seq, owner)
		}
		return nil
	})
}

func (s *Session) linkedOwner(seq *engine.Sequence) error {
	return s.linked("cannot change owner of sequence \""+seq.Name+"\"", seq)
}

func (s *Session) giveSequence(seq *engine.Sequence, owner engine.OID) error {
	next := *seq
	next.Owner, next.ACL = owner, seq.ACL.NewOwner(seq.Owner, owner)
	return s.changes().ReplaceSequence(seq, next)
}
