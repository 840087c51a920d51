// Package grid turns the axes of a benchmark, as they are given or as a preset has
// them, into the points that are measured, and says how long that takes.
package grid

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"seqd/cmd/seqd/bench/result"
)

// Axes are the values along each axis. Every one is combined with every other.
type Axes struct {
	Cache    []int64
	Clients  []int
	Protocol []string
	Depth    []int // of pipelined only
	Batch    []int
	Session  []string // long, reconnect:N, discard:N
	Prelog   []uint64 // own servers only; none: their default
	Nodes    []int    // own servers only
}

// Default is the name of the preset that is taken without one.
const Default = "default"

// presets are what somebody asks who has to choose.
var presets = map[string]Axes{
	// What does CACHE buy, and what does it cost, alone and under load?
	Default: {Cache: []int64{1, 10, 100}, Clients: []int{1, 8}, Protocol: []string{result.Prepared}, Session: []string{"long", "reconnect:100"}},
	// The whole curve, for one number of clients.
	"cache": {Cache: []int64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}, Clients: []int{8}, Protocol: []string{result.Prepared}, Session: []string{"long", "reconnect:100"}},
	// How far does it go with more clients, and what does the way of asking cost?
	"clients": {Cache: []int64{1}, Clients: []int{1, 2, 4, 8, 16, 32, 64}, Protocol: []string{result.Simple, result.Prepared, result.Pipelined}, Session: []string{"long"}},
	// What is lost behind a connection pool, and by clients that come and go?
	"pooler": {Cache: []int64{1, 10, 100, 1000}, Clients: []int{8}, Protocol: []string{result.Prepared}, Session: []string{"long", "reconnect:10", "discard:10", "discard:100"}},
	// What do three nodes cost?
	"cluster": {Cache: []int64{1, 100}, Clients: []int{1, 9}, Protocol: []string{result.Prepared, result.Pipelined}, Session: []string{"long"}, Nodes: []int{1, 3}},
}

// Presets are their names.
func Presets() []string {
	names := make([]string, 0, len(presets))
	for name := range presets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Preset returns the axes of a preset, with what is given in their place.
func Preset(name string, given Axes) (Axes, error) {
	a, ok := presets[name]
	if !ok {
		return a, fmt.Errorf("preset %q: want one of %s", name, strings.Join(Presets(), ", "))
	}
	a.Depth, a.Batch = []int{50}, []int{1}
	if len(a.Nodes) == 0 {
		a.Nodes = []int{1}
	}
	instead(&a.Cache, given.Cache)
	instead(&a.Clients, given.Clients)
	instead(&a.Protocol, given.Protocol)
	instead(&a.Depth, given.Depth)
	instead(&a.Batch, given.Batch)
	instead(&a.Session, given.Session)
	instead(&a.Prelog, given.Prelog)
	instead(&a.Nodes, given.Nodes)
	return a, nil
}

func instead[T any](axis *[]T, given []T) {
	if len(given) > 0 {
		*axis = given
	}
}

// Bounds of the axes. More clients than this is a test of the machine's limits, and a
// larger batch takes longer than a sample.
const (
	clientsMax = 10000
	depthMax   = 10000
	batchMax   = 1000000
	nodesMax   = 9
	pointsMax  = 10000
)

// Points returns the points, CACHE varying fastest: what is next to each other in
// time and in tables is what is compared.
func (a Axes) Points() ([]result.Point, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	var list []result.Point
	for _, protocol := range a.Protocol {
		depths := []int{1}
		if protocol == result.Pipelined {
			depths = a.Depth
		}
		for _, depth := range depths {
			for _, batch := range a.Batch {
				for _, clients := range a.Clients {
					for _, session := range a.Session {
						style, every, err := parseSession(session)
						if err != nil {
							return nil, err
						}
						for _, cache := range a.Cache {
							list = append(list, result.Point{Cache: cache, Clients: clients, Protocol: protocol, Depth: depth, Batch: batch, Session: style, Every: every})
						}
					}
				}
			}
		}
	}
	if len(list) > pointsMax {
		return nil, fmt.Errorf("%d points: at most %d", len(list), pointsMax)
	}
	return list, nil
}

func (a Axes) check() error {
	for _, c := range a.Cache {
		if c < 1 {
			return fmt.Errorf("--cache %d: want 1 or more", c)
		}
	}
	for _, axis := range []struct {
		flag     string
		values   []int
		min, max int
	}{
		{"--clients", a.Clients, 1, clientsMax}, {"--depth", a.Depth, 1, depthMax}, {"--batch", a.Batch, 1, batchMax}, {"--nodes", a.Nodes, 1, nodesMax},
	} {
		for _, v := range axis.values {
			if v < axis.min || v > axis.max {
				return fmt.Errorf("%s %d: want %d to %d", axis.flag, v, axis.min, axis.max)
			}
		}
		if repeated(axis.values) {
			return fmt.Errorf("%s: a value is there twice", axis.flag)
		}
	}
	protocols := []string{result.Simple, result.Extended, result.Prepared, result.Pipelined}
	for _, p := range a.Protocol {
		if !slices.Contains(protocols, p) {
			return fmt.Errorf("--protocol %q: want %s", p, strings.Join(protocols, ", "))
		}
	}
	if repeated(a.Cache) || repeated(a.Protocol) || repeated(a.Session) || repeated(a.Prelog) {
		return fmt.Errorf("--cache, --protocol, --session, --prelog: a value is there twice")
	}
	return nil
}

func repeated[T comparable](list []T) bool {
	seen := map[T]bool{}
	for _, v := range list {
		if seen[v] {
			return true
		}
		seen[v] = true
	}
	return false
}

func parseSession(text string) (style string, every int, err error) {
	style, n, counted := strings.Cut(text, ":")
	switch {
	case style == result.Long && !counted:
		return style, 0, nil
	case style == result.Reconnect || style == result.Discard:
		if every, err = strconv.Atoi(n); err == nil && every >= 1 && every <= 1e9 {
			return style, every, nil
		}
	}
	return "", 0, fmt.Errorf("--session %q: want long, reconnect:N or discard:N, with N statements between", text)
}

// What a sample takes beyond its time and its warm-up: a new sequence, the clients'
// logins, and questions about what it cost.
const (
	sampleOverhead = 50 * time.Millisecond
	loginOverhead  = 4 * time.Millisecond // a client's, where each is a new process
	killOverhead   = 600 * time.Millisecond
	electOverhead  = 2500 * time.Millisecond // more, of a cluster: until it has a leader again
)

// Plan is how long each sample is.
type Plan struct {
	Rounds           int
	Duration, Warmup time.Duration
	Kill             bool // own targets, after each sample
}

// Estimate is how long the plan takes for that many targets, of which some are own,
// with so many nodes.
func (p Plan) Estimate(points []result.Point, targets int, own []int) time.Duration {
	var sum time.Duration
	for _, at := range points {
		sum += time.Duration(targets) * (p.Duration + p.Warmup + sampleOverhead + time.Duration(at.Clients)*loginOverhead)
		if !p.Kill {
			continue
		}
		for _, nodes := range own {
			sum += killOverhead
			if nodes > 1 {
				sum += electOverhead
			}
		}
	}
	return sum * time.Duration(p.Rounds)
}

// The time of a sample when none is given: so that all of them take fitTime, within
// bounds. Less than the least says nothing, more than the most says no more. Many short
// samples are better than a few long ones: a machine that is slow for a second is slow for
// both sides of a ratio. (docs/choosing-cache.md says how far two runs differed.)
const (
	fitTime     = 112 * time.Second
	durationMin = 120 * time.Millisecond
	durationMax = time.Second
)

// Fit sets the time of a sample, and a warm-up of a tenth of it.
func (p Plan) Fit(points []result.Point, targets int, own []int) Plan {
	if p.Duration == 0 {
		overhead := p.Estimate(points, targets, own)
		samples := time.Duration(max(1, len(points)*targets*p.Rounds))
		p.Duration = min(max((fitTime-overhead)/samples*10/11, durationMin), durationMax).Round(10 * time.Millisecond)
	}
	p.Warmup = p.Duration / 10
	return p
}
