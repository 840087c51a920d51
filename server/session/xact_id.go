package session

import (
	"slices"
	"sync"
	"time"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// transactionIDs gives IDs to the transactions of one node that write, or ask for one.
type transactionIDs struct {
	mu          sync.Mutex
	first, next uint64 // of this run of the server, and the next
	running     map[uint64]struct{}
	last        uint64 // the greatest that has ended
	aborted     map[uint64]struct{}
	order       []uint64 // of aborted
}

// maxAborted bounds what is remembered of the past: pg_xact_status does not know what
// lies before.
const maxAborted = 10_000

// begin has IDs start at the time, in microseconds: those of a run before, which made
// fewer than a million a second, are all smaller.
func (t *transactionIDs) begin(now time.Time) {
	t.first = uint64(now.UnixMicro())
	t.next, t.last = t.first, t.first-1
	t.running, t.aborted = map[uint64]struct{}{}, map[uint64]struct{}{}
}

func (t *transactionIDs) assign() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := t.next
	t.next++
	t.running[id] = struct{}{}
	return id
}

// end notes how a transaction ended. Only the first word on it counts.
func (t *transactionIDs) end(id uint64, committed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.running[id]; !ok {
		return
	}
	delete(t.running, id)
	t.last = max(t.last, id)
	if committed {
		return
	}
	t.aborted[id] = struct{}{}
	t.order = append(t.order, id)
	if len(t.order) > maxAborted {
		t.first = max(t.first, t.order[0]+1)
		delete(t.aborted, t.order[0])
		t.order = slices.Delete(t.order, 0, 1)
	}
}

// TransactionStatus implements query.Host.
func (d *Directory) TransactionStatus(id uint64) (string, error) {
	t := &d.xids
	t.mu.Lock()
	defer t.mu.Unlock()
	_, running := t.running[id]
	_, aborted := t.aborted[id]
	switch {
	case id == 0:
		return "", nil
	case id >= t.next:
		return "", sqlstate.Errorf(sqlstate.InvalidParameterValue, "transaction ID %d is in the future", id)
	case uint32(id) == 1, uint32(id) == 2: // bootstrap and frozen
		return "committed", nil
	case running:
		return "in progress", nil
	case aborted:
		return "aborted", nil
	case id < t.first:
		return "", nil
	}
	return "committed", nil
}

// Snapshot implements query.Host.
func (d *Directory) Snapshot(own uint64) pgtypes.Snapshot {
	t := &d.xids
	t.mu.Lock()
	defer t.mu.Unlock()
	s := pgtypes.Snapshot{Min: t.last + 1, Max: t.last + 1}
	for id := range t.running {
		s.Min = min(s.Min, id)
		if id < s.Max && id != own {
			s.Running = append(s.Running, id)
		}
	}
	slices.Sort(s.Running)
	return s
}

// transactionID is the ID of the transaction, which gets one now.
func (s *Session) transactionID() uint64 {
	if s.tx.id == 0 {
		s.tx.id = s.directory.xids.assign()
		s.activity.mu.Lock()
		s.activity.now.TransactionID = s.tx.id
		s.activity.mu.Unlock()
	}
	return s.tx.id
}

// endTransactionID tells how the transaction has ended.
func (s *Session) endTransactionID(committed bool) {
	if s.tx.id == 0 {
		return
	}
	s.directory.xids.end(s.tx.id, committed)
	s.activity.mu.Lock()
	s.activity.now.TransactionID = 0
	s.activity.mu.Unlock()
}

// TransactionID implements query.Session.
func (e evaluator) TransactionID(assign bool) uint64 {
	if assign {
		return e.s.transactionID()
	}
	return e.s.tx.id
}
