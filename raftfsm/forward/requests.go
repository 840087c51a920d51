package forward

import (
	"context"
	"sync"

	"seqd/raftfsm/allocator"
	"seqd/raftfsm/codec"
)

// windowMax bounds how far the counters of requests under way may lie apart. The
// log remembers twice as many results of a gateway.
const windowMax = 2048

// requests gives out request IDs and knows which of them may be asked again.
type requests struct {
	gateway uint64

	mu     sync.Mutex
	next   uint64 // the next counter
	low    uint64 // all counters below have ended
	active map[uint64]bool
	moved  chan struct{} // closed when low moves
}

func (q *requests) init(gateway uint64) {
	q.gateway, q.next, q.low = gateway, 1, 1
	q.active, q.moved = map[uint64]bool{}, make(chan struct{})
}

// begin returns a fresh counter; it waits while too old requests are under way.
func (q *requests) begin(ctx context.Context) (uint64, error) {
	for {
		q.mu.Lock()
		if q.next-q.low < windowMax {
			counter := q.next
			q.next++
			q.active[counter] = true
			q.mu.Unlock()
			return counter, nil
		}
		moved := q.moved
		q.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return 0, allocator.Canceled(ctx)
		}
	}
}

// end says that a request will not be repeated.
func (q *requests) end(counter uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.active, counter)
	before := q.low
	for q.low < q.next && !q.active[q.low] {
		q.low++
	}
	if q.low != before {
		close(q.moved)
		q.moved = make(chan struct{})
	}
}

// id is the request ID of a counter as of now.
func (q *requests) id(counter uint64) codec.Request {
	q.mu.Lock()
	defer q.mu.Unlock()
	return codec.Request{Gateway: q.gateway, Counter: counter, AckBelow: q.low}
}
