package session

import (
	"context"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// memory is a Backend on a bare Store: every command is applied at once.
type memory struct {
	store  *engine.Store
	index  uint64
	oid    engine.OID
	lockBy map[engine.SequenceID]uint64
	keys   map[heldLock]int
	// catchUp is what CatchUp finds that others have done meanwhile.
	catchUp func()
	asked   int // CatchUp
	follows bool
	silence time.Duration
	lost    error // of CatchUp
}

func newMemory() *memory {
	return &memory{store: engine.NewStore(), oid: engine.FirstNormalObjectID, lockBy: map[engine.SequenceID]uint64{}, keys: map[heldLock]int{}}
}

func (m *memory) apply(c engine.Command) engine.Result {
	m.index++
	return m.store.Apply(m.index, c)
}

func (m *memory) Catalog() *engine.Catalog { return m.store.Catalog() }

func (m *memory) Sequence(id engine.SequenceID) Sequence {
	if _, ok := m.store.Position(id); !ok {
		return nil
	}
	return memorySequence{m, id}
}

func (m *memory) AllocateOID(context.Context) (engine.OID, error) {
	m.oid++
	return m.oid, nil
}

func (m *memory) Commit(_ context.Context, _ uint64, c *engine.Commit) (engine.Result, error) {
	r := m.apply(c)
	if r.Err != nil {
		return r, r.Err
	}
	return r, nil
}

func (m *memory) CreateDatabase(_ context.Context, _ uint64, c *engine.CreateDatabase) error {
	return refusal(m.apply(c))
}

func (m *memory) DropDatabase(_ context.Context, _ uint64, c *engine.DropDatabase) error {
	return refusal(m.apply(c))
}

func refusal(r engine.Result) error {
	if r.Err == nil {
		return nil
	}
	return r.Err
}

func (m *memory) Lock(ctx context.Context, owner uint64, id engine.SequenceID) (engine.Position, error) {
	if holder, ok := m.lockBy[id]; ok && holder != owner {
		<-ctx.Done()
		return engine.Position{}, ctx.Err()
	}
	m.lockBy[id] = owner
	p, _ := m.store.Position(id)
	return p, nil
}

func (m *memory) Unlock(owner uint64) {
	for id, holder := range m.lockBy {
		if holder == owner {
			delete(m.lockBy, id)
		}
	}
}

func (m *memory) ConfirmEpochs(context.Context) error { return nil }

func (m *memory) CatchUp(context.Context) error {
	m.asked++
	if m.lost != nil {
		return m.lost
	}
	if m.catchUp != nil {
		m.catchUp()
	}
	return nil
}

func (m *memory) Silence() time.Duration { return m.silence }

func (m *memory) Leads() bool { return !m.follows }

func (m *memory) Checkpoint(context.Context) error { return nil }

type memorySequence struct {
	m  *memory
	id engine.SequenceID
}

func (s memorySequence) NextRun(context.Context, uint64, uint64) (sequence.Block, uint64, error) {
	db, _ := s.m.store.Catalog().DatabaseByOID(s.id.Database)
	seq, ok := db.SequenceByOID(s.id.Sequence)
	if !ok {
		return sequence.Block{}, 0, sqlstate.New(sqlstate.UndefinedTable, "gone")
	}
	p, _ := s.m.store.Position(s.id)
	f, err := sequence.Next(seq.Params, p.State, sequence.LogVals, false)
	if err != nil {
		return sequence.Block{}, 0, engine.LimitReached(seq, err)
	}
	s.m.apply(&engine.Release{Items: []engine.ReleaseItem{{ID: s.id, Epoch: p.Epoch, State: f.State}}})
	return f.Block, p.Epoch, nil
}

func (s memorySequence) SetVal(_ context.Context, _ uint64, state sequence.State) (uint64, error) {
	r := s.m.apply(&engine.SetVal{ID: s.id, State: state})
	if r.Err != nil {
		return 0, r.Err
	}
	return r.Effects[0].Epoch, nil
}

func (s memorySequence) Replaced(context.Context, uint64) (sequence.State, bool) {
	return sequence.State{}, false
}

func (s memorySequence) Position(context.Context) (engine.Position, error) {
	p, _ := s.m.store.Position(s.id)
	return p, nil
}

func (s memorySequence) Epoch() uint64 {
	p, _ := s.m.store.Position(s.id)
	return p.Epoch
}
