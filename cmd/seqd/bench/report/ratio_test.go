package report

import (
	"math"
	"math/rand/v2"
	"testing"

	"seqd/cmd/seqd/bench/result"
)

// The critical values of Wilcoxon's signed-rank test for 5 % on two sides, as tables
// in books have them: the statistic is at most that.
func TestSignedRank(t *testing.T) {
	for n, critical := range map[int]int{6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 12: 13, 15: 25, 20: 52, 25: 89, 30: 137, 50: 434} {
		if got := signedRank(n); got != critical+1 {
			t.Errorf("%d rounds: %d, want %d", n, got, critical+1)
		}
	}
	for n := range 6 {
		if got := signedRank(n); got != 0 {
			t.Errorf("%d rounds are enough for %d", n, got)
		}
	}
	if before, after := signedRank(50), signedRank(51); after <= before || after > before+30 {
		t.Errorf("%d, then by the normal distribution %d", before, after)
	}
}

// Of runs with a known ratio, about as many intervals have it in them as are said to,
// whatever else happens to both sides of a round.
func TestRatiosAreWhereTheyAreSaid(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const runs, truth = 2000, 0.6
	inside, off := 0, 0.0
	for range runs {
		r := &result.Run{}
		for round := 1; round <= 15; round++ {
			slow := math.Exp(0.5 * random.NormFloat64()) // of both
			for target, rate := range []float64{1000, truth * 1000} {
				noise := 0.1 * random.NormFloat64()
				if random.IntN(10) == 0 {
					noise *= 5
				}
				r.Samples = append(r.Samples, result.Sample{Target: target, Round: round, Values: int64(1000 * rate * slow * math.Exp(noise)), Seconds: 1000})
			}
		}
		c := compared(r, 0, r.At(1, 0), func(s *result.Sample) (float64, bool) { return s.ValuesPerSecond(), true })
		if c.low <= truth && truth <= c.high {
			inside++
		}
		off += math.Abs(math.Log(c.ratio / truth))
	}
	if share := float64(inside) / runs; share < 0.93 || share > 0.97 {
		t.Errorf("%v of the intervals have the ratio in them", share)
	}
	if off /= runs; off > 0.05 {
		t.Errorf("%.3f off on average", off)
	}
}
