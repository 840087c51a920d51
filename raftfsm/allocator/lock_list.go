package allocator

import "seqd/engine"

// Locks are those that owners hold and wait for, in no order; none unless this node
// leads.
func (a *Allocator) Locks() []engine.LockState {
	l := &a.locks
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []engine.LockState
	for owner, held := range l.held {
		for _, s := range held {
			list = append(list, engine.LockState{Owner: owner, Sequence: s.id, Mode: wantLock.lockMode(), Granted: true})
		}
	}
	for key, k := range l.keys {
		for owner, h := range k.holders {
			if h.exclusive {
				list = append(list, engine.LockState{Owner: owner, Key: key, Exclusive: true, Granted: true})
			}
			if h.shared {
				list = append(list, engine.LockState{Owner: owner, Key: key, Granted: true})
			}
		}
	}
	now := a.now()
	for owner, w := range l.waits {
		switch w := w.(type) {
		case *waiter:
			list = append(list, engine.LockState{Owner: owner, Sequence: w.seq.id, Mode: w.want.lockMode(), Waited: (now - w.at).Microseconds()})
		case *keyWaiter:
			list = append(list, engine.LockState{Owner: owner, Key: w.key, Exclusive: w.exclusive, Waited: (now - w.at).Microseconds()})
		}
	}
	return list
}
