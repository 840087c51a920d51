package forward

import (
	"context"
	"sync/atomic"
	"time"

	"seqd/protocol/sqlstate"
	"seqd/raftfsm/allocator"
	"seqd/raftfsm/lease"
)

// grant is this node's leave to hand out values that sessions have cached.
type grant struct {
	until  atomic.Int64  // by the node's clock; 0: there never was one
	used   atomic.Bool   // since keepGrant looked last
	asking chan struct{} // holds a token while nobody asks for one
}

func (g *grant) init() {
	g.asking = make(chan struct{}, 1)
	g.asking <- struct{}{}
}

// valid looks at the clock.
func (g *grant) valid(n Node) bool {
	until := g.until.Load()
	return until != 0 && int64(n.Now()) < until
}

// ConfirmEpochs returns nil if at a moment during the call no change was acknowledged,
// on any node, that voids values of the epochs that Epoch tells after the call. It asks
// the leader if need be; usually it is one look at the clock.
func (b *Backend) ConfirmEpochs(ctx context.Context) error {
	if b.route.Load().self && b.node.Holds() {
		return nil
	}
	b.grant.use()
	if b.grant.valid(b.node) {
		return nil
	}
	return b.askGrant(ctx)
}

func (g *grant) use() {
	if !g.used.Load() {
		g.used.Store(true)
	}
}

// askGrant gets a new grant, unless somebody else just got one. A node that leads gets
// none: it confirms that nobody else does.
func (b *Backend) askGrant(ctx context.Context) error {
	select {
	case <-b.grant.asking:
	case <-ctx.Done():
		return allocator.Canceled(ctx)
	}
	defer func() { b.grant.asking <- struct{}{} }()
	if b.grant.valid(b.node) {
		return nil
	}
	return b.renewGrant(ctx)
}

// renewGrant asks the leader; the caller has the token.
func (b *Backend) renewGrant(ctx context.Context) error {
	var asked, until time.Duration
	var index uint64
	err := b.run(ctx, &operation{
		kind: kindGrant,
		request: func() *request {
			asked = b.node.Now() // each time before it is sent
			return &request{}
		},
		local: b.node.Confirm,
		answer: func(p *reply) {
			index = p.body.uint()
			until = asked + lease.Serve(time.Duration(p.body.uint())*time.Millisecond)
		},
	})
	if sqlstate.CodeOf(err) == sqlstate.FeatureNotSupported {
		return nil // a leader of the release before: it knows no grants, and waits for none
	}
	if err != nil || until == 0 {
		return err
	}
	if !b.await(ctx, index, b.maxWait) {
		if ctx.Err() != nil {
			return allocator.Canceled(ctx)
		}
		return errNoLeader(nil)
	}
	b.grant.until.Store(max(int64(until), b.grant.until.Load()))
	return nil
}

const (
	// grantEvery is how often a grant in use is renewed; it lasts longer.
	grantEvery = lease.RenewEvery / 2
	// grantTry is how long a renewal that nobody waits for may take.
	grantTry = lease.Duration
)

// keepGrant renews the grant while it is in use. When a change voids cached values the
// leader waits for nodes with a grant to have applied it, and hears of that here.
func (b *Backend) keepGrant() {
	tick := time.NewTicker(grantEvery)
	defer tick.Stop()
	var lastUsed time.Duration
	told, _ := b.node.Voided()
	for {
		index, voided := b.node.Voided()
		if index == told {
			select {
			case <-tick.C:
			case <-voided:
				continue
			case <-b.ctx.Done():
				return
			}
		}
		now := b.node.Now()
		if b.grant.used.Swap(false) {
			lastUsed = now
		}
		if warm := lastUsed != 0 && now-lastUsed < lease.WarmFor; warm || index != told {
			b.tell(index)
			told = index
		}
	}
}

// tell renews the grant, if there is one, when index has been applied.
func (b *Backend) tell(index uint64) {
	ctx, cancel := context.WithTimeout(b.ctx, grantTry)
	defer cancel()
	select {
	case <-b.grant.asking: // who is asking right now may have asked too early
	case <-ctx.Done():
		return
	}
	defer func() { b.grant.asking <- struct{}{} }()
	if b.grant.valid(b.node) && b.node.WaitApplied(ctx, index) == nil {
		_ = b.renewGrant(ctx) // else a session that needs it asks, and is told why not
	}
}
