package engine

import (
	"testing"

	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// tempSequence makes a sequence in the session's own schema.
func (s *script) tempSequence(tx *Tx, temp *Temp, name string) OID {
	s.t.Helper()
	d, _ := CreateOptions(nil)
	oid := temp.AllocateOID()
	s.must(tx.CreateSequence(NewSequence{OID: oid, Schema: temp.Make(tx), Name: name, Owner: 10, Persistence: Temporary, Definition: d}))
	return oid
}

func TestTemporaryObjectsAreOneSessionsOwn(t *testing.T) {
	s := newScript(t)
	temp := NewTemp(PostgresDatabase, 3)
	if temp.Over(s.store.Catalog()) != s.store.Catalog() {
		t.Error("a session without temporary objects does not see the catalog itself")
	}
	tx := BeginWith(s.store.Catalog(), PostgresDatabase, temp)
	oid := s.tempSequence(tx, temp, "t")
	permanent := s.create(tx, "p")
	c := tx.Commit()
	if len(c.Writes) != 1 || c.Writes[0].key().OID != permanent {
		t.Fatalf("the commit holds %+v", c.Writes)
	}
	s.must(errorOf(s.apply(c)))
	p, _ := tx.Private(oid)
	p.State.LastValue = 9
	tx.KeepTemp()
	if temp.Empty() {
		t.Error("nothing was kept")
	}

	view := temp.Over(s.store.Catalog())
	if view != temp.Over(s.store.Catalog()) {
		t.Error("two answers for one catalog")
	}
	db, _ := view.DatabaseByOID(PostgresDatabase)
	schema, ok := db.Schema("pg_temp_3")
	if !ok || schema.OID != temp.Schema() {
		t.Fatal("the schema is not there")
	}
	if _, ok := db.Sequence(schema.OID, "t"); !ok {
		t.Error("the sequence is not there")
	}
	if _, ok := s.db().SequenceByOID(oid); ok {
		t.Error("others see it")
	}
	if s.store.Catalog().NextOID() >= FirstTemporaryOID {
		t.Error("the OID counter has moved into the temporary ones")
	}

	// nextval outside of any change of the catalog stays, whatever becomes of the transaction.
	tx = BeginWith(s.store.Catalog(), PostgresDatabase, temp)
	if p, ok := tx.Private(oid); !ok || p.State.LastValue != 9 {
		t.Fatalf("position %+v", p)
	}
	tx.temp.positions[oid].State.LastValue = 10
	if p, _ := temp.Position(oid); p.State.LastValue != 10 {
		t.Error("the value went back")
	}

	temp.Clear()
	if _, ok := temp.Position(oid); ok || !temp.Empty() {
		t.Error("something is left after Clear")
	}
}

func TestTemporaryObjectsAndRollback(t *testing.T) {
	s := newScript(t)
	temp := NewTemp(PostgresDatabase, 1)
	tx := BeginWith(s.store.Catalog(), PostgresDatabase, temp)
	before := tx.Savepoint()
	s.tempSequence(tx, temp, "a")
	tx.RollbackTo(before)
	oid := s.tempSequence(tx, temp, "a") // the name is free, the schema is there again
	if tx.Commit() != nil {
		t.Error("there is something to be logged")
	}
	tx.KeepTemp()

	// An ALTER that is rolled back leaves the position as it was; one that is not, not.
	for _, keep := range []bool{false, true} {
		tx = BeginWith(s.store.Catalog(), PostgresDatabase, temp)
		seq, _ := tx.Database().SequenceByOID(oid)
		was, _ := tx.Private(oid)
		s.must(tx.AlterSequence(seq, Definition{Params: seq.Params, State: sequence.State{LastValue: 500}}, Position{}))
		now, _ := tx.Private(oid)
		if now.Epoch == was.Epoch || now.State.LastValue != 500 {
			t.Errorf("in the transaction: %+v", now)
		}
		if keep {
			tx.KeepTemp()
		}
		p, _ := temp.Position(oid)
		if kept := p.State.LastValue == 500; kept != keep {
			t.Errorf("kept %v, at %+v", keep, p)
		}
	}

	// Dropped, with its comment.
	tx = BeginWith(s.store.Catalog(), PostgresDatabase, temp)
	s.must(tx.Put(&Comment{Class: ClassRelation, OID: oid, Text: "x"}))
	tx.KeepTemp()
	tx = BeginWith(s.store.Catalog(), PostgresDatabase, temp)
	s.must(tx.Drop(RelationKey(oid)))
	tx.KeepTemp()
	if !temp.Empty() {
		t.Errorf("left: %+v", temp.objects)
	}
}

func TestTemporaryNamesHideNothing(t *testing.T) {
	s := newScript(t)
	temp := NewTemp(PostgresDatabase, 1)
	tx := BeginWith(s.store.Catalog(), PostgresDatabase, temp)
	s.create(tx, "s")
	s.tempSequence(tx, temp, "s") // another schema
	s.wants(tx.Put(&Table{OID: temp.AllocateOID(), Schema: temp.Schema(), Name: "s"}), sqlstate.DuplicateTable, `relation "s" already exists`)
	// Others change the catalog meanwhile.
	s.must(s.put(s.table("t", "a")))
	tx.Refresh(s.store.Catalog())
	if _, ok := tx.Database().Relation(PublicNamespace, "t"); !ok {
		t.Error("the other's table is not seen")
	}
	if _, ok := tx.Database().Sequence(temp.Schema(), "s"); !ok {
		t.Error("the own sequence is gone")
	}
}

func TestTemporaryObjectsCanNotBeCommitted(t *testing.T) {
	s := newScript(t)
	table := s.table("t")
	table.OID = FirstTemporaryOID
	s.wants(errorOf(s.apply(&Commit{Database: PostgresDatabase, Writes: []Write{&Put{Object: table}}})), sqlstate.InternalError, "temporary")
}
