package engine

import (
	"testing"

	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

func TestBranch(t *testing.T) {
	s := newScript(t)
	tx := s.begin()
	oid := s.create(tx, "s")
	other := s.create(tx, "other")
	s.must(errorOf(s.commit(tx)))
	s.apply(&Reserve{Items: []ReserveItem{{ID: SequenceID{PostgresDatabase, oid}, Epoch: s.position(oid).Epoch, Count: 33}}})
	exact := ReleaseItem{ID: SequenceID{PostgresDatabase, oid}, Epoch: s.position(oid).Epoch, State: sequence.State{LastValue: 7, LogCount: 26, IsCalled: true}}
	over := ReleaseItem{ID: SequenceID{PostgresDatabase, other}, Epoch: 99, State: exact.State}
	create := &CreateDatabase{Database: DatabaseInfo{OID: s.next(), Name: "d", Owner: BootstrapSuperuser}, Template: PostgresDatabase, Exact: []ReleaseItem{exact, over}}
	s.must(errorOf(s.apply(create)))
	db := create.Database.OID
	if p, _ := s.store.Position(SequenceID{db, oid}); p.State != exact.State {
		t.Errorf("the branch is at %+v", p.State)
	}
	if p, _ := s.store.Position(SequenceID{db, other}); p.State != (sequence.State{LastValue: 1}) {
		t.Errorf("an item of an epoch that is over moved the branch to %+v", p.State)
	}
	if p := s.position(oid); p.State.LastValue != 33 {
		t.Errorf("the template is at %+v", p.State)
	}
	// Each goes on alone.
	s.must(errorOf(s.apply(&SetVal{ID: SequenceID{db, oid}, State: sequence.State{LastValue: 1000}})))
	branch := Begin(s.store.Catalog(), db)
	s.must(branch.DropSequence(find(branch, "other")))
	s.must(errorOf(s.apply(branch.Commit())))
	if p := s.position(oid); p.State.LastValue != 33 {
		t.Errorf("setval in the branch moved the template to %+v", p.State)
	}
	if find(s.begin(), "other") == nil {
		t.Error("a drop in the branch reached the template")
	}
	// Names, and the race for them.
	again := *create
	again.Database.OID, again.Exact = s.next(), nil
	s.wants(errorOf(s.apply(&again)), sqlstate.DuplicateDatabase, `database "d" already exists`)
	d, _ := s.store.Catalog().Database("d")
	s.wants(errorOf(s.apply(&DropDatabase{OID: db, Expect: d.Version + 1})), sqlstate.SerializationFailure, "")
	r := s.apply(&DropDatabase{OID: db, Expect: d.Version})
	s.must(errorOf(r))
	if len(r.Effects) != 1 || r.Effects[0].Kind != EffectDatabaseDropped || !r.Effects[0].EndsEpoch(s.index) {
		t.Errorf("effects %+v", r.Effects)
	}
	if _, ok := s.store.Position(SequenceID{db, oid}); ok {
		t.Error("a position of a dropped database is left")
	}
	s.must(errorOf(s.apply(&again)))
}

func TestRenameDatabase(t *testing.T) {
	s := newScript(t)
	s.must(errorOf(s.apply(&CreateDatabase{Database: DatabaseInfo{OID: s.next(), Name: "d", Owner: BootstrapSuperuser}, Template: Template1Database})))
	d, _ := s.store.Catalog().Database("d")
	next := d.DatabaseInfo
	next.Name = "e"
	s.must(s.put(&next, &Comment{Class: ClassDatabase, OID: d.OID, Text: "x"}, &Setting{Database: d.OID, Config: []Parameter{{"a", "b"}}}))
	if _, there := s.store.Catalog().Database("d"); there {
		t.Error("the old name is there")
	}
	e, ok := s.store.Catalog().Database("e")
	if !ok || e.OID != d.OID {
		t.Fatal("the new name is not there")
	}
	if _, ok := e.Schema("public"); !ok {
		t.Error("what it held is gone")
	}
	s.must(errorOf(s.apply(&DropDatabase{OID: e.OID, Expect: e.Version})))
	if _, there := s.store.Catalog().Comment(ClassDatabase, d.OID); there {
		t.Error("its comment is left")
	}
	if _, there := s.store.Catalog().Setting(d.OID, 0); there {
		t.Error("its settings are left")
	}
}

// BenchmarkBranch: the time must not depend on how many sequences the template has.
func BenchmarkBranch(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		s := manySequences(b, 1, n)
		index, oid := uint64(10), OID(1<<20)
		b.Run("", func(b *testing.B) {
			for b.Loop() {
				index++
				oid++
				s.Apply(index, &CreateDatabase{Database: DatabaseInfo{OID: oid, Name: "d", Owner: BootstrapSuperuser}, Template: 1000})
				s.Apply(index, &DropDatabase{OID: oid, Expect: index})
			}
		})
	}
}
