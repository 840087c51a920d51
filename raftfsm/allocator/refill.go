package allocator

import (
	"context"
	"sync"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

const (
	// horizon is how long a reservation should last under load, so that the log
	// is written a few times a second whatever the rate.
	horizon = 250 * time.Millisecond
	// commitsAhead makes it last longer where a commit is slow: half of what is
	// reserved must outlast the commit of the next, with room for bad moments.
	commitsAhead = 8
	horizonMax   = 2 * time.Second
	// lapShare limits a reservation to this part of what is left on a bounded
	// sequence's lap (unless that is less than PostgreSQL itself logs): a crash
	// must not use up a small sequence.
	lapShare = 1024
	// maxItems is how many laps of a short CYCLE one entry reserves.
	maxItems = 64
)

// due is the list of sequences that need a reservation.
type due struct {
	mu   sync.Mutex
	list []*Sequence
	// confirms are readers of memory that wait for the lease, see Confirm.
	confirms []chan error
	branches []*branch // databases to be made, see Branch
	wake     chan struct{}
}

func (d *due) add(s *Sequence) {
	d.mu.Lock()
	d.list = append(d.list, s)
	d.mu.Unlock()
	d.awake()
}

func (d *due) awake() {
	select {
	case d.wake <- struct{}{}:
	default: // it is awake
	}
}

func (d *due) take() ([]*Sequence, []chan error, []*branch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	list, confirms, branches := d.list, d.confirms, d.branches
	d.list, d.confirms, d.branches = nil, nil, nil
	return list, confirms, branches
}

// request puts the sequence on the list for the next reservation.
func (s *Sequence) request() {
	s.inflight = true
	s.a.due.add(s)
}

// flush writes reservations: one entry at a time, each for all sequences that
// became due while the one before was under way.
func (a *Allocator) flush(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	for {
		select {
		case <-a.due.wake:
		case <-ctx.Done():
			return
		}
		list, confirms, branches := a.due.take()
		a.makeBranches(branches)
		start := a.now()
		c := &engine.Reserve{}
		var unconfirmed []*Sequence
		for _, s := range list {
			var only bool
			if c.Items, only = s.plan(c.Items, start); only {
				unconfirmed = append(unconfirmed, s)
			}
		}
		if len(c.Items) == 0 && len(confirms) == 0 && len(unconfirmed) == 0 {
			continue
		}
		_, err := a.propose(context.Background(), c) // Release must know how it ended
		answer(confirms, err)
		a.doubt = err != nil
		if err != nil {
			a.failed(list, err)
			continue
		}
		for _, s := range unconfirmed {
			s.wasConfirmed()
		}
		a.count(c.Items)
		a.commit += (a.now() - start - a.commit) / 8
	}
}

// count notes a reservation that was made.
func (a *Allocator) count(items []engine.ReserveItem) {
	if len(items) == 0 {
		return // it was made for the lease
	}
	a.refills.Add(1)
	for _, item := range items {
		a.reserved.Add(item.Count)
	}
}

// Refilled is how many reservations this node has made as leader, each for all sequences
// that needed one, and of how many values.
func (a *Allocator) Refilled() (refills, values uint64) {
	return a.refills.Load(), a.reserved.Load()
}

// failed tells who waits for a reservation that was not made, or may not have
// been made: if it is applied after all, Applied installs it.
func (a *Allocator) failed(list []*Sequence, err error) {
	for _, s := range list {
		s.mu.Lock()
		s.inflight = false
		s.low = 0 // no use asking again before somebody waits
		s.failNext(sqlstate.From(err))
		s.pump()
		s.mu.Unlock()
	}
}

// plan appends the reservation that the sequence needs now: what its waiters
// take, and ahead of that what PostgreSQL would log or, under load, what lasts
// for the horizon. only: it needs no reservation, just the lease.
func (s *Sequence) plan(items []engine.ReserveItem, now time.Duration) (_ []engine.ReserveItem, only bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dropped != nil || s.term == 0 || s.term != s.a.term.Load() {
		s.inflight = false
		return items, false
	}
	waiting, after := s.demand()
	if waiting == 0 && s.locker != 0 {
		if s.awaitsLease() {
			return items, true
		}
		s.inflight = false // the holder's position must stay what it is
		s.pump()
		return items, false
	}
	s.pace.Step(now, min(max(horizon, commitsAhead*s.a.commit), horizonMax), s.a.prelog)
	ahead := s.ahead(after)
	s.low = 0
	if s.pace.batch > sequence.LogVals {
		s.low = ahead / 2
	}
	before := len(items)
	if want := addSaturated(waiting, ahead); want > s.left {
		items = s.reserve(items, want-s.left)
	}
	if len(items) == before {
		if s.awaitsLease() {
			return items, true
		}
		s.inflight = false
		s.low = 0 // the lap ends here
		s.pump()
	}
	return items, false
}

// demand is how many values those take who wait for values and nothing else, and
// the position after that.
func (s *Sequence) demand() (total uint64, after sequence.State) {
	after = s.state
	force := s.checkpoint != s.a.checkpoints.Load()
	for _, w := range s.queue {
		if s.locker != 0 && w.owner != s.locker {
			continue
		}
		if w.want != wantNext {
			break
		}
		for range max(1, len(w.batch)) {
			f, err := s.next(w.size, after, force)
			if err != nil {
				return total, after
			}
			total, after = addSaturated(total, f.Block.Count()), f.State
			force = force && f.Covered == 0
		}
	}
	return total, after
}

// ahead is how many values to have reserved beyond position at.
func (s *Sequence) ahead(at sequence.State) uint64 {
	n := min(uint64(at.LogCount), s.a.logVals)
	if s.pace.batch <= sequence.LogVals {
		return n // light use: PostgreSQL's own numbers
	}
	lap := max(s.def.Params.StepsLeft(at.LastValue)/lapShare, sequence.LogVals)
	return max(n, min(s.pace.batch, lap))
}

// reserve appends items for the next n values after the replicated position; more
// than one item if they lie on several laps.
func (s *Sequence) reserve(items []engine.ReserveItem, n uint64) []engine.ReserveItem {
	at := s.replicated
	for range maxItems {
		block, next, err := sequence.Reserve(s.def.Params, at, n)
		if err != nil {
			break
		}
		count := block.Count()
		items = append(items, engine.ReserveItem{ID: s.id, Epoch: s.epoch.Load(), Count: count})
		if n -= count; n == 0 || !s.def.Params.Cycle {
			break
		}
		at = next
	}
	return items
}
