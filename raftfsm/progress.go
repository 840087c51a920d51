package raftfsm

import (
	"context"
	"sync"
	"sync/atomic"
)

// progress is the index of the last applied entry, and who waits for a later one.
// (raft's own AppliedIndex counts what was handed to the FSM, not what it did.)
type progress struct {
	index   atomic.Uint64
	waiting atomic.Int32
	mu      sync.Mutex
	moved   chan struct{} // closed at the next advance that somebody waits for
}

func (p *progress) init() { p.moved = make(chan struct{}) }

func (p *progress) advance(index uint64) {
	p.index.Store(index)
	if p.waiting.Load() == 0 {
		return
	}
	p.mu.Lock()
	close(p.moved)
	p.moved = make(chan struct{})
	p.mu.Unlock()
}

// Applied is the index of the last entry that the FSM has executed.
func (f *FSM) Applied() uint64 { return f.applied.index.Load() }

// WaitApplied waits until the entry at index has been executed.
func (f *FSM) WaitApplied(ctx context.Context, index uint64) error {
	p := &f.applied
	if p.index.Load() >= index {
		return nil
	}
	// Registered before the index is read again: either advance sees the waiter or
	// the waiter sees the index.
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	for {
		p.mu.Lock()
		moved := p.moved
		p.mu.Unlock()
		if p.index.Load() >= index {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
