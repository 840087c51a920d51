package node

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"seqd/engine"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm"
	"seqd/raftfsm/allocator"
	"seqd/raftfsm/codec"
)

// enqueueTimeout is how long a proposal waits for raft to take it.
const enqueueTimeout = 5 * time.Second

// errUnknown says that a command may or may not be applied.
func errUnknown(cause error) *sqlstate.Error {
	e := sqlstate.New(sqlstate.StatementCompletionUnknown, "the outcome of the statement is unknown").
		WithHint("The change may have been made or not: look before you repeat it.")
	e.Cause = cause
	return e
}

// gate lets proposals through while the node leads, and knows how many are under
// way: whoever comes in is counted in the same step, so that none slips in between
// closing the gate and waiting for the last one.
type gate struct {
	term atomic.Uint64 // 0: closed; written under mu

	mu    sync.Mutex
	under int
	idle  chan struct{} // closed when nothing is under way; nil: nobody waits for it
}

func (g *gate) open(term uint64) {
	g.mu.Lock()
	g.term.Store(term)
	g.mu.Unlock()
}

// close lets nothing new in and returns the term. The proposals under way go on.
func (g *gate) close() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.term.Swap(0)
}

// current is the term that is served, 0 if none is.
func (g *gate) current() uint64 { return g.term.Load() }

// enter returns the term that is served; if it is not 0, leave must follow.
func (g *gate) enter() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	term := g.term.Load()
	if term != 0 {
		g.under++
	}
	return term
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.under--; g.under == 0 && g.idle != nil {
		close(g.idle)
		g.idle = nil
	}
}

// empty is closed once nothing is under way.
func (g *gate) empty() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.idle == nil {
		g.idle = make(chan struct{})
	}
	idle := g.idle
	if g.under == 0 {
		close(g.idle)
		g.idle = nil
	}
	return idle
}

// Propose puts a command into the log and returns when it has been applied here.
// ErrNotServing and 53100 mean that nothing happened. Once raft has the command
// ctx counts no more, as PostgreSQL can't cancel a commit; if the outcome can't be
// known the error is 40003.
func (n *Node) Propose(ctx context.Context, c engine.Command) (engine.Result, error) {
	return n.ProposeWith(ctx, codec.Request{}, c)
}

// ProposeWith is Propose of a request that may come again, also to another leader:
// it is executed once, and every time answered alike.
//
// A change that voids values cached by sessions of other nodes is over only when none
// of those can be handed out any more (lease.Grants).
func (n *Node) ProposeWith(ctx context.Context, id codec.Request, c engine.Command) (engine.Result, error) {
	r, err := n.propose(ctx, id, c)
	if err != nil {
		return engine.Result{}, err
	}
	// Of a repeated request nobody knows any more whether it was waited for.
	if (r.Voids || r.Repeated) && !n.config.Seams.Mistakes.NoGrants && !n.grants.Wait(r.Index, n.down) {
		return engine.Result{}, errUnknown(raft.ErrRaftShutdown)
	}
	return r.Result, nil
}

// propose is ProposeWith without the wait for other nodes, which must not hold up a
// transfer of leadership: it goes on whoever leads.
func (n *Node) propose(ctx context.Context, id codec.Request, c engine.Command) (r raftfsm.Response, err error) {
	term := n.gate.enter()
	if term == 0 {
		return r, allocator.ErrNotServing
	}
	defer n.gate.leave()
	if ctx.Err() != nil {
		return r, context.Cause(ctx)
	}
	if err := n.disk.check(); err != nil {
		return r, err
	}
	stalled, now := n.stall.watch()
	if now {
		return r, errDiskFull()
	}
	e := codec.Entry{Term: term, Request: id, Command: c}
	_, reserve := c.(*engine.Reserve)
	if reserve {
		stalled = nil // who waits for it hears of the stall from the allocator
		if !n.holder.Exempted() {
			e.Lease = n.grant(term)
		}
	}
	r, err = n.log(e, stalled)
	if reserve && errors.Is(err, errUnknownKind) {
		err = allocator.ErrNotServing // a lost reservation is a gap, no more
	}
	return r, err
}

var errUnknownKind = sqlstate.New(sqlstate.StatementCompletionUnknown, "")

// log proposes an entry and waits for its end, the node's, or stalled.
func (n *Node) log(e codec.Entry, stalled <-chan struct{}) (r raftfsm.Response, err error) {
	if codec.FormatOf(e) > n.fsm.Format() && e.Format == 0 {
		return r, errOldFormat(n.fsm.Format())
	}
	b, err := codec.EncodeEntry(e)
	if err != nil {
		return r, sqlstate.From(err)
	}
	n.config.Seams.Propose()
	var f raft.ApplyFuture
	err = n.await(func() error {
		f = n.raft.Apply(b, enqueueTimeout)
		return f.Error()
	}, stalled)
	if err != nil {
		return r, outcome(err)
	}
	r, ok := f.Response().(raftfsm.Response)
	switch {
	case !ok:
		return r, errUnknown(nil)
	case r.Fenced:
		return r, allocator.ErrNotServing
	}
	return r, nil
}

// await waits for what is asked of raft. It never waits for that alone: futures
// that are queued when raft shuts down stay open for ever.
func (n *Node) await(ask func() error, stalled <-chan struct{}) error {
	done := make(chan error, 1)
	go func() { done <- ask() }()
	select {
	case err := <-done:
		return err
	case <-stalled:
		return errStalled
	case <-n.down:
		return raft.ErrRaftShutdown
	}
}

var errStalled = errors.New("the disk is full")

// outcome tells what an error of raft.Apply means for the command.
func outcome(err error) *sqlstate.Error {
	switch {
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrEnqueueTimeout),
		errors.Is(err, raft.ErrLeadershipTransferInProgress):
		return allocator.ErrNotServing
	}
	return errUnknown(err)
}

// stall is the state "the log store waits for disk space".
type stall struct {
	mu    sync.Mutex
	now   bool
	begun chan struct{} // closed when it begins
}

func (s *stall) watch() (begun <-chan struct{}, now bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun, s.now
}

func (s *stall) set(now bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case now && !s.now:
		close(s.begun)
	case !now && s.now:
		s.begun = make(chan struct{})
	}
	s.now = now
}
