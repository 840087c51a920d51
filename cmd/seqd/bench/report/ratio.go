package report

import (
	"math"
	"slices"

	"seqd/cmd/seqd/bench/result"
)

// comparedTo is how many times as much of something a target has as the first one:
// NaN where there is nothing to compare. low and high are where it lies with the
// confidence of this package, NaN with less than six rounds.
type comparedTo struct{ ratio, low, high float64 }

// uncertainty is the larger distance to an end of the interval, as a share.
func (c comparedTo) uncertainty() float64 {
	return max(c.high/c.ratio, c.ratio/c.low) - 1
}

// compared sets a target against the first, round by round: what disturbed a round
// disturbed both. Of the rounds' ratios it takes the Hodges-Lehmann estimate (the
// median of the means of all pairs, here of logarithms), which outliers hardly move, as
// the median, but which uses all of them: two runs agree better. The interval is the
// one that belongs to it, of Wilcoxon's signed-rank test.
// (Hollander, Wolfe, Chicken: Nonparametric Statistical Methods, 3.2 and 3.3.)
func compared(r *result.Run, point int, samples []*result.Sample, of func(*result.Sample) (float64, bool)) comparedTo {
	var logs []float64
	for _, s := range samples {
		first := sampleOf(r, 0, point, s.Round)
		if first == nil {
			continue
		}
		above, ok := of(s)
		below, both := of(first)
		if ok && both && above > 0 && below > 0 {
			logs = append(logs, math.Log(above/below))
		}
	}
	nan := math.NaN()
	if len(logs) == 0 {
		return comparedTo{nan, nan, nan}
	}
	var means []float64
	for i, a := range logs {
		for _, b := range logs[i:] {
			means = append(means, (a+b)/2)
		}
	}
	slices.Sort(means)
	c := comparedTo{math.Exp(median(means)), nan, nan}
	if k := signedRank(len(logs)); k > 0 {
		c.low, c.high = math.Exp(means[k-1]), math.Exp(means[len(means)-k])
	}
	return c
}

// signedRank returns which mean of pairs from either end bounds the interval: the
// largest k for which Wilcoxon's statistic of n signs is below k with a probability of
// at most half of what the confidence leaves. 0: n is too small.
func signedRank(n int) int {
	const exact = 50 // beyond it the normal distribution is as good
	total := n * (n + 1) / 2
	if n > exact {
		const z = 1.96 // of 95 %
		return int(float64(total)/2 - z*math.Sqrt(float64(total)*float64(2*n+1)/12))
	}
	// share[t] is the probability that the ranks with a plus add up to t.
	share := make([]float64, total+1)
	share[0] = 1
	for rank := 1; rank <= n; rank++ {
		for t := total; t >= 0; t-- {
			share[t] /= 2
			if t >= rank {
				share[t] += share[t-rank] / 2
			}
		}
	}
	k, below := 0, 0.0
	for t := range share {
		if below += share[t]; below > (1-confidence)/2 {
			break
		}
		k = t + 1
	}
	return k
}
