package forward

import (
	"context"
	"errors"
	"sync"
	"time"

	"seqd/protocol/sqlstate"
	"seqd/raftfsm/allocator"
	"seqd/raftfsm/peer"
)

// route is where requests go. A change makes a new one and closes over of the old
// one. Calls that are under way go on for a while: a leader that hands over answers
// each of them, with the values that it gave out or with "not serving", and who did
// not listen would lose the values. Of a leader that has failed nothing comes, but
// that is no loss of time: its successor is not there so soon.
type route struct {
	self   bool
	addr   string          // "": nobody is known to lead
	client Client          // nil if self, or nobody is known
	over   chan struct{}   // closed when there is another one
	ctx    context.Context // of the calls; ends afterGrace after over
	end    context.CancelFunc
	attach sync.Once
}

// afterGrace is how long answers of a leader are listened to that is known to lead no
// more. It is shorter than an election takes.
const afterGrace = 250 * time.Millisecond

func (r *route) replaced() bool {
	select {
	case <-r.over:
		return true
	default:
		return false
	}
}

// follow keeps the route up to date.
func (b *Backend) follow() {
	for {
		changed := b.node.LeaderChanged()
		b.look()
		select {
		case <-changed:
		case <-b.ctx.Done():
			b.setRoute(nil, "", false)
			return
		}
	}
}

// look sets the route that the node thinks right. A node that leads but does not
// serve yet is as good as none.
func (b *Backend) look() {
	_, addr, self := b.node.Leader()
	if self {
		addr, self = "", b.node.Serving()
	}
	b.setRoute(nil, addr, self)
}

// setRoute changes the route, unless it is not old any more (nil: any).
func (b *Backend) setRoute(old *route, addr string, self bool) {
	b.routing.Lock()
	defer b.routing.Unlock()
	now := b.route.Load()
	if (old != nil && now != old) || (now != nil && now.self == self && now.addr == addr) {
		return
	}
	r := &route{self: self, addr: addr, over: make(chan struct{})}
	r.ctx, r.end = context.WithCancel(b.ctx)
	if !self && addr != "" {
		r.client = b.dial(addr)
	}
	b.route.Store(r)
	b.keys.look()
	if now != nil {
		close(now.over)
		time.AfterFunc(afterGrace, now.end)
	}
}

// failure is what an error means for a request that can be repeated.
type failure byte

const (
	failedForGood failure = iota // or no failure at all
	failedSafe                   // nothing happened, try again
	failedLost                   // something may have happened, try again
	failedBlocked                // nothing happened: the sequence is locked
)

func kindOf(err error) failure {
	switch {
	case err == nil:
		return failedForGood
	case errors.Is(err, allocator.ErrNotServing), errors.Is(err, peer.ErrNotSent), errors.Is(err, errNobody):
		return failedSafe
	case errors.Is(err, peer.ErrLost), sqlstate.CodeOf(err) == sqlstate.StatementCompletionUnknown:
		return failedLost
	case errors.Is(err, allocator.ErrBlocked):
		return failedBlocked
	}
	return failedForGood
}

// errNobody says that there is nobody to be asked.
var errNobody = errors.New("no leader is known")

// ask calls the leader of a route, and reads the head of its answer. An answer
// that is not statusDone comes back as an error.
func (b *Backend) ask(ctx context.Context, r *route, kind byte, q *request) (*reply, error) {
	q.gateway, q.applied = b.gateway, b.node.Applied()
	b.calls.Add(1)
	answer, err := r.client.Call(ctx, kind, q.encode(kind))
	if err != nil {
		return nil, err
	}
	p := &reply{from: r}
	if err := p.decode(answer); err != nil {
		return nil, sqlstate.Errorf(sqlstate.InternalError, "the answer of the node at %s can't be read: %w", r.addr, err)
	}
	switch p.status {
	case statusNotServing:
		if p.leader != "" && p.leader != r.addr {
			b.setRoute(r, p.leader, false)
		}
		return nil, allocator.ErrNotServing
	case statusBlocked:
		return nil, allocator.ErrBlocked
	case statusUnknown:
		return nil, errUnknown(nil)
	case statusRefused:
		if p.err.Code == sqlstate.UndefinedTable {
			b.await(b.ctx, p.applied, lagMax) // so that it is gone here, too
		}
		return nil, p.err
	}
	return p, nil
}

// Waits between two attempts. A change of the route ends one early, but not for
// ever: nodes may disagree about who leads.
const (
	backoffMin = 2 * time.Millisecond
	backoffMax = 25 * time.Millisecond
	hastyMax   = 4
	// lagMax is how long an answer is held back for this node to catch up with it,
	// where that is a convenience.
	lagMax = time.Second
)

// trouble is a run of failed attempts.
type trouble struct {
	attempts int
	since    time.Time
	lost     bool // an attempt may have had an effect
}

// failed notes a failed attempt.
func (t *trouble) failed(err error) {
	if t.attempts++; t.attempts == 1 {
		t.since = time.Now()
	}
	t.lost = t.lost || kindOf(err) == failedLost
}

// pause waits before the next attempt. done ends it early.
func (t *trouble) pause(r *route, done <-chan struct{}) {
	wait := time.NewTimer(min(backoffMin<<min(t.attempts-1, 10), backoffMax))
	defer wait.Stop()
	changed := r.over
	if t.attempts > hastyMax {
		changed = nil
	}
	select {
	case <-wait.C:
	case <-changed:
	case <-done:
	}
}

// operation is something that a session asks for.
type operation struct {
	kind    byte
	request func() *request                 // for each attempt
	local   func(ctx context.Context) error // on this node, if it serves
	answer  func(*reply)                    // reads statusDone
	waits   bool                            // on the leader, for other sessions
	once    bool                            // it changes something: request carries an ID
	before  func(*route)                    // if set, called before the leader is asked
	// unblock waits for a lock that keeps the operation from being begun; nil: run
	// returns ErrBlocked. lost is trouble's.
	unblock func(ctx context.Context, lost bool) error
}

// run does an operation here or on the leader.
func (b *Backend) run(ctx context.Context, o *operation) error {
	var t trouble
	for {
		if ctx.Err() != nil {
			return o.outcome(&t, allocator.Canceled(ctx))
		}
		if b.ctx.Err() != nil {
			return o.outcome(&t, errNoLeader(nil))
		}
		r := b.route.Load()
		began := time.Now()
		err := b.attempt(ctx, r, o)
		if o.waits && time.Since(began) > b.callTimeout {
			t.attempts = 0 // it waited in a leader's queue: the leader was there
		}
		switch kindOf(err) {
		case failedForGood:
			return o.outcome(&t, err)
		case failedBlocked:
			if o.unblock == nil {
				return err
			}
			if err := o.unblock(ctx, t.lost); err != nil {
				return o.outcome(&t, err)
			}
			t.attempts = 0
			continue
		}
		t.failed(err)
		if time.Since(t.since) >= b.maxWait {
			return o.outcome(&t, errNoLeader(err))
		}
		t.pause(r, ctx.Done())
	}
}

// outcome is how an operation ends: after a lost attempt an error that only the
// last attempt met proves nothing.
func (o *operation) outcome(t *trouble, err error) error {
	if err != nil && o.once && t.lost {
		return errUnknown(err)
	}
	return err
}

func (b *Backend) attempt(ctx context.Context, r *route, o *operation) error {
	switch {
	case r.self:
		return o.local(ctx)
	case r.client == nil:
		return errNobody
	}
	if o.before != nil {
		o.before(r)
	}
	call, cancel := b.callContext(r, o.waits)
	defer cancel()
	type result struct {
		reply *reply
		err   error
	}
	// The session's context belongs to its own goroutine, so the call has another.
	done := make(chan result, 1)
	go func() {
		p, err := b.ask(call, r, o.kind, o.request())
		done <- result{p, err}
	}()
	var got result
	select {
	case got = <-done:
	case <-ctx.Done():
		// What changes something is under way, as a commit is in PostgreSQL, and
		// does not wait for others: its outcome is worth waiting for.
		if !o.once {
			cancel()
		}
		got = <-done
		if !o.once && kindOf(got.err) != failedForGood {
			return allocator.Canceled(ctx)
		}
	}
	if got.err != nil {
		return got.err
	}
	o.answer(got.reply)
	if err := got.reply.body.end(); err != nil {
		return sqlstate.Errorf(sqlstate.InternalError, "the answer of the node at %s can't be read: %w", r.addr, err)
	}
	if o.once || o.kind == kindLock || o.kind == kindLockKey {
		b.await(ctx, got.reply.applied, b.maxWait)
	}
	return nil
}

// callContext bounds one call: by the route, and by time if it has no reason to
// take long.
func (b *Backend) callContext(r *route, waits bool) (context.Context, context.CancelFunc) {
	if waits {
		return context.WithCancel(r.ctx)
	}
	return context.WithTimeout(r.ctx, b.callTimeout)
}

// await waits until this node has applied what the leader had, so that the session
// sees what it did. It gives up with the session, or in time: what was done is
// done. It tells whether the node is there.
func (b *Backend) await(ctx context.Context, index uint64, most time.Duration) bool {
	if b.node.Applied() >= index {
		return true
	}
	wait, cancel := context.WithTimeout(b.ctx, most)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- b.node.WaitApplied(wait, index) }()
	select {
	case err := <-done:
		return err == nil
	case <-ctx.Done():
		return false
	}
}
