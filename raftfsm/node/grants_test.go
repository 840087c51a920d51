package node

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/raftfsm/forward"
	"seqd/raftfsm/internal/seams"
	"seqd/raftfsm/peer"
)

// cachers are sessions with CACHE 10 on all nodes of a team, and one that sets the
// sequence back all the time.
type cachers struct {
	team *team
	id   engine.SequenceID

	acknowledged atomic.Uint64 // newest epoch whose setval has returned
	values, sets atomic.Int64
	slowest      atomic.Int64 // setval
	stale        atomic.Pointer[string]
	stop         context.CancelFunc
	wg           sync.WaitGroup
}

func startCachers(x *team) *cachers {
	c := &cachers{team: x, id: create(x.t, x.leader().node.Load(), "s", func(p *sequence.Params) { p.Cache = 10 })}
	ctx, cancel := context.WithCancel(x.t.Context())
	c.stop = cancel
	for _, m := range x.nodes {
		m.serve()
		for owner := range uint64(2) {
			c.wg.Go(func() { c.draw(ctx, m, owner+1) })
		}
		c.wg.Go(func() { c.set(ctx, m) })
	}
	return c
}

// serve makes a node answer the others, and sessions by way of its backend.
func (m *teammate) serve() {
	n, port := m.node.Load(), m.port
	m.backend = forward.New(forward.Config{Node: n, MaxWait: 3 * time.Second,
		Dial: func(addr string) forward.Client { return port.Client(addr, peer.StreamRPC) }})
	server, late := forward.NewServer(n), m.team.late
	port.Handle(peer.StreamRPC, func(ctx context.Context, _ peer.Identity, kind byte, body []byte) ([]byte, error) {
		answer, err := server.Handle(ctx, kind, body)
		if late > 0 {
			time.Sleep(rand.N(late))
		}
		return answer, err
	})
	m.team.t.Cleanup(m.backend.Close)
}

func (c *cachers) end() {
	c.stop()
	c.wg.Wait()
}

// draw does what a session does with CACHE.
func (c *cachers) draw(ctx context.Context, m *teammate, owner uint64) {
	var block sequence.Block
	var epoch uint64
	cached := false
	for ctx.Err() == nil {
		s := m.backend.Sequence(c.id)
		if s == nil {
			continue
		}
		before := c.acknowledged.Load()
		if cached && m.backend.ConfirmEpochs(ctx) != nil {
			continue
		}
		if !cached || epoch != s.Epoch() {
			var err error
			if block, epoch, err = s.Next(ctx, owner); err != nil {
				cached = false
				continue
			}
		}
		cached = block.First != block.Last
		if epoch < before {
			found := fmt.Sprintf("%s handed out a value of epoch %d after setval %d was acknowledged", m.name, epoch, before)
			c.stale.CompareAndSwap(nil, &found)
		}
		block.First += block.Increment
		c.values.Add(1)
		time.Sleep(50 * time.Microsecond)
	}
}

func (c *cachers) set(ctx context.Context, m *teammate) {
	for ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
		s := m.backend.Sequence(c.id)
		if s == nil {
			continue
		}
		begun := time.Now()
		epoch, err := s.SetVal(ctx, 9, sequence.State{LastValue: 1})
		if err != nil {
			continue
		}
		for old := c.acknowledged.Load(); old < epoch && !c.acknowledged.CompareAndSwap(old, epoch); old = c.acknowledged.Load() {
		}
		c.sets.Add(1)
		if d := int64(time.Since(begun)); d > c.slowest.Load() {
			c.slowest.Store(d)
		}
	}
}

func (c *cachers) report(what string) {
	c.team.t.Helper()
	c.team.t.Logf("%s: %d values, %d setvals, the slowest took %v", what, c.values.Load(), c.sets.Load(), time.Duration(c.slowest.Load()))
}

func TestCachedValuesAreVoidWhenSetvalReturns(t *testing.T) {
	x := newTeam(t, Config{PrelogMax: 5000}).start(3)
	c := startCachers(x)
	time.Sleep(300 * time.Millisecond)
	c.report("quiet")
	for range 2 {
		x.handOver()
		time.Sleep(600 * time.Millisecond)
	}
	c.report("two transfers")
	leader := x.leader()
	behind := x.nodes[0]
	if behind == leader {
		behind = x.nodes[1]
	}
	x.cuts.Store("entries "+leader.name+">"+behind.name, true) // it applies nothing for a while
	time.Sleep(time.Second)
	x.cuts.Clear()
	c.report("a follower is behind")
	leader = x.leader()
	for _, m := range x.nodes {
		if m != leader {
			x.cuts.Store(leader.name+">"+m.name, true)
			x.cuts.Store(m.name+">"+leader.name, true)
		}
	}
	time.Sleep(1500 * time.Millisecond)
	x.cuts.Clear()
	time.Sleep(500 * time.Millisecond)
	c.end()
	c.report("the leader is cut off")
	if s := c.stale.Load(); s != nil {
		t.Error(*s)
	}
	if c.sets.Load() < 10 || c.values.Load() < 1000 {
		t.Error("that was too little to prove anything")
	}
}

// TestCachedValuesWithoutGrants: the test above would see what the grants prevent.
func TestCachedValuesWithoutGrants(t *testing.T) {
	x := newTeam(t, Config{PrelogMax: 5000, Seams: seams.Node{Mistakes: seams.Mistakes{NoGrants: true}}}).start(3)
	c := startCachers(x)
	defer c.end()
	eventually(t, "a void value", func() bool { return c.stale.Load() != nil })
	c.report("without grants")
}

// TestTransferLosesNothingElsewhere: sessions on all nodes get every value, without an
// error, while the leadership goes around.
func TestTransferLosesNothingElsewhere(t *testing.T) {
	x := newTeam(t, Config{PrelogMax: 5000}).start(3)
	x.late = 20 * time.Millisecond
	id := create(t, x.leader().node.Load(), "s", nil)
	d := draws{start: time.Now()}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, m := range x.nodes {
		m.serve()
		eventually(t, "the sequence", func() bool { return m.backend.Sequence(id) != nil })
		s := m.backend.Sequence(id)
		for owner := range uint64(3) {
			wg.Go(func() {
				for ctx.Err() == nil {
					begun := time.Since(d.start)
					b, _, err := s.Next(t.Context(), owner+1)
					if err != nil {
						t.Errorf("%s: %v", m.name, err)
						return
					}
					d.add(begun, b.First)
				}
			})
		}
	}
	hands := 20
	if testing.Short() {
		hands = 5
	}
	for range hands {
		time.Sleep(30 * time.Millisecond)
		x.handOver()
	}
	stop()
	wg.Wait()
	if v := d.violation(); v != "" {
		t.Error(v)
	}
	last := slices.MaxFunc(d.list, func(a, b draw) int { return cmp.Compare(a.value, b.value) }).value
	t.Logf("%d values, %d hand-overs, %v without a value at most", len(d.list), hands, d.longestGap())
	if int(last) != len(d.list) {
		t.Errorf("%d of %d values were lost", int(last)-len(d.list), last)
	}
}
