package session

import (
	"context"
	"testing"

	"seqd/engine"
	"seqd/engine/query"
	"seqd/server/session/settings"
)

func (m *memory) LockKey(_ context.Context, _ uint64, key engine.LockKey, exclusive, _ bool, _ func()) (bool, error) {
	m.keys[heldLock{key, !exclusive}]++
	return true, nil
}

func (m *memory) Locks() []engine.LockState { return nil }

func (m *memory) UnlockKey(_ uint64, key engine.LockKey, exclusive bool) {
	m.keys[heldLock{key, !exclusive}]--
}

// The backend hears of the first lock and of the last unlock, whatever happens in
// between: by hand, at the end of a transaction, at a savepoint.
func TestAdvisoryLocksAreCounted(t *testing.T) {
	m := newMemory()
	s := &Session{backend: m, interrupt: newInterrupt(), settings: settings.New(), user: &engine.Role{}}
	key := engine.LockKey{Class: engine.LockAdvisory, Number: 1}
	held := func(want int) {
		t.Helper()
		if got := m.keys[heldLock{key, false}]; got != want {
			t.Fatalf("held %d times by the backend, want %d", got, want)
		}
	}
	lock := func(inTransaction bool) {
		t.Helper()
		if got, err := s.advisoryLock(key, query.AdvisoryRequest{Transaction: inTransaction}); !got || err != nil {
			t.Fatal(got, err)
		}
		held(1)
	}
	lock(false)
	lock(true)
	lock(false)
	lock(true)
	s.endAdvisory(1) // back to a savepoint
	s.advisoryUnlockAll()
	held(1)
	s.endAdvisory(0)
	held(0)
	lock(true)
	s.endAdvisory(0)
	held(0)
	lock(false)
	if !s.advisoryUnlock(key, false) {
		t.Error("the session owns it")
	}
	held(0)
}
