// Package lease decides when a leader may serve from memory (Holder, Waiter), and
// when any node may hand out values that its sessions have cached (Grants). It is
// pure: no goroutine, no clock of its own, no raft.
//
// A leader proposes an entry that says "I hold the lease for D", having read its
// clock first: that reading is Asked. Once the entry is applied the leader serves
// from memory until Asked + 0.8 D. Everybody else who comes to lead waits D from when
// it received the last such entry of another holder before serving anything, and
// before proposing a lease of its own. So the times in which two leaders serve do
// not overlap, although a leader that is paused or cut off does not know that it
// was deposed.
//
// What this rests on, and what not:
//   - No value comes twice and no change is lost whatever clocks do: reservations
//     and the log's terms see to that. The lease is about order alone.
//   - Two clocks may run up to 10 % wrong in opposite directions: 0.8 / 0.9 of D
//     ends before 1.0 / 1.1 of D. Where they start, and jumps of the time of day,
//     do not matter: no reading is compared with one of another machine.
//   - The holder's clock must go on while the machine is suspended (BootClock).
//   - A hypervisor that stops the guest's clocks is not covered.
//
// The checked models of all this are in model_test.go and grants_model_test.go.
package lease

import (
	"sync"
	"sync/atomic"
	"time"
)

// The figures of a lease.
const (
	// Duration is D.
	Duration = 1200 * time.Millisecond
	// RenewEvery is how often a lease in use is renewed, before it gets short.
	RenewEvery = 400 * time.Millisecond
	// WarmFor is how long an unused lease is kept up.
	WarmFor = 10 * time.Second
)

// Serve is for how long the holder of a lease of duration d serves: 0.8 d.
func Serve(d time.Duration) time.Duration { return d * 8 / 10 }

// Record is what the log says about the lease.
type Record struct {
	Holder string // node ID; "" if there never was a lease
	Boot   string // the boot of the machine, or the life of the process, that holds it
	Term   uint64 // the leadership session
	// Millis is the duration, in ms. 0: the holder gave the lease back.
	Millis uint64
}

// Duration is for how long others wait.
func (r Record) Duration() time.Duration { return time.Duration(r.Millis) * time.Millisecond }

// Holder is the leader's side: whether it may serve from memory now.
type Holder struct {
	now    func() time.Duration
	exempt atomic.Bool
	until  atomic.Int64 // a reading of now; 0: no
	used   atomic.Bool  // since the last call of Due

	mu       sync.Mutex
	term     uint64        // 0: no session, whatever is applied
	asked    time.Duration // of the newest lease
	lastUsed time.Duration
}

// NewHolder returns a holder without a lease. now is the machine's BootClock.
func NewHolder(now func() time.Duration) *Holder { return &Holder{now: now} }

// Open begins a leadership session. An exempt one needs no lease: its node is the
// only voter, so that nobody can be elected without its consent.
func (h *Holder) Open(term uint64, exempt bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.term, h.asked, h.lastUsed = term, 0, h.now()
	h.until.Store(0)
	h.exempt.Store(exempt)
}

// Close ends the session: Holds says no from here on, even if an entry that was
// proposed before is applied later. A lease is given back only after that.
func (h *Holder) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.term = 0
	h.until.Store(0)
	h.exempt.Store(false)
}

// Exempt changes whether the session needs a lease. A second voter may be added
// only after it does need one, and has one.
func (h *Holder) Exempt(exempt bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.exempt.Store(exempt && h.term != 0)
}

// Exempted tells whether the session needs no lease.
func (h *Holder) Exempted() bool { return h.exempt.Load() }

// Applied tells of an applied lease entry of this node's. asked is the clock as it
// was read before the entry was proposed. It reports whether the entry belongs to
// the session.
func (h *Holder) Applied(r Record, asked time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.term == 0 || r.Term != h.term || r.Millis == 0 {
		return false
	}
	h.asked = max(h.asked, asked)
	h.until.Store(max(h.until.Load(), int64(asked+Serve(r.Duration()))))
	return true
}

// Holds tells whether the node may serve from memory at this moment. It is asked
// after a value was taken and before it is given away.
func (h *Holder) Holds() bool {
	if h.exempt.Load() {
		return true
	}
	if !h.used.Load() {
		h.used.Store(true)
	}
	until := h.until.Load()
	return until != 0 && int64(h.now()) < until
}

// Due tells whether the lease is to be renewed now: it is in use, and was asked
// for at least every ago. It is called every now and then.
func (h *Holder) Due(every time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	if h.used.Swap(false) {
		h.lastUsed = now
	}
	return h.term != 0 && !h.exempt.Load() && now-h.lastUsed < WarmFor && now-h.asked >= every
}
