package auth

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"seqd/protocol/sqlstate"
)

// errWrong: it was not the password.
var errWrong = errors.New("wrong password")

// limits say how fast somebody may guess. Wrong passwords up to free cost nothing;
// then each is answered later than the one before, up to max. A wrong one is counted
// for forget. Only so many may be looked at or held back at a time, and when wrong
// ones came before, only so many more may wait.
type limits struct {
	free         int
	step, max    time.Duration
	forget       time.Duration
	slots, queue int
}

var (
	// ofPair is for one user from one address: at most one guess a second.
	ofPair = limits{free: 3, step: 250 * time.Millisecond, max: 4 * time.Second, forget: 30 * time.Second, slots: 4, queue: 16}
	// ofAddress is for all users from one address that have never logged in from
	// there, so that names can't be tried by the thousand.
	ofAddress = limits{free: 50, step: 20 * time.Millisecond, max: time.Second, forget: 5 * time.Second, slots: 32, queue: 64}
)

// How many addresses, and users at addresses, are remembered. The ones not seen for
// the longest time are forgotten, so memory is bounded whatever comes.
const (
	pairsMax     = 1 << 15
	addressesMax = 1 << 13
)

// throttle slows those down who guess passwords, and nobody else: a user who has
// logged in from an address waits for none of the other users there, and other
// addresses for nobody at all. It never shuts anybody out for a time.
type throttle struct {
	mu        sync.Mutex
	pairs     *simplelru.LRU[pair, *bucket]
	addresses *simplelru.LRU[netip.Prefix, *bucket]
}

type pair struct {
	from netip.Prefix
	user string
}

func newThrottle() *throttle {
	t := &throttle{}
	t.pairs, _ = simplelru.NewLRU[pair, *bucket](pairsMax, nil)                 // fails for sizes below 1
	t.addresses, _ = simplelru.NewLRU[netip.Prefix, *bucket](addressesMax, nil) // the same
	return t
}

// bucket counts the wrong passwords of one pair or address.
type bucket struct {
	limits
	slot chan struct{} // full: all slots are taken

	mu      sync.Mutex
	wrong   int
	counted time.Time // when wrong was last brought up to date
	waiting int
	known   bool // has logged in
}

func newBucket(l limits) *bucket { return &bucket{limits: l, slot: make(chan struct{}, l.slots)} }

// attempt runs check when it is its turn. It returns nil if check says yes, at once;
// errWrong if it says no, when it is time to say so; or an error that says that check
// was not run.
func (t *throttle) attempt(ctx context.Context, addr netip.Addr, user string, check func() bool) error {
	own, others := t.buckets(addr, user)
	if err := own.enter(ctx); err != nil {
		return err
	}
	defer own.leave()
	if others != nil {
		if err := others.enter(ctx); err != nil {
			return err
		}
		defer others.leave()
	}
	if check() {
		own.succeeded()
		return nil
	}
	delay := own.failed()
	if others != nil {
		delay = max(delay, others.failed())
	}
	pause(ctx, delay)
	return errWrong
}

// pause waits, though the client may be gone and its time may be up: else guesses
// whose time ends together would all be free. Only a stop of the server ends it.
func pause(ctx context.Context, delay time.Duration) {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		if ctx.Err() == context.DeadlineExceeded {
			<-timer.C
		}
	}
}

// buckets are those that an attempt counts in; others is nil for a user who is known
// at this address.
func (t *throttle) buckets(addr netip.Addr, user string) (own, others *bucket) {
	from := network(addr)
	t.mu.Lock()
	defer t.mu.Unlock()
	key := pair{from, user}
	own, ok := t.pairs.Get(key)
	if !ok {
		own = newBucket(ofPair)
		t.pairs.Add(key, own)
	}
	if own.isKnown() {
		return own, nil
	}
	others, ok = t.addresses.Get(from)
	if !ok {
		others = newBucket(ofAddress)
		t.addresses.Add(from, others)
	}
	return own, others
}

// network is what counts as one address: a customer has at least a /64 of IPv6.
func network(addr netip.Addr) netip.Prefix {
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.WithZone("").Prefix(bits) // an invalid address gives an invalid prefix
	return p
}

// enter takes a slot. Those who would have to wait behind many wrong ones are
// refused, so that a crowd of guesses holds up nothing but itself.
func (b *bucket) enter(ctx context.Context) error {
	select {
	case b.slot <- struct{}{}:
		return nil
	default:
	}
	b.mu.Lock()
	b.age()
	if b.wrong > b.free && b.waiting >= b.queue {
		b.mu.Unlock()
		return sqlstate.Fatalf(sqlstate.TooManyConnections, "too many failed logins from this address").
			WithHint("Try again in a moment.")
	}
	b.waiting++
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.waiting--
		b.mu.Unlock()
	}()
	select {
	case b.slot <- struct{}{}:
		if ctx.Err() == nil {
			return nil
		}
		b.leave() // both were ready
	case <-ctx.Done():
	}
	return ctx.Err()
}

func (b *bucket) leave() { <-b.slot }

// age forgets wrong passwords one by one. b.mu is held.
func (b *bucket) age() {
	now := time.Now()
	if b.wrong == 0 {
		b.counted = now
		return
	}
	forgotten := int(now.Sub(b.counted) / b.forget)
	b.wrong = max(0, b.wrong-forgotten)
	b.counted = b.counted.Add(time.Duration(forgotten) * b.forget)
}

// failed counts a wrong password and says how long its answer waits.
func (b *bucket) failed() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.age()
	// More than this makes no answer slower, only the forgetting.
	b.wrong = min(b.wrong+1, b.free+int(b.max/b.step))
	return min(b.max, time.Duration(max(0, b.wrong-b.free))*b.step)
}

func (b *bucket) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = true
}

func (b *bucket) isKnown() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known
}
