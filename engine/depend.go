package engine

import (
	"cmp"
	"slices"
)

// Ref names something that others can depend on: an object, a column of a table
// (ClassRelation with Sub), a constraint or a default.
type Ref struct {
	Class Class
	OID   OID
	Sub   int32
	Table OID // of a constraint or default
}

// TableRef names a relation, or with column > 0 a column of a table.
func TableRef(table OID, column int16) Ref {
	return Ref{Class: ClassRelation, OID: table, Sub: int32(column)}
}

// ConstraintRef names a constraint of a table.
func ConstraintRef(table, constraint OID) Ref {
	return Ref{Class: ClassConstraint, OID: constraint, Table: table}
}

// DefaultRef names a default of a table's column.
func DefaultRef(table, attrdef OID) Ref { return Ref{Class: ClassDefault, OID: attrdef, Table: table} }

// Dropped is one thing that goes in a DROP.
type Dropped struct {
	Ref
	// Because is what it depends on: how the drop came to it.
	Because Ref
	// Silent: it was named, or goes without a word, being part of something that goes.
	Silent bool
}

// Required is the error of a drop of a part: Owner requires it.
type Required struct{ Part, Owner Ref }

// dependent is what depends on something, and how.
type dependent struct {
	Ref
	silent bool // automatic or internal
}

// DropPlan is all that goes if the roots go, after PostgreSQL's findDependentObjects:
// in the order in which it reports them. If a root is a part of something that stays,
// the plan is nil.
func (d *Database) DropPlan(roots []Ref) ([]Dropped, *Required) {
	p := &dropPlan{d: d, seen: map[Ref]int{}, named: roots}
	for _, r := range roots {
		owner, ok := d.ownerOf(r)
		if ok && !p.goes(owner) {
			return nil, &Required{Part: r, Owner: owner}
		}
		p.visit(dependent{r, true}, Ref{})
	}
	slices.Reverse(p.list)
	return p.list, nil
}

type dropPlan struct {
	d     *Database
	named []Ref
	seen  map[Ref]int // into list, counted from 1; 0: being visited
	list  []Dropped   // what depends stands before what it depends on
}

// goes tells whether a root covers r: it is r, or the whole of which r is a column.
func (p *dropPlan) goes(r Ref) bool {
	return slices.Contains(p.named, r) || slices.Contains(p.named, Ref{Class: r.Class, OID: r.OID})
}

func (p *dropPlan) visit(x dependent, because Ref) {
	if at, ok := p.seen[x.Ref]; ok {
		if at > 0 && x.silent {
			p.list[at-1].Silent = true
		}
		return
	}
	p.seen[x.Ref] = 0
	children := p.d.dependents(x.Ref)
	// PostgreSQL deletes the newest first, and reports backwards.
	slices.SortStableFunc(children, func(a, b dependent) int { return cmp.Compare(b.OID, a.OID) })
	for _, c := range children {
		p.visit(c, x.Ref)
	}
	p.list = append(p.list, Dropped{Ref: x.Ref, Because: because, Silent: x.silent || slices.Contains(p.named, x.Ref)})
	p.seen[x.Ref] = len(p.list)
}

// ownerOf is what an internal part belongs to: an identity sequence to its column, the
// index of a constraint to the constraint.
func (d *Database) ownerOf(r Ref) (Ref, bool) {
	if r.Class != ClassRelation || r.Sub != 0 {
		return Ref{}, false
	}
	if s, ok := d.SequenceByOID(r.OID); ok && s.OwnedBy.Identity {
		return TableRef(s.OwnedBy.Table, s.OwnedBy.Column), true
	}
	if i, ok := d.IndexByOID(r.OID); ok {
		t, _ := d.TableByOID(i.Table)
		if c := t.constraintOf(i.OID); c != nil {
			return ConstraintRef(t.OID, c.OID), true
		}
	}
	return Ref{}, false
}

// constraintOf is the primary or unique constraint that an index serves.
func (t *Table) constraintOf(index OID) *Constraint {
	for i := range t.Constraints {
		if c := &t.Constraints[i]; c.Index == index && c.Kind != ConstraintForeign {
			return c
		}
	}
	return nil
}

// dependents are what depends directly on r.
func (d *Database) dependents(r Ref) (list []dependent) {
	add := func(x Ref, silent bool) { list = append(list, dependent{x, silent}) }
	switch r.Class {
	case ClassSchema:
		d.RelationsIn(r.OID, func(x Relation) bool { add(TableRef(x.Key().OID, 0), false); return true })
	case ClassConstraint:
		t, _ := d.TableByOID(r.Table)
		if c := t.ConstraintByOID(r.OID); c != nil && c.Kind != ConstraintForeign && c.Index != 0 {
			add(TableRef(c.Index, 0), true)
		}
	case ClassRelation:
		if t, ok := d.TableByOID(r.OID); ok {
			return d.dependentsOfTable(t, int16(r.Sub))
		}
		if i, ok := d.IndexByOID(r.OID); ok {
			d.Referencing(i.Table, func(t *Table) bool {
				for k := range t.Constraints {
					if c := &t.Constraints[k]; c.Kind == ConstraintForeign && c.Index == i.OID {
						add(ConstraintRef(t.OID, c.OID), false)
					}
				}
				return true
			})
		}
		d.DefaultUsers(r.OID, func(t *Table) bool {
			for k := range t.Columns {
				if x := t.Columns[k].Default; x != nil && slices.Contains(x.Sequences, r.OID) {
					add(DefaultRef(t.OID, x.OID), false)
				}
			}
			return true
		})
	}
	return list
}

// dependentsOfTable are what depends on a table, or on one of its columns.
func (d *Database) dependentsOfTable(t *Table, column int16) (list []dependent) {
	add := func(x Ref, silent bool) { list = append(list, dependent{x, silent}) }
	of := func(numbers ...int16) bool { return column == 0 || slices.Contains(numbers, column) }
	d.OwnedSequences(t.OID, func(s *Sequence) bool {
		if of(s.OwnedBy.Column) {
			add(TableRef(s.OID, 0), true)
		}
		return true
	})
	d.IndexesOf(t.OID, func(i *Index) bool {
		if of(i.numbers()...) && t.constraintOf(i.OID) == nil {
			add(TableRef(i.OID, 0), true)
		}
		return true
	})
	for k := range t.Constraints {
		if c := &t.Constraints[k]; of(c.Columns...) {
			add(ConstraintRef(t.OID, c.OID), true)
		}
	}
	for k := range t.Columns {
		if x := t.Columns[k].Default; x != nil && of(int16(k+1)) {
			add(DefaultRef(t.OID, x.OID), true)
		}
	}
	d.Referencing(t.OID, func(other *Table) bool {
		for k := range other.Constraints {
			c := &other.Constraints[k]
			if c.References == t.OID && of(c.ReferencedColumns...) && other.OID != t.OID {
				add(ConstraintRef(other.OID, c.OID), false)
			}
		}
		return true
	})
	return list
}

// numbers are the columns that an index has anything to do with.
func (i *Index) numbers() []int16 {
	list := slices.Clone(i.Include)
	for _, c := range i.Columns {
		list = append(list, c.Number)
	}
	return list
}

// DropAll does a plan: objects go, and tables that stay lose columns, constraints and
// defaults.
func (t *Tx) DropAll(plan []Dropped) error {
	gone := map[Ref]bool{}
	var touched []OID
	for _, x := range plan {
		gone[x.Ref] = true
		table := x.Table
		if x.Sub != 0 {
			table = x.OID
		}
		if table != 0 && !slices.Contains(touched, table) {
			touched = append(touched, table)
		}
	}
	var changed []*Table
	for _, oid := range touched {
		table, ok := t.Database().TableByOID(oid)
		if !ok || gone[TableRef(oid, 0)] {
			continue
		}
		if next, different := table.without(gone); different {
			changed = append(changed, next)
		}
	}
	for _, table := range changed {
		if err := t.Put(table); err != nil {
			return err
		}
	}
	for _, x := range plan {
		if (x.Class != ClassRelation && x.Class != ClassSchema) || x.Sub != 0 {
			continue
		}
		if err := t.Drop(Key{Class: x.Class, OID: x.OID}); err != nil {
			return err
		}
	}
	return nil
}

// without is the table without the parts that are gone.
func (t *Table) without(gone map[Ref]bool) (next *Table, different bool) {
	next = t.Clone()
	for i := range next.Columns {
		c := &next.Columns[i]
		if c.Default != nil && gone[DefaultRef(t.OID, c.Default.OID)] {
			c.Default, different = nil, true
		}
		if gone[TableRef(t.OID, int16(i+1))] {
			*c, different = DroppedColumn(i+1), true
		}
	}
	n := len(next.Constraints)
	next.Constraints = slices.DeleteFunc(next.Constraints, func(c Constraint) bool { return gone[ConstraintRef(t.OID, c.OID)] })
	return next, different || len(next.Constraints) != n
}
