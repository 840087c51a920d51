package engine

import "strconv"

// Temp is the temporary objects of one session: a schema pg_temp_N with sequences,
// tables and indexes that no log knows. It lies between the committed catalog and the
// session's transactions: Over shows a catalog with them, a Tx changes them, and
// KeepTemp keeps the changes when the transaction commits. A nil *Temp has none.
//
// OIDs of temporary objects come from a range of their own, so that making one needs
// no leader and can't collide with what others commit.
type Temp struct {
	database  OID
	name      string
	schema    OID // 0: not made yet
	objects   []Object
	at        map[Key]int // into objects
	positions map[OID]*PrivatePosition
	epoch     uint64
	next      OID

	base, view *Catalog // the newest answer of Over
}

// NewTemp returns the empty set of a session; number is N in pg_temp_N, that of no
// other session at the time.
func NewTemp(database OID, number int) *Temp {
	return &Temp{database: database, name: "pg_temp_" + strconv.Itoa(number), at: map[Key]int{},
		positions: map[OID]*PrivatePosition{}, next: FirstTemporaryOID}
}

// Empty tells whether there are no objects, except perhaps the schema.
func (t *Temp) Empty() bool { return t == nil || t.schema == 0 || len(t.objects) == 1 }

// AllocateOID returns an OID for a temporary object.
func (t *Temp) AllocateOID() OID {
	oid := t.next
	t.next++
	return oid
}

// Schema is the schema's OID, 0 until it is made.
func (t *Temp) Schema() OID {
	if t == nil {
		return InvalidOID
	}
	return t.schema
}

// Name is the schema's name.
func (t *Temp) Name() string { return t.name }

// Make makes the schema if it is not there yet. Unlike all else in it the schema
// stays, also if the transaction that needed it first is rolled back.
func (t *Temp) Make(tx *Tx) OID {
	tx.temp = t
	if t.schema == 0 {
		t.schema = t.AllocateOID()
		t.keep(&Schema{OID: t.schema, Name: t.name, Owner: BootstrapSuperuser, Version: firstVersion})
	}
	if _, seen := tx.Database().SchemaByOID(t.schema); !seen {
		base := tx.base
		tx.base = nil
		tx.Refresh(base)
	}
	return t.schema
}

// Position returns the position of a temporary sequence. The caller may change it in
// place.
func (t *Temp) Position(oid OID) (*PrivatePosition, bool) {
	if t == nil {
		return nil, false
	}
	p, ok := t.positions[oid]
	return p, ok
}

// Over is the catalog with the temporary objects in it: the catalog itself if there
// are none, else equal pointers for equal catalogs until something changes.
func (t *Temp) Over(c *Catalog) *Catalog {
	if t == nil || t.schema == 0 {
		return c
	}
	if t.base == c {
		return t.view
	}
	v := open(c, t.database)
	if v == nil {
		return c // the database is gone
	}
	for _, o := range t.objects {
		v.put(o)
	}
	t.base, t.view = c, v.c
	return t.view
}

// IsTemporary tells whether an OID is that of a temporary object, which only its
// session knows.
func IsTemporary(oid OID) bool { return oid >= FirstTemporaryOID }

// temporary tells whether a key is that of a temporary object, or of a comment on one.
func (k Key) temporary() bool { return IsTemporary(k.OID) }

// KeepTemp makes a committed transaction's changes of temporary objects real.
func (t *Tx) KeepTemp() {
	if t.temp == nil {
		return
	}
	for _, w := range t.pending() {
		k, o, _ := write(w)
		switch {
		case !k.temporary():
		case o == nil:
			t.temp.drop(k)
		default:
			t.temp.keep(o.at(t.temp.nextVersion()))
			if p, ok := t.private[k.OID]; ok && isSequence(o) {
				t.temp.positions[k.OID] = p
			}
		}
	}
}

// nextVersion tells the versions of temporary objects apart.
func (t *Temp) nextVersion() uint64 {
	t.epoch++
	return t.epoch
}

func (t *Temp) keep(o Object) {
	t.base, t.view = nil, nil
	if i, ok := t.at[o.Key()]; ok {
		t.objects[i] = o
		return
	}
	t.at[o.Key()] = len(t.objects)
	t.objects = append(t.objects, o)
}

// drop removes an object and what goes with it.
func (t *Temp) drop(gone Key) {
	t.base, t.view = nil, nil
	delete(t.positions, gone.OID)
	kept := t.objects[:0:0]
	for _, o := range t.objects {
		if k := o.Key(); k != gone && !goesWith(k, gone) {
			kept = append(kept, o)
		}
	}
	t.reset(kept)
}

func (t *Temp) reset(objects []Object) {
	t.objects = objects
	clear(t.at)
	for i, o := range objects {
		t.at[o.Key()] = i
	}
}

// Clear drops everything but the schema: DISCARD TEMP. No transaction with changes
// of temporary objects may be open.
func (t *Temp) Clear() {
	if t.Empty() {
		return
	}
	t.base, t.view = nil, nil
	clear(t.positions)
	t.reset(t.objects[:1:1])
}
