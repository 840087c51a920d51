package engine

import (
	"maps"
	"slices"

	"seqd/engine/acl"
	"seqd/engine/sequence"
)

// Tx is a transaction's private changes over a catalog: its statements see them,
// nobody else does until the Commit built from them is applied. Not safe for
// concurrent use; it belongs to one session.
type Tx struct {
	database OID
	temp     *Temp    // the session's temporary objects; nil: it can have none
	base     *Catalog // what view is the temporary objects and the writes applied to
	view     *Catalog
	writes   []Write // at most one for each object, in order of first change; nil: none any more
	at       map[Key]int
	live     int // writes that are not nil
	private  map[OID]*PrivatePosition
	epoch    uint64
}

// PrivatePosition is the position of a sequence that is one session's own: created
// or rewritten in its transaction, or temporary. nextval and setval on the former go
// back with the transaction (R2).
type PrivatePosition struct {
	State sequence.State
	// Epoch is the session's own: no committed epoch has the top bit set.
	Epoch uint64
}

const privateEpoch = 1 << 63

// Begin starts a transaction on a database over the catalog.
func Begin(c *Catalog, database OID) *Tx { return BeginWith(c, database, nil) }

// BeginWith starts a transaction of a session with temporary objects.
func BeginWith(c *Catalog, database OID, temp *Temp) *Tx {
	return &Tx{database: database, temp: temp, base: c, view: temp.Over(c), at: map[Key]int{}, private: map[OID]*PrivatePosition{}}
}

// Catalog is what the transaction sees: a new pointer after every change.
func (t *Tx) Catalog() *Catalog { return t.view }

// Base is the catalog that the transaction's changes are applied to.
func (t *Tx) Base() *Catalog { return t.temp.Over(t.base) }

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
	below := t.temp.Over(c)
	if !t.Dirty() {
		t.base, t.view = c, below
		return
	}
	v := open(below, t.database)
	if v == nil {
		return
	}
	if _, err := v.apply(0, t.pending()...); err != nil {
		return
	}
	t.base, t.view = c, v.c
}

func (t *Tx) pending() []Write {
	return slices.DeleteFunc(slices.Clone(t.writes), func(w Write) bool { return w == nil })
}

// Private returns the position of a sequence if it is the transaction's or the
// session's own. The caller may change it in place.
func (t *Tx) Private(oid OID) (*PrivatePosition, bool) {
	if p, ok := t.private[oid]; ok {
		return p, true
	}
	return t.temp.Position(oid)
}

// Dirty tells whether the transaction changed anything.
func (t *Tx) Dirty() bool { return t.live > 0 }

// Commit returns the command that makes the changes real; nil if there are none
// besides those of temporary objects, which KeepTemp makes real.
func (t *Tx) Commit() *Commit {
	c := &Commit{Database: t.database}
	for _, w := range t.pending() {
		if w.key().temporary() {
			continue
		}
		if put, ok := w.(*PutSequence); ok {
			final := *put
			if p, ok := t.private[put.Sequence.OID]; ok {
				state := p.State
				final.Position = &state
			}
			w = &final
		}
		c.Writes = append(c.Writes, w)
	}
	if len(c.Writes) == 0 {
		return nil
	}
	return c
}

// Savepoint is a moment of a transaction that it can go back to. Positions are shared
// with what comes after: nextval and setval are not undone by going back, ALTER and
// CREATE are, because they make a position anew (R6).
type Savepoint struct {
	base    *Catalog
	view    *Catalog
	writes  []Write
	private map[OID]*PrivatePosition
}

// Savepoint remembers the current moment.
func (t *Tx) Savepoint() *Savepoint {
	return &Savepoint{base: t.base, view: t.view, writes: t.pending(), private: maps.Clone(t.private)}
}

// RollbackTo undoes everything since s, which stays valid.
func (t *Tx) RollbackTo(s *Savepoint) {
	t.base, t.view, t.writes, t.live = s.base, s.view, slices.Clone(s.writes), len(s.writes)
	t.at = make(map[Key]int, len(s.writes))
	for i, w := range t.writes {
		t.at[w.key()] = i
	}
	t.private = maps.Clone(s.private)
}

// NewSequence is what CreateSequence needs.
type NewSequence struct {
	OID         OID // fresh, from the leader's counter
	Schema      OID
	Name        string
	Owner       OID
	Persistence Persistence
	Definition  Definition
	ACL         acl.ACL
	OwnedBy     OwnedBy
}

// CreateSequence adds a sequence. The caller has looked for the name already;
// a taken one is refused again here.
func (t *Tx) CreateSequence(n NewSequence) error {
	err := t.put(&PutSequence{Sequence: Sequence{
		OID: n.OID, Schema: n.Schema, Name: n.Name, Owner: n.Owner, Persistence: n.Persistence, Params: n.Definition.Params,
		ACL: n.ACL, OwnedBy: n.OwnedBy,
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

// Put creates an object, or replaces the one that the transaction sees under its
// key. A *Sequence must be there already, and keeps its position. A taken name is
// refused here; references are looked at when the Commit is applied.
func (t *Tx) Put(o Object) error {
	var expect uint64
	old := t.Get(o.Key())
	if old != nil {
		expect = old.version()
	}
	if seq, ok := o.(*Sequence); ok {
		if old == nil {
			return errConcurrentUpdate()
		}
		return t.put(&PutSequence{Sequence: *seq, Expect: expect})
	}
	return t.put(&Put{Object: o.at(0), Expect: expect})
}

// Drop removes an object, and what goes with it (see Drop, the command). Nothing
// happens if there is none.
func (t *Tx) Drop(k Key) error {
	old := t.Get(k)
	if old == nil {
		return nil
	}
	t.forget(k)
	if seq, ok := old.(*Sequence); ok {
		return t.DropSequence(seq)
	}
	return t.put(&Drop{Key: k, Expect: old.version()})
}

// Get returns the object that the transaction sees under a key, nil if none.
func (t *Tx) Get(k Key) Object {
	return t.view.Object(t.Database(), k)
}

// forget takes back the transaction's own writes of what goes with an object that is
// dropped now: what was there before goes when the drop is applied.
func (t *Tx) forget(k Key) {
	for i, w := range t.writes {
		if w != nil && goesWith(w.key(), k) {
			t.remove(i)
		}
	}
}

// goesWith tells whether an object is dropped with another without a word.
func goesWith(k, gone Key) bool {
	switch k.Class {
	case ClassComment, ClassSharedComment, ClassSecurityLabel, ClassSharedSecurityLabel:
		return k.OID == gone.OID && Class(k.Second) == gone.Class
	case ClassMembership:
		return gone.Class == ClassRole && (k.OID == gone.OID || k.Second == gone.OID)
	case ClassSetting:
		return gone.Class == ClassRole && k.Second == gone.OID || gone.Class == ClassDatabase && k.OID == gone.OID
	case ClassDefaultACL:
		return gone.Class == ClassSchema && k.Second == gone.OID
	}
	return false
}

func (t *Tx) remove(i int) {
	delete(t.at, t.writes[i].key())
	t.writes[i] = nil
	t.live--
}

// rewrite gives a sequence a position that is the transaction's own.
func (t *Tx) rewrite(oid OID, s sequence.State) {
	epoch := &t.epoch
	if t.temp != nil {
		epoch = &t.temp.epoch // must not come again in the session's next transaction
	}
	*epoch++
	t.private[oid] = &PrivatePosition{State: s, Epoch: privateEpoch | *epoch}
}

// put applies a write to the view and folds it into the writes to commit. What
// the transaction saw of an object before its first change stays the thing that
// the commit checks.
func (t *Tx) put(w Write) error {
	v := open(t.view, t.database)
	if v == nil {
		return errConcurrentUpdate()
	}
	if _, err := v.apply(0, w); err != nil {
		return err
	}
	k := w.key()
	if i, ok := t.at[k]; ok {
		folded := fold(t.writes[i], w)
		t.remove(i)
		w = folded
	}
	if w != nil {
		t.at[k] = len(t.writes)
		t.writes = append(t.writes, w)
		t.live++
	}
	t.view = v.c
	return nil
}

// fold joins an object's earlier write with its next one; nil: they undo each other.
func fold(earlier, next Write) Write {
	_, before, expect := write(earlier)
	switch next := next.(type) {
	case *PutSequence:
		joined := *next
		joined.Expect = expect
		// 0: no position was looked at before.
		if before, ok := earlier.(*PutSequence); ok && before.ExpectSerial != 0 {
			joined.ExpectSerial = before.ExpectSerial
		}
		return &joined
	case *Put:
		return &Put{Object: next.Object, Expect: expect}
	}
	if before != nil && expect == 0 {
		return nil // created and dropped: nobody else ever saw it
	}
	if k := next.key(); isSequence(before) {
		return &DropSequence{OID: k.OID, Expect: expect}
	}
	return &Drop{Key: next.key(), Expect: expect}
}

func isSequence(o Object) bool {
	_, ok := o.(*Sequence)
	return ok
}
