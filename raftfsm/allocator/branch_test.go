package allocator

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
)

// branch makes a database called name from postgres.
func (l *fakeLog) branch(oid engine.OID, name string) error {
	r, err := l.a.Branch(context.Background(), &engine.CreateDatabase{
		Database: engine.DatabaseInfo{OID: oid, Name: name, Owner: engine.BootstrapSuperuser}, Template: engine.PostgresDatabase,
	}, func(c *engine.CreateDatabase) (engine.Result, error) { return l.propose(context.Background(), c) })
	if err == nil && r.Err != nil {
		err = r.Err
	}
	return err
}

// TestBranchIsExact: the branch goes on where the template stands, not where its
// reservation ends, and neither is moved by the other.
func TestBranchIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLog(t, DefaultPrelogMax, nil)
		s, untouched := l.create("s", nil), l.create("u", nil)
		for range 5 {
			value(t, s, 1)
		}
		if err := l.branch(20000, "d"); err != nil {
			t.Fatal(err)
		}
		copied := l.a.Sequence(engine.SequenceID{Database: 20000, Sequence: s.id.Sequence})
		if got, want := exact(t, copied), exact(t, s); got != want || got.LastValue != 5 {
			t.Errorf("the branch is at %+v, the template at %+v", got, want)
		}
		if v, w := value(t, copied, 1), value(t, s, 1); v != 6 || w != 6 {
			t.Errorf("next values %d and %d, not 6 and 6", v, w)
		}
		u := l.a.Sequence(engine.SequenceID{Database: 20000, Sequence: untouched.id.Sequence})
		if v := value(t, u, 1); v != 1 {
			t.Errorf("first value %d", v)
		}
		l.stop()
	})
}

// TestBranchUnderLoad: values are drawn, set and reserved all the time; a branch
// stands at a moment between its call and its return.
func TestBranchUnderLoad(t *testing.T) {
	l := newFakeLog(t, 1<<12, nil)
	s := l.create("s", nil)
	ctx, cancel := context.WithCancel(t.Context())
	var users sync.WaitGroup
	for owner := range uint64(4) {
		users.Go(func() {
			for ctx.Err() == nil {
				if _, _, err := s.Next(ctx, owner+1); err != nil && !errors.Is(err, context.Canceled) && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range engine.OID(30) {
		before := exact(t, s).LastValue
		if err := l.branch(20000+i, "d"+string(rune('a'+i))); err != nil {
			t.Fatal(err)
		}
		after := exact(t, s).LastValue
		copied := l.a.Sequence(engine.SequenceID{Database: 20000 + i, Sequence: s.id.Sequence})
		if at := exact(t, copied).LastValue; at < before || at > after {
			t.Errorf("the branch is at %d, the template went from %d to %d meanwhile", at, before, after)
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	users.Wait()
	l.stop()
}

// TestSetValDuringBranch: what is set after the positions were read counts.
func TestSetValDuringBranch(t *testing.T) {
	l := newFakeLog(t, DefaultPrelogMax, nil)
	s := l.create("s", nil)
	value(t, s, 1)
	r, err := l.a.Branch(t.Context(), &engine.CreateDatabase{
		Database: engine.DatabaseInfo{OID: 20000, Name: "d", Owner: engine.BootstrapSuperuser}, Template: engine.PostgresDatabase,
	}, func(c *engine.CreateDatabase) (engine.Result, error) {
		if len(c.Exact) != 1 {
			t.Errorf("exact positions: %+v", c.Exact)
		}
		if _, err := s.SetVal(context.Background(), 1, sequence.State{LastValue: 500, IsCalled: true}); err != nil {
			t.Error(err)
		}
		return l.propose(context.Background(), c)
	})
	if err != nil || r.Err != nil {
		t.Fatal(err, r.Err)
	}
	if v := value(t, l.a.Sequence(engine.SequenceID{Database: 20000, Sequence: s.id.Sequence}), 1); v != 501 {
		t.Errorf("the branch goes on with %d", v)
	}
	l.stop()
}

func TestBranchWithoutLeadership(t *testing.T) {
	l := newFakeLog(t, DefaultPrelogMax, nil)
	l.a.Stop()
	if err := l.branch(20000, "d"); !errors.Is(err, ErrNotServing) {
		t.Error(err)
	}
	l.crash()
}

func TestDroppedDatabaseEndsItsSequences(t *testing.T) {
	l := newFakeLog(t, DefaultPrelogMax, nil)
	s := l.create("s", nil)
	if err := l.branch(20000, "d"); err != nil {
		t.Fatal(err)
	}
	copied := l.a.Sequence(engine.SequenceID{Database: 20000, Sequence: s.id.Sequence})
	value(t, copied, 1)
	l.mu.RLock()
	d, _ := l.store.Catalog().Database("d")
	l.mu.RUnlock()
	if r, err := l.propose(t.Context(), &engine.DropDatabase{OID: 20000, Expect: d.Version}); err != nil || r.Err != nil {
		t.Fatal(err, r.Err)
	}
	if _, _, err := copied.Next(t.Context(), 1); err == nil {
		t.Error("a sequence of a dropped database gives values")
	}
	if v := value(t, s, 1); v != 1 {
		t.Errorf("the template's sequence gives %d", v)
	}
	l.stop()
}
