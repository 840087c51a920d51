package forward

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm"
	"seqd/raftfsm/allocator"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/peer"
)

// fakeCluster is raft reduced to its guarantees: one log, which the leader of the
// newest term alone appends to, and which every node applies in its own time. A new
// leader serves after the old one has stopped, as the lease sees to. Who the leader
// is the nodes learn late.
type fakeCluster struct {
	t      testing.TB
	faults *faults
	nodes  []*fakeNode
	start  time.Time
	ctx    context.Context
	oid    atomic.Uint32
	// connect replaces the fake connections.
	connect func(from *fakeNode, addr string) Client
	// executed hears of every command once, also of refused ones.
	executed func(engine.Command, engine.Result)

	mu     sync.Mutex
	log    []*raft.Log
	grown  chan struct{} // closed when the log grows
	leader int           // -1: none
	term   uint64
	tasks  sync.WaitGroup
}

// faults are what goes wrong, as shares of 1000; nil: nothing, and at once.
type faults struct {
	delay   time.Duration // at most, of everything
	notSent int           // calls that do not arrive
	lost    int           // answers that do not arrive
	unknown int           // proposals whose outcome the leader does not learn
}

func (f *faults) hits(share func(*faults) int) bool { return f != nil && rand.IntN(1000) < share(f) }

func (f *faults) sleep() {
	if f != nil && f.delay > 0 {
		time.Sleep(rand.N(f.delay))
	}
}

// fakeNode is one node: state machine, allocator, and what it knows of the leader.
type fakeNode struct {
	c         *fakeCluster
	i         int
	fsm       *raftfsm.FSM
	allocator *allocator.Allocator
	server    *Server
	backend   *Backend

	mu        sync.Mutex
	knows     int // the leader
	serving   uint64
	changed   chan struct{}
	responses map[uint64]chan raftfsm.Response // by log index
	snapshots int
	paused    chan struct{} // not nil: no call arrives until it is closed
}

func newCluster(t testing.TB, nodes int, f *faults) *fakeCluster {
	ctx, cancel := context.WithCancel(context.Background())
	c := &fakeCluster{t: t, faults: f, start: time.Now(), ctx: ctx, grown: make(chan struct{}), leader: -1}
	for i := range nodes {
		n := &fakeNode{c: c, i: i, fsm: raftfsm.New("c"), knows: -1, changed: make(chan struct{}), responses: map[uint64]chan raftfsm.Response{}}
		n.allocator = allocator.New(allocator.Config{Source: n.fsm, PrelogMax: 1 << 16,
			Propose: func(ctx context.Context, cmd engine.Command) (engine.Result, error) {
				return n.ProposeWith(ctx, codec.Request{}, cmd)
			},
			Now: func() time.Duration { return time.Since(c.start) }})
		n.fsm.Observe(fakeObserver{n.allocator, n})
		n.server = NewServer(n)
		c.nodes = append(c.nodes, n)
		c.tasks.Go(n.apply)
	}
	for _, n := range c.nodes {
		n.backend = New(Config{Node: n, Gateway: uint64(100 + n.i), Dial: func(addr string) Client { return c.dial(n, addr) }})
		n.server.Own(n.backend)
	}
	t.Cleanup(func() {
		for _, n := range c.nodes {
			n.backend.Close()
		}
		c.lead(-1)
		cancel()
		c.tasks.Wait()
	})
	return c
}

type fakeObserver struct {
	*allocator.Allocator
	n *fakeNode
}

func (o fakeObserver) Applied(index, term uint64, c engine.Command, r engine.Result) {
	if o.n.i == 0 && o.n.c.executed != nil {
		o.n.c.executed(c, r)
	}
	o.Allocator.Applied(index, term, c, r)
}

func (fakeObserver) Leased(_, _ uint64, _ codec.Lease) {}

// lead makes a node the leader, -1: none.
func (c *fakeCluster) lead(i int) {
	c.mu.Lock()
	old := c.leader
	c.leader, c.term = -1, c.term+1
	term := c.term
	c.mu.Unlock()
	if old >= 0 {
		c.nodes[old].serve(0)
		c.nodes[old].allocator.Stop()
	}
	for _, n := range c.nodes {
		c.tasks.Go(func() { c.faults.sleep(); n.learn(i, term) })
	}
	if i < 0 {
		return
	}
	n := c.nodes[i]
	c.mu.Lock()
	c.leader = i
	barrier := uint64(len(c.log))
	c.mu.Unlock()
	_ = n.fsm.WaitApplied(c.ctx, barrier)
	n.allocator.Start(term)
	n.serve(term)
}

func (n *fakeNode) serve(term uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.serving = term
	close(n.changed)
	n.changed = make(chan struct{})
}

// learn has the node hear of a leader, unless that is old news.
func (n *fakeNode) learn(leader int, term uint64) {
	n.c.mu.Lock()
	old := n.c.term != term
	n.c.mu.Unlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !old {
		n.knows = leader
		close(n.changed)
		n.changed = make(chan struct{})
	}
}

func (n *fakeNode) apply() {
	for next := 0; ; next++ {
		n.c.mu.Lock()
		for len(n.c.log) == next {
			grown := n.c.grown
			n.c.mu.Unlock()
			select {
			case <-grown:
			case <-n.c.ctx.Done():
				return
			}
			n.c.mu.Lock()
		}
		l := n.c.log[next]
		n.c.mu.Unlock()
		n.c.faults.sleep()
		r := n.fsm.Apply(l).(raftfsm.Response)
		n.mu.Lock()
		if done := n.responses[l.Index]; done != nil {
			delete(n.responses, l.Index)
			done <- r
		}
		n.mu.Unlock()
	}
}

// ProposeWith implements Node.
func (n *fakeNode) ProposeWith(_ context.Context, id codec.Request, cmd engine.Command) (engine.Result, error) {
	n.mu.Lock()
	term := n.serving
	n.mu.Unlock()
	data, err := codec.EncodeEntry(codec.Entry{Term: term, Request: id, Command: cmd})
	if err != nil {
		return engine.Result{}, err
	}
	done := make(chan raftfsm.Response, 1)
	n.c.faults.sleep()
	c := n.c
	c.mu.Lock()
	if c.leader != n.i || c.term != term {
		c.mu.Unlock()
		return engine.Result{}, allocator.ErrNotServing
	}
	index := uint64(len(c.log) + 1)
	n.mu.Lock()
	n.responses[index] = done
	n.mu.Unlock()
	c.log = append(c.log, &raft.Log{Index: index, Term: term, Type: raft.LogCommand, Data: data})
	close(c.grown)
	c.grown = make(chan struct{})
	c.mu.Unlock()
	if id.Counter != 0 && c.faults.hits(func(f *faults) int { return f.unknown }) {
		return engine.Result{}, errUnknown(nil)
	}
	r := <-done
	return r.Result, nil
}

// CreateDatabase implements Node.
func (n *fakeNode) CreateDatabase(ctx context.Context, id codec.Request, c *engine.CreateDatabase) (engine.Result, error) {
	return n.allocator.Branch(ctx, c, func(c *engine.CreateDatabase) (engine.Result, error) {
		return n.ProposeWith(context.Background(), id, c)
	})
}

func (n *fakeNode) Catalog() *engine.Catalog { return n.fsm.Catalog() }
func (n *fakeNode) Applied() uint64          { return n.fsm.Applied() }
func (n *fakeNode) WaitApplied(ctx context.Context, index uint64) error {
	return n.fsm.WaitApplied(ctx, index)
}
func (n *fakeNode) Leader() (string, string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.knows < 0 {
		return "", "", false
	}
	return fmt.Sprint(n.knows), fmt.Sprint(n.knows), n.knows == n.i
}
func (n *fakeNode) LeaderChanged() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.changed
}
func (n *fakeNode) Serving() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.serving != 0
}
func (n *fakeNode) Confirm(context.Context) error {
	if !n.Serving() {
		return allocator.ErrNotServing
	}
	return nil
}
func (n *fakeNode) Sequence(id engine.SequenceID) *allocator.Sequence {
	return n.allocator.Sequence(id)
}
func (n *fakeNode) AllocateOID(context.Context) (engine.OID, error) {
	if !n.Serving() {
		return 0, allocator.ErrNotServing
	}
	return engine.OID(20000 + n.c.oid.Add(1)), nil
}
func (n *fakeNode) Lock(ctx context.Context, owner uint64, id engine.SequenceID) (engine.Position, error) {
	return n.allocator.Lock(ctx, owner, id)
}
func (n *fakeNode) AwaitUnlock(ctx context.Context, owner uint64, id engine.SequenceID) error {
	return n.allocator.AwaitUnlock(ctx, owner, id)
}
func (n *fakeNode) Now() time.Duration                { return time.Since(n.c.start) }
func (n *fakeNode) Holds() bool                       { return n.Serving() }
func (n *fakeNode) Voided() (uint64, <-chan struct{}) { return 0, nil }
func (n *fakeNode) Grant(context.Context, uint64, uint64) (uint64, time.Duration, error) {
	if !n.Serving() {
		return 0, 0, allocator.ErrNotServing
	}
	return n.Applied(), time.Second, nil
}
func (n *fakeNode) Silence() time.Duration { return 0 }
func (n *fakeNode) Locks() []engine.LockState {
	return n.allocator.Locks()
}
func (n *fakeNode) Unlock(owner uint64) { n.allocator.Unlock(owner) }
func (n *fakeNode) LockKey(ctx context.Context, owner uint64, key engine.LockKey, r allocator.KeyRequest) (bool, error) {
	return n.allocator.LockKey(ctx, owner, key, r)
}
func (n *fakeNode) UnlockKey(owner uint64, key engine.LockKey, exclusive bool) {
	n.allocator.UnlockKey(owner, key, exclusive)
}
func (n *fakeNode) UnlockKeys(owner uint64) { n.allocator.UnlockKeys(owner) }
func (n *fakeNode) Checkpoint(context.Context) error {
	n.mu.Lock()
	n.snapshots++
	n.mu.Unlock()
	n.allocator.Checkpoint()
	return nil
}

// pause keeps calls from arriving.
func (n *fakeNode) pause(d time.Duration) {
	paused := make(chan struct{})
	n.mu.Lock()
	n.paused = paused
	n.mu.Unlock()
	time.Sleep(d)
	n.mu.Lock()
	n.paused = nil
	n.mu.Unlock()
	close(paused)
}

// fakeClient is the connection of one node to another.
type fakeClient struct{ from, to *fakeNode }

func (c *fakeCluster) dial(from *fakeNode, addr string) Client {
	if c.connect != nil {
		return c.connect(from, addr)
	}
	i := slices.IndexFunc(c.nodes, func(n *fakeNode) bool { return fmt.Sprint(n.i) == addr })
	return &fakeClient{from, c.nodes[i]}
}

// Call implements Client. Requests overtake each other.
func (x *fakeClient) Call(ctx context.Context, kind byte, body []byte) ([]byte, error) {
	f := x.from.c.faults
	f.sleep()
	if ctx.Err() != nil || f.hits(func(f *faults) int { return f.notSent }) {
		return nil, fmt.Errorf("%w: dropped", peer.ErrNotSent)
	}
	type result struct {
		b   []byte
		err error
	}
	done := make(chan result, 1)
	x.from.c.tasks.Go(func() {
		x.to.mu.Lock()
		paused := x.to.paused
		x.to.mu.Unlock()
		if paused != nil {
			<-paused
		}
		b, err := x.to.server.Handle(ctx, kind, slices.Clone(body))
		f.sleep()
		done <- result{b, err}
	})
	select {
	case r := <-done:
		if f.hits(func(f *faults) int { return f.lost }) {
			return nil, fmt.Errorf("%w: dropped", peer.ErrLost)
		}
		return r.b, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", peer.ErrLost, ctx.Err())
	}
}

// create makes a sequence by way of a node.
func (n *fakeNode) create(t testing.TB, name string, change func(*sequence.Params)) *Sequence {
	t.Helper()
	d, err := engine.CreateOptions(nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&d.Params)
	}
	oid, err := n.backend.AllocateOID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	put := &engine.PutSequence{Sequence: engine.Sequence{OID: oid, Schema: engine.PublicNamespace, Name: name,
		Owner: engine.BootstrapSuperuser, Persistence: engine.Permanent, Params: d.Params}, Position: &sequence.State{LastValue: d.Params.Start}}
	if _, err := n.backend.Commit(t.Context(), 1, &engine.Commit{Database: engine.PostgresDatabase, Writes: []engine.Write{put}}); err != nil {
		t.Fatal(err)
	}
	s := n.backend.Sequence(engine.SequenceID{Database: engine.PostgresDatabase, Sequence: oid})
	if s == nil {
		t.Fatal("what was committed is not there")
	}
	return s
}

// order changes the order of a sequence.
func (s *Sequence) order(t testing.TB, order engine.Order) {
	t.Helper()
	def, pos, _ := s.b.node.(*fakeNode).fsm.Sequence(s.id)
	next := *def
	next.Order = order
	put := &engine.PutSequence{Sequence: next, Expect: def.Version, Position: &pos.State, ExpectSerial: pos.Serial}
	if _, err := s.b.Commit(t.Context(), 1, &engine.Commit{Database: s.id.Database, Writes: []engine.Write{put}}); err != nil {
		t.Fatal(err)
	}
}

// at is the handle of the same sequence on another node.
func (s *Sequence) at(t testing.TB, n *fakeNode) *Sequence {
	t.Helper()
	if err := n.backend.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := n.backend.Sequence(s.id)
	if other == nil {
		t.Fatal("not there after CatchUp")
	}
	return other
}

func value(t testing.TB, s *Sequence, owner uint64) int64 {
	t.Helper()
	b, _, err := s.Next(context.Background(), owner)
	if err != nil {
		t.Fatal(err)
	}
	return b.First
}

func wantCode(t testing.TB, err error, code sqlstate.Code) {
	t.Helper()
	if got := sqlstate.CodeOf(err); got != code {
		t.Errorf("error %v, want %s", err, code)
	}
}

func contextEnded() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx, cancel
}
