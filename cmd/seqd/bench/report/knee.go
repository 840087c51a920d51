package report

import "fmt"

// kneeShare is how much of the best rate the knee has. A larger CACHE than the knee's
// wins a tenth at most, which is what rounds on a small machine differ by, and loses
// more values. Rules on the curve's bend (kneedle and its like) move with the noise of
// neighbouring points and with where the measured range ends; this one moves only with
// the best rate.
const kneeShare = 0.9

// kneeRule says it to people.
var kneeRule = fmt.Sprintf("The knee is the smallest CACHE at which a target reaches %.0f %% of its best rate (median of the rounds).", 100*kneeShare)

// knee is the smallest CACHE that gives nearly all there is to get.
type knee struct {
	at int // index in the curve; -1: there is none
	// low and high are the outermost knees of the single rounds: how sure it is.
	low, high int
	// open: it is the largest CACHE measured, so a larger one might give more.
	open bool
}

// kneeOf finds the knee in a target's rates by growing CACHE: the medians, and for
// each of them the rates of its rounds.
func kneeOf(medians []float64, rounds [][]float64) knee {
	k := knee{at: reaches(medians, kneeShare)}
	k.low, k.high = k.at, k.at
	if k.at < 0 {
		return k
	}
	k.open = k.at == len(medians)-1 && k.at > 0
	whole := len(rounds[0]) // rounds in which every CACHE was measured
	for _, r := range rounds {
		whole = min(whole, len(r))
	}
	for round := range whole {
		one := make([]float64, len(rounds))
		for i, r := range rounds {
			one[i] = r[round]
		}
		if at := reaches(one, kneeShare); at >= 0 {
			k.low, k.high = min(k.low, at), max(k.high, at)
		}
	}
	return k
}

// reaches returns the first index at which a share of the largest is reached, -1 if
// all are zero.
func reaches(curve []float64, share float64) int {
	best := 0.0
	for _, y := range curve {
		best = max(best, y)
	}
	for i, y := range curve {
		if best > 0 && y >= share*best {
			return i
		}
	}
	return -1
}
