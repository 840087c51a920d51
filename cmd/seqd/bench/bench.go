// Package bench measures targets at the points of a grid, round by round, and gives
// back what it measured, whatever happens on the way.
package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"seqd/cmd/seqd/bench/grid"
	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/bench/target"
)

// Config says what is measured.
type Config struct {
	Targets []*target.Target // not opened yet
	Points  []result.Point
	Plan    grid.Plan
	// Progress is told before each point of a round; Say of what the user should know at once.
	Progress func(done, total int, what string)
	Say      func(text string)
}

// cleanupTimeout is how long removing what was made may take.
const cleanupTimeout = 15 * time.Second

// runner is a run under way.
type runner struct {
	Config
	run     *result.Run
	dead    []bool
	related bool // some targets may be the same server
	count   int  // of sequences made
}

// Run opens the targets, measures, and removes what it made, also when ctx ends before
// its time. Samples, points and targets' problems are put in run. The error is what the
// user has to hear beyond that: what could not be removed.
func Run(ctx context.Context, c Config, run *result.Run) error {
	r := &runner{Config: c, run: run, dead: make([]bool, len(c.Targets))}
	run.Points = c.Points
	r.open(ctx)
	for round := 1; round <= c.Plan.Rounds; round++ {
		for point := range c.Points {
			for _, together := range r.groups() {
				r.sample(ctx, round, point, together)
			}
		}
	}
	run.Interrupted = ctx.Err() != nil
	err := r.close(ctx)
	run.Targets = nil
	for _, t := range c.Targets {
		run.Targets = append(run.Targets, t.Info)
	}
	return err
}

// open opens all targets, each with a schema of its own: two may be ways to the same
// server. One that can't be used is no reason not to measure others.
func (r *runner) open(ctx context.Context) {
	for i, t := range r.Targets {
		schema := fmt.Sprintf("seqd_bench_%016x", rand.Uint64())
		if err := t.Open(ctx, schema); err != nil && ctx.Err() == nil {
			r.dies(i, "can't be used: "+err.Error())
			continue
		}
		for j, earlier := range r.Targets[:i] {
			r.related = r.related || (!r.dead[j] && t.Related(ctx, earlier))
		}
	}
}

func (r *runner) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	var errs []error
	for _, t := range r.Targets {
		if err := t.Close(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", t.Info.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (r *runner) dies(i int, problem string) {
	r.dead[i] = true
	r.problem(i, problem)
}

// problem keeps the first problem of a target: the others mostly follow from it.
func (r *runner) problem(i int, problem string) {
	t := r.Targets[i]
	if t.Info.Problem == "" {
		t.Info.Problem = problem
		r.Say(t.Info.Name + ": " + problem)
	}
}
