package allocator

import (
	"context"
	"fmt"
	"slices"
	"time"

	"seqd/engine"
	"seqd/protocol/sqlstate"
)

// keyLock is a LockKey that somebody holds or waits for. It is guarded by locks.mu,
// as is everything about keys.
type keyLock struct {
	holders map[uint64]keyHold
	queue   []*keyWaiter
}

// keyHold is how an owner holds a key: in one way, or in both.
type keyHold struct{ shared, exclusive bool }

// keyWaiter waits for a key.
type keyWaiter struct {
	owner     uint64
	key       engine.LockKey
	exclusive bool
	at        time.Duration // the clock when it began to wait

	lock     *keyLock
	finished bool
	err      *sqlstate.Error
	done     chan struct{} // closed when finished
}

// KeyRequest says how a key is wanted.
type KeyRequest struct {
	Exclusive bool
	// Try: tell at once whether it can be had.
	Try bool
	// Again: the owner had it of the leader before, so it need not wait until all
	// owners have had the time to ask for theirs (see GraceKeys). Implies Try.
	Again bool
}

// LockKey gives owner a key, which it may hold shared and exclusively at once;
// how often it asked for it is its own business. Waiters are served in the order in
// which they came; a circle of them is 40P01. false: Try, and it can't be had now.
func (a *Allocator) LockKey(ctx context.Context, owner uint64, key engine.LockKey, r KeyRequest) (bool, error) {
	if err := a.Confirm(ctx); err != nil {
		return false, err // a successor may have given it to somebody else
	}
	for {
		w, grace, err := a.locks.wantKey(a, owner, key, r)
		switch {
		case err != nil:
			return false, err
		case grace != nil: // nothing is given out yet, nor told to be taken
			select {
			case <-grace:
				continue
			case <-ctx.Done():
				return false, canceled(ctx)
			}
		case w == nil:
			return false, nil
		}
		if err := a.waitForKey(ctx, w); err != nil {
			return false, err
		}
		return true, nil
	}
}

// waitForKey waits until a key is given. It counts only while this node leads.
func (a *Allocator) waitForKey(ctx context.Context, w *keyWaiter) error {
	select {
	case <-w.done:
	case <-ctx.Done():
		if a.locks.cancelKey(w) {
			return canceled(ctx)
		}
	}
	if w.err != nil {
		return w.err
	}
	if err := a.Confirm(ctx); err != nil {
		a.UnlockKey(w.owner, w.key, w.exclusive)
		return err
	}
	return nil
}

// UnlockKey gives a key back that owner holds in this way.
func (a *Allocator) UnlockKey(owner uint64, key engine.LockKey, exclusive bool) {
	a.locks.mu.Lock()
	defer a.locks.mu.Unlock()
	k := a.locks.keys[key]
	if k == nil {
		return
	}
	h := k.holders[owner]
	if exclusive {
		h.exclusive = false
	} else {
		h.shared = false
	}
	k.holders[owner] = h
	a.locks.settle(key, k, owner)
}

// UnlockKeys gives back all keys of owner.
func (a *Allocator) UnlockKeys(owner uint64) {
	a.locks.mu.Lock()
	defer a.locks.mu.Unlock()
	for key, k := range a.locks.keys {
		if _, ok := k.holders[owner]; ok {
			k.holders[owner] = keyHold{}
			a.locks.settle(key, k, owner)
		}
	}
}

// GraceKeys has keys given out for a while only to owners that had them of the
// leader before. Call it before Start.
func (a *Allocator) GraceKeys(d time.Duration) {
	over := make(chan struct{})
	a.locks.mu.Lock()
	a.locks.grace = over
	a.locks.mu.Unlock()
	time.AfterFunc(d, func() {
		a.locks.mu.Lock()
		if a.locks.grace == over {
			a.locks.grace = nil
		}
		a.locks.mu.Unlock()
		close(over)
	})
}

// wantKey lines up for a key. The waiter is nil if the key can't be had and is only
// tried for; grace is not nil if that can't be told yet.
func (l *locks) wantKey(a *Allocator, owner uint64, key engine.LockKey, r KeyRequest) (w *keyWaiter, grace chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.term.Load() == 0 {
		return nil, nil, ErrNotServing
	}
	if l.grace != nil && !r.Again && key.Class != engine.LockName {
		return nil, l.grace, nil
	}
	k := l.keys[key]
	if k == nil {
		k = &keyLock{holders: map[uint64]keyHold{}}
		l.keys[key] = k
	}
	w = &keyWaiter{owner: owner, key: key, exclusive: r.Exclusive, at: a.now(), lock: k, done: make(chan struct{})}
	_, holds := k.holders[owner]
	free := k.compatible(w) && (holds || r.Again || len(k.blockers(w, k.queue)) == 0)
	switch {
	case free:
		k.give(w)
		return w, nil, nil
	case r.Try || r.Again:
		return nil, nil, nil
	}
	at := len(k.queue)
	if holds { // those whom it keeps waiting can't be waited for
		at = 0
	}
	k.queue = slices.Insert(k.queue, at, w)
	if err := l.blocked(w); err != nil {
		w.leave()
		return nil, nil, err
	}
	return w, nil, nil
}

// compatible tells whether a key could be given to w besides its other holders.
func (k *keyLock) compatible(w *keyWaiter) bool {
	for owner, h := range k.holders {
		if owner != w.owner && (h.exclusive || w.exclusive) {
			return false
		}
	}
	return true
}

// blockers are the owners that stand in w's way: holders, and who came before.
func (k *keyLock) blockers(w *keyWaiter, before []*keyWaiter) (owners []uint64) {
	for owner, h := range k.holders {
		if owner != w.owner && (h.exclusive || w.exclusive) {
			owners = append(owners, owner)
		}
	}
	for _, b := range before {
		if b.owner != w.owner && (b.exclusive || w.exclusive) {
			owners = append(owners, b.owner)
		}
	}
	slices.Sort(owners)
	return owners
}

func (k *keyLock) give(w *keyWaiter) {
	h := k.holders[w.owner]
	if w.exclusive {
		h.exclusive = true
	} else {
		h.shared = true
	}
	k.holders[w.owner] = h
	w.finished = true
	close(w.done)
}

// leave takes a waiter out of its queue.
func (w *keyWaiter) leave() {
	w.finished = true
	if i := slices.Index(w.lock.queue, w); i >= 0 {
		w.lock.queue = slices.Delete(w.lock.queue, i, i+1)
	}
}

// settle follows a change of owner's hold: it gives the key to those who can have
// it now.
func (l *locks) settle(key engine.LockKey, k *keyLock, owner uint64) {
	if k.holders[owner] == (keyHold{}) {
		delete(k.holders, owner)
	}
	for i := 0; i < len(k.queue); {
		w := k.queue[i]
		if len(k.blockers(w, k.queue[:i])) > 0 {
			i++
			continue
		}
		k.queue = slices.Delete(k.queue, i, i+1)
		if l.waits[w.owner] == wait(w) {
			delete(l.waits, w.owner)
		}
		k.give(w)
	}
	if len(k.holders) == 0 && len(k.queue) == 0 {
		delete(l.keys, key)
	}
}

// cancelKey ends a wait, unless the key has been given at that very moment.
func (l *locks) cancelKey(w *keyWaiter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.finished {
		return false
	}
	w.leave()
	if l.waits[w.owner] == wait(w) {
		delete(l.waits, w.owner)
	}
	l.settle(w.key, w.lock, w.owner)
	return true
}

// resetKeys forgets all keys, since this node does not lead any more; mu is held.
func (l *locks) resetKeys() {
	for key, k := range l.keys {
		for _, w := range k.queue {
			w.err = ErrNotServing
			w.finished = true
			delete(l.waits, w.owner)
			close(w.done)
		}
		delete(l.keys, key)
	}
	l.grace = nil
}

// waiting implements wait.
func (w *keyWaiter) waiting() uint64 { return w.owner }

// blockers implements wait.
func (w *keyWaiter) blockers() []uint64 {
	i := max(0, slices.Index(w.lock.queue, w))
	return w.lock.blockers(w, w.lock.queue[:i])
}

// what implements wait.
func (w *keyWaiter) what() string {
	mode := "ShareLock"
	if w.exclusive {
		mode = "ExclusiveLock"
	}
	switch k := w.key; k.Class {
	case engine.LockAdvisory:
		return fmt.Sprintf("%s on advisory lock [%d,%d,%d,1]", mode, k.Database, k.Number>>32, uint32(k.Number))
	case engine.LockAdvisoryPair:
		return fmt.Sprintf("%s on advisory lock [%d,%d,%d,2]", mode, k.Database, k.Number>>32, uint32(k.Number))
	default:
		return fmt.Sprintf("%s on the name \"%s\" in schema %d of database %d", mode, k.Name, k.Schema, k.Database)
	}
}
