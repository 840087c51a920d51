package session

import (
	"reflect"
	"slices"
	"strings"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// constraints adds constraints in PostgreSQL's order: checks, then what needs an index,
// primary keys first, then foreign keys. Attributes (DEFERRABLE …) of a column's
// constraint follow it in the list.
func (m *tableMaker) constraints(list []parser.Constraint) error {
	list = withAttributes(list)
	for _, kind := range []parser.ConstraintKind{parser.ConstraintCheck, parser.ConstraintPrimaryKey, parser.ConstraintUnique, parser.ConstraintForeignKey, parser.ConstraintExclude} {
		for i := range list {
			if list[i].Kind != kind {
				continue
			}
			if err := m.addConstraint(&list[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// withAttributes folds attributes into the constraints before them.
func withAttributes(list []parser.Constraint) (out []parser.Constraint) {
	for _, c := range list {
		if len(out) > 0 {
			last := &out[len(out)-1]
			switch c.Kind {
			case parser.ConstraintDeferrable:
				last.Deferrable = true
				continue
			case parser.ConstraintInitiallyDeferred:
				last.Deferrable, last.Deferred = true, true
				continue
			case parser.ConstraintNotDeferrable, parser.ConstraintInitiallyImmediate:
				continue
			}
		}
		out = append(out, c)
	}
	return out
}

func (m *tableMaker) addConstraint(c *parser.Constraint) error {
	if c.Kind == parser.ConstraintExclude || c.Index != "" {
		return sqlstate.New(sqlstate.FeatureNotSupported, "seqd does not declare exclusion constraints and constraints on indexes that are there already").
			WithHint("seqd keeps no rows that they would guard: leave the constraint out.")
	}
	made := engine.Constraint{Name: c.Name, Deferrable: c.Deferrable, Deferred: c.Deferred, NotValid: c.NotValid, NoInherit: c.NoInherit}
	var err error
	switch c.Kind {
	case parser.ConstraintCheck:
		err = m.check(c, &made)
	case parser.ConstraintPrimaryKey, parser.ConstraintUnique:
		err = m.key(c, &made)
	case parser.ConstraintForeignKey:
		err = m.foreign(c, &made)
	}
	if err != nil {
		return err
	}
	if m.table.Constraint(made.Name) != nil {
		return sqlstate.Errorf(sqlstate.DuplicateObject, "constraint \"%s\" for relation \"%s\" already exists", made.Name, m.table.Name)
	}
	if made.OID, err = m.s.newOID(m.table.Persistence); err != nil {
		return err
	}
	m.table.Constraints = append(m.table.Constraints, made)
	return nil
}

// canonical is an expression over the table's columns as PostgreSQL would show it, or as
// written if it has parts that seqd does not analyse.
func (s *Session) canonical(x parser.Expr, written string, t *engine.Table) string {
	if text, ok := query.CanonicalText(x, evaluator{s}, t, 0, -1); ok {
		return text
	}
	return strings.TrimSpace(written)
}

// check is CHECK.
func (m *tableMaker) check(c *parser.Constraint, made *engine.Constraint) error {
	made.Kind, made.Check = engine.ConstraintCheck, m.s.canonical(c.Expr, c.Text, m.table)
	var only string
	for _, ref := range columnsIn(c.Expr) {
		name := ref.Fields[len(ref.Fields)-1]
		column, number := m.table.Column(name)
		if column == nil {
			return sqlstate.Errorf(sqlstate.UndefinedColumn, "column \"%s\" does not exist", name).At(int(ref.Pos))
		}
		if !slices.Contains(made.Columns, number) {
			made.Columns = append(made.Columns, number)
			only = name
		}
	}
	if len(made.Columns) != 1 {
		only = ""
	}
	if made.Name == "" {
		made.Name = m.constraintName(only, "check")
	}
	return nil
}

// constraintName is ChooseConstraintName.
func (m *tableMaker) constraintName(name2, label string) string {
	for pass := 0; ; pass++ {
		if name := objectName(m.table.Name, name2, numbered(label, pass)); m.table.Constraint(name) == nil {
			return name
		}
	}
}

// columnsIn are the columns that an expression names.
func columnsIn(x any) (list []*parser.ColumnRef) {
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Interface, reflect.Pointer:
			if v.IsNil() {
				return
			}
			if ref, ok := v.Interface().(*parser.ColumnRef); ok {
				list = append(list, ref)
				return
			}
			walk(v.Elem())
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		}
	}
	walk(reflect.ValueOf(x))
	return list
}

// key is PRIMARY KEY or UNIQUE, with its index.
func (m *tableMaker) key(c *parser.Constraint, made *engine.Constraint) error {
	primary := c.Kind == parser.ConstraintPrimaryKey
	made.Kind = engine.ConstraintUnique
	label, what, name2 := "key", "unique", strings.Join(c.Columns, "_")
	if primary {
		made.Kind = engine.ConstraintPrimary
		label, what, name2 = "pkey", "primary key", ""
		if slices.ContainsFunc(m.table.Constraints, func(x engine.Constraint) bool { return x.Kind == engine.ConstraintPrimary }) {
			e := sqlstate.Errorf(sqlstate.InvalidTableDefinition, "multiple primary keys for table \"%s\" are not allowed", m.table.Name)
			if m.altering {
				return e
			}
			return e.At(int(c.Pos))
		}
	}
	var err error
	if made.Columns, err = m.keyColumns(c, what); err != nil {
		return err
	}
	if primary {
		for _, n := range made.Columns {
			m.table.Columns[n-1].NotNull = true
		}
	}
	switch {
	case made.Name == "":
		made.Name = m.choose(m.table.Name, name2, label)
	default:
		if _, taken := m.s.db().Relation(m.table.Schema, made.Name); taken || m.taken[made.Name] {
			return engine.ErrRelationExists(made.Name)
		}
		m.taken[made.Name] = true
	}
	index := &engine.Index{Schema: m.table.Schema, Name: made.Name, Table: m.table.OID, Unique: true, Primary: primary,
		NullsNotDistinct: c.NullsNotDistinct, Method: "btree"}
	for _, n := range made.Columns {
		index.Columns = append(index.Columns, engine.IndexColumn{Number: n})
	}
	for _, name := range c.Include {
		_, n := m.table.Column(name)
		if n == 0 {
			return sqlstate.Errorf(sqlstate.UndefinedColumn, "column \"%s\" named in key does not exist", name).At(int(c.Pos))
		}
		index.Include = append(index.Include, n)
	}
	if index.OID, err = m.s.newOID(m.table.Persistence); err != nil {
		return err
	}
	made.Index = index.OID
	m.indexes = append(m.indexes, index)
	return nil
}

func (m *tableMaker) keyColumns(c *parser.Constraint, what string) (numbers []int16, err error) {
	for _, name := range c.Columns {
		_, n := m.table.Column(name)
		switch {
		case n == 0:
			return nil, sqlstate.Errorf(sqlstate.UndefinedColumn, "column \"%s\" named in key does not exist", name).At(int(c.Pos))
		case slices.Contains(numbers, n):
			return nil, sqlstate.Errorf(sqlstate.DuplicateColumn, "column \"%s\" appears twice in %s constraint", name, what).At(int(c.Pos))
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// foreign is REFERENCES: there must be a primary key or unique index to refer to.
func (m *tableMaker) foreign(c *parser.Constraint, made *engine.Constraint) error {
	made.Kind, made.OnUpdate, made.OnDelete = engine.ConstraintForeign, action(c.OnUpdate), action(c.OnDelete)
	made.Match = 's'
	if c.Match != "" {
		made.Match = c.Match[0]
	}
	target := m.table
	if c.References.Name != m.table.Name || c.References.Schema != "" {
		found, err := m.s.findRelation(c.References, false)
		if err != nil {
			return err
		}
		if found == nil {
			return sqlstate.Errorf(sqlstate.UndefinedTable, "relation \"%s\" does not exist", qualified(c.References))
		}
		t, ok := found.(*engine.Table)
		if !ok {
			_, name := found.Where()
			return sqlstate.Errorf(sqlstate.WrongObjectType, "referenced relation \"%s\" is not a table", name)
		}
		if err := m.s.allow(t.OID, acl.References); err != nil {
			return err
		}
		if t.OID != m.table.OID {
			target = t
		}
	}
	made.References = target.OID
	var err error
	if made.Columns, err = foreignColumns(m.table, c.Columns); err != nil {
		return err
	}
	if made.ReferencedColumns, err = foreignColumns(target, c.RefColumns); err != nil {
		return err
	}
	if err := m.referred(target, c, made); err != nil {
		return err
	}
	if made.Name == "" {
		made.Name = m.constraintName(strings.Join(c.Columns, "_"), "fkey")
	}
	return nil
}

func foreignColumns(t *engine.Table, names []string) (numbers []int16, err error) {
	for _, name := range names {
		_, n := t.Column(name)
		if n == 0 {
			return nil, sqlstate.Errorf(sqlstate.UndefinedColumn, "column \"%s\" referenced in foreign key constraint does not exist", name)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// referred finds the index that a foreign key refers to.
func (m *tableMaker) referred(target *engine.Table, c *parser.Constraint, made *engine.Constraint) error {
	indexes := m.indexes
	if target != m.table || m.table.OID != 0 {
		m.s.db().IndexesOf(target.OID, func(i *engine.Index) bool { indexes = append(indexes, i); return true })
	}
	for _, i := range indexes {
		if i.Table != target.OID || !i.Unique || i.Predicate != "" {
			continue
		}
		var numbers []int16
		for _, k := range i.Columns {
			numbers = append(numbers, k.Number)
		}
		switch {
		case len(c.RefColumns) == 0 && i.Primary:
			made.ReferencedColumns, made.Index = numbers, i.OID
		case len(c.RefColumns) > 0 && sameSet(numbers, made.ReferencedColumns) && made.Index == 0:
			made.Index = i.OID
		}
	}
	switch {
	case made.Index == 0 && len(c.RefColumns) == 0:
		return sqlstate.Errorf(sqlstate.UndefinedObject, "there is no primary key for referenced table \"%s\"", target.Name)
	case len(made.Columns) != len(made.ReferencedColumns):
		return sqlstate.New(sqlstate.InvalidForeignKey, "number of referencing and referenced columns for foreign key disagree")
	case made.Index == 0:
		return sqlstate.Errorf(sqlstate.InvalidForeignKey, "there is no unique constraint matching given keys for referenced table \"%s\"", target.Name)
	}
	return nil
}

func sameSet(a, b []int16) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func action(a parser.ReferentialAction) byte {
	if a == 0 {
		return byte(parser.ActionNone)
	}
	return byte(a)
}
