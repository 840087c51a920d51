package engine

import "fmt"

// Positions yields the replicated positions of all sequences in the order of
// their IDs: what a snapshot holds beside the catalog.
func (s *Store) Positions(yield func(SequenceID, Position) bool) {
	s.positions.all(func(db OID, t *positions) bool {
		more := true
		t.all(func(seq OID, p Position) bool {
			more = yield(SequenceID{db, seq}, p)
			return more
		})
		return more
	})
}

// Restore builds a Store from the records of a snapshot, in the order roles,
// databases, schemas, sequences, positions. It refuses what no Store could hold,
// so that a wrong snapshot is noticed at once and not at the next command.
type Restore struct{ store *Store }

// NewRestore starts with a Store that holds nothing but the counter.
func NewRestore(nextOID OID) *Restore {
	return &Restore{&Store{catalog: &Catalog{nextOID: nextOID}}}
}

// Role adds a role.
func (r *Restore) Role(role Role) error {
	c := r.store.catalog
	if _, taken := c.Role(role.Name); taken || r.roleTaken(role.OID) {
		return fmt.Errorf("role %q (OID %d) is there twice", role.Name, role.OID)
	}
	return r.below(role.OID, func() { c.putRole(&role) })
}

func (r *Restore) roleTaken(oid OID) bool {
	_, taken := r.store.catalog.RoleByOID(oid)
	return taken
}

// Database adds an empty database.
func (r *Restore) Database(oid OID, name string, owner OID) error {
	c := r.store.catalog
	_, nameTaken := c.Database(name)
	_, oidTaken := c.DatabaseByOID(oid)
	if nameTaken || oidTaken {
		return fmt.Errorf("database %q (OID %d) is there twice", name, oid)
	}
	return r.below(oid, func() {
		c.putDatabase(&Database{OID: oid, Name: name, Owner: owner})
		r.store.positions.put(oid, &positions{})
	})
}

// Schema adds a schema to a database that was added before.
func (r *Restore) Schema(database OID, s Schema) error {
	db, err := r.database(database)
	if err != nil {
		return err
	}
	_, nameTaken := db.Schema(s.Name)
	_, oidTaken := db.SchemaByOID(s.OID)
	if nameTaken || oidTaken {
		return fmt.Errorf("schema %q (OID %d) is there twice", s.Name, s.OID)
	}
	return r.below(s.OID, func() { db.putSchema(&s) })
}

// Sequence adds a sequence to a schema that was added before.
func (r *Restore) Sequence(database OID, s Sequence) error {
	db, err := r.database(database)
	if err != nil {
		return err
	}
	if _, ok := db.SchemaByOID(s.Schema); !ok {
		return fmt.Errorf("sequence %q lies in schema %d, which is not there", s.Name, s.Schema)
	}
	_, nameTaken := db.Sequence(s.Schema, s.Name)
	_, oidTaken := db.SequenceByOID(s.OID)
	if nameTaken || oidTaken {
		return fmt.Errorf("sequence %q (OID %d) is there twice", s.Name, s.OID)
	}
	return r.below(s.OID, func() { db.putSequence(&s) })
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
	r.store.setPosition(id, p)
	return nil
}

// Store returns the finished Store: every sequence must have its position.
func (r *Restore) Store() (*Store, error) {
	var err error
	r.store.catalog.Databases(func(db *Database) bool {
		t, _ := r.store.positions.get(db.OID)
		if t.len() != db.SequenceCount() {
			err = fmt.Errorf("database %q has %d sequences and %d positions", db.Name, db.SequenceCount(), t.len())
		}
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	return r.store, nil
}

func (r *Restore) database(oid OID) (*Database, error) {
	db, ok := r.store.catalog.DatabaseByOID(oid)
	if !ok {
		return nil, fmt.Errorf("database with OID %d is not there", oid)
	}
	return db, nil
}

// below runs put if the OID lies below the counter, as every committed OID does.
func (r *Restore) below(oid OID, put func()) error {
	if oid >= r.store.catalog.nextOID {
		return fmt.Errorf("OID %d lies beyond the counter %d", oid, r.store.catalog.nextOID)
	}
	put()
	return nil
}
