package engine

import (
	"fmt"
	"testing"

	"seqd/engine/sequence"
)

// manySequences is a store with databases of n sequences each.
func manySequences(t testing.TB, databases, n int) *Store {
	t.Helper()
	r := NewRestore(OID(1000 + databases*(n+2)))
	oid := OID(1000)
	for db := range databases {
		dbOID := oid
		for _, err := range []error{r.Shared(&DatabaseInfo{OID: dbOID, Name: fmt.Sprint("d", db), Owner: 10}), r.In(dbOID, &Schema{OID: oid + 1, Name: "public"})} {
			if err != nil {
				t.Fatal(err)
			}
		}
		oid += 2
		for i := range n {
			p := sequence.Params{Type: sequence.BigInt, Start: 1, Increment: 1, Min: 1, Max: 1 << 62, Cache: 1}
			err := r.In(dbOID, &Sequence{OID: oid, Schema: dbOID + 1, Name: fmt.Sprint("s", i), Params: p})
			if err == nil {
				err = r.Position(SequenceID{dbOID, oid}, Position{State: sequence.State{LastValue: int64(1 + i), LogCount: 3, IsCalled: i%2 == 0}, Epoch: 1, Serial: 2})
			}
			if err != nil {
				t.Fatal(err)
			}
			oid++
		}
	}
	s, err := r.Store()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSkipAll(t *testing.T) {
	s := manySequences(t, 3, 100)
	before := map[SequenceID]Position{}
	for id, pos := range s.Positions {
		before[id] = pos
	}
	old := s.Snapshot()
	if r := s.Apply(77, &SkipAll{Steps: 1000}); r.Err != nil || len(r.Effects) != 0 {
		t.Fatalf("%+v", r)
	}
	n := 0
	for id, pos := range s.Positions {
		n++
		want := before[id].State.LastValue + 1000
		if !before[id].State.IsCalled {
			want-- // the first of the thousand is the start
		}
		if pos != (Position{State: sequence.State{LastValue: want, IsCalled: true}, Epoch: 77, Serial: 77}) {
			t.Errorf("%v: %+v, was %+v", id, pos, before[id])
		}
	}
	if n != 300 {
		t.Errorf("%d positions", n)
	}
	for id, pos := range old.Positions {
		if pos != before[id] {
			t.Errorf("a snapshot has changed: %v is at %+v", id, pos)
		}
	}
	id := SequenceID{1000, 1002}
	r := s.Apply(78, &Reserve{Items: []ReserveItem{{ID: id, Epoch: 1, Count: 5}, {ID: id, Epoch: 77, Count: 5}}})
	if r.Effects[0].Kind != EffectRefused || r.Effects[1].Block.First != before[id].State.LastValue+1001 {
		t.Errorf("%+v", r.Effects)
	}
}

func BenchmarkSkipAll(b *testing.B) {
	s := manySequences(b, 1, 1_000_000)
	for b.Loop() {
		s.Apply(77, &SkipAll{Steps: 1000})
	}
}
