package main

import (
	"runtime"
	"testing"
	"time"
)

func TestGCPercent(t *testing.T) {
	for _, x := range []struct {
		live uint64
		want int
	}{{0, 100}, {1 << 20, 100}, {48 << 20, 100}, {64 << 20, 78}, {128 << 20, 45}, {200 << 20, 33}, {1 << 30, 16}, {1 << 40, 12}} {
		if got := gcPercent(x.live); got != x.want {
			t.Errorf("%d MiB: %d, not %d", x.live>>20, got, x.want)
		}
	}
}

func TestCollectorIsToldOfChangesOnly(t *testing.T) {
	var told []int
	c := &collector{percent: 100, set: func(p int) int { told = append(told, p); return 0 }}
	for _, mib := range []uint64{10, 48, 49, 200, 201, 190, 10} {
		c.adjust(mib << 20)
	}
	if len(told) != 2 || told[0] != 33 || told[1] != 100 {
		t.Errorf("%v", told)
	}
}

// Every collection is seen, not only the first.
func TestCollectorSeesCollections(t *testing.T) {
	seen := make(chan int, 100)
	const far = -1000 // from every answer, so that each is told
	c := &collector{percent: far}
	c.set = func(p int) int {
		c.percent = far
		seen <- p
		return 0
	}
	c.sample[0].Name = "/gc/heap/live:bytes"
	c.await()
	for range 3 {
		for collected := false; !collected; {
			runtime.GC()
			select {
			case p := <-seen:
				if p < 12 || p > 100 {
					t.Fatalf("GOGC %d", p)
				}
				collected = true
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}
