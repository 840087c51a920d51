// Package allocator is the leader's memory: it hands out the values that the log
// has reserved, asks for more in time, and lets one session keep the others off a
// sequence. It knows nothing of raft, does no I/O and reads no clock but the one
// it is given.
//
// The rules that correctness rests on:
//   - A value is handed out only if a reservation that covers it was applied in
//     the current leadership session (Start to Stop).
//   - Reservations are installed, and dropped, by Applied alone: in log order.
//     What the proposer learns from its future changes nothing but who is told of
//     a failure.
//   - Memory is read or written for a client only while the lease holds, or for a
//     request that waited before an entry of this session was proposed that has
//     been applied (see lease.go).
//   - What users see (last_value, log_cnt) is sequence.Next's arithmetic, however
//     far the reservations reach.
//
// The loss budget: of a sequence at most max(PrelogMax, 32, what one fetch logs in
// PostgreSQL) values are reserved beyond those that somebody waits for; with
// PrelogMax 0 none is. What nodes have taken ahead (ahead.go) comes on top.
//
// Locks are taken in the order Allocator.mu, Sequence.mu, locks.mu, due.mu.
package allocator

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// DefaultPrelogMax is how many values of a sequence are reserved ahead at most
// unless configured: 250 ms at 16 million values a second, about what batches draw on
// two cores, so that the log is written a few times a second at any rate. A sequence
// under less load reserves less: a crash loses what it would have used within half a
// second. At most that is one part in 10^12 of a bigint sequence (bounded ones reserve
// less, see lapShare).
const DefaultPrelogMax = 1 << 22

// ErrNotServing refuses a request because this node does not lead: nothing
// happened, and another node, or this one in a moment, may serve it.
var ErrNotServing = sqlstate.New(sqlstate.CannotConnectNow, "the server is not the leader of its cluster at the moment").
	WithHint("Try again in a moment.")

// Source is the replicated state, read under its own lock.
type Source interface {
	// Sequence returns definition and replicated position of one moment.
	Sequence(engine.SequenceID) (*engine.Sequence, engine.Position, bool)
}

// Config is what an Allocator needs from outside.
type Config struct {
	Source Source
	// Propose puts a command into the log and returns when it has been applied
	// here, or with an *sqlstate.Error. What was proposed is waited for however
	// the context fares, but not for ever.
	Propose func(context.Context, engine.Command) (engine.Result, error)
	// Now is a monotonic clock, the lease's.
	Now func() time.Duration
	// Lease tells whether the leader may serve from memory at this moment; nil: at
	// any. If it may not, an entry is proposed to get the lease anew: every Reserve,
	// also an empty one, renews it.
	Lease func() bool
	// PrelogMax bounds how many values are reserved ahead; 0: none.
	PrelogMax uint64
}

// Allocator serves all sequences of a node. It is made once; leadership comes and
// goes with Start and Stop.
type Allocator struct {
	source  Source
	propose func(context.Context, engine.Command) (engine.Result, error)
	now     func() time.Duration
	lease   func() bool
	prelog  uint64 // Config.PrelogMax
	logVals uint64 // how many values sequence.Next logs ahead

	term        atomic.Uint64 // the leadership session; 0: not serving
	confirmed   atomic.Int64  // see Confirmed
	checkpoints atomic.Uint64
	stalled     atomic.Pointer[sqlstate.Error] // why the log takes nothing at the moment

	refills, reserved atomic.Uint64 // see Refilled

	mu        sync.RWMutex
	sequences map[engine.SequenceID]*Sequence

	locks  locks
	due    due
	commit time.Duration // EWMA of a reservation's commit; flusher only
	doubt  bool          // the newest reservation failed, and may be made after all; flusher only

	lastTerm atomic.Uint64      // the newest session, over or not
	end      context.CancelFunc // of the flusher; nil: not started
	ended    chan struct{}
}

// New returns an Allocator that does not serve yet.
func New(c Config) *Allocator {
	if c.Lease == nil {
		c.Lease = func() bool { return true }
	}
	return &Allocator{
		source: c.Source, propose: c.Propose, now: c.Now, lease: c.Lease,
		prelog: c.PrelogMax, logVals: min(sequence.LogVals, c.PrelogMax),
		sequences: map[engine.SequenceID]*Sequence{},
		locks:     locks{held: map[uint64][]*Sequence{}, waits: map[uint64]wait{}, keys: map[engine.LockKey]*keyLock{}},
		due:       due{wake: make(chan struct{}, 1)},
	}
}

// Start begins to serve in a leadership term. Everything logged in earlier terms
// must have been applied. Start and Stop are not called concurrently.
func (a *Allocator) Start(term uint64) {
	ctx, cancel := context.WithCancel(context.Background())
	a.end, a.ended = cancel, make(chan struct{})
	a.due.fail(ErrNotServing)
	a.confirmed.Store(math.MinInt64)
	a.stalled.Store(nil)
	// A session may follow another one of the same term, after a hand-over that failed:
	// what that one had in memory it has given back.
	for _, s := range a.handles() {
		s.mu.Lock()
		s.term = 0
		s.mu.Unlock()
	}
	a.lastTerm.Store(term)
	a.term.Store(term)
	go a.flush(ctx, a.ended)
}

// Stop ends serving: when it returns no value is handed out any more, who waited
// has got ErrNotServing, all locks are free and no reservation is in flight.
func (a *Allocator) Stop() {
	if a.end == nil {
		return
	}
	a.term.Store(0)
	for _, s := range a.handles() {
		s.mu.Lock()
		s.failAll(ErrNotServing)
		s.setLocker(0)
		s.mu.Unlock()
	}
	a.locks.reset()
	a.end()
	<-a.ended
	a.due.fail(ErrNotServing)
	a.end = nil
}

// Release returns the exact positions of all sequences that are not where the
// log thinks they are, nil if there are none. Serving must have been stopped.
// Once it is committed, nothing is lost.
func (a *Allocator) Release() *engine.Release {
	c := &engine.Release{}
	for _, s := range a.handles() {
		s.mu.Lock()
		if s.term == a.lastTerm.Load() && s.dropped == nil && s.state != s.replicated {
			c.Items = append(c.Items, engine.ReleaseItem{ID: s.id, Epoch: s.epoch.Load(), State: s.state})
		}
		s.mu.Unlock()
	}
	if len(c.Items) == 0 {
		return nil
	}
	return c
}

// Checkpoint makes the next nextval of every sequence log anew, as in PostgreSQL.
func (a *Allocator) Checkpoint() { a.checkpoints.Add(1) }

// Stalled tells why reservations can't be made at the moment, nil that they can
// again. Who waits for one is refused; what is reserved is handed out as ever.
func (a *Allocator) Stalled(why *sqlstate.Error) {
	a.stalled.Store(why)
	if why == nil {
		return
	}
	for _, s := range a.handles() {
		s.mu.Lock()
		s.pump()
		s.mu.Unlock()
	}
}

// Sequence returns the handle of a sequence, nil if there is no such sequence.
func (a *Allocator) Sequence(id engine.SequenceID) *Sequence {
	if s := a.handle(id); s != nil {
		return s
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.sequences[id]; s != nil {
		return s
	}
	// Looked up under mu: a DROP that is applied after this finds the handle.
	def, pos, ok := a.source.Sequence(id)
	if !ok {
		return nil
	}
	s := &Sequence{a: a, id: id}
	s.define(def)
	s.epoch.Store(pos.Epoch)
	a.sequences[id] = s
	return s
}

func (a *Allocator) handle(id engine.SequenceID) *Sequence {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.sequences[id]
}

func (a *Allocator) handles() []*Sequence {
	a.mu.RLock()
	defer a.mu.RUnlock()
	list := make([]*Sequence, 0, len(a.sequences))
	for _, s := range a.sequences {
		list = append(list, s)
	}
	return list
}

func errDropped(name string) *sqlstate.Error {
	return sqlstate.Errorf(sqlstate.UndefinedTable, "relation \"%s\" does not exist", name)
}

// addSaturated is a + b, at most 2^64-1.
func addSaturated(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}
