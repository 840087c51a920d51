package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"seqd/cmd/seqd/bench/drive"
	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/bench/target"
)

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
