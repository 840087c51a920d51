package forward

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"seqd/engine/sequence"
	"seqd/raftfsm/allocator"
)

// stock are the values of a sequence with order "node" (engine.OrderNode) that this node
// has taken from the leader and hands out by itself. They are handed out as values are
// that a session has cached: after ConfirmEpochs, and if they belong to the epoch that
// Epoch tells then.
//
// A node's values come in the order in which it took them. So whoever finds the stock
// empty waits for the next refill; and what a session gets from the leader in another
// way, where there is nothing to be had ahead, voids the refills before it. A leader needs
// no stock, and uses up what it had before it takes anything else.
type stock struct {
	any    atomic.Bool // left is not 0
	mu     sync.Mutex
	epoch  uint64
	blocks []sequence.Block // in the order in which they came
	left   uint64

	pace      allocator.Pace
	low       uint64        // refill when less is left
	wanted    uint64        // by those who wait
	refill    chan struct{} // closed when the refill under way has ended; nil: there is none
	serial    uint64        // of what voids refills
	notBefore time.Duration // of the next refill, after one that brought nothing
	trip      time.Duration // EWMA of a refill's time
}

const (
	// stockSpan is how long a refill should last under load; tripsAhead makes it last
	// longer where the leader is far away, so that the half of it that is left when the
	// next one is asked for outlasts the asking, with room for bad moments.
	stockSpan  = 250 * time.Millisecond
	tripsAhead = 8
	// stockMax bounds one refill, besides the leader's own bound.
	stockMax = 1 << 20
	// refillPause is how long after a refill that brought nothing the next one is tried.
	refillPause = 100 * time.Millisecond
	// stockTries is how often a session that finds the stock empty waits for a refill,
	// which others may be faster to use up, before it asks by itself.
	stockTries = 4
)

// nextPerNode takes up to cache values from the stock. ok is false if they have to be
// had in another way.
func (s *Sequence) nextPerNode(ctx context.Context, cache uint64) (b sequence.Block, epoch uint64, ok bool, err error) {
	for range stockTries {
		if s.stock.any.Load() {
			if err := s.b.ConfirmEpochs(ctx); err != nil {
				return b, 0, false, err
			}
			epoch = s.Epoch() // in this order
			if b, ok = s.takeStock(epoch, cache); ok {
				return b, epoch, true, nil
			}
		}
		arrived := s.awaitRefill(cache)
		if arrived == nil {
			break
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return b, 0, false, allocator.Canceled(ctx)
		}
	}
	return b, 0, false, nil
}

// takeStock cuts off up to n values of an epoch, and sees to it that more come in time.
func (s *Sequence) takeStock(epoch, n uint64) (sequence.Block, bool) {
	k := &s.stock
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.left == 0 || k.epoch != epoch {
		return sequence.Block{}, false
	}
	n = min(n, k.blocks[0].Count())
	head, rest, more := k.blocks[0].Cut(n)
	if more {
		k.blocks[0] = rest
	} else {
		k.blocks = slices.Delete(k.blocks, 0, 1)
	}
	k.left -= n
	k.any.Store(k.left > 0)
	k.pace.Use(n)
	if k.left < k.low {
		s.startRefill()
	}
	return head, true
}

// awaitRefill is closed when a refill has ended; nil: there will be none.
func (s *Sequence) awaitRefill(n uint64) <-chan struct{} {
	k := &s.stock
	k.mu.Lock()
	defer k.mu.Unlock()
	k.wanted += n
	s.startRefill()
	if k.refill == nil {
		k.wanted = 0
	}
	return k.refill
}

// startRefill asks the leader for values in the background, unless that is under way or
// of no use; s.stock.mu is held.
func (s *Sequence) startRefill() {
	k, r, now := &s.stock, s.b.route.Load(), s.b.node.Now()
	if r.client == nil || k.refill != nil || now < k.notBefore {
		return
	}
	want := min(max(k.pace.Step(now, max(stockSpan, tripsAhead*k.trip), stockMax), k.wanted), stockMax)
	done, serial := make(chan struct{}), k.serial
	k.refill, k.low, k.wanted = done, want/2, 0
	go func() {
		defer close(done)
		f, ok := s.fetchAhead(r, want)
		then := s.b.node.Now()
		k.mu.Lock()
		defer k.mu.Unlock()
		k.refill = nil
		k.trip += (then - now - k.trip) / 8
		switch {
		case !ok:
			k.notBefore = then + refillPause
		case serial == k.serial && s.b.route.Load() == r: // else greater values may have gone out
			k.add(f.Block, f.Epoch)
		}
	}()
}

// add puts values in; mu is held. Those of an older epoch are void.
func (k *stock) add(b sequence.Block, epoch uint64) {
	switch {
	case epoch < k.epoch:
		return
	case epoch > k.epoch:
		k.epoch, k.blocks, k.left = epoch, nil, 0
	}
	k.blocks = append(k.blocks, b)
	k.left += b.Count()
	k.any.Store(true)
}

// passed voids what was taken before a value that came from the leader in another way.
func (k *stock) passed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.serial++
	k.blocks, k.left = nil, 0
	k.any.Store(false)
}

// fetchAhead asks the leader once. ok is false if that brought nothing.
func (s *Sequence) fetchAhead(r *route, want uint64) (f allocator.Fetch, ok bool) {
	ctx, cancel := s.b.callContext(r, false)
	defer cancel()
	p, err := s.b.ask(ctx, r, kindAhead, &request{id: s.id, count: uint32(want)})
	if err != nil {
		return f, false
	}
	list := make([]allocator.Fetch, p.body.count(1))
	if p.body.fetches(list) != nil || len(list) == 0 || list[0].Err != nil {
		return f, false
	}
	s.b.await(s.b.ctx, list[0].Epoch, lagMax) // they could not be used before
	return list[0], true
}

// ahead gives a node values that it will hand out by itself: one fetch, or none.
func (s *Server) ahead(ctx context.Context, q *request) ([]byte, error) {
	seq, err := s.sequence(q.id)
	if err != nil {
		return nil, err
	}
	f := seq.NextAhead(ctx, uint64(q.count))
	switch {
	case f.Err != nil:
		return nil, f.Err
	case f.Block.Increment == 0:
		return binary.AppendUvarint(nil, 0), nil
	}
	return appendFetches(binary.AppendUvarint(nil, 1), []allocator.Fetch{f}), nil
}
