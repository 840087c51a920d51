package report

import (
	"math"

	"gonum.org/v1/plot"
)

// apply makes a plot's axis of a scale that has to show low to high.
func (s scale) apply(a *plot.Axis, low, high float64) {
	if s.form == logged && low <= 0 { // a round without a value: no power reaches down to it
		s.form = loggedUp
	}
	switch s.form {
	case linear:
		a.Min, a.Max = 0, high*1.06
		if high <= 0 {
			a.Max = 1
		}
		a.Tick.Marker = relabelled{s.show}
	case logged:
		a.Scale = plot.LogScale{}
		a.Min, a.Max = low, high
		if s.ticks == nil {
			a.Min, a.Max = low/1.15, high*1.15
			a.Tick.Marker = plot.ConstantTicks(decades(a.Min, a.Max, s.show))
		}
	case loggedUp:
		a.Scale = logUp{}
		a.Min, a.Max = 0, max(high*1.15, 1)
		ticks := append([]plot.Tick{{Value: 0, Label: s.show(0)}}, decades(1, a.Max, s.show)...)
		a.Tick.Marker = plot.ConstantTicks(ticks)
	case named:
		a.Min, a.Max = -0.5, float64(len(s.ticks))-0.5
	case nines:
		a.Min, a.Max = nine(0.5), max(high, nine(0.99))
		var ticks []plot.Tick
		for _, q := range []float64{0.5, 0.9, 0.99, 0.999, 0.9999} {
			if nine(q) <= a.Max+1e-9 {
				ticks = append(ticks, plot.Tick{Value: nine(q), Label: shareSaid(q)})
			}
		}
		a.Tick.Marker = plot.ConstantTicks(ticks)
	}
	if s.ticks != nil {
		var ticks []plot.Tick
		every := (len(s.ticks) + 9) / 10 // not more labels than there is room for
		for i, t := range s.ticks {
			label := t.label
			if i%every > 0 && s.form != named {
				label = ""
			}
			ticks = append(ticks, plot.Tick{Value: t.at, Label: label})
		}
		a.Tick.Marker = plot.ConstantTicks(ticks)
	}
}

// logUp is a logarithmic scale of one more than the value, so that zero is on it.
type logUp struct{}

func (logUp) Normalize(min, max, x float64) float64 {
	return (math.Log1p(x) - math.Log1p(min)) / (math.Log1p(max) - math.Log1p(min))
}

// relabelled are the library's ticks with our numbers.
type relabelled struct{ show func(float64) string }

func (r relabelled) Ticks(min, max float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(min, max)
	kept := ticks[:0]
	for _, t := range ticks {
		if !t.IsMinor() {
			t.Label = r.show(t.Value)
			kept = append(kept, t)
		}
	}
	return kept
}

// decades are ticks at powers of ten; at their doubles and fives too if there are few.
func decades(low, high float64, show func(float64) string) []plot.Tick {
	for _, steps := range [][]float64{{1}, {1, 3}, {1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9}} {
		var ticks []plot.Tick
		for e := math.Floor(math.Log10(low)); e <= math.Log10(high); e++ {
			for _, s := range steps {
				if at := s * math.Pow(10, e); at >= low && at <= high {
					ticks = append(ticks, plot.Tick{Value: at, Label: show(at)})
				}
			}
		}
		if len(ticks) >= 3 || len(steps) == 10 {
			return ticks
		}
	}
	return nil
}
