package session

import (
	"seqd/engine"
	"seqd/engine/query"
	"seqd/protocol/sqlstate"
)

// advisoryLocks are those that a session holds. The leader knows that it holds one;
// how often, and until when, is known here.
type advisoryLocks struct {
	held map[heldLock]*advisoryCount
	// byTransaction are those that end with the transaction, in the order in which
	// they were taken: a rollback to a savepoint gives back the newest.
	byTransaction []heldLock
}

type heldLock struct {
	key    engine.LockKey
	shared bool
}

// advisoryCount is how often a lock is held, until given back and until the end of
// the transaction.
type advisoryCount struct{ session, transaction int }

// maxAdvisory bounds what a session can make the leader remember. PostgreSQL runs
// out of shared memory at about max_locks_per_transaction × max_connections.
const maxAdvisory = 10_000

// advisoryLock takes a lock; it waits for other sessions unless it only tries.
func (s *Session) advisoryLock(key engine.LockKey, r query.AdvisoryRequest) (bool, error) {
	l := heldLock{key, r.Shared}
	c := s.advisory.held[l]
	if c == nil {
		if len(s.advisory.held) >= maxAdvisory {
			return false, sqlstate.New(sqlstate.OutOfMemory, "out of shared memory").
				WithHint("One session can hold %d advisory locks.", maxAdvisory)
		}
		got, err := s.lockKey(key, !r.Shared, r.Try)
		if err != nil || !got {
			return false, err
		}
		if s.advisory.held == nil {
			s.advisory.held = map[heldLock]*advisoryCount{}
		}
		c = &advisoryCount{}
		s.advisory.held[l] = c
	}
	if r.Transaction {
		c.transaction++
		s.advisory.byTransaction = append(s.advisory.byTransaction, l)
	} else {
		c.session++
	}
	return true, nil
}

// lockKey asks the backend for a key, for as long as the timeouts allow.
func (s *Session) lockKey(key engine.LockKey, exclusive, try bool) (bool, error) {
	defer s.limitLockWait()()
	noted := s.locks.asks(keyLock(key, exclusive), key)
	got, err := s.backend.LockKey(s.interrupt, uint64(s.pid), key, exclusive, try, s.advisoryLost)
	noted(err == nil && got)
	if err != nil {
		return false, s.explain(err)
	}
	return got, nil
}

// advisoryLost ends the session: it does not know what the lock protected.
func (s *Session) advisoryLost() {
	s.Terminate(sqlstate.Fatalf(sqlstate.CrashShutdown, "terminating connection because an advisory lock was lost").
		WithDetail("The leader of the cluster, which keeps the locks, could not be reached in time."))
}

// advisoryUnlock gives a lock back once, if the session holds it.
func (s *Session) advisoryUnlock(key engine.LockKey, shared bool) bool {
	l := heldLock{key, shared}
	c := s.advisory.held[l]
	if c == nil || c.session == 0 {
		mode := "ExclusiveLock"
		if shared {
			mode = "ShareLock"
		}
		s.notice(sqlstate.Warningf(sqlstate.Warning, "you don't own a lock of type %s", mode))
		return false
	}
	c.session--
	s.advisoryRelease(l, c)
	return true
}

func (s *Session) advisoryRelease(l heldLock, c *advisoryCount) {
	if *c == (advisoryCount{}) {
		delete(s.advisory.held, l)
		s.locks.gave(keyLock(l.key, !l.shared))
		s.backend.UnlockKey(uint64(s.pid), l.key, !l.shared)
	}
}

// advisoryUnlockAll gives back all but those of the transaction.
func (s *Session) advisoryUnlockAll() {
	for l, c := range s.advisory.held {
		c.session = 0
		s.advisoryRelease(l, c)
	}
}

// endAdvisory gives back those that the transaction took, but the first n.
func (s *Session) endAdvisory(n int) {
	list := s.advisory.byTransaction
	for i := len(list) - 1; i >= n; i-- {
		c := s.advisory.held[list[i]]
		c.transaction--
		s.advisoryRelease(list[i], c)
	}
	s.advisory.byTransaction = list[:n]
}
