package report

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/perf/benchmath"

	"seqd/cmd/seqd/bench/result"
)

// Named is a run and the file that it is from.
type Named struct {
	Name string
	Run  *result.Run
}

// confidence of the intervals (±) and, from the other side, of what is called a change.
const confidence = 0.95

// Compare sets two runs side by side as benchstat does: medians with their confidence
// intervals, and for each change how probable as large a one is by chance alone
// (Mann-Whitney U-test). A change that chance explains is shown as ~.
func Compare(w io.Writer, old, new Named, width int) error {
	if width <= 0 {
		width = 80
	}
	c := newComparison(old, new)
	var b strings.Builder
	for _, n := range c.runs {
		r := n.Run
		wrap(&b, fmt.Sprintf("%s: seqd bench %s, %s, %s of %s s; %s.", n.Name, r.Seqd, r.Started.UTC().Format("2006-01-02 15:04 MST"),
			plural(int64(r.Settings.Rounds), "round"), brief(r.Settings.SecondsPerCell), newView(r).machine()), width)
	}
	if len(c.rows) > 0 && len(c.axes.fixed) > 0 {
		wrap(&b, "The same everywhere: "+said(c.rows[0].point, c.axes.fixed)+".", width)
	}
	notes := c.differences()
	for _, m := range metrics {
		if t := c.table(m, &notes); t != "" {
			fmt.Fprintf(&b, "\n%s (%s is better)\n%s", m.name, map[string]string{"higher": "more", "lower": "less"}[m.better], t)
		}
	}
	if len(c.rows) == 0 {
		notes = append(notes, "The runs have no target and point in common: nothing to compare. Targets are matched by their names.")
	} else {
		notes = append(notes, fmt.Sprintf("±: where the median lies with %.0f %% confidence; it takes six rounds to say. ~: chance alone explains the change (p > %.2f). "+
			"Of the %d changes looked at, chance alone makes about %.0f look real.",
			100*confidence, benchmath.DefaultThresholds.CompareAlpha, c.compared, benchmath.DefaultThresholds.CompareAlpha*float64(c.compared)))
	}
	b.WriteString("\n")
	for _, n := range notes {
		wrap(&b, n, width)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// pair is a target and a point that both runs have.
type pair struct {
	target string
	point  result.Point
	old    []*result.Sample
	new    []*result.Sample
}

type comparison struct {
	runs [2]Named
	axes axes
	rows []pair
	// compared counts the changes looked at: of so many, some look real by chance.
	compared int
}

func newComparison(old, new Named) *comparison {
	c := &comparison{runs: [2]Named{old, new}}
	if a, b := filepath.Base(old.Name), filepath.Base(new.Name); a != b {
		c.runs[0].Name, c.runs[1].Name = a, b
	} else if old.Name == new.Name {
		c.runs[0].Name, c.runs[1].Name = "old "+a, "new "+b
	}
	var points []result.Point
	for p, point := range old.Run.Points {
		for t, target := range old.Run.Targets {
			newPoint := slices.Index(new.Run.Points, point)
			newTarget := slices.IndexFunc(new.Run.Targets, func(o result.Target) bool { return o.Name == target.Name })
			if newPoint < 0 || newTarget < 0 {
				continue
			}
			row := pair{target.Name, point, old.Run.At(t, p), new.Run.At(newTarget, newPoint)}
			if len(row.old) > 0 && len(row.new) > 0 {
				c.rows = append(c.rows, row)
				points = append(points, point)
			}
		}
	}
	c.axes = axesOf(points)
	return c
}

// table of a metric; "" if no row has it in both runs. What the statistics warn of goes
// to notes, once.
func (c *comparison) table(m metric, notes *[]string) string {
	var head columns
	for _, x := range c.axes.varying {
		head.add(x.header, text.AlignRight)
	}
	head.add("target", text.AlignLeft)
	head.add(c.runs[0].Name, text.AlignRight)
	head.add(c.runs[1].Name, text.AlignRight)
	head.add("change", text.AlignLeft)
	t := head.table()
	for _, row := range c.rows {
		old, new := sampleFor(m, row.old), sampleFor(m, row.new)
		if old == nil || new == nil {
			continue
		}
		c.compared++
		var cells table.Row
		for _, x := range c.axes.varying {
			cells = append(cells, x.label(row.point))
		}
		change, warnings := changeSaid(m, old, new)
		t.AppendRow(append(cells, row.target, summarySaid(m, old), summarySaid(m, new), change))
		for _, warning := range warnings {
			if said := "Note: " + warning.Error() + "."; !slices.Contains(*notes, said) {
				*notes = append(*notes, said)
			}
		}
	}
	if t.Length() == 0 {
		return ""
	}
	return trimRight(t.Render())
}

func sampleFor(m metric, samples []*result.Sample) *benchmath.Sample {
	var values []float64
	for _, s := range samples {
		if f, ok := m.of(s); ok {
			values = append(values, f)
		}
	}
	if len(values) == 0 {
		return nil
	}
	return benchmath.NewSample(values, &benchmath.DefaultThresholds)
}

func summarySaid(m metric, s *benchmath.Sample) string {
	sum := benchmath.AssumeNothing.Summary(s, confidence)
	if math.IsInf(sum.Lo, 0) || math.IsInf(sum.Hi, 0) {
		return m.show(sum.Center)
	}
	return m.show(sum.Center) + " ± " + sum.PctRangeString()
}

// changeSaid says it in percent and in a word, or ~.
func changeSaid(m metric, old, new *benchmath.Sample) (string, []error) {
	if slices.Equal(old.Values, new.Values) {
		return "the same", nil
	}
	cmp := benchmath.AssumeNothing.Compare(old, new)
	before := benchmath.AssumeNothing.Summary(old, confidence).Center
	after := benchmath.AssumeNothing.Summary(new, confidence).Center
	delta := cmp.FormatDelta(before, after)
	switch up := after > before; {
	case delta == "~" || after == before || math.IsNaN(after-before):
	case up == (m.better == "higher"):
		delta += " better"
	default:
		delta += " worse"
	}
	return fmt.Sprintf("%s (%s)", delta, cmp), cmp.Warnings
}

// differences says what else differs between the runs, and what only one of them has.
func (c *comparison) differences() []string {
	var list []string
	old, new := c.runs[0].Run, c.runs[1].Run
	if a, b := newView(old).machine(), newView(new).machine(); a != b {
		list = append(list, "The machines differ: a change may be theirs.")
	}
	if a, b := old.Settings.SecondsPerCell, new.Settings.SecondsPerCell; a != b {
		list = append(list, fmt.Sprintf("The samples differ in length: %s s and %s s.", brief(a), brief(b)))
	}
	for i, n := range c.runs {
		other := c.runs[1-i]
		for _, t := range n.Run.Targets {
			j := slices.IndexFunc(other.Run.Targets, func(o result.Target) bool { return o.Name == t.Name })
			if j < 0 {
				list = append(list, fmt.Sprintf("Only in %s: target %s.", n.Name, t.Name))
			} else if o := other.Run.Targets[j]; i == 0 && (o.Kind != t.Kind || o.Version != t.Version) {
				list = append(list, fmt.Sprintf("%s is %s %s in %s, %s %s in %s.", t.Name, t.Kind, t.Version, n.Name, o.Kind, o.Version, other.Name))
			}
			if t.Problem != "" {
				list = append(list, fmt.Sprintf("%s: %s failed: %s.", n.Name, t.Name, strings.TrimSuffix(t.Problem, ".")))
			}
		}
		only := 0
		for _, p := range n.Run.Points {
			if !slices.Contains(other.Run.Points, p) {
				only++
			}
		}
		if only > 0 {
			list = append(list, fmt.Sprintf("Only in %s: %s of the grid.", n.Name, plural(int64(only), "point")))
		}
		if n.Run.Interrupted {
			list = append(list, n.Name+" was interrupted.")
		}
	}
	return list
}
