package engine

import (
	"errors"
	"fmt"

	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// Store is the replicated state: the catalog and the positions of all sequences.
// It has no lock; raftfsm owns one. Equal logs give equal Stores.
type Store struct {
	catalog *Catalog
	// positions is per database, so that a database can be branched in constant time.
	positions table[OID, *positions]
}

type positions struct{ dense[packed] }

// NewStore returns the state of a fresh cluster.
func NewStore() *Store {
	s := &Store{catalog: NewCatalog()}
	s.catalog.Databases(func(d *Database) bool {
		s.positions.put(d.OID, &positions{})
		return true
	})
	return s
}

// Catalog returns the current definitions, immutable.
func (s *Store) Catalog() *Catalog { return s.catalog }

// Position returns the replicated position of a sequence.
func (s *Store) Position(id SequenceID) (Position, bool) {
	t, ok := s.positions.get(id.Database)
	if !ok {
		return Position{}, false
	}
	p, ok := t.get(id.Sequence)
	return p.unpack(), ok
}

// Snapshot returns a copy of the state in constant time. The Store may go on
// changing; the copy does not.
func (s *Store) Snapshot() *Store {
	c := &Store{catalog: s.catalog, positions: s.positions.fork()}
	s.positions.all(func(db OID, t *positions) bool {
		c.positions.put(db, &positions{t.fork()})
		return true
	})
	// The copy now shares nodes that the Store would write in place: go on with forks.
	s.positions = c.positions.fork()
	c.positions.all(func(db OID, t *positions) bool {
		s.positions.put(db, &positions{t.fork()})
		return true
	})
	return c
}

// Apply executes the command at log position index. It panics on a type that it
// does not know: a bug, since the codec decodes known ones only.
func (s *Store) Apply(index uint64, c Command) Result {
	switch c := c.(type) {
	case *Reserve:
		return s.applyReserve(index, c)
	case *Release:
		return s.applyRelease(index, c)
	case *SetVal:
		return s.applySetVal(index, c)
	case *Commit:
		return s.applyCommit(index, c)
	case *SkipAll:
		s.applySkipAll(index, c)
		return Result{} // an effect for each of a million sequences would say no more
	case *CreateDatabase:
		return s.applyCreateDatabase(index, c)
	case *DropDatabase:
		return s.applyDropDatabase(c)
	}
	panic(fmt.Sprintf("engine: unknown command %T", c))
}

func (s *Store) sequence(id SequenceID) (*Sequence, bool) {
	db, ok := s.catalog.DatabaseByOID(id.Database)
	if !ok {
		return nil, false
	}
	return db.SequenceByOID(id.Sequence)
}

func (s *Store) setPosition(id SequenceID, p Position) {
	t, _ := s.positions.get(id.Database)
	t.put(id.Sequence, pack(p))
}

// at returns the sequence and its position if it is still in the epoch.
func (s *Store) at(id SequenceID, epoch uint64) (*Sequence, Position, bool) {
	seq, ok := s.sequence(id)
	if !ok {
		return nil, Position{}, false
	}
	pos, ok := s.Position(id)
	return seq, pos, ok && pos.Epoch == epoch
}

func (s *Store) applyReserve(index uint64, c *Reserve) Result {
	r := Result{Effects: make([]Effect, len(c.Items))}
	for i, item := range c.Items {
		r.Effects[i] = Effect{Kind: EffectRefused, ID: item.ID, Epoch: item.Epoch}
		seq, pos, ok := s.at(item.ID, item.Epoch)
		if !ok || item.Count == 0 {
			continue
		}
		block, state, err := sequence.Reserve(seq.Params, pos.State, item.Count)
		if err != nil {
			continue // at the limit: the allocator finds out by itself
		}
		s.setPosition(item.ID, Position{State: state, Epoch: pos.Epoch, Serial: index})
		r.Effects[i].Kind, r.Effects[i].Block = EffectReserved, block
	}
	return r
}

func (s *Store) applyRelease(index uint64, c *Release) Result {
	r := Result{Effects: make([]Effect, len(c.Items))}
	for i, item := range c.Items {
		r.Effects[i] = Effect{Kind: EffectRefused, ID: item.ID, Epoch: item.Epoch}
		seq, pos, ok := s.at(item.ID, item.Epoch)
		if !ok || !seq.Params.InBounds(item.State.LastValue) {
			continue
		}
		s.setPosition(item.ID, Position{State: item.State, Epoch: pos.Epoch, Serial: index})
		r.Effects[i].Kind, r.Effects[i].State = EffectReset, item.State
	}
	return r
}

func (s *Store) applySetVal(index uint64, c *SetVal) Result {
	seq, ok := s.sequence(c.ID)
	if !ok {
		return Result{Err: sqlstate.Errorf(sqlstate.UndefinedTable, "could not open relation with OID %d", c.ID.Sequence)}
	}
	if err := CheckSetVal(seq, c.State.LastValue); err != nil {
		return Result{Err: err}
	}
	s.setPosition(c.ID, Position{State: c.State, Epoch: index, Serial: index})
	return Result{Effects: []Effect{{Kind: EffectReset, ID: c.ID, Epoch: index, State: c.State}}}
}

// applySkipAll writes all positions anew: in the order of the table, which takes a
// fraction of what changing one after the other would.
func (s *Store) applySkipAll(index uint64, c *SkipAll) {
	s.catalog.Databases(func(db *Database) bool {
		old, _ := s.positions.get(db.OID)
		next := &positions{}
		old.all(func(oid OID, pos packed) bool {
			if seq, ok := db.SequenceByOID(oid); ok {
				state := sequence.Skip(seq.Params, pos.unpack().State, c.Steps)
				pos = pack(Position{State: state, Epoch: index, Serial: index})
			}
			next.put(oid, pos)
			return true
		})
		s.positions.put(db.OID, next)
		return true
	})
}

// CheckSetVal refuses a value out of the sequence's bounds (S1).
func CheckSetVal(seq *Sequence, v int64) *sqlstate.Error {
	if seq.Params.InBounds(v) {
		return nil
	}
	return sqlstate.Errorf(sqlstate.NumericValueOutOfRange,
		"setval: value %d is out of bounds for sequence \"%s\" (%d..%d)", v, seq.Name, seq.Params.Min, seq.Params.Max)
}

// LimitReached is nextval's error at the limit (N3), from sequence.Next's.
func LimitReached(seq *Sequence, err error) *sqlstate.Error {
	var limit *sequence.LimitError
	if !errors.As(err, &limit) {
		return sqlstate.From(err)
	}
	return sqlstate.Errorf(sqlstate.SequenceGeneratorLimitExceeded,
		"nextval: reached %s value of sequence \"%s\" (%d)", limit.Which(), seq.Name, limit.Limit)
}

func (s *Store) applyCommit(index uint64, c *Commit) Result {
	v := open(s.catalog, c.Database)
	if v == nil {
		return Result{Err: sqlstate.Errorf(sqlstate.UndefinedTable, "database with OID %d does not exist", c.Database)}
	}
	for _, w := range c.Writes {
		if err := s.check(v, w); err != nil {
			return Result{Err: err}
		}
	}
	before, err := v.apply(index, c.Writes...)
	if err == nil {
		err = v.settled(c.Writes, before)
	}
	if err != nil {
		return Result{Err: err}
	}
	s.catalog = v.c
	return Result{Effects: s.commitPositions(index, c)}
}

// check refuses a write whose object changed since the transaction saw it.
func (s *Store) check(v *view, w Write) *sqlstate.Error {
	k, next, expect := write(w)
	o := v.get(k)
	if o == nil && expect == 0 && next != nil {
		return nil
	}
	if o == nil || o.version() != expect || !fits(w, o) {
		return errConcurrentUpdate()
	}
	if put, ok := w.(*PutSequence); ok && put.Position != nil {
		if pos, _ := s.Position(SequenceID{v.d.OID, put.Sequence.OID}); pos.Serial != put.ExpectSerial {
			return errConcurrentUpdate()
		}
	}
	return nil
}

// commitPositions stores the positions that a checked Commit sets.
func (s *Store) commitPositions(index uint64, c *Commit) []Effect {
	effects := make([]Effect, 0, len(c.Writes))
	for _, w := range c.Writes {
		switch w := w.(type) {
		case *PutSequence:
			id := SequenceID{c.Database, w.Sequence.OID}
			e := Effect{Kind: EffectChanged, ID: id}
			if w.Position != nil {
				s.setPosition(id, Position{State: *w.Position, Epoch: index, Serial: index})
				e = Effect{Kind: EffectReset, ID: id, Epoch: index, State: *w.Position}
			}
			effects = append(effects, e)
		case *DropSequence:
			t, _ := s.positions.get(c.Database)
			t.delete(w.OID)
			effects = append(effects, Effect{Kind: EffectDropped, ID: SequenceID{c.Database, w.OID}})
		}
	}
	return effects
}

// applyCreateDatabase branches a database. The copy shares all that it holds with the
// template until one of them changes.
func (s *Store) applyCreateDatabase(index uint64, c *CreateDatabase) Result {
	template, ok := s.catalog.DatabaseByOID(c.Template)
	if !ok {
		return Result{Err: errConcurrentUpdate()}
	}
	if _, taken := s.catalog.DatabaseByOID(c.Database.OID); taken {
		return Result{Err: errConcurrentUpdate()}
	}
	if _, taken := s.catalog.Database(c.Database.Name); taken {
		return Result{Err: ErrExists(ClassDatabase, c.Database.Name)}
	}
	info := c.Database
	info.Version = index
	db := template.fork()
	v := &view{s.catalog.fork(), db}
	db.DatabaseInfo = info
	v.c.databases.put(info.OID, db)
	v.put(&info)
	if err := v.sound(&info); err != nil {
		return Result{Err: err}
	}
	s.catalog = v.c
	// Both go on with copies: what is shared is never written.
	shared, _ := s.positions.get(c.Template)
	s.positions.put(c.Template, &positions{shared.fork()})
	s.positions.put(info.OID, &positions{shared.fork()})
	for _, item := range c.Exact {
		id := SequenceID{info.OID, item.ID.Sequence}
		seq, pos, ok := s.at(id, item.Epoch)
		if ok && item.ID.Database == c.Template && seq.Params.InBounds(item.State.LastValue) {
			s.setPosition(id, Position{State: item.State, Epoch: pos.Epoch, Serial: index})
		}
	}
	return Result{}
}

func (s *Store) applyDropDatabase(c *DropDatabase) Result {
	v := open(s.catalog, c.OID)
	if v == nil || v.d.Version != c.Expect {
		return Result{Err: errConcurrentUpdate()}
	}
	info := v.d.DatabaseInfo
	v.remove(&info)
	v.detach(info.Key())
	v.c.databases.delete(c.OID)
	s.catalog = v.c
	s.positions.delete(c.OID)
	return Result{Effects: []Effect{{Kind: EffectDatabaseDropped, ID: SequenceID{Database: c.OID}}}}
}
