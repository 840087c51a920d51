package allocator

import (
	"context"
	"errors"
	"slices"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// ErrBlocked says that another owner has the sequence locked, or is about to, and
// that the request, which would have to wait for it, was not begun.
var ErrBlocked = errors.New("the sequence is locked by another session")

// Fetch is the result of one of several fetches.
type Fetch struct {
	Block sequence.Block
	Epoch uint64
	Err   error
}

// NextBatch takes one fetch for each owner, in their order, under one lock where
// the values are reserved; all that are not wait as one. It waits for reservations
// only: who would have to wait for a lock gets ErrBlocked and is to ask alone, with
// Next, so that it does not hold up the others (one of which may hold the lock).
// out has the length of owners.
func (s *Sequence) NextBatch(ctx context.Context, owners []uint64, out []Fetch) {
	s.mu.Lock()
	if err := s.serving(); err != nil {
		s.mu.Unlock()
		fail(out, err)
		return
	}
	if s.locker != 0 || s.lockWanted() {
		s.nextUnderLock(owners, out)
		s.mu.Unlock()
		return
	}
	s.runBatch(ctx, &waiter{want: wantNext, owner: owners[0], seq: s, batch: out})
}

// TryNextBatch is NextBatch for any owners if that needs to wait for nothing, and false if
// it may.
func (s *Sequence) TryNextBatch(out []Fetch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locker != 0 || !s.open(0) || len(s.queue) > 0 || s.def.Params.Cache != 1 || s.left < uint64(len(out)) || !s.a.lease() {
		return false
	}
	w := waiter{want: wantNext, seq: s, batch: out}
	if !s.serveBatch(&w) {
		return false // what was taken is lost
	}
	fail(w.batch, w.err)
	if s.left < s.low && !s.inflight {
		s.request()
	}
	return true
}

// runBatch serves a batch at once if it can, or waits for it; s.mu is held, and given
// up.
func (s *Sequence) runBatch(ctx context.Context, w *waiter) {
	if len(s.queue) > 0 || !s.a.lease() || !s.serveBatch(w) {
		w.at, w.ctx = s.a.now(), ctx
		w.done = make(chan struct{})
		s.queue = append(s.queue, w)
		s.pump()
		s.mu.Unlock()
		err := s.wait(ctx, w)
		fail(w.batch, err)
		return
	}
	if s.left < s.low && !s.inflight {
		s.request()
	}
	s.mu.Unlock()
	fail(w.batch, w.err)
}

// serveBatch hands out what it can. It is true if nothing is left to wait for:
// then w.err, if set, is the error of what remains of the batch.
func (s *Sequence) serveBatch(w *waiter) bool {
	for len(w.batch) > 0 {
		block, ok, err := s.take(w.size)
		if err != nil {
			w.err = err
			return true
		}
		if !ok {
			return false
		}
		w.batch[0] = Fetch{Block: block, Epoch: s.epoch.Load()}
		w.batch = w.batch[1:]
	}
	return true
}

// nextUnderLock serves the holder of the lock, if it is among the owners.
func (s *Sequence) nextUnderLock(owners []uint64, out []Fetch) {
	for i, owner := range owners {
		out[i] = Fetch{Err: ErrBlocked}
		if owner != s.locker || !s.a.lease() {
			continue
		}
		if block, ok, err := s.take(0); ok || err != nil {
			out[i] = Fetch{Block: block, Epoch: s.epoch.Load(), Err: err}
		}
	}
}

// Dropped is the error for a sequence that was dropped, nil if it was not.
func (s *Sequence) Dropped() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dropped == nil {
		return nil
	}
	return s.dropped
}

// Canceled is the error of a context that ended, as a client is told.
func Canceled(ctx context.Context) *sqlstate.Error { return canceled(ctx) }

// lockWanted tells whether somebody in the queue will hold the lock before whoever
// comes now is served.
func (s *Sequence) lockWanted() bool {
	return slices.ContainsFunc(s.queue, func(w *waiter) bool { return w.want == wantLock })
}

func fail(out []Fetch, err error) {
	for i := range out {
		out[i] = Fetch{Err: err}
	}
}

// TrySetVal is SetVal for a caller that waits for locks by itself: ErrBlocked
// means that nothing was proposed. The command goes into the log by way of
// propose, so that it can carry the caller's request ID.
func (s *Sequence) TrySetVal(ctx context.Context, owner uint64, state sequence.State,
	propose func(context.Context, engine.Command) (engine.Result, error)) (uint64, error) {
	s.mu.Lock()
	if err := s.serving(); err != nil {
		s.mu.Unlock()
		return 0, err
	}
	if s.locker != owner && (s.locker != 0 || s.lockWanted()) {
		s.mu.Unlock()
		return 0, ErrBlocked
	}
	s.setvals++
	s.mu.Unlock()
	defer s.setvalDone()
	return s.proposeSetVal(ctx, state, propose)
}

// proposeSetVal commits a SetVal that setvals counts. The log is asked even if the
// value looks out of bounds: if this is a repeated request, the log knows what
// became of it.
func (s *Sequence) proposeSetVal(ctx context.Context, state sequence.State,
	propose func(context.Context, engine.Command) (engine.Result, error)) (uint64, error) {
	r, err := propose(ctx, &engine.SetVal{ID: s.id, State: state})
	switch {
	case err != nil:
		return 0, err
	case r.Err != nil && r.Err.Code == sqlstate.UndefinedTable:
		s.mu.Lock()
		name := s.def.Name
		s.mu.Unlock()
		return 0, errDropped(name)
	case r.Err != nil:
		return 0, r.Err
	case len(r.Effects) == 0:
		return 0, sqlstate.New(sqlstate.InternalError, "setval was committed without an effect")
	}
	return r.Effects[0].Epoch, nil
}
