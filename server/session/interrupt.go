package session

import (
	"context"
	"sync"
	"time"

	"seqd/protocol/sqlstate"
)

// interrupt is the context of whatever statement the session runs: made once,
// armed for every statement, so that a statement costs no allocation. It
// implements context.Context.
type interrupt struct {
	// onWait is called by Done: somebody is about to wait on behalf of the
	// statement, so what the client should have by now must be on its way. Only
	// the session's own goroutine may call Done.
	onWait func()

	mu      sync.Mutex
	done    chan struct{} // closed while cause is set
	cause   *sqlstate.Error
	fatal   bool // cause ends the session: it is never cleared
	running bool
}

func newInterrupt() *interrupt { return &interrupt{done: make(chan struct{})} }

// begin arms the interrupt for a statement: a cancel that came too late for the
// one before is forgotten, as PostgreSQL forgets it.
func (i *interrupt) begin() {
	i.mu.Lock()
	i.running = true
	if i.cause != nil && !i.fatal {
		i.cause, i.done = nil, make(chan struct{})
	}
	i.mu.Unlock()
}

func (i *interrupt) end() {
	i.mu.Lock()
	i.running = false
	i.mu.Unlock()
}

// cancel stops the running statement; without one it does nothing.
func (i *interrupt) cancel(cause *sqlstate.Error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.running && i.cause == nil {
		i.cause = cause
		close(i.done)
	}
}

// terminate stops whatever runs and the session after it.
func (i *interrupt) terminate(cause *sqlstate.Error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fatal {
		return
	}
	if i.cause == nil {
		close(i.done)
	}
	i.cause, i.fatal = cause, true
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
			i.cause, i.done = nil, make(chan struct{})
		}
	}
}

// pending is the reason to stop, nil if there is none.
func (i *interrupt) pending() *sqlstate.Error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.cause
}

// terminated is the reason to end the session, nil if there is none.
func (i *interrupt) terminated() *sqlstate.Error {
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
