package forward

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/allocator"
	"seqd/raftfsm/codec"
)

// Sequence is the handle of one sequence, shared by all sessions of this node.
type Sequence struct {
	b     *Backend
	id    engine.SequenceID
	local *allocator.Sequence
	stock stock

	mu      sync.Mutex
	filling []*waiter // who will be in the next request
	flying  bool      // a request is under way
}

// waiter is a session that waits for a fetch.
type waiter struct {
	owner uint64
	since time.Time
	gone  atomic.Bool   // the session does not wait any more
	done  chan struct{} // gets a value when fetch is set
	fetch allocator.Fetch
}

// Sequence returns the handle of a sequence, nil if this node knows of none.
func (b *Backend) Sequence(id engine.SequenceID) *Sequence {
	b.mu.RLock()
	s := b.sequences[id]
	b.mu.RUnlock()
	if s != nil {
		return s
	}
	local := b.node.Sequence(id)
	if local == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.sequences[id]; s != nil {
		return s
	}
	if len(b.sequences) >= b.sweepAt {
		b.sweep()
	}
	s = &Sequence{b: b, id: id, local: local, stock: stock{pace: allocator.NewPace()}}
	b.sequences[id] = s
	return s
}

// sweepMin is how many sequences may be known before dropped ones are looked for.
const sweepMin = 1024

// sweep forgets the sequences that were dropped.
func (b *Backend) sweep() {
	for id := range b.sequences {
		if b.node.Sequence(id) == nil {
			delete(b.sequences, id)
		}
	}
	b.sweepAt = max(sweepMin, 2*len(b.sequences))
}

// Epoch is the epoch as far as this node has applied the log: cached blocks of
// another are void.
func (s *Sequence) Epoch() uint64 { return s.local.Epoch() }

// Next takes one fetch of CACHE values, fewer at the limit or at the end of what this
// node has in stock. It waits while another
// owner has the sequence locked.
func (s *Sequence) Next(ctx context.Context, owner uint64) (sequence.Block, uint64, error) {
	return s.NextRun(ctx, owner, 1)
}

// NextRun takes as many fetches as make n values, if this node leads and has them
// reserved, but one at least; see allocator.
func (s *Sequence) NextRun(ctx context.Context, owner, n uint64) (sequence.Block, uint64, error) {
	perNode := s.local.PerNode()
	if perNode > 0 && (s.stock.any.Load() || !s.b.route.Load().self) {
		if block, epoch, ok, err := s.nextPerNode(ctx, uint64(perNode)); ok || err != nil {
			return block, epoch, err
		}
		s.stock.passed() // void, if there is any
	}
	if s.b.route.Load().self {
		block, epoch, err := s.local.NextRun(ctx, owner, n)
		if err == nil || !errors.Is(err, allocator.ErrNotServing) {
			return block, epoch, err
		}
	}
	f := s.join(ctx, owner)
	if f.Err == allocator.ErrBlocked {
		f = s.nextAlone(ctx, owner)
	}
	if f.Err != nil {
		return sequence.Block{}, 0, s.explain(f.Err)
	}
	if perNode > 0 {
		s.stock.passed()
	}
	return f.Block, f.Epoch, nil
}

// explain names a sequence that is gone as the node itself would.
func (s *Sequence) explain(err error) error {
	if sqlstate.CodeOf(err) == sqlstate.UndefinedTable {
		if dropped := s.local.Dropped(); dropped != nil {
			return dropped
		}
	}
	return err
}

// join waits for one fetch together with whoever else wants one.
func (s *Sequence) join(ctx context.Context, owner uint64) allocator.Fetch {
	w := s.b.waiters.Get().(*waiter)
	w.owner, w.since = owner, time.Now()
	s.mu.Lock()
	s.filling = append(s.filling, w)
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
	var f flight
	for {
		s.mu.Lock()
		if len(s.filling) == 0 {
			s.flying = false
			s.mu.Unlock()
			return
		}
		f.waiters = s.board(f.waiters[:0])
		s.mu.Unlock()
		s.request(&f)
	}
}

// board moves those who wait to list, at most as many as a request covers; s.mu is
// held.
func (s *Sequence) board(list []*waiter) []*waiter {
	n := min(len(s.filling), maxBatch-len(list))
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
}

// request gets a fetch for every waiter of a flight, however often it has to ask.
// Who comes while nobody answers joins in, so that all wait equally long.
func (s *Sequence) request(f *flight) {
	var t trouble
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
		f.owners = append(f.owners, w.owner)
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
	left := f.waiters[:0]
	for i, w := range f.waiters {
		x := f.fetches[i]
		switch kindOf(x.Err) {
		case failedSafe, failedLost:
			failed = x.Err
			left = append(left, w)
		default:
			s.finish(w, x)
		}
	}
	clear(f.waiters[len(left):])
	f.waiters = left
	return failed
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

// nextAlone takes one fetch for a session that has to wait for a lock.
func (s *Sequence) nextAlone(ctx context.Context, owner uint64) (f allocator.Fetch) {
	f.Err = s.b.run(ctx, &operation{
		kind: kindNextAlone, waits: true,
		request: func() *request { return &request{id: s.id, owner: uint32(owner)} },
		local: func(ctx context.Context) (err error) {
			f.Block, f.Epoch, err = s.local.Next(ctx, owner)
			return err
		},
		answer: func(p *reply) {
			one := make([]allocator.Fetch, 1)
			if p.body.fetches(one) != nil {
				p.body.fail()
			}
			f = one[0]
			s.keepUp(p.applied, one)
		},
	})
	return f
}

// SetVal sets the position; it is committed, and applied on this node, when it
// returns.
func (s *Sequence) SetVal(ctx context.Context, owner uint64, state sequence.State) (uint64, error) {
	var r engine.Result
	err := s.b.once(ctx, kindSetVal, &engine.SetVal{ID: s.id, State: state}, &request{id: s.id, owner: uint32(owner)}, &r,
		func(ctx context.Context, id codec.Request) (engine.Result, error) {
			return setVal(ctx, s.b.node, s.local, owner, id, state)
		})
	switch {
	case err != nil:
		return 0, s.explain(err)
	case r.Err != nil:
		return 0, s.explain(r.Err)
	case len(r.Effects) == 0:
		return 0, sqlstate.New(sqlstate.InternalError, "setval was committed without an effect")
	}
	return r.Effects[0].Epoch, nil
}

// setVal does a setval on the node that serves. An error means that the log has not
// executed it, or that nobody knows.
func setVal(ctx context.Context, n Node, s *allocator.Sequence, owner uint64, id codec.Request, state sequence.State) (r engine.Result, err error) {
	executed := false
	_, err = s.TrySetVal(ctx, owner, state, func(ctx context.Context, c engine.Command) (engine.Result, error) {
		var err error
		r, err = n.ProposeWith(ctx, id, c)
		executed = err == nil
		return r, err
	})
	if executed && err != nil {
		r.Err, err = sqlstate.From(err), nil
	}
	return r, err
}

// Position is the exact position. It does not wait for locks.
func (s *Sequence) Position(ctx context.Context) (p engine.Position, err error) {
	err = s.b.run(ctx, &operation{
		kind: kindPosition, request: func() *request { return &request{id: s.id} },
		local: func(ctx context.Context) (err error) {
			p, err = s.local.Position(ctx)
			return err
		},
		answer: func(r *reply) { p = r.body.position() },
	})
	return p, s.explain(err)
}

// replacedTimeout bounds the question for what a setval replaced: the answer to the
// client, which waits for it, does not depend on it.
const replacedTimeout = time.Second

// Replaced is the exact position that the change of an epoch put another in the place
// of; false if nobody knows (any more).
func (s *Sequence) Replaced(ctx context.Context, epoch uint64) (sequence.State, bool) {
	if state, ok := replacedBy(s.local.Replaced(), epoch); ok || s.b.route.Load().self {
		return state, ok
	}
	ctx, cancel := context.WithTimeout(ctx, replacedTimeout)
	defer cancel()
	var list []allocator.Replaced
	err := s.b.run(ctx, &operation{
		kind: kindReplaced, request: func() *request { return &request{id: s.id} },
		local:  func(context.Context) error { list = s.local.Replaced(); return nil },
		answer: func(r *reply) { list = r.body.replaced() },
	})
	if err != nil {
		return sequence.State{}, false
	}
	return replacedBy(list, epoch)
}

func replacedBy(list []allocator.Replaced, epoch uint64) (sequence.State, bool) {
	for _, r := range list {
		if r.By == epoch {
			return r.State, true
		}
	}
	return sequence.State{}, false
}
