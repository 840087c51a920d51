package logtest

import (
	"fmt"
	"slices"

	"seqd/engine"
	"seqd/engine/acl"
)

// objectCommand changes something else than sequences: it mostly fits the state, and
// leaves references that may not be, too.
func (g *Generator) objectCommand() engine.Command {
	switch g.rng.IntN(20) {
	case 0:
		return &engine.CreateDatabase{Template: g.database(), Database: engine.DatabaseInfo{OID: g.oid(), Name: fmt.Sprintf("d%d", g.rng.IntN(4)),
			Owner: g.role(), ConnectionLimit: -1, AllowConnections: true}, Exact: g.exact()}
	case 1:
		if d, ok := g.store.Catalog().DatabaseByOID(g.database()); ok && d.OID != engine.PostgresDatabase {
			return &engine.DropDatabase{OID: d.OID, Expect: d.Version}
		}
	}
	tx := engine.Begin(g.store.Catalog(), engine.PostgresDatabase)
	for range 1 + g.rng.IntN(4) {
		o := g.object(tx)
		if g.rng.IntN(5) == 0 {
			_ = tx.Drop(o.Key())
			continue
		}
		_ = tx.Put(o) // a name may be taken
	}
	if c := tx.Commit(); c != nil {
		return c
	}
	return &engine.Commit{Database: engine.PostgresDatabase}
}

func (g *Generator) oid() engine.OID {
	g.given = max(g.given, g.store.Catalog().NextOID()) + 1
	return g.given
}

// database is one of those that there are.
func (g *Generator) database() engine.OID {
	var list []engine.OID
	for d := range g.store.Catalog().Databases {
		list = append(list, d.OID)
	}
	return list[g.rng.IntN(len(list))]
}

func (g *Generator) role() engine.OID {
	var list []engine.OID
	for r := range g.store.Catalog().Roles {
		list = append(list, r.OID)
	}
	return list[g.rng.IntN(len(list))]
}

func (g *Generator) acl() acl.ACL {
	if g.rng.IntN(3) == 0 {
		return nil
	}
	a := acl.ACL{}
	for range g.rng.IntN(3) {
		held := acl.Privileges(g.rng.IntN(1 << 14))
		a = append(a, acl.Item{Grantee: g.role(), Grantor: g.role(), Held: held, Option: held & acl.Privileges(g.rng.IntN(1<<14))})
	}
	return a
}

func (g *Generator) exact() (list []engine.ReleaseItem) {
	for id, pos := range g.store.Positions {
		if g.rng.IntN(4) == 0 {
			list = append(list, engine.ReleaseItem{ID: id, Epoch: pos.Epoch, State: g.state()})
		}
	}
	return list
}

// object is a new object, or a changed one.
func (g *Generator) object(tx *engine.Tx) engine.Object {
	name := fmt.Sprintf("n%d", g.rng.IntN(12))
	db := tx.Database()
	var known []engine.Relation
	for r := range relations(db) {
		known = append(known, r)
	}
	switch g.rng.IntN(9) {
	case 0:
		if r, ok := tx.Catalog().Role(name); ok {
			next := *r
			next.CanLogin, next.ValidUntil = !r.CanLogin, engine.Time{Set: true, Micros: g.value()}
			return &next
		}
		return &engine.Role{OID: g.oid(), Name: name, Inherit: g.rng.IntN(2) == 0, ConnectionLimit: -1, Password: name}
	case 1:
		return &engine.Membership{Role: g.role(), Member: g.role(), Grantor: g.role(), Admin: g.rng.IntN(2) == 0}
	case 2:
		return &engine.Setting{Role: g.role(), Config: []engine.Parameter{{Name: "work_mem", Value: name}}}
	case 3:
		return &engine.DefaultACL{OID: g.oid(), Role: g.role(), Kind: 'S', ACL: g.acl()}
	case 4:
		return &engine.Comment{Class: engine.ClassSchema, OID: engine.PublicNamespace, Text: name}
	case 5:
		if s, ok := db.Schema(name); ok {
			next := *s
			next.Owner, next.ACL = g.role(), g.acl()
			return &next
		}
		return &engine.Schema{OID: g.oid(), Name: name, Owner: g.role(), ACL: g.acl()}
	}
	if len(known) == 0 || g.rng.IntN(3) == 0 {
		return g.table(db, name, known)
	}
	switch r := known[g.rng.IntN(len(known))].(type) {
	case *engine.Sequence:
		next := *r
		next.ACL = g.acl()
		if t, ok := known[len(known)-1].(*engine.Table); ok {
			next.OwnedBy = engine.OwnedBy{Table: t.OID, Column: 1}
		}
		return &next
	case *engine.Table:
		if g.rng.IntN(2) == 0 {
			return &engine.Index{OID: g.oid(), Schema: r.Schema, Name: name, Table: r.OID, Method: "btree", Columns: []engine.IndexColumn{{Number: 1}}}
		}
		next := r.Clone()
		next.Columns = append(next.Columns, engine.Column{Name: name, Type: 23, Typmod: -1, ACL: g.acl()})
		return next
	default:
		return &engine.Comment{Class: engine.ClassRelation, OID: r.Key().OID, Text: name}
	}
}

func (g *Generator) table(db *engine.Database, name string, known []engine.Relation) engine.Object {
	t := &engine.Table{OID: g.oid(), Schema: engine.PublicNamespace, Name: name, Owner: g.role(), Persistence: engine.Permanent, ACL: g.acl(),
		Columns: []engine.Column{{Name: "id", Type: 20, Typmod: -1, NotNull: true}}}
	if s, ok := db.Schema(name); ok {
		t.Schema = s.OID
	}
	if i := slices.IndexFunc(known, func(r engine.Relation) bool { return r.Kind() == engine.KindSequence }); i >= 0 {
		t.Columns[0].Default = &engine.Default{OID: g.oid(), Pieces: []string{"nextval(", ")"}, Sequences: []engine.OID{known[i].Key().OID}}
	}
	return t
}

// relations yields all relations, tables last.
func relations(db *engine.Database) func(func(engine.Relation) bool) {
	return func(yield func(engine.Relation) bool) {
		more := true
		db.Sequences(func(s *engine.Sequence) bool { more = yield(s); return more })
		if more {
			db.Indexes(func(i *engine.Index) bool { more = yield(i); return more })
		}
		if more {
			db.Tables(func(t *engine.Table) bool { return yield(t) })
		}
	}
}
