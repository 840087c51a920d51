package report

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"seqd/cmd/seqd/bench/result"
)

func (v *view) firstName() string {
	if len(v.Targets) == 0 {
		return ""
	}
	return v.Targets[0].Name
}

// about says what ran, where and how.
func (v *view) about() []string {
	s := v.Settings
	how := fmt.Sprintf("seqd bench %s, %s: %s of %s s a cell", v.Seqd, v.Started.UTC().Format("2006-01-02 15:04 MST"),
		plural(int64(s.Rounds), "round"), brief(s.SecondsPerCell))
	if s.WarmupSeconds > 0 {
		how += fmt.Sprintf(" after %s s of warm-up", brief(s.WarmupSeconds))
	}
	if s.Preset != "" {
		how += ", preset " + s.Preset
	}
	lines := []string{how + ".", "Machine: " + v.machine() + "."}
	for _, t := range v.Targets {
		lines = append(lines, "Target "+t.Name+": "+targetSaid(t)+".")
	}
	if len(v.Points) > 0 && len(v.axes.fixed) > 0 {
		lines = append(lines, "The same everywhere: "+said(v.Points[0], v.axes.fixed)+".")
	}
	return lines
}

func (v *view) machine() string {
	m := v.Machine
	parts := []string{plural(int64(m.CPUs), "CPU")}
	if m.Model != "" {
		parts[0] += " (" + m.Model + ")"
	}
	if m.MemoryBytes > 0 {
		parts = append(parts, humanize.IBytes(uint64(m.MemoryBytes))+" of memory")
	}
	parts = append(parts, m.OS)
	if m.Kernel != "" {
		parts = append(parts, "kernel "+m.Kernel)
	}
	return strings.Join(parts, ", ")
}

func targetSaid(t result.Target) string {
	if t.Kind == "" {
		return "never reached, " + t.DSN
	}
	what := strings.TrimSpace(t.Kind + " " + t.Version)
	if strings.Contains(t.Version, t.Kind) {
		what = t.Version // it names itself
	}
	switch {
	case t.Own:
		what += ", started for this run"
		if t.Nodes > 1 {
			what += ", " + plural(int64(t.Nodes), "node")
		}
	case t.Local:
		what += ", on this machine"
	default:
		what += ", on another machine"
	}
	if t.PrelogMax != nil {
		what += ", pre-log at most " + plural(int64(min(*t.PrelogMax, 1<<62)), "value")
	}
	return what
}

// finding is a knee in a sentence.
type finding struct{ Name, Where, Text string }

// findings are all knees of a run.
func (v *view) findings() []finding {
	if !v.axes.varies(cacheAxis) {
		return nil
	}
	var list []finding
	for _, f := range v.families(cacheAxis) {
		for t := range v.Targets {
			curve := v.curve(t, f)
			if text := v.kneeSaid(curve, v.kneeAlong(curve)); text != "" {
				list = append(list, finding{v.Targets[t].Name, said(v.Points[f.points[0]], f.rest), text})
			}
		}
	}
	return list
}

// kneeSaid says what CACHE buys and costs on a curve.
func (v *view) kneeSaid(curve []*cell, k knee) string {
	if k.at < 0 || len(curve) < 2 {
		return ""
	}
	at, first := curve[k.at], curve[0]
	if k.at == 0 {
		s := fmt.Sprintf("Knee at CACHE %s, the smallest: a larger CACHE wins less than a tenth", v.cacheOf(at))
		if k.high > k.at {
			s += v.inRounds(curve, k)
		}
		return s + "."
	}
	s := fmt.Sprintf("Knee at CACHE %s%s: %s values/s, %s those at CACHE %s", v.cacheOf(at), v.inRounds(curve, k),
		whole(at.rate.median), ratio(at.rate.median/first.rate.median), v.cacheOf(first))
	if known(at.perLoss) {
		s += fmt.Sprintf("; loses %s for each session that ends or is discarded", pluralOf(at.perLoss, "value"))
	}
	if k.open {
		s += "; it is the largest CACHE measured, a larger one may give more"
	}
	return s + "."
}

func (v *view) inRounds(curve []*cell, k knee) string {
	if k.low == k.high {
		return ""
	}
	return fmt.Sprintf(" (in single rounds %s to %s)", v.cacheOf(curve[k.low]), v.cacheOf(curve[k.high]))
}

func pluralOf(f float64, word string) string {
	if s := brief(f); s != "1" {
		return s + " " + word + "s"
	}
	return "1 " + word
}

// notes are what a reader must know before believing a number.
func (v *view) notes() []string {
	var list []string
	if v.Interrupted {
		list = append(list, "The run was interrupted: rounds or points are missing.")
	}
	if s := v.restless(); s > restlessAt {
		list = append(list, fmt.Sprintf("The rounds of half of all cells differ from their median by %s and more: something else used the machine. Only large differences are real.", percent(s)))
	}
	for t, target := range v.Targets {
		if target.Problem != "" {
			list = append(list, fmt.Sprintf("%s failed: %s. %s", target.Name, strings.TrimSuffix(target.Problem, "."), v.keptOf(t)))
		}
	}
	for _, target := range v.Targets {
		if target.Kind == "" {
			continue // its problem is said
		}
		if target.CPUUnknown != "" {
			list = append(list, fmt.Sprintf("%s: no CPU time (%s).", target.Name, target.CPUUnknown))
		}
		if target.LogUnknown != "" {
			list = append(list, fmt.Sprintf("%s: log not counted (%s).", target.Name, target.LogUnknown))
		}
	}
	for i := range v.cells {
		c := &v.cells[i]
		where := v.Targets[c.target].Name
		if len(v.axes.varying) > 0 {
			where += ", " + said(v.Points[c.point], v.axes.varying)
		}
		for _, e := range c.errors {
			list = append(list, fmt.Sprintf("%s: %s: %s", where, plural(e.Count, "error"), strings.TrimSpace(e.SQLState+" "+e.Message)))
		}
	}
	return list
}

// restlessAt is the spread above which a run is not to be read to the last percent: on
// a machine that does nothing else, rounds stay within a tenth.
const restlessAt = 0.15

// restless is the median of the cells' spreads.
func (v *view) restless() float64 {
	var spreads []float64
	for _, c := range v.cells {
		if s := c.rate.spread(); known(s) {
			spreads = append(spreads, s)
		}
	}
	return median(spreads)
}

// keptOf says how much of a failed target's part there is.
func (v *view) keptOf(target int) string {
	have, of := 0, len(v.Points)*v.Settings.Rounds
	for i := range v.Samples {
		if v.Samples[i].Target == target {
			have++
		}
	}
	if have == 0 {
		return "Nothing was measured."
	}
	return fmt.Sprintf("What was measured otherwise is kept: %d of %d samples.", have, of)
}
