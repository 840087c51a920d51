package allocator

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

func batch(ctx context.Context, s *Sequence, owners ...uint64) []Fetch {
	out := make([]Fetch, len(owners))
	s.NextBatch(ctx, owners, out)
	return out
}

// TestBatchEqualsSingles: n fetches at once leave what n fetches one by one leave,
// at the caller and in SELECT * FROM the sequence.
func TestBatchEqualsSingles(t *testing.T) {
	tried := 0
	for _, cache := range []int64{1, 7, 40} {
		l := newFakeLog(t, DefaultPrelogMax, nil)
		change := func(p *sequence.Params) { p.Cache, p.Max, p.Min, p.Cycle = cache, 1000, 3, true }
		one, many := l.create("one", change), l.create("many", change)
		for round := range 30 {
			owners := make([]uint64, 1+round%9)
			for i := range owners {
				owners[i] = uint64(i + 1)
			}
			fetches := make([]Fetch, len(owners))
			if many.TryNextBatch(fetches) {
				if tried++; cache != 1 {
					t.Errorf("CACHE %d without waiting", cache)
				}
			} else {
				many.NextBatch(t.Context(), owners, fetches)
			}
			for i, f := range fetches {
				b, _, err := one.Next(t.Context(), owners[i])
				if err != nil || f.Err != nil {
					t.Fatal(err, f.Err)
				}
				if b != f.Block || f.Epoch != many.Epoch() {
					t.Fatalf("cache %d: fetch %+v, one by one %+v", cache, f, b)
				}
			}
			if a, b := exact(t, one), exact(t, many); a != b {
				t.Fatalf("cache %d: position %+v, one by one %+v", cache, b, a)
			}
		}
	}
	if tried == 0 {
		t.Error("every batch had to wait")
	}
}

// TestBatchReservesOnce: all that a batch lacks is reserved with one entry.
func TestBatchReservesOnce(t *testing.T) {
	l := newFakeLog(t, 0, nil)
	s := l.create("s", nil)
	for i, f := range batch(t.Context(), s, make([]uint64, 500)...) {
		if f.Err != nil || f.Block.First != int64(i+1) {
			t.Fatalf("fetch %d: %+v", i, f)
		}
	}
	if n := l.entries.Load(); n != 1 {
		t.Errorf("%d entries for one batch", n)
	}
}

func TestBatchEndsPartly(t *testing.T) {
	l := newFakeLog(t, 32, nil)
	s := l.create("s", func(p *sequence.Params) { p.Max = 3 })
	got := batch(t.Context(), s, 1, 2, 3, 4, 5)
	for i, f := range got[:3] {
		if f.Err != nil || f.Block.First != int64(i+1) {
			t.Errorf("fetch %d: %+v", i, f)
		}
	}
	for _, f := range got[3:] {
		wantCode(t, f.Err, sqlstate.SequenceGeneratorLimitExceeded, "nextval: reached maximum value of sequence \"s\" (3)")
	}
	l.a.Stop()
	for _, f := range batch(t.Context(), s, 1, 2) {
		if f.Err != ErrNotServing {
			t.Error(f.Err)
		}
	}
	l.a.Start(l.term)
	l.drop(s)
	for _, f := range batch(t.Context(), s, 1, 2) {
		wantCode(t, f.Err, sqlstate.UndefinedTable, "")
	}
}

// TestBatchUnderLock: only the holder of the lock is served, nobody waits.
func TestBatchUnderLock(t *testing.T) {
	l := newFakeLog(t, 32, nil)
	s := l.create("s", nil)
	value(t, s, 1)
	lock(t, l, 2, s)
	got := batch(t.Context(), s, 1, 2, 3)
	if got[0].Err != ErrBlocked || got[1].Err != nil || got[1].Block.First != 2 || got[2].Err != ErrBlocked {
		t.Errorf("%+v", got)
	}
	propose := func(ctx context.Context, c engine.Command) (engine.Result, error) { return l.propose(ctx, c) }
	if _, err := s.TrySetVal(t.Context(), 1, sequence.State{LastValue: 9}, propose); !errors.Is(err, ErrBlocked) {
		t.Error(err)
	}
	if _, err := s.TrySetVal(t.Context(), 2, sequence.State{LastValue: 9}, propose); err != nil {
		t.Error(err)
	}
	l.a.Unlock(2)
	if v := batch(t.Context(), s, 1)[0].Block.First; v != 9 {
		t.Error("first value after setval:", v)
	}
	_, err := s.TrySetVal(t.Context(), 1, sequence.State{LastValue: -1}, propose)
	wantCode(t, err, sqlstate.NumericValueOutOfRange, "")
}

// TestBatchWaitsBeforeLock: a lock that is wanted while a batch waits for its
// reservation comes after it, and a batch that comes later is not begun.
func TestBatchWaitsBeforeLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, 0, func() time.Duration { return time.Second })
		s := l.create("s", nil)
		var got []Fetch
		go func() { got = batch(t.Context(), s, 1, 2) }()
		synctest.Wait()
		locked := false
		go func() { lock(t, l, 3, s); locked = true }()
		synctest.Wait()
		if f := batch(t.Context(), s, 4); f[0].Err != ErrBlocked {
			t.Errorf("a batch behind a lock that is wanted: %+v", f)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if f := batch(ctx, s, 3); f[0].Err != ErrBlocked {
			t.Errorf("%+v", f)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(got) != 2 || got[0].Block.First != 1 || got[1].Block.First != 2 || !locked {
			t.Errorf("%+v, locked %v", got, locked)
		}
		l.a.Unlock(3)
		l.crash()
	})
}

// TestBatchCanceled: what was not reserved when the context ended is refused.
func TestBatchCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, 0, func() time.Duration { return time.Second })
		s := l.create("s", nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		for _, f := range batch(ctx, s, 1, 2) {
			wantCode(t, f.Err, sqlstate.QueryCanceled, "")
		}
		l.crash()
	})
}

func BenchmarkNextBatch64(b *testing.B) {
	l := newFakeLog(b, 1<<20, func() time.Duration { return 200 * time.Microsecond })
	s := l.create("s", nil)
	owners, out := make([]uint64, 64), make([]Fetch, 64)
	b.ReportAllocs()
	for b.Loop() {
		if s.NextBatch(context.Background(), owners, out); out[63].Err != nil {
			b.Fatal(out[63].Err)
		}
	}
}
