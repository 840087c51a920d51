package allocator

import (
	"context"

	"seqd/engine"
)

// branch is a database that is to be made from another.
type branch struct {
	command engine.CreateDatabase
	propose func(*engine.CreateDatabase) (engine.Result, error)
	done    chan struct{}
	result  engine.Result
	err     error
}

func (b *branch) end(r engine.Result, err error) {
	b.result, b.err = r, err
	close(b.done)
}

// Branch makes a database as a branch of another, in which every sequence stands
// exactly where it stands in the template: what is reserved in the template stays the
// template's. The positions are read, and the command is proposed, between two
// reservations. ctx ends the wait before that, not that for the commit.
func (a *Allocator) Branch(ctx context.Context, c *engine.CreateDatabase,
	propose func(*engine.CreateDatabase) (engine.Result, error)) (engine.Result, error) {
	b := &branch{command: *c, propose: propose, done: make(chan struct{})}
	a.ask(func(d *due) { d.branches = append(d.branches, b) })
	select {
	case <-b.done:
		return b.result, b.err
	case <-ctx.Done():
	}
	if a.due.withdraw(b) {
		return engine.Result{}, canceled(ctx)
	}
	<-b.done
	return b.result, b.err
}

// withdraw takes a branch back if it was not begun.
func (d *due) withdraw(b *branch) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, x := range d.branches {
		if x == b {
			d.branches = append(d.branches[:i:i], d.branches[i+1:]...)
			return true
		}
	}
	return false
}

// makeBranches runs on the flusher: no reservation is under way meanwhile.
func (a *Allocator) makeBranches(list []*branch) {
	for _, b := range list {
		b.command.Exact = a.exact(b.command.Template)
		b.end(b.propose(&b.command))
	}
}

// exact is where the sequences of a database are, as far as that is not where the log
// thinks they are, or may think soon.
func (a *Allocator) exact(database engine.OID) (list []engine.ReleaseItem) {
	for _, s := range a.handles() {
		if s.id.Database != database {
			continue
		}
		s.mu.Lock()
		if s.term == a.lastTerm.Load() && s.dropped == nil && (s.state != s.replicated || a.doubt) {
			list = append(list, engine.ReleaseItem{ID: s.id, Epoch: s.epoch.Load(), State: s.state})
		}
		s.mu.Unlock()
	}
	return list
}
