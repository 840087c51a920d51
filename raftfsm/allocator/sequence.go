package allocator

import (
	"context"
	"sync"
	"sync/atomic"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// Sequence is the handle of one sequence. It stays valid for good: after a DROP
// its methods say 42P01, without leadership ErrNotServing.
type Sequence struct {
	a     *Allocator
	id    engine.SequenceID
	epoch atomic.Uint64
	cache atomic.Int64 // see PerNode
	ones  atomic.Bool  // see Ones

	mu      sync.Mutex
	def     *engine.Sequence
	dropped *sqlstate.Error
	// term is the leadership session that the fields below belong to; in another
	// one they are read anew from the replicated state.
	term uint64

	// state is the exact position. ranges are the reserved values behind it, in the
	// order in which they will be handed out, left their number. replicated is the
	// position that the log has: behind the last range, and equal to state (but for
	// the log count) if there is none. serial is the log index of its last change.
	state      sequence.State
	ranges     []sequence.Block
	left       uint64
	replicated sequence.State
	serial     uint64

	replaced []Replaced // see replaced.go

	checkpoint uint64 // Allocator.checkpoints when the sequence last logged
	inflight   bool   // a reservation is due or under way
	setvals    int    // SetVals under way
	locker     uint64 // who has locked it, 0: nobody; written under locks.mu too
	queue      []*waiter

	// Pace of the refills, see refill.go.
	pace Pace   // of how much to reserve ahead
	low  uint64 // refill when less than this is left; 0: only when somebody waits
}

// neverLogged is a checkpoint number that no checkpoint has.
const neverLogged = ^uint64(0)

// Epoch is the current epoch: cached blocks of another are void.
func (s *Sequence) Epoch() uint64 { return s.epoch.Load() }

// Next takes one fetch of CACHE values, fewer at the limit. owner is who asks,
// not 0. It waits for a reservation, or while another owner has the sequence
// locked.
func (s *Sequence) Next(ctx context.Context, owner uint64) (sequence.Block, uint64, error) {
	return s.NextRun(ctx, owner, 1)
}

// NextRun takes as many fetches as make n values, for somebody whose requests for them
// wait already; fewer, but one at least, where the rest are not reserved or are not
// behind one another. It leaves what as many calls of Next would leave.
func (s *Sequence) NextRun(ctx context.Context, owner, n uint64) (sequence.Block, uint64, error) {
	s.mu.Lock()
	if s.open(owner) && s.a.lease() {
		block, ok, err := s.takeRun(n)
		if ok || err != nil {
			if s.left < s.low && !s.inflight && s.locker == 0 {
				s.request()
			}
			epoch := s.epoch.Load()
			s.mu.Unlock()
			return block, epoch, err
		}
	}
	w, err := s.enqueue(ctx, wantNext, owner)
	s.mu.Unlock()
	if err == nil {
		err = s.wait(ctx, w)
	}
	if err != nil {
		return sequence.Block{}, 0, err
	}
	return w.block, w.epoch, nil
}

// SetVal sets the position; it is committed and in force when it returns without
// an error. ctx ends the wait for a lock, not the wait for a commit.
func (s *Sequence) SetVal(ctx context.Context, owner uint64, state sequence.State) (uint64, error) {
	s.mu.Lock()
	if s.open(owner) {
		s.setvals++
	} else {
		w, err := s.enqueue(ctx, wantSetVal, owner)
		s.mu.Unlock()
		if err == nil {
			err = s.wait(ctx, w)
		}
		if err != nil {
			return 0, err
		}
		s.mu.Lock()
	}
	def := s.def
	s.mu.Unlock()
	defer s.setvalDone()
	if err := engine.CheckSetVal(def, state.LastValue); err != nil {
		return 0, err // the log need not hear of it
	}
	return s.proposeSetVal(ctx, state, s.a.propose)
}

func (s *Sequence) setvalDone() {
	s.mu.Lock()
	s.setvals--
	s.pump()
	s.mu.Unlock()
}

// Position is the exact position. It does not wait for locks.
func (s *Sequence) Position(ctx context.Context) (engine.Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.serving(); err != nil {
		return engine.Position{}, err
	}
	if !s.a.lease() {
		s.mu.Unlock()
		err := s.a.Confirm(ctx)
		s.mu.Lock()
		if err == nil {
			err = s.serving()
		}
		if err != nil {
			return engine.Position{}, err
		}
	}
	return s.position(), nil
}

func (s *Sequence) position() engine.Position {
	return engine.Position{State: s.state, Epoch: s.epoch.Load(), Serial: s.serial}
}

// open tells whether owner may go ahead at once: the handle is up to date, nobody
// else holds the lock and nobody waits in front.
func (s *Sequence) open(owner uint64) bool {
	return s.term != 0 && s.term == s.a.term.Load() && s.dropped == nil &&
		(s.locker == owner || (s.locker == 0 && len(s.queue) == 0))
}

// serving brings the handle up to date, or tells why it can't be used.
func (s *Sequence) serving() error {
	term := s.a.term.Load()
	switch {
	case s.dropped != nil:
		return s.dropped
	case term == 0:
		return ErrNotServing
	case term == s.term:
		return nil
	}
	def, pos, ok := s.a.source.Sequence(s.id)
	if !ok { // the effect that says so is about to come
		return errDropped(s.def.Name)
	}
	s.define(def)
	s.term, s.serial = term, pos.Serial
	s.epoch.Store(pos.Epoch)
	s.state, s.replicated = pos.State, pos.State
	s.ranges, s.left, s.inflight = nil, 0, false
	s.pace, s.low = NewPace(), 0
	s.checkpoint = neverLogged // a start is a checkpoint, too
	return nil
}

// next computes the fetch at a position; of size values, 0: as CACHE says. PostgreSQL
// never finds an unlogged sequence logged, so its log_cnt starts anew each time (L7).
func (s *Sequence) next(size uint64, at sequence.State, force bool) (sequence.Fetch, error) {
	p := s.def.Params
	if size > 0 {
		p.Cache = int64(size)
	}
	return sequence.Next(p, at, s.a.logVals, force || s.def.Persistence == engine.Unlogged)
}

// take hands out the next fetch. ok is false if it is not (entirely) reserved.
func (s *Sequence) take(size uint64) (block sequence.Block, ok bool, err error) {
	checkpoint := s.a.checkpoints.Load()
	f, err := s.next(size, s.state, s.checkpoint != checkpoint)
	if err != nil {
		return block, false, engine.LimitReached(s.def, err)
	}
	if len(s.ranges) == 0 {
		return block, false, nil
	}
	first := &s.ranges[0]
	if first.First != f.Block.First {
		return block, false, sqlstate.Errorf(sqlstate.InternalError,
			"sequence \"%s\" is at %d, but reserved from %d", s.def.Name, f.Block.First, first.First)
	}
	switch {
	case f.Block.Last == first.Last:
		s.ranges = s.ranges[:copy(s.ranges, s.ranges[1:])]
	case (f.Block.Last < first.Last) == (first.Increment > 0):
		first.First = f.Block.Last + first.Increment
	default:
		return block, false, nil
	}
	n := uint64(1)
	if f.Block.First != f.Block.Last {
		n = f.Block.Count()
	}
	s.left -= n
	s.pace.Use(n)
	s.state = f.State
	if f.Covered > 0 {
		s.checkpoint = checkpoint
	}
	return f.Block, true, nil
}

// define takes over a definition.
func (s *Sequence) define(def *engine.Sequence) {
	s.def = def
	cache := int64(0)
	if def.Order == engine.OrderNode {
		cache = def.Params.Cache
	}
	s.cache.Store(cache)
	s.ones.Store(def.Order != engine.OrderNode && def.Params.Cache == 1)
}

// Ones tells whether a fetch is one value, drawn in the order of the cluster.
func (s *Sequence) Ones() bool { return s.ones.Load() }

// PerNode is how many values a session takes at a time if each node may hand out
// values by itself (engine.OrderNode), else 0.
func (s *Sequence) PerNode() int64 { return s.cache.Load() }

// install appends a reserved block.
func (s *Sequence) install(b sequence.Block) {
	if n := len(s.ranges); n > 0 && sequence.Follows(s.ranges[n-1], b) {
		s.ranges[n-1].Last = b.Last
	} else {
		s.ranges = append(s.ranges, b)
	}
	s.left = addSaturated(s.left, b.Count())
}

// reset goes on from a position that the log has set.
func (s *Sequence) reset(index uint64, state sequence.State) {
	s.state, s.replicated, s.serial = state, state, index
	s.ranges, s.left = nil, 0
	s.pace, s.low = NewPace(), 0
	s.checkpoint = s.a.checkpoints.Load() // it was logged just now
}

// ID is the sequence's name in the cluster.
func (s *Sequence) ID() engine.SequenceID { return s.id }
