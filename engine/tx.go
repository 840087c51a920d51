package engine

import (
	"maps"
	"slices"

	"seqd/engine/sequence"
)

// Tx is a transaction's private changes over a catalog: its statements see them,
// nobody else does until the Commit built from them is applied. Not safe for
// concurrent use; it belongs to one session.
type Tx struct {
	database OID
	base     *Catalog // what view is the writes applied to
	view     *Catalog
	writes   []Write // at most one for each object, in order of first change
	private  map[OID]*PrivatePosition
	epoch    uint64
}

// PrivatePosition is the position of a sequence that was created or rewritten in
// the transaction. nextval and setval on it go back with the transaction (R2).
type PrivatePosition struct {
	State sequence.State
	// Epoch is the transaction's own: no committed epoch has the top bit set.
	Epoch uint64
}

const privateEpoch = 1 << 63

// Begin starts a transaction on a database over the catalog.
func Begin(c *Catalog, database OID) *Tx {
	return &Tx{database: database, base: c, view: c, private: map[OID]*PrivatePosition{}}
}

// Catalog is what the transaction sees: a new pointer after every change.
func (t *Tx) Catalog() *Catalog { return t.view }

// Database is the database as the transaction sees it.
func (t *Tx) Database() *Database {
	db, _ := t.view.DatabaseByOID(t.database)
	return db
}

// Refresh makes the transaction see a newer catalog: like PostgreSQL's, its
// catalog lookups are not bound to a snapshot. If others' changes and its own
// contradict each other, it stays where it is, and the commit will be refused.
func (t *Tx) Refresh(c *Catalog) {
	if t.base == c {
		return
	}
	if !t.Dirty() {
		t.base, t.view = c, c
		return
	}
	old, ok := c.DatabaseByOID(t.database)
	if !ok {
		return
	}
	view, db := c.fork(), old.fork()
	for _, w := range t.writes {
		if seq, ok := db.SequenceByOID(w.object()); ok {
			db.dropSequence(seq)
		}
	}
	for _, w := range t.writes {
		if applyWrite(view, db, 0, w) != nil {
			return
		}
	}
	view.databases.put(db.OID, db)
	t.base, t.view = c, view
}

// Private returns the position of a sequence if it is the transaction's own. The
// caller may change it in place.
func (t *Tx) Private(oid OID) (*PrivatePosition, bool) {
	p, ok := t.private[oid]
	return p, ok
}

// Dirty tells whether the transaction changed anything.
func (t *Tx) Dirty() bool { return len(t.writes) > 0 }

// Commit returns the command that makes the changes real; nil if there are none.
func (t *Tx) Commit() *Commit {
	if !t.Dirty() {
		return nil
	}
	c := &Commit{Database: t.database, Writes: make([]Write, len(t.writes))}
	for i, w := range t.writes {
		if put, ok := w.(*PutSequence); ok {
			final := *put
			if p, ok := t.private[put.Sequence.OID]; ok {
				state := p.State
				final.Position = &state
			}
			w = &final
		}
		c.Writes[i] = w
	}
	return c
}

// Savepoint is a moment of a transaction that it can go back to.
type Savepoint struct {
	base    *Catalog
	view    *Catalog
	writes  []Write
	private map[OID]PrivatePosition
}

// Savepoint remembers the current moment.
func (t *Tx) Savepoint() *Savepoint {
	s := &Savepoint{base: t.base, view: t.view, writes: slices.Clone(t.writes), private: make(map[OID]PrivatePosition, len(t.private))}
	for oid, p := range t.private {
		s.private[oid] = *p
	}
	return s
}

// RollbackTo undoes everything since s, which stays valid.
func (t *Tx) RollbackTo(s *Savepoint) {
	t.base, t.view, t.writes = s.base, s.view, slices.Clone(s.writes)
	t.private = make(map[OID]*PrivatePosition, len(s.private))
	for oid, p := range maps.All(s.private) {
		t.private[oid] = &p
	}
}

// NewSequence is what CreateSequence needs.
type NewSequence struct {
	OID         OID // fresh, from the leader's counter
	Schema      OID
	Name        string
	Owner       OID
	Persistence Persistence
	Definition  Definition
}

// CreateSequence adds a sequence. The caller has looked for the name already;
// a taken one is refused again here.
func (t *Tx) CreateSequence(n NewSequence) error {
	err := t.put(&PutSequence{Sequence: Sequence{
		OID: n.OID, Schema: n.Schema, Name: n.Name, Owner: n.Owner, Persistence: n.Persistence, Params: n.Definition.Params,
	}})
	if err != nil {
		return err
	}
	t.rewrite(n.OID, n.Definition.State)
	return nil
}

// AlterSequence replaces the options and rewrites the position. at is the exact
// position that the definition was computed from; only Serial is looked at, and
// only if the position is not the transaction's own already.
func (t *Tx) AlterSequence(seq *Sequence, d Definition, at Position) error {
	next := *seq
	next.Params = d.Params
	put := &PutSequence{Sequence: next, Expect: seq.Version, ExpectSerial: at.Serial}
	if err := t.put(put); err != nil {
		return err
	}
	t.rewrite(seq.OID, d.State)
	return nil
}

// ReplaceSequence changes name, schema, owner or persistence, and nothing that
// the position depends on.
func (t *Tx) ReplaceSequence(old *Sequence, next Sequence) error {
	return t.put(&PutSequence{Sequence: next, Expect: old.Version})
}

// DropSequence removes a sequence.
func (t *Tx) DropSequence(seq *Sequence) error {
	delete(t.private, seq.OID)
	return t.put(&DropSequence{OID: seq.OID, Expect: seq.Version})
}

func (t *Tx) rewrite(oid OID, s sequence.State) {
	t.epoch++
	t.private[oid] = &PrivatePosition{State: s, Epoch: privateEpoch | t.epoch}
}

// put applies a write to the view and folds it into the writes to commit. What
// the transaction saw of an object before its first change stays the thing that
// the commit checks.
func (t *Tx) put(w Write) error {
	view := t.view.fork()
	db := t.Database().fork()
	if err := applyWrite(view, db, 0, w); err != nil {
		return err
	}
	view.databases.put(db.OID, db)
	i := slices.IndexFunc(t.writes, func(o Write) bool { return o.object() == w.object() })
	switch {
	case i < 0:
		t.writes = append(t.writes, w)
	default:
		folded, keep := fold(t.writes[i], w)
		t.writes = slices.Delete(t.writes, i, i+1)
		if keep {
			t.writes = append(t.writes, folded)
		}
	}
	t.view = view
	return nil
}

// fold joins an object's earlier write with its next one.
func fold(earlier, next Write) (Write, bool) {
	before, ok := earlier.(*PutSequence)
	if !ok {
		return next, true // nothing follows a drop: the OID is never used again
	}
	if put, ok := next.(*PutSequence); ok {
		joined := *put
		joined.Expect = before.Expect
		if before.ExpectSerial != 0 { // 0: no position was looked at before
			joined.ExpectSerial = before.ExpectSerial
		}
		return &joined, true
	}
	if before.Expect == 0 {
		return nil, false // created and dropped: nobody else ever saw it
	}
	return &DropSequence{OID: before.Sequence.OID, Expect: before.Expect}, true
}
