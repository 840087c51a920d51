// Package engine says what sequences and the catalog around them mean: objects,
// the commands that change them, and Apply. It is deterministic and does no I/O:
// no clock, no random, no locks, no goroutines. Whatever must be chosen (OIDs,
// names, defaults) is chosen before a command is proposed, or follows from the
// state alone.
//
// # Reading
//
// A Catalog is all definitions at one moment, immutable; equal pointers, equal
// catalogs. Objects in it are pointers to records that are never changed: Role,
// Membership, Setting, Comment and SecurityLabel (of what is shared), and a Database
// with its DatabaseInfo, Schema, Sequence, Table, Index, DefaultACL, Comment and
// SecurityLabel. Every kind is found by OID and by name, and yielded in OID order by
// an iterator (for seq := range db.Sequences). Sequences, tables and indexes of a
// schema share one name space: Database.Relation. RelationsIn walks a schema by name;
// OwnedSequences, IndexesOf, DefaultUsers, Referencing and Mentions answer who depends
// on whom without a scan. A Table has its columns, defaults and constraints in it.
//
// An ACL is nil for the default of its kind; see engine/acl. Access answers who is a
// member of what, in a database, and is what engine/acl wants to know of roles.
//
// # Changing
//
// Begin or BeginWith makes a Tx over a catalog. Put(o) creates or replaces the object
// with o's key: take a copy of the old record, change it, put it (o.Version does not
// matter). Drop(key) removes one. Sequences have CreateSequence, AlterSequence (which
// sets the position too), ReplaceSequence and DropSequence; Put and Drop of one work
// as well, except to create it. Put refuses a taken name with PostgreSQL's error for
// it. Comments, labels, settings, memberships and default privileges go by themselves
// with what they belong to; everything else that refers to a dropped object (owned
// sequences, indexes, defaults) the transaction must drop or change itself: the commit
// of a dangling reference is refused with 40001, whoever made it. Tx.Commit is the
// command to propose; it may be nil if only temporary objects changed, which
// Tx.KeepTemp keeps once the rest is committed.
//
// CreateDatabase branches a database in constant time, DropDatabase drops one: they
// are commands of their own. Renaming one or changing its owner is a Put of its
// DatabaseInfo.
//
// Temporary objects live in a Temp, one per session.
package engine
