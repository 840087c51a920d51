package allocator

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seqd/engine"
	"seqd/protocol/sqlstate"
)

func key(n uint64) engine.LockKey {
	return engine.LockKey{Class: engine.LockAdvisory, Database: 5, Number: n}
}

// lockAsync asks for a key in the background and returns what came of it.
func lockAsync(ctx context.Context, a *Allocator, owner, n uint64, exclusive bool) chan error {
	done := make(chan error, 1)
	go func() {
		_, err := a.LockKey(ctx, owner, key(n), KeyRequest{Exclusive: exclusive})
		done <- err
	}()
	synctest.Wait()
	return done
}

func waits(t *testing.T, done chan error, what string) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-done:
		t.Fatalf("%s: did not wait (%v)", what, err)
	default:
	}
}

func ended(t *testing.T, done chan error, what string) error {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-done:
		return err
	default:
		t.Fatalf("%s: still waits", what)
		return nil
	}
}

func startedForKeys() *Allocator {
	a := New(Config{Now: func() time.Duration { return 0 }})
	a.Start(1)
	return a
}

func TestKeysAreServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := startedForKeys()
		defer a.Stop()
		ctx := t.Context()
		if err := ended(t, lockAsync(ctx, a, 1, 7, false), "shared"); err != nil {
			t.Fatal(err)
		}
		exclusive := lockAsync(ctx, a, 2, 7, true)
		waits(t, exclusive, "exclusive behind shared")
		shared := lockAsync(ctx, a, 3, 7, false)
		waits(t, shared, "shared behind a waiting exclusive")
		if got, err := a.LockKey(ctx, 4, key(7), KeyRequest{Try: true}); got || err != nil {
			t.Errorf("a try overtakes: %v, %v", got, err)
		}
		if err := ended(t, lockAsync(ctx, a, 1, 7, true), "a holder of the key"); err != nil {
			t.Fatal(err)
		}
		a.UnlockKey(1, key(7), true)
		waits(t, exclusive, "exclusive while shared is still held")
		a.UnlockKeys(1)
		if err := ended(t, exclusive, "exclusive"); err != nil {
			t.Fatal(err)
		}
		waits(t, shared, "shared behind exclusive")
		a.UnlockKey(2, key(7), true)
		if err := ended(t, shared, "shared"); err != nil {
			t.Fatal(err)
		}
		a.UnlockKey(3, key(7), false)
		if len(a.locks.keys) != 0 || len(a.locks.waits) != 0 {
			t.Errorf("left behind: %v, %v", a.locks.keys, a.locks.waits)
		}
	})
}

func TestKeysCancelAndStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := startedForKeys()
		ended(t, lockAsync(t.Context(), a, 1, 7, false), "first")
		ctx, cancel := context.WithCancel(t.Context())
		exclusive := lockAsync(ctx, a, 2, 7, true)
		shared := lockAsync(t.Context(), a, 3, 7, false)
		waits(t, shared, "shared")
		cancel()
		if err := ended(t, exclusive, "canceled"); sqlstate.CodeOf(err) != sqlstate.QueryCanceled {
			t.Error(err)
		}
		if err := ended(t, shared, "who stood behind it"); err != nil {
			t.Error(err)
		}
		stopped := lockAsync(t.Context(), a, 4, 7, true)
		a.Stop()
		if err := ended(t, stopped, "at the end of leadership"); !errors.Is(err, ErrNotServing) {
			t.Error(err)
		}
	})
}

// Circles over keys and sequences are found; who closes one is refused.
func TestKeysDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := startedForKeys()
		defer a.Stop()
		ctx, cancel := context.WithCancel(t.Context())
		for _, o := range []uint64{1, 2, 3} {
			ended(t, lockAsync(ctx, a, o, o, true), "own key")
		}
		one, two := lockAsync(ctx, a, 1, 2, true), lockAsync(ctx, a, 2, 3, false)
		waits(t, one, "1 for 2")
		waits(t, two, "2 for 3")
		err := ended(t, lockAsync(ctx, a, 3, 1, true), "3 for 1")
		e := sqlstate.From(err)
		if e.Code != sqlstate.DeadlockDetected || !strings.Contains(e.Detail,
			"Process 3 waits for ExclusiveLock on advisory lock [5,0,1,1]; blocked by process 1.") {
			t.Errorf("%v: %s", err, e.Detail)
		}
		a.UnlockKeys(3)
		if err := ended(t, two, "2 for 3"); err != nil {
			t.Error(err)
		}
		cancel()
		ended(t, one, "1")
	})
}

// A new leader gives keys to those who had them, and to others when it is time.
func TestKeysGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(Config{Now: func() time.Duration { return 0 }})
		a.GraceKeys(time.Second)
		a.Start(2)
		defer a.Stop()
		ctx := t.Context()
		other := lockAsync(ctx, a, 2, 7, true)
		waits(t, other, "another session")
		if got, err := a.LockKey(ctx, 1, key(7), KeyRequest{Exclusive: true, Again: true}); !got || err != nil {
			t.Fatal(got, err)
		}
		time.Sleep(2 * time.Second)
		waits(t, other, "another session, behind the one that was back")
		if got, err := a.LockKey(ctx, 3, key(7), KeyRequest{Exclusive: true, Again: true}); got || err != nil {
			t.Errorf("too late, and still given: %v", err)
		}
		a.UnlockKeys(1)
		if err := ended(t, other, "another session"); err != nil {
			t.Fatal(err)
		}
	})
}
