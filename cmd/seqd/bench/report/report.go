// Package report shows what a run of `seqd bench` has measured: as tables, CSV,
// benchstat's format, plots and a page, and two runs side by side. It measures
// nothing, opens nothing and knows no clock: the same run gives the same bytes.
package report

import (
	"slices"

	"seqd/cmd/seqd/bench/result"
)

// cell is one target at one point, all rounds together.
type cell struct {
	target, point int // indexes in the run
	rate          estimate
	ratio         comparedTo // of rate
	latency       *result.Latency
	cpu           float64 // seconds of the server per million values
	cpuRatio      comparedTo
	records       float64 // of the log, per 1000 values
	syncs         float64 // of the log, per 1000 values
	lost          float64 // by session ends and DISCARD, per 1000 values, those of the warm-up too
	perEnd        float64 // lost per end of a session
	perDiscard    float64 // lost per DISCARD ALL
	perLoss       float64 // lost per end of a session or DISCARD ALL
	perKill       float64 // lost per kill of the server
	outOfOrder    float64 // share of the values
	errors        []result.Error
	failures      int64 // sum of errors
}

// view is a run made ready to be shown.
type view struct {
	*result.Run
	axes  axes
	cells []cell // by point, then target; what has no sample is not there
}

func newView(r *result.Run) *view {
	v := &view{Run: r, axes: axesOf(r.Points)}
	for p := range r.Points {
		for t := range r.Targets {
			if samples := r.At(t, p); len(samples) > 0 {
				v.cells = append(v.cells, newCell(r, t, p, samples))
			}
		}
	}
	return v
}

// at returns a target's cell at a point, nil if it was not measured.
func (v *view) at(target, point int) *cell {
	i := slices.IndexFunc(v.cells, func(c cell) bool { return c.target == target && c.point == point })
	if i < 0 {
		return nil
	}
	return &v.cells[i]
}

func newCell(r *result.Run, target, point int, samples []*result.Sample) cell {
	c := cell{target: target, point: point, latency: result.NewLatency()}
	var rates []float64
	for _, s := range samples {
		rates = append(rates, s.ValuesPerSecond())
		c.latency.Merge(s.Latency.Histogram)
		c.addErrors(s.Errors)
	}
	c.rate = estimateOf(rates)
	c.ratio = compared(r, point, samples, func(s *result.Sample) (float64, bool) { return s.ValuesPerSecond(), true })
	c.cpuRatio = compared(r, point, samples, func(s *result.Sample) (float64, bool) { return per(s.Values, 1e6, s.ServerCPUSeconds) })

	values := func(s *result.Sample) (float64, bool) { return float64(s.Values), true }
	drawn := func(s *result.Sample) (float64, bool) { return float64(s.Drawn), true }
	c.cpu = 1e6 * quotient(samples, func(s *result.Sample) (float64, bool) { return deref(s.ServerCPUSeconds) }, values)
	c.records = 1e3 * quotient(samples, func(s *result.Sample) (float64, bool) { return deref(s.LogRecords) }, drawn)
	c.syncs = 1e3 * quotient(samples, func(s *result.Sample) (float64, bool) { return deref(s.LogSyncs) }, drawn)
	c.lost = 1e3 * quotient(samples, lostBySessions, drawn)
	c.outOfOrder = quotient(samples, func(s *result.Sample) (float64, bool) { return float64(s.OutOfOrder), true }, values)
	c.perEnd = quotient(samples, func(s *result.Sample) (float64, bool) { return deref(s.Lost.SessionEnd) },
		func(s *result.Sample) (float64, bool) { return float64(s.SessionEnds), true })
	c.perDiscard = quotient(samples, func(s *result.Sample) (float64, bool) { return deref(s.Lost.Discard) }, discards)
	c.perLoss = quotient(samples, lostBySessions,
		func(s *result.Sample) (float64, bool) { return float64(s.SessionEnds + s.Discards), true })
	c.perKill = quotient(samples, func(s *result.Sample) (float64, bool) { return deref(s.Lost.Kill) },
		func(*result.Sample) (float64, bool) { return 1, true })
	return c
}

func (c *cell) addErrors(list []result.Error) {
	for _, e := range list {
		c.failures += e.Count
		same := func(o result.Error) bool { return o.SQLState == e.SQLState && o.Message == e.Message }
		if i := slices.IndexFunc(c.errors, same); i >= 0 {
			c.errors[i].Count += e.Count
		} else {
			c.errors = append(c.errors, e)
		}
	}
}

// lostBySessions leaves kills out: they are not part of the load.
func lostBySessions(s *result.Sample) (float64, bool) {
	l := s.Lost
	l.Kill = nil
	n, ok := l.Total()
	return float64(n), ok
}

// discards is how often a session lost what it had; where the end of a session is not
// counted by itself, it stands among them.
func discards(s *result.Sample) (float64, bool) {
	n := s.Discards
	if s.Lost.SessionEnd == nil {
		n += s.SessionEnds
	}
	return float64(n), true
}

func sampleOf(r *result.Run, target, point, round int) *result.Sample {
	for i := range r.Samples {
		if s := &r.Samples[i]; s.Target == target && s.Point == point && s.Round == round {
			return s
		}
	}
	return nil
}
