package auth

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"seqd/protocol/sqlstate"
)

var (
	here  = netip.MustParseAddr("192.0.2.1")
	there = netip.MustParseAddr("192.0.2.2")
)

func wrong() bool { return false }
func right() bool { return true }

// took runs one attempt and measures it.
func (t *throttle) took(tb *testing.T, addr netip.Addr, user string, check func() bool, want error) time.Duration {
	tb.Helper()
	began := time.Now()
	if err := t.attempt(tb.Context(), addr, user, check); err != want {
		tb.Errorf("%s at %s: %v", user, addr, err)
	}
	return time.Since(began)
}

// TestDelays: a few mistakes are free, then answers come slower and slower, and after
// a while all is forgotten. A right password is never held back.
func TestDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle()
		var delays []time.Duration
		for range 25 {
			delays = append(delays, th.took(t, here, "joe", wrong, errWrong))
		}
		for i, d := range delays {
			if i < ofPair.free && d != 0 || i >= ofPair.free && (d <= 0 || d > ofPair.max) || i > 0 && d < delays[i-1]-2*ofPair.step {
				t.Errorf("delays %v", delays)
				break
			}
		}
		if last := delays[24]; last < ofPair.max-ofPair.step {
			t.Errorf("after 25 wrong ones an answer takes %v", last)
		}
		if d := th.took(t, here, "joe", right, nil); d != 0 {
			t.Errorf("the right one took %v", d)
		}
		for _, other := range []struct {
			addr netip.Addr
			user string
		}{{there, "joe"}, {here, "ann"}} {
			if d := th.took(t, other.addr, other.user, wrong, errWrong); d != 0 {
				t.Errorf("%v took %v", other, d)
			}
		}
		time.Sleep(30 * ofPair.forget)
		if d := th.took(t, here, "joe", wrong, errWrong); d != 0 {
			t.Errorf("not forgotten: %v", d)
		}
	})
}

// TestCrowd: a thousand at once who guess one password get about one guess a second,
// and the others at their address, and elsewhere, notice nothing.
func TestCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle()
		th.took(t, here, "ann", right, nil) // an honest user of the same address
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var checked, refused atomic.Int64
		var crowd sync.WaitGroup
		for range 1000 {
			crowd.Go(func() {
				for ctx.Err() == nil {
					err := th.attempt(ctx, here, "joe", func() bool { checked.Add(1); return false })
					if sqlstate.CodeOf(err) == sqlstate.TooManyConnections {
						refused.Add(1)
						time.Sleep(10 * time.Second)
					}
				}
			})
		}
		for range 100 {
			time.Sleep(5 * time.Second)
			if d := th.took(t, here, "ann", right, nil); d != 0 {
				t.Errorf("a known user waits %v", d)
			}
			if d := th.took(t, here, "new", right, nil); d > ofPair.max {
				t.Errorf("a new user waits %v", d)
			}
			if d := th.took(t, there, "joe", right, nil); d != 0 {
				t.Errorf("another address waits %v", d)
			}
		}
		crowd.Wait()
		if n := checked.Load(); n > 10*60*11/10+100 || n < 100 {
			t.Errorf("%d guesses in ten minutes", n)
		}
		if refused.Load() == 0 {
			t.Error("all thousand waited")
		}
	})
}

// TestManyNames: trying one password on every name is slowed down too.
func TestManyNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		var checked atomic.Int64
		var crowd sync.WaitGroup
		for i := range 100 {
			crowd.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					_ = th.attempt(ctx, here, fmt.Sprint(i, "-", n), func() bool { checked.Add(1); return false })
					if n%10 == 9 {
						time.Sleep(time.Second)
					}
				}
			})
		}
		crowd.Wait()
		if n := checked.Load(); n > 2*60*40+100 {
			t.Errorf("%d guesses in two minutes", n)
		}
	})
}

// TestPool: many honest sessions at once are none too many.
func TestPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle()
		var pool sync.WaitGroup
		for range 1000 {
			pool.Go(func() { th.took(t, here, "app", right, nil) })
		}
		pool.Wait()
	})
}

// TestMemory: whatever comes, only so much is remembered.
func TestMemory(t *testing.T) {
	th := newThrottle()
	for i := range pairsMax + 1000 {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		if err := th.attempt(t.Context(), addr, "x", right); err != nil {
			t.Fatal(err)
		}
	}
	if th.pairs.Len() != pairsMax || th.addresses.Len() != addressesMax {
		t.Errorf("%d and %d are remembered", th.pairs.Len(), th.addresses.Len())
	}
}

// TestTimeIsUp: the end of the time for logging in ends the wait for a turn, but no
// answer comes sooner for it; a stop of the server ends both.
func TestTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle()
		for range 20 {
			th.took(t, here, "joe", wrong, errWrong)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var late atomic.Int64
		var crowd sync.WaitGroup
		for range ofPair.slots + ofPair.queue {
			crowd.Go(func() {
				began := time.Now()
				switch err := th.attempt(ctx, here, "joe", wrong); {
				case err == context.DeadlineExceeded && time.Since(began) == time.Second:
					late.Add(1)
				case err != errWrong || time.Since(began) != ofPair.max:
					t.Errorf("%v after %v", err, time.Since(began))
				}
			})
		}
		crowd.Wait()
		if n := late.Load(); n != int64(ofPair.queue) {
			t.Errorf("%d of %d did not get their turn", n, ofPair.queue)
		}
		stopping, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		began := time.Now()
		if err := th.attempt(stopping, here, "joe", wrong); err != errWrong || time.Since(began) != time.Second {
			t.Errorf("at a stop: %v after %v", err, time.Since(began))
		}
	})
}

func TestNetwork(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "2001:db8::1": "2001:db8::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := network(netip.MustParseAddr(addr)); got.String() != want {
			t.Errorf("%s: %s", addr, got)
		}
	}
	if network(netip.Addr{}).IsValid() {
		t.Error("a Unix socket has an address")
	}
}
