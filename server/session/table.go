package session

import (
	"slices"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// tableMaker is a CREATE TABLE or ALTER TABLE under way.
type tableMaker struct {
	s     *Session
	table *engine.Table
	// sequences are those of serial and identity columns, made before the table, whose
	// columns they belong to after it.
	sequences []madeSequence
	indexes   []*engine.Index
	altering  bool            // ALTER TABLE
	taken     map[string]bool // names of relations that are about to be made
}

type madeSequence struct {
	oid   engine.OID
	owner engine.OwnedBy
}

// createTable is CREATE TABLE, after transformCreateStmt and DefineRelation.
func (s *Session) createTable(c *parser.CreateTableStmt) (string, error) {
	const tag = "CREATE TABLE"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	if c.Unserved != "" {
		return "", sqlstate.Errorf(sqlstate.FeatureNotSupported, "seqd does not declare tables with %s", c.Unserved).
			WithHint("seqd keeps a table's columns and sequences, and no rows: declare it as a plain table.")
	}
	schema, persistence, err := s.creation(c.Name, c.Persistence)
	if err != nil {
		return "", sqlstate.From(err).At(int(c.Name.Pos))
	}
	if schema == engine.PgCatalogNamespace {
		return "", sqlstate.Errorf(sqlstate.InsufficientPrivilege, "permission denied to create \"pg_catalog.%s\"", c.Name.Name).
			WithDetail("System catalog modifications are currently disallowed.")
	}
	_, taken := s.db().Relation(schema, c.Name.Name)
	switch {
	case taken && c.IfNotExists:
		s.notice(skipping(c.Name.Name))
		return tag, nil
	case c.OnCommit != parser.OnCommitNone && persistence != engine.Temporary:
		return "", sqlstate.New(sqlstate.InvalidTableDefinition, "ON COMMIT can only be used on temporary tables")
	case taken:
		return "", engine.ErrRelationExists(c.Name.Name)
	}
	if err := s.claimName(schema, c.Name.Name); err != nil {
		if c.IfNotExists && sqlstate.CodeOf(err) == sqlstate.UniqueViolation {
			s.notice(skipping(c.Name.Name))
			return tag, nil
		}
		return "", err
	}
	m := &tableMaker{s: s, taken: map[string]bool{c.Name.Name: true}, table: &engine.Table{
		Schema: schema, Name: c.Name.Name, Owner: s.currentRole().OID, Persistence: persistence}}
	if m.table.ACL, err = s.newACL(m.table.Owner, schema, acl.Relation); err != nil {
		return "", err
	}
	if err := m.create(c.Elements); err != nil {
		return "", err
	}
	if c.OnCommit == parser.OnCommitDrop {
		s.tx.dropAtCommit = append(s.tx.dropAtCommit, m.table.OID)
	}
	return tag, nil
}

// create makes the table of its elements: columns, then what is said of them.
func (m *tableMaker) create(elements []parser.TableElement) error {
	constraints, err := m.columns(elements)
	if err != nil {
		return err
	}
	if m.table.OID, err = m.s.newOID(m.table.Persistence); err != nil {
		return err
	}
	for i := range m.sequences {
		m.sequences[i].owner.Table = m.table.OID
	}
	if err := m.constraints(constraints); err != nil {
		return err
	}
	return m.finish()
}

// finish puts what was made, sequences having been put before.
func (m *tableMaker) finish() error {
	tx := m.s.changes()
	if err := tx.Put(m.table); err != nil {
		return err
	}
	for _, i := range m.indexes {
		if err := tx.Put(i); err != nil {
			return err
		}
	}
	for _, made := range m.sequences {
		seq, _ := m.s.db().SequenceByOID(made.oid)
		next := *seq
		next.OwnedBy = made.owner
		if err := tx.ReplaceSequence(seq, next); err != nil {
			return err
		}
	}
	return nil
}

// columns adds the columns, and returns all constraints in the order in which they
// stand, those of columns as if they were the table's.
func (m *tableMaker) columns(elements []parser.TableElement) (constraints []parser.Constraint, err error) {
	for _, e := range elements {
		switch {
		case e.Column != nil:
			of, err := m.addColumn(e.Column)
			if err != nil {
				return nil, err
			}
			constraints = append(constraints, of...)
		case e.Constraint != nil:
			constraints = append(constraints, *e.Constraint)
		case e.Like != nil:
			if err := m.like(e.Like); err != nil {
				return nil, err
			}
		}
	}
	if len(m.table.Columns) > maxColumns {
		return nil, sqlstate.Errorf(sqlstate.TooManyColumns, "tables can have at most %d columns", maxColumns)
	}
	return constraints, nil
}

// maxColumns is MaxHeapAttributeNumber.
const maxColumns = 1600

// like takes over the columns of another table, with their NOT NULL; INCLUDING
// DEFAULTS, IDENTITY and CONSTRAINTS are taken as far as columns go.
func (m *tableMaker) like(l *parser.TableLike) error {
	found, err := m.s.findRelation(l.Table, false)
	if err != nil {
		return err
	}
	if found == nil {
		return sqlstate.Errorf(sqlstate.UndefinedTable, "relation \"%s\" does not exist", qualified(l.Table)).At(int(l.Table.Pos))
	}
	t, ok := found.(*engine.Table)
	if !ok {
		_, name := found.Where()
		return sqlstate.Errorf(sqlstate.WrongObjectType, "relation \"%s\" is invalid in LIKE clause", name).At(int(l.Table.Pos))
	}
	if err := m.s.allow(t.OID, acl.Select); err != nil {
		return err
	}
	for _, part := range []string{"identity", "indexes", "constraints"} {
		if l.Options[part] {
			return sqlstate.New(sqlstate.FeatureNotSupported, "seqd does not take indexes, constraints or identities over with LIKE").
				WithHint("Leave out INCLUDING, and say what the table should have.")
		}
	}
	for _, c := range t.Columns {
		if c.Dropped {
			continue
		}
		next := engine.Column{Name: c.Name, Type: c.Type, Typmod: c.Typmod, Dims: c.Dims, NotNull: c.NotNull, Collation: c.Collation}
		if l.Options["defaults"] && c.Default != nil {
			d := *c.Default
			if d.OID, err = m.s.newOID(m.table.Persistence); err != nil {
				return err
			}
			next.Default = &d
		}
		if err := m.append(next); err != nil {
			return err
		}
	}
	return nil
}

func (m *tableMaker) append(c engine.Column) error {
	if old, _ := m.table.Column(c.Name); old != nil {
		return sqlstate.Errorf(sqlstate.DuplicateColumn, "column \"%s\" specified more than once", c.Name)
	}
	if slices.Contains(systemColumns, c.Name) {
		return sqlstate.Errorf(sqlstate.DuplicateColumn, "column name \"%s\" conflicts with a system column name", c.Name)
	}
	m.table.Columns = append(m.table.Columns, c)
	return nil
}

// systemColumns are the names that every table has used already, as PostgreSQL numbers
// them: from -6 to -1.
var systemColumns = []string{"tableoid", "cmax", "xmax", "cmin", "xmin", "ctid"}

// choose is ChooseRelationName: a free name in the table's schema.
func (m *tableMaker) choose(name1, name2, label string) string {
	for pass := 0; ; pass++ {
		name := objectName(name1, name2, numbered(label, pass))
		if _, taken := m.s.db().Relation(m.table.Schema, name); !taken && !m.taken[name] {
			m.taken[name] = true
			return name
		}
	}
}
