package server

import (
	"runtime/debug"
	"sync"
	"time"
)

// When a crowd has connected there is much that nobody needs any more: garbage of
// start-ups and of first statements, and stacks that were deep for a moment and are cut
// only by a collection. Sessions that then wait make no garbage, so the next collection
// may be minutes away. When they are parked there is even more.
const (
	settleCrowd = 100 // sessions, begun or parked: fewer are not worth a collection
	settleQuiet = 500 * time.Millisecond
)

// settling collects garbage, and gives memory back, once a crowd is in. As long as
// sessions keep beginning it does nothing: they make garbage enough for Go to collect.
type settling struct {
	quiet   time.Duration
	collect func()

	mu      sync.Mutex
	counted int // since the last collection
	timer   *time.Timer
}

func newSettling() *settling {
	return &settling{quiet: settleQuiet, collect: func() {
		debug.FreeOSMemory()
		debug.FreeOSMemory() // stacks and pools are given up by one collection and free after the next
	}}
}

// count counts a session that has begun, or is parked.
func (s *settling) count() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counted++; s.counted < settleCrowd {
		return
	}
	if s.timer == nil {
		s.timer = time.AfterFunc(s.quiet, s.settle)
	} else {
		s.timer.Reset(s.quiet)
	}
}

func (s *settling) settle() {
	s.mu.Lock()
	s.counted = 0
	s.mu.Unlock()
	s.collect()
}

// stop is for the end of the server.
func (s *settling) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
}
