package allocator

import "seqd/engine/sequence"

// Replaced is a position that a change put another in the place of.
type Replaced struct {
	By    uint64 // the log index of the change: the epoch that it began
	State sequence.State
}

// maxReplaced is how many are kept of each sequence, for setvals that are under way at
// the same time and have yet to ask.
const maxReplaced = 8

// replace notes the exact position that a change replaces, which the log does not know.
func (s *Sequence) replace(by uint64) {
	if len(s.replaced) == maxReplaced {
		s.replaced = append(s.replaced[:0], s.replaced[1:]...)
	}
	s.replaced = append(s.replaced, Replaced{by, s.state})
}

// Replaced are the last positions that were replaced while this node served.
func (s *Sequence) Replaced() []Replaced {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Replaced(nil), s.replaced...)
}
