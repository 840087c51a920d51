package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"seqd/cmd/seqd/bench/result"
)

// figure is a plot before it is drawn: what stands where, in the units of its axes.
type figure struct {
	id       string // of files and anchors
	title    string
	subtitle string // where in the grid it is
	x, y     scale
	series   []series
	knees    bool // some marks are knees: the legend says what the ring is
}

// section is figures that answer one question.
type section struct {
	id, title, about string
	figures          []figure
}

// series is one target's marks, from left to right.
type series struct {
	target int
	name   string
	marks  []mark
}

type mark struct {
	x, y      float64
	low, high float64 // how far the rounds went; both y if it is not a median
	label     string  // stands above it; "" mostly
	tip       string  // all of it in words
	knee      bool
}

// form of an axis.
type form int

const (
	linear   form = iota // from zero
	logged               // by powers
	loggedUp             // by powers of one more, so that zero has a place
	named                // a place for each name
	nines                // shares close to one: a place for each nine more
)

type scale struct {
	label string
	form  form
	ticks []tick // in place of those that the form gives
	show  func(float64) string
}

type tick struct {
	at    float64
	label string
}

// sections are all figures that a run gives.
func (v *view) sections() []section {
	cacheAbout := "Median of the rounds; bars reach from the slowest to the fastest round. " + kneeRule
	list := []section{
		{"throughput", "Throughput against CACHE", cacheAbout, v.alongCache(v.throughputAlongCache)},
		{"trade", "What a larger CACHE costs",
			"Each point is a CACHE, larger to the right: how many values a session takes with it when it ends or is discarded, and what they buy. " + kneeRule,
			v.alongCache(v.tradeOff)},
		{"loss", "Values lost against CACHE",
			"Values that nobody will ever get: each session that ends, and each DISCARD ALL, throws away what the session had reserved.",
			append(v.alongCache(v.lossAlongCache), v.alongCache(v.killsAlongCache)...)},
	}
	for _, x := range []axis{clientsAxis, batchAxis, protocolAxis, sessionAxis} {
		list = append(list, section{x.id, "Throughput by " + axisNames[x.id],
			"Median of the rounds; bars reach from the slowest to the fastest round.", v.along(x, v.throughputAlong(x))})
	}
	if len(v.axes.varying) == 0 && len(v.cells) > 0 {
		list = append(list, section{"targets", "Throughput", "Median of the rounds; bars reach from the slowest to the fastest round.", v.throughputByTarget()})
	}
	list = append(list,
		section{"latency", "Latency",
			"How long the given share of the statements took at most, all rounds together. A share is shown if at least ten statements took longer.", v.latencies()},
		section{"cpu", "CPU of the server", "CPU seconds, user and system, of all processes of the server.", v.alongCache(v.cpuAlongCache)})
	return slices.DeleteFunc(list, func(s section) bool { return len(s.figures) == 0 })
}

var axisNames = map[string]string{"clients": "clients", "batch": "values a statement", "protocol": "protocol", "session": "session style"}

// alongCache makes a figure of each family of points that differ in CACHE alone.
func (v *view) alongCache(f func(family) figure) []figure { return v.along(cacheAxis, f) }

func (v *view) along(x axis, f func(family) figure) []figure {
	if !v.axes.varies(x) {
		return nil
	}
	var list []figure
	for _, fam := range v.families(x) {
		if len(fam.points) < 2 {
			continue
		}
		fig := f(fam)
		fig.series = slices.DeleteFunc(fig.series, func(s series) bool { return len(s.marks) == 0 })
		if len(fig.series) == 0 {
			continue
		}
		fig.subtitle = said(v.Points[fam.points[0]], fam.rest)
		for _, r := range fam.rest {
			fig.id += "-" + r.id + "-" + r.label(v.Points[fam.points[0]])
		}
		fig.id = slug(fig.id)
		for _, s := range fig.series {
			fig.knees = fig.knees || slices.ContainsFunc(s.marks, func(m mark) bool { return m.knee })
		}
		list = append(list, fig)
	}
	return list
}

// slug keeps what is fine in the name of a file.
func slug(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-':
			return c
		case c == ' ' || c == '.':
			return '-'
		}
		return -1
	}, strings.ToLower(s))
}

// eachTarget makes a series for each target of what f tells of its cells.
func (v *view) eachTarget(f family, of func(i int, c *cell) (mark, bool)) []series {
	var list []series
	for t, target := range v.Targets {
		s := series{target: t, name: target.Name}
		for i, p := range f.points {
			if c := v.at(t, p); c != nil {
				if m, ok := of(i, c); ok && known(m.x) && known(m.y) {
					s.marks = append(s.marks, m)
				}
			}
		}
		list = append(list, s)
	}
	return list
}

func (v *view) tip(c *cell, what string) string {
	where := v.Targets[c.target].Name
	if len(v.axes.varying) > 0 {
		where += ", " + said(v.Points[c.point], v.axes.varying)
	}
	return where + ": " + what
}

func (v *view) rateMark(c *cell, x float64) mark {
	return mark{x: x, y: c.rate.median, low: c.rate.low, high: c.rate.high,
		tip: v.tip(c, whole(c.rate.median)+" values/s"+c.rate.spreadSaid())}
}

func rates(list []series) scale {
	// A tenth of the height for the smallest: below that powers show more.
	lowest, highest := math.Inf(1), 0.0
	for _, s := range list {
		for _, m := range s.marks {
			lowest, highest = min(lowest, m.y), max(highest, m.y)
		}
	}
	y := scale{label: "values per second", show: short}
	if lowest > 0 && highest > 30*lowest {
		y.form = logged
	}
	return y
}

func (v *view) cacheScale(f family) scale {
	x := scale{label: "CACHE", form: logged, show: short}
	for _, p := range f.points {
		c := float64(v.Points[p].Cache)
		x.ticks = append(x.ticks, tick{c, short(c)})
	}
	return x
}

// isKnee tells for each target and point of a family whether it is its knee.
func (v *view) isKnee(f family) func(*cell) bool {
	at := map[[2]int]bool{}
	for t := range v.Targets {
		curve := v.curve(t, f)
		if k := v.kneeAlong(curve); k.at >= 0 && len(curve) > 1 {
			at[[2]int{t, curve[k.at].point}] = true
		}
	}
	return func(c *cell) bool { return at[[2]int{c.target, c.point}] }
}

func (v *view) throughputAlongCache(f family) figure {
	isKnee := v.isKnee(f)
	fig := figure{id: "throughput", title: "Throughput against CACHE", x: v.cacheScale(f)}
	fig.series = v.eachTarget(f, func(_ int, c *cell) (mark, bool) {
		m := v.rateMark(c, float64(v.Points[c.point].Cache))
		m.knee = isKnee(c)
		return m, true
	})
	fig.y = rates(fig.series)
	return fig
}

func (v *view) tradeOff(f family) figure {
	isKnee := v.isKnee(f)
	fig := figure{id: "trade-off", title: "Throughput against values lost",
		x: scale{label: "values lost per end of a session or DISCARD ALL", form: loggedUp, show: short}}
	fig.series = v.eachTarget(f, func(i int, c *cell) (mark, bool) {
		m := v.rateMark(c, c.perLoss)
		m.tip += ", loses " + pluralOf(c.perLoss, "value")
		m.knee = isKnee(c)
		if m.knee || i == 0 || i == len(f.points)-1 {
			m.label = short(float64(v.Points[c.point].Cache))
		}
		return m, true
	})
	fig.y = rates(fig.series)
	fig.y.label += " (beside the marks: CACHE)"
	return fig
}

// flat is a mark that is a sum over the rounds, not their median.
func (v *view) flat(c *cell, y float64, what string) (mark, bool) {
	return mark{x: float64(v.Points[c.point].Cache), y: y, low: y, high: y, tip: v.tip(c, what)}, true
}

func (v *view) lossAlongCache(f family) figure {
	return figure{id: "loss", title: "Values lost against CACHE", x: v.cacheScale(f),
		y:      scale{label: "values lost per end of a session or DISCARD ALL", form: loggedUp, show: short},
		series: v.eachTarget(f, func(_ int, c *cell) (mark, bool) { return v.flat(c, c.perLoss, "loses "+pluralOf(c.perLoss, "value")) })}
}

func (v *view) killsAlongCache(f family) figure {
	return figure{id: "kill", title: "Values lost when the server is killed", x: v.cacheScale(f),
		y: scale{label: "values lost per kill (kill -9) under this load", form: loggedUp, show: short},
		series: v.eachTarget(f, func(_ int, c *cell) (mark, bool) {
			return v.flat(c, c.perKill, "a kill loses "+pluralOf(c.perKill, "value"))
		})}
}

func (v *view) cpuAlongCache(f family) figure {
	return figure{id: "cpu", title: "CPU of the server", x: v.cacheScale(f),
		y:      scale{label: "CPU seconds per million values", show: short},
		series: v.eachTarget(f, func(_ int, c *cell) (mark, bool) { return v.flat(c, c.cpu, digits(c.cpu)+" CPU s per million values") })}
}

func (v *view) throughputAlong(x axis) func(family) figure {
	return func(f family) figure {
		fig := figure{id: x.id, title: "Throughput by " + axisNames[x.id], x: scale{label: axisNames[x.id], form: named}}
		if x.number != nil {
			fig.x.form = logged
		}
		for i, p := range f.points {
			fig.x.ticks = append(fig.x.ticks, tick{float64(i), x.label(v.Points[p])})
			if x.number != nil {
				fig.x.ticks[i].at = x.number(v.Points[p])
			}
		}
		fig.series = v.eachTarget(f, func(i int, c *cell) (mark, bool) { return v.rateMark(c, fig.x.ticks[i].at), true })
		fig.y = rates(fig.series)
		return fig
	}
}

// throughputByTarget is for a run of one point.
func (v *view) throughputByTarget() []figure {
	fig := figure{id: "targets", title: "Throughput", subtitle: said(v.Points[0], v.axes.fixed), x: scale{form: named}}
	for i := range v.cells {
		c := &v.cells[i]
		fig.x.ticks = append(fig.x.ticks, tick{float64(i), v.Targets[c.target].Name})
		fig.series = append(fig.series, series{c.target, v.Targets[c.target].Name, []mark{v.rateMark(c, float64(i))}})
	}
	fig.y = rates(fig.series)
	return []figure{fig}
}

// shares of the statements that latencies are shown for.
var shares = []float64{0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999}

// latencies are shown where CACHE is smallest and largest, and everywhere in the other
// axes.
func (v *view) latencies() []figure {
	var points []int
	for _, f := range v.families(cacheAxis) {
		points = append(points, f.points[0])
		if last := f.points[len(f.points)-1]; last != f.points[0] {
			points = append(points, last)
		}
	}
	var list []figure
	for _, p := range points {
		fig := figure{id: "latency", title: "Latency of a statement", subtitle: said(v.Points[p], v.axes.varying),
			x: scale{label: "share of the statements", form: nines},
			y: scale{label: "time at most", form: logged, show: roundTime}}
		for _, x := range v.axes.varying {
			fig.id += "-" + x.id + "-" + x.label(v.Points[p])
		}
		fig.id = slug(fig.id)
		for t, target := range v.Targets {
			if c := v.at(t, p); c != nil && c.latency.TotalCount() > 0 {
				fig.series = append(fig.series, series{t, target.Name, latencyMarks(target.Name, c.latency)})
			}
		}
		if len(fig.series) > 0 {
			list = append(list, fig)
		}
	}
	return list
}

func latencyMarks(name string, l *result.Latency) []mark {
	var list []mark
	for _, q := range shares {
		if q > 0.5 && float64(l.TotalCount())*(1-q) < 10 {
			break
		}
		y := l.Quantile(q).Seconds()
		list = append(list, mark{x: nine(q), y: y, low: y, high: y,
			tip: fmt.Sprintf("%s: %s of the statements took %s at most", name, shareSaid(q), secondsShown(y))})
	}
	return list
}

// nine is where a share stands on an axis of nines: 90 % at 1, 99 % at 2.
func nine(q float64) float64 { return -math.Log10(1 - q) }

func shareSaid(q float64) string { return fmt.Sprintf("%.4g%%", 100*q) }
