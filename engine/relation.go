package engine

import (
	"slices"
	"strconv"

	"seqd/engine/acl"
)

// RelationKind is pg_class.relkind.
type RelationKind byte

// Kinds of relations.
const (
	KindSequence RelationKind = 'S'
	KindTable    RelationKind = 'r'
	KindIndex    RelationKind = 'i'
)

// Relation is what the name space of a schema's relations holds: *Sequence, *Table
// or *Index.
type Relation interface {
	Object
	Kind() RelationKind
	// Where is the schema and the name in it.
	Where() (schema OID, name string)
}

// Table is a declared table: it has no rows. A published one is immutable.
type Table struct {
	OID         OID
	Schema      OID
	Name        string
	Owner       OID
	Persistence Persistence
	// Columns are in the order of their numbers, which are 1, 2, …: a dropped one
	// keeps its place.
	Columns     []Column
	Constraints []Constraint // in the order in which they were made
	ACL         acl.ACL
	Version     uint64
}

// Column is a row of pg_attribute.
type Column struct {
	Name      string
	Type      OID
	Typmod    int32 // -1: none
	Dims      int32 // declared dimensions of an array
	NotNull   bool
	Dropped   bool
	Identity  byte     // 'a': always, 'd': by default, 0: it is none
	Default   *Default // nil: none
	Collation OID      // 0: its type has none
	ACL       acl.ACL
}

// Default is a row of pg_attrdef: an expression and the sequences in it, which it
// follows through renames. Its text is Pieces[0], Sequences[0] as a regclass
// literal, Pieces[1], …: there is one piece more than there are sequences.
type Default struct {
	OID       OID
	Pieces    []string
	Sequences []OID
}

// Text is the expression with each sequence as name shows it, for example
// nextval('s'::regclass), where name returns 's'::regclass.
func (d *Default) Text(name func(OID) string) string {
	text := d.Pieces[0]
	for i, oid := range d.Sequences {
		text += name(oid) + d.Pieces[i+1]
	}
	return text
}

// ConstraintKind is pg_constraint.contype.
type ConstraintKind byte

// Kinds of constraints.
const (
	ConstraintPrimary ConstraintKind = 'p'
	ConstraintUnique  ConstraintKind = 'u'
	ConstraintForeign ConstraintKind = 'f'
	ConstraintCheck   ConstraintKind = 'c'
)

// Constraint is a row of pg_constraint.
type Constraint struct {
	OID     OID
	Name    string
	Kind    ConstraintKind
	Columns []int16
	// Index is the index of a primary or unique constraint, and the one that a
	// foreign key refers to.
	Index OID
	// Foreign key:
	References        OID
	ReferencedColumns []int16
	OnUpdate          byte // a, r, c, n, d, as confupdtype
	OnDelete          byte
	Match             byte // f, p, s
	// Check is the expression of a check constraint.
	Check      string
	NoInherit  bool
	Deferrable bool
	Deferred   bool
	NotValid   bool
}

// Index is a declared index.
type Index struct {
	OID              OID
	Schema           OID
	Name             string
	Table            OID
	Unique           bool
	Primary          bool
	NullsNotDistinct bool
	Method           string // btree, …
	Columns          []IndexColumn
	Include          []int16
	Predicate        string // of a partial index
	Version          uint64
}

// IndexColumn is a column of an index, or an expression.
type IndexColumn struct {
	Number     int16 // 0: Expression
	Expression string
	Collation  string // as written, "": the column's
	OpClass    string // as written, "": the type's
	Desc       bool
	NullsFirst bool
}

// Column returns the column called name, dropped ones aside, and its number.
func (t *Table) Column(name string) (*Column, int16) {
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Name == name && !c.Dropped {
			return c, int16(i + 1)
		}
	}
	return nil, 0
}

// ColumnAt returns a column by its number, nil if there is none or it is dropped.
func (t *Table) ColumnAt(number int16) *Column {
	if number < 1 || int(number) > len(t.Columns) || t.Columns[number-1].Dropped {
		return nil
	}
	return &t.Columns[number-1]
}

// Constraint returns the constraint called name.
func (t *Table) Constraint(name string) *Constraint {
	i := slices.IndexFunc(t.Constraints, func(c Constraint) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &t.Constraints[i]
}

// Clone returns a copy that may be changed: its columns and constraints are its own
// (what they point to is not).
func (t *Table) Clone() *Table {
	next := *t
	next.Columns, next.Constraints = slices.Clone(t.Columns), slices.Clone(t.Constraints)
	return &next
}

// Key implements Object.
func (t *Table) Key() Key { return RelationKey(t.OID) }

// Key implements Object.
func (i *Index) Key() Key { return RelationKey(i.OID) }

// RelationKey is the key of a sequence, table or index.
func RelationKey(oid OID) Key { return Key{Class: ClassRelation, OID: oid} }

// Kind implements Relation.
func (*Table) Kind() RelationKind { return KindTable }

// Kind implements Relation.
func (*Index) Kind() RelationKind { return KindIndex }

// Where implements Relation.
func (t *Table) Where() (OID, string) { return t.Schema, t.Name }

// Where implements Relation.
func (i *Index) Where() (OID, string) { return i.Schema, i.Name }

func (t *Table) version() uint64 { return t.Version }
func (i *Index) version() uint64 { return i.Version }

func (t *Table) at(version uint64) Object {
	next := *t
	next.Version = version
	return &next
}

func (i *Index) at(version uint64) Object {
	next := *i
	next.Version = version
	return &next
}

func (t *Table) size() int {
	n := len(t.Name) + aclSize(t.ACL)
	for i := range t.Columns {
		c := &t.Columns[i]
		n += 64 + len(c.Name) + aclSize(c.ACL)
		if c.Default != nil {
			for _, p := range c.Default.Pieces {
				n += 8 + len(p)
			}
		}
	}
	for i := range t.Constraints {
		c := &t.Constraints[i]
		n += 64 + len(c.Name) + len(c.Check) + 4*len(c.Columns) + 4*len(c.ReferencedColumns)
	}
	return n
}

func (i *Index) size() int {
	n := len(i.Name) + len(i.Method) + len(i.Predicate) + 4*len(i.Include)
	for _, c := range i.Columns {
		n += 8 + len(c.Expression) + len(c.Collation) + len(c.OpClass)
	}
	return n
}

// ConstraintByOID returns a constraint, nil if the table has it not.
func (t *Table) ConstraintByOID(oid OID) *Constraint {
	i := slices.IndexFunc(t.Constraints, func(c Constraint) bool { return c.OID == oid })
	if i < 0 {
		return nil
	}
	return &t.Constraints[i]
}

// lastOID is the greatest OID in the table: its own, of a constraint or a default.
func (t *Table) lastOID() OID {
	last := t.OID
	for i := range t.Constraints {
		last = max(last, t.Constraints[i].OID)
	}
	for i := range t.Columns {
		if d := t.Columns[i].Default; d != nil {
			last = max(last, d.OID)
		}
	}
	return last
}

// usesIndex tells whether a constraint rests on an index.
func (t *Table) usesIndex(oid OID) bool {
	return slices.ContainsFunc(t.Constraints, func(c Constraint) bool { return c.Index == oid })
}

// DroppedColumn is what DROP COLUMN leaves in a column's place.
func DroppedColumn(number int) Column {
	return Column{Name: "........pg.dropped." + strconv.Itoa(number) + "........", Typmod: -1, Dropped: true}
}
