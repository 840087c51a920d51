// Package raftfsm is the replicated state machine: it decodes what the log says,
// lets the engine do it, and tells who watches. It decides nothing by itself, and
// what it does depends on the log alone: no clock, no random, no I/O under Apply.
package raftfsm

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"seqd/engine"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/internal/seams"
)

// Observer follows the log. Its methods are called on raft's FSM goroutine, in
// log order, after the state has changed and been published, and must not block.
type Observer interface {
	// Leased tells of an entry's lease, before Applied tells of its command.
	Leased(index, term uint64, l codec.Lease)
	// Applied tells of a command that was executed (also of one that the engine
	// refused, but not of one that the FSM fenced off or knew already).
	Applied(index, term uint64, c engine.Command, r engine.Result)
	// Restored tells that the whole state was replaced by a snapshot.
	Restored()
}

// Response is what Apply returns to the proposer.
type Response struct {
	Index  uint64
	Result engine.Result
	// Fenced tells that the entry was proposed in another term than it was logged
	// in, and was refused for it on every replica: nothing happened.
	Fenced bool
	// Repeated tells that the request had been executed before, with this result.
	Repeated bool
	// Voids tells that values which sessions may have cached are void now, or not theirs
	// any more.
	Voids bool
}

// FSM implements raft.FSM over an engine.Store. It owns the lock that readers of
// positions need; readers of the catalog need none.
type FSM struct {
	cluster string

	mu          sync.RWMutex
	store       *engine.Store
	state       *codec.Cluster
	index, term uint64 // of the last command
	failed      error  // why a snapshot could not be restored

	catalog  atomic.Pointer[engine.Catalog]
	seams    seams.Node
	observer Observer
	applied  progress
}

// New returns the state machine of a fresh cluster.
func New(cluster string) *FSM {
	f := &FSM{cluster: cluster, store: engine.NewStore(), state: &codec.Cluster{}}
	f.catalog.Store(f.store.Catalog())
	f.applied.init()
	return f
}

// Observe sets who follows the log; before raft is started.
func (f *FSM) Observe(o Observer) { f.observer = o }

// Simulate sets what a simulation changes; before raft is started.
func (f *FSM) Simulate(s seams.Node) { f.seams = s }

// Apply implements raft.FSM. An entry that can't be understood stops the process:
// to go on without it would part this replica from the others for ever.
func (f *FSM) Apply(l *raft.Log) any {
	e, err := codec.DecodeEntry(l.Data)
	if err != nil {
		panic(fmt.Sprintf("raftfsm: log entry %d can't be applied: %v", l.Index, err))
	}
	f.seams.Apply(l)
	r := Response{Index: l.Index, Fenced: e.Term != l.Term && !f.seams.Mistakes.NoFence}
	f.mu.Lock()
	if !r.Fenced {
		f.execute(l.Index, &e, &r)
	}
	f.index, f.term = l.Index, l.Term
	catalog := f.store.Catalog()
	f.mu.Unlock()
	if catalog != f.catalog.Load() {
		f.catalog.Store(catalog)
	}
	if f.observer != nil && !r.Fenced {
		if e.Lease != nil {
			f.observer.Leased(l.Index, l.Term, *e.Lease)
		}
		if e.Command != nil && !r.Repeated {
			f.observer.Applied(l.Index, l.Term, e.Command, r.Result)
		}
	}
	f.applied.advance(l.Index)
	return r
}

// execute changes the state by one entry.
func (f *FSM) execute(index uint64, e *codec.Entry, r *Response) {
	if e.Lease != nil {
		f.state.Lease = e.Lease.Record
	}
	if e.Member != nil {
		putMember(f.state, e.Member)
	}
	f.state.Format = max(f.state.Format, e.Format)
	if e.Command == nil {
		return
	}
	repeatable := e.Request.Counter != 0
	if repeatable {
		if r.Result, r.Repeated = remembered(f.state, e.Request); r.Repeated {
			return
		}
	}
	before := f.store.Catalog()
	r.Result = f.store.Apply(index, e.Command)
	noteReservations(f.state, r.Result)
	r.Voids = voids(before, index, r.Result.Effects) || r.Result.Err == nil && takesRights(before, e.Command)
	if repeatable {
		remember(f.state, index, e.Request, r.Result)
	}
}

// voids tells whether effects end an epoch in which nodes could keep values.
func voids(before *engine.Catalog, index uint64, effects []engine.Effect) bool {
	for i := range effects {
		e := &effects[i]
		if !e.EndsEpoch(index) {
			continue
		}
		// Who changes CACHE or the order begins an epoch: what the sequence was decides.
		if db, ok := before.DatabaseByOID(e.ID.Database); ok {
			if s, ok := db.SequenceByOID(e.ID.Sequence); ok && keepsValues(s) {
				return true
			}
		}
	}
	return false
}

// StoreConfiguration implements raft.ConfigurationStore, so that a cluster whose
// last change is one of membership can still compact its log.
func (f *FSM) StoreConfiguration(index uint64, _ raft.Configuration) { f.applied.advance(index) }

// State is a copy of what was replicated up to the last command, in constant time.
func (f *FSM) State() (codec.Header, *engine.Store, *codec.Cluster) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return codec.Header{Index: f.index, Term: f.term, Cluster: f.cluster}, f.store.Snapshot(), forkCluster(f.state)
}

// Snapshot implements raft.FSM: it captures the state in constant time.
func (f *FSM) Snapshot() (raft.FSMSnapshot, error) {
	header, store, state := f.State()
	return &snapshot{header, store, state}, nil
}

type snapshot struct {
	header codec.Header
	store  *engine.Store
	state  *codec.Cluster
}

// Persist implements raft.FSMSnapshot; commands are applied meanwhile.
func (s *snapshot) Persist(sink raft.SnapshotSink) error {
	if err := codec.WriteSnapshot(sink, s.header, s.store, s.state); err != nil {
		_ = sink.Cancel() // the error that counts is the first one
		return err
	}
	return sink.Close()
}

// Release implements raft.FSMSnapshot.
func (s *snapshot) Release() {}

// Restore implements raft.FSM. The old state stays unless all of the new one was
// read.
func (f *FSM) Restore(in io.ReadCloser) error {
	defer in.Close()
	h, store, state, err := codec.ReadSnapshot(in)
	if err == nil && h.Cluster != f.cluster {
		err = fmt.Errorf("the snapshot belongs to cluster %s, not %s", h.Cluster, f.cluster)
	}
	f.mu.Lock()
	if err != nil {
		f.failed = err
		f.mu.Unlock()
		return err
	}
	f.store, f.state, f.index, f.term = store, state, h.Index, h.Term
	f.mu.Unlock()
	f.catalog.Store(store.Catalog())
	if f.observer != nil {
		f.observer.Restored()
	}
	f.applied.advance(h.Index)
	return nil
}

// RestoreError is why a snapshot could not be restored, nil if none failed: raft
// would quietly go on with an older one.
func (f *FSM) RestoreError() error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.failed
}

// Catalog is the newest applied catalog.
func (f *FSM) Catalog() *engine.Catalog { return f.catalog.Load() }

// Sequence returns a sequence's definition and replicated position, both of one
// moment.
func (f *FSM) Sequence(id engine.SequenceID) (*engine.Sequence, engine.Position, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	pos, ok := f.store.Position(id)
	if !ok {
		return nil, engine.Position{}, false
	}
	db, ok := f.store.Catalog().DatabaseByOID(id.Database)
	if !ok {
		return nil, engine.Position{}, false
	}
	seq, ok := db.SequenceByOID(id.Sequence)
	return seq, pos, ok
}
