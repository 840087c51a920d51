package allocator

import (
	"testing"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

func perNode(def *engine.Sequence) { def.Order = engine.OrderNode }

// TestAheadIsOneFetch: what a node takes ahead shows as one fetch with CACHE does.
func TestAheadIsOneFetch(t *testing.T) {
	l := newFakeLog(t, DefaultPrelogMax, nil)
	cached := l.create("cached", func(p *sequence.Params) { p.Cache = 100 })
	s := l.create("s", nil)
	l.alter(s, nil, perNode)
	for range 5 {
		want, _, err := cached.Next(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if f := s.NextAhead(t.Context(), 100); f.Err != nil || f.Block != want || f.Epoch != s.Epoch() {
			t.Fatalf("%+v, with CACHE %+v", f, want)
		}
		if a, b := exact(t, s), exact(t, cached); a != b {
			t.Fatalf("position %+v, with CACHE %+v", a, b)
		}
	}
	if v := value(t, s, 1); v != 501 {
		t.Errorf("the next value is %d", v)
	}
}

// TestNothingAhead: where values that a node keeps would break a promise it gets none.
func TestNothingAhead(t *testing.T) {
	none := func(name string, s *Sequence) {
		t.Helper()
		before := exact(t, s)
		if f := s.NextAhead(t.Context(), 100); f != (Fetch{}) || exact(t, s) != before {
			t.Errorf("%s: %+v", name, f)
		}
	}
	l := newFakeLog(t, 1000, nil)
	s := l.create("s", nil)
	none("strict order", s)
	l.alter(s, nil, perNode)
	if n := s.PerNode(); n != 1 {
		t.Errorf("per node %d", n)
	}
	if f := s.NextAhead(t.Context(), 5000); f.Err != nil || f.Block.Count() != 1000 {
		t.Errorf("the loss budget: %+v", f)
	}
	l.alter(s, &sequence.State{LastValue: 1}, func(def *engine.Sequence) { def.Order = engine.OrderStrict })
	none("strict order again", s)
	if n := s.PerNode(); n != 0 {
		t.Errorf("per node %d", n)
	}
	small := l.create("small", func(p *sequence.Params) { p.Max = 100 })
	l.alter(small, nil, perNode)
	for left := int64(100); ; {
		f := small.NextAhead(t.Context(), 1000)
		if f.Err != nil {
			t.Fatal(f.Err)
		}
		if f == (Fetch{}) {
			if left > lapEnd || left == 0 {
				t.Errorf("nothing ahead with %d left", left)
			}
			break
		}
		if n := int64(f.Block.Count()); n > max(left/lapEnd, 1) {
			t.Errorf("%d of the last %d values for one node", n, left)
		}
		left = 100 - f.Block.Last
	}
	other := newFakeLog(t, 0, nil)
	s = other.create("s", nil)
	other.alter(s, nil, perNode)
	none("no loss allowed", s)
}

func TestAheadWaitsForNoLock(t *testing.T) {
	l := newFakeLog(t, 1000, nil)
	s := l.create("s", nil)
	l.alter(s, nil, perNode)
	if _, err := l.a.Lock(t.Context(), 7, s.id); err != nil {
		t.Fatal(err)
	}
	if f := s.NextAhead(t.Context(), 10); f.Err != ErrBlocked {
		t.Errorf("%+v", f)
	}
	l.a.Unlock(7)
	if f := s.NextAhead(t.Context(), 10); f.Err != nil {
		t.Error(f.Err)
	}
	l.a.Stop()
	if f := s.NextAhead(t.Context(), 10); f.Err != ErrNotServing {
		t.Errorf("%+v", f)
	}
	l.drop(s)
	f := s.NextAhead(t.Context(), 10)
	wantCode(t, f.Err, sqlstate.UndefinedTable, "")
}
