package forward

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"seqd/engine"
	"seqd/raftfsm/allocator"
	"seqd/raftfsm/codec"
)

// Config is what a Backend needs.
type Config struct {
	Node Node
	// Dial returns the client for a node's cluster address; see peer.Transport.Client.
	Dial func(addr string) Client
	// Gateway names this process in request IDs. 0: a random number, which is right
	// unless a test wants to know it.
	Gateway uint64
	// MaxWait is how long a request waits for a leader to be there. 0: DefaultMaxWait.
	MaxWait time.Duration
}

// Defaults.
const (
	DefaultMaxWait = 10 * time.Second
	// callTimeout is how long a call may take that waits for nothing but the log. A
	// connection that is dead is found out by the cluster port before.
	callTimeout = 5 * time.Second
)

// Backend is the cluster as sessions on this node see it.
type Backend struct {
	node        Node
	dial        func(addr string) Client
	gateway     uint64
	maxWait     time.Duration
	callTimeout time.Duration

	ctx   context.Context // ends with Close
	end   context.CancelFunc
	tasks sync.WaitGroup

	route    atomic.Pointer[route]
	routing  sync.Mutex // held to change route
	requests requests
	locks    locks
	keys     keys
	oids     oids
	grant    grant
	calls    atomic.Int64 // to leaders, for tests

	mu        sync.RWMutex
	sequences map[engine.SequenceID]*Sequence
	waiters   sync.Pool
	sweepAt   int // size of sequences at which the dropped ones are looked for
}

// New returns a Backend. Close must be called in the end.
func New(c Config) *Backend {
	if c.Gateway == 0 {
		c.Gateway = max(1, rand.Uint64())
	}
	if c.MaxWait == 0 {
		c.MaxWait = DefaultMaxWait
	}
	b := &Backend{
		node: c.Node, dial: c.Dial, gateway: c.Gateway, maxWait: c.MaxWait, callTimeout: callTimeout,
		sequences: map[engine.SequenceID]*Sequence{}, sweepAt: sweepMin,
	}
	b.ctx, b.end = context.WithCancel(context.Background())
	b.requests.init(c.Gateway)
	b.locks.owners = map[uint64]*holder{}
	b.keys.held, b.keys.wake = map[ownedKey]func(){}, make(chan struct{}, 1)
	b.waiters.New = func() any { return &waiter{done: make(chan struct{}, 1)} }
	b.grant.init()
	b.look()
	b.tasks.Go(b.follow)
	b.tasks.Go(b.keepGrant)
	b.tasks.Go(b.keep)
	return b
}

// Close ends what is under way and gives back all locks. There must be no sessions
// any more.
func (b *Backend) Close() {
	b.end()
	b.tasks.Wait()
}

// Catalog is the newest catalog that this node has applied.
func (b *Backend) Catalog() *engine.Catalog { return b.node.Catalog() }

// Leads tells whether this node leads and serves, as far as it knows.
func (b *Backend) Leads() bool { return b.route.Load().self }

// Silence is how long ago this node heard from the leader, 0 if it leads.
func (b *Backend) Silence() time.Duration { return b.node.Silence() }

// CatchUp waits until this node has applied all that the leader had applied when it
// was asked: before a session says that something does not exist, which another
// session may just have created.
func (b *Backend) CatchUp(ctx context.Context) error {
	var index uint64
	err := b.run(ctx, &operation{
		kind: kindApplied, request: func() *request { return &request{} },
		local: func(ctx context.Context) error {
			index = b.node.Applied()
			return b.node.Confirm(ctx)
		},
		answer: func(p *reply) { index = p.applied },
	})
	if err != nil || b.await(ctx, index, b.maxWait) {
		return err
	}
	if ctx.Err() != nil {
		return allocator.Canceled(ctx)
	}
	return errNoLeader(nil)
}

// serving is an error if this node does not serve.
func (b *Backend) serving() error {
	if !b.node.Serving() {
		return allocator.ErrNotServing
	}
	return nil
}

// Commit makes a transaction's changes durable and visible on this node, or none of
// them.
func (b *Backend) Commit(ctx context.Context, owner uint64, c *engine.Commit) (r engine.Result, err error) {
	err = b.once(ctx, kindCommit, c, &request{owner: uint32(owner)}, &r,
		func(ctx context.Context, id codec.Request) (engine.Result, error) {
			return b.node.ProposeWith(ctx, id, c)
		})
	if err == nil && r.Err != nil {
		err = r.Err
	}
	return r, err
}

// CreateDatabase makes a database as a branch of another. Exact is filled in by the
// leader.
func (b *Backend) CreateDatabase(ctx context.Context, owner uint64, c *engine.CreateDatabase) error {
	return b.alone(ctx, kindBranch, c, owner, func(ctx context.Context, id codec.Request) (engine.Result, error) {
		return b.node.CreateDatabase(ctx, id, c)
	})
}

// DropDatabase removes a database with all that it holds.
func (b *Backend) DropDatabase(ctx context.Context, owner uint64, c *engine.DropDatabase) error {
	return b.alone(ctx, kindDropDB, c, owner, func(ctx context.Context, id codec.Request) (engine.Result, error) {
		return b.node.ProposeWith(ctx, id, c)
	})
}

// alone is once for a command that is a statement of its own.
func (b *Backend) alone(ctx context.Context, kind byte, c engine.Command, owner uint64,
	local func(context.Context, codec.Request) (engine.Result, error)) error {
	var r engine.Result
	err := b.once(ctx, kind, c, &request{owner: uint32(owner)}, &r, local)
	if err == nil && r.Err != nil {
		err = r.Err
	}
	return err
}

// once does what must be done once: the command goes into the log under one request
// ID however often it is tried. The result is the log's; an error means that the
// log has not executed it, or that nobody knows.
func (b *Backend) once(ctx context.Context, kind byte, c engine.Command, q *request, result *engine.Result,
	local func(context.Context, codec.Request) (engine.Result, error)) error {
	if _, err := codec.EncodeEntry(codec.Entry{Command: c}); err != nil {
		return err // so that it can't fail below
	}
	counter, err := b.requests.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { b.requests.end(counter) }()
	return b.run(ctx, &operation{
		kind: kind, once: true,
		request: func() *request {
			again := *q
			again.entry, _ = codec.EncodeEntry(codec.Entry{Request: b.requests.id(counter), Command: c})
			return &again
		},
		local: func(ctx context.Context) (err error) {
			*result, err = local(ctx, b.requests.id(counter))
			return err
		},
		answer: func(p *reply) { *result = p.body.result() },
		unblock: func(ctx context.Context, lost bool) error {
			if lost {
				return b.AwaitUnlock(ctx, uint64(q.owner), q.id)
			}
			// Nothing was proposed under this ID. It would hold up the others' while
			// we wait, for as long as somebody likes to keep the lock.
			b.requests.end(counter)
			err := b.AwaitUnlock(ctx, uint64(q.owner), q.id)
			if err == nil {
				counter, err = b.requests.begin(ctx)
			}
			return err
		},
	})
}

// Checkpoint compacts the logs of this node and the leader; the next nextval of
// every sequence logs anew.
func (b *Backend) Checkpoint(ctx context.Context) error {
	if err := b.node.Checkpoint(ctx); err != nil {
		return err
	}
	return b.run(ctx, &operation{
		kind: kindCheckpoint, request: func() *request { return &request{} }, waits: true,
		local:  func(context.Context) error { return b.serving() },
		answer: func(*reply) {},
	})
}

// oids are OIDs that the leader gave this node in advance.
type oids struct {
	mu   sync.Mutex
	from *route
	list []engine.OID
}

// oidBlock is how many OIDs are asked for at a time.
const oidBlock = 32

// AllocateOID returns an OID that no object has or had. After a change of the
// leader two sessions may get the same one: then the log refuses the later commit
// with 40001.
func (b *Backend) AllocateOID(ctx context.Context) (oid engine.OID, err error) {
	if r := b.route.Load(); !r.self {
		if oid, ok := b.oids.take(r); ok {
			return oid, nil
		}
	}
	err = b.run(ctx, &operation{
		kind: kindOIDs, request: func() *request { return &request{count: oidBlock} },
		local: func(ctx context.Context) (err error) {
			oid, err = b.node.AllocateOID(ctx)
			return err
		},
		answer: func(p *reply) {
			list := make([]engine.OID, p.body.count(oidBlock))
			for i := range list {
				list[i] = engine.OID(p.body.uint32())
			}
			if len(list) == 0 {
				p.body.fail()
				return
			}
			oid = list[0]
			b.oids.put(p.from, list[1:])
		},
	})
	return oid, err
}

func (o *oids) take(r *route) (engine.OID, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.from != r || len(o.list) == 0 {
		return 0, false
	}
	oid := o.list[0]
	o.list = o.list[1:]
	return oid, true
}

func (o *oids) put(r *route, list []engine.OID) {
	o.mu.Lock()
	o.from, o.list = r, list
	o.mu.Unlock()
}
