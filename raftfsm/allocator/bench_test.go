package allocator

import (
	"context"
	"testing"
	"time"
)

func BenchmarkNext(b *testing.B) {
	l := newFakeLog(b, 1<<20, func() time.Duration { return 200 * time.Microsecond })
	s := l.create("s", nil)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Next(ctx, 1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(l.entries.Load())/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkNextParallel(b *testing.B) {
	l := newFakeLog(b, 1<<20, func() time.Duration { return 200 * time.Microsecond })
	s := l.create("s", nil)
	ctx := context.Background()
	b.ReportAllocs()
	b.SetParallelism(4) // 8 goroutines on two cores
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, _, err := s.Next(ctx, 1); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(l.entries.Load())/b.Elapsed().Seconds(), "entries/s")
}
