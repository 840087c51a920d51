package forward

import "time"

// gather decides how long a request waits for more sessions to join it. A leader's work is
// by the request, hardly by the value; and sessions whose clients ask again at once would
// without it fall into two halves, each of which waits while the other is served.
//
// Whoever waits has begun to, so that this changes nothing about the order of values.
type gather struct {
	around  int           // sessions that were seen when a request ended: in it, or waiting already
	at      time.Time     // when that was
	trip    time.Duration // EWMA of a request's time
	enough  int           // a request departs when so many wait; 0: none is held back
	full    chan struct{} // gets a value when they do
	missed  int           // how often in a row they did not come in time
	holding int           // how many requests are not to be held back, after misses
	timer   *time.Timer
}

const (
	// A request is held back for at most gatherMax, nor longer than gatherTrips requests take.
	gatherMax   = 500 * time.Microsecond
	gatherMin   = 20 * time.Microsecond
	gatherTrips = 3
	// missedMax bounds the requests that are not held back after a miss, to 1 << missedMax.
	missedMax = 7
)

// joined hears that one more waits.
func (g *gather) joined(waiting int) {
	if g.enough > 0 && waiting >= g.enough {
		g.enough = 0
		g.full <- struct{}{}
	}
}

// landed hears that a request has ended, and how many sessions are around.
func (g *gather) landed(now time.Time, took time.Duration, around int) {
	g.around, g.at = around, now
	g.trip += (took - g.trip) / 8
}

// expected is how many are to be there before a request departs: most of those that were
// around a moment ago, since some do something else now.
func (g *gather) expected(now time.Time) int {
	if g.holding > 0 {
		g.holding--
		return 0
	}
	if now.Sub(g.at) > 2*gatherMax {
		return 0
	}
	return g.around * 3 / 4
}

// awaitOthers holds a request back for others to join, if it is likely that they do; s.mu
// is held, and given up meanwhile.
func (s *Sequence) awaitOthers() {
	g := &s.gather
	enough := g.expected(time.Now())
	if len(s.filling) >= enough || s.b.route.Load().self {
		return
	}
	wait := min(max(gatherTrips*g.trip, gatherMin), gatherMax)
	if g.timer == nil {
		g.timer, g.full = time.NewTimer(wait), make(chan struct{}, 1)
	} else {
		g.timer.Reset(wait)
	}
	g.enough = enough
	s.mu.Unlock()
	select {
	case <-g.full:
		g.timer.Stop()
	case <-g.timer.C:
	case <-s.b.ctx.Done():
	}
	s.mu.Lock()
	if g.enough == 0 {
		g.missed = 0
		select {
		case <-g.full: // they came at that very moment
		default:
		}
		return
	}
	g.enough = 0
	if len(s.filling) >= enough/2 {
		return // it was worth while
	}
	g.missed = min(g.missed+1, missedMax)
	g.holding = 1 << g.missed
}
