package allocator

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// auditor watches one sequence: what it hands out must be new within its epoch,
// ahead of all that was handed out before the request, and below the replicated
// bound.
type auditor struct {
	t    *testing.T
	log  *fakeLog
	s    *Sequence
	mu   sync.Mutex
	seen map[uint64]map[int64]bool // by epoch
	last map[uint64]int64          // greatest value returned
	took uint64
	// began is where the log had the sequence when the round began: what a crash
	// before that lost is not lost again.
	began engine.Position
}

func newAuditor(t *testing.T, l *fakeLog, s *Sequence) *auditor {
	return &auditor{t: t, log: l, s: s, seen: map[uint64]map[int64]bool{}, last: map[uint64]int64{}}
}

// next draws once and checks.
func (a *auditor) next(ctx context.Context, owner uint64) error {
	a.mu.Lock()
	before := make(map[uint64]int64, 1)
	for epoch, v := range a.last {
		before[epoch] = v
	}
	a.mu.Unlock()
	b, epoch, err := a.draw(ctx, owner)
	if err != nil {
		return err
	}
	if _, pos, ok := a.log.Sequence(a.s.id); ok && pos.Epoch == epoch {
		// The bound only moves forward within an epoch.
		if b.Last > pos.State.LastValue || !pos.State.IsCalled {
			a.t.Errorf("handed out %+v above the replicated bound %+v", b, pos)
		}
	}
	if v, ok := before[epoch]; ok && b.First <= v {
		a.t.Errorf("handed out %d after %d had been returned", b.First, v)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	seen := a.seen[epoch]
	if seen == nil {
		seen = map[int64]bool{}
		a.seen[epoch] = seen
	}
	for v := b.First; ; v += b.Increment {
		if seen[v] {
			a.t.Errorf("value %d twice in epoch %d", v, epoch)
		}
		seen[v] = true
		a.took++
		if v == b.Last {
			break
		}
	}
	a.last[epoch] = max(a.last[epoch], b.Last)
	return nil
}

const aheadMost = 50

// draw asks alone or, as a node does for its sessions, in a batch, or takes values as a
// node does that hands them out by itself.
func (a *auditor) draw(ctx context.Context, owner uint64) (sequence.Block, uint64, error) {
	switch rand.IntN(8) {
	case 0:
		f := a.s.NextAhead(ctx, 1+rand.Uint64N(aheadMost))
		if f.Block.Increment != 0 || (f.Err != nil && f.Err != ErrBlocked) {
			return f.Block, f.Epoch, f.Err
		}
	case 1, 2, 3:
		if f := batch(ctx, a.s, owner)[0]; f.Err != ErrBlocked {
			return f.Block, f.Epoch, f.Err
		}
	}
	return a.s.NextRun(ctx, owner, 1+rand.Uint64N(aheadMost))
}

// greatest is the greatest value handed out in the current epoch, or where the round
// began if none has been since.
func (a *auditor) greatest() (int64, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	epoch := a.log.position(a.s.id).Epoch
	v, ok := a.last[epoch]
	if ok && a.began.Epoch == epoch {
		v = max(v, a.began.State.LastValue)
	}
	return v, ok
}

// TestWorkload lets sessions draw, set, alter, lock, cancel and give up at random,
// while the process is killed and stopped cleanly in between.
func TestWorkload(t *testing.T) {
	rounds, sessions := 12, 8
	if testing.Short() {
		rounds = 4
	}
	for _, prelog := range []uint64{0, 10, 32, DefaultPrelogMax} {
		t.Run(fmt.Sprint(prelog), func(t *testing.T) {
			t.Parallel()
			l := newFakeLog(t, prelog, func() time.Duration { return time.Duration(rand.IntN(300)) * time.Microsecond })
			var audits []*auditor
			for i, cache := range []int64{1, 1, 10, 1000} {
				s := l.create(fmt.Sprint("s", i), func(p *sequence.Params) { p.Cache, p.Increment = cache, int64(1+2*i) })
				if i%2 == 1 {
					l.alter(s, nil, func(def *engine.Sequence) { def.Order = engine.OrderNode })
				}
				audits = append(audits, newAuditor(t, l, s))
			}
			for round := range rounds {
				clean := round%3 == 2
				for _, a := range audits {
					a.began = l.position(a.s.id)
				}
				runRound(t, l, audits, sessions, clean)
				l.lead(prelog)
				for _, a := range audits {
					a.s = l.a.Sequence(a.s.id)
					checkLoss(t, a, prelog, sessions, clean)
				}
			}
			for _, a := range audits {
				t.Logf("%d values in %d epochs", a.took, len(a.seen))
			}
		})
	}
}

// checkLoss compares the first value after a restart with the last before it.
func checkLoss(t *testing.T, a *auditor, prelog uint64, sessions int, clean bool) {
	t.Helper()
	last, ok := a.greatest()
	def, pos, _ := a.log.Sequence(a.s.id)
	if !ok {
		return // nothing was handed out since the last setval
	}
	lost := uint64(pos.State.LastValue-last) / uint64(def.Params.Increment)
	// What was reserved ahead, and what the sessions waited for when it ended.
	budget := max(prelog, min(prelog, sequence.LogVals)) + uint64(sessions)*max(aheadMost, uint64(def.Params.Cache))
	if clean {
		budget = 0
	}
	if lost > budget {
		t.Errorf("%d values lost (clean stop: %v), the budget is %d", lost, clean, budget)
	}
}

func runRound(t *testing.T, l *fakeLog, audits []*auditor, sessions int, clean bool) {
	t.Helper()
	var wg sync.WaitGroup
	var stop atomic.Bool
	for owner := range uint64(sessions) {
		wg.Go(func() { session(t, l, audits, owner+1, &stop) })
	}
	time.Sleep(40 * time.Millisecond)
	if clean {
		stop.Store(true) // the server lets its sessions end first
		wg.Wait()
		l.stop()
		return
	}
	l.a.Stop()
	stop.Store(true)
	wg.Wait()
	l.crash()
}

func session(t *testing.T, l *fakeLog, audits []*auditor, owner uint64, stop *atomic.Bool) {
	for !stop.Load() {
		a := audits[rand.IntN(len(audits))]
		err := step(l, audits, a, owner)
		switch code := sqlstate.CodeOf(err); {
		case err == nil, err == ErrNotServing:
		case code == sqlstate.DeadlockDetected, code == sqlstate.QueryCanceled, code == sqlstate.SerializationFailure:
		default:
			t.Error(err)
		}
	}
}

// step does one random thing.
func step(l *fakeLog, audits []*auditor, a *auditor, owner uint64) error {
	ctx := context.Background()
	switch n := rand.IntN(1000); {
	case n < 2:
		_, err := a.s.SetVal(ctx, owner, sequence.State{LastValue: int64(1 + rand.IntN(1000)), IsCalled: rand.IntN(2) == 0})
		return err
	case n < 4:
		defer l.a.Unlock(owner)
		pos, err := l.a.Lock(ctx, owner, a.s.id)
		if err != nil {
			return err
		}
		def, _, _ := l.Sequence(a.s.id)
		state := pos.State
		state.LogCount = 0
		time.Sleep(time.Duration(rand.IntN(1000)) * time.Microsecond)
		r, err := l.propose(ctx, &engine.Commit{Database: engine.PostgresDatabase, Writes: []engine.Write{&engine.PutSequence{
			Sequence: *def, Expect: def.Version, Position: &state, ExpectSerial: pos.Serial}}})
		if err == nil && r.Err != nil && l.a.term.Load() != 0 {
			return fmt.Errorf("a commit under the lock was refused: %w", r.Err)
		}
		return err
	case n < 6: // two locks in any order, and a value under them
		defer l.a.Unlock(owner)
		for _, i := range rand.Perm(len(audits))[:2] {
			if _, err := l.a.Lock(ctx, owner, audits[i].s.id); err != nil {
				return err
			}
		}
		return a.next(ctx, owner)
	case n < 30:
		short, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(400))*time.Microsecond)
		defer cancel()
		return a.next(short, owner)
	case n < 35:
		l.a.Checkpoint()
		return nil
	default:
		return a.next(ctx, owner)
	}
}
