package allocator

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// TestPostgresNumbers draws slowly and compares last_value, log_cnt and the
// reserved bound with rows L1 to L4, R10 and R11 of PostgreSQL's behaviour.
func TestPostgresNumbers(t *testing.T) {
	type row struct{ last, logCount, reserved int64 }
	fetches := func(rows ...row) []row { return rows }
	for _, tt := range []struct {
		name   string
		change func(*sequence.Params)
		rows   map[int]row // after the nth fetch
	}{
		{"default", nil, map[int]row{1: {1, 32, 33}, 2: {2, 31, 33}, 33: {33, 0, 33}, 34: {34, 32, 66}}},
		{"cache 10", func(p *sequence.Params) { p.Cache = 10 },
			map[int]row{1: {10, 32, 42}, 2: {20, 22, 42}, 3: {30, 12, 42}, 4: {40, 2, 42}, 5: {50, 32, 82}}},
		{"maxvalue 5", func(p *sequence.Params) { p.Max = 5 }, map[int]row{1: {1, 4, 5}, 2: {2, 3, 5}, 5: {5, 0, 5}}},
		{"increment 3", func(p *sequence.Params) { p.Increment = 3 }, map[int]row{1: {1, 32, 97}}},
		{"descending", func(p *sequence.Params) { p.Increment, p.Min, p.Max, p.Start = -2, -1<<63, -1, -1 },
			map[int]row{1: {-1, 32, -65}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newFakeLog(t, DefaultPrelogMax, nil)
				s := l.create("s", tt.change)
				for i := range 34 {
					if _, _, err := s.Next(t.Context(), 1); err != nil {
						break // at the limit
					}
					time.Sleep(time.Second)
					want, ok := tt.rows[i+1]
					if !ok {
						continue
					}
					st := exact(t, s)
					got := row{st.LastValue, st.LogCount, l.position(s.id).State.LastValue}
					if got != want {
						t.Errorf("after fetch %d: %v, want %v", i+1, fetches(got), fetches(want))
					}
				}
			})
		})
	}
}

func TestCheckpointAndRestartLogAnew(t *testing.T) {
	l := newFakeLog(t, DefaultPrelogMax, nil)
	s := l.create("s", nil)
	for range 5 {
		value(t, s, 1)
	}
	l.a.Checkpoint()
	value(t, s, 1)
	if st := exact(t, s); st != (sequence.State{LastValue: 6, LogCount: 32, IsCalled: true}) {
		t.Errorf("after a checkpoint: %+v", st)
	}
	value(t, s, 1)
	l.stop()
	if pos := l.position(s.id).State; pos != (sequence.State{LastValue: 7, LogCount: 31, IsCalled: true}) {
		t.Errorf("released at %+v", pos)
	}
	l.lead(DefaultPrelogMax)
	s = l.a.Sequence(s.id)
	if v := value(t, s, 1); v != 8 {
		t.Errorf("value %d after a clean restart at 7", v)
	}
	if st := exact(t, s); st.LogCount != 32 {
		t.Errorf("after a restart: %+v", st)
	}
}

func TestReleaseLeavesOutWhatIsExact(t *testing.T) {
	l := newFakeLog(t, DefaultPrelogMax, nil)
	l.create("untouched", nil)
	s := l.create("used", nil)
	set := l.create("set", nil)
	value(t, s, 1)
	if _, err := set.SetVal(t.Context(), 1, sequence.State{LastValue: 9, IsCalled: true}); err != nil {
		t.Fatal(err)
	}
	l.a.Stop()
	c := l.a.Release()
	if c == nil || len(c.Items) != 1 || c.Items[0].ID != s.id {
		t.Errorf("released %+v", c)
	}
}

// TestReleaseKeepsALateSetVal: it was proposed before Stop, and applied after it.
func TestReleaseKeepsALateSetVal(t *testing.T) {
	l := newFakeLog(t, DefaultPrelogMax, nil)
	s := l.create("s", nil)
	value(t, s, 1)
	l.a.Stop()
	set := &engine.SetVal{ID: s.id, State: sequence.State{LastValue: 500, IsCalled: true}}
	if _, err := l.propose(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	if c := l.a.Release(); c != nil {
		t.Errorf("released %+v", c)
	}
}

// TestServesAgainInTheSameTerm: a hand-over gave the positions back, and failed.
func TestServesAgainInTheSameTerm(t *testing.T) {
	l := newFakeLog(t, DefaultPrelogMax, nil)
	s := l.create("s", nil)
	value(t, s, 1)
	l.a.Stop()
	if _, err := l.propose(t.Context(), l.a.Release()); err != nil {
		t.Fatal(err)
	}
	l.a.Start(l.term)
	if got := value(t, s, 1); got != 2 {
		t.Errorf("value %d", got)
	}
	if at := l.position(s.id).State.LastValue; at < 2 {
		t.Errorf("a value was handed out that the log does not cover: it is at %d", at)
	}
}

func TestLimit(t *testing.T) {
	l := newFakeLog(t, DefaultPrelogMax, nil)
	s := l.create("s", func(p *sequence.Params) { p.Max = 3 })
	for range 3 {
		value(t, s, 1)
	}
	entries := l.entries.Load()
	_, _, err := s.Next(t.Context(), 1)
	wantCode(t, err, sqlstate.SequenceGeneratorLimitExceeded, `nextval: reached maximum value of sequence "s" (3)`)
	if l.entries.Load() != entries {
		t.Error("the limit was asked of the log")
	}
	_, err = s.SetVal(t.Context(), 1, sequence.State{LastValue: 4})
	wantCode(t, err, sqlstate.NumericValueOutOfRange, `setval: value 4 is out of bounds for sequence "s" (1..3)`)
}

// TestHerd has a thousand callers arrive while nothing is reserved.
func TestHerd(t *testing.T) {
	for _, tt := range []struct {
		name    string
		prelog  uint64
		change  func(*sequence.Params)
		entries int64
	}{
		{"default", DefaultPrelogMax, nil, 2},
		{"nothing ahead", 0, nil, 2},
		{"short cycle", DefaultPrelogMax, func(p *sequence.Params) { p.Max, p.Cycle = 40, true }, 2},
		{"cache 100", DefaultPrelogMax, func(p *sequence.Params) { p.Cache = 100 }, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newFakeLog(t, tt.prelog, func() time.Duration { return time.Millisecond })
				s := l.create("s", tt.change)
				var wg sync.WaitGroup
				for range 1000 {
					wg.Go(func() { value(t, s, 1) })
				}
				wg.Wait()
				if n := l.entries.Load(); n > tt.entries {
					t.Errorf("%d log entries", n)
				}
				st, pos := exact(t, s), l.position(s.id).State
				if tt.prelog == 0 && st != pos {
					t.Errorf("at %+v, but reserved up to %+v", st, pos)
				}
				l.crash()
			})
		})
	}
}

// TestOrder: callers that wait are served in the order in which they came.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, DefaultPrelogMax, func() time.Duration { return time.Second })
		s := l.create("s", nil)
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				if v := value(t, s, uint64(i+1)); v != int64(i+1) {
					t.Errorf("caller %d got %d", i+1, v)
				}
			})
			time.Sleep(time.Millisecond)
		}
		wg.Wait()
		l.crash()
	})
}

// TestPace draws at fixed rates and looks at what it costs.
func TestPace(t *testing.T) {
	for _, rate := range []int{10, 1000, 50_000, 400_000} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newFakeLog(t, DefaultPrelogMax, func() time.Duration { return 2 * time.Millisecond })
				s := l.create("s", nil)
				burst := max(1, rate/1000)
				// The first second is for finding the pace.
				draw(t, s, rate, burst, time.Second)
				before := l.entries.Load()
				const seconds = 2
				slow := draw(t, s, rate, burst, seconds*time.Second)
				perSecond := float64(l.entries.Load()-before) / seconds
				t.Logf("%d values/s: %.1f entries/s, %d waits", rate, perSecond, slow)
				if perSecond > 10 {
					t.Errorf("%.1f log entries a second", perSecond)
				}
				if rate >= 1000 && slow > 0 {
					t.Errorf("waited for the log %d times", slow)
				}
				l.crash()
			})
		})
	}
}

// draw takes bursts of values at a rate, and counts the bursts that had to wait.
func draw(t *testing.T, s *Sequence, rate, burst int, span time.Duration) (slow int) {
	t.Helper()
	for end := time.Now().Add(span); time.Now().Before(end); {
		start := time.Now()
		for range burst {
			value(t, s, 1)
		}
		if time.Since(start) > 0 {
			slow++
		}
		s.mu.Lock()
		left := s.left
		s.mu.Unlock()
		if left > DefaultPrelogMax {
			t.Fatalf("%d values are reserved ahead", left)
		}
		time.Sleep(time.Second * time.Duration(burst) / time.Duration(rate))
	}
	return slow
}

func TestSlowAfterLoadReservesLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, DefaultPrelogMax, nil)
		s := l.create("s", nil)
		for range 2000 {
			for range 100 {
				value(t, s, 1)
			}
			time.Sleep(time.Millisecond)
		}
		s.mu.Lock()
		busy := s.pace.batch
		s.mu.Unlock()
		for range busy / 10 {
			for range 10 {
				value(t, s, 1)
			}
			time.Sleep(time.Second)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if busy < 10_000 || s.left > 64 {
			t.Errorf("reserved %d ahead under load, %d when slow", busy, s.left)
		}
	})
}

func TestFailedReservation(t *testing.T) {
	l := newFakeLog(t, DefaultPrelogMax, nil)
	s := l.create("s", nil)
	value(t, s, 1)
	full := sqlstate.New(sqlstate.DiskFull, "full")
	l.fail.Store(full)
	for range 32 {
		value(t, s, 1) // reserved before
	}
	_, _, err := s.Next(t.Context(), 1)
	wantCode(t, err, sqlstate.DiskFull, "full")
	l.fail.Store(nil)
	if v := value(t, s, 1); v != 34 {
		t.Errorf("value %d", v)
	}
}

// TestStalledLog: the log has the reservation but does not get on.
func TestStalledLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stalled := make(chan struct{})
		l := newFakeLog(t, DefaultPrelogMax, nil)
		s := l.create("s", nil)
		l.onCommit = func(engine.Command) { <-stalled }
		errs := make(chan error)
		for range 2 {
			go func() {
				_, _, err := s.Next(t.Context(), 1)
				errs <- err
			}()
			synctest.Wait()
			l.a.Stalled(sqlstate.New(sqlstate.DiskFull, "full"))
			wantCode(t, <-errs, sqlstate.DiskFull, "full")
		}
		close(stalled)
		l.a.Stalled(nil)
		synctest.Wait()
		if v, pos := value(t, s, 1), l.position(s.id).State; v != 1 || pos.LastValue != 33 {
			t.Errorf("value %d, reserved up to %d: what the stall held up should serve", v, pos.LastValue)
		}
		l.crash()
	})
}

func TestStopAndStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, DefaultPrelogMax, func() time.Duration { return time.Second })
		s := l.create("s", nil)
		got := make(chan error)
		go func() {
			_, _, err := s.Next(t.Context(), 1)
			got <- err
		}()
		synctest.Wait()
		start := time.Now()
		stopped := make(chan struct{})
		go func() { l.a.Stop(); close(stopped) }()
		if err := <-got; err != ErrNotServing || time.Since(start) > 0 {
			t.Errorf("a waiter got %v after %v", err, time.Since(start))
		}
		<-stopped
		if c := l.a.Release(); c == nil || c.Items[0].State.IsCalled {
			t.Errorf("what was reserved for the waiter is lost: %+v", c)
		}
		if _, err := s.Position(t.Context()); err != ErrNotServing {
			t.Errorf("position: %v", err)
		}
		if _, err := s.SetVal(t.Context(), 1, sequence.State{LastValue: 1}); err != ErrNotServing {
			t.Errorf("setval: %v", err)
		}
		l.term++
		l.a.Start(l.term)
		if v := value(t, s, 1); v != 34 {
			t.Errorf("value %d in the next session", v)
		}
		l.crash()
	})
}

func TestDefinitionChanges(t *testing.T) {
	l := newFakeLog(t, DefaultPrelogMax, nil)
	s := l.create("s", nil)
	value(t, s, 1)
	epoch := s.Epoch()
	l.alter(s, nil, func(d *engine.Sequence) { d.Name = "renamed" })
	if value(t, s, 1) != 2 || s.Epoch() != epoch {
		t.Error("RENAME must keep the position")
	}
	l.alter(s, &sequence.State{LastValue: 2, IsCalled: true}, func(d *engine.Sequence) { d.Params.Increment, d.Params.Max = 10, 22 })
	if s.Epoch() == epoch {
		t.Error("the epoch did not change")
	}
	for _, want := range []int64{12, 22} {
		if v := value(t, s, 1); v != want {
			t.Errorf("value %d, want %d", v, want)
		}
	}
	_, _, err := s.Next(t.Context(), 1)
	wantCode(t, err, sqlstate.SequenceGeneratorLimitExceeded, `nextval: reached maximum value of sequence "renamed" (22)`)
	// START keeps log_cnt (L6), although nothing is reserved behind the new position.
	l.alter(s, &sequence.State{LastValue: 2, LogCount: 30, IsCalled: true}, func(d *engine.Sequence) { d.Params.Increment, d.Params.Max = 1, 1000 })
	value(t, s, 1)
	if st, pos := exact(t, s), l.position(s.id).State; st.LogCount != 29 || pos.LastValue != 32 {
		t.Errorf("at %+v, reserved up to %d", st, pos.LastValue)
	}
	epoch = s.Epoch()
	l.drop(s)
	_, _, err = s.Next(t.Context(), 1)
	wantCode(t, err, sqlstate.UndefinedTable, `relation "renamed" does not exist`)
	_, err = s.SetVal(t.Context(), 1, sequence.State{LastValue: 1})
	wantCode(t, err, sqlstate.UndefinedTable, `relation "renamed" does not exist`)
	if s.Epoch() == epoch || l.a.Sequence(s.id) != nil {
		t.Error("a dropped sequence lives on")
	}
}

func TestCancelledWaiterLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, DefaultPrelogMax, func() time.Duration { return time.Second })
		s := l.create("s", nil)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond,
			sqlstate.New(sqlstate.LockNotAvailable, "canceling statement due to lock timeout"))
		defer cancel()
		_, _, err := s.Next(ctx, 1)
		wantCode(t, err, sqlstate.LockNotAvailable, "")
		plain, stop := context.WithCancel(t.Context())
		stop()
		_, _, err = s.Next(plain, 1)
		wantCode(t, err, sqlstate.QueryCanceled, "canceling statement due to user request")
		s.mu.Lock()
		if len(s.queue) != 0 {
			t.Errorf("%d waiters are left", len(s.queue))
		}
		s.mu.Unlock()
		if v := value(t, s, 2); v != 1 {
			t.Errorf("value %d: a cancelled call must not take any", v)
		}
		l.crash()
	})
}

// TestSkipAll: what was reserved and who waits count from the new position.
func TestSkipAll(t *testing.T) {
	l := newFakeLog(t, DefaultPrelogMax, nil)
	s, idle := l.create("s", nil), l.create("idle", nil)
	value(t, s, 1)
	epoch := s.Epoch()
	if _, err := l.propose(t.Context(), &engine.SkipAll{Steps: 1000}); err != nil {
		t.Fatal(err)
	}
	if s.Epoch() == epoch {
		t.Error("cached blocks are still good")
	}
	// 33 were reserved, then 1000 skipped.
	if v := value(t, s, 1); v != 1034 {
		t.Errorf("value %d", v)
	}
	if v := value(t, idle, 1); v != 1001 {
		t.Errorf("of a sequence that nobody had used: %d", v)
	}
	if st := exact(t, s); st.LogCount != 32 {
		t.Errorf("position %+v", st)
	}
}

// TestStopDuringSetVal: a setval that is committed between Stop and Release stands.
func TestStopDuringSetVal(t *testing.T) {
	l := newFakeLog(t, 1000, nil)
	s := l.create("s", nil)
	value(t, s, 1) // there is something to give back
	l.onCommit = func(c engine.Command) {
		if _, ok := c.(*engine.SetVal); ok {
			l.a.Stop()
		}
	}
	want := sequence.State{LastValue: 500, IsCalled: true}
	if _, err := s.SetVal(t.Context(), 1, want); err != nil {
		t.Fatal(err)
	}
	if c := l.a.Release(); c != nil {
		if _, err := l.propose(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.position(s.id).State; got != want {
		t.Errorf("the position is %+v after setval to %+v", got, want)
	}
}
