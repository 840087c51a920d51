package allocator

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"seqd/engine/sequence"
)

// TestRunEqualsSingles: a run leaves what as many fetches one by one leave, at the
// caller and in SELECT * FROM the sequence.
func TestRunEqualsSingles(t *testing.T) {
	for _, cache := range []int64{1, 2, 7, 40} {
		for _, most := range []int64{1000, 1 << 40} {
			t.Run(fmt.Sprint(cache, most), func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(cache), uint64(most)))
				l := newFakeLog(t, DefaultPrelogMax, nil)
				change := func(p *sequence.Params) { p.Cache, p.Max, p.Min, p.Cycle = cache, most, 3, true }
				one, many := l.create("one", change), l.create("many", change)
				longest := uint64(0)
				for range 300 {
					n := 1 + r.Uint64N(100)
					run, _, err := many.NextRun(t.Context(), 1, n)
					if err != nil {
						t.Fatal(err)
					}
					if c := run.Count(); c >= n+uint64(cache) {
						t.Fatalf("asked for %d, CACHE %d, got %d", n, cache, c)
					}
					longest = max(longest, run.Count())
					for at := run.First; ; at += run.Increment {
						b, _, err := one.Next(t.Context(), 1)
						if err != nil || b.First != at || b.Last > run.Last {
							t.Fatalf("run %+v, one by one %+v at %d, %v", run, b, at, err)
						}
						if at = b.Last; at == run.Last {
							break
						}
					}
					if a, b := exact(t, one), exact(t, many); a != b {
						t.Fatalf("position %+v, one by one %+v", b, a)
					}
					if r.IntN(10) == 0 {
						l.a.Checkpoint()
					}
				}
				if most > 1000 && longest < 80 {
					t.Errorf("the longest run has %d values", longest)
				}
			})
		}
	}
}

func BenchmarkNextRun100(b *testing.B) {
	l := newFakeLog(b, 1<<20, nil)
	s := l.create("s", nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.NextRun(b.Context(), 1, 100); err != nil {
			b.Fatal(err)
		}
	}
}
