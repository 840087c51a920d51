package session

import (
	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/query"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// sequenceMemory is what a session remembers of one sequence: PostgreSQL's
// SeqTableData. It outlives transactions.
type sequenceMemory struct {
	oid     engine.OID
	handle  Sequence        // nil while the sequence is only the transaction's
	seen    *engine.Catalog // the catalog in which it was last found
	last    int64           // currval
	defined bool            // last is valid

	rest   sequence.Block // values cached for this session
	cached bool           // rest holds values
	epoch  uint64         // that rest belongs to

	rights rights
}

// take hands out the next n cached values, or all if there are fewer.
func (m *sequenceMemory) take(n uint64) sequence.Block {
	head := m.rest
	if m.rest.First == m.rest.Last {
		m.cached = false
	} else {
		head, m.rest, m.cached = m.rest.Cut(min(n, m.rest.Count()))
	}
	m.last, m.defined = head.Last, true
	return head
}

// keep caches a fetched block.
func (m *sequenceMemory) keep(b sequence.Block, epoch uint64) {
	m.rest, m.cached, m.epoch = b, true, epoch
}

// memory finds the sequence and what the session remembers of it.
func (s *Session) memory(oid engine.OID) (*sequenceMemory, error) {
	m := s.sequences[oid]
	catalog := s.catalog()
	if m != nil && m.seen == catalog && (m.handle != nil || s.tx.overlay != nil) {
		return m, nil
	}
	if _, err := s.sequenceByOID(oid); err != nil {
		return nil, err
	}
	if m == nil {
		m = &sequenceMemory{oid: oid}
		s.sequences[oid] = m
	}
	if m.handle == nil {
		m.handle = s.backend.Sequence(engine.SequenceID{Database: s.database, Sequence: oid})
		if _, own := s.private(oid); m.handle == nil && !own {
			return nil, errNoRelation(oid) // dropped this very moment
		}
	}
	m.seen = catalog
	return m, nil
}

func (s *Session) sequenceByOID(oid engine.OID) (*engine.Sequence, error) {
	if db := s.db(); db != nil {
		if seq, ok := db.SequenceByOID(oid); ok {
			return seq, nil
		}
		if r, ok := db.RelationByOID(oid); ok {
			_, name := r.Where()
			return nil, sqlstate.Errorf(sqlstate.WrongObjectType, "\"%s\" is not a sequence", name)
		}
	}
	if r, ok := query.SystemRelationByOID(oid); ok {
		return nil, sqlstate.Errorf(sqlstate.WrongObjectType, "\"%s\" is not a sequence", r.Name)
	}
	return nil, errNoRelation(oid)
}

func errNoRelation(oid engine.OID) error {
	return sqlstate.Errorf(sqlstate.InternalError, "could not open relation with OID %d", oid)
}

// nextval is PostgreSQL's nextval_internal: a cached value, or one fetch.
func (s *Session) nextval(oid engine.OID) (int64, error) {
	values, err := s.nextvals(oid, 1)
	return values.First, err
}

// nextvals is as many calls of nextval as make n values, or fewer, at least one: where
// it ends the next call goes on, or tells what is wrong.
func (s *Session) nextvals(oid engine.OID, n uint64) (sequence.Block, error) {
	m, err := s.memory(oid)
	if err != nil {
		return sequence.Block{}, err
	}
	if err := s.may(m, acl.Usage|acl.Update); err != nil {
		return sequence.Block{}, err
	}
	p, own := s.private(oid)
	if !engine.IsTemporary(oid) {
		if err := s.writable("nextval()"); err != nil {
			return sequence.Block{}, err
		}
	}
	if !own {
		return s.draw(m, n)
	}
	if err := s.fetchPrivate(m, p); err != nil {
		return sequence.Block{}, err
	}
	return s.take(m, n), nil
}

// draw is nextvals of a sequence that others use, too, when nothing speaks against it.
func (s *Session) draw(m *sequenceMemory, n uint64) (sequence.Block, error) {
	if err := s.fetchShared(m, n); err != nil {
		next, err := s.successor(m, err)
		if err != nil {
			return sequence.Block{}, err
		}
		return s.nextvals(next, n)
	}
	return s.take(m, n), nil
}

func (s *Session) take(m *sequenceMemory, n uint64) sequence.Block {
	s.lastUsed = m
	taken := m.take(n)
	if s.tally.values++; taken.First != taken.Last {
		s.tally.values += taken.Count() - 1
	}
	return taken
}

// fetchShared makes sure that there are cached values that are not void: n of them, if
// they are to be had at once.
func (s *Session) fetchShared(m *sequenceMemory, n uint64) error {
	if m.cached && !s.confirmed {
		if err := s.confirmEpochs(); err != nil {
			return err
		}
	}
	if m.cached && m.epoch == m.handle.Epoch() {
		return nil
	}
	if s.inForce().lockTimeout != 0 || !s.backend.Leads() {
		defer s.limitLockWait()()
		defer s.asksElsewhere(m.oid)()
	}
	block, epoch, err := m.handle.NextRun(s.interrupt, uint64(s.pid), n)
	if err != nil {
		return s.explain(err)
	}
	m.keep(block, epoch)
	return nil
}

// confirmEpochs makes sure that the values which this session has cached are not void
// without this node knowing. What it finds holds for all requests that have arrived:
// what they take counts as taken now.
func (s *Session) confirmEpochs() error {
	if err := s.backend.ConfirmEpochs(s.interrupt); err != nil {
		return s.explain(err)
	}
	s.confirmed = true
	return nil
}

// limitLockWait arms lock_timeout for a wait on other sessions; the result
// disarms it.
func (s *Session) limitLockWait() (disarm func()) {
	d := s.inForce().lockTimeout
	if d == 0 {
		return func() {}
	}
	return s.interrupt.after(d,
		sqlstate.New(sqlstate.LockNotAvailable, "canceling statement due to lock timeout"))
}

// fetchPrivate fetches from a sequence that is the transaction's own: nothing is
// logged, and it all goes back with a rollback (R2).
func (s *Session) fetchPrivate(m *sequenceMemory, p *engine.PrivatePosition) error {
	if m.cached && m.epoch == p.Epoch {
		return nil
	}
	seq, err := s.sequenceByOID(m.oid)
	if err != nil {
		return err
	}
	f, err := sequence.Next(seq.Params, p.State, sequence.LogVals, seq.Persistence != engine.Permanent)
	if err != nil {
		return engine.LimitReached(seq, err)
	}
	p.State = f.State
	m.keep(f.Block, p.Epoch)
	return nil
}

// setval is PostgreSQL's do_setval. Besides the session's own, it voids every
// other session's cached values (a deliberate difference from S5).
func (s *Session) setval(oid engine.OID, value int64, isCalled bool) (int64, error) {
	m, err := s.memory(oid)
	if err != nil {
		return 0, err
	}
	if err := s.may(m, acl.Update); err != nil {
		return 0, err
	}
	if !engine.IsTemporary(oid) {
		if err := s.writable("setval()"); err != nil {
			return 0, err
		}
	}
	seq, err := s.sequenceByOID(oid)
	if err != nil {
		return 0, err
	}
	if err := engine.CheckSetVal(seq, value); err != nil {
		return 0, err
	}
	defer s.limitLockWait()()
	state := sequence.State{LastValue: value, IsCalled: isCalled}
	if p, ok := s.private(oid); ok {
		p.State = state
	} else if err := s.setCommitted(m, seq, state); err != nil {
		next, err := s.successor(m, s.explain(err))
		if err != nil {
			return 0, err
		}
		return s.setval(next, value, isCalled)
	}
	m.cached = false
	if isCalled {
		m.last, m.defined = value, true
	}
	return value, nil
}

// setCommitted sets the position that all sessions share.
func (s *Session) setCommitted(m *sequenceMemory, seq *engine.Sequence, state sequence.State) error {
	defer s.asksElsewhere(m.oid)()
	epoch, err := m.handle.SetVal(s.interrupt, uint64(s.pid), state)
	s.auditSetVal(m, seq, epoch, state, err)
	return err
}

func (s *Session) currval(oid engine.OID) (int64, error) {
	m, err := s.memory(oid)
	if err != nil {
		return 0, err
	}
	if err := s.may(m, acl.Usage|acl.Select); err != nil {
		return 0, err
	}
	if !m.defined {
		seq, err := s.sequenceByOID(oid)
		if err != nil {
			return 0, err
		}
		return 0, sqlstate.Errorf(sqlstate.ObjectNotInPrerequisiteState,
			"currval of sequence \"%s\" is not yet defined in this session", seq.Name)
	}
	return m.last, nil
}

func (s *Session) lastval() (int64, error) {
	if s.lastUsed != nil {
		// A sequence that is gone takes lastval with it (V4).
		if m, err := s.memory(s.lastUsed.oid); err == nil {
			return m.last, s.may(m, acl.Usage|acl.Select)
		}
	}
	return 0, sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "lastval is not yet defined in this session")
}

// sequenceState is the row of SELECT * FROM seq.
func (s *Session) sequenceState(oid engine.OID) (sequence.State, error) {
	m, err := s.memory(oid)
	if err != nil {
		return sequence.State{}, err
	}
	if p, ok := s.private(oid); ok {
		return p.State, nil
	}
	p, err := m.handle.Position(s.interrupt)
	if err != nil {
		next, err := s.successor(m, s.explain(err))
		if err != nil {
			return sequence.State{}, err
		}
		return s.sequenceState(next)
	}
	return p.State, nil
}

// forgetCached drops the session's own cached values of a sequence, as any ALTER
// SEQUENCE with options does in the session that runs it (A3).
func (s *Session) forgetCached(oid engine.OID) {
	if m := s.sequences[oid]; m != nil {
		m.cached = false
	}
}

// forgetSequences is DISCARD SEQUENCES: currval, lastval and caches are gone (V7).
func (s *Session) forgetSequences() {
	clear(s.sequences)
	s.lastUsed = nil
}
