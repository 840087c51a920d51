package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// Go lets a heap grow to twice what is in use before it collects garbage. That suits a
// small heap. With a million sequences it would be as much again as they take, for
// garbage that a server of sequences hardly makes: the larger the heap, the less of it
// is kept for garbage.
const (
	smallHeap  = 48 << 20 // up to here as Go has it
	spareShare = 8        // beyond, an eighth of it
	minChange  = 5        // percent points that are worth telling the runtime
)

// gcPercent is GOGC for a heap of which live bytes are in use.
func gcPercent(live uint64) int {
	if live <= smallHeap {
		return 100
	}
	spare := smallHeap + (live-smallHeap)/spareShare
	return int(spare * 100 / live)
}

// collector sets GOGC after each collection by what that found in use.
type collector struct {
	sample  [1]metrics.Sample
	percent int
	set     func(int) int
}

// tuneCollector begins to do so, once and for as long as the process lives, unless whoever
// started it has said how he wants it.
var tuneCollector = sync.OnceFunc(func() {
	if os.Getenv("GOGC") != "" {
		return
	}
	c := &collector{percent: 100, set: debug.SetGCPercent}
	c.sample[0].Name = "/gc/heap/live:bytes"
	c.await()
})

// await has the next collection call collected: it finds an object that nobody uses.
func (c *collector) await() {
	// It has pointers, so that it shares its memory with no other object.
	runtime.SetFinalizer(&struct{ self *collector }{c}, func(*struct{ self *collector }) {
		c.collected()
		c.await()
	})
}

func (c *collector) collected() {
	metrics.Read(c.sample[:])
	c.adjust(c.sample[0].Value.Uint64())
}

func (c *collector) adjust(live uint64) {
	percent := gcPercent(live)
	if max(percent-c.percent, c.percent-percent) < minChange {
		return
	}
	c.percent = percent
	c.set(percent)
}
