package lease

import (
	"sync"
	"time"
)

// Waiter is everybody else's side: how long a new leader has to wait. It hears of
// every applied lease entry, on every node and also while the log is replayed.
type Waiter struct {
	now        func() time.Duration
	node, boot string

	mu     sync.Mutex
	record Record
	until  time.Duration // when the record's holder serves no more, as seen from here
}

// NewWaiter returns the waiter of a node. boot tells this boot of the machine from
// every other one. now may be any monotonic clock: one that stops in a suspend
// only makes the wait longer.
func NewWaiter(node, boot string, now func() time.Duration) *Waiter {
	return &Waiter{now: now, node: node, boot: boot}
}

// Applied tells of a lease entry, in log order, and when it was received; also that a
// snapshot has r as its last one. What is heard late counts as if it had just been
// asked for. A lease that lands in the log behind its own release is in force again.
func (w *Waiter) Applied(r Record, received time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	until := received + r.Duration()
	switch {
	case r.Millis == 0:
		until = 0
	case r.Holder == w.record.Holder && r.Boot == w.record.Boot:
		until = max(until, w.until) // should D ever become smaller
	}
	w.record, w.until = r, until
}

// Wait is how much longer a leader has to wait before it may serve. Its own lease
// is no reason to wait: it stopped serving before, or it was another process on
// this boot of the machine that is gone, since the data folder's lock is ours.
func (w *Waiter) Wait() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	own := w.record.Holder == w.node && w.record.Boot == w.boot
	if w.record.Millis == 0 || own {
		return 0
	}
	return max(0, w.until-w.now())
}

// Ended is when the last holder's lease ended, as seen from here: now, if it gave it
// back or it is this node's own. Whoever led before this node served until then at most.
func (w *Waiter) Ended() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	own := w.record.Holder == w.node && w.record.Boot == w.boot
	if w.record.Millis == 0 || own {
		return now
	}
	return min(w.until, now)
}

// Record is the last lease entry.
func (w *Waiter) Record() Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.record
}

// Left is for how long the last holder may still serve, as far as can be told here,
// whoever it is.
func (w *Waiter) Left() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(0, w.until-w.now())
}
