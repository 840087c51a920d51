package simcluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"seqd/raftfsm/internal/seams"
	"seqd/raftfsm/node"
)

// cluster is one run.
type cluster struct {
	seed              uint64
	begun             time.Time
	net               *network
	members           []*member
	history           history
	log               commitLog
	timing            node.Timing
	size              int
	prelogMax         uint64
	snapshotThreshold uint64
	think             time.Duration // between two requests of a session
	delays            int           // one in so many proposals is late, 0: none
	delay             time.Duration // by so much, at most
	workload          []*seq        // what there is from the beginning
	mistakes          seams.Mistakes
	verbose           bool

	quiet     atomic.Bool // sessions are to end
	lostCalls atomic.Int64
	names     atomic.Int64

	mu       sync.Mutex
	rng      *rand.Rand
	failures []string
	seqs     []*seq
	dropped  map[*seq]bool
	used     map[int64]bool
	lives    []*life         // all there were
	healed   time.Duration   // when all faults were over
	served   []time.Duration // after that, by sequence and node
}

// random is a source of its own for each part of the run, so that one part's
// draws do not depend on how often another draws.
func (c *cluster) random() *rand.Rand {
	c.mu.Lock()
	defer c.mu.Unlock()
	return rand.New(rand.NewPCG(c.rng.Uint64(), c.rng.Uint64()))
}

// unique is a position that no other setval or restart uses.
func (c *cluster) unique(rng *rand.Rand) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		v := 1 + rng.Int64N(1<<40)
		if !c.used[v] {
			c.used[v] = true
			return v
		}
	}
}

func (c *cluster) name() string { return fmt.Sprint("t", c.names.Add(1)) }

func (c *cluster) add(q *seq) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seqs = append(c.seqs, q)
}

func (c *cluster) dropping(q *seq) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped[q] = true
	c.seqs = slices.DeleteFunc(c.seqs, func(x *seq) bool { return x == q })
}

func (c *cluster) maybeDropped(q *seq) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dropped[q]
}

// pick is a sequence to work on; the first ones more often.
func (c *cluster) pick(rng *rand.Rand) *seq {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seqs[min(rng.IntN(len(c.seqs)), rng.IntN(len(c.seqs)))]
}

func (c *cluster) proposalDelay() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.delays == 0 || c.rng.IntN(c.delays) > 0 {
		return 0
	}
	if c.rng.IntN(4) > 0 {
		return time.Duration(c.rng.Int64N(int64(c.delay / 100)))
	}
	return time.Duration(c.rng.Int64N(int64(c.delay)))
}

// newCluster draws the circumstances of a run.
func newCluster(seed uint64, o options) *cluster {
	rng := rand.New(rand.NewPCG(seed, 0x5eed))
	c := &cluster{seed: seed, rng: rng, begun: time.Now(), dropped: map[*seq]bool{}, used: map[int64]bool{}, mistakes: o.mistakes, verbose: o.verbose}
	c.log.init(c)
	c.net = newNetwork(c.random())
	election := time.Duration(150+rng.IntN(600)) * time.Millisecond
	c.timing = node.Timing{Election: election, Commit: time.Duration(5+rng.IntN(20)) * time.Millisecond,
		Lease: time.Duration(400+rng.IntN(2000)) * time.Millisecond}
	c.timing.Renew = c.timing.Lease / time.Duration(3+rng.IntN(3))
	c.prelogMax = []uint64{0, 50, 1000, node.DefaultPrelogMax}[rng.IntN(4)]
	c.snapshotThreshold = uint64(20 + rng.IntN(200))
	c.think = time.Duration(5+rng.IntN(60)) * time.Millisecond
	c.delays, c.delay = []int{0, 10, 100}[rng.IntN(3)], 4*election
	c.size = 3
	if rng.IntN(4) == 0 {
		c.size = 5
	}
	c.workload = workload()
	if o.adjust != nil {
		o.adjust(c)
	}
	for i := range c.size {
		c.members = append(c.members, &member{c: c, index: i, name: string(rune('A' + i)), addr: string(rune('A' + i)),
			image: newImage(), rate: 0.9 + 0.2*rng.Float64(), offset: time.Duration(rng.Int64N(int64(1000 * time.Hour)))})
	}
	return c
}

// workload is what sessions usually work on from the beginning.
func workload() []*seq {
	down := plain(1)
	down.Increment, down.Start, down.Min, down.Max = -3, 1<<40, -1<<62, 1<<62
	ring := plain(1)
	ring.Max, ring.Cycle = 50, true
	return []*seq{
		{name: "plain", params: plain(1)},
		{name: "set", params: plain(1), sets: true},
		{name: "cached", params: plain(10), sets: true},
		{name: "down", params: down, sets: true},
		{name: "wide", params: plain(1000)},
		{name: "ring", params: ring},
	}
}

// assemble starts all nodes and creates the sequences.
func (c *cluster) assemble() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for i, m := range c.members {
		if i == 0 {
			m.start()
		} else {
			m.start(c.members[0].addr)
		}
		if !c.until(ctx, func() bool { _, s := m.open(); return s != nil }) {
			c.fail("%s did not start in time", m.name)
			return false
		}
	}
	voters := func() bool {
		_, s := c.members[0].open()
		status, err := s.node.Admin().Status(ctx)
		n := 0
		for _, x := range status.Nodes {
			if x.Voter {
				n++
			}
		}
		return err == nil && n == len(c.members)
	}
	if !c.until(ctx, voters) {
		c.fail("not all nodes became voters in time")
		return false
	}
	l, s := c.members[0].open()
	x := &session{c: c, name: "setup", owner: 1, rng: c.random(), life: l, on: s.backend, rest: map[*seq]*rest{}}
	for _, q := range c.workload {
		if err := x.make(ctx, q); err != nil {
			c.fail("sequence %s could not be created: %v", q.name, err)
			return false
		}
	}
	return true
}

// until waits for something.
func (c *cluster) until(ctx context.Context, what func() bool) bool {
	for !what() {
		if sleep(ctx, 10*time.Millisecond) != nil {
			return false
		}
	}
	return true
}

// leader is a member that serves, nil if there is none. Two may think that they do.
func (c *cluster) leader(but ...*member) *member {
	for _, m := range c.members {
		if slices.Contains(but, m) {
			continue
		}
		if l, s := m.open(); s != nil && !l.over.Load() && s.node.Serving() {
			return m
		}
	}
	return nil
}

// heal ends all faults.
func (c *cluster) heal() {
	for _, a := range c.members {
		for _, b := range c.members {
			c.net.setCut(false, link{a.addr, b.addr})
			c.net.setSlow(0, link{a.addr, b.addr})
		}
		if l := a.running(); l != nil {
			l.disk.heal()
			l.thaw()
		} else {
			a.start()
		}
	}
	c.net.mu.Lock()
	c.net.loss = 0
	c.net.mu.Unlock()
	c.mu.Lock()
	c.delays, c.healed = 0, time.Since(c.begun)
	c.mu.Unlock()
	c.note("healed")
}

// settle is how long a healed cluster may take to serve everywhere: elections that
// nobody wins at first, a lease, and calls that were on their way to dead ends.
const settle = 20 * time.Second

// recover checks that every sequence is served on every node soon.
func (c *cluster) recover() {
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	var all sync.WaitGroup
	for _, m := range c.members {
		for _, q := range c.base() {
			rng := c.random()
			all.Go(func() {
				if !c.until(ctx, func() bool { return c.drawOnce(ctx, m, q, rng) }) {
					c.fail("%s does not serve %s within %v after all faults were over", m.name, q.name, settle)
				}
				c.mu.Lock()
				c.served = append(c.served, time.Since(c.begun)-c.healed)
				c.mu.Unlock()
			})
		}
	}
	all.Wait()
}

// base are the sequences that are never dropped.
func (c *cluster) base() []*seq {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.seqs), func(q *seq) bool { return q.churn })
}

func (c *cluster) drawOnce(ctx context.Context, m *member, q *seq, rng *rand.Rand) bool {
	l, s := m.open()
	if s == nil || l.over.Load() {
		return false
	}
	x := &session{c: c, name: m.name + "-end", owner: 1<<28 | uint64(rng.IntN(1<<27)), rng: rng, life: l, on: s.backend, rest: map[*seq]*rest{}}
	return x.next(ctx, q)
}

// finish has all nodes apply the same, take a snapshot of it, and end.
func (c *cluster) finish() {
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	same := func() bool {
		var index uint64
		for _, m := range c.members {
			_, s := m.open()
			if s == nil || s.node.Applied() == 0 || (index != 0 && s.node.Applied() != index) {
				return false
			}
			index = s.node.Applied()
		}
		return true
	}
	if !c.until(ctx, same) {
		c.fail("the nodes do not apply the same within %v", settle)
	}
	for _, m := range c.members {
		if _, s := m.open(); s != nil {
			if err := s.node.Admin().Snapshot(ctx); err != nil {
				c.note("%s takes no snapshot at the end: %v", m.name, err)
			}
		}
	}
}

// close ends all processes, the leader's last: the others hand over to nobody.
func (c *cluster) close() {
	var all sync.WaitGroup
	leader := c.leader()
	c.mu.Lock()
	lives := slices.Clone(c.lives)
	c.mu.Unlock()
	defer func() {
		for _, l := range lives {
			<-l.gone
		}
	}()
	for _, m := range c.members {
		if l := m.running(); l != nil && m != leader {
			all.Go(l.stop)
		}
	}
	all.Wait()
	if leader != nil {
		if l := leader.running(); l != nil {
			l.crash(false)
			<-l.gone
		}
	}
}
