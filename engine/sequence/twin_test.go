package sequence

import (
	"math"
	"math/big"
	"math/rand"
	"testing"
)

// twinNext is the slow twin of Next: PostgreSQL's loop as it reads, one value at
// a time, over math/big, so that no overflow and no clever division can hide.
func twinNext(p Params, s State, logVals int64, force bool) (Fetch, bool) {
	inc, lo, hi := big.NewInt(p.Increment), big.NewInt(p.Min), big.NewInt(p.Max)
	next := big.NewInt(s.LastValue)
	fetch, log, taken := p.Cache, s.LogCount, int64(0)
	first, last := big.NewInt(0), new(big.Int).Set(next)
	if !s.IsCalled {
		taken, first = 1, new(big.Int).Set(next)
		fetch--
	}
	writeLog := force || !s.IsCalled || log < fetch
	if writeLog {
		fetch += logVals
		log = fetch
	}
	covered := uint64(taken)
	for fetch > 0 {
		sum := new(big.Int).Add(next, inc)
		if sum.Cmp(hi) > 0 || sum.Cmp(lo) < 0 {
			if taken > 0 {
				break
			}
			if !p.Cycle {
				return Fetch{}, false
			}
			sum.Set(lo)
			if p.Increment < 0 {
				sum.Set(hi)
			}
		}
		next = sum
		fetch--
		covered++
		if taken < p.Cache {
			log--
			taken++
			last.Set(next)
			if taken == 1 {
				first.Set(next)
			}
		}
	}
	f := Fetch{
		Block: Block{First: first.Int64(), Last: last.Int64(), Increment: p.Increment},
		State: State{LastValue: last.Int64(), LogCount: log - fetch, IsCalled: true},
	}
	if writeLog {
		f.Covered = covered
	}
	return f, true
}

// twinReserve walks value by value.
func twinReserve(p Params, s State, n uint64) (Block, bool) {
	inc, lo, hi := big.NewInt(p.Increment), big.NewInt(p.Min), big.NewInt(p.Max)
	v := big.NewInt(s.LastValue)
	if s.IsCalled {
		v.Add(v, inc)
		if v.Cmp(hi) > 0 || v.Cmp(lo) < 0 {
			if !p.Cycle {
				return Block{}, false
			}
			v.Set(lo)
			if p.Increment < 0 {
				v.Set(hi)
			}
		}
	}
	first := v.Int64()
	for ; n > 1; n-- {
		sum := new(big.Int).Add(v, inc)
		if sum.Cmp(hi) > 0 || sum.Cmp(lo) < 0 {
			break
		}
		v = sum
	}
	return Block{First: first, Last: v.Int64(), Increment: p.Increment}, true
}

// nearEnds picks values that like to overflow: both ends of int64, zero, and
// small ones, with a little noise.
func nearEnds(r *rand.Rand) int64 {
	base := []int64{math.MinInt64, math.MaxInt64, 0, 1, -1, 100, -100, math.MaxInt32, math.MinInt16, math.MinInt64 / 3, math.MaxInt64 / 7}
	v := base[r.Intn(len(base))]
	d := r.Int63n(70) - 35
	if (d > 0 && v > math.MaxInt64-d) || (d < 0 && v < math.MinInt64-d) {
		return v
	}
	return v + d
}

func randomParams(r *rand.Rand) (Params, State) {
	for {
		p := Params{Type: BigInt, Increment: nearEnds(r), Min: nearEnds(r), Max: nearEnds(r), Cache: 1 + r.Int63n(40), Cycle: r.Intn(2) == 0}
		if p.Increment == 0 || p.Min >= p.Max {
			continue
		}
		if r.Intn(2) == 0 { // a step that does not divide the range
			p.Increment = []int64{1, -1, 2, -3, 7, -10, 33}[r.Intn(7)]
		}
		s := State{IsCalled: r.Intn(3) > 0, LastValue: p.Min}
		if span := distance(p.Min, p.Max); span > 0 {
			off := r.Uint64()
			if r.Intn(2) == 0 {
				off = uint64(r.Intn(100)) // near one end
			}
			if span < math.MaxUint64 {
				off %= span + 1
			}
			s.LastValue = int64(uint64(p.Min) + off)
			if r.Intn(2) == 0 {
				s.LastValue = int64(uint64(p.Max) - off)
			}
		}
		p.Start = s.LastValue
		if s.IsCalled {
			s.LogCount = min(r.Int63n(34), int64(min(stepsLeft(p, s.LastValue), 33)))
		}
		return p, s
	}
}

func TestNextAgainstTwin(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for i := range 200_000 {
		p, s := randomParams(r)
		logVals, force := []uint64{LogVals, 0, 5}[r.Intn(3)], r.Intn(8) == 0
		want, ok := twinNext(p, s, int64(logVals), force)
		got, err := Next(p, s, logVals, force)
		if (err == nil) != ok || got != want {
			t.Fatalf("case %d: %+v %+v logVals %d force %v\n got %+v, %v\nwant %+v, %v", i, p, s, logVals, force, got, err, want, ok)
		}
	}
}

// Repeat is as many calls of Next, and far from the limit as many as it is asked for.
func TestRepeatIsNextAgainAndAgain(t *testing.T) {
	r := rand.New(rand.NewSource(6))
	repeated, records := 0, 0
	for i := range 200_000 {
		p, s := randomParams(r)
		if r.Intn(2) == 0 {
			p.Cache = 1 + r.Int63n(3)
		}
		n, logVals := uint64(r.Intn(100)), []uint64{LogVals, 0, 5}[r.Intn(3)]
		block, state, fetches := Repeat(p, s, logVals, n)
		repeated += int(fetches)
		at := s
		for k := range fetches {
			f, err := Next(p, at, logVals, false)
			if err != nil || f.Block.Count() != uint64(p.Cache) ||
				(k == 0 && f.Block.First != block.First) || (k > 0 && f.Block.First != at.LastValue+p.Increment) {
				t.Fatalf("case %d: %+v %+v, fetch %d of %d is %+v, %v", i, p, s, k, fetches, f, err)
			}
			if f.Covered > 0 {
				records++
			}
			at = f.State
		}
		if at != state || (fetches > 0 && (block.Last != at.LastValue || block.Count() != fetches*uint64(p.Cache))) {
			t.Fatalf("case %d: %+v %+v, %d fetches: %+v %+v, one by one %+v", i, p, s, fetches, block, state, at)
		}
		left := stepsLeft(p, at.LastValue)
		if fetches < n && at.IsCalled && (left >= uint64(p.Cache)+logVals || fetches == 0 && min(left, uint64(at.LogCount)) >= uint64(p.Cache)) {
			t.Fatalf("case %d: %+v %+v, %d of %d fetches, and one more was to be had", i, p, s, fetches, n)
		}
	}
	if repeated < 1_000_000 || records < 100_000 {
		t.Errorf("only %d fetches were repeated, %d with a record", repeated, records)
	}
}

func TestReserveAgainstTwin(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for i := range 200_000 {
		p, s := randomParams(r)
		n := 1 + uint64(r.Intn(100))
		want, ok := twinReserve(p, s, n)
		got, state, err := Reserve(p, s, n)
		if (err == nil) != ok || got != want {
			t.Fatalf("case %d: %+v %+v n %d\n got %+v, %v\nwant %+v, %v", i, p, s, n, got, err, want, ok)
		}
		if ok && (state != State{LastValue: got.Last, IsCalled: true}) {
			t.Fatalf("case %d: state %+v does not sit at the end of %+v", i, state, got)
		}
	}
}

// A reservation that covers what Next wants must hold exactly the block that
// Next hands out: the allocator relies on it.
func TestReservationHoldsTheFetch(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	for i := range 100_000 {
		p, s := randomParams(r)
		f, err := Next(p, s, LogVals, true)
		if err != nil {
			continue
		}
		b, _, err := Reserve(p, s, f.Covered)
		if err != nil || b.First != f.Block.First || b.Count() != f.Covered {
			t.Fatalf("case %d: %+v %+v: fetch %+v, reserved %+v, %v", i, p, s, f, b, err)
		}
	}
}

func TestCutAndFollows(t *testing.T) {
	r := rand.New(rand.NewSource(4))
	for i := range 100_000 {
		p, s := randomParams(r)
		b, _, err := Reserve(p, s, 1+uint64(r.Intn(50)))
		if err != nil {
			continue
		}
		n := 1 + uint64(r.Int63n(int64(b.Count())))
		head, rest, ok := b.Cut(n)
		if head.Count() != n || head.First != b.First {
			t.Fatalf("case %d: head %+v of %+v at %d", i, head, b, n)
		}
		if ok != (n < b.Count()) {
			t.Fatalf("case %d: Cut(%d) of %+v: rest %v", i, n, b, ok)
		}
		if ok && (!Follows(head, rest) || rest.Last != b.Last || rest.Count() != b.Count()-n) {
			t.Fatalf("case %d: %+v + %+v is not %+v", i, head, rest, b)
		}
	}
}

// TestSkipAgainstTwin walks step by step, and leaps whole laps of the slow way.
func TestSkipAgainstTwin(t *testing.T) {
	r := rand.New(rand.NewSource(7))
	for i := range 100_000 {
		p, s := randomParams(r)
		n := uint64(r.Intn(200))
		want := State{LastValue: s.LastValue, IsCalled: s.IsCalled}
		for range n {
			block, ok := twinReserve(p, want, 1)
			if !ok {
				want.IsCalled = true
				break
			}
			want = State{LastValue: block.First, IsCalled: true}
		}
		if got := Skip(p, s, n); got != want {
			t.Fatalf("case %d: Skip(%+v, %+v, %d) = %+v, want %+v", i, p, s, n, got, want)
		}
	}
}

// TestSkipFar takes steps that nobody walks, against arithmetic without bounds.
func TestSkipFar(t *testing.T) {
	r := rand.New(rand.NewSource(8))
	for i := range 100_000 {
		p, s := randomParams(r)
		n := r.Uint64() >> r.Intn(64)
		if n == 0 {
			continue
		}
		steps := new(big.Int).SetUint64(n)
		if !s.IsCalled {
			steps.Sub(steps, big.NewInt(1))
		}
		inc := big.NewInt(p.Increment)
		left := new(big.Int).SetUint64(stepsLeft(p, s.LastValue))
		at := big.NewInt(s.LastValue)
		if steps.Cmp(left) > 0 {
			if !p.Cycle {
				steps.Set(left)
			} else {
				at.SetInt64(lapStart(p))
				lap := new(big.Int).SetUint64(stepsLeft(p, lapStart(p)))
				steps.Sub(steps, left)
				steps.Sub(steps, big.NewInt(1))
				steps.Mod(steps, lap.Add(lap, big.NewInt(1)))
			}
		}
		want := at.Add(at, steps.Mul(steps, inc)).Int64()
		if got := Skip(p, s, n); got != (State{LastValue: want, IsCalled: true}) {
			t.Fatalf("case %d: Skip(%+v, %+v, %d) = %+v, want %d", i, p, s, n, got, want)
		}
	}
}
