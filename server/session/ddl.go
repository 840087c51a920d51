package session

import (
	"fmt"
	"slices"
	"strings"

	"seqd/engine"
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
		if _, taken := s.db().Sequence(schema, c.Name.Name); taken {
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
	if _, taken := s.db().Sequence(schema, c.Name.Name); taken {
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
	return tag, s.changes().CreateSequence(engine.NewSequence{
		OID: oid, Schema: schema, Name: c.Name.Name, Owner: s.user.OID,
		Persistence: persistence, Definition: definition,
	})
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

// existing finds the sequence that an ALTER names. With IF EXISTS a missing one
// is a NOTICE and nil.
func (s *Session) existing(name parser.RangeVar, ifExists bool) (*engine.Sequence, error) {
	seq, err := s.findSequence(name, ifExists)
	if err != nil || seq != nil {
		return seq, err
	}
	if r, ok := query.SystemRelation(name.Schema, name.Name); ok {
		return nil, sqlstate.Errorf(sqlstate.InsufficientPrivilege, "permission denied: \"%s\" is a system catalog", r.Name)
	}
	if !ifExists {
		return nil, sqlstate.Errorf(sqlstate.UndefinedTable, "relation \"%s\" does not exist", qualified(name))
	}
	s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "relation \"%s\" does not exist, skipping", name.Name))
	return nil, nil
}

// lock takes the sequence for this transaction and returns its exact position. A
// definition that changed while we waited is fetched anew.
func (s *Session) lock(name parser.RangeVar, seq *engine.Sequence) (*engine.Sequence, engine.Position, error) {
	if p, ok := s.private(seq.OID); ok {
		return seq, engine.Position{State: p.State}, nil
	}
	s.tx.locks = true
	defer s.limitLockWait()()
	pos, err := s.backend.Lock(s.interrupt, uint64(s.pid), engine.SequenceID{Database: s.database, Sequence: seq.OID})
	if err != nil {
		return nil, pos, s.explain(err)
	}
	if now, ok := s.db().SequenceByOID(seq.OID); ok {
		return now, pos, nil
	}
	return nil, pos, sqlstate.Errorf(sqlstate.UndefinedTable, "relation \"%s\" does not exist", qualified(name))
}

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
	seq, pos, err := s.lock(a.Name, seq)
	if err != nil {
		return "", err
	}
	definition, err := engine.AlterOptions(engine.Definition{Params: seq.Params, State: pos.State}, s.options(a.Options))
	if err != nil {
		return "", err
	}
	s.forgetCached(seq.OID)
	if onlyOwnedBy(a.Options) {
		return tag, nil // nothing but the dependency, which NONE leaves empty; the values go on
	}
	return tag, s.changes().AlterSequence(seq, definition, pos)
}

func onlyOwnedBy(options []parser.SeqOption) bool {
	for _, o := range options {
		if o.Kind != parser.SeqOwnedBy {
			return false
		}
	}
	return true
}

// replace changes something of a sequence that its values do not depend on.
func (s *Session) replace(tag string, object parser.ObjectType, name parser.RangeVar, ifExists bool, change func(*engine.Sequence) error) (string, error) {
	if err := s.writable(tag); err != nil {
		return "", err
	}
	seq, err := s.existing(name, ifExists)
	if err != nil || seq == nil {
		return tag, err
	}
	// PostgreSQL takes ALTER TABLE and ALTER INDEX for sequences too (D5).
	if object == parser.ObjectView {
		return "", wrongType(seq.Name, object)
	}
	seq, _, err = s.lock(name, seq)
	if err != nil {
		return "", err
	}
	next := *seq
	if err := change(&next); err != nil {
		return "", err
	}
	return tag, s.changes().ReplaceSequence(seq, next)
}

func alterTag(object parser.ObjectType) string { return "ALTER " + strings.ToUpper(string(object)) }

func (s *Session) rename(r *parser.RenameStmt) (string, error) {
	return s.replace(alterTag(r.Object), r.Object, r.Name, r.IfExists, func(seq *engine.Sequence) error {
		if _, taken := s.db().Sequence(seq.Schema, r.NewName); taken {
			return engine.ErrRelationExists(r.NewName) // also if it is its own name
		}
		if err := s.claimName(seq.Schema, r.NewName); err != nil {
			return err
		}
		seq.Name = r.NewName
		return nil
	})
}

func (s *Session) setSchema(a *parser.AlterObjectSchemaStmt) (string, error) {
	return s.replace(alterTag(a.Object), a.Object, a.Name, a.IfExists, func(seq *engine.Sequence) error {
		schema, ok := s.schemaNamed(a.NewSchema)
		if !ok {
			return errNoSchema(a.NewSchema)
		}
		if err := s.refuseMove(seq.Schema, schema); err != nil {
			return err
		}
		if other, taken := s.db().Sequence(schema.OID, seq.Name); taken && other.OID != seq.OID {
			return sqlstate.Errorf(sqlstate.DuplicateTable, "relation \"%s\" already exists in schema \"%s\"", seq.Name, schema.Name)
		}
		if schema.OID != seq.Schema {
			if err := s.claimName(schema.OID, seq.Name); err != nil {
				return err
			}
		}
		seq.Schema = schema.OID
		return nil
	})
}

func (s *Session) setOwner(a *parser.AlterOwnerStmt) (string, error) {
	return s.replace(alterTag(a.Object), a.Object, a.Name, a.IfExists, func(seq *engine.Sequence) error {
		name := a.Owner.Name
		if a.Owner.Keyword != "" {
			name = s.user.Name
		}
		role, ok := s.catalog().Role(name)
		if !ok {
			return sqlstate.Errorf(sqlstate.UndefinedObject, "role \"%s\" does not exist", name)
		}
		seq.Owner = role.OID
		return nil
	})
}

// setPersistence is SET LOGGED / SET UNLOGGED: PostgreSQL rewrites the sequence.
func (s *Session) setPersistence(a *parser.AlterPersistenceStmt) (string, error) {
	tag := alterTag(a.Object)
	if err := s.writable(tag); err != nil {
		return "", err
	}
	seq, err := s.existing(a.Name, a.IfExists)
	if err != nil || seq == nil {
		return tag, err
	}
	seq, pos, err := s.lock(a.Name, seq)
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

// drop is DROP SEQUENCE, and DROP TABLE, VIEW, INDEX as far as their errors go:
// all names are found before any is dropped (D4).
func (s *Session) drop(d *parser.DropStmt) (string, error) {
	tag := "DROP " + strings.ToUpper(string(d.Object))
	if err := s.writable(tag); err != nil {
		return "", err
	}
	var found []*engine.Sequence
	for _, name := range d.Names {
		seq, err := s.findSequence(name, true)
		if err != nil {
			return "", err
		}
		switch {
		case seq == nil:
			if err := s.missing(d, name); err != nil {
				return "", err
			}
			continue
		case d.Object != parser.ObjectSequence:
			return "", wrongType(seq.Name, d.Object)
		}
		seq, _, err = s.lock(name, seq)
		if sqlstate.CodeOf(err) == sqlstate.UndefinedTable { // dropped while we waited
			if err = s.missing(d, name); err == nil {
				continue
			}
		}
		if err != nil {
			return "", err
		}
		if !slices.ContainsFunc(found, func(o *engine.Sequence) bool { return o.OID == seq.OID }) {
			found = append(found, seq)
		}
	}
	for _, seq := range found {
		if err := s.changes().DropSequence(seq); err != nil {
			return "", err
		}
	}
	return tag, nil
}

// missing is PostgreSQL's DropErrorMsgNonExistent (D3).
func (s *Session) missing(d *parser.DropStmt, name parser.RangeVar) error {
	if r, ok := query.SystemRelation(name.Schema, name.Name); ok && d.Object == parser.ObjectSequence {
		remove := map[byte]string{'r': "Use DROP TABLE to remove a table.", 'v': "Use DROP VIEW to remove a view."}
		return sqlstate.Errorf(sqlstate.WrongObjectType, "\"%s\" is not a sequence", r.Name).WithHint("%s", remove[r.Kind])
	}
	err := sqlstate.Errorf(sqlstate.UndefinedTable, "%s \"%s\" does not exist", d.Object, name.Name)
	if name.Schema != "" {
		if _, ok := s.db().Schema(name.Schema); !ok {
			err = errNoSchema(name.Schema)
		}
	}
	if !d.IfExists {
		return err
	}
	s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "%s, skipping", err.Message))
	return nil
}

func wrongType(name string, object parser.ObjectType) error {
	article := "a"
	if object == parser.ObjectIndex {
		article = "an"
	}
	return sqlstate.New(sqlstate.WrongObjectType, fmt.Sprintf("\"%s\" is not %s %s", name, article, object)).
		WithHint("Use DROP SEQUENCE to remove a sequence.")
}
