package session

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"seqd/engine"
	"seqd/engine/query"
)

// lockNotes are what a session tells of its locks: those of its transaction, and the one
// that it asks for. Its own goroutine writes them, any reads.
type lockNotes struct {
	mu     sync.Mutex
	held   []query.Lock
	names  []engine.LockKey // held
	wanted *lockRequest
}

// lockRequest is what a session waits for.
type lockRequest struct {
	query.Lock
	name  engine.LockKey // if it is a name
	since time.Time
}

// relationLock is a lock on a relation of the session's database.
func (s *Session) relationLock(oid engine.OID, mode string) query.Lock {
	return query.Lock{Type: "relation", Database: s.database, Relation: oid, Mode: mode}
}

// keyLock is what a key is called in pg_locks. Who wants a name waits for the transaction
// that has it, as on PostgreSQL.
func keyLock(key engine.LockKey, exclusive bool) query.Lock {
	l := query.Lock{Type: "advisory", Database: key.Database, Class: uint32(key.Number >> 32), Object: uint32(key.Number), Sub: 1, Mode: "ShareLock"}
	if exclusive {
		l.Mode = "ExclusiveLock"
	}
	switch key.Class {
	case engine.LockAdvisoryPair:
		l.Sub = 2
	case engine.LockName:
		return query.Lock{Type: "transactionid", Mode: "ShareLock"}
	}
	return l
}

// asks notes what the session asks for; the result notes whether it has got it.
func (n *lockNotes) asks(l query.Lock, name engine.LockKey) (got func(bool)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wanted = &lockRequest{l, name, time.Now()}
	return func(ok bool) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.wanted = nil
		switch {
		case !ok:
		case l.Type == "transactionid":
			n.names = append(n.names, name)
		default:
			l.Granted = true
			if !slices.Contains(n.held, l) {
				n.held = append(n.held, l)
			}
		}
	}
}

// gave notes that a lock was given back.
func (n *lockNotes) gave(l query.Lock) {
	l.Granted = true
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held = slices.DeleteFunc(n.held, func(o query.Lock) bool { return o == l })
}

// gaveRelations notes that all locks of relations were.
func (n *lockNotes) gaveRelations() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held = slices.DeleteFunc(n.held, func(o query.Lock) bool { return o.Type == "relation" })
}

func (n *lockNotes) gaveNames(kept int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.names = n.names[:min(kept, len(n.names))]
}

// slowAsk is how long a request to a leader elsewhere takes at the most if nothing stands
// in its way: it is shown as waiting after that.
const slowAsk = 100 * time.Millisecond

// Locks implements query.Host. The node that leads knows who waits, of all nodes; another
// shows its own sessions.
func (d *Directory) Locks() []query.Lock {
	d.mu.Lock()
	sessions := make(map[uint64]*Session, len(d.sessions))
	for pid, s := range d.sessions {
		sessions[uint64(uint32(pid))] = s
	}
	d.mu.Unlock()
	var known []engine.LockState
	leads := false
	for _, s := range sessions {
		known, leads = s.backend.Locks(), s.backend.Leads()
		break
	}
	now := time.Now()
	list := &lockList{sessions: sessions, waits: map[uint64]engine.LockState{}, leads: leads, now: now}
	for _, k := range known {
		switch _, own := sessions[k.Owner]; {
		case !own:
			list.foreign(k)
		case !k.Granted:
			list.waits[k.Owner] = k
		}
	}
	for owner, s := range sessions {
		list.session(owner, s)
	}
	list.guess()
	slices.SortFunc(list.locks, func(a, b query.Lock) int {
		return cmp.Or(cmp.Compare(a.PID, b.PID), cmp.Compare(b.Type, a.Type), cmp.Compare(a.Relation, b.Relation),
			cmp.Compare(a.Class, b.Class), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Mode, b.Mode))
	})
	return list.locks
}

// lockList is pg_locks as it is gathered.
type lockList struct {
	sessions map[uint64]*Session
	waits    map[uint64]engine.LockState // of own sessions, as the leader knows them
	leads    bool
	now      time.Time
	locks    []query.Lock
	asked    []query.Lock // by own sessions, of a leader elsewhere
}

// lockOf is what the leader knows of a lock.
func (l *lockList) lockOf(k engine.LockState) query.Lock {
	lock := query.Lock{Type: "relation", Database: k.Sequence.Database, Relation: k.Sequence.Sequence, Mode: k.Mode}
	if k.Sequence == (engine.SequenceID{}) {
		lock = keyLock(k.Key, k.Exclusive)
	}
	lock.PID = int32(uint32(k.Owner))
	if lock.Granted = k.Granted; !k.Granted {
		lock.WaitStart = l.now.UnixMicro() - k.Waited
	}
	return lock
}

// foreign adds a lock of another node's session.
func (l *lockList) foreign(k engine.LockState) {
	lock := l.lockOf(k)
	if lock.Type == "transactionid" {
		if k.Granted {
			return
		}
		lock.TransactionID = l.nameHolder(k.Key)
	}
	lock.Owner = fmt.Sprintf("%d/0", lock.PID)
	l.locks = append(l.locks, lock)
}

// session adds those of one session.
func (l *lockList) session(owner uint64, s *Session) {
	a := s.activity.show()
	who := fmt.Sprintf("%d/%d", a.PID, a.VirtualID)
	add := func(lock query.Lock) {
		lock.PID, lock.Owner = a.PID, who
		l.locks = append(l.locks, lock)
	}
	if a.Transaction != 0 {
		add(query.Lock{Type: "virtualxid", VirtualID: who, Mode: "ExclusiveLock", Granted: true})
	}
	if a.TransactionID != 0 {
		add(query.Lock{Type: "transactionid", TransactionID: a.TransactionID, Mode: "ExclusiveLock", Granted: true})
	}
	s.locks.mu.Lock()
	held, wanted := slices.Clone(s.locks.held), s.locks.wanted
	s.locks.mu.Unlock()
	for _, lock := range held {
		add(lock)
	}
	wait, known := l.waits[owner]
	switch {
	case wanted != nil:
		lock := wanted.Lock
		lock.PID, lock.Owner = a.PID, who
		if lock.WaitStart = wanted.since.UnixMicro(); lock.Type == "transactionid" {
			lock.TransactionID = l.nameHolder(wanted.name)
		}
		if known {
			l.locks = append(l.locks, lock)
		} else if !l.leads {
			l.asked = append(l.asked, lock)
		}
	case known: // nextval or setval
		add(l.lockOf(wait))
	}
}

// guess adds what sessions have asked a leader elsewhere for, if it seems that they wait:
// another session of this node has it, or there has been no answer for a while. nextval
// and setval may have to wait for other reasons.
func (l *lockList) guess() {
	for _, lock := range l.asked {
		stopped := slices.ContainsFunc(l.locks, func(o query.Lock) bool { return o.PID != lock.PID && o.Stops(lock) })
		if stopped || lock.Mode != rowExclusive && l.now.UnixMicro()-lock.WaitStart > slowAsk.Microseconds() {
			l.locks = append(l.locks, lock)
		}
	}
}

// asksElsewhere is asks for a nextval or a setval. The node that leads knows by itself who waits.
func (s *Session) asksElsewhere(oid engine.OID) (done func()) {
	if s.backend.Leads() {
		return func() {}
	}
	noted := s.locks.asks(s.relationLock(oid, rowExclusive), engine.LockKey{})
	return func() { noted(false) }
}

// nameHolder is the transaction that has claimed a name, 0 if it is another node's.
func (l *lockList) nameHolder(name engine.LockKey) uint64 {
	for _, s := range l.sessions {
		s.locks.mu.Lock()
		has := slices.Contains(s.locks.names, name)
		s.locks.mu.Unlock()
		if has {
			return s.activity.show().TransactionID
		}
	}
	return 0
}
