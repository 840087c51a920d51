package allocator

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
)

// leased is an allocator over a fake log whose lease is switched by hand. Every
// Reserve confirms, as one that carries a lease does.
type leased struct {
	*fakeLog
	holds atomic.Bool
}

func newLeased(t *testing.T) (*leased, *Sequence) {
	l := &leased{}
	l.fakeLog = newFakeLog(t, DefaultPrelogMax, nil)
	l.holds.Store(true)
	l.a.lease = l.holds.Load
	propose := l.a.propose
	l.a.propose = func(ctx context.Context, c engine.Command) (engine.Result, error) {
		if _, ok := c.(*engine.Reserve); ok {
			asked := l.a.now()
			r, err := propose(ctx, c)
			if err == nil {
				l.a.Confirmed(asked)
			}
			return r, err
		}
		return propose(ctx, c)
	}
	return l, l.create("s", nil)
}

func nextOf(t *testing.T, s *Sequence) int64 {
	t.Helper()
	b, _, err := s.Next(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return b.First
}

// TestLapsedLease: without the lease every request costs an entry, and no value is
// lost, neither from what was reserved nor at the limit.
func TestLapsedLease(t *testing.T) {
	l, s := newLeased(t)
	if got := nextOf(t, s); got != 1 {
		t.Fatal("value", got)
	}
	entries := l.entries.Load()
	nextOf(t, s)
	if l.entries.Load() != entries {
		t.Error("a value from memory cost an entry")
	}
	l.holds.Store(false)
	for want := int64(3); want < 50; want++ {
		before := l.entries.Load()
		if got := nextOf(t, s); got != want {
			t.Fatalf("value %d, want %d", got, want)
		}
		if l.entries.Load() == before {
			t.Fatalf("value %d was handed out without the lease", want)
		}
	}
	before := l.entries.Load()
	p, err := s.Position(t.Context())
	if err != nil || p.State.LastValue != 49 || l.entries.Load() == before {
		t.Errorf("position %+v, %v", p, err)
	}
	if err := l.a.Confirm(t.Context()); err != nil {
		t.Error(err)
	}
	before = l.entries.Load()
	if p, err := l.a.Lock(t.Context(), 2, s.ID()); err != nil || p.State.LastValue != 49 || l.entries.Load() == before {
		t.Errorf("lock: %+v, %v", p, err)
	}
	if b, _, err := s.Next(t.Context(), 2); err != nil || b.First != 50 {
		t.Errorf("the holder's nextval: %+v, %v", b, err)
	}
	l.a.Unlock(2)
	l.holds.Store(true)
	if got := nextOf(t, s); got != 51 {
		t.Errorf("value %d after the lease came back", got)
	}
	if _, err := s.SetVal(t.Context(), 1, sequence.State{LastValue: 9223372036854775806, IsCalled: true}); err != nil {
		t.Fatal(err)
	}
	nextOf(t, s)
	l.holds.Store(false)
	before = l.entries.Load()
	if _, _, err := s.Next(t.Context(), 1); err == nil || l.entries.Load() == before {
		t.Errorf("at the limit: %v", err)
	}
}

// TestLateWaiters: an entry proves nothing for who came after it was proposed.
func TestLateWaiters(t *testing.T) {
	l, s := newLeased(t)
	nextOf(t, s)
	l.holds.Store(false)
	gate := make(chan struct{})
	l.onCommit = func(engine.Command) { <-gate }
	done := make(chan int64, 2)
	next := func() {
		b, _, err := s.Next(context.Background(), 1)
		if err != nil {
			t.Error(err)
		}
		done <- b.First
	}
	go next()
	for l.a.due.wakeable() || len(l.proposals) > 0 || !l.waiting(s, 1) {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond) // the entry has been proposed
	go next()
	for !l.waiting(s, 2) {
		time.Sleep(time.Millisecond)
	}
	before := l.entries.Load()
	gate <- struct{}{}
	if got := <-done; got != 2 {
		t.Error("value", got)
	}
	select {
	case v := <-done:
		t.Errorf("value %d for who came after the proposal", v)
	case <-time.After(20 * time.Millisecond):
	}
	close(gate)
	if got := <-done; got != 3 || l.entries.Load() < before+2 {
		t.Errorf("value %d after %d entries", got, l.entries.Load()-before)
	}
}

func (l *leased) waiting(s *Sequence, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue) == n
}

func (d *due) wakeable() bool { return len(d.wake) > 0 }

// TestNoLeaseToBeHad: when the log refuses, nobody waits for ever and nothing is
// given out.
func TestNoLeaseToBeHad(t *testing.T) {
	l, s := newLeased(t)
	nextOf(t, s)
	l.holds.Store(false)
	l.fail.Store(ErrNotServing)
	if b, _, err := s.Next(t.Context(), 1); err == nil {
		t.Errorf("values %+v without a lease", b)
	}
	if _, err := s.Position(t.Context()); err == nil {
		t.Error("a position without a lease")
	}
	if _, err := l.a.Lock(t.Context(), 2, s.ID()); err == nil {
		t.Error("a lock without a lease")
	}
	if err := l.a.Confirm(t.Context()); err == nil {
		t.Error("confirmed without a lease")
	}
	l.fail.Store(nil)
	if got := nextOf(t, s); got != 2 {
		t.Errorf("value %d, want 2", got)
	}
}
