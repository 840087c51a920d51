package session

import (
	"slices"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// alterTable is ALTER TABLE with commands, one after the other.
func (s *Session) alterTable(a *parser.AlterTableStmt) (string, error) {
	tag, found, err := s.toAlter(a.Object, a.Name, a.IfExists)
	if err != nil || found == nil {
		return tag, err
	}
	for i := range a.Commands {
		c := &a.Commands[i]
		now, ok := s.db().RelationByOID(found.Key().OID)
		if !ok {
			return "", errNoRelation(found.Key().OID)
		}
		if err := s.alterCommand(now, c); err != nil {
			return "", err
		}
	}
	return tag, nil
}

func (s *Session) alterCommand(found engine.Relation, c *parser.AlterTableCmd) error {
	switch c.Kind {
	case parser.AlterOwner:
		role, err := s.role(c.Owner)
		if err != nil {
			return err
		}
		return s.changeOwner(found, role)
	case parser.AlterIgnored:
		return nil
	case parser.AlterOther:
		return sqlstate.Errorf(sqlstate.FeatureNotSupported, "seqd does not serve ALTER TABLE %s", c.Name)
	}
	t, ok := found.(*engine.Table)
	if !ok {
		_, name := found.Where()
		return sqlstate.Errorf(sqlstate.WrongObjectType, "ALTER action %s cannot be performed on relation \"%s\"", commandName(c), name).
			WithDetail("This operation is not supported for %ss.", kindName(found.Kind()))
	}
	m := &tableMaker{s: s, table: t.Clone(), altering: true, taken: map[string]bool{}}
	switch c.Kind {
	case parser.AlterAddColumn:
		return m.alterAddColumn(c)
	case parser.AlterDropColumn:
		return m.alterDropColumn(c)
	case parser.AlterAddConstraint:
		if err := m.constraints([]parser.Constraint{*c.Constraint}); err != nil {
			return err
		}
		return m.finish()
	case parser.AlterDropConstraint:
		return m.alterDropConstraint(c)
	case parser.AlterConstraint, parser.AlterValidateConstraint:
		if t.Constraint(c.Name) == nil {
			return errNoConstraint(c.Name, t)
		}
		return nil
	case parser.AlterLogged:
		return s.setTablePersistence(t, engine.Permanent)
	case parser.AlterUnlogged:
		return s.setTablePersistence(t, engine.Unlogged)
	}
	return m.alterColumn(c)
}

// commandName is how messages call a command.
func commandName(c *parser.AlterTableCmd) string {
	names := map[parser.AlterTableKind]string{
		parser.AlterAddColumn: "ADD COLUMN", parser.AlterDropColumn: "DROP COLUMN", parser.AlterSetDefault: "ALTER COLUMN ... SET DEFAULT",
		parser.AlterDropDefault: "ALTER COLUMN ... DROP DEFAULT", parser.AlterSetNotNull: "ALTER COLUMN ... SET NOT NULL",
		parser.AlterDropNotNull: "ALTER COLUMN ... DROP NOT NULL", parser.AlterColumnType: "ALTER COLUMN ... SET DATA TYPE",
		parser.AlterAddConstraint: "ADD CONSTRAINT", parser.AlterDropConstraint: "DROP CONSTRAINT",
		parser.AlterAddIdentity: "ALTER COLUMN ... ADD IDENTITY", parser.AlterSetIdentity: "ALTER COLUMN ... SET",
		parser.AlterDropIdentity: "ALTER COLUMN ... DROP IDENTITY",
	}
	if name, ok := names[c.Kind]; ok {
		return name
	}
	return "ALTER"
}

func (m *tableMaker) alterAddColumn(c *parser.AlterTableCmd) error {
	if old, _ := m.table.Column(c.Column.Name); old != nil {
		if c.IfExists {
			m.s.notice(sqlstate.Noticef(sqlstate.DuplicateColumn, "column \"%s\" of relation \"%s\" already exists, skipping", c.Column.Name, m.table.Name))
			return nil
		}
		return sqlstate.Errorf(sqlstate.DuplicateColumn, "column \"%s\" of relation \"%s\" already exists", c.Column.Name, m.table.Name)
	}
	constraints, err := m.addColumn(c.Column)
	if err != nil {
		return err
	}
	if len(m.table.Columns) > maxColumns {
		return sqlstate.Errorf(sqlstate.TooManyColumns, "tables can have at most %d columns", maxColumns)
	}
	if err := m.constraints(constraints); err != nil {
		return err
	}
	return m.finish()
}

func (m *tableMaker) alterDropColumn(c *parser.AlterTableCmd) error {
	_, n := m.table.Column(c.Name)
	switch {
	case n == 0 && slices.Contains(systemColumns, c.Name):
		return sqlstate.Errorf(sqlstate.FeatureNotSupported, "cannot drop system column \"%s\"", c.Name)
	case n == 0 && c.IfExists:
		m.s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "column \"%s\" of relation \"%s\" does not exist, skipping", c.Name, m.table.Name))
		return nil
	case n == 0:
		return errNoColumn(c.Name, m.table)
	}
	return m.s.dropAll([]engine.Ref{engine.TableRef(m.table.OID, n)}, c.Behavior)
}

func errNoConstraint(name string, t *engine.Table) error {
	return sqlstate.Errorf(sqlstate.UndefinedObject, "constraint \"%s\" of relation \"%s\" does not exist", name, t.Name)
}

func (m *tableMaker) alterDropConstraint(c *parser.AlterTableCmd) error {
	old := m.table.Constraint(c.Name)
	if old == nil {
		if c.IfExists {
			m.s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "constraint \"%s\" of relation \"%s\" does not exist, skipping", c.Name, m.table.Name))
			return nil
		}
		return errNoConstraint(c.Name, m.table)
	}
	return m.s.dropAll([]engine.Ref{engine.ConstraintRef(m.table.OID, old.OID)}, c.Behavior)
}

// alterColumn is ALTER COLUMN.
func (m *tableMaker) alterColumn(c *parser.AlterTableCmd) error {
	column, n := m.table.Column(c.Name)
	if column == nil {
		return errNoColumn(c.Name, m.table)
	}
	k := &columnMaker{tableMaker: m, c: *column}
	var err error
	switch c.Kind {
	case parser.AlterSetDefault, parser.AlterDropDefault:
		err = k.alterDefault(c)
	case parser.AlterSetNotNull:
		k.c.NotNull = true
	case parser.AlterDropNotNull:
		err = k.dropNotNull(n)
	case parser.AlterColumnType:
		err = k.alterType(c, n)
	case parser.AlterAddIdentity, parser.AlterSetIdentity, parser.AlterDropIdentity:
		return k.alterIdentity(c, n)
	}
	if err != nil {
		return err
	}
	m.table.Columns[n-1] = k.c
	return m.finish()
}

// alterType is TYPE; an identity's sequence gets the type too.
func (k *columnMaker) alterType(c *parser.AlterTableCmd, n int16) error {
	if err := k.setType(&c.Column.Type); err != nil {
		return err
	}
	if err := k.setCollation(c.Column); err != nil || k.c.Identity == 0 {
		return err
	}
	typ := pgtypes.OID(k.c.Type)
	if _, err := sequenceTypeOf(typ); err != nil {
		return sqlstate.New(sqlstate.InvalidParameterValue, "identity column type must be smallint, integer, or bigint")
	}
	seq := k.identitySequence(n)
	if seq == nil {
		return nil
	}
	return k.s.alterOptions(seq, []engine.Option{{Kind: engine.OptionAs, Type: func() (sequence.Type, error) { return sequenceTypeOf(typ) }}})
}

// identitySequence is the sequence of an identity column.
func (k *columnMaker) identitySequence(n int16) (seq *engine.Sequence) {
	k.s.db().OwnedSequences(k.table.OID, func(x *engine.Sequence) bool {
		if x.OwnedBy.Column == n && x.OwnedBy.Identity {
			seq = x
		}
		return seq == nil
	})
	return seq
}

func (k *columnMaker) alterDefault(c *parser.AlterTableCmd) error {
	if k.c.Identity != 0 {
		e := sqlstate.Errorf(sqlstate.SyntaxError, "column \"%s\" of relation \"%s\" is an identity column", c.Name, k.table.Name)
		if c.Kind == parser.AlterDropDefault {
			return e.WithHint("Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.")
		}
		return e
	}
	k.c.Default = nil
	if c.Kind == parser.AlterDropDefault {
		return nil
	}
	err := k.setDefault(c.Expr, c.Text)
	if err != nil {
		return sqlstate.From(err).At(0) // PostgreSQL has lost the statement's text by then
	}
	return nil
}

func (k *columnMaker) dropNotNull(n int16) error {
	if k.c.Identity != 0 {
		return sqlstate.Errorf(sqlstate.SyntaxError, "column \"%s\" of relation \"%s\" is an identity column", k.c.Name, k.table.Name)
	}
	for _, x := range k.table.Constraints {
		if x.Kind == engine.ConstraintPrimary && slices.Contains(x.Columns, n) {
			return sqlstate.Errorf(sqlstate.InvalidTableDefinition, "column \"%s\" is in a primary key", k.c.Name)
		}
	}
	k.c.NotNull = false
	return nil
}

// alterIdentity is ADD GENERATED, SET GENERATED and sequence options, DROP IDENTITY.
func (k *columnMaker) alterIdentity(c *parser.AlterTableCmd, n int16) error {
	if c.Kind == parser.AlterAddIdentity {
		return k.addIdentity(c, n)
	}
	if k.c.Identity == 0 {
		if c.Kind == parser.AlterDropIdentity && c.IfExists {
			k.s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "column \"%s\" of relation \"%s\" is not an identity column, skipping", c.Name, k.table.Name))
			return nil
		}
		return sqlstate.Errorf(sqlstate.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" is not an identity column", c.Name, k.table.Name)
	}
	if c.GeneratedAgain != 0 {
		return sqlstate.New(sqlstate.SyntaxError, "conflicting or redundant options").At(int(c.GeneratedAgain))
	}
	seq := k.identitySequence(n)
	switch c.Generated {
	case "always":
		k.c.Identity = 'a'
	case "by default":
		k.c.Identity = 'd'
	}
	if c.Kind == parser.AlterDropIdentity {
		k.c.Identity = 0
	}
	k.table.Columns[n-1] = k.c
	if err := k.finish(); err != nil || seq == nil {
		return err
	}
	if c.Kind == parser.AlterDropIdentity {
		locked, _, err := k.s.lock(parser.RangeVar{Name: seq.Name}, seq, accessExclusive)
		if err != nil {
			return err
		}
		return k.s.changes().DropSequence(locked)
	}
	if len(c.Options) == 0 {
		return nil
	}
	return k.s.alterOptions(seq, k.s.options(c.Options))
}

func (k *columnMaker) addIdentity(c *parser.AlterTableCmd, n int16) error {
	// The sequence is made before the column is looked at (transformAlterTableStmt).
	before := k.c
	if err := k.makeIdentity(c.Generated == "always" || (c.Constraint != nil && c.Constraint.Always), addOptions(c)); err != nil {
		return err
	}
	switch {
	case !before.NotNull:
		return sqlstate.Errorf(sqlstate.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" must be declared NOT NULL before identity can be added", c.Name, k.table.Name)
	case before.Identity != 0:
		return sqlstate.Errorf(sqlstate.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" is already an identity column", c.Name, k.table.Name)
	case before.Default != nil:
		return sqlstate.Errorf(sqlstate.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" already has a default value", c.Name, k.table.Name)
	}
	k.sequences[len(k.sequences)-1].owner.Column = n
	k.table.Columns[n-1] = k.c
	return k.finish()
}

func addOptions(c *parser.AlterTableCmd) []parser.SeqOption {
	if c.Constraint != nil {
		return c.Constraint.Options
	}
	return c.Options
}

// renamePart is RENAME COLUMN and RENAME CONSTRAINT.
func (s *Session) renamePart(r *parser.RenamePartStmt) (string, error) {
	tag, found, err := s.toAlter(r.Object, r.Relation, r.IfExists)
	if err != nil || found == nil {
		return tag, err
	}
	t, ok := found.(*engine.Table)
	if !ok {
		_, name := found.Where()
		return "", sqlstate.Errorf(sqlstate.WrongObjectType, "cannot rename columns of relation \"%s\"", name).
			WithDetail("This operation is not supported for %ss.", kindName(found.Kind()))
	}
	next := t.Clone()
	if r.Part == parser.ObjectColumn {
		c, _ := next.Column(r.Name)
		if c == nil {
			return "", sqlstate.Errorf(sqlstate.UndefinedColumn, "column \"%s\" does not exist", r.Name)
		}
		if other, _ := next.Column(r.NewName); other != nil {
			return "", sqlstate.Errorf(sqlstate.DuplicateColumn, "column \"%s\" of relation \"%s\" already exists", r.NewName, t.Name)
		}
		c.Name = r.NewName
		return tag, s.changes().Put(next)
	}
	c := next.Constraint(r.Name)
	if c == nil {
		return "", sqlstate.Errorf(sqlstate.UndefinedObject, "constraint \"%s\" for table \"%s\" does not exist", r.Name, t.Name)
	}
	if i, ok := s.db().IndexByOID(c.Index); ok && c.Kind != engine.ConstraintForeign {
		if _, taken := s.db().Relation(i.Schema, r.NewName); taken {
			return "", engine.ErrRelationExists(r.NewName)
		}
		return tag, s.renameIndex(i, r.NewName)
	}
	if next.Constraint(r.NewName) != nil {
		return "", sqlstate.Errorf(sqlstate.DuplicateObject, "constraint \"%s\" for relation \"%s\" already exists", r.NewName, t.Name)
	}
	c.Name = r.NewName
	return tag, s.changes().Put(next)
}
