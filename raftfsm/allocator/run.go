package allocator

import (
	"seqd/engine"
	"seqd/engine/sequence"
)

// takeRun is take, again and again until n values are taken, while the next fetch is
// reserved, whole, and right behind the last.
func (s *Sequence) takeRun(n uint64) (run sequence.Block, ok bool, err error) {
	run, ok, err = s.take(0)
	if !ok || err != nil || n <= 1 {
		return run, ok, err
	}
	size := uint64(s.def.Params.Cache)
	fetches := (n - 1) / size // beyond the one that was taken
	for fetches > 0 && s.goesOn(run.Last) {
		if taken := s.repeat(fetches); taken > 0 {
			run.Last, fetches = s.state.LastValue, fetches-taken
			continue
		}
		if _, more, err := s.take(0); !more || err != nil {
			break // nothing was taken: the next request will see why
		}
		run.Last, fetches = s.state.LastValue, fetches-1
	}
	return run, true, nil
}

// goesOn tells whether a whole fetch lies right behind last, which was taken.
func (s *Sequence) goesOn(last int64) bool {
	p := s.def.Params
	return len(s.ranges) > 0 && p.StepsLeft(last) >= uint64(p.Cache) && s.ranges[0].First == last+p.Increment
}

// repeat takes up to n fetches all at once, as long as none differs from those that take
// would make.
func (s *Sequence) repeat(n uint64) uint64 {
	if s.def.Persistence == engine.Unlogged || s.checkpoint != s.a.checkpoints.Load() {
		return 0 // each logs anew, or the next one does
	}
	p, first := s.def.Params, &s.ranges[0]
	reserved := first.Count()
	block, state, fetches := sequence.Repeat(p, s.state, s.a.logVals, min(n, reserved/uint64(p.Cache)))
	if fetches == 0 {
		return 0
	}
	if block.Last == first.Last {
		s.ranges = s.ranges[:copy(s.ranges, s.ranges[1:])]
	} else {
		first.First = block.Last + p.Increment
	}
	count := fetches * uint64(p.Cache)
	s.left -= count
	s.pace.Use(count)
	s.state = state
	return fetches
}
