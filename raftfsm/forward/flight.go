package forward

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/allocator"
)

// waiter is a session that waits for a fetch, or for several.
type waiter struct {
	owner uint64
	want  int // fetches
	since time.Time
	gone  atomic.Bool   // the session does not wait any more
	done  chan struct{} // gets a value when fetch is set
	fetch allocator.Fetch
}

// join waits for fetches together with whoever else wants some. It returns those that lie
// behind one another as one.
func (s *Sequence) join(ctx context.Context, owner uint64, want int) allocator.Fetch {
	w := s.b.waiters.Get().(*waiter)
	w.owner, w.want, w.since = owner, want, time.Now()
	s.mu.Lock()
	s.filling = append(s.filling, w)
	s.gather.joined(len(s.filling))
	if !s.flying {
		s.flying = true
		go s.fly()
	}
	s.mu.Unlock()
	select {
	case <-w.done:
	case <-ctx.Done():
		if !s.leave(w) {
			return allocator.Fetch{Err: allocator.Canceled(ctx)}
		}
	}
	f := w.fetch
	w.fetch = allocator.Fetch{}
	s.b.waiters.Put(w)
	return f
}

// leave takes a waiter out. It is true if its fetch is there already: then it
// counts. A waiter that is part of a request is not used again.
func (s *Sequence) leave(w *waiter) (served bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-w.done:
		return true
	default:
	}
	if i := slices.Index(s.filling, w); i >= 0 {
		s.filling = slices.Delete(s.filling, i, i+1)
	}
	w.gone.Store(true)
	return false
}

// fly makes requests, one at a time, until nobody waits: all who came while one was
// under way are in the next.
func (s *Sequence) fly() {
	f := &s.flight
	for {
		s.mu.Lock()
		s.awaitOthers()
		if len(s.filling) == 0 {
			s.flying = false
			s.mu.Unlock()
			return
		}
		f.waiters = s.board(f.waiters[:0])
		s.mu.Unlock()
		began := time.Now()
		s.request(f)
		now := time.Now()
		s.mu.Lock()
		s.gather.landed(now, now.Sub(began), f.served+len(s.filling))
		s.mu.Unlock()
	}
}

// board moves those who wait to list, at most as many as a request covers; s.mu is
// held.
func (s *Sequence) board(list []*waiter) []*waiter {
	room := maxBatch
	for _, w := range list {
		room -= w.want
	}
	n := 0
	for n < len(s.filling) && s.filling[n].want <= room {
		room -= s.filling[n].want
		n++
	}
	list = append(list, s.filling[:n]...)
	rest := copy(s.filling, s.filling[n:])
	clear(s.filling[rest:])
	s.filling = s.filling[:rest]
	return list
}

// flight is one request, and the memory for the next ones.
type flight struct {
	waiters []*waiter
	owners  []uint64
	fetches []allocator.Fetch
	served  int // waiters, by the request that ended last
}

// request gets a fetch for every waiter of a flight, however often it has to ask.
// Who comes while nobody answers joins in, so that all wait equally long.
func (s *Sequence) request(f *flight) {
	var t trouble
	f.served = 0
	for {
		r := s.b.route.Load()
		s.attempt(r, f)
		failed := s.land(f)
		if failed == nil {
			return
		}
		t.failed(failed)
		t.pause(r, s.b.ctx.Done())
		s.mu.Lock()
		f.waiters = s.board(f.waiters)
		s.mu.Unlock()
		s.expire(f, failed)
		if len(f.waiters) == 0 {
			return
		}
	}
}

// attempt asks once for all waiters.
func (s *Sequence) attempt(r *route, f *flight) {
	f.owners = f.owners[:0]
	for _, w := range f.waiters {
		for range w.want {
			f.owners = append(f.owners, w.owner)
		}
	}
	f.fetches = slices.Grow(f.fetches[:0], len(f.owners))[:len(f.owners)]
	var err error
	switch {
	case r.self:
		s.local.NextBatch(s.b.ctx, f.owners, f.fetches)
	case r.client == nil:
		err = errNobody
	default:
		err = s.ask(r, f)
	}
	if err != nil {
		for i := range f.fetches {
			f.fetches[i] = allocator.Fetch{Err: err}
		}
	}
}

func (s *Sequence) ask(r *route, f *flight) error {
	ctx, cancel := s.b.callContext(r, false)
	defer cancel()
	p, err := s.b.ask(ctx, r, kindNext, &request{id: s.id, owners: f.owners})
	if err != nil {
		return err
	}
	if err := p.body.fetches(f.fetches); err != nil {
		return sqlstate.Errorf(sqlstate.InternalError, "the answer of the node at %s can't be read: %w", r.addr, err)
	}
	s.keepUp(p.applied, f.fetches)
	return nil
}

// keepUp waits for the local state where an answer is ahead of it: a session would
// take values that it caches for void, and not understand an error.
func (s *Sequence) keepUp(applied uint64, fetches []allocator.Fetch) {
	var index uint64
	for i := range fetches {
		switch x := &fetches[i]; {
		case x.Err != nil && sqlstate.CodeOf(x.Err) == sqlstate.UndefinedTable:
			index = max(index, applied)
		case x.Err == nil && x.Block.First != x.Block.Last:
			index = max(index, x.Epoch) // the log index of the change that began it
		}
	}
	s.b.await(s.b.ctx, index, lagMax)
}

// land hands out what an attempt brought. Who got nothing stays in the flight; the
// error tells why, if anybody did.
func (s *Sequence) land(f *flight) (failed error) {
	left, fetches := f.waiters[:0], f.fetches
	for _, w := range f.waiters {
		x := joined(fetches[:w.want])
		fetches = fetches[w.want:]
		switch kindOf(x.Err) {
		case failedSafe, failedLost:
			failed = x.Err
			left = append(left, w)
		default:
			f.served++
			s.finish(w, x)
		}
	}
	clear(f.waiters[len(left):])
	f.waiters = left
	return failed
}

// joined makes one fetch of those that lie behind one another. There is no need for others
// after them: they would be of another epoch, or of the next lap, or an error that the next
// fetch meets again; values that they brought are gaps.
func joined(fetches []allocator.Fetch) allocator.Fetch {
	all := fetches[0]
	for i := 1; i < len(fetches) && all.Err == nil; i++ {
		if next := &fetches[i]; next.Err != nil || next.Epoch != all.Epoch || !sequence.Follows(all.Block, next.Block) {
			break
		}
		all.Block.Last = fetches[i].Block.Last
	}
	return all
}

// finish gives a waiter its fetch; if its session has gone the values are lost.
func (s *Sequence) finish(w *waiter, x allocator.Fetch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !w.gone.Load() {
		w.fetch = x
		w.done <- struct{}{}
	}
}

// expire ends those who have waited long enough for a leader.
func (s *Sequence) expire(f *flight, failed error) {
	now, closed := time.Now(), s.b.ctx.Err() != nil
	left := f.waiters[:0]
	for _, w := range f.waiters {
		switch {
		case w.gone.Load():
		case closed || now.Sub(w.since) >= s.b.maxWait:
			s.finish(w, allocator.Fetch{Err: errNoLeader(failed)})
		default:
			left = append(left, w)
		}
	}
	clear(f.waiters[len(left):])
	f.waiters = left
}
