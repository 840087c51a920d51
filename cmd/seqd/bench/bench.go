// Package bench measures targets at the points of a grid, round by round, and gives
// back what it measured, whatever happens on the way.
package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"seqd/cmd/seqd/bench/drive"
	"seqd/cmd/seqd/bench/grid"
	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/bench/target"
)

// Config says what is measured.
type Config struct {
	Targets []*target.Target // not opened yet
	Points  []result.Point
	Plan    grid.Plan
	// Progress is told before each sample; Say of what the user should know at once.
	Progress func(done, total int, what string)
	Say      func(text string)
}

// cleanupTimeout is how long removing what was made may take.
const cleanupTimeout = 15 * time.Second

// runner is a run under way.
type runner struct {
	Config
	run   *result.Run
	dead  []bool
	count int // of sequences made
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
			for i := range c.Targets {
				if ctx.Err() != nil || r.dead[i] {
					continue
				}
				r.sample(ctx, round, point, i)
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

// sample measures one target at one point. If that fails, either the target is dead,
// or this point is nothing for it.
func (r *runner) sample(ctx context.Context, round, point, i int) {
	t, at := r.Targets[i], r.Points[point]
	where := fmt.Sprintf("round %d of %d, %s", round, r.Plan.Rounds, at)
	done := ((round-1)*len(r.Points)+point)*len(r.Targets) + i
	r.Progress(done, r.Plan.Rounds*len(r.Points)*len(r.Targets), fmt.Sprintf("%s: %s", t.Info.Name, where))
	s, err := r.measure(ctx, t, at)
	if err == nil {
		s.Target, s.Point, s.Round = i, point, round
		r.run.Samples = append(r.run.Samples, *s)
		return
	}
	if ctx.Err() != nil {
		return
	}
	if gone := t.Answers(ctx); gone != nil && ctx.Err() == nil {
		r.dies(i, fmt.Sprintf("died in %s: %v (%v)", where, err, gone))
		return
	}
	r.problem(i, fmt.Sprintf("not measured in %s: %v", where, err))
}

// measure takes a sample on a sequence of its own: what it loses is then known.
func (r *runner) measure(ctx context.Context, t *target.Target, at result.Point) (*result.Sample, error) {
	r.count++
	name, err := t.NewSequence(ctx, fmt.Sprintf("s%d", r.count), at.Cache)
	if err != nil {
		return nil, err
	}
	load := drive.Load{Servers: t.Servers, Sequence: name, Clients: at.Clients, Protocol: at.Protocol, Depth: at.Depth, Batch: at.Batch, Session: at.Session, Every: at.Every}
	s, err := r.draw(ctx, t, load)
	if err != nil {
		return nil, err
	}
	last, err := t.LastValue(ctx, name)
	if err != nil {
		return nil, err
	}
	lost := last - s.Drawn
	if lost < 0 {
		return nil, fmt.Errorf("%d values were received, %d more than the sequence says it gave: values came twice", s.Drawn, -lost)
	}
	if at.Session == result.Discard {
		s.Lost.Discard = &lost
	} else {
		s.Lost.SessionEnd = &lost
	}
	if r.Plan.Kill && t.Killable() {
		if s.Lost.Kill, err = r.kill(ctx, t, load, last); err != nil {
			return nil, fmt.Errorf("after kill -9: %w", err)
		}
	}
	return s, t.DropSequence(ctx, name)
}

// draw lets the clients draw, and asks what that cost the server.
func (r *runner) draw(ctx context.Context, t *target.Target, load drive.Load) (*result.Sample, error) {
	log := readLog(ctx, t)
	fleet, err := drive.Open(ctx, load)
	if err != nil {
		return nil, err
	}
	defer fleet.Close() // again does nothing
	warm := fleet.Run(ctx, r.Plan.Warmup)
	if warm.Failure != nil {
		return nil, warm.Failure
	}
	used := readUse(t)
	tally := fleet.Run(ctx, r.Plan.Duration)
	after := readUse(t)
	if tally.Failure != nil {
		return nil, tally.Failure
	}
	ends, discards := fleet.Close()
	s := &result.Sample{
		Values: tally.Values, Drawn: warm.Values + tally.Values, Statements: tally.Statements,
		Seconds: tally.Elapsed.Seconds(), Latency: tally.Latency,
		SessionEnds: warm.SessionEnds + tally.SessionEnds + ends, Discards: warm.Discards + tally.Discards + discards,
		OutOfOrder: tally.OutOfOrder, Errors: tally.Errors,
	}
	after.since(used, s)
	readLog(ctx, t).since(log, s)
	return s, ctx.Err()
}

// kill ends the server without a warning while clients draw, starts it again, and
// returns how many values nobody will get for it. last is how far the sequence was.
func (r *runner) kill(ctx context.Context, t *target.Target, load drive.Load, last int64) (*int64, error) {
	load.Session, load.Every = result.Long, 0 // no other cause of losses
	fleet, err := drive.Open(ctx, load)
	if err != nil {
		return nil, err
	}
	defer fleet.Close()
	end := make(chan *drive.Tally, 1)
	go func() { end <- fleet.Run(ctx, time.Minute) }()
	var killed error
	select {
	case <-time.After(r.Plan.Warmup + 100*time.Millisecond):
		killed = t.Kill()
	case <-ctx.Done():
	}
	tally := <-end
	if err := errors.Join(killed, ctx.Err()); err != nil {
		return nil, err
	}
	if err := t.Restart(ctx); err != nil {
		return nil, err
	}
	next, err := t.Next(ctx, load.Sequence)
	if err != nil {
		return nil, err
	}
	lost := next - 1 - last - tally.Values
	if lost < 0 {
		return nil, fmt.Errorf("nextval gave %d after %d values: values come twice", next, last+tally.Values)
	}
	return &lost, nil
}
