package report

import (
	"fmt"
	"slices"
	"strings"

	"seqd/cmd/seqd/bench/result"
)

// axis is something in which points may differ.
type axis struct {
	id     string // in file names and keys
	header string // of its column
	// label is the value of a point, as a column shows it; said the same in a sentence.
	label, said func(result.Point) string
	number      func(result.Point) float64 // nil: it has names, not numbers
}

// The axes; of a pipeline, how deep it is belongs to the protocol, as does how often
// to the session style.
var (
	cacheAxis = axis{"cache", "CACHE",
		func(p result.Point) string { return whole(float64(p.Cache)) },
		func(p result.Point) string { return "CACHE " + whole(float64(p.Cache)) },
		func(p result.Point) float64 { return float64(p.Cache) }}
	clientsAxis = axis{"clients", "clients",
		func(p result.Point) string { return whole(float64(p.Clients)) },
		func(p result.Point) string { return plural(int64(p.Clients), "client") },
		func(p result.Point) float64 { return float64(p.Clients) }}
	batchAxis = axis{"batch", "batch",
		func(p result.Point) string { return whole(float64(p.Batch)) },
		func(p result.Point) string { return plural(int64(p.Batch), "value") + " a statement" },
		func(p result.Point) float64 { return float64(p.Batch) }}
	protocolAxis = axis{"protocol", "protocol", protocolLabel,
		func(p result.Point) string { return protocolLabel(p) + " statements" }, nil}
	sessionAxis = axis{"session", "session", sessionLabel, sessionSaid, nil}

	allAxes = []axis{cacheAxis, clientsAxis, batchAxis, protocolAxis, sessionAxis}
)

func protocolLabel(p result.Point) string {
	if p.Protocol == result.Pipelined || p.Depth > 1 {
		return fmt.Sprintf("%s %d", p.Protocol, p.Depth)
	}
	return p.Protocol
}

func sessionLabel(p result.Point) string {
	if p.Every > 0 {
		return fmt.Sprintf("%s %d", p.Session, p.Every)
	}
	return p.Session
}

func sessionSaid(p result.Point) string {
	switch p.Session {
	case result.Long:
		return "one long session a client"
	case result.Reconnect:
		return "a new session every " + plural(int64(p.Every), "statement") + " on average"
	case result.Discard:
		return "DISCARD ALL every " + plural(int64(p.Every), "statement") + " on average"
	}
	return sessionLabel(p)
}

// axes splits them: those in which the run's points differ, and those in which all
// are the same, which need no column.
type axes struct{ varying, fixed []axis }

func axesOf(points []result.Point) axes {
	var a axes
	for _, x := range allAxes {
		varies := slices.ContainsFunc(points, func(p result.Point) bool { return x.label(p) != x.label(points[0]) })
		if varies {
			a.varying = append(a.varying, x)
		} else {
			a.fixed = append(a.fixed, x)
		}
	}
	// What changes least from point to point is the outer column.
	slices.SortStableFunc(a.varying, func(x, y axis) int { return changes(points, x) - changes(points, y) })
	return a
}

func changes(points []result.Point, x axis) int {
	n := 0
	for i := 1; i < len(points); i++ {
		if x.label(points[i]) != x.label(points[i-1]) {
			n++
		}
	}
	return n
}

func (a axes) varies(x axis) bool {
	return slices.ContainsFunc(a.varying, func(v axis) bool { return v.id == x.id })
}

// said joins what some axes say of a point.
func said(p result.Point, list []axis) string {
	var parts []string
	for _, x := range list {
		parts = append(parts, x.said(p))
	}
	return strings.Join(parts, ", ")
}

// family is the points that differ in one axis alone, in its order.
type family struct {
	points []int  // indexes in the run
	rest   []axis // the other axes that vary
}

// families splits the points of a run along an axis.
func (v *view) families(along axis) []family {
	rest := slices.DeleteFunc(slices.Clone(v.axes.varying), func(x axis) bool { return x.id == along.id })
	var list []family
	byKey := map[string]int{}
	for i, p := range v.Points {
		key := said(p, rest)
		at, ok := byKey[key]
		if !ok {
			at = len(list)
			byKey[key] = at
			list = append(list, family{rest: rest})
		}
		list[at].points = append(list[at].points, i)
	}
	if along.number != nil {
		for _, f := range list {
			slices.SortStableFunc(f.points, func(a, b int) int {
				return int(along.number(v.Points[a]) - along.number(v.Points[b]))
			})
		}
	}
	return list
}
