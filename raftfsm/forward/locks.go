package forward

import (
	"context"
	"errors"
	"sync"
	"time"

	"seqd/engine"
	"seqd/raftfsm/allocator"
)

// locks knows which sessions may hold locks on a leader elsewhere.
type locks struct {
	mu     sync.Mutex
	owners map[uint64]*holder
}

// holder is a session that may hold locks.
type holder struct {
	routes   []*route      // to the leaders that were asked for one
	released chan struct{} // not nil: they are being given back; closed when they are
}

// Lock keeps everybody but owner from using a sequence until Unlock, and returns
// its exact position. This node has then applied all that was committed under the
// lock before.
func (b *Backend) Lock(ctx context.Context, owner uint64, id engine.SequenceID) (p engine.Position, err error) {
	if err := b.locks.begin(ctx, owner); err != nil {
		return p, err
	}
	err = b.run(ctx, &operation{
		kind: kindLock, waits: true,
		request: func() *request { return &request{id: id, owner: uint32(owner)} },
		local: func(ctx context.Context) (err error) {
			p, err = b.node.Lock(ctx, owner, id)
			return err
		},
		answer: func(r *reply) { p = r.body.position() },
		before: func(r *route) { b.hold(owner, r) },
	})
	return p, err
}

// AwaitUnlock waits until nobody but owner has the sequence locked.
func (b *Backend) AwaitUnlock(ctx context.Context, owner uint64, id engine.SequenceID) error {
	return b.run(ctx, &operation{
		kind: kindAwaitUnlock, waits: true,
		request: func() *request { return &request{id: id, owner: uint32(owner)} },
		local:   func(ctx context.Context) error { return b.node.AwaitUnlock(ctx, owner, id) },
		answer:  func(*reply) {},
	})
}

// Locks implements session.Backend.
func (b *Backend) Locks() []engine.LockState { return b.node.Locks() }

// Unlock gives back every lock of owner: those of this node at once, those of a
// leader elsewhere soon.
func (b *Backend) Unlock(owner uint64) {
	b.node.Unlock(owner)
	b.locks.mu.Lock()
	defer b.locks.mu.Unlock()
	h := b.locks.owners[owner]
	if h == nil || h.released != nil {
		return
	}
	h.released = make(chan struct{})
	go b.release(owner, h)
}

// begin waits until locks that owner gave back before are free: an unlock on its
// way would free those taken after it, too.
func (l *locks) begin(ctx context.Context, owner uint64) error {
	l.mu.Lock()
	h := l.owners[owner]
	l.mu.Unlock()
	if h == nil || h.released == nil {
		return nil // only owner itself changes that
	}
	select {
	case <-h.released:
		return nil
	case <-ctx.Done():
		return allocator.Canceled(ctx)
	}
}

// hold notes that a leader elsewhere is about to be asked for a lock. From then on
// it is told that this gateway lives.
func (b *Backend) hold(owner uint64, r *route) {
	r.attach.Do(func() { go b.attach(r) })
	b.locks.mu.Lock()
	defer b.locks.mu.Unlock()
	h := b.locks.owners[owner]
	if h == nil {
		h = &holder{}
		b.locks.owners[owner] = h
	}
	for _, known := range h.routes {
		if known == r {
			return
		}
	}
	h.routes = append(h.routes, r)
}

// retryEvery is the pause before something in the background is tried again.
const retryEvery = 50 * time.Millisecond

// attach keeps one call open for as long as the route is in use: when it ends the
// leader frees all locks of this gateway.
func (b *Backend) attach(r *route) {
	for !r.replaced() && r.ctx.Err() == nil {
		_, _ = b.ask(r.ctx, r, kindAttach, &request{}) // it ends with an error in any case
		rest(r.ctx)
	}
}

// release gives the locks of a session back. A leader that is not asked any more
// frees them by itself (see attach).
func (b *Backend) release(owner uint64, h *holder) {
	for _, r := range h.routes {
		for to := b.heir(r); to != nil; to = b.heir(r) {
			ctx, cancel := b.callContext(to, false)
			_, err := b.ask(ctx, to, kindUnlock, &request{owner: uint32(owner)})
			cancel()
			if err == nil || errors.Is(err, allocator.ErrNotServing) {
				break // who stops serving frees all locks
			}
			rest(to.ctx)
		}
	}
	b.locks.mu.Lock()
	delete(b.locks.owners, owner)
	b.locks.mu.Unlock()
	close(h.released)
}

// heir is the route that leads where r led, nil if there is none now.
func (b *Backend) heir(r *route) *route {
	if !r.replaced() {
		return r
	}
	if now := b.route.Load(); now.client != nil && now.addr == r.addr && !now.replaced() {
		return now
	}
	return nil
}

func rest(ctx context.Context) {
	t := time.NewTimer(retryEvery)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
