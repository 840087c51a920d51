package engine

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"seqd/engine/sequence"
)

// A dense table does what a map does, and a fork keeps what it had.
func TestDenseIsAMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	type state struct {
		table dense[int]
		twin  map[OID]int
	}
	states := []state{{twin: map[OID]int{}}}
	check := func(s *state) {
		t.Helper()
		var have []OID
		s.table.all(func(oid OID, v int) bool {
			if s.twin[oid] != v {
				t.Fatalf("%d: %d, not %d", oid, v, s.twin[oid])
			}
			have = append(have, oid)
			return true
		})
		if want := slices.Sorted(maps.Keys(s.twin)); !slices.Equal(have, want) || s.table.len() != len(want) {
			t.Fatalf("%v, not %v; %d", have, want, s.table.len())
		}
	}
	for step := range 20_000 {
		i := rng.IntN(len(states))
		s := &states[i]
		oid := OID(rng.IntN(300))
		if rng.IntN(50) == 0 {
			oid = math.MaxUint32 - oid
		}
		switch n := rng.IntN(100); {
		case n < 55:
			s.table.put(oid, step)
			s.twin[oid] = step
		case n < 99:
			s.table.delete(oid)
			delete(s.twin, oid)
		default: // a published table is never written again: both go on with forks
			next := state{s.table.fork(), maps.Clone(s.twin)}
			s.table = s.table.fork()
			if len(states) < 5 {
				states = append(states, next)
			} else {
				check(&states[0])
				states[0] = next
			}
		}
		if v, ok := states[i].table.get(oid); v != states[i].twin[oid] || ok != (v != 0 || hasKey(states[i].twin, oid)) {
			t.Fatalf("%d: %d %v", oid, v, ok)
		}
	}
	for i := range states {
		check(&states[i])
	}
}

func hasKey(m map[OID]int, k OID) bool { _, ok := m[k]; return ok }

// Relations are found by their names, and stand in the order of schema and name,
// however they came and went, and a fork keeps what it had.
func TestNamesAreInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	next := OID(0)
	for _, way := range []string{"in order", "in reverse", "at random"} {
		d := &Database{}
		twin := map[string]Relation{}
		before, was := d.fork(), map[string]Relation{} // published: never changes
		name := func(i int) string {
			switch way {
			case "in order":
				return fmt.Sprintf("s%06d", i)
			case "in reverse":
				return fmt.Sprintf("s%06d", 1_000_000-i)
			}
			return strings.Repeat("ab", rng.IntN(3)) + fmt.Sprint(rng.IntN(400))
		}
		for i := range 4000 {
			schema := OID(1 + rng.IntN(3))
			r := &Sequence{Schema: schema, Name: name(i)}
			key := relationName(r.Schema, r.Name)
			if old, there := twin[key]; there && rng.IntN(2) == 0 {
				d.relationNames.delete(d.RelationByOID, old)
				d.sequences.delete(old.Key().OID)
				delete(twin, key)
			} else if !there {
				next++
				r.OID = next
				d.sequences.put(r.OID, r)
				d.relationNames.put(d.RelationByOID, r)
				twin[key] = r
			}
			if found, ok := d.Relation(r.Schema, r.Name); ok != (twin[key] != nil) || ok && found != twin[key] {
				t.Fatalf("%s: %v is %v, not %v", way, r, found, twin[key])
			}
			if i%500 == 499 {
				wantNames(t, before, was)
				before, was = d, maps.Clone(twin)
				d = d.fork()
			}
		}
		for _, key := range slices.Sorted(maps.Keys(twin)) {
			if rng.IntN(10) > 0 {
				d.relationNames.delete(d.RelationByOID, twin[key])
				d.sequences.delete(twin[key].Key().OID)
				delete(twin, key)
			}
		}
		wantNames(t, d, twin)
		wantNames(t, before, was)
	}
}

func wantNames(t *testing.T, d *Database, twin map[string]Relation) {
	t.Helper()
	var have []string
	for schema := range OID(5) {
		d.RelationsIn(schema, func(r Relation) bool {
			have = append(have, relationName(r.Where()))
			return true
		})
	}
	if want := slices.Sorted(maps.Keys(twin)); !slices.Equal(have, want) {
		t.Fatalf("%d relations, not %d, or not in order", len(have), len(want))
	}
}

// Names that come in order fill their pages; what came in any other way fills half.
func TestPagesOfNamesAreFull(t *testing.T) {
	const n = 100 * pageLength
	d := &Database{}
	for i := range n {
		r := &Sequence{OID: OID(i + 1), Schema: 1, Name: fmt.Sprintf("s%06d", i)}
		d.sequences.put(r.OID, r)
		d.relationNames.put(d.RelationByOID, r)
	}
	if pages := d.relationNames.pages.len(); pages != n/pageLength {
		t.Errorf("%d pages", pages)
	}
}

// A packed position is the position.
func TestPackedPosition(t *testing.T) {
	for _, last := range []int64{math.MinInt64, -1, 0, math.MaxInt64} {
		for _, called := range []bool{false, true} {
			for _, index := range []uint64{0, 1, maxIndex} {
				p := Position{State: sequence.State{LastValue: last, LogCount: -last, IsCalled: called}, Epoch: index, Serial: index}
				if got := pack(p).unpack(); got != p {
					t.Errorf("%+v became %+v", p, got)
				}
			}
		}
	}
	if err := manyRestore(maxIndex + 1); err == nil {
		t.Error("an epoch that no log reaches was restored")
	}
}

func manyRestore(epoch uint64) error {
	r := NewRestore(2000)
	p := sequence.Params{Type: sequence.BigInt, Start: 1, Increment: 1, Min: 1, Max: 9, Cache: 1}
	for _, err := range []error{
		r.Shared(&DatabaseInfo{OID: 1000, Name: "d"}), r.In(1000, &Schema{OID: 1001, Name: "public"}),
		r.In(1000, &Sequence{OID: 1002, Schema: 1001, Name: "s", Params: p}),
	} {
		if err != nil {
			panic(err)
		}
	}
	return r.Position(SequenceID{1000, 1002}, Position{State: sequence.State{LastValue: 1}, Epoch: epoch})
}
