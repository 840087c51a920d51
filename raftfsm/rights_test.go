package raftfsm

import (
	"testing"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/sequence"
)

// TestTakesRights: what a REVOKE does has to reach the nodes that have cached values.
func TestTakesRights(t *testing.T) {
	store := engine.NewStore()
	tx := engine.Begin(store.Catalog(), engine.PostgresDatabase)
	const cached, plain, joe = engine.FirstNormalObjectID, engine.FirstNormalObjectID + 1, engine.FirstNormalObjectID + 2
	for oid, cache := range map[engine.OID]int64{cached: 10, plain: 1} {
		name := map[engine.OID]string{cached: "cached", plain: "plain"}[oid]
		if err := tx.CreateSequence(engine.NewSequence{OID: oid, Schema: engine.PublicNamespace, Name: name, Owner: engine.BootstrapSuperuser,
			Persistence: engine.Permanent, Definition: engine.Definition{
				Params: sequence.Params{Type: sequence.BigInt, Start: 1, Increment: 1, Min: 1, Max: 1000, Cache: cache}, State: sequence.State{LastValue: 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Put(&engine.Role{OID: joe, Name: "joe"}); err != nil {
		t.Fatal(err)
	}
	if r := store.Apply(1, tx.Commit()); r.Err != nil {
		t.Fatal(r.Err)
	}
	db, _ := store.Catalog().DatabaseByOID(engine.PostgresDatabase)
	of := func(oid engine.OID, change func(*engine.Sequence)) *engine.PutSequence {
		s, _ := db.SequenceByOID(oid)
		next := *s
		change(&next)
		return &engine.PutSequence{Sequence: next, Expect: s.Version}
	}
	revoke := func(s *engine.Sequence) { s.ACL = acl.ACL{} }
	for _, tt := range []struct {
		name      string
		write     engine.Write
		may, does bool
	}{
		{"REVOKE", of(cached, revoke), true, true},
		{"REVOKE, nothing cached", of(plain, revoke), true, false},
		{"OWNER TO", of(cached, func(s *engine.Sequence) { s.Owner = joe }), true, true},
		{"RENAME", of(cached, func(s *engine.Sequence) { s.Name = "x" }), true, false},
		{"CREATE SEQUENCE", &engine.PutSequence{Sequence: engine.Sequence{OID: joe + 1}}, false, false},
		{"CREATE ROLE", &engine.Put{Object: &engine.Role{OID: joe + 1}}, false, false},
		{"ALTER ROLE", &engine.Put{Object: &engine.Role{OID: joe}, Expect: 1}, true, true},
		{"REVOKE of a role", &engine.Drop{Key: engine.Key{Class: engine.ClassMembership}}, true, true},
		{"DROP SCHEMA", &engine.Drop{Key: engine.Key{Class: engine.ClassSchema}}, false, false},
	} {
		c := &engine.Commit{Database: engine.PostgresDatabase, Writes: []engine.Write{tt.write}}
		if may, does := MayTakeRights(c), takesRights(store.Catalog(), c); may != tt.may || does != tt.does {
			t.Errorf("%s: %t, %t", tt.name, may, does)
		}
	}
}
