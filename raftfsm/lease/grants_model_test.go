package lease

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"testing"
)

// The protocol of Grants, explored exhaustively in small configurations: leader A, its
// successor B, and a follower F; sessions with cached values at F and at A. Every step
// may be delayed for as long as it likes. What the leader's own lease promises is taken
// from the other model: A holds it until D, and B serves no earlier.
//
// Values belong to the epoch (the number of setvals) that the session's node has
// applied when they are taken. A value of an older epoch than one whose setval was
// acknowledged before the value was asked for is a violation: it may come twice.

const (
	grantD        = 2
	nodeF, nodeA  = 0, 1 // with sessions
	nodeB         = 2
	grantHolders  = 2
	leaderA       = 0
	leaderB       = 1
	grantsAtATime = 2
)

type grantAsk struct {
	phase            int8 // see the constants below
	node, to         int8
	asked, applied   int8
	index            int8
	indexBeforeNoted bool
}

const (
	askFree int8 = iota
	askSent
	askNoted
	askIndexed
	askAnswered
	askReceived
)

type grantSession struct {
	phase   int8 // 0: idle, 1: asked for a value, 2: has looked at the clock
	atLeast int8 // acknowledged when it was asked for
}

type grantState struct {
	now                      int8
	deposed, noticed, serves bool // B is elected; A knows; B serves
	unknown                  int8
	committed, acked         int8
	applied                  [3]int8
	until                    [grantHolders]int8
	noted                    [2][grantHolders]struct{ until, applied int8 } // by leader
	asks                     [grantsAtATime]grantAsk
	sessions                 [grantHolders]grantSession
	setval                   struct{ by, phase, index int8 } // by leader+1, 0: none
	waits                    [grantHolders]int8
	waitUnknown              int8
	asksMade, requestsMade   int8
}

type grantMistakes struct {
	noWait, shortWait, noUnknown, fromReply, noIndex, earlyLook, leaseUnchecked, indexFirst, ownUnchecked bool
}

type grantModel struct {
	grantMistakes
	ticks, sets, asks, requests int8
	onlyF                       bool // has sessions
	out                         []grantStep
}

type grantStep struct {
	state           grantState
	what, violation string
	args            []any
}

func (x grantStep) String() string { return fmt.Sprintf(x.what, x.args...) }

func (m *grantModel) add(s grantState, what string, args ...any) {
	for n := range s.until {
		if s.until[n] <= s.now {
			s.until[n] = 0
		}
	}
	for l := range s.noted {
		for n := range s.noted[l] {
			if g := &s.noted[l][n]; g.until <= s.now {
				g.until, g.applied = 0, 0
			}
		}
	}
	for n := range s.waits {
		if s.waits[n] <= s.now {
			s.waits[n] = 0
		}
	}
	m.out = append(m.out, grantStep{state: s, what: what, args: args})
}

func (m *grantModel) next(s grantState) []grantStep {
	m.out = m.out[:0]
	if s.now < m.ticks {
		t := s
		t.now++
		m.add(t, "the clock goes to %d", t.now)
	}
	m.leaders(s)
	for n := range s.applied {
		if s.applied[n] < s.committed {
			t := s
			t.applied[n]++
			m.add(t, "%c applies setval %d", "FAB"[n], t.applied[n])
		}
	}
	m.setvals(s)
	for i := range s.asks {
		m.grants(s, i)
	}
	m.values(s, nodeF)
	if !m.onlyF {
		m.values(s, nodeA)
	}
	return m.out
}

func (m *grantModel) leaders(s grantState) {
	if !s.deposed {
		t := s
		t.deposed = true
		m.add(t, "B is elected")
	}
	if s.deposed && !s.noticed {
		t := s
		t.noticed = true
		m.add(t, "A notices")
	}
	if s.deposed && !s.serves && s.applied[nodeB] == s.committed && s.now >= grantD {
		t := s
		t.serves = true
		if !m.noUnknown {
			t.unknown = 2 * grantD
		}
		m.add(t, "B serves")
	}
}

func (m *grantModel) setvals(s grantState) {
	v := s.setval
	switch v.phase {
	case 0:
		for l := range int8(2) {
			if s.committed == m.sets || (l == leaderA && s.deposed) || (l == leaderB && !s.serves) {
				continue
			}
			t := s
			t.committed++
			t.applied[nodeA+l] = t.committed
			t.setval.by, t.setval.phase, t.setval.index = l+1, 1, t.committed
			m.add(t, "setval %d is committed by %c", t.committed, "AB"[l])
		}
	case 1: // it looks at its table
		t := s
		t.setval.phase = 2
		for n, x := range s.noted[v.by-1] {
			t.waits[n] = 0
			if x.applied < v.index && !m.noWait {
				t.waits[n] = x.until
				if m.shortWait {
					t.waits[n]--
				}
			}
		}
		t.waitUnknown = 0
		if v.by-1 == leaderB {
			t.waitUnknown = s.unknown
		}
		m.add(t, "setval %d waits until %v, %d", v.index, t.waits, t.waitUnknown)
	case 2:
		for n, until := range s.waits {
			if until > s.now && s.noted[v.by-1][n].applied < v.index {
				return
			}
		}
		if s.waitUnknown > s.now {
			return
		}
		t := s
		t.acked = v.index
		t.setval.by, t.setval.phase, t.setval.index = 0, 0, 0
		t.waits, t.waitUnknown = [grantHolders]int8{}, 0
		m.add(t, "setval %d is acknowledged", v.index)
	}
}

// grants are the steps of one request for a grant.
func (m *grantModel) grants(s grantState, i int) {
	a := s.asks[i]
	t := s
	x := &t.asks[i]
	switch a.phase {
	case askFree:
		if s.asksMade == m.asks || (i > 0 && s.asks[i-1].phase == askFree) {
			return
		}
		for n := range int8(grantHolders) {
			for l := range int8(2) {
				if n == nodeA && (l == leaderA || m.onlyF) {
					continue
				}
				t := s
				t.asksMade++
				t.asks[i] = grantAsk{phase: askSent, node: n, to: l, asked: s.now, applied: s.applied[n]}
				m.add(t, "%c asks %c for a grant at %d", "FA"[n], "AB"[l], s.now)
			}
		}
	case askSent:
		if a.to == leaderB && !s.serves || a.to == leaderA && s.noticed {
			t.asks[i] = grantAsk{}
			m.add(t, "it is refused")
			return
		}
		if m.indexFirst && !a.indexBeforeNoted {
			x.index, x.indexBeforeNoted = s.applied[nodeA+a.to], true
			m.add(t, "the index is %d", x.index)
			return
		}
		g := &t.noted[a.to][a.node]
		g.until, g.applied = max(g.until, s.now+grantD), max(g.applied, a.applied)
		x.phase = askNoted
		m.add(t, "%c notes it", "AB"[a.to])
	case askNoted:
		if !a.indexBeforeNoted {
			x.index = s.applied[nodeA+a.to]
		}
		x.phase = askIndexed
		m.add(t, "the index is %d", x.index)
	case askIndexed:
		if a.to == leaderA && s.now >= grantD && !m.leaseUnchecked {
			t.asks[i] = grantAsk{}
			m.add(t, "A's lease is over")
			return
		}
		x.phase = askAnswered
		m.add(t, "%c answers", "AB"[a.to])
	case askAnswered:
		x.phase = askReceived
		if m.fromReply {
			x.asked = s.now
		}
		m.add(t, "%c has the answer", "FA"[a.node])
	case askReceived:
		if s.applied[a.node] >= a.index || m.noIndex {
			t.until[a.node] = max(t.until[a.node], a.asked+grantD)
			t.asks[i] = grantAsk{}
			m.add(t, "%c has a grant until %d", "FA"[a.node], t.until[a.node])
		}
	}
}

// values are the steps of a session's nextval.
func (m *grantModel) values(s grantState, n int8) {
	x := s.sessions[n]
	may := s.now < s.until[n]
	if n == nodeA && !s.noticed {
		may = may || s.now < grantD || m.ownUnchecked
	}
	t := s
	r := &t.sessions[n]
	look := x.phase == 1
	if m.earlyLook {
		look = x.phase == 0
	}
	if look && may {
		r.phase = 2
		m.add(t, "the session at %c looks at the clock", "FA"[n])
	}
	switch {
	case x.phase == 0 && s.requestsMade < m.requests && !m.earlyLook, x.phase == 2 && m.earlyLook && x.atLeast == 0:
		t := s
		t.requestsMade++
		t.sessions[n].atLeast = s.acked + 1
		t.sessions[n].phase = max(1, x.phase)
		m.add(t, "a value is asked for at %c", "FA"[n])
	}
	if x.phase == 2 && x.atLeast > 0 {
		t := s
		t.sessions[n] = grantSession{}
		m.add(t, "%c hands out a value of epoch %d", "FA"[n], s.applied[n])
		if s.applied[n] < x.atLeast-1 {
			m.out[len(m.out)-1].violation = fmt.Sprintf("setval %d was acknowledged before", x.atLeast-1)
		}
	}
}

// explore visits every state, nearest first. It returns how many there are, and the
// shortest way to a violation.
func (m *grantModel) explore(t *testing.T, limit int) (states int, trace []string) {
	seed := maphash.MakeSeed()
	var begin grantState
	from := map[uint64]uint64{maphash.Comparable(seed, begin): 0}
	for level := []grantState{begin}; len(level) > 0; {
		var following []grantState
		for _, s := range level {
			own := maphash.Comparable(seed, s)
			for _, x := range m.next(s) {
				if x.violation != "" {
					return len(from), append(m.path(seed, from, own), x.String(), x.violation)
				}
				h := maphash.Comparable(seed, x.state)
				if _, known := from[h]; !known {
					from[h] = own
					following = append(following, x.state)
				}
			}
		}
		if len(from) > limit {
			t.Fatalf("more than %d states", limit)
		}
		level = following
	}
	return len(from), nil
}

// path describes the way from the beginning to a state.
func (m *grantModel) path(seed maphash.Seed, from map[uint64]uint64, to uint64) (trace []string) {
	var way []uint64
	for h := to; from[h] != 0; h = from[h] {
		way = append(way, h)
	}
	var at grantState
	for _, h := range slices.Backward(way) {
		for _, x := range slices.Clone(m.next(at)) {
			if maphash.Comparable(seed, x.state) == h {
				trace, at = append(trace, x.String()), x.state
				break
			}
		}
	}
	return trace
}

func TestGrantsKeepVoidValuesBack(t *testing.T) {
	for name, m := range map[string]*grantModel{
		"a change":       {ticks: 4, sets: 1, asks: 1, requests: 2},
		"several grants": {ticks: 3, sets: 1, asks: 2, requests: 1, onlyF: true},
		"two changes":    {ticks: 4, sets: 2, asks: 1, requests: 1, onlyF: true},
	} {
		states, trace := m.explore(t, 4_000_000)
		t.Logf("%s: %d states", name, states)
		if trace != nil {
			t.Errorf("%s:\n%s", name, strings.Join(trace, "\n"))
		}
	}
}

func TestMistakesWithGrantsAreFound(t *testing.T) {
	for name, mistakes := range map[string]grantMistakes{
		"no wait":                             {noWait: true},
		"the wait is too short":               {shortWait: true},
		"grants of the predecessor forgotten": {noUnknown: true},
		"counted from the answer":             {fromReply: true},
		"used before the index is applied":    {noIndex: true},
		"looked before the request came":      {earlyLook: true},
		"granted without a lease":             {leaseUnchecked: true},
		"index read before it is noted":       {indexFirst: true},
		"own sessions without a lease":        {ownUnchecked: true},
	} {
		m := &grantModel{grantMistakes: mistakes, ticks: 4, sets: 1, asks: 1, requests: 1}
		states, trace := m.explore(t, 4_000_000)
		t.Logf("%s: %d states, %d steps", name, states, len(trace))
		if trace == nil {
			t.Errorf("%s: no violation found", name)
		} else if testing.Verbose() {
			t.Log("\n" + strings.Join(trace, "\n"))
		}
	}
}
