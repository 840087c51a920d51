package forward

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// TestFollower does on a follower all that a session can ask for.
func TestFollower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, &faults{delay: 5 * time.Millisecond})
		c.lead(0)
		n := c.nodes[1]
		ctx := t.Context()
		s := n.create(t, "s", func(p *sequence.Params) { p.Cache = 5 })

		b, epoch, err := s.Next(ctx, 1)
		if err != nil || b != (sequence.Block{First: 1, Last: 5, Increment: 1}) {
			t.Fatal(b, err)
		}
		if s.Epoch() != epoch {
			t.Errorf("the block is of epoch %d, the node in %d: it would count as void", epoch, s.Epoch())
		}
		if p, err := s.Position(ctx); err != nil || p.State.LastValue != 5 {
			t.Error(p, err)
		}
		set, err := s.SetVal(ctx, 1, sequence.State{LastValue: 40, IsCalled: true})
		if err != nil || s.Epoch() != set || set == epoch {
			t.Error("the session does not see its own setval:", set, s.Epoch(), err)
		}
		if was, ok := s.Replaced(ctx, set); !ok || was.LastValue != 5 || !was.IsCalled {
			t.Error("what the setval replaced:", was, ok)
		}
		if was, ok := s.Replaced(ctx, epoch); ok {
			t.Error("nothing was replaced when the sequence was made:", was)
		}
		if v := value(t, s, 1); v != 41 {
			t.Error(v)
		}
		if v := value(t, s.at(t, c.nodes[2]), 1); v != 46 {
			t.Error(v)
		}
		if err := n.backend.Checkpoint(ctx); err != nil || n.snapshots != 1 || c.nodes[0].snapshots != 1 || c.nodes[2].snapshots != 0 {
			t.Error(err, n.snapshots, c.nodes[0].snapshots)
		}
		_, err = s.SetVal(ctx, 1, sequence.State{LastValue: -1})
		wantCode(t, err, sqlstate.NumericValueOutOfRange)
		seen := map[engine.OID]bool{}
		for range 100 {
			oid, err := n.backend.AllocateOID(ctx)
			if err != nil || seen[oid] {
				t.Fatal(oid, err)
			}
			seen[oid] = true
		}

		def, _, _ := n.fsm.Sequence(s.id)
		other := s.at(t, c.nodes[2])
		if _, err := c.nodes[2].backend.Commit(ctx, 1, &engine.Commit{Database: s.id.Database,
			Writes: []engine.Write{&engine.DropSequence{OID: s.id.Sequence, Expect: def.Version}}}); err != nil {
			t.Error(err)
		}
		for _, x := range []*Sequence{s, other} {
			_, _, err := x.Next(ctx, 1)
			wantCode(t, err, sqlstate.UndefinedTable)
			if e := sqlstate.From(err); e.Message != `relation "s" does not exist` {
				t.Error(e)
			}
			_, err = x.SetVal(ctx, 1, sequence.State{LastValue: 1})
			wantCode(t, err, sqlstate.UndefinedTable)
			_, err = x.Position(ctx)
			wantCode(t, err, sqlstate.UndefinedTable)
		}
		n.backend.mu.Lock()
		n.backend.sweep()
		n.backend.mu.Unlock()
		if n.backend.Sequence(s.id) != nil {
			t.Error("a dropped sequence is remembered")
		}
	})
}

// TestCommitRefused: the log's refusal reaches the session with all its fields.
func TestCommitRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, nil)
		c.lead(0)
		s := c.nodes[1].create(t, "s", nil)
		_, err := c.nodes[1].backend.Commit(t.Context(), 1, &engine.Commit{Database: s.id.Database,
			Writes: []engine.Write{&engine.DropSequence{OID: s.id.Sequence, Expect: 1 << 40}}})
		if e := sqlstate.From(err); e == nil || e.Code != sqlstate.SerializationFailure || e.Message != "could not serialize access due to concurrent update" {
			t.Error(err)
		}
	})
}

// TestNoLeader: who finds nobody waits, and goes on with whoever comes; without
// one, it ends in time with 57P03, and a canceled session at once.
func TestNoLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, &faults{delay: 2 * time.Millisecond})
		c.lead(0)
		s := c.nodes[1].create(t, "s", nil)
		value(t, s, 1)
		c.lead(-1)
		begun := time.Now()
		_, _, err := s.Next(t.Context(), 1)
		wantCode(t, err, sqlstate.CannotConnectNow)
		if sqlstate.From(err).Hint == "" {
			t.Error("no hint")
		}
		if d := time.Since(begun); d < DefaultMaxWait || d > DefaultMaxWait+time.Second {
			t.Error("it took", d)
		}
		_, err = s.SetVal(t.Context(), 1, sequence.State{LastValue: 5})
		wantCode(t, err, sqlstate.CannotConnectNow)
		wantCode(t, c.nodes[1].backend.CatchUp(t.Context()), sqlstate.CannotConnectNow)

		for _, cause := range []error{nil, sqlstate.New(sqlstate.AdminShutdown, "terminating")} {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(cause) })
			begun = time.Now()
			_, _, err = s.Next(ctx, 1)
			if cause == nil {
				wantCode(t, err, sqlstate.QueryCanceled)
			} else if !errors.Is(err, cause) {
				t.Error(err)
			}
			if d := time.Since(begun); d != time.Second {
				t.Error("a canceled session waited", d)
			}
		}

		var wg sync.WaitGroup
		for i := range uint64(50) {
			wg.Go(func() {
				if i%2 == 0 {
					value(t, s, i)
				} else if _, err := s.SetVal(t.Context(), i, sequence.State{LastValue: 100}); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(5 * time.Second)
		c.lead(2)
		wg.Wait()
	})
}

// TestLocks: a lock that a session of one node holds keeps off those of all others,
// and is free again with its end, however that comes.
func TestLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, &faults{delay: 2 * time.Millisecond, notSent: 50, lost: 50})
		c.lead(0)
		s1 := c.nodes[1].create(t, "s", nil)
		handles := []*Sequence{s1.at(t, c.nodes[0]), s1, s1.at(t, c.nodes[2])}
		for _, at := range []int{0, 1, 2} {
			holder := c.nodes[at].backend
			p, err := holder.Lock(t.Context(), 7, s1.id)
			if err != nil {
				t.Fatal(err)
			}
			var waiting atomic.Int32
			var wg sync.WaitGroup
			for _, s := range handles {
				for _, owner := range []uint64{7, 8} {
					if s.b == holder && owner == 7 {
						continue
					}
					waiting.Add(2)
					wg.Go(func() { value(t, s, owner); waiting.Add(-1) })
					wg.Go(func() {
						if _, err := s.SetVal(t.Context(), 100+owner, sequence.State{LastValue: 1}); err != nil {
							t.Error(err)
						}
						waiting.Add(-1)
					})
				}
			}
			time.Sleep(20 * time.Second) // longer than any bound
			if n := waiting.Load(); n != 10 {
				t.Errorf("node %d has the lock, and %d of 10 sessions wait", at, n)
			}
			if again, err := holder.Lock(t.Context(), 7, s1.id); err != nil || again.State.LastValue != p.State.LastValue {
				t.Error("the position moved under the lock", p, again, err)
			}
			value(t, handles[at], 7) // what the holder asks for stands behind nobody
			holder.Unlock(7)
			wg.Wait()
		}
	})
}

// TestDeadlock: a circle over two nodes is found, and told with process IDs.
func TestDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, nil)
		c.lead(0)
		a, b := c.nodes[1].create(t, "a", nil), c.nodes[1].create(t, "b", nil)
		first, second := c.nodes[1].backend, c.nodes[2].backend
		_ = b.at(t, c.nodes[2])
		for i, err := range []error{lockErr(first.Lock(t.Context(), 5, a.id)), lockErr(second.Lock(t.Context(), 5, b.id))} {
			if err != nil {
				t.Fatal(i, err)
			}
		}
		done := make(chan error)
		go func() { done <- lockErr(first.Lock(t.Context(), 5, b.id)) }()
		synctest.Wait()
		err := lockErr(second.Lock(t.Context(), 5, a.id))
		wantCode(t, err, sqlstate.DeadlockDetected)
		second.Unlock(5)
		if err := <-done; err != nil {
			t.Error(err)
		}
		first.Unlock(5)
		if err := lockErr(second.Lock(t.Context(), 5, a.id)); err != nil {
			t.Error(err)
		}
	})
}

func lockErr(_ engine.Position, err error) error { return err }

// TestLostGateway: the locks of a node that is gone, says goodbye, or gave up
// waiting are free.
func TestLostGateway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, nil)
		c.lead(0)
		s := c.nodes[1].create(t, "s", nil)
		if _, err := c.nodes[1].backend.Lock(t.Context(), 5, s.id); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.nodes[2].backend.Lock(ctx, 5, s.id)
		wantCode(t, err, sqlstate.QueryCanceled)
		c.nodes[1].backend.Close()
		if v := value(t, s.at(t, c.nodes[0]), 1); v != 1 {
			t.Error(v)
		}
		// A lock by a node that never attached.
		q := &request{gateway: 999, owner: 5, id: s.id}
		if _, err := c.nodes[0].server.Handle(t.Context(), kindLock, q.encode(kindLock)); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		value(t, s.at(t, c.nodes[2]), 1)
		if d := time.Since(begun); d != lockGrace {
			t.Error("freed after", d)
		}
	})
}

// TestRouteFlaps: a lock is free again though the way to the leader changed, and
// changed back, before it was given back.
func TestRouteFlaps(t *testing.T) {
	for _, unlockBetween := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := newCluster(t, 3, nil)
			c.lead(0)
			n := c.nodes[1]
			s := n.create(t, "s", nil)
			if _, err := n.backend.Lock(t.Context(), 5, s.id); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			n.backend.setRoute(nil, "", false)
			if unlockBetween {
				n.backend.Unlock(5)
			}
			n.backend.setRoute(nil, "0", false)
			if _, err := n.backend.Lock(t.Context(), 6, n.create(t, "another", nil).id); err != nil {
				t.Fatal(err) // so that it attaches again
			}
			n.backend.Unlock(5)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, _, err := s.at(t, c.nodes[2]).Next(ctx, 1); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestMerge: a thousand sessions that wait cost a few requests.
func TestMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, &faults{delay: time.Millisecond})
		c.lead(0)
		s := c.nodes[1].create(t, "s", nil)
		before := c.nodes[1].backend.calls.Load()
		seen := make([]atomic.Bool, 10001)
		var wg sync.WaitGroup
		for owner := range uint64(1000) {
			wg.Go(func() {
				for range 10 {
					if v := value(t, s, owner); v > 10000 || seen[v].Swap(true) {
						t.Errorf("value %d: twice, or not the next", v)
					}
				}
			})
		}
		wg.Wait()
		if n := c.nodes[1].backend.calls.Load() - before; n > 200 {
			t.Errorf("%d requests for 10000 values", n)
		} else {
			t.Logf("%d requests for 10000 values", n)
		}
	})
}

// TestSetValWindow: old requests that wait for a lock do not hold up new ones.
func TestSetValWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, nil)
		c.lead(0)
		n := c.nodes[1]
		locked, free := n.create(t, "locked", nil), n.create(t, "free", nil)
		if _, err := n.backend.Lock(t.Context(), 1, locked.id); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			_, err := locked.SetVal(t.Context(), 2, sequence.State{LastValue: 9})
			done <- err
		}()
		for i := range int64(2*windowMax + 10) {
			if _, err := free.SetVal(t.Context(), 3, sequence.State{LastValue: 1 + i}); err != nil {
				t.Fatal(err)
			}
		}
		n.backend.Unlock(1)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if q := &n.backend.requests; q.low != q.next || len(q.active) != 0 {
			t.Error("requests are left over", q.low, q.next)
		}
	})
}
