package simcluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/forward"
)

// session does what a session of server/session does with the backend: it keeps
// what a fetch brings it as long as the epoch is the same.
type session struct {
	c     *cluster
	name  string
	owner uint64
	rng   *rand.Rand
	life  *life
	on    *forward.Backend
	rest  map[*seq]*rest
	tidy  []*seq // sequences that this session created
	draws bool   // and does nothing else, so that nothing else holds it up
}

type rest struct {
	sequence.Block
	epoch uint64
}

// client is one connection after the other to one node.
func (c *cluster) client(m *member, number int) {
	rng := c.random()
	for n := 0; !c.quiet.Load(); n++ {
		l, s := m.open()
		if s == nil || l.over.Load() {
			time.Sleep(time.Duration(5+rng.IntN(30)) * time.Millisecond)
			continue
		}
		x := &session{c: c, name: fmt.Sprintf("%s%d.%d", m.name, number, n), owner: uint64(n)<<8 | uint64(number) | 1<<20, rng: rng, life: l, on: s.backend, rest: map[*seq]*rest{}, draws: number == 0}
		for !c.quiet.Load() && !l.over.Load() {
			l.sessions.wait()
			x.step()
		}
	}
}

// step does one thing, or a burst of them, and thinks about it.
func (s *session) step() {
	ctx, cancel := s.life.ctx, context.CancelFunc(func() {})
	if s.draws || s.rng.IntN(20) == 0 { // statement_timeout
		ctx, cancel = context.WithTimeout(ctx, time.Duration(1+s.rng.IntN(300))*time.Millisecond)
	}
	defer cancel()
	q := s.c.pick(s.rng)
	switch n := s.rng.IntN(100); {
	case n < 6:
		for range 20 + s.rng.IntN(100) {
			if s.life.over.Load() || s.c.quiet.Load() || !s.next(ctx, q) {
				break
			}
		}
	case n < 12 && q.params.Cache == 1 && s.rest[q] == nil:
		s.nextRun(ctx, q, 2+s.rng.IntN(60))
	case n < 78 || s.draws:
		s.next(ctx, q)
	case n < 86:
		s.read(ctx, q)
	case n < 92 && q.sets:
		s.set(ctx, q)
	case n < 95 && q.sets:
		s.restart(ctx, q)
	case n < 97:
		s.create(ctx)
	case n < 98 && len(s.tidy) > 0:
		s.drop(ctx, s.tidy[0])
		s.tidy = s.tidy[1:]
	default:
		s.next(ctx, q)
	}
	time.Sleep(time.Duration(s.rng.ExpFloat64() * float64(s.c.think)))
}

// handle finds a sequence as a session does.
func (s *session) handle(ctx context.Context, q *seq) *forward.Sequence {
	if h := s.on.Sequence(q.id); h != nil {
		return h
	}
	call := s.c.history.tick()
	if err := s.on.CatchUp(ctx); err != nil {
		return nil
	}
	if h := s.on.Sequence(q.id); h != nil {
		return h
	}
	if !s.c.maybeDropped(q) {
		s.c.fail("%s does not find sequence %s, asked at %d", s.name, q.name, call)
	}
	return nil
}

func (s *session) next(ctx context.Context, q *seq) bool {
	h := s.handle(ctx, q)
	if h == nil {
		return false
	}
	o := s.c.begin(s, next, q)
	r := s.rest[q]
	if r != nil {
		if err := s.on.ConfirmEpochs(ctx); err != nil {
			s.c.end(s, o, err)
			return false
		}
	}
	if r != nil && r.epoch == h.Epoch() {
		o.cached = true
	} else {
		b, epoch, err := h.Next(ctx, s.owner)
		if err != nil {
			s.c.end(s, o, err)
			return false
		}
		r = &rest{b, epoch}
		s.rest[q] = r
	}
	o.value, o.block, o.epoch = r.First, r.Block, r.epoch
	if r.First == r.Last {
		delete(s.rest, q)
	} else {
		r.First += r.Increment
	}
	s.c.end(s, o, nil)
	return true
}

// nextRun is a pipeline of n nextvals: all are asked before the first is answered.
func (s *session) nextRun(ctx context.Context, q *seq, n int) {
	h := s.handle(ctx, q)
	if h == nil {
		return
	}
	list := make([]*operation, n)
	for i := range list {
		list[i] = s.c.begin(s, next, q)
		list[i].within = i > 0
	}
	for len(list) > 0 {
		run, epoch, err := h.NextRun(ctx, s.owner, uint64(len(list)))
		if err != nil {
			for _, o := range list { // what follows an error is not executed
				s.c.end(s, o, err)
			}
			return
		}
		for more := true; more; {
			var v sequence.Block
			v, run, more = run.Cut(1)
			if len(list) == 0 {
				s.c.fail("%s was given more than the %d values it had asked for", s.name, n)
				return
			}
			o := list[0]
			list = list[1:]
			o.value, o.block, o.epoch = v.First, v, epoch
			s.c.end(s, o, nil)
		}
	}
}

func (s *session) read(ctx context.Context, q *seq) {
	if h := s.handle(ctx, q); h != nil {
		o := s.c.begin(s, read, q)
		p, err := h.Position(ctx)
		o.state, o.epoch = p.State, p.Epoch
		s.c.end(s, o, err)
	}
}

func (s *session) set(ctx context.Context, q *seq) {
	h := s.handle(ctx, q)
	if h == nil {
		return
	}
	o := s.c.begin(s, set, q)
	o.state = sequence.State{LastValue: s.c.unique(s.rng), IsCalled: s.rng.IntN(2) == 0}
	epoch, err := h.SetVal(ctx, s.owner, o.state)
	if o.epoch = epoch; err == nil {
		delete(s.rest, q)
	}
	s.c.end(s, o, err)
}

// restart is ALTER SEQUENCE … RESTART WITH.
func (s *session) restart(ctx context.Context, q *seq) {
	if s.handle(ctx, q) == nil {
		return
	}
	o := s.c.begin(s, restart, q)
	o.state = sequence.State{LastValue: s.c.unique(s.rng)}
	err := s.alter(ctx, q, o)
	s.on.Unlock(s.owner)
	s.c.end(s, o, err)
}

func (s *session) alter(ctx context.Context, q *seq, o *operation) error {
	at, err := s.on.Lock(ctx, s.owner, q.id)
	if err != nil {
		return err
	}
	if s.rng.IntN(3) == 0 {
		time.Sleep(time.Duration(s.rng.IntN(50)) * time.Millisecond) // an open transaction
	}
	tx := engine.Begin(s.on.Catalog(), engine.PostgresDatabase)
	def, ok := tx.Database().SequenceByOID(q.id.Sequence)
	if !ok {
		return sqlstate.Errorf(sqlstate.UndefinedTable, "%s is gone", q.name)
	}
	if err := tx.AlterSequence(def, engine.Definition{Params: def.Params, State: o.state}, at); err != nil {
		return err
	}
	delete(s.rest, q)
	r, err := s.on.Commit(ctx, s.owner, tx.Commit())
	for _, e := range r.Effects {
		o.epoch = e.Epoch
	}
	return err
}

// create makes a sequence that will be dropped.
func (s *session) create(ctx context.Context) {
	q := &seq{name: s.c.name(), churn: true, params: plain(1)}
	s.make(ctx, q)
	if q.id.Sequence != 0 {
		s.tidy = append(s.tidy, q)
	}
}

func (s *session) make(ctx context.Context, q *seq) error {
	oid, err := s.on.AllocateOID(ctx)
	if err != nil {
		return err
	}
	o := s.c.begin(s, create, q)
	tx := engine.Begin(s.on.Catalog(), engine.PostgresDatabase)
	err = tx.CreateSequence(engine.NewSequence{OID: oid, Schema: engine.PublicNamespace, Name: q.name,
		Owner: engine.BootstrapSuperuser, Persistence: engine.Permanent,
		Definition: engine.Definition{Params: q.params, State: sequence.State{LastValue: q.params.Start}}})
	if err == nil {
		_, err = s.on.Commit(ctx, s.owner, tx.Commit())
	}
	if err == nil {
		q.id = engine.SequenceID{Database: engine.PostgresDatabase, Sequence: oid}
	}
	s.c.end(s, o, err)
	if o.outcome == done {
		s.c.add(q)
	}
	return err
}

func (s *session) drop(ctx context.Context, q *seq) {
	if s.handle(ctx, q) == nil {
		return
	}
	s.c.dropping(q)
	o := s.c.begin(s, drop, q)
	err := func() error {
		if _, err := s.on.Lock(ctx, s.owner, q.id); err != nil {
			return err
		}
		tx := engine.Begin(s.on.Catalog(), engine.PostgresDatabase)
		def, ok := tx.Database().SequenceByOID(q.id.Sequence)
		if !ok {
			return sqlstate.Errorf(sqlstate.UndefinedTable, "%s is gone", q.name)
		}
		if err := tx.DropSequence(def); err != nil {
			return err
		}
		_, err := s.on.Commit(ctx, s.owner, tx.Commit())
		return err
	}()
	s.on.Unlock(s.owner)
	s.c.end(s, o, err)
}

// plain is a definition without limits of note.
func plain(cache int64) sequence.Params {
	return sequence.Params{Type: sequence.BigInt, Start: 1, Increment: 1, Min: 1, Max: 1 << 62, Cache: cache}
}
