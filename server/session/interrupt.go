package session

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"seqd/protocol/sqlstate"
)

// interrupt is the context of whatever statement the session runs: made once,
// armed for every statement, so that a statement costs no allocation and no lock. It
// implements context.Context.
type interrupt struct {
	// onWait is called by Done: somebody is about to wait on behalf of the
	// statement, so what the client should have by now must be on its way. Only
	// the session's own goroutine may call Done.
	onWait func()

	// turn is odd while a statement runs, and another number for each. Only the
	// session's own goroutine changes it.
	turn   atomic.Uint64
	raised atomic.Bool // cause is set

	mu    sync.Mutex
	cause *sqlstate.Error
	of    uint64        // the turn that cause is for
	fatal bool          // cause ends the session: it is never cleared
	done  chan struct{} // closed while cause is set; nil: nobody has asked
}

func newInterrupt() *interrupt { return &interrupt{} }

// begin arms the interrupt for a statement: a cancel that came too late for the
// one before is forgotten, as PostgreSQL forgets it.
func (i *interrupt) begin() {
	t := i.turn.Load()
	i.turn.Store(t + 1 + t&1)
	if i.raised.Load() {
		i.mu.Lock()
		i.forgetOld()
		i.mu.Unlock()
	}
}

func (i *interrupt) end() {
	t := i.turn.Load()
	i.turn.Store(t + t&1)
}

// forgetOld clears a cause that was for an earlier statement. (That which has just
// ended is to be told of its cause yet.)
func (i *interrupt) forgetOld() {
	if t := i.turn.Load(); i.cause != nil && !i.fatal && i.of != t && i.of+1 != t {
		i.forget()
	}
}

func (i *interrupt) forget() {
	i.cause, i.done = nil, nil
	i.raised.Store(false)
}

func (i *interrupt) raise(cause *sqlstate.Error, of uint64) {
	first := i.cause == nil
	i.cause, i.of = cause, of
	i.raised.Store(true) // before anybody is woken who asks
	if first && i.done != nil {
		close(i.done)
	}
}

// cancel stops the running statement; without one it does nothing.
func (i *interrupt) cancel(cause *sqlstate.Error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.forgetOld()
	if t := i.turn.Load(); t%2 == 1 && i.cause == nil {
		i.raise(cause, t)
	}
}

// terminate stops whatever runs and the session after it.
func (i *interrupt) terminate(cause *sqlstate.Error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.fatal {
		i.fatal = true
		i.raise(cause, i.turn.Load())
	}
}

// after arranges for a cancel. stop takes it back, also if it has come already
// and nothing has failed of it.
func (i *interrupt) after(d time.Duration, cause *sqlstate.Error) (stop func()) {
	timer := time.AfterFunc(d, func() { i.cancel(cause) })
	return func() {
		timer.Stop()
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.cause == cause && !i.fatal {
			i.forget()
		}
	}
}

// pending is the reason to stop, nil if there is none.
func (i *interrupt) pending() *sqlstate.Error {
	if !i.raised.Load() {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.forgetOld()
	return i.cause
}

// terminated is the reason to end the session, nil if there is none.
func (i *interrupt) terminated() *sqlstate.Error {
	if !i.raised.Load() {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fatal {
		return i.cause
	}
	return nil
}

// Deadline implements context.Context.
func (i *interrupt) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context.
func (i *interrupt) Done() <-chan struct{} {
	if i.onWait != nil {
		i.onWait()
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.forgetOld()
	if i.done == nil {
		if i.done = make(chan struct{}); i.cause != nil {
			close(i.done)
		}
	}
	return i.done
}

// Err implements context.Context.
func (i *interrupt) Err() error {
	if i.pending() != nil {
		return context.Canceled
	}
	return nil
}

// Value implements context.Context.
func (i *interrupt) Value(any) any { return nil }
