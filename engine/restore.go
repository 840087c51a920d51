package engine

import (
	"fmt"

	"seqd/protocol/sqlstate"
)

// Positions yields the replicated positions of all sequences in the order of
// their IDs: what a snapshot holds beside the catalog.
func (s *Store) Positions(yield func(SequenceID, Position) bool) {
	s.positions.all(func(db OID, t *positions) bool {
		more := true
		t.all(func(seq OID, p packed) bool {
			more = yield(SequenceID{db, seq}, p.unpack())
			return more
		})
		return more
	})
}

// Shared yields the objects that belong to no database, databases aside: roles
// first, each kind in key order.
func (c *Catalog) Shared(yield func(Object) bool) {
	objects(yield,
		func(y func(Object) bool) { c.Roles(func(o *Role) bool { return y(o) }) },
		func(y func(Object) bool) { c.Memberships(func(o *Membership) bool { return y(o) }) },
		func(y func(Object) bool) { c.Settings(func(o *Setting) bool { return y(o) }) },
		func(y func(Object) bool) { c.notes.all(func(_ string, o Object) bool { return y(o) }) },
	)
}

// Objects yields all that a database holds: schemas first, sequences last, each kind
// in key order.
func (d *Database) Objects(yield func(Object) bool) {
	objects(yield,
		func(y func(Object) bool) { d.Schemas(func(o *Schema) bool { return y(o) }) },
		func(y func(Object) bool) { d.DefaultACLs(func(o *DefaultACL) bool { return y(o) }) },
		func(y func(Object) bool) { d.Tables(func(o *Table) bool { return y(o) }) },
		func(y func(Object) bool) { d.Indexes(func(o *Index) bool { return y(o) }) },
		func(y func(Object) bool) { d.notes.all(func(_ string, o Object) bool { return y(o) }) },
		func(y func(Object) bool) { d.Sequences(func(o *Sequence) bool { return y(o) }) },
	)
}

func objects(yield func(Object) bool, each ...func(func(Object) bool)) {
	more := true
	for _, kind := range each {
		kind(func(o Object) bool { more = yield(o); return more })
		if !more {
			return
		}
	}
}

// Restore builds a Store from the records of a snapshot: roles, then databases, then
// what they hold, then positions. It refuses what no Store could hold, so that a
// wrong snapshot is noticed at once and not at the next command.
type Restore struct {
	store *Store
	// before initdb's objects were part of a snapshot: they are added, and what the
	// snapshot says about them does not count.
	bare bool
	open map[OID]*view
}

// NewRestore starts with a Store that holds nothing but the counter.
func NewRestore(nextOID OID) *Restore {
	return &Restore{store: &Store{catalog: &Catalog{nextOID: nextOID}}, open: map[OID]*view{}}
}

// NewRestoreBare is NewRestore for a snapshot from before there were templates and
// predefined roles: the result has all that NewCatalog has, as on a replica that
// executed the log from its beginning.
func NewRestoreBare(nextOID OID) *Restore {
	r := NewRestore(nextOID)
	r.bare = true
	c := NewCatalog()
	c.nextOID = nextOID
	r.store.catalog = c
	for d := range c.Databases {
		r.store.positions.put(d.OID, &positions{})
		r.open[d.OID] = &view{c, d}
	}
	return r
}

// Shared adds an object that belongs to no database, or a database (empty).
func (r *Restore) Shared(o Object) error {
	if r.bare && ownOID(o) < FirstNormalObjectID {
		return nil
	}
	c := r.store.catalog
	if info, ok := o.(*DatabaseInfo); ok {
		if _, there := c.databases.get(info.OID); !there {
			d := &Database{DatabaseInfo: *info}
			c.databases.put(info.OID, d)
			r.open[info.OID] = &view{c, d}
			r.store.positions.put(info.OID, &positions{})
			return r.add(&view{c, d}, o, true)
		}
	}
	if !o.Key().Class.Shared() {
		return fmt.Errorf("a record of class %d in no database", o.Key().Class)
	}
	return r.add(&view{c, &Database{}}, o, false)
}

// In adds an object to a database that was added before.
func (r *Restore) In(database OID, o Object) error {
	v := r.open[database]
	if v == nil {
		return fmt.Errorf("database with OID %d is not there", database)
	}
	if o.Key().Class.Shared() {
		return fmt.Errorf("a record of class %d in a database", o.Key().Class)
	}
	if _, schema := o.(*Schema); r.bare && schema && ownOID(o) < FirstNormalObjectID {
		return nil
	}
	return r.add(v, o, false)
}

func (r *Restore) add(v *view, o Object, fresh bool) error {
	k, oid := o.Key(), ownOID(o)
	if !fresh && v.get(k) != nil {
		return fmt.Errorf("object %+v is there twice", k)
	}
	if oid >= r.store.catalog.nextOID {
		return fmt.Errorf("OID %d lies beyond the counter %d", oid, r.store.catalog.nextOID)
	}
	if err := v.admit(o); err != nil {
		return fmt.Errorf("object %+v: %w", k, reason(err))
	}
	v.put(o)
	return nil
}

func reason(err *sqlstate.Error) error {
	if err.Code == sqlstate.SerializationFailure {
		return fmt.Errorf("what it lies in is not there")
	}
	return err
}

// Position sets the position of a sequence that was added before.
func (r *Restore) Position(id SequenceID, p Position) error {
	seq, ok := r.store.sequence(id)
	if !ok {
		return fmt.Errorf("position of sequence %d, which is not there", id.Sequence)
	}
	if _, set := r.store.Position(id); set {
		return fmt.Errorf("position of sequence %d is there twice", id.Sequence)
	}
	if !seq.Params.InBounds(p.State.LastValue) {
		return fmt.Errorf("position %d of sequence %q is out of bounds", p.State.LastValue, seq.Name)
	}
	if p.Epoch > maxIndex {
		return fmt.Errorf("epoch %d of sequence %q is impossible", p.Epoch, seq.Name)
	}
	r.store.setPosition(id, p)
	return nil
}

// Store returns the finished Store: every sequence must have its position, and every
// reference lead to something.
func (r *Restore) Store() (*Store, error) {
	c := r.store.catalog
	for d := range c.Databases {
		t, _ := r.store.positions.get(d.OID)
		if t.len() != d.SequenceCount() {
			return nil, fmt.Errorf("database %q has %d sequences and %d positions", d.Name, d.SequenceCount(), t.len())
		}
		v := &view{c, d}
		if err := v.sound(&d.DatabaseInfo); err != nil {
			return nil, fmt.Errorf("database %q: %w", d.Name, err)
		}
		for o := range d.Objects {
			if err := v.sound(o); err != nil {
				return nil, fmt.Errorf("object %+v of database %q refers to what is not there: %w", o.Key(), d.Name, err)
			}
		}
	}
	v := &view{c, &Database{}}
	for o := range c.Shared {
		if err := v.sound(o); err != nil {
			return nil, fmt.Errorf("object %+v refers to what is not there: %w", o.Key(), err)
		}
	}
	return r.store, nil
}
