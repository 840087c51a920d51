package allocator

import (
	"context"
	"fmt"
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
	waits map[uint64]wait // by owner: blocked by a lock
	keys  map[engine.LockKey]*keyLock
	grace chan struct{} // see GraceKeys; nil: none, or over
}

// wait is somebody who is blocked. locks.mu is held.
type wait interface {
	waiting() uint64    // the owner
	blockers() []uint64 // the owners whom it waits for now
	what() string       // in which lock mode, on what
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
	w, err := s.enqueue(ctx, what, owner)
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
	l.resetKeys()
	l.mu.Unlock()
}

// block notes that w waits for the holder of its sequence, and refuses that if
// the holder waits, by however many steps, for w's owner.
func (l *locks) block(w *waiter) *sqlstate.Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.blocked(w); err != nil {
		return sqlstate.From(err)
	}
	return nil
}

// blocked notes a wait, or refuses it since it would never end. A circle is found
// when its last wait begins: a lock passes only to owners that stop waiting by it.
func (l *locks) blocked(w wait) error {
	if circle := l.circle(w, w.waiting(), map[uint64]bool{}); circle != nil {
		return deadlock(circle)
	}
	l.waits[w.waiting()] = w
	return nil
}

// link is a wait and whom of its blockers the circle goes on with.
type link struct {
	w       wait
	blocker uint64
}

// circle returns the way from a wait to one that waits for owner, nil if there is
// none.
func (l *locks) circle(w wait, owner uint64, seen map[uint64]bool) []link {
	for _, b := range w.blockers() {
		if b == owner {
			return []link{{w, b}}
		}
		next := l.waits[b]
		if next == nil || seen[b] {
			continue
		}
		seen[b] = true
		if rest := l.circle(next, owner, seen); rest != nil {
			return append([]link{{w, b}}, rest...)
		}
	}
	return nil
}

func (l *locks) unblock(w *waiter) {
	l.mu.Lock()
	if l.waits[w.owner] == wait(w) {
		delete(l.waits, w.owner)
	}
	l.mu.Unlock()
}

// pid is the process ID of an owner, which for a session of another node stands
// behind that node's number.
func pid(owner uint64) uint32 { return uint32(owner) }

// waiting implements wait.
func (w *waiter) waiting() uint64 { return w.owner }

// blockers implements wait.
func (w *waiter) blockers() []uint64 { return []uint64{w.seq.locker} }

// what implements wait.
func (w *waiter) what() string {
	return fmt.Sprintf("%s on relation %d of database %d", w.want.lockMode(), w.seq.id.Sequence, w.seq.id.Database)
}

// deadlock is PostgreSQL's error. l.mu is held, since it reads the holders.
func deadlock(circle []link) *sqlstate.Error {
	lines := make([]string, len(circle))
	for i, s := range circle {
		lines[i] = fmt.Sprintf("Process %d waits for %s; blocked by process %d.", pid(s.w.waiting()), s.w.what(), pid(s.blocker))
	}
	return sqlstate.New(sqlstate.DeadlockDetected, "deadlock detected").
		WithDetail("%s", strings.Join(lines, "\n")).
		WithHint("See server log for query details.")
}
