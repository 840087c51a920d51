package allocator

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

func lock(t testing.TB, l *fakeLog, owner uint64, s *Sequence) engine.Position {
	t.Helper()
	pos, err := l.a.Lock(context.Background(), owner, s.id)
	if err != nil {
		t.Fatal(err)
	}
	return pos
}

// later runs f and tells when it has returned.
func later(f func() error) (done *bool, err *error) {
	done, err = new(bool), new(error)
	go func() {
		*err = f()
		*done = true
	}()
	synctest.Wait()
	return done, err
}

func TestLockKeepsOthersOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, DefaultPrelogMax, nil)
		s := l.create("s", nil)
		value(t, s, 2)
		pos := lock(t, l, 1, s)
		if want := (sequence.State{LastValue: 1, LogCount: 32, IsCalled: true}); pos.State != want || pos.Serial != l.position(s.id).Serial {
			t.Errorf("locked at %+v", pos)
		}
		next, _ := later(func() error { _, _, err := s.Next(t.Context(), 2); return err })
		setval, _ := later(func() error { _, err := s.SetVal(t.Context(), 3, sequence.State{LastValue: 50}); return err })
		second, _ := later(func() error { _, err := l.a.Lock(t.Context(), 4, s.id); return err })
		free, _ := later(func() error { return l.a.AwaitUnlock(t.Context(), 5, s.id) })
		if *next || *setval || *second || *free {
			t.Error("the lock keeps nobody off")
		}
		if again := lock(t, l, 1, s); again != pos {
			t.Errorf("the position moved from %+v to %+v under the lock", pos, again)
		}
		if v := value(t, s, 1); v != 2 {
			t.Errorf("the holder got %d", v)
		}
		if _, err := s.Position(t.Context()); err != nil {
			t.Error("reading the position must not wait:", err)
		}
		l.a.Unlock(1)
		synctest.Wait()
		if !*next || !*setval || !*second || *free {
			t.Error("requests must be served in order up to the next holder:", *next, *setval, *second, *free)
		}
		l.a.Unlock(4)
		synctest.Wait()
		if !*free {
			t.Error("the last one still waits")
		}
		l.crash()
	})
}

// TestLockDrains: Lock waits for what is under way, and the position stays put.
func TestLockDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, DefaultPrelogMax, func() time.Duration { return time.Second })
		s := l.create("s", nil)
		next, _ := later(func() error { _, _, err := s.Next(t.Context(), 2); return err })
		start := time.Now()
		pos := lock(t, l, 1, s)
		waited := time.Since(start)
		synctest.Wait()
		if !*next || waited == 0 || pos.State.LastValue != 1 || pos.Serial != l.position(s.id).Serial {
			t.Errorf("locked at %+v after %v", pos, waited)
		}
		l.a.Unlock(1)
		setval, _ := later(func() error { _, err := s.SetVal(t.Context(), 2, sequence.State{LastValue: 50}); return err })
		pos = lock(t, l, 1, s)
		synctest.Wait()
		if !*setval || pos.State.LastValue != 50 || pos.Epoch != s.Epoch() {
			t.Errorf("locked at %+v", pos)
		}
		l.crash()
	})
}

// TestLockDuringRefill: a reservation that nobody waits for is under way.
func TestLockDuringRefill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, DefaultPrelogMax, func() time.Duration { return 10 * time.Millisecond })
		s := l.create("s", nil)
		refilling := func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.inflight
		}
		for !refilling() {
			value(t, s, 2)
			time.Sleep(100 * time.Microsecond)
		}
		pos := lock(t, l, 1, s)
		time.Sleep(time.Second)
		if now := l.position(s.id).Serial; pos.Serial != now {
			t.Errorf("locked at serial %d, moved to %d", pos.Serial, now)
		}
		l.crash()
	})
}

func TestLockAndAlter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, DefaultPrelogMax, nil)
		s := l.create("s", nil)
		value(t, s, 2)
		lock(t, l, 1, s)
		var got int64
		next, _ := later(func() error { b, _, err := s.Next(t.Context(), 2); got = b.First; return err })
		if r := l.alter(s, &sequence.State{LastValue: 1000}, func(d *engine.Sequence) { d.Params.Increment = 5 }); r.Err != nil {
			t.Error(r.Err)
		}
		synctest.Wait()
		if *next {
			t.Error("served before the lock was given back")
		}
		l.a.Unlock(1)
		synctest.Wait()
		if !*next || got != 1000 {
			t.Errorf("value %d after ALTER", got)
		}
		lock(t, l, 1, s)
		_, err := later(func() error { _, _, err := s.Next(t.Context(), 2); return err })
		l.drop(s)
		synctest.Wait()
		wantCode(t, *err, sqlstate.UndefinedTable, `relation "s" does not exist`)
		l.a.Unlock(1)
		l.crash()
	})
}

// TestCancelledBeforeUnlock: who has given up before the lock was given back gets no value,
// even if it has not noticed yet.
func TestCancelledBeforeUnlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, DefaultPrelogMax, nil)
		s := l.create("s", nil)
		for want := int64(1); want < 200; want++ {
			lock(t, l, 1, s)
			ctx, cancel := context.WithCancel(t.Context())
			_, err := later(func() error { _, _, err := s.Next(ctx, 2); return err })
			cancel()
			l.a.Unlock(1)
			synctest.Wait()
			if sqlstate.CodeOf(*err) != sqlstate.QueryCanceled {
				t.Fatalf("who gave up got %v", *err)
			}
			if v := value(t, s, 3); v != want {
				t.Fatalf("got %d, want %d", v, want)
			}
		}
	})
}

func TestCancelledLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, DefaultPrelogMax, func() time.Duration { return time.Second })
		s := l.create("s", nil)
		go s.Next(t.Context(), 2) //nolint:errcheck // keeps the lock from being granted at once
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := l.a.Lock(ctx, 1, s.id) // claimed, then given up
		wantCode(t, err, sqlstate.QueryCanceled, "")
		if v := value(t, s, 3); v != 2 {
			t.Errorf("value %d", v)
		}
		if len(l.a.locks.held) != 0 || len(l.a.locks.waits) != 0 {
			t.Errorf("left over: %v, %v", l.a.locks.held, l.a.locks.waits)
		}
		l.crash()
	})
}

func TestDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, DefaultPrelogMax, nil)
		a, b, c := l.create("a", nil), l.create("b", nil), l.create("c", nil)
		lock(t, l, 1, a)
		lock(t, l, 2, b)
		lock(t, l, 3, c)
		one, _ := later(func() error { _, err := l.a.Lock(t.Context(), 1, b.id); return err })
		two, _ := later(func() error { _, _, err := c.Next(t.Context(), 2); return err })
		bystander, _ := later(func() error { _, err := l.a.Lock(t.Context(), 4, a.id); return err })
		_, err := a.SetVal(t.Context(), 3, sequence.State{LastValue: 5})
		wantCode(t, err, sqlstate.DeadlockDetected, "deadlock detected")
		want := strings.ReplaceAll(`Process 3 waits for RowExclusiveLock on relation A of database 5; blocked by process 1.
Process 1 waits for ShareRowExclusiveLock on relation B of database 5; blocked by process 2.
Process 2 waits for RowExclusiveLock on relation C of database 5; blocked by process 3.`, "relation A", "relation 16384")
		want = strings.NewReplacer("relation B", "relation 16385", "relation C", "relation 16386").Replace(want)
		if got := sqlstate.From(err).Detail; got != want {
			t.Errorf("detail:\n%s\nwant:\n%s", got, want)
		}
		if *one || *two || *bystander {
			t.Error("only the one that closes the circle is refused")
		}
		l.a.Unlock(3)
		synctest.Wait()
		if *one || !*two {
			t.Error("the next in the circle should go on")
		}
		l.a.Unlock(2)
		synctest.Wait()
		if !*one || *bystander {
			t.Error("the circle is open, all but the bystander should go on")
		}
		l.a.Unlock(1)
		synctest.Wait()
		if !*bystander {
			t.Error("the bystander waits for nobody")
		}
		l.crash()
	})
}

// TestDeadlockThroughHandOver: the circle arises when a lock passes to another
// waiter, not when a lock is asked for.
func TestDeadlockThroughHandOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, DefaultPrelogMax, nil)
		a, b := l.create("a", nil), l.create("b", nil)
		lock(t, l, 1, a)
		lock(t, l, 3, b)
		second, _ := later(func() error { _, err := l.a.Lock(t.Context(), 2, a.id); return err })
		third, _ := later(func() error { _, err := l.a.Lock(t.Context(), 3, a.id); return err })
		l.a.Unlock(1) // now 3 waits for 2
		synctest.Wait()
		if !*second || *third {
			t.Fatal("the lock should have passed to 2")
		}
		_, err := l.a.Lock(t.Context(), 2, b.id)
		wantCode(t, err, sqlstate.DeadlockDetected, "deadlock detected")
		l.a.Unlock(2)
		synctest.Wait()
		if !*third {
			t.Error("3 should go on")
		}
		l.crash()
	})
}

// What is told of locks: who holds and who waits, for a sequence and for a key.
func TestLocksAreListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, DefaultPrelogMax, nil)
		s := l.create("s", nil)
		lock(t, l, 1, s)
		later(func() error { _, _, err := s.Next(t.Context(), 2); return err })
		if ok, err := l.a.LockKey(t.Context(), 2, key(7), KeyRequest{}); !ok || err != nil {
			t.Fatal(ok, err)
		}
		later(func() error { _, err := l.a.LockKey(t.Context(), 3, key(7), KeyRequest{Exclusive: true}); return err })
		list := l.a.Locks()
		for i := range list {
			list[i].Waited = 0
		}
		for _, want := range []engine.LockState{
			{Owner: 1, Sequence: s.id, Mode: "ShareRowExclusiveLock", Granted: true},
			{Owner: 2, Sequence: s.id, Mode: "RowExclusiveLock"},
			{Owner: 2, Key: key(7), Granted: true},
			{Owner: 3, Key: key(7), Exclusive: true},
		} {
			if !slices.Contains(list, want) {
				t.Errorf("%+v is not listed", want)
			}
		}
		if len(list) != 4 {
			t.Errorf("%d locks: %+v", len(list), list)
		}
		l.a.UnlockKeys(2)
		l.a.Unlock(1)
		synctest.Wait()
		if list = l.a.Locks(); len(list) != 1 || list[0].Owner != 3 || !list[0].Granted {
			t.Errorf("in the end: %+v", list)
		}
	})
}
