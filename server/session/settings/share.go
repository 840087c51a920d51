package settings

import (
	"slices"
	"strings"
	"sync"
)

// sharedMax is how many different lists Shared keeps.
const sharedMax = 256

// Shared keeps one of each list that many sessions have alike: what an application with a
// pool of connections starts them with is mostly the same. The zero value is empty. It may
// be used by many at a time.
type Shared struct {
	mu      sync.Mutex
	entries map[string]entries
	told    map[string][]string
}

// Share has the set use lists that others have, too. That changes nothing that anybody
// could tell but memory.
func (s *Set) Share(with *Shared) {
	with.mu.Lock()
	defer with.mu.Unlock()
	if len(with.entries)+len(with.told) > sharedMax || with.entries == nil {
		with.entries, with.told = map[string]entries{}, map[string][]string{}
	}
	s.base = shared(with.entries, s.base, func(b *strings.Builder, e entry) {
		for _, part := range [...]string{e.key, e.value, e.source} {
			b.WriteString(part)
			b.WriteByte(0)
		}
	})
	s.reported = shared(with.told, s.reported, func(b *strings.Builder, v string) {
		b.WriteString(v)
		b.WriteByte(0)
	})
	s.reportedShared = true
}

// shared is the list that is equal to one, by what add writes of its elements.
func shared[L ~[]E, E any](known map[string]L, list L, add func(*strings.Builder, E)) L {
	if len(list) == 0 {
		return list
	}
	var key strings.Builder
	for _, e := range list {
		add(&key, e)
	}
	found, ok := known[key.String()]
	if !ok {
		found = list
		known[key.String()] = found
	}
	return found
}

// tell changes what the client is known to have been told of.
func (s *Set) tell(i int, value string) {
	if s.reportedShared {
		s.reported, s.reportedShared = slices.Clone(s.reported), false
	}
	s.reported[i] = value
}
