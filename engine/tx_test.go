package engine

import (
	"fmt"
	"math/rand"
	"testing"

	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// script drives transactions against a Store as a session does.
type script struct {
	t     *testing.T
	store *Store
	index uint64
	oid   OID
}

func newScript(t *testing.T) *script {
	return &script{t: t, store: NewStore(), oid: FirstNormalObjectID, index: 1} // raft's own
}

func (s *script) begin() *Tx { return Begin(s.store.Catalog(), PostgresDatabase) }

func (s *script) create(tx *Tx, name string) OID {
	s.t.Helper()
	d, err := CreateOptions(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.oid++
	if err := tx.CreateSequence(NewSequence{OID: s.oid, Schema: PublicNamespace, Name: name, Owner: BootstrapSuperuser, Persistence: Permanent, Definition: d}); err != nil {
		s.t.Fatal(err)
	}
	return s.oid
}

func (s *script) apply(c Command) Result {
	s.index++
	return s.store.Apply(s.index, c)
}

func (s *script) commit(tx *Tx) Result { return s.apply(tx.Commit()) }

func (s *script) position(oid OID) Position {
	p, _ := s.store.Position(SequenceID{PostgresDatabase, oid})
	return p
}

func find(tx *Tx, name string) *Sequence {
	seq, _ := tx.Database().Sequence(PublicNamespace, name)
	return seq
}

func TestTransactionIsPrivateUntilCommitted(t *testing.T) {
	s := newScript(t)
	tx := s.begin()
	oid := s.create(tx, "a")
	if find(tx, "a") == nil {
		t.Error("the transaction does not see its own sequence")
	}
	if find(s.begin(), "a") != nil {
		t.Error("others see it before the commit")
	}
	if r := s.commit(tx); r.Err != nil {
		t.Fatal(r.Err)
	}
	if seq := find(s.begin(), "a"); seq == nil || seq.OID != oid || seq.Version != s.index {
		t.Errorf("after the commit: %+v", seq)
	}
	if p := s.position(oid); p.Epoch != s.index || p.State != (sequence.State{LastValue: 1}) {
		t.Errorf("position %+v", p)
	}
}

func TestNamesMayBeSwappedInOneTransaction(t *testing.T) {
	s := newScript(t)
	tx := s.begin()
	a, b := s.create(tx, "a"), s.create(tx, "b")
	s.commit(tx)
	tx = s.begin()
	for _, step := range [][2]string{{"a", "tmp"}, {"b", "a"}, {"tmp", "b"}} {
		seq := find(tx, step[0])
		next := *seq
		next.Name = step[1]
		if err := tx.ReplaceSequence(seq, next); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(tx.Commit().Writes); n != 2 {
		t.Errorf("%d writes for two sequences", n)
	}
	if r := s.commit(tx); r.Err != nil {
		t.Fatal(r.Err)
	}
	tx = s.begin()
	if find(tx, "a").OID != b || find(tx, "b").OID != a || find(tx, "tmp") != nil {
		t.Error("names were not swapped")
	}
}

func TestCreatedAndDroppedLeavesNothing(t *testing.T) {
	s := newScript(t)
	tx := s.begin()
	s.create(tx, "a")
	if err := tx.DropSequence(find(tx, "a")); err != nil {
		t.Fatal(err)
	}
	if tx.Dirty() || tx.Commit() != nil {
		t.Error("there is something to commit")
	}
}

func TestSavepoint(t *testing.T) {
	s := newScript(t)
	tx := s.begin()
	a := s.create(tx, "a")
	p, _ := tx.Private(a)
	p.State.LastValue = 7
	sp := tx.Savepoint()
	for range 2 { // a savepoint can be gone back to again
		s.create(tx, "b")
		p, _ = tx.Private(a)
		p.State.LastValue = 9 // nextval is not undone
		if err := tx.AlterSequence(find(tx, "a"), Definition{Params: find(tx, "a").Params, State: sequence.State{LastValue: 1}}, Position{}); err != nil {
			t.Fatal(err) // ALTER is
		}
		tx.RollbackTo(sp)
		p, _ = tx.Private(a)
		if find(tx, "b") != nil || find(tx, "a") == nil || p.State.LastValue != 9 {
			t.Fatalf("after ROLLBACK TO: b %v, a %v at %+v", find(tx, "b"), find(tx, "a"), p)
		}
	}
	s.commit(tx)
	if p := s.position(a); p.State.LastValue != 9 {
		t.Errorf("committed at %+v", p)
	}
}

func TestTransactionSeesWhatOthersCommit(t *testing.T) {
	s := newScript(t)
	mine := s.begin()
	s.create(mine, "mine")
	sp := mine.Savepoint()
	other := s.begin()
	s.create(other, "theirs")
	s.commit(other)
	for range 2 {
		mine.Refresh(s.store.Catalog())
		if find(mine, "mine") == nil || find(mine, "theirs") == nil {
			t.Fatal("own and others' sequences are not both seen")
		}
		mine.RollbackTo(sp) // back to a view that is older than theirs
	}
	// A contradiction leaves the view alone: the commit will say so.
	clash := s.begin()
	s.create(clash, "mine")
	s.commit(clash)
	mine.Refresh(s.store.Catalog())
	if seq := find(mine, "mine"); seq == nil || seq.Version != 0 {
		t.Errorf("the transaction lost sight of its own sequence: %+v", seq)
	}
	if r := s.commit(mine); r.Err == nil || r.Err.Code != sqlstate.DuplicateTable {
		t.Errorf("commit: %v", r.Err)
	}
}

// A lost race is 40001 (or 42P07 for a name), never a silent overwrite.
func TestLostRaces(t *testing.T) {
	alter := func(s *script, tx *Tx, oid OID) {
		seq, _ := tx.Database().SequenceByOID(oid)
		if err := tx.AlterSequence(seq, Definition{seq.Params, sequence.State{LastValue: 50}}, s.position(oid)); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		mine  func(s *script, tx *Tx, oid OID)
		other func(s *script, oid OID)
		want  sqlstate.Code
	}{
		{"nothing happened", alter, func(*script, OID) {}, "00000"},
		{"values were reserved", alter, func(s *script, oid OID) {
			s.apply(&Reserve{Items: []ReserveItem{{ID: SequenceID{PostgresDatabase, oid}, Epoch: s.position(oid).Epoch, Count: 1}}})
		}, "40001"},
		{"setval", alter, func(s *script, oid OID) {
			s.apply(&SetVal{ID: SequenceID{PostgresDatabase, oid}, State: sequence.State{LastValue: 5}})
		}, "40001"},
		{"altered", alter, func(s *script, oid OID) { tx := s.begin(); alter(s, tx, oid); s.commit(tx) }, "40001"},
		{"dropped", alter, func(s *script, oid OID) {
			tx := s.begin()
			_ = tx.DropSequence(find(tx, "a"))
			s.commit(tx)
		}, "40001"},
		{"drop of what was altered", func(s *script, tx *Tx, oid OID) { _ = tx.DropSequence(find(tx, "a")) },
			func(s *script, oid OID) { tx := s.begin(); alter(s, tx, oid); s.commit(tx) }, "40001"},
		{"name taken", func(s *script, tx *Tx, oid OID) { s.create(tx, "b") },
			func(s *script, oid OID) { tx := s.begin(); s.create(tx, "b"); s.commit(tx) }, "42P07"},
		{"rename does not mind values", func(s *script, tx *Tx, oid OID) {
			seq := find(tx, "a")
			next := *seq
			next.Name = "z"
			_ = tx.ReplaceSequence(seq, next)
		}, func(s *script, oid OID) {
			s.apply(&Reserve{Items: []ReserveItem{{ID: SequenceID{PostgresDatabase, oid}, Epoch: s.position(oid).Epoch, Count: 1}}})
		}, "00000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScript(t)
			tx := s.begin()
			oid := s.create(tx, "a")
			s.commit(tx)
			tx = s.begin()
			c.mine(s, tx, oid)
			c.other(s, oid)
			before := s.position(oid)
			r := s.commit(tx)
			got := sqlstate.SuccessfulCompletion
			if r.Err != nil {
				got = r.Err.Code
			}
			if got != c.want {
				t.Errorf("commit: %v, want %s", r.Err, c.want)
			}
			if c.want == "40001" && s.position(oid) != before {
				t.Error("a refused commit moved the position")
			}
		})
	}
}

func TestReserveAndReleaseRespectTheEpoch(t *testing.T) {
	s := newScript(t)
	tx := s.begin()
	oid := s.create(tx, "a")
	s.commit(tx)
	id := SequenceID{PostgresDatabase, oid}
	epoch := s.position(oid).Epoch
	r := s.apply(&Reserve{Items: []ReserveItem{{ID: id, Epoch: epoch, Count: 33}, {ID: id, Epoch: epoch + 1, Count: 1}, {ID: SequenceID{PostgresDatabase, 1}, Epoch: 1, Count: 1}}})
	if r.Effects[0].Kind != EffectReserved || r.Effects[0].Block.Last != 33 || r.Effects[1].Kind != EffectRefused || r.Effects[2].Kind != EffectRefused {
		t.Errorf("%+v", r.Effects)
	}
	s.apply(&SetVal{ID: id, State: sequence.State{LastValue: 100}})
	r = s.apply(&Release{Items: []ReleaseItem{{ID: id, Epoch: epoch, State: sequence.State{LastValue: 3, IsCalled: true}}}})
	if r.Effects[0].Kind != EffectRefused || s.position(oid).State.LastValue != 100 {
		t.Errorf("a release from before setval was taken: %+v", s.position(oid))
	}
}

// A snapshot is a moment: whatever is applied later must not show in it.
func TestSnapshotStandsStill(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	s := newScript(t)
	dump := func(store *Store) string {
		out := ""
		db, _ := store.Catalog().DatabaseByOID(PostgresDatabase)
		db.Sequences(func(seq *Sequence) bool {
			p, _ := store.Position(SequenceID{PostgresDatabase, seq.OID})
			out += fmt.Sprintf("%+v %+v\n", *seq, p)
			return true
		})
		return out
	}
	type kept struct {
		store *Store
		text  string
	}
	var snapshots []kept
	var oids []OID
	for i := range 2000 {
		switch r.Intn(4) {
		case 0:
			tx := s.begin()
			oids = append(oids, s.create(tx, fmt.Sprintf("s%d", i)))
			s.commit(tx)
		case 1, 2:
			if len(oids) > 0 {
				oid := oids[r.Intn(len(oids))]
				s.apply(&Reserve{Items: []ReserveItem{{ID: SequenceID{PostgresDatabase, oid}, Epoch: s.position(oid).Epoch, Count: 10}}})
			}
		case 3:
			if i%20 == 3 {
				c := s.store.Snapshot()
				snapshots = append(snapshots, kept{c, dump(c)})
			}
		}
	}
	if len(snapshots) < 10 {
		t.Fatal("too few snapshots to mean anything")
	}
	for i, k := range snapshots {
		if dump(k.store) != k.text {
			t.Fatalf("snapshot %d changed after it was taken", i)
		}
	}
}
