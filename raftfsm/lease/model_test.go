package lease

import (
	"hash/maphash"
	"strings"
	"testing"
)

// The exploration of the protocol that protocol_test.go describes.

// explore visits every state that can be reached, nearest first. It returns how
// many there are, and the shortest way to a violation.
func (m *model) explore(t *testing.T, limit int) (states int, trace []string) {
	seed := maphash.MakeSeed()
	begin := state{leader: -1}
	for n := range begin.sessions {
		begin.sessions[n].next, begin.seen[n] = 1, -m.duration
	}
	m.tidy(&begin)
	from := map[uint64]uint64{maphash.Comparable(seed, begin): 0}
	for level := []state{begin}; len(level) > 0; {
		var nextLevel []state
		for _, s := range level {
			own := maphash.Comparable(seed, s)
			for _, x := range m.next(s) {
				if x.violation != "" {
					return len(from), m.path(seed, begin, from, s, x)
				}
				h := maphash.Comparable(seed, x.state)
				if _, known := from[h]; known {
					continue
				}
				from[h] = own
				nextLevel = append(nextLevel, x.state)
			}
		}
		if len(from) > limit {
			t.Fatalf("more than %d states: the configuration is not explored to its end", limit)
		}
		level = nextLevel
	}
	return len(from), nil
}

// path describes the way from the beginning to a violation.
func (m *model) path(seed maphash.Seed, begin state, from map[uint64]uint64, last state, end step) []string {
	var way []uint64
	first := maphash.Comparable(seed, begin)
	for h := maphash.Comparable(seed, last); h != first; h = from[h] {
		way = append(way, h)
	}
	d := *m
	d.trace = true
	var trace []string
	at := begin
	for i := len(way) - 1; i >= 0; i-- {
		for _, x := range d.next(at) {
			if maphash.Comparable(seed, x.state) == way[i] {
				trace, at = append(trace, x.what), x.state
				break
			}
		}
	}
	return append(trace, end.violation)
}

func TestProtocolIsLinearizable(t *testing.T) {
	for name, m := range map[string]*model{
		"nextvals":            {duration: 2, ticks: 3, terms: 2, requests: 3},
		"setval":              {duration: 2, ticks: 2, terms: 2, requests: 3, sets: 1},
		"release":             {duration: 2, ticks: 2, terms: 2, requests: 2, sets: 1, releases: 1},
		"three terms":         {duration: 1, ticks: 1, terms: 3, requests: 3},
		"three terms, setval": {duration: 1, ticks: 1, terms: 3, requests: 2, sets: 1},
		"crash":               {duration: 2, ticks: 2, terms: 2, requests: 3, crashes: 1},
	} {
		states, trace := m.explore(t, 3_000_000)
		t.Logf("%s: %d states", name, states)
		if trace != nil {
			t.Errorf("%s:\n%s", name, strings.Join(trace, "\n"))
		}
	}
}

func TestMistakesAreFound(t *testing.T) {
	for name, m := range map[string]*model{
		"no lease":                       {terms: 2, requests: 3, mistakes: mistakes{noLease: true}},
		"nobody waits for the lease":     {terms: 2, requests: 3, mistakes: mistakes{noWait: true}},
		"the wait is too short":          {ticks: 1, terms: 2, requests: 3, mistakes: mistakes{shortWait: true}},
		"setval during the wait":         {terms: 2, requests: 3, sets: 1, mistakes: mistakes{ungatedSetval: true}},
		"counted from apply":             {ticks: 2, terms: 2, requests: 3, mistakes: mistakes{askedAtApply: true}},
		"lease proposed during the wait": {terms: 3, requests: 3, mistakes: mistakes{earlyAcquire: true}},
		"released while serving":         {terms: 2, requests: 3, releases: 1, mistakes: mistakes{releaseWhileServing: true}},
		"prefetch":                       {terms: 1, requests: 3, mistakes: mistakes{prefetch: true}},
		"range kept over setval":         {terms: 1, requests: 3, sets: 1, mistakes: mistakes{keepRange: true}},
		"no fence":                       {terms: 3, requests: 3, sets: 1, mistakes: mistakes{noFence: true}},
		"late waiters served at apply":   {ticks: 2, terms: 2, requests: 3, mistakes: mistakes{lateWaiters: true}},
	} {
		m.duration = 2
		states, trace := m.explore(t, 4_000_000)
		t.Logf("%s: %d states, %d steps", name, states, len(trace))
		if trace == nil {
			t.Errorf("%s: no violation found", name)
		} else if testing.Verbose() {
			t.Log("\n" + strings.Join(trace, "\n"))
		}
	}
}
