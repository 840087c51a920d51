package server

import (
	"testing"
	"time"
)

// TestSettling: a crowd is followed by a collection once it is in, a few sessions by none.
func TestSettling(t *testing.T) {
	collected := make(chan struct{}, 1000)
	s := &settling{quiet: time.Hour, collect: func() { collected <- struct{}{} }}
	defer s.stop()
	for range settleCrowd - 1 {
		s.count()
	}
	if s.timer != nil {
		t.Error("a few sessions were taken for a crowd")
	}
	for range settleCrowd {
		s.count()
	}
	if s.timer == nil || len(collected) > 0 {
		t.Error("a crowd was not noticed, or not waited for")
	}
	s.quiet = time.Millisecond
	s.count()
	select {
	case <-collected:
	case <-time.After(time.Minute):
		t.Error("nothing was collected after a crowd")
	}
}
