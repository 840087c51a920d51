package forward

import (
	"context"
	"errors"
	"sync"
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
	gather  gather
	flight  flight // of the goroutine that flies
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

// runMax is how many values NextRun takes at most by way of another node.
const runMax = 1024

// NextRun takes as many fetches as make n values, for somebody whose requests for them
// wait already; fewer, but one at least, where they are not to be had at once or are not
// behind one another. What another node is asked for is one request.
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
	want := 1
	if s.local.Ones() {
		want = int(min(n, runMax))
	}
	f := s.join(ctx, owner, want)
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
