package allocator

import (
	"context"
	"slices"
	"strings"
	"sync"

	"seqd/engine"
	"seqd/protocol/sqlstate"
)

// locks knows who holds which sequence and who waits for whom. An owner waits for
// one thing at a time, since a session does one thing at a time.
type locks struct {
	mu    sync.Mutex
	held  map[uint64][]*Sequence
	waits map[uint64]*waiter // by owner: blocked by a lock
}

// Lock keeps every other owner off a sequence until Unlock, and returns its exact
// position, which then only owner can change. Locks of different sequences may be
// taken in any order: who closes a circle of waiters gets 40P01.
func (a *Allocator) Lock(ctx context.Context, owner uint64, id engine.SequenceID) (engine.Position, error) {
	w, err := a.await(ctx, wantLock, owner, id)
	if err != nil {
		return engine.Position{}, err
	}
	return w.position, nil
}

// AwaitUnlock waits until no other owner has the sequence locked.
func (a *Allocator) AwaitUnlock(ctx context.Context, owner uint64, id engine.SequenceID) error {
	_, err := a.await(ctx, wantFree, owner, id)
	return err
}

func (a *Allocator) await(ctx context.Context, what want, owner uint64, id engine.SequenceID) (*waiter, error) {
	s := a.Sequence(id)
	if s == nil {
		return nil, sqlstate.Errorf(sqlstate.UndefinedTable, "could not open relation with OID %d", id.Sequence)
	}
	s.mu.Lock()
	w, err := s.enqueue(what, owner)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return w, s.wait(ctx, w)
}

// Unlock gives back all locks that owner holds.
func (a *Allocator) Unlock(owner uint64) {
	a.locks.mu.Lock()
	list := a.locks.held[owner]
	delete(a.locks.held, owner)
	a.locks.mu.Unlock()
	for _, s := range list {
		s.mu.Lock()
		if s.locker == owner {
			s.setLocker(0)
			s.pump()
		}
		s.mu.Unlock()
	}
}

func (s *Sequence) setLocker(owner uint64) {
	s.a.locks.mu.Lock()
	s.locker = owner
	s.a.locks.mu.Unlock()
}

// claim makes owner the holder of a free sequence; s.mu is held.
func (l *locks) claim(owner uint64, s *Sequence) {
	l.mu.Lock()
	s.locker = owner
	l.held[owner] = append(l.held[owner], s)
	l.mu.Unlock()
}

// release undoes a claim; s.mu is held.
func (l *locks) release(owner uint64, s *Sequence) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.locker = 0
	list := slices.DeleteFunc(l.held[owner], func(o *Sequence) bool { return o == s })
	if len(list) == 0 {
		delete(l.held, owner)
		return
	}
	l.held[owner] = list
}

func (l *locks) reset() {
	l.mu.Lock()
	clear(l.held)
	l.mu.Unlock()
}

// block notes that w waits for the holder of its sequence, and refuses that if
// the holder waits, by however many steps, for w's owner. A circle is found when
// its last wait begins: a lock passes only to owners that stop waiting by it.
func (l *locks) block(w *waiter) *sqlstate.Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waits[w.owner] = w
	circle := []*waiter{w}
	for {
		holder := circle[len(circle)-1].seq.locker
		if holder == w.owner {
			return deadlock(circle)
		}
		next := l.waits[holder]
		if next == nil || slices.Contains(circle, next) {
			return nil // the holder runs; or waits in a circle without w, about to be broken
		}
		circle = append(circle, next)
	}
}

func (l *locks) unblock(w *waiter) {
	l.mu.Lock()
	if l.waits[w.owner] == w {
		delete(l.waits, w.owner)
	}
	l.mu.Unlock()
}

// pid is the process ID of an owner, which for a session of another node stands
// behind that node's number.
func pid(owner uint64) uint32 { return uint32(owner) }

// deadlock is PostgreSQL's error. l.mu is held, since it reads the holders.
func deadlock(circle []*waiter) *sqlstate.Error {
	lines := make([]string, len(circle))
	for i, w := range circle {
		lines[i] = sqlstate.Errorf(sqlstate.DeadlockDetected,
			"Process %d waits for %s on relation %d of database %d; blocked by process %d.",
			pid(w.owner), w.want.lockMode(), w.seq.id.Sequence, w.seq.id.Database, pid(w.seq.locker)).Message
	}
	return sqlstate.New(sqlstate.DeadlockDetected, "deadlock detected").
		WithDetail("%s", strings.Join(lines, "\n")).
		WithHint("See server log for query details.")
}
