package allocator

import (
	"context"
	"time"

	"seqd/engine"
)

// A leader may have been deposed without knowing, and its successor may serve. Two
// things prove that a request can still be ordered before anything that a
// successor does:
//
//   - The lease holds while the sequence's lock is held: the request counts as done
//     at that reading of the clock, and what it takes is taken under the same lock,
//     however long the process is paused in between.
//   - An entry of this session was proposed after the request began to wait, and has
//     been applied: the request counts as done when that entry was committed. This
//     needs no clock, so a log that is slower than the lease stops nobody for good.
//
// A request that began after the proposal is not proved by it: the entry may have
// been committed, and its session ended, before the request was made.

// Confirmed tells that an entry of this session was applied that had been proposed
// when the clock was at asked. It is called in log order, before Applied is called
// for the same entry.
func (a *Allocator) Confirmed(asked time.Duration) {
	if int64(asked) > a.confirmed.Load() {
		a.confirmed.Store(int64(asked))
	}
}

// allowed tells whether a request that has waited since at may be served.
func (a *Allocator) allowed(at time.Duration) bool {
	return int64(at) < a.confirmed.Load() || a.lease()
}

// unconfirmed tells whether a waiter that would get something from memory has to
// wait for the lease.
func (s *Sequence) unconfirmed(w *waiter) bool {
	return (w.want == wantNext || (w.want == wantLock && !w.claimed)) && !s.a.allowed(w.at)
}

// awaitsLease tells whether somebody waits for the lease alone.
func (s *Sequence) awaitsLease() bool {
	for _, w := range s.queue {
		if s.locker == 0 || w.owner == s.locker {
			return s.unconfirmed(w)
		}
	}
	return false
}

// wasConfirmed serves those who waited for the lease.
func (s *Sequence) wasConfirmed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inflight = false
	s.pump()
}

// ask puts a request on the list of what is due, and wakes who sees to it.
func (a *Allocator) ask(put func(*due)) {
	a.due.mu.Lock()
	put(&a.due)
	a.due.mu.Unlock()
	a.due.awake()
	if a.term.Load() == 0 {
		a.due.fail(ErrNotServing) // Stop may have looked before
	}
}

// Confirm returns nil if nobody else can have served before this call: the lease
// holds, or an entry was proposed after the call and has been applied.
func (a *Allocator) Confirm(ctx context.Context) error {
	if a.term.Load() != 0 && a.lease() {
		return nil
	}
	done := make(chan error, 1)
	a.ask(func(d *due) { d.confirms = append(d.confirms, done) })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return canceled(ctx)
	}
}

// fail ends who waits for the lease, and forgets the rest.
func (d *due) fail(err error) {
	_, confirms, branches := d.take()
	answer(confirms, err)
	for _, b := range branches {
		b.end(engine.Result{}, err)
	}
}

func answer(waiting []chan error, err error) {
	for _, c := range waiting {
		c <- err
	}
}
