package session

import (
	"strings"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/query"
	"seqd/engine/sequence"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// createSequence is PostgreSQL's DefineSequence, with its order of checks: with
// IF NOT EXISTS the name comes first, without it the options do (C11).
func (s *Session) createSequence(c *parser.CreateSequenceStmt) (string, error) {
	const tag = "CREATE SEQUENCE"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	if c.IfNotExists {
		schema, _, err := s.creation(c.Name, c.Persistence)
		if err != nil {
			return "", err
		}
		if _, taken := s.db().Relation(schema, c.Name.Name); taken {
			s.notice(skipping(c.Name.Name))
			return tag, nil
		}
		if s.tx.state == txStarted && s.tx.overlay == nil {
			s.tx.ifNotExists = skipping(c.Name.Name)
		}
	}
	definition, err := engine.CreateOptions(s.options(c.Options))
	if err != nil {
		return "", err
	}
	schema, persistence, err := s.creation(c.Name, c.Persistence)
	if err != nil {
		return "", err
	}
	if schema == engine.PgCatalogNamespace {
		return "", sqlstate.Errorf(sqlstate.InsufficientPrivilege, "permission denied to create \"pg_catalog.%s\"", c.Name.Name).
			WithDetail("System catalog modifications are currently disallowed.")
	}
	if _, taken := s.db().Relation(schema, c.Name.Name); taken {
		return "", engine.ErrRelationExists(c.Name.Name)
	}
	if err := s.claimName(schema, c.Name.Name); err != nil {
		if c.IfNotExists && sqlstate.CodeOf(err) == sqlstate.UniqueViolation {
			s.notice(skipping(c.Name.Name)) // as meant (C14)
			return tag, nil
		}
		return "", err
	}
	oid, err := s.newOID(persistence)
	if err != nil {
		return "", err
	}
	n := engine.NewSequence{
		OID: oid, Schema: schema, Name: c.Name.Name, Owner: s.currentRole().OID,
		Persistence: persistence, Definition: definition,
	}
	if n.ACL, err = s.newACL(n.Owner, schema, acl.Sequence); err != nil {
		return "", err
	}
	if n.OwnedBy, err = s.ownerColumn(ownedByOption(c.Options), n.Owner, n.Schema); err != nil {
		return "", err
	}
	return tag, s.changes().CreateSequence(n)
}

// options turns the parser's options into the engine's.
func (s *Session) options(list []parser.SeqOption) []engine.Option {
	kinds := map[parser.SeqOptionKind]engine.OptionKind{
		parser.SeqAs: engine.OptionAs, parser.SeqCache: engine.OptionCache, parser.SeqCycle: engine.OptionCycle,
		parser.SeqIncrement: engine.OptionIncrement, parser.SeqMaxValue: engine.OptionMaxValue,
		parser.SeqMinValue: engine.OptionMinValue, parser.SeqOwnedBy: engine.OptionOwnedBy,
		parser.SeqName: engine.OptionSequenceName, parser.SeqStart: engine.OptionStart,
		parser.SeqRestart: engine.OptionRestart, parser.SeqLogged: engine.OptionLogged, parser.SeqUnlogged: engine.OptionUnlogged,
	}
	options := make([]engine.Option, len(list))
	for i, o := range list {
		options[i] = engine.Option{Kind: kinds[o.Kind], Value: o.Value, Cycle: o.Bool, Position: int(o.Pos)}
		switch o.Kind {
		case parser.SeqAs:
			options[i].Type = func() (sequence.Type, error) { return s.sequenceType(o.Type) }
		case parser.SeqOwnedBy:
			options[i].OwnedBy = o.Name
		}
	}
	return options
}

// sequenceType resolves AS type (C4).
func (s *Session) sequenceType(name *parser.TypeName) (sequence.Type, error) {
	oid, _, err := query.ResolveType(name, evaluator{s})
	if err != nil {
		return 0, err
	}
	switch oid {
	case pgtypes.Int2:
		return sequence.SmallInt, nil
	case pgtypes.Int4:
		return sequence.Integer, nil
	case pgtypes.Int8:
		return sequence.BigInt, nil
	}
	return 0, sqlstate.New(sqlstate.InvalidParameterValue, "sequence type must be smallint, integer, or bigint")
}

// existing finds the sequence that an ALTER SEQUENCE names. With IF EXISTS a missing
// one is a NOTICE and nil.
func (s *Session) existing(name parser.RangeVar, ifExists bool) (*engine.Sequence, error) {
	found, err := s.altered(parser.ObjectSequence, name, ifExists)
	if err != nil || found == nil {
		return nil, err
	}
	return found.(*engine.Sequence), nil
}

// altered finds the relation that an ALTER of a kind of object names (PostgreSQL's
// RangeVarCallbackForAlterRelation). ALTER TABLE does for every kind (D5).
func (s *Session) altered(object parser.ObjectType, name parser.RangeVar, ifExists bool) (engine.Relation, error) {
	found, err := s.findRelation(name, ifExists)
	if err != nil {
		return nil, err
	}
	if found == nil {
		if r, ok := query.SystemRelation(name.Schema, name.Name); ok {
			return nil, sqlstate.Errorf(sqlstate.InsufficientPrivilege, "permission denied: \"%s\" is a system catalog", r.Name)
		}
		if !ifExists {
			return nil, sqlstate.Errorf(sqlstate.UndefinedTable, "relation \"%s\" does not exist", qualified(name))
		}
		s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "relation \"%s\" does not exist, skipping", name.Name))
		return nil, nil
	}
	if err := s.mustOwnRelation(found); err != nil {
		return nil, err
	}
	_, shown := found.Where()
	switch {
	case object == parser.ObjectSequence && found.Kind() != engine.KindSequence,
		object == parser.ObjectView:
		return nil, sqlstate.Errorf(sqlstate.WrongObjectType, "\"%s\" is not a %s", shown, object)
	}
	return found, nil
}

// lock takes the sequence for this transaction and returns its exact position. A
// definition that changed while we waited is fetched anew. mode is PostgreSQL's.
func (s *Session) lock(name parser.RangeVar, seq *engine.Sequence, mode string) (*engine.Sequence, engine.Position, error) {
	if p, ok := s.private(seq.OID); ok {
		return seq, engine.Position{State: p.State}, nil
	}
	s.tx.locks = true
	defer s.limitLockWait()()
	noted := s.locks.asks(s.relationLock(seq.OID, mode), engine.LockKey{})
	pos, err := s.backend.Lock(s.interrupt, uint64(s.pid), engine.SequenceID{Database: s.database, Sequence: seq.OID})
	noted(err == nil)
	if err != nil {
		return nil, pos, s.explain(err)
	}
	s.tx.audit.stood(seq.OID, pos.State)
	if now, ok := s.db().SequenceByOID(seq.OID); ok {
		return now, pos, nil
	}
	return nil, pos, sqlstate.Errorf(sqlstate.UndefinedTable, "relation \"%s\" does not exist", qualified(name))
}

// unlock gives back all sequences that the transaction has locked.
func (s *Session) unlock() {
	s.locks.gaveRelations()
	s.backend.Unlock(uint64(s.pid))
}

// Modes of locks, in which DDL takes sequences.
const (
	rowExclusive      = "RowExclusiveLock"
	shareRowExclusive = "ShareRowExclusiveLock"
	accessExclusive   = "AccessExclusiveLock"
)

// alterSequence is ALTER SEQUENCE with options.
func (s *Session) alterSequence(a *parser.AlterSequenceStmt) (string, error) {
	const tag = "ALTER SEQUENCE"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	seq, err := s.existing(a.Name, a.IfExists)
	if err != nil || seq == nil {
		return tag, err
	}
	seq, pos, err := s.lock(a.Name, seq, shareRowExclusive)
	if err != nil {
		return "", err
	}
	definition, err := engine.AlterOptions(engine.Definition{Params: seq.Params, State: pos.State}, s.options(a.Options))
	if err != nil {
		return "", err
	}
	s.forgetCached(seq.OID)
	next := *seq
	if o := ownedByOption(a.Options); o != nil {
		if seq.OwnedBy.Identity {
			return "", s.linked("cannot change ownership of identity sequence", seq)
		}
		if next.OwnedBy, err = s.ownerColumn(o, seq.Owner, seq.Schema); err != nil {
			return "", err
		}
	}
	if onlyOwnedBy(a.Options) {
		return tag, s.changes().ReplaceSequence(seq, next) // the values go on
	}
	return tag, s.changes().AlterSequence(&next, definition, pos)
}

func onlyOwnedBy(options []parser.SeqOption) bool {
	for _, o := range options {
		if o.Kind != parser.SeqOwnedBy {
			return false
		}
	}
	return true
}

// toAlter begins an ALTER: its tag, and the relation that it is about; none if that is
// missing and may be.
func (s *Session) toAlter(object parser.ObjectType, name parser.RangeVar, ifExists bool) (tag string, found engine.Relation, err error) {
	tag = "ALTER " + strings.ToUpper(string(object))
	if err := s.writable(tag); err != nil {
		return "", nil, err
	}
	found, err = s.altered(object, name, ifExists)
	return tag, found, err
}

// replace changes something of a relation that values do not depend on.
func (s *Session) replace(object parser.ObjectType, name parser.RangeVar, ifExists bool, change func(engine.Relation) error) (string, error) {
	tag, found, err := s.toAlter(object, name, ifExists)
	if err != nil || found == nil {
		return tag, err
	}
	if seq, ok := found.(*engine.Sequence); ok {
		if found, _, err = s.lock(name, seq, accessExclusive); err != nil {
			return "", err
		}
	}
	return tag, change(found)
}

func (s *Session) rename(r *parser.RenameStmt) (string, error) {
	return s.replace(r.Object, r.Name, r.IfExists, func(found engine.Relation) error {
		schema, _ := found.Where()
		if err := s.mayCreateIn(schema); err != nil {
			return err
		}
		if _, taken := s.db().Relation(schema, r.NewName); taken {
			return engine.ErrRelationExists(r.NewName) // also if it is its own name
		}
		if err := s.claimName(schema, r.NewName); err != nil {
			return err
		}
		switch x := found.(type) {
		case *engine.Sequence:
			next := *x
			next.Name = r.NewName
			return s.changes().ReplaceSequence(x, next)
		case *engine.Table:
			next := x.Clone()
			next.Name = r.NewName
			return s.changes().Put(next)
		case *engine.Index:
			return s.renameIndex(x, r.NewName)
		}
		return nil
	})
}

func (s *Session) setSchema(a *parser.AlterObjectSchemaStmt) (string, error) {
	return s.replace(a.Object, a.Name, a.IfExists, func(found engine.Relation) error {
		if seq, ok := found.(*engine.Sequence); ok && seq.OwnedBy.Table != 0 {
			return s.linked("cannot move an owned sequence into another schema", seq)
		}
		if i, ok := found.(*engine.Index); ok {
			return sqlstate.Errorf(sqlstate.WrongObjectType, "cannot change schema of index \"%s\"", i.Name).
				WithHint("Change the schema of the table instead.")
		}
		schema, ok := s.schemaNamed(a.NewSchema)
		if !ok {
			return errNoSchema(a.NewSchema)
		}
		if err := s.mayCreateIn(schema.OID); err != nil {
			return err
		}
		return s.moveRelation(found, schema)
	})
}

func (s *Session) setOwner(a *parser.AlterOwnerStmt) (string, error) {
	return s.replace(a.Object, a.Name, a.IfExists, func(found engine.Relation) error {
		if a.Object == parser.ObjectIndex && found.Kind() != engine.KindIndex {
			return notOf(found, a.Object)
		}
		role, err := s.role(a.Owner)
		if err != nil {
			return err
		}
		return s.changeOwner(found, role)
	})
}

// setPersistence is SET LOGGED / SET UNLOGGED: PostgreSQL rewrites the sequence.
func (s *Session) setPersistence(a *parser.AlterPersistenceStmt) (string, error) {
	tag, found, err := s.toAlter(a.Object, a.Name, a.IfExists)
	if err != nil || found == nil {
		return tag, err
	}
	seq, ok := found.(*engine.Sequence)
	if !ok {
		return tag, s.setTablePersistence(found, engine.Persistence(a.Persistence))
	}
	seq, pos, err := s.lock(a.Name, seq, accessExclusive)
	if err != nil {
		return "", err
	}
	switch seq.Persistence {
	case engine.Temporary:
		return "", sqlstate.Errorf(sqlstate.InvalidTableDefinition, "cannot change logged status of table \"%s\" because it is temporary", seq.Name)
	case engine.Persistence(a.Persistence):
		return tag, nil
	}
	next := *seq
	next.Persistence = engine.Persistence(a.Persistence)
	s.forgetCached(seq.OID)
	return tag, s.changes().AlterSequence(&next, engine.Definition{Params: seq.Params, State: pos.State}, pos)
}
