package report

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"seqd/cmd/seqd/bench/result"
)

// What was not measured is NaN in this package, and shown as a dash.
const unmeasured = "–"

// estimate is the middle of some measurements and how far they went.
type estimate struct {
	median, low, high float64
	n                 int
}

func estimateOf(values []float64) estimate {
	if len(values) == 0 {
		return estimate{math.NaN(), math.NaN(), math.NaN(), 0}
	}
	return estimate{median(values), slices.Min(values), slices.Max(values), len(values)}
}

// spread is the largest distance from the median, as a share of it; NaN of a single
// round.
func (e estimate) spread() float64 {
	if e.n < 2 {
		return math.NaN()
	}
	return max(e.high-e.median, e.median-e.low) / e.median
}

func (e estimate) spreadSaid() string {
	if e.n < 2 {
		return ""
	}
	return " (±" + percent(e.spread()) + ")"
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// quotient divides sums over the samples in which the numerator was measured; NaN if
// there is nothing to divide by.
func quotient(samples []*result.Sample, of, by func(*result.Sample) (float64, bool)) float64 {
	var above, below float64
	for _, s := range samples {
		a, ok := of(s)
		if !ok {
			continue
		}
		b, _ := by(s)
		above, below = above+a, below+b
	}
	if below == 0 {
		return math.NaN()
	}
	return above / below
}

func deref[T int64 | float64](p *T) (float64, bool) {
	if p == nil {
		return 0, false
	}
	return float64(*p), true
}

func known(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// whole shows a number without a fraction: 102,713.
func whole(f float64) string {
	if !known(f) {
		return unmeasured
	}
	return humanize.Comma(int64(math.Round(f)))
}

// digits shows three of them: 0.0123, 1.23, 12.3, 1,234.
func digits(f float64) string {
	switch a := math.Abs(f); {
	case !known(f):
		return unmeasured
	case a == 0:
		return "0"
	case a >= 99.95:
		return whole(f)
	case a >= 9.995:
		return strconv.FormatFloat(f, 'f', 1, 64)
	case a >= 0.9995:
		return strconv.FormatFloat(f, 'f', 2, 64)
	case a >= 0.0005:
		return strconv.FormatFloat(f, 'f', 3, 64)
	}
	return strconv.FormatFloat(f, 'g', 1, 64)
}

func percent(f float64) string {
	switch {
	case !known(f):
		return unmeasured
	case f == 0:
		return "0%"
	case math.Abs(f) < 0.001:
		return "<0.1%"
	case math.Abs(f) < 0.0995:
		return strconv.FormatFloat(100*f, 'f', 1, 64) + "%"
	}
	return strconv.FormatFloat(100*f, 'f', 0, 64) + "%"
}

func ratio(f float64) string {
	if !known(f) {
		return unmeasured
	}
	return strconv.FormatFloat(f, 'f', 2, 64) + "×"
}

// duration shows three digits: 43.1µs, 1.72ms, 25.4ms.
func duration(d time.Duration) string {
	unit, name := time.Second, "s"
	switch {
	case d < time.Millisecond:
		unit, name = time.Microsecond, "µs"
	case d < time.Second:
		unit, name = time.Millisecond, "ms"
	}
	f := float64(d) / float64(unit)
	switch {
	case f >= 99.95:
		return strconv.FormatFloat(f, 'f', 0, 64) + name
	case f >= 9.995:
		return strconv.FormatFloat(f, 'f', 1, 64) + name
	}
	return strconv.FormatFloat(f, 'f', 2, 64) + name
}

func secondsShown(f float64) string { return duration(time.Duration(f * float64(time.Second))) }

// roundTime is for an axis: 300µs, 1ms, 1.5ms.
func roundTime(f float64) string {
	s := secondsShown(f)
	number := strings.TrimRight(s, "µms")
	if strings.Contains(number, ".") {
		return strings.TrimRight(strings.TrimRight(number, "0"), ".") + s[len(number):]
	}
	return s
}

// short shows a number for an axis: 0, 1,024, 20k, 1.5M.
func short(f float64) string {
	if math.Abs(f) < 1e4 && f == math.Trunc(f) {
		return whole(f)
	}
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(f) >= u.size {
			return strconv.FormatFloat(f/u.size, 'g', 4, 64) + u.name
		}
	}
	return strconv.FormatFloat(f, 'g', 4, 64)
}

// brief is digits without zeros at the end of a fraction, for sentences.
func brief(f float64) string {
	s := digits(f)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// plural is for sentences: 1 client, 8 clients.
func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return humanize.Comma(n) + " " + word + "s"
}
