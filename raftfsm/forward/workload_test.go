package forward

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// auditor watches one sequence over all nodes: within an epoch every value is new,
// and greater than all that had been returned before it was asked for (CACHE 1);
// after a setval has returned nothing comes from before it; a setval is executed
// once, or, if the session was told so, once or never.
type auditor struct {
	t       *testing.T
	perNode bool // no order across nodes, and this log knows nothing of lease.Grants

	mu       sync.Mutex
	seen     map[uint64]map[int64]bool // by epoch
	last     map[[2]uint64]int64       // greatest value returned, by epoch
	epoch    uint64                    // of the newest setval that has returned
	executed map[int64]int             // how often the setval to a value was executed
	told     map[int64]error           // what its session was told
	took     int
	runs     int // draws of several values
	unknown  int
}

func newAuditor(t *testing.T, c *fakeCluster) *auditor {
	a := &auditor{t: t, seen: map[uint64]map[int64]bool{}, last: map[[2]uint64]int64{}, executed: map[int64]int{}, told: map[int64]error{}}
	c.executed = func(cmd engine.Command, r engine.Result) {
		if set, ok := cmd.(*engine.SetVal); ok && r.Err == nil {
			a.mu.Lock()
			a.executed[set.State.LastValue]++
			a.mu.Unlock()
		}
	}
	return a
}

func (a *auditor) next(ctx context.Context, s *Sequence, owner uint64) error {
	return a.draw(ctx, s, owner, 1)
}

// draw draws up to n values at once.
func (a *auditor) draw(ctx context.Context, s *Sequence, owner uint64, n int) error {
	a.mu.Lock()
	epochBefore := a.epoch
	before := map[[2]uint64]int64{}
	for epoch, v := range a.last {
		before[epoch] = v
	}
	a.mu.Unlock()
	run, epoch, err := s.NextRun(ctx, owner, uint64(n))
	if err != nil {
		return err
	}
	key := [2]uint64{epoch}
	if a.perNode {
		key[1] = owner >> 8 // the node: each has its own order
	}
	if epoch < epochBefore && !a.perNode {
		a.t.Errorf("node %d gave a value of epoch %d after setval of epoch %d had returned", owner>>8, epoch, epochBefore)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seen[epoch] == nil {
		a.seen[epoch] = map[int64]bool{}
	}
	values := 0
	last, ok := before[key]
	for v := run.First; v <= run.Last; v++ {
		if ok && v <= last {
			a.t.Errorf("node %d gave %d after %d in epoch %d", owner>>8, v, last, epoch)
		}
		if a.seen[epoch][v] {
			a.t.Errorf("value %d twice in epoch %d", v, epoch)
		}
		a.seen[epoch][v] = true
		last, ok = v, true
		values++
	}
	if values == 0 || values > n {
		a.t.Errorf("%d fetches of one value brought %d: %+v", n, values, run)
	}
	if values > 1 {
		a.runs++
	}
	a.last[key] = max(a.last[key], last)
	a.took += values
	return nil
}

func (a *auditor) setval(ctx context.Context, s *Sequence, owner uint64, v int64) error {
	epoch, err := s.SetVal(ctx, owner, sequence.State{LastValue: v, IsCalled: true})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told[v] = err
	if err == nil {
		a.epoch = max(a.epoch, epoch)
	}
	return err
}

// settle compares what sessions were told with what was executed.
func (a *auditor) settle() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for v, err := range a.told {
		n := a.executed[v]
		switch code := sqlstate.CodeOf(err); {
		case code == sqlstate.StatementCompletionUnknown && n <= 1:
			a.unknown++
		case err == nil && n == 1, err != nil && code != sqlstate.StatementCompletionUnknown && n == 0:
		default:
			a.t.Errorf("setval to %d was executed %d times, its session was told %v", v, n, err)
		}
	}
	for v, n := range a.executed {
		if _, known := a.told[v]; n > 1 || !known {
			a.t.Errorf("setval to %d was executed %d times", v, n)
		}
	}
}

// TestWorkload has sessions on three nodes draw, set, commit, lock and give up at
// random while leaders come and go, nodes hang, and answers get lost.
func TestWorkload(t *testing.T) {
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	for round := range rounds {
		for _, order := range []engine.Order{engine.OrderStrict, engine.OrderNode} {
			t.Run(fmt.Sprint(round, order), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { workload(t, order) })
			})
		}
	}
}

func workload(t *testing.T, order engine.Order) {
	c := newCluster(t, 3, &faults{delay: 10 * time.Millisecond, notSent: 30, lost: 30, unknown: 60})
	a := newAuditor(t, c)
	a.perNode = order == engine.OrderNode
	c.lead(0)
	first := c.nodes[0].create(t, "s", nil)
	first.order(t, order)
	var handles []*Sequence
	for _, n := range c.nodes {
		handles = append(handles, first.at(t, n))
	}
	var stop atomic.Bool
	var sessions, troublemaker sync.WaitGroup
	var sets atomic.Int64
	var commits, canceled atomic.Int64
	for i, s := range handles {
		for j := range 6 {
			owner := uint64(i<<8 + j + 1)
			sessions.Go(func() {
				for !stop.Load() {
					time.Sleep(rand.N(20 * time.Millisecond))
					err := step(t, c, a, s, owner, &sets, &commits)
					switch sqlstate.CodeOf(err) {
					case sqlstate.SuccessfulCompletion, sqlstate.StatementCompletionUnknown, sqlstate.DeadlockDetected:
					case sqlstate.QueryCanceled:
						canceled.Add(1)
					default:
						t.Errorf("session %d of node %d: %v", j, i, err)
					}
				}
			})
		}
	}
	troublemaker.Go(func() {
		for !stop.Load() {
			time.Sleep(rand.N(time.Second))
			switch n := c.nodes[rand.IntN(3)]; rand.IntN(3) {
			case 0, 1:
				c.lead(-1)
				time.Sleep(rand.N(2 * time.Second))
				c.lead(n.i)
			case 2: // the node hangs, also longer than a call may take
				n.pause(rand.N(7 * time.Second))
			}
		}
		c.lead(1)
	})
	time.Sleep(60 * time.Second)
	stop.Store(true)
	troublemaker.Wait()
	sessions.Wait()
	time.Sleep(time.Second)
	a.settle()
	t.Logf("%d values in %d epochs, %d setvals (%d unknown), %d commits, %d canceled; %d, %d, %d calls", a.took, len(a.seen), len(a.told),
		a.unknown, commits.Load(), canceled.Load(), c.nodes[0].backend.calls.Load(), c.nodes[1].backend.calls.Load(), c.nodes[2].backend.calls.Load())
	if a.took < 1000 || len(a.told) < 20 || commits.Load() == 0 || canceled.Load() == 0 || (a.runs == 0 && !a.perNode) {
		t.Error("that was too little to prove anything")
	}
}

// step does one random thing.
func step(t *testing.T, c *fakeCluster, a *auditor, s *Sequence, owner uint64, sets, commits *atomic.Int64) error {
	ctx := context.Background()
	switch n := rand.IntN(200); {
	case n < 6:
		return a.setval(ctx, s, owner, 1_000_000*sets.Add(1))
	case n < 9:
		short, cancel := context.WithTimeout(ctx, rand.N(30*time.Millisecond))
		defer cancel()
		return a.setval(short, s, owner, 1_000_000*sets.Add(1))
	case n < 20:
		short, cancel := context.WithTimeout(ctx, rand.N(10*time.Millisecond))
		defer cancel()
		return a.next(short, s, owner)
	case n < 24: // a value under a lock
		defer s.b.Unlock(owner)
		short, cancel := context.WithTimeout(ctx, rand.N(5*time.Second))
		defer cancel()
		if _, err := s.b.Lock(short, owner, s.id); err != nil {
			return err
		}
		return a.next(ctx, s, owner)
	case n < 40:
		return a.draw(ctx, s, owner, 2+rand.IntN(50))
	case n < 46:
		short, cancel := context.WithTimeout(ctx, rand.N(10*time.Millisecond))
		defer cancel()
		return a.draw(short, s, owner, 2+rand.IntN(50))
	case n < 48:
		// A commit that was executed twice would be refused the second time.
		oid, err := s.b.AllocateOID(ctx)
		if err != nil {
			return err
		}
		p := sequence.Params{Type: sequence.BigInt, Start: 1, Increment: 1, Min: 1, Max: 100, Cache: 1}
		put := &engine.PutSequence{Sequence: engine.Sequence{OID: oid, Schema: engine.PublicNamespace, Name: fmt.Sprint("t", oid),
			Owner: engine.BootstrapSuperuser, Persistence: engine.Permanent, Params: p}, Position: &sequence.State{LastValue: 1}}
		_, err = s.b.Commit(ctx, owner, &engine.Commit{Database: engine.PostgresDatabase, Writes: []engine.Write{put}})
		if err == nil && s.b.Sequence(engine.SequenceID{Database: engine.PostgresDatabase, Sequence: oid}) == nil {
			t.Error("what was committed is not there")
		}
		commits.Add(1)
		return err
	default:
		return a.next(ctx, s, owner)
	}
}
