package forward

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// TestGather: sessions that ask again as soon as they are answered are soon all in one
// request; one alone waits for nobody.
func TestGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, &faults{delay: 100 * time.Microsecond})
		c.lead(0)
		time.Sleep(time.Second)
		n := c.nodes[1]
		s := n.create(t, "s", nil)
		const sessions, draws = 32, 200
		before := n.backend.calls.Load()
		var wg sync.WaitGroup
		for i := range sessions {
			wg.Go(func() {
				for range draws {
					value(t, s, uint64(i+1))
					time.Sleep(time.Duration(10+i) * time.Microsecond) // the client
				}
			})
		}
		wg.Wait()
		if calls := n.backend.calls.Load() - before; calls > sessions*draws/12 {
			t.Errorf("%d requests for %d values of %d sessions", calls, sessions*draws, sessions)
		}
		time.Sleep(time.Second)
		before = n.backend.calls.Load()
		for range 10 {
			began := time.Now()
			value(t, s, 1)
			if took := time.Since(began); took > 300*time.Microsecond {
				t.Errorf("one session alone waited for %v", took)
			}
			time.Sleep(time.Millisecond)
		}
		if calls := n.backend.calls.Load() - before; calls != 10 {
			t.Errorf("%d requests for 10 values", calls)
		}
	})
}

// TestRun: a run is one request, of one epoch; at the end of a sequence it is what is left.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, nil)
		c.lead(0)
		n := c.nodes[1]
		s := n.create(t, "s", func(p *sequence.Params) { p.Max = 120 })
		before := n.backend.calls.Load()
		run, epoch, err := s.NextRun(context.Background(), 1, 100)
		if err != nil || run != (sequence.Block{First: 1, Last: 100, Increment: 1}) || epoch != s.Epoch() {
			t.Fatal(run, epoch, err)
		}
		if calls := n.backend.calls.Load() - before; calls != 1 {
			t.Errorf("%d requests", calls)
		}
		if run, _, err = s.NextRun(context.Background(), 1, 100); err != nil || run.Count() != 20 {
			t.Error(run, err)
		}
		_, _, err = s.NextRun(context.Background(), 1, 100)
		wantCode(t, err, sqlstate.SequenceGeneratorLimitExceeded)
		// Whoever holds the lock is served; others wait.
		if _, err := s.SetVal(context.Background(), 1, sequence.State{LastValue: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := n.backend.Lock(context.Background(), 1, s.id); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _, err = s.NextRun(short, 2, 10)
		wantCode(t, err, sqlstate.QueryCanceled)
		for got := uint64(0); got < 5; {
			if run, _, err = s.NextRun(context.Background(), 1, 5); err != nil {
				t.Fatal(err)
			}
			got += run.Count()
		}
		n.backend.Unlock(1)
	})
}
