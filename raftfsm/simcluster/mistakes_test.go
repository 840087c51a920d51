package simcluster

import (
	"strings"
	"testing"
	"time"

	"seqd/raftfsm/internal/seams"
)

// disorder is the first violation of what a sequence promises to its users, "" if
// there was none.
func (s *story) disorder() string {
	for _, f := range s.failures {
		for _, kind := range []string{"twice", "out of order", "not linearizable", "void"} {
			if strings.Contains(f, kind) {
				return f
			}
		}
	}
	return ""
}

// quick makes elections quick and leases long, so that a leader that was deposed
// without knowing has much time for mischief.
func quick(c *cluster) {
	c.size, c.prelogMax, c.think = 3, 1000, 10*time.Millisecond
	c.timing.Election, c.timing.Lease, c.timing.Renew = 200*time.Millisecond, 5*time.Second, time.Second
}

var (
	zombies  = []fault{{"zombie", 3, (*nemesis).zombie}, {"relay", 1, (*nemesis).relay}}
	relapses = []fault{{"relapse", 1, (*nemesis).relapse}}
)

// TestMistakesAreFound is the counter-check: with a part of the protocol taken out
// the same sessions, faults and checks must find a violation soon.
func TestMistakesAreFound(t *testing.T) {
	const seeds = 40
	for _, x := range []struct {
		name string
		o    options
	}{
		{"no lease", options{mistakes: seams.Mistakes{NoLease: true}, faults: zombies, adjust: quick}},
		{"nobody waits for the lease", options{mistakes: seams.Mistakes{NoWait: true}, faults: zombies, adjust: quick}},
		{"no fence", options{mistakes: seams.Mistakes{NoFence: true}, faults: relapses, adjust: quick}},
		{"no grants", options{mistakes: seams.Mistakes{NoGrants: true}}},
	} {
		t.Run(x.name, func(t *testing.T) {
			for seed := uint64(1); seed <= seeds; seed++ {
				if what := simulate(t, seed, x.o).disorder(); what != "" {
					t.Logf("seed %d: %s", seed, what)
					return
				}
			}
			t.Errorf("%d seeds found nothing: the simulation would not notice", seeds)
		})
	}
}

// TestNoMistake: the same circumstances without a mistake are no violation, although
// entries were logged in another term than they were proposed in.
func TestNoMistake(t *testing.T) {
	late := 0
	for seed := uint64(1); seed <= 4; seed++ {
		faults := zombies
		if seed%2 == 0 {
			faults = relapses
		}
		s := simulate(t, seed, options{faults: faults, adjust: quick})
		if late += s.late; len(s.failures) > 0 {
			s.record(t)
		}
	}
	t.Logf("%d entries were late", late)
}
