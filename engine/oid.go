package engine

import "seqd/engine/acl"

// OID identifies an object, as in PostgreSQL. Relations' OIDs are unique within
// their database, roles' and databases' in the cluster.
type OID = acl.OID

// OIDs that PostgreSQL 15 fixes, and where the ranges of the others begin.
const (
	InvalidOID          OID = 0
	PgCatalogNamespace  OID = 11
	PgToastNamespace    OID = 99
	PublicNamespace     OID = 2200
	InformationSchema   OID = 13207 // as a fresh PostgreSQL 15 numbers it
	BootstrapSuperuser  OID = 10
	PgDatabaseOwner     OID = 6171
	PgReadAllData       OID = 6181
	PgWriteAllData      OID = 6182
	PgMonitor           OID = 3373
	PgReadAllSettings   OID = 3374
	PgReadAllStats      OID = 3375
	PgSignalBackend     OID = 4200
	PgCheckpoint        OID = 4544
	Template1Database   OID = 1
	Template0Database   OID = 4
	PostgresDatabase    OID = 5
	FirstNormalObjectID OID = 16384      // below: reserved for what initdb makes
	FirstTemporaryOID   OID = 0xf0000000 // from here on: objects of one session, see Temp
	firstVersion            = 1          // of what initdb makes: see NewCatalog
	maxObjectSize           = 16 << 20   // bytes of an object's texts, well below what a snapshot record may have
)

// Class is a kind of object or record: the OID of PostgreSQL's catalog for it.
type Class OID

// Classes. The first ones are shared by all databases.
const (
	ClassRole                Class = 1260 // pg_authid
	ClassMembership          Class = 1261 // pg_auth_members
	ClassDatabase            Class = 1262 // pg_database
	ClassSetting             Class = 2964 // pg_db_role_setting
	ClassSharedComment       Class = 2396 // pg_shdescription
	ClassSharedSecurityLabel Class = 3592 // pg_shseclabel

	ClassSchema        Class = 2615 // pg_namespace
	ClassRelation      Class = 1259 // pg_class: sequences, tables, indexes
	ClassDefaultACL    Class = 826  // pg_default_acl
	ClassComment       Class = 2609 // pg_description
	ClassSecurityLabel Class = 3596 // pg_seclabel

	// Parts of a table, which have no record of their own; comments name them.
	ClassDefault    Class = 2604 // pg_attrdef
	ClassConstraint Class = 2606 // pg_constraint
)

// Shared tells whether objects of the class belong to no database.
func (c Class) Shared() bool {
	switch c {
	case ClassRole, ClassMembership, ClassDatabase, ClassSetting, ClassSharedComment, ClassSharedSecurityLabel:
		return true
	}
	return false
}

// Key names a record of the catalog.
type Key struct {
	Class Class
	// OID is the object's own. Membership: the role that is granted. Setting: the
	// database. DefaultACL: the role. Comment, SecurityLabel: what they are about.
	OID OID
	// Second of Membership: the member; Setting: the role; DefaultACL: the schema;
	// Comment, SecurityLabel: the class of what they are about.
	Second   OID
	Sub      int32  // Comment, SecurityLabel: the column; DefaultACL: Kind
	Provider string // SecurityLabel
}

// Object is a record of the catalog, one of *Role, *Membership, *Setting,
// *DatabaseInfo, *Schema, *Sequence, *Table, *Index, *DefaultACL, *Comment,
// *SecurityLabel. One that stands in a catalog is never changed: who changes an
// object puts a changed copy.
type Object interface {
	Key() Key
	version() uint64
	at(version uint64) Object // a copy
	size() int                // of its texts, more or less
}
