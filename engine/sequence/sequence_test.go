package sequence

import (
	"errors"
	"math"
	"testing"
)

// draw calls Next n times and returns the values a single session sees, with
// the state after each fetch. Expectations are semantics observed on PostgreSQL 15.
func draw(t *testing.T, p Params, s State, n int) (values []int64, states []State, err error) {
	t.Helper()
	for len(values) < n {
		f, err := Next(p, s, LogVals, false)
		if err != nil {
			return values, states, err
		}
		s = f.State
		states = append(states, s)
		for b, ok := f.Block, true; ok && len(values) < n; {
			var head Block
			head, b, ok = b.Cut(1)
			values = append(values, head.First)
		}
	}
	return values, states, nil
}

func bigint(start, inc, lo, hi, cache int64, cycle bool) Params {
	return Params{Type: BigInt, Start: start, Increment: inc, Min: lo, Max: hi, Cache: cache, Cycle: cycle}
}

func TestValues(t *testing.T) {
	const most, least = math.MaxInt64, math.MinInt64
	for _, c := range []struct {
		name  string
		p     Params
		n     int
		want  []int64
		limit bool
	}{
		{"default", bigint(1, 1, 1, most, 1, false), 3, []int64{1, 2, 3}, false},
		{"N4 increment 2^63-1 from the least value", bigint(least, most, least, most, 1, false), 9, []int64{least, -1, most - 1}, true},
		{"N5 ascending cycle", bigint(1, 10, 1, 25, 1, true), 4, []int64{1, 11, 21, 1}, false},
		{"N5 wraps to MIN, not START", bigint(5, 2, 1, 7, 1, true), 5, []int64{5, 7, 1, 3, 5}, false},
		{"N5 descending wraps to MAX", bigint(-3, -10, -25, -1, 1, true), 4, []int64{-3, -13, -23, -1}, false},
		{"N6 a fetch stops at the limit", bigint(1, 1, 1, 5, 3, true), 8, []int64{1, 2, 3, 4, 5, 1, 2, 3}, false},
		{"N3 at the limit", bigint(1, 1, 1, 2, 1, false), 3, []int64{1, 2}, true},
		{"C9 any CACHE in constant time", bigint(1, 1, 1, most, most, false), 3, []int64{1, 2, 3}, false},
	} {
		got, _, err := draw(t, c.p, State{LastValue: c.p.Start}, c.n)
		var limit *LimitError
		if errors.As(err, &limit) != c.limit {
			t.Errorf("%s: error %v", c.name, err)
		}
		if !equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestLogCount(t *testing.T) {
	for _, c := range []struct {
		name string
		p    Params
		n    int // fetches
		want []State
	}{
		{"L2 CACHE 10", bigint(1, 1, 1, math.MaxInt64, 10, false), 50, []State{{10, 32, true}, {20, 22, true}, {30, 12, true}, {40, 2, true}, {50, 32, true}}},
		{"L3 MAXVALUE 5", bigint(1, 1, 1, 5, 1, false), 5, []State{{1, 4, true}, {2, 3, true}, {3, 2, true}, {4, 1, true}, {5, 0, true}}},
		{"N6", bigint(1, 1, 1, 5, 3, true), 8, []State{{3, 2, true}, {5, 0, true}, {3, 2, true}}},
	} {
		_, states, err := draw(t, c.p, State{LastValue: c.p.Start}, c.n)
		if err != nil || !equal(states, c.want) {
			t.Errorf("%s: got %v, %v", c.name, states, err)
		}
	}
	// L1: 32, 31 … 0, 32
	_, states, _ := draw(t, bigint(1, 1, 1, math.MaxInt64, 1, false), State{LastValue: 1}, 34)
	for i, s := range states {
		want := int64(32 - i)
		if i == 33 {
			want = 32
		}
		if s.LogCount != want || s.LastValue != int64(i+1) {
			t.Errorf("L1: after %d nextvals: %+v", i+1, s)
		}
	}
}

// R10: what PostgreSQL's log record says after the first nextval.
func TestReservedAfterFirstFetch(t *testing.T) {
	for _, c := range []struct {
		p    Params
		want int64
	}{
		{bigint(1, 1, 1, math.MaxInt64, 1, false), 33},
		{bigint(1, 1, 1, math.MaxInt64, 10, false), 42},
		{bigint(1, 3, 1, math.MaxInt64, 1, false), 97},
		{bigint(-1, -2, math.MinInt64, -1, 1, false), -65},
		{bigint(1, 1, 1, 10, 1, false), 10},
	} {
		s := State{LastValue: c.p.Start}
		f, err := Next(c.p, s, LogVals, false)
		if err != nil {
			t.Fatal(err)
		}
		_, state, err := Reserve(c.p, s, f.Covered)
		if err != nil || state.LastValue != c.want {
			t.Errorf("%+v: reserved to %+v, %v, want %d", c.p, state, err, c.want)
		}
	}
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func BenchmarkNext(b *testing.B) {
	p, s := bigint(1, 1, 1, math.MaxInt64, 1, false), State{LastValue: 1}
	for b.Loop() {
		f, err := Next(p, s, LogVals, false)
		if err != nil {
			b.Fatal(err)
		}
		s = f.State
	}
}
