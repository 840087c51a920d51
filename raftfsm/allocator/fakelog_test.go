package allocator

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// fakeLog is raft reduced to what the allocator relies on: commands are applied
// one after the other in the order in which they were proposed, some time later.
type fakeLog struct {
	t     testing.TB
	delay func() time.Duration // of one commit
	fail  atomic.Pointer[sqlstate.Error]

	mu    sync.RWMutex // raftfsm.FSM's lock
	store *engine.Store

	term      uint64
	index     uint64
	proposals chan *proposal
	done      chan struct{}
	a         *Allocator

	entries  atomic.Int64 // Reserve entries applied
	onCommit func(engine.Command)
}

type proposal struct {
	c    engine.Command
	r    engine.Result
	done chan struct{}
}

// newFakeLog returns a log on which a new allocator leads.
func newFakeLog(t testing.TB, prelog uint64, delay func() time.Duration) *fakeLog {
	l := &fakeLog{t: t, delay: delay, store: engine.NewStore(), index: 10}
	l.lead(prelog)
	t.Cleanup(l.crash)
	return l
}

// lead starts a new allocator over the log, as a new process would.
func (l *fakeLog) lead(prelog uint64) {
	start := time.Now()
	l.term++
	l.proposals, l.done = make(chan *proposal, 1000), make(chan struct{})
	l.a = New(Config{Source: l, Propose: l.propose, PrelogMax: prelog,
		Now: func() time.Duration { return time.Since(start) }})
	l.a.Start(l.term)
	go l.run(l.proposals, l.done)
}

func (l *fakeLog) run(proposals chan *proposal, done chan struct{}) {
	defer close(done)
	for p := range proposals {
		if l.delay != nil {
			time.Sleep(l.delay())
		}
		p.r = l.apply(p.c)
		close(p.done)
	}
}

func (l *fakeLog) apply(c engine.Command) engine.Result {
	if l.onCommit != nil {
		l.onCommit(c)
	}
	l.mu.Lock()
	l.index++
	r := l.store.Apply(l.index, c)
	l.mu.Unlock()
	if _, ok := c.(*engine.Reserve); ok {
		l.entries.Add(1)
	}
	l.a.Applied(l.index, l.term, c, r)
	return r
}

func (l *fakeLog) propose(_ context.Context, c engine.Command) (engine.Result, error) {
	if err := l.fail.Load(); err != nil {
		return engine.Result{}, err
	}
	p := &proposal{c: c, done: make(chan struct{})}
	l.proposals <- p
	<-p.done
	return p.r, nil
}

// Sequence implements Source.
func (l *fakeLog) Sequence(id engine.SequenceID) (*engine.Sequence, engine.Position, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	pos, ok := l.store.Position(id)
	if !ok {
		return nil, pos, false
	}
	db, _ := l.store.Catalog().DatabaseByOID(id.Database)
	seq, ok := db.SequenceByOID(id.Sequence)
	return seq, pos, ok
}

// position is the replicated position.
func (l *fakeLog) position(id engine.SequenceID) engine.Position {
	_, pos, ok := l.Sequence(id)
	if !ok {
		l.t.Errorf("no sequence %d", id.Sequence)
	}
	return pos
}

// crash ends the allocator without a Release.
func (l *fakeLog) crash() {
	if l.a == nil {
		return
	}
	l.a.Stop()
	close(l.proposals)
	<-l.done
	l.a = nil
}

// stop ends the allocator cleanly.
func (l *fakeLog) stop() {
	l.a.Stop()
	if c := l.a.Release(); c != nil {
		if _, err := l.propose(context.Background(), c); err != nil {
			l.t.Error(err)
		}
	}
	l.crash()
}

// commit applies one write to the sequence's database.
func (l *fakeLog) commit(w engine.Write) engine.Result {
	l.t.Helper()
	r, err := l.propose(context.Background(), &engine.Commit{Database: engine.PostgresDatabase, Writes: []engine.Write{w}})
	if err != nil {
		l.t.Error(err)
	}
	return r
}

// create makes a sequence; change alters the defaults.
func (l *fakeLog) create(name string, change func(*sequence.Params)) *Sequence {
	l.t.Helper()
	d, err := engine.CreateOptions(nil)
	if err != nil {
		l.t.Fatal(err)
	}
	if change != nil {
		change(&d.Params)
		d.State = sequence.State{LastValue: d.Params.Start}
	}
	l.mu.RLock()
	oid := l.store.Catalog().NextOID()
	l.mu.RUnlock()
	seq := engine.Sequence{OID: oid, Schema: engine.PublicNamespace, Name: name,
		Owner: engine.BootstrapSuperuser, Persistence: engine.Permanent, Params: d.Params}
	if r := l.commit(&engine.PutSequence{Sequence: seq, Position: &d.State}); r.Err != nil {
		l.t.Fatal(r.Err)
	}
	return l.a.Sequence(engine.SequenceID{Database: engine.PostgresDatabase, Sequence: oid})
}

// alter replaces the definition and sets a position, as ALTER SEQUENCE does.
func (l *fakeLog) alter(s *Sequence, at *sequence.State, change func(*engine.Sequence)) engine.Result {
	l.t.Helper()
	def, pos, ok := l.Sequence(s.id)
	if !ok {
		l.t.Fatal("no such sequence")
	}
	next := *def
	if change != nil {
		change(&next)
	}
	return l.commit(&engine.PutSequence{Sequence: next, Expect: def.Version, Position: at, ExpectSerial: pos.Serial})
}

func (l *fakeLog) drop(s *Sequence) {
	l.t.Helper()
	def, _, _ := l.Sequence(s.id)
	if r := l.commit(&engine.DropSequence{OID: def.OID, Expect: def.Version}); r.Err != nil {
		l.t.Fatal(r.Err)
	}
}

// value takes one fetch and returns its first value.
func value(t testing.TB, s *Sequence, owner uint64) int64 {
	t.Helper()
	b, _, err := s.Next(context.Background(), owner)
	if err != nil {
		t.Fatal(err)
	}
	return b.First
}

func exact(t testing.TB, s *Sequence) sequence.State {
	t.Helper()
	p, err := s.Position(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return p.State
}

func wantCode(t testing.TB, err error, code sqlstate.Code, message string) {
	t.Helper()
	if e := sqlstate.From(err); e == nil || e.Code != code || (message != "" && e.Message != message) {
		t.Errorf("error %v, want %s %s", err, code, message)
	}
}
