package allocator

import (
	"context"
	"slices"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// want is what a waiter waits for.
type want byte

const (
	wantNext   want = iota // values
	wantSetVal             // leave to propose a SetVal
	wantLock               // the lock
	wantFree               // that nobody else has the lock
)

// lockMode is PostgreSQL's name of the lock that the request takes there.
func (w want) lockMode() string {
	if w == wantLock {
		return "ShareRowExclusiveLock"
	}
	return "RowExclusiveLock"
}

// waiter is a request that could not be served at once.
type waiter struct {
	want  want
	owner uint64
	seq   *Sequence
	at    time.Duration // the clock when it began to wait
	ctx   context.Context

	// Guarded by seq.mu.
	finished bool
	blocked  bool // by another owner's lock, and known to locks as such
	claimed  bool // wantLock: the lock is taken, what is under way must end first

	done chan struct{} // closed when finished; then the results below are set
	err  error
	// wantNext
	block sequence.Block
	epoch uint64
	batch []Fetch // NextBatch: what it still waits for, else nil
	size  uint64  // of a fetch, 0: as CACHE says
	// wantLock
	position engine.Position
}

func (w *waiter) finish(err error) {
	w.finished, w.err = true, err
	if w.blocked {
		w.seq.a.locks.unblock(w)
	}
	close(w.done)
}

// enqueue lines a request up and serves what can be served.
func (s *Sequence) enqueue(ctx context.Context, what want, owner uint64) (*waiter, error) {
	if err := s.serving(); err != nil {
		return nil, err
	}
	w := &waiter{want: what, owner: owner, seq: s, at: s.a.now(), ctx: ctx, done: make(chan struct{})}
	s.queue = append(s.queue, w)
	s.pump()
	return w, nil
}

// wait waits for the end of a request. A request that was served at the very
// moment in which ctx ended counts as served: its value must not be lost.
func (s *Sequence) wait(ctx context.Context, w *waiter) error {
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.finished {
		return w.err
	}
	if i := slices.Index(s.queue, w); i >= 0 {
		s.queue = slices.Delete(s.queue, i, i+1)
	}
	if w.claimed {
		s.a.locks.release(w.owner, s)
	}
	w.finish(canceled(ctx))
	s.pump() // who stood behind it may go on
	return w.err
}

// canceled is the error of a context that ended: the cause that the session gave,
// if it is one that a client can be told.
func canceled(ctx context.Context) *sqlstate.Error {
	if e := sqlstate.From(context.Cause(ctx)); e.Code != sqlstate.InternalError {
		return e
	}
	e := sqlstate.New(sqlstate.QueryCanceled, "canceling statement due to user request")
	e.Cause = context.Cause(ctx)
	return e
}

// pump serves the queue in order until somebody has to wait, and asks for a
// reservation if values are what is missing. While the sequence is locked only
// its holder is served.
func (s *Sequence) pump() {
	if s.dropped != nil {
		s.failAll(s.dropped)
		return
	}
	if len(s.queue) == 0 {
		return
	}
	short := false // of reserved values, or of the lease
	kept := s.queue[:0]
	for i, w := range s.queue {
		if !w.claimed && w.ctx.Err() != nil {
			w.finish(canceled(w.ctx)) // it has not noticed yet: a value would be lost
			continue
		}
		if s.locker != 0 && w.owner != s.locker {
			if !s.block(w) {
				kept = append(kept, w)
			}
			continue
		}
		unconfirmed := s.unconfirmed(w)
		if !unconfirmed && s.serve(w) {
			continue
		}
		if short = unconfirmed || w.want == wantNext; short {
			if why := s.a.stalled.Load(); why != nil {
				short = false
				w.finish(why)
				continue
			}
		}
		kept = append(kept, w)
		if !w.claimed { // behind a claim, all but the claimer are blocked
			kept = append(kept, s.queue[i+1:]...)
			break
		}
	}
	clear(s.queue[len(kept):])
	s.queue = kept
	if short && !s.inflight {
		s.request()
	}
}

// serve gives a waiter what it wants if that is possible now.
func (s *Sequence) serve(w *waiter) bool {
	switch w.want {
	case wantNext:
		if w.batch != nil {
			if !s.serveBatch(w) {
				return false
			}
			w.finish(w.err)
			break
		}
		block, ok, err := s.take(0)
		if !ok && err == nil {
			return false
		}
		w.block, w.epoch = block, s.epoch.Load()
		w.finish(err)
	case wantSetVal:
		s.setvals++
		w.finish(nil)
	case wantLock:
		if s.locker == 0 {
			w.claimed = true
			s.a.locks.claim(w.owner, s)
		}
		// A reservation or SetVal under way would move the position that the
		// holder computes with.
		if s.inflight || s.setvals > 0 {
			return false
		}
		w.position = s.position()
		w.finish(nil)
	case wantFree:
		w.finish(nil)
	}
	return true
}

// block notes that a waiter waits for the holder of the lock. true: it was ended
// instead, since the holder waits for it.
func (s *Sequence) block(w *waiter) bool {
	if w.blocked {
		return false
	}
	w.blocked = true
	if err := s.a.locks.block(w); err != nil {
		w.finish(err)
		return true
	}
	return false
}

// failAll ends all waiters.
func (s *Sequence) failAll(err *sqlstate.Error) {
	for _, w := range s.queue {
		w.finish(err)
	}
	s.queue = nil
}

// failNext ends the waiters for values, or for the lease, that may go on: their
// reservation failed.
func (s *Sequence) failNext(err error) {
	s.queue = slices.DeleteFunc(s.queue, func(w *waiter) bool {
		if (w.want != wantNext && !s.unconfirmed(w)) || (s.locker != 0 && w.owner != s.locker) {
			return false
		}
		w.finish(err)
		return true
	})
}
