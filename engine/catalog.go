// Package engine says what sequences and the catalog around them mean: objects,
// the commands that change them, and Apply. It is deterministic and does no I/O:
// no clock, no random, no locks, no goroutines. Whatever must be chosen (OIDs,
// names, defaults) is chosen before a command is proposed, or follows from the
// state alone.
package engine

import (
	"encoding/binary"
)

// OID identifies an object, as in PostgreSQL. Relations' OIDs are unique within
// their database, roles' and databases' in the cluster.
type OID uint32

// OIDs that PostgreSQL 15 fixes.
const (
	InvalidOID          OID = 0
	PgCatalogNamespace  OID = 11
	PublicNamespace     OID = 2200
	BootstrapSuperuser  OID = 10
	PostgresDatabase    OID = 5
	FirstNormalObjectID OID = 16384 // below: reserved for what initdb makes
)

// Role is a row of pg_authid.
type Role struct {
	OID       OID
	Name      string
	Superuser bool
	CanLogin  bool
	Version   uint64
}

// Schema is a row of pg_namespace.
type Schema struct {
	OID     OID
	Name    string
	Owner   OID
	Version uint64
}

// Database is a row of pg_database and what the database holds. A published
// Database is immutable.
type Database struct {
	OID   OID
	Name  string
	Owner OID

	schemas       table[OID, *Schema]
	schemaNames   table[string, OID]
	relations     table[OID, *Sequence]
	relationNames table[string, OID] // key: relationKey
}

// Catalog is all definitions of a cluster at one moment. A published Catalog is
// immutable: readers share it without locks, and equality of pointers tells that
// nothing a plan resolved has changed.
type Catalog struct {
	nextOID       OID
	roles         table[OID, *Role]
	roleNames     table[string, OID]
	databases     table[OID, *Database]
	databaseNames table[string, OID]
}

// NewCatalog is what a fresh cluster holds: superuser postgres, database
// postgres, schemas pg_catalog and public.
func NewCatalog() *Catalog {
	c := &Catalog{nextOID: FirstNormalObjectID}
	c.putRole(&Role{OID: BootstrapSuperuser, Name: "postgres", Superuser: true, CanLogin: true})
	db := &Database{OID: PostgresDatabase, Name: "postgres", Owner: BootstrapSuperuser}
	db.putSchema(&Schema{OID: PgCatalogNamespace, Name: "pg_catalog", Owner: BootstrapSuperuser})
	db.putSchema(&Schema{OID: PublicNamespace, Name: "public", Owner: BootstrapSuperuser})
	c.putDatabase(db)
	return c
}

// fork returns a copy that may be written without the original changing.
func (c *Catalog) fork() *Catalog {
	return &Catalog{
		nextOID:       c.nextOID,
		roles:         c.roles.fork(),
		roleNames:     c.roleNames.fork(),
		databases:     c.databases.fork(),
		databaseNames: c.databaseNames.fork(),
	}
}

func (d *Database) fork() *Database {
	return &Database{
		OID: d.OID, Name: d.Name, Owner: d.Owner,
		schemas:       d.schemas.fork(),
		schemaNames:   d.schemaNames.fork(),
		relations:     d.relations.fork(),
		relationNames: d.relationNames.fork(),
	}
}

// NextOID is the least OID never yet given to a committed object.
func (c *Catalog) NextOID() OID { return c.nextOID }

// Database returns the database called name.
func (c *Catalog) Database(name string) (*Database, bool) {
	oid, ok := c.databaseNames.get(name)
	if !ok {
		return nil, false
	}
	return c.databases.get(oid)
}

// DatabaseByOID returns a database.
func (c *Catalog) DatabaseByOID(oid OID) (*Database, bool) { return c.databases.get(oid) }

// Databases yields all databases in OID order.
func (c *Catalog) Databases(yield func(*Database) bool) {
	c.databases.all(func(_ OID, d *Database) bool { return yield(d) })
}

// Role returns the role called name.
func (c *Catalog) Role(name string) (*Role, bool) {
	oid, ok := c.roleNames.get(name)
	if !ok {
		return nil, false
	}
	return c.roles.get(oid)
}

// RoleByOID returns a role.
func (c *Catalog) RoleByOID(oid OID) (*Role, bool) { return c.roles.get(oid) }

// Roles yields all roles in OID order.
func (c *Catalog) Roles(yield func(*Role) bool) {
	c.roles.all(func(_ OID, r *Role) bool { return yield(r) })
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

// Sequence returns the sequence called name in a schema.
func (d *Database) Sequence(schema OID, name string) (*Sequence, bool) {
	oid, ok := d.relationNames.get(relationKey(schema, name))
	if !ok {
		return nil, false
	}
	return d.relations.get(oid)
}

// SequenceByOID returns a sequence.
func (d *Database) SequenceByOID(oid OID) (*Sequence, bool) { return d.relations.get(oid) }

// Sequences yields all sequences in OID order.
func (d *Database) Sequences(yield func(*Sequence) bool) {
	d.relations.all(func(_ OID, s *Sequence) bool { return yield(s) })
}

// SequenceCount is the number of sequences.
func (d *Database) SequenceCount() int { return d.relations.len() }

func (c *Catalog) putRole(r *Role) {
	c.roles.put(r.OID, r)
	c.roleNames.put(r.Name, r.OID)
	c.sawOID(r.OID)
}

func (c *Catalog) putDatabase(d *Database) {
	c.databases.put(d.OID, d)
	c.databaseNames.put(d.Name, d.OID)
	c.sawOID(d.OID)
}

func (d *Database) putSchema(s *Schema) {
	d.schemas.put(s.OID, s)
	d.schemaNames.put(s.Name, s.OID)
}

func (d *Database) putSequence(s *Sequence) {
	d.relations.put(s.OID, s)
	d.relationNames.put(relationKey(s.Schema, s.Name), s.OID)
}

func (d *Database) dropSequence(s *Sequence) {
	d.relations.delete(s.OID)
	d.relationNames.delete(relationKey(s.Schema, s.Name))
}

// sawOID keeps nextOID above every OID that was ever committed.
func (c *Catalog) sawOID(oid OID) {
	if oid >= c.nextOID {
		c.nextOID = oid + 1
	}
}

// relationKey orders relations by schema and then by name.
func relationKey(schema OID, name string) string {
	b := make([]byte, 4, 4+len(name))
	binary.BigEndian.PutUint32(b, uint32(schema))
	return string(append(b, name...))
}
