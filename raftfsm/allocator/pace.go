package allocator

import (
	"math"
	"math/bits"
	"time"

	"seqd/engine/sequence"
)

// Pace finds how many values to take at a time so that they last for a while under
// load, and are no more than PostgreSQL logs ahead without.
type Pace struct {
	batch uint64 // how many at a time
	used  uint64 // since at
	at    time.Duration
	begun bool
}

// NewPace starts with what PostgreSQL logs ahead.
func NewPace() Pace { return Pace{batch: sequence.LogVals} }

// Use counts values that were handed out.
func (p *Pace) Use(n uint64) { p.used = addSaturated(p.used, n) }

// Step is how many values to take now, for them to last for span at the rate since the
// last step; at most most, but what PostgreSQL logs ahead at least. It at most doubles,
// so that a burst of a few values does not count as load, and at most halves, unless a
// second has gone by.
func (p *Pace) Step(now, span time.Duration, most uint64) uint64 {
	if p.begun {
		last := max(now-p.at, 1)
		target := mulDiv(p.used, uint64(span), uint64(last))
		switch {
		case target > p.batch:
			p.batch = min(target, 2*p.batch)
		case last >= time.Second:
			p.batch = target
		default:
			p.batch = max(target, p.batch/2)
		}
		p.batch = max(sequence.LogVals, min(p.batch, most))
	}
	p.begun, p.at, p.used = true, now, 0
	return p.batch
}

// mulDiv is a × b / c, at most 2^63.
func mulDiv(a, b, c uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	if hi >= c {
		return math.MaxInt64
	}
	q, _ := bits.Div64(hi, lo, c)
	return min(q, math.MaxInt64)
}
