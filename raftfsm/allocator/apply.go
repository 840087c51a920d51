package allocator

import (
	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// Applied follows the log (raftfsm.Observer).
func (a *Allocator) Applied(index, term uint64, c engine.Command, r engine.Result) {
	if _, all := c.(*engine.SkipAll); all {
		a.skipped(index)
	}
	for i := range r.Effects {
		e := &r.Effects[i]
		if e.Kind == engine.EffectDatabaseDropped {
			a.dropAll(index, e.ID.Database)
			continue
		}
		s := a.handle(e.ID)
		if s == nil {
			continue
		}
		last := i+1 == len(r.Effects) || r.Effects[i+1].ID != e.ID
		s.mu.Lock()
		switch e.Kind {
		case engine.EffectReserved, engine.EffectRefused:
			s.reserved(index, term, e, last)
		case engine.EffectReset:
			s.wasReset(index, e)
		case engine.EffectChanged:
			s.redefine()
		case engine.EffectDropped:
			s.drop(index)
		}
		s.mu.Unlock()
	}
}

// reserved installs a block of ours; with the last one of its entry the waiters
// are served, in the order in which they came.
func (s *Sequence) reserved(index, term uint64, e *engine.Effect, last bool) {
	if s.term == 0 || s.term != s.a.lastTerm.Load() {
		return // not in use since this node leads
	}
	if e.Kind == engine.EffectReserved && e.Epoch == s.epoch.Load() {
		s.replicated, s.serial = sequence.State{LastValue: e.Block.Last, IsCalled: true}, index
		// Without leadership the block is nobody's; Release may still give it back.
		if term == s.a.term.Load() {
			s.install(e.Block)
		}
	}
	if !last || term != s.a.term.Load() {
		return
	}
	s.inflight = false
	if e.Kind == engine.EffectRefused && e.Epoch == s.epoch.Load() {
		// Nothing but a bug leads here: plan asks for what Reserve grants.
		s.failNext(sqlstate.Errorf(sqlstate.InternalError, "reservation for sequence \"%s\" was refused", s.def.Name))
	}
	s.pump()
}

// wasReset goes on from a new position: everything reserved is void.
func (s *Sequence) wasReset(index uint64, e *engine.Effect) {
	s.epoch.Store(e.Epoch)
	s.redefine()
	if s.term == 0 || s.term != s.a.lastTerm.Load() {
		return
	}
	s.replace(e.Epoch)
	s.reset(index, e.State) // also after Stop: Release must not undo it
	if s.term == s.a.term.Load() {
		s.pump()
	}
}

// skipped goes on from the new positions of all sequences.
func (a *Allocator) skipped(index uint64) {
	for _, s := range a.handles() {
		_, pos, ok := a.source.Sequence(s.id)
		if !ok {
			continue // dropped before
		}
		s.mu.Lock()
		s.wasReset(index, &engine.Effect{Kind: engine.EffectReset, ID: s.id, Epoch: pos.Epoch, State: pos.State})
		s.mu.Unlock()
	}
}

// redefine reads the definition anew.
func (s *Sequence) redefine() {
	if def, _, ok := s.a.source.Sequence(s.id); ok {
		s.define(def)
	}
}

// drop ends the sequence; index makes an epoch that no cached block has.
func (s *Sequence) drop(index uint64) {
	s.epoch.Store(index)
	s.dropped = errDropped(s.def.Name)
	s.failAll(s.dropped)
	a := s.a
	// In this order locks may not be taken (see Allocator): give s.mu up meanwhile.
	s.mu.Unlock()
	a.mu.Lock()
	if a.sequences[s.id] == s {
		delete(a.sequences, s.id)
	}
	a.mu.Unlock()
	s.mu.Lock()
}

// Restored follows the log (raftfsm.Observer): all state may be another.
func (a *Allocator) Restored() {
	for _, s := range a.handles() {
		def, pos, ok := a.source.Sequence(s.id)
		s.mu.Lock()
		s.term = 0
		if ok {
			s.define(def)
			s.epoch.Store(pos.Epoch)
		} else {
			s.drop(neverLogged)
		}
		s.mu.Unlock()
	}
}

// dropAll ends all sequences of a database.
func (a *Allocator) dropAll(index uint64, database engine.OID) {
	for _, s := range a.handles() {
		if s.id.Database == database {
			s.mu.Lock()
			s.drop(index)
			s.mu.Unlock()
		}
	}
}
