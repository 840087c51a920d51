package lease

import "fmt"

// The protocol, explored exhaustively in small configurations: two nodes that can
// lead (a third would only vote), discrete time, and every step delayed for as long
// as it likes, which is what a pause is. raft is reduced to what it promises: one
// leader per term; what was committed stays; of what a deposed leader had proposed
// any prefix may survive, and the rest may turn up in a later term of the same node;
// a deposed leader is not told.
//
// Every value that comes later in a sequence is greater, setval included (it begins
// a new generation). So the sequence is linearizable if no value comes twice and
// none is smaller than one that was returned before it was asked for.
//
// mistakes lists what the protocol must not do; each must lead to a violation, or
// the model would prove nothing.

const (
	nodes    = 2
	slots    = 2 // requests under way at a time
	logLimit = 4 // entries not applied by both nodes yet
	queueMax = 2 // entries that a node has proposed and that are not committed yet
	block    = 2 // values in a reservation
)

// Kinds of entries.
const (
	reserveEntry int8 = 1 + iota // with a lease
	setvalEntry
	releaseEntry
	leaseEntry
)

type modelEntry struct {
	kind, node, asked int8
	term              int8 // of the session that proposed it
	void              bool // logged in another term: the fence refuses it
	covers            int8 // bit set of requests that waited before it was proposed
}

// Phases of a session.
const (
	following int8 = iota
	elected        // must apply everything first
	waiting        // for the lease of another
	serving
	released // has stopped, and given the lease back
)

type modelSession struct {
	term, phase, wait, until int8
	gen, next, last          int8 // values in memory, of a generation; next > last: none
}

// Phases of a request.
const (
	free    int8 = iota
	asked        // at a node
	covered      // waits for an entry that was proposed after it came
	done         // has its result, and may be paused before it says so
)

type request struct {
	phase, node int8
	set         bool
	atLeast     int8 // greatest value returned before it was asked
	value       int8
}

// record is what an FSM knows.
type modelRecord struct {
	holder    int8 // node+1
	released  bool
	gen, last int8
}

type state struct {
	now, term, leader int8 // leader -1: none yet
	base              modelRecord
	log               [logLimit]modelEntry
	logged            int8
	applied           [nodes]int8
	seen              [nodes]int8 // when it received the last lease that it has applied
	queue             [nodes][queueMax]modelEntry
	queued            [nodes]int8
	sessions          [nodes]modelSession
	requests          [slots]request

	requested, sets, releases, crashes int8
	greatest                           int8
	returned                           uint64 // values that were returned
}

type mistakes struct {
	noLease, noWait, shortWait, ungatedSetval, askedAtApply, earlyAcquire bool
	releaseWhileServing, prefetch, keepRange, noFence, lateWaiters        bool
}

type model struct {
	mistakes
	duration, ticks, terms, requests, sets, releases, crashes int8
	trace                                                     bool // describe the steps
	out                                                       []step
}

type step struct {
	state     state
	what      string
	violation string
}

func (m *model) add(s state, what string, args ...any) {
	m.tidy(&s)
	x := step{state: s}
	if m.trace {
		x.what = fmt.Sprintf(what, args...)
	}
	m.out = append(m.out, x)
}

// apply is the FSM.
func (r modelRecord) apply(e modelEntry) modelRecord {
	if e.void {
		return r
	}
	switch e.kind {
	case reserveEntry:
		r.last += block
		r.holder, r.released = e.node+1, false
	case leaseEntry:
		r.holder, r.released = e.node+1, false
	case setvalEntry:
		r.gen, r.last = r.gen+1, 0
	case releaseEntry:
		r.released = true
	}
	return r
}

func (s *state) record(n int8) modelRecord {
	r := s.base
	for _, e := range s.log[:s.applied[n]] {
		r = r.apply(e)
	}
	return r
}

// tidy forgets what makes no difference any more, so that more states are equal.
func (m *model) tidy(s *state) {
	for s.logged > 0 && s.applied[0] > 0 && s.applied[1] > 0 {
		s.base = s.base.apply(s.log[0])
		copy(s.log[:], s.log[1:])
		s.log[logLimit-1] = modelEntry{}
		s.logged--
		s.applied[0]--
		s.applied[1]--
	}
	for n := range s.sessions {
		x := &s.sessions[n]
		if x.until <= s.now {
			x.until = 0
		}
		if x.next > x.last {
			x.gen, x.next, x.last = 0, 1, 0
		}
		if x.phase != waiting {
			x.wait = 0
		}
		if s.seen[n]+m.duration <= s.now {
			s.seen[n] = -m.duration
		}
		for i := range s.log[:s.applied[n]] {
			if e := &s.log[i]; e.node == int8(n) {
				e.covers = 0
			}
		}
	}
}

func (s *state) leads(n int8) bool { return s.leader == n && s.term == s.sessions[n].term }

func (s *state) propose(n int8, e modelEntry) {
	e.node, e.term, e.asked = n, s.sessions[n].term, s.now
	s.queue[n][s.queued[n]] = e
	s.queued[n]++
}

func (s *state) takeProposal(n int8) modelEntry {
	e := s.queue[n][0]
	s.queue[n] = [queueMax]modelEntry{s.queue[n][1]}
	s.queued[n]--
	return e
}

// commit logs an entry in a term.
func (m *model) commit(s *state, e modelEntry, term int8) {
	e.void = e.term != term && !m.noFence
	s.log[s.logged] = e
	s.logged++
}

// next are all states that may come after s.
func (m *model) next(s state) []step {
	m.out = m.out[:0]
	if s.now < m.ticks {
		t := s
		t.now++
		m.add(t, "the clock goes to %d", t.now)
	}
	m.elections(s)
	for n := range int8(nodes) {
		m.logSteps(s, n)
		m.sessionSteps(s, n)
	}
	for i := range s.requests {
		m.requestSteps(s, i)
	}
	return m.out
}

func (m *model) elections(s state) {
	if s.term == m.terms {
		return
	}
	for n := range int8(nodes) {
		if s.leader < 0 && n > 0 {
			break // they are alike
		}
		survive := int8(0)
		if s.leader >= 0 {
			survive = s.queued[s.leader]
		}
		for k := int8(0); k <= survive && s.logged+k <= logLimit; k++ {
			t := s
			for range k {
				m.commit(&t, t.takeProposal(s.leader), s.term)
			}
			t.term++
			t.leader = n
			t.sessions[n] = modelSession{term: t.term, phase: elected, next: 1}
			m.add(t, "%d is elected in term %d, %d proposals of its predecessor survive", n, t.term, k)
		}
	}
}

// logSteps are what happens to the log at node n.
func (m *model) logSteps(s state, n int8) {
	x := s.sessions[n]
	if s.leader == n && s.queued[n] > 0 && s.logged < logLimit {
		t := s
		m.commit(&t, t.takeProposal(n), s.term)
		m.add(t, "%d commits %+v", n, t.log[t.logged-1])
	}
	if s.queued[n] > 0 && s.queue[n][0].term != x.term {
		t := s
		e := t.takeProposal(n)
		m.add(t, "the proposal %+v is lost", e)
	}
	if s.applied[n] < s.logged {
		m.applyAt(s, n)
	}
	if x.phase != following && x.term != s.term {
		t := s
		t.sessions[n] = modelSession{next: 1}
		m.add(t, "%d notices that it was deposed", n)
	}
	if s.crashes < m.crashes {
		t := s
		t.crashes++
		t.sessions[n] = modelSession{next: 1}
		t.queue[n], t.queued[n] = [queueMax]modelEntry{}, 0
		t.applied[n], t.seen[n] = t.logged, t.now
		for i := range t.requests {
			if r := &t.requests[i]; r.phase != free && r.node == n {
				*r = request{}
			}
		}
		m.add(t, "%d crashes and starts again", n)
	}
}

// applyAt applies the next entry at node n.
func (m *model) applyAt(s state, n int8) {
	t := s
	before := t.record(n)
	e := t.log[t.applied[n]]
	t.applied[n]++
	after := t.record(n)
	x := &t.sessions[n]
	if e.void {
		m.add(t, "%d refuses %+v", n, e)
		return
	}
	mine := e.node == n && x.phase == serving && (x.term == e.term || m.noFence)
	if e.kind == reserveEntry || e.kind == leaseEntry {
		t.seen[n] = e.asked // at the earliest
		from := e.asked
		if m.askedAtApply {
			from = t.now
		}
		if mine {
			x.until = max(x.until, from+m.duration)
		}
	}
	if e.kind == reserveEntry && mine {
		x.gen, x.next, x.last = after.gen, before.last+1, after.last // what was left is given up
	}
	if e.kind == setvalEntry && !m.keepRange {
		x.next, x.last = 1, 0
	}
	for i := range t.requests {
		r := &t.requests[i]
		late := m.lateWaiters && e.kind == reserveEntry && r.phase == asked && !r.set
		if r.node != n || !(late || (r.phase == covered && e.covers&(1<<i) != 0)) {
			continue
		}
		switch {
		case e.kind == setvalEntry && e.node == n:
			r.phase, r.value = done, value(after.gen, 0)
		case e.kind == reserveEntry && mine && x.next <= x.last:
			r.phase, r.value = done, value(x.gen, x.next)
			x.next++
		}
	}
	m.add(t, "%d applies %+v", n, e)
}

func value(gen, n int8) int8 { return gen*8 + n }

// sessionSteps are how a leader comes to serve, and ceases.
func (m *model) sessionSteps(s state, n int8) {
	x := s.sessions[n]
	room := s.leads(n) && s.queued[n] < queueMax
	switch x.phase {
	case elected:
		if s.leads(n) && s.applied[n] == s.logged {
			t := s
			r := t.record(n)
			wait := int8(0)
			if r.holder != 0 && r.holder != n+1 && !r.released && !m.noWait && !m.noLease {
				wait = t.seen[n] + m.duration
				if m.shortWait {
					wait--
				}
			}
			t.sessions[n].phase, t.sessions[n].wait = waiting, wait
			m.add(t, "%d has applied everything and waits until %d", n, wait)
		}
	case waiting:
		// The record is looked at again: own entries end the wait.
		if s.now >= x.wait || s.record(n).holder == n+1 {
			t := s
			t.sessions[n].phase = serving
			m.add(t, "%d serves", n)
		}
		if m.earlyAcquire && room {
			t := s
			t.propose(n, modelEntry{kind: leaseEntry})
			m.add(t, "%d proposes a lease while it waits", n)
		}
	case serving:
		if room && s.releases < m.releases {
			t := s
			t.releases++
			if !m.releaseWhileServing {
				t.sessions[n] = modelSession{term: x.term, phase: released, next: 1}
			}
			t.propose(n, modelEntry{kind: releaseEntry})
			m.add(t, "%d proposes to give the lease back", n)
		}
	}
}

// requestSteps are what happens to one request.
func (m *model) requestSteps(s state, i int) {
	r := s.requests[i]
	switch r.phase {
	case free:
		if s.requested == m.requests || (i > 0 && s.requests[0].phase == free) {
			return
		}
		for n := range int8(nodes) {
			t := s
			t.requested++
			t.requests[i] = request{phase: asked, node: n, atLeast: s.greatest}
			m.add(t, "request %d at %d", i, n)
			if s.sets < m.sets {
				t.sets++
				t.requests[i].set = true
				m.add(t, "setval %d at %d", i, n)
			}
		}
	case asked:
		m.serve(s, i)
	case done:
		t := s
		t.greatest = max(t.greatest, r.value)
		t.returned |= 1 << r.value
		t.requests[i] = request{}
		m.add(t, "request %d returns %d", i, r.value)
		last := &m.out[len(m.out)-1]
		switch {
		case r.value <= r.atLeast:
			last.violation = fmt.Sprintf("%d was returned before request %d, which returns %d", r.atLeast, i, r.value)
		case s.returned&(1<<r.value) != 0:
			last.violation = fmt.Sprintf("value %d comes twice", r.value)
		}
		if m.prefetch && !r.set && s.requested < m.requests {
			t := s // a follower keeps the value for a request that comes only now
			t.requested++
			t.requests[i].atLeast = s.greatest
			m.add(t, "value %d is kept for a later request", r.value)
		}
	}
}

// serve gives a request a value from memory, or proposes an entry for it.
func (m *model) serve(s state, i int) {
	r := s.requests[i]
	n := r.node
	x := s.sessions[n]
	room := s.leads(n) && s.queued[n] < queueMax
	if r.set {
		if room && (x.phase == serving || (m.ungatedSetval && (x.phase == waiting || x.phase == elected))) {
			t := s
			t.requests[i].phase = covered
			t.propose(n, modelEntry{kind: setvalEntry, covers: 1 << i})
			m.add(t, "%d proposes setval %d", n, i)
		}
		return
	}
	if x.phase != serving {
		return
	}
	// The clock is read under the lock under which the value is taken: one step. The
	// pause may come before it, or before the answer.
	if x.next <= x.last && (s.now < x.until || m.noLease) {
		t := s
		t.requests[i].phase, t.requests[i].value = done, value(x.gen, x.next)
		t.sessions[n].next++
		m.add(t, "%d takes %d from memory for request %d", n, t.requests[i].value, i)
	}
	if room {
		t := s
		t.requests[i].phase = covered
		t.propose(n, modelEntry{kind: reserveEntry, covers: 1 << i})
		m.add(t, "%d proposes a reservation for request %d", n, i)
	}
}
