package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"seqd/cmd/seqd/bench/drive"
	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/bench/target"
)

// sliceTime is how long the clients of one target draw before it is another's turn. A
// machine that others use, too, is slow for tenths of a second: with slices as short as
// this, it is so for all targets alike.
const sliceTime = 20 * time.Millisecond

// sampling is a sample of one target while it is taken, on a sequence of its own: what
// it loses is then known.
type sampling struct {
	index    int // of the target
	target   *target.Target
	sequence string
	load     drive.Load
	log      logged
	fleet    *drive.Fleet
	warm     *drive.Tally
	server   serverUse
	driver   time.Duration // our own processor time, in the slices
	sample   *result.Sample
	err      error // and nothing more is done
}

// groups are the targets that can be measured side by side: all that are left, or, if
// some may be ways to the same server, one after the other. What a server has used
// and written is then what it did for one of them.
func (r *runner) groups() (list [][]int) {
	for i := range r.Targets {
		switch {
		case r.dead[i]:
		case r.related || len(list) == 0:
			list = append(list, []int{i})
		default:
			list[0] = append(list[0], i)
		}
	}
	return list
}

// sample measures targets at one point. If that fails for one, either the target is
// dead, or this point is nothing for it.
func (r *runner) sample(ctx context.Context, round, point int, group []int) {
	if ctx.Err() != nil {
		return
	}
	at := r.Points[point]
	where := fmt.Sprintf("round %d of %d, %s", round, r.Plan.Rounds, at)
	done := ((round-1)*len(r.Points)+point)*len(r.Targets) + group[0]
	r.Progress(done, r.Plan.Rounds*len(r.Points)*len(r.Targets), where)
	var list []*sampling
	for _, i := range group {
		s := &sampling{index: i, target: r.Targets[i]}
		list = append(list, s)
		s.err = r.begin(ctx, s, at)
	}
	r.inTurn(ctx, list, round)
	for _, s := range list {
		if s.err == nil {
			s.err = r.finish(ctx, s)
		}
		if s.fleet != nil {
			s.fleet.Close() // again does nothing
		}
		switch {
		case s.err == nil:
			s.sample.Target, s.sample.Point, s.sample.Round = s.index, point, round
			r.run.Samples = append(r.run.Samples, *s.sample)
		case ctx.Err() == nil:
			r.failed(ctx, s, where)
		}
	}
}

func (r *runner) failed(ctx context.Context, s *sampling, where string) {
	if gone := s.target.Answers(ctx); gone != nil && ctx.Err() == nil {
		r.dies(s.index, fmt.Sprintf("died in %s: %v (%v)", where, s.err, gone))
		return
	}
	r.problem(s.index, fmt.Sprintf("not measured in %s: %v", where, s.err))
}

// begin makes the sequence, logs the clients in and lets them draw for a while that
// does not count.
func (r *runner) begin(ctx context.Context, s *sampling, at result.Point) (err error) {
	r.count++
	if s.sequence, err = s.target.NewSequence(ctx, fmt.Sprintf("s%d", r.count), at.Cache); err != nil {
		return err
	}
	s.load = drive.Load{Servers: s.target.Servers, Sequence: s.sequence, Clients: at.Clients, Protocol: at.Protocol, Depth: at.Depth, Batch: at.Batch, Session: at.Session, Every: at.Every}
	s.log = readLog(ctx, s.target)
	if s.fleet, err = drive.Open(ctx, s.load); err != nil {
		return err
	}
	if s.warm = s.fleet.Run(ctx, r.Plan.Warmup); s.warm.Failure != nil {
		return s.warm.Failure
	}
	s.server = readServer(s.target)
	return ctx.Err()
}

// inTurn has the targets' clients draw, a slice of each in turn, until all have had
// their time. Who was first is last in the next turn: what changes steadily hits all
// alike.
func (r *runner) inTurn(ctx context.Context, list []*sampling, round int) {
	list = slices.Clone(list)
	if round%2 == 0 {
		slices.Reverse(list)
	}
	slice := r.Plan.Duration / max(1, r.Plan.Duration/sliceTime)
	for busy := true; busy && ctx.Err() == nil; {
		busy = false
		for _, s := range list {
			if s.err == nil && s.fleet.Elapsed() < r.Plan.Duration-slice/2 {
				s.draw(ctx, slice)
				busy = true
			}
		}
		slices.Reverse(list)
	}
}

func (s *sampling) draw(ctx context.Context, d time.Duration) {
	used := driverUse()
	s.err = s.fleet.Draw(ctx, d)
	s.driver += driverUse() - used
}

// finish counts what came back, what that cost the server, and what nobody got.
func (r *runner) finish(ctx context.Context, s *sampling) error {
	after := readServer(s.target)
	tally := s.fleet.Take()
	ends, discards := s.fleet.Close()
	s.sample = &result.Sample{
		Values: tally.Values, Drawn: s.warm.Values + tally.Values, Statements: tally.Statements,
		Seconds: tally.Elapsed.Seconds(), Latency: tally.Latency, DriverCPUSeconds: s.driver.Seconds(),
		SessionEnds: s.warm.SessionEnds + tally.SessionEnds + ends, Discards: s.warm.Discards + tally.Discards + discards,
		OutOfOrder: tally.OutOfOrder, Errors: tally.Errors,
	}
	after.since(s.server, s.sample)
	readLog(ctx, s.target).since(s.log, s.sample)
	last, err := s.target.LastValue(ctx, s.sequence)
	if err != nil {
		return err
	}
	lost := last - s.sample.Drawn
	if lost < 0 {
		return fmt.Errorf("%d values were received, %d more than the sequence says it gave: values came twice", s.sample.Drawn, -lost)
	}
	if s.load.Session == result.Discard {
		s.sample.Lost.Discard = &lost
	} else {
		s.sample.Lost.SessionEnd = &lost
	}
	if r.Plan.Kill && s.target.Killable() {
		if s.sample.Lost.Kill, err = r.kill(ctx, s.target, s.load, last); err != nil {
			return fmt.Errorf("after kill -9: %w", err)
		}
	}
	return s.target.DropSequence(ctx, s.sequence)
}
