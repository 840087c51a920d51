package engine

import "seqd/engine/acl"

// NewCatalog is what a fresh cluster holds, after PostgreSQL 15's initdb: superuser
// postgres and the predefined roles, databases template1, template0 and postgres,
// and in each the schemas pg_catalog, pg_toast, public and information_schema. What
// stands in these schemas is not in the catalog: it can't change.
//
// Version 1 is that of all these objects. No entry of the log changes an object at
// index 1, which is raft's own.
func NewCatalog() *Catalog {
	c := &Catalog{nextOID: FirstNormalObjectID}
	addShared(c)
	for _, d := range []DatabaseInfo{
		{OID: Template1Database, Name: "template1", AllowConnections: true, IsTemplate: true, ACL: templateACL()},
		{OID: Template0Database, Name: "template0", IsTemplate: true, ACL: templateACL()},
		{OID: PostgresDatabase, Name: "postgres", AllowConnections: true},
	} {
		addDatabase(c, d)
	}
	addDatabaseComments(c)
	return c
}

// addShared adds the roles and what is granted among them.
func addShared(c *Catalog) {
	v := &view{c: c, d: &Database{}}
	v.put(&Role{OID: BootstrapSuperuser, Name: "postgres", Superuser: true, Inherit: true, CreateRole: true, CreateDB: true,
		CanLogin: true, Replication: true, BypassRLS: true, ConnectionLimit: -1, Version: firstVersion})
	for _, r := range predefined {
		v.put(&Role{OID: r.oid, Name: r.name, Inherit: true, ConnectionLimit: -1, Version: firstVersion})
	}
	for _, role := range []OID{PgReadAllSettings, PgReadAllStats, pgStatScanTables} {
		v.put(&Membership{Role: role, Member: PgMonitor, Grantor: BootstrapSuperuser, Version: firstVersion})
	}
}

const pgStatScanTables OID = 3377

// predefined are the roles of PostgreSQL 15 besides the superuser.
var predefined = []struct {
	oid  OID
	name string
}{
	{PgMonitor, "pg_monitor"},
	{PgReadAllSettings, "pg_read_all_settings"},
	{PgReadAllStats, "pg_read_all_stats"},
	{pgStatScanTables, "pg_stat_scan_tables"},
	{PgSignalBackend, "pg_signal_backend"},
	{PgCheckpoint, "pg_checkpoint"},
	{4569, "pg_read_server_files"},
	{4570, "pg_write_server_files"},
	{4571, "pg_execute_server_program"},
	{PgDatabaseOwner, "pg_database_owner"},
	{PgReadAllData, "pg_read_all_data"},
	{PgWriteAllData, "pg_write_all_data"},
}

// templateACL is what initdb leaves on the templates: nobody but their owner creates
// anything there.
func templateACL() acl.ACL {
	return acl.ACL{
		{Grantee: acl.Public, Grantor: BootstrapSuperuser, Held: acl.Connect},
		{Grantee: BootstrapSuperuser, Grantor: BootstrapSuperuser, Held: acl.Create | acl.Temporary | acl.Connect},
	}
}

// addDatabase adds one of initdb's databases.
func addDatabase(c *Catalog, info DatabaseInfo) {
	info.Owner, info.ConnectionLimit, info.Version = BootstrapSuperuser, -1, firstVersion
	d := &Database{DatabaseInfo: info}
	v := &view{c: c, d: d}
	c.databases.put(info.OID, d)
	v.put(&info)
	addSchemas(d)
}

// addSchemas adds the schemas that every database has.
func addSchemas(d *Database) {
	v := &view{c: &Catalog{nextOID: FirstNormalObjectID}, d: d}
	used := func(owner OID) acl.ACL {
		return acl.ACL{
			{Grantee: owner, Grantor: owner, Held: acl.Usage | acl.Create},
			{Grantee: acl.Public, Grantor: owner, Held: acl.Usage},
		}
	}
	for _, s := range []Schema{
		{OID: PgCatalogNamespace, Name: "pg_catalog", Owner: BootstrapSuperuser, ACL: used(BootstrapSuperuser)},
		{OID: PgToastNamespace, Name: "pg_toast", Owner: BootstrapSuperuser},
		{OID: PublicNamespace, Name: "public", Owner: PgDatabaseOwner, ACL: used(PgDatabaseOwner)},
		{OID: InformationSchema, Name: "information_schema", Owner: BootstrapSuperuser, ACL: used(BootstrapSuperuser)},
	} {
		v.put(s.at(firstVersion))
	}
	for oid, text := range schemaComments {
		v.put(&Comment{Class: ClassSchema, OID: oid, Text: text, Version: firstVersion})
	}
}

// schemaComments are stored by key, so that the order of a map does not matter.
var schemaComments = map[OID]string{
	PgCatalogNamespace: "system catalog schema",
	PgToastNamespace:   "reserved schema for TOAST tables",
	PublicNamespace:    "standard public schema",
}

func addDatabaseComments(c *Catalog) {
	v := &view{c: c, d: &Database{}}
	for _, x := range []Comment{
		{OID: Template1Database, Text: "default template for new databases"},
		{OID: Template0Database, Text: "unmodifiable empty database"},
		{OID: PostgresDatabase, Text: "default administrative connection database"},
	} {
		x.Class = ClassDatabase
		v.put(x.at(firstVersion))
	}
}
