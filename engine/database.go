package engine

import (
	"encoding/binary"

	"seqd/engine/acl"
)

// DatabaseInfo is a row of pg_database. Encoding (UTF8) and locale (C.UTF-8) are
// the same for all.
type DatabaseInfo struct {
	OID              OID
	Name             string
	Owner            OID
	ACL              acl.ACL
	AllowConnections bool
	ConnectionLimit  int32 // -1: none
	IsTemplate       bool
	Version          uint64
}

// Schema is a row of pg_namespace.
type Schema struct {
	OID     OID
	Name    string
	Owner   OID
	ACL     acl.ACL
	Version uint64
}

// Database is a database and what it holds. A published Database is immutable.
type Database struct {
	DatabaseInfo

	schemas       table[OID, *Schema]
	schemaNames   table[string, OID]
	sequences     dense[*Sequence]
	tables        table[OID, *Table]
	indexes       table[OID, *Index]
	relationNames names
	defaultACLs   table[string, *DefaultACL]
	notes         notes

	// Who depends on whom, by pairs of OIDs, so that none of these questions is a
	// scan: the sequences of a table, the tables with a default that uses a sequence,
	// the indexes of a table, the tables with a foreign key to a table.
	owned      pairs // table, sequence
	defaults   pairs // sequence, table
	indexed    pairs // table, index
	references pairs // referenced table, referencing table

	// mentions counts the objects in which a role that could be dropped stands as
	// owner or in an ACL.
	mentions table[OID, int]
}

// pairs is a set of pairs of OIDs in order.
type pairs struct{ table[uint64, struct{}] }

func pair(a, b OID) uint64       { return uint64(a)<<32 | uint64(b) }
func (p *pairs) add(a, b OID)    { p.put(pair(a, b), struct{}{}) }
func (p *pairs) remove(a, b OID) { p.delete(pair(a, b)) }
func (p *pairs) fork() pairs     { return pairs{p.table.fork()} }

// of yields what is paired with a, in order.
func (p *pairs) of(a OID, yield func(OID) bool) {
	p.from(pair(a, 0), func(k uint64, _ struct{}) bool { return OID(k>>32) == a && yield(OID(k)) })
}

// any tells whether anything is paired with a.
func (p *pairs) any(a OID) (found bool) {
	p.of(a, func(OID) bool { found = true; return false })
	return found
}

func (d *Database) fork() *Database {
	return &Database{
		DatabaseInfo:  d.DatabaseInfo,
		schemas:       d.schemas.fork(),
		schemaNames:   d.schemaNames.fork(),
		sequences:     d.sequences.fork(),
		tables:        d.tables.fork(),
		indexes:       d.indexes.fork(),
		relationNames: d.relationNames.fork(),
		defaultACLs:   d.defaultACLs.fork(),
		notes:         d.notes.fork(),
		owned:         d.owned.fork(),
		defaults:      d.defaults.fork(),
		indexed:       d.indexed.fork(),
		references:    d.references.fork(),
		mentions:      d.mentions.fork(),
	}
}

// Schema returns the schema called name.
func (d *Database) Schema(name string) (*Schema, bool) {
	oid, ok := d.schemaNames.get(name)
	if !ok {
		return nil, false
	}
	return d.schemas.get(oid)
}

// SchemaByOID returns a schema.
func (d *Database) SchemaByOID(oid OID) (*Schema, bool) { return d.schemas.get(oid) }

// Schemas yields all schemas in OID order.
func (d *Database) Schemas(yield func(*Schema) bool) {
	d.schemas.all(func(_ OID, s *Schema) bool { return yield(s) })
}

// Relation returns the sequence, table or index called name in a schema.
func (d *Database) Relation(schema OID, name string) (Relation, bool) {
	return d.relationNames.get(d.RelationByOID, schema, name)
}

// RelationByOID returns a sequence, table or index.
func (d *Database) RelationByOID(oid OID) (Relation, bool) {
	if s, ok := d.sequences.get(oid); ok {
		return s, true
	}
	if t, ok := d.tables.get(oid); ok {
		return t, true
	}
	if i, ok := d.indexes.get(oid); ok {
		return i, true
	}
	return nil, false
}

// RelationsIn yields the relations of a schema in the order of their names (as bytes).
func (d *Database) RelationsIn(schema OID, yield func(Relation) bool) {
	d.relationNames.in(d.RelationByOID, schema, yield)
}

// Sequence returns the sequence called name in a schema.
func (d *Database) Sequence(schema OID, name string) (*Sequence, bool) {
	r, _ := d.Relation(schema, name)
	s, ok := r.(*Sequence)
	return s, ok
}

// SequenceByOID returns a sequence.
func (d *Database) SequenceByOID(oid OID) (*Sequence, bool) { return d.sequences.get(oid) }

// Sequences yields all sequences in OID order.
func (d *Database) Sequences(yield func(*Sequence) bool) {
	d.sequences.all(func(_ OID, s *Sequence) bool { return yield(s) })
}

// SequenceCount is the number of sequences.
func (d *Database) SequenceCount() int { return d.sequences.len() }

// TableByOID returns a table.
func (d *Database) TableByOID(oid OID) (*Table, bool) { return d.tables.get(oid) }

// Tables yields all tables in OID order.
func (d *Database) Tables(yield func(*Table) bool) {
	d.tables.all(func(_ OID, t *Table) bool { return yield(t) })
}

// IndexByOID returns an index.
func (d *Database) IndexByOID(oid OID) (*Index, bool) { return d.indexes.get(oid) }

// Indexes yields all indexes in OID order.
func (d *Database) Indexes(yield func(*Index) bool) {
	d.indexes.all(func(_ OID, i *Index) bool { return yield(i) })
}

// OwnedSequences yields the sequences that go with a table's columns, in OID order.
func (d *Database) OwnedSequences(table OID, yield func(*Sequence) bool) {
	d.owned.of(table, func(oid OID) bool {
		s, _ := d.sequences.get(oid)
		return yield(s)
	})
}

// IndexesOf yields the indexes of a table in OID order.
func (d *Database) IndexesOf(table OID, yield func(*Index) bool) {
	d.indexed.of(table, func(oid OID) bool {
		i, _ := d.indexes.get(oid)
		return yield(i)
	})
}

// DefaultUsers yields the tables that have a default with a sequence in it.
func (d *Database) DefaultUsers(sequence OID, yield func(*Table) bool) {
	d.defaults.of(sequence, func(oid OID) bool {
		t, _ := d.tables.get(oid)
		return yield(t)
	})
}

// Referencing yields the tables that have a foreign key to a table, itself included.
func (d *Database) Referencing(table OID, yield func(*Table) bool) {
	d.references.of(table, func(oid OID) bool {
		t, _ := d.tables.get(oid)
		return yield(t)
	})
}

// DefaultACL returns the default privileges of a role for one kind of object.
func (d *Database) DefaultACL(role, schema OID, kind byte) (*DefaultACL, bool) {
	return d.defaultACLs.get(defaultKey(Key{OID: role, Second: schema, Sub: int32(kind)}))
}

// DefaultACLs yields all default privileges by role, schema and kind.
func (d *Database) DefaultACLs(yield func(*DefaultACL) bool) {
	d.defaultACLs.all(func(_ string, a *DefaultACL) bool { return yield(a) })
}

// Comment is what COMMENT ON said about something that belongs to the database.
func (d *Database) Comment(class Class, oid OID, column int32) (string, bool) {
	return d.notes.comment(class, oid, column)
}

// Comments yields all comments by class, OID and column.
func (d *Database) Comments(yield func(*Comment) bool) { d.notes.comments(yield) }

// SecurityLabels yields all labels by class, OID, column and provider.
func (d *Database) SecurityLabels(yield func(*SecurityLabel) bool) { d.notes.labels(yield) }

// Mentions tells in how many objects of the database a role stands, as owner or in
// an ACL. It does not count for roles that can't be dropped.
func (d *Database) Mentions(role OID) int {
	n, _ := d.mentions.get(role)
	return n
}

// Key implements Object.
func (d *DatabaseInfo) Key() Key { return Key{Class: ClassDatabase, OID: d.OID} }

// Key implements Object.
func (s *Schema) Key() Key { return Key{Class: ClassSchema, OID: s.OID} }

func (d *DatabaseInfo) version() uint64 { return d.Version }
func (s *Schema) version() uint64       { return s.Version }
func (d *DatabaseInfo) size() int       { return len(d.Name) + aclSize(d.ACL) }
func (s *Schema) size() int             { return len(s.Name) + aclSize(s.ACL) }

func (d *DatabaseInfo) at(version uint64) Object {
	next := *d
	next.Version = version
	return &next
}

func (s *Schema) at(version uint64) Object {
	next := *s
	next.Version = version
	return &next
}

// defaultKey orders default privileges by role, schema and kind.
func defaultKey(k Key) string {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 9), uint32(k.OID))
	b = binary.BigEndian.AppendUint32(b, uint32(k.Second))
	return string(append(b, byte(k.Sub)))
}
