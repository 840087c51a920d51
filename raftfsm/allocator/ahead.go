package allocator

import (
	"context"

	"seqd/engine"
	"seqd/engine/sequence"
)

// lapEnd: a node gets at most this part of what is left on a lap, so that the last
// values of a sequence do not lie on nodes that nobody asks.
const lapEnd = 8

// NextAhead takes values that a node will hand out by itself, want of them at most. It
// takes none, a Fetch with Increment 0, where the sequence's order or end or the loss
// budget forbids it. It waits for reservations only: ErrBlocked means that somebody has
// the sequence locked.
//
// For the sequence it is one fetch of that many values: last_value and log_cnt show
// what they would with CACHE.
func (s *Sequence) NextAhead(ctx context.Context, want uint64) (f Fetch) {
	s.mu.Lock()
	if err := s.serving(); err != nil {
		s.mu.Unlock()
		return Fetch{Err: err}
	}
	if s.locker != 0 || s.lockWanted() {
		s.mu.Unlock()
		return Fetch{Err: ErrBlocked}
	}
	size := s.aheadMost(want)
	if size == 0 {
		s.mu.Unlock()
		return Fetch{}
	}
	out := []Fetch{{}}
	s.runBatch(ctx, &waiter{want: wantNext, seq: s, batch: out, size: size})
	return out[0]
}

// aheadMost is how many values a node may take ahead now.
func (s *Sequence) aheadMost(want uint64) uint64 {
	if s.def.Order != engine.OrderNode {
		return 0
	}
	left := s.def.Params.StepsLeft(s.state.LastValue)
	return min(want, s.a.prelog, max(left/lapShare, min(sequence.LogVals, left/lapEnd)))
}
