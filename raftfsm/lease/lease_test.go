package lease

import (
	"testing"
	"time"
)

// clock is set by hand.
type clock struct{ at time.Duration }

func (c *clock) now() time.Duration { return c.at }

const (
	ms    = time.Millisecond
	testD = 1500 * ms
)

func grant(holder string, term uint64) Record {
	return Record{Holder: holder, Boot: "boot", Term: term, Millis: uint64(testD / ms)}
}

func wantHolds(t *testing.T, h *Holder, c *clock, at time.Duration, want bool) {
	t.Helper()
	c.at = at
	if got := h.Holds(); got != want {
		t.Errorf("at %v: holds %v", at, got)
	}
}

func TestHolderServesFromWhatItAskedFor(t *testing.T) {
	c := &clock{at: 10_000 * ms}
	h := NewHolder(c.now)
	wantHolds(t, h, c, 10_000*ms, false)
	h.Open(7, false)
	wantHolds(t, h, c, 10_000*ms, false)
	c.at = 10_900 * ms // a slow commit
	if !h.Applied(grant("a", 7), 10_000*ms) {
		t.Error("its own lease was not recognized")
	}
	wantHolds(t, h, c, 11_199*ms, true)
	wantHolds(t, h, c, 11_200*ms, false)
	h.Applied(grant("a", 7), 10_500*ms)
	h.Applied(grant("a", 7), 10_400*ms) // an older one changes nothing
	wantHolds(t, h, c, 11_699*ms, true)
	wantHolds(t, h, c, 11_700*ms, false)
	if h.Applied(grant("a", 6), 11_700*ms) || h.Applied(Record{Holder: "a", Term: 7}, 11_700*ms) {
		t.Error("a lease of another session, or its end, counts")
	}
	wantHolds(t, h, c, 11_700*ms, false)
	h.Close()
	h.Applied(grant("a", 7), 11_700*ms) // behind the release in the log
	wantHolds(t, h, c, 11_701*ms, false)
}

func TestTheOnlyVoterIsExempt(t *testing.T) {
	c := &clock{}
	h := NewHolder(c.now)
	h.Open(1, true)
	wantHolds(t, h, c, 0, true)
	if h.Due(500 * ms) {
		t.Error("renews what it doesn't need")
	}
	h.Exempt(false)
	wantHolds(t, h, c, 1, false)
	h.Exempt(true)
	wantHolds(t, h, c, 2, true)
	h.Close()
	wantHolds(t, h, c, 3, false)
	h.Exempt(true)
	wantHolds(t, h, c, 4, false)
}

// TestRenewal: a lease in use is renewed in time, an unused one lapses.
func TestRenewal(t *testing.T) {
	c := &clock{at: 100 * time.Second}
	h := NewHolder(c.now)
	h.Open(1, false)
	renewals := 0
	step := func(use bool) {
		if use {
			h.Holds()
		}
		if h.Due(500 * ms) {
			renewals++
			h.Applied(grant("a", 1), c.at)
		}
		c.at += 100 * ms
	}
	for range 300 { // 30 s in use
		step(true)
		if !h.Holds() {
			t.Fatal("a lease in use lapsed")
		}
	}
	if renewals != 60 {
		t.Errorf("%d renewals in 30 s", renewals)
	}
	for range 300 {
		step(false)
	}
	if renewals < 79 || renewals > 81 || h.Holds() {
		t.Errorf("%d renewals in 30 s of use and 30 s of rest", renewals)
	}
}

func TestWaiter(t *testing.T) {
	c := &clock{at: 50 * time.Second}
	w := NewWaiter("a", "boot", c.now)
	want := func(what string, d time.Duration) {
		t.Helper()
		if got := w.Wait(); got != d {
			t.Errorf("%s: waits %v, want %v", what, got, d)
		}
	}
	want("nobody had a lease", 0)
	w.Applied(grant("b", 1), c.at)
	want("another's lease", testD)
	w.Applied(grant("b", 1), c.at-200*ms)
	want("one received before the last one, and applied now", testD)
	c.at += 600 * ms
	want("after a while", testD-600*ms)
	w.Applied(Record{Holder: "b", Boot: "boot", Term: 1, Millis: 100}, c.at) // D became smaller
	want("the greatest D counts", testD-600*ms)
	w.Applied(Record{Holder: "b", Boot: "boot", Term: 1}, c.at)
	want("given back", 0)
	w.Applied(grant("b", 1), c.at)
	want("in force again behind its own release", testD)
	w.Applied(grant("a", 2), c.at)
	want("its own", 0)
	w.Applied(Record{Holder: "a", Boot: "another boot", Term: 2, Millis: uint64(testD / ms)}, c.at)
	want("its own of another boot, or a cloned disk", testD)
	c.at += testD
	want("over", 0)
	w.Applied(grant("b", 3), c.at-200*ms)
	want("counted from its receipt", testD-200*ms)
}

// TestClocksThatDrift: holder and waiter run up to 10 % wrong in opposite directions.
func TestClocksThatDrift(t *testing.T) {
	for _, rates := range [][2]float64{{1, 1}, {0.9, 1.1}, {1.1, 0.9}} {
		hc, wc := &clock{at: time.Hour}, &clock{at: 3 * time.Second}
		h, w := NewHolder(hc.now), NewWaiter("b", "other", wc.now)
		h.Open(1, false)
		asked := hc.at
		h.Applied(grant("a", 1), asked) // both at the very moment in which it was asked for
		w.Applied(grant("a", 1), wc.at)
		overlap := 0
		for range 2000 { // ms of true time
			hc.at += time.Duration(rates[0] * float64(ms))
			wc.at += time.Duration(rates[1] * float64(ms))
			if h.Holds() && w.Wait() == 0 {
				overlap++
			}
		}
		if overlap > 0 {
			t.Errorf("rates %v: both serve for %d ms", rates, overlap)
		}
	}
}

func TestMachine(t *testing.T) {
	if a, b := BootClock(), BootClock(); a <= 0 || b < a {
		t.Errorf("the clock went from %v to %v", a, b)
	}
	if first, again := BootID(), BootID(); first != again {
		t.Error("the boot changed")
	}
}
