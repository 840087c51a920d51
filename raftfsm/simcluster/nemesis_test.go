package simcluster

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// nemesis brings faults about, one after the other; they last into each other.
type nemesis struct {
	c    *cluster
	rng  *rand.Rand
	over context.Context // ends with the time for faults
}

// fault is one kind of fault. It returns when it is over.
type fault struct {
	name   string
	weight int
	do     func(*nemesis)
}

func allFaults() []fault {
	return []fault{
		{"isolate", 3, (*nemesis).isolate},
		{"one-way", 3, (*nemesis).oneWay},
		{"split", 2, (*nemesis).split},
		{"link", 3, (*nemesis).cutLink},
		{"slow", 3, (*nemesis).slow},
		{"loss", 1, (*nemesis).loss},
		{"reset", 2, (*nemesis).reset},
		{"pause", 4, (*nemesis).pause},
		{"zombie", 4, (*nemesis).zombie},
		{"relay", 1, (*nemesis).relay},
		{"relapse", 1, (*nemesis).relapse},
		{"stall", 3, (*nemesis).stall},
		{"full", 2, (*nemesis).full},
		{"broken", 1, (*nemesis).broken},
		{"crash", 4, (*nemesis).crash},
		{"crash all", 1, (*nemesis).crashAll},
		{"stop", 1, (*nemesis).stop},
		{"transfer", 4, (*nemesis).transfer},
		{"snapshot", 2, (*nemesis).snapshot},
	}
}

// torment brings faults about for some time.
func (c *cluster) torment(d time.Duration, faults []fault) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	rng := c.random()
	total := 0
	for _, f := range faults {
		total += f.weight
	}
	var all sync.WaitGroup
	for sleep(ctx, time.Duration(rng.ExpFloat64()*float64(700*time.Millisecond))) == nil {
		n := rng.IntN(total)
		for _, f := range faults {
			if n -= f.weight; n < 0 {
				x := &nemesis{c: c, rng: c.random(), over: ctx}
				all.Go(func() { f.do(x) })
				break
			}
		}
	}
	all.Wait()
}

// wait lasts between a fraction of d and all of it, or until time is up.
func (n *nemesis) wait(d time.Duration) {
	_ = sleep(n.over, time.Duration(n.rng.Int64N(int64(d)))+d/20)
}

func (n *nemesis) note(text string, args ...any) { n.c.note("fault: "+text, args...) }

// victim is a member, the leader more often than not.
func (n *nemesis) victim() *member {
	if m := n.c.leader(); m != nil && n.rng.IntN(5) < 3 {
		return m
	}
	return n.c.members[n.rng.IntN(len(n.c.members))]
}

func (n *nemesis) other(m *member) *member {
	i := n.rng.IntN(len(n.c.members) - 1)
	if i >= m.index {
		i++
	}
	return n.c.members[i]
}

// patience is a time that elections and leases are compared with.
func (n *nemesis) patience() time.Duration { return n.c.timing.Election*3 + n.c.timing.Lease }

func (n *nemesis) cutFor(d time.Duration, links []link) {
	n.c.net.setCut(true, links...)
	n.wait(d)
	n.c.net.setCut(false, links...)
}

// between are the links between two groups, there and back.
func between(a, b []*member) (there, back []link) {
	for _, x := range a {
		for _, y := range b {
			if x != y {
				there, back = append(there, link{x.addr, y.addr}), append(back, link{y.addr, x.addr})
			}
		}
	}
	return there, back
}

func (n *nemesis) isolate() {
	m := n.victim()
	n.note("isolate %s", m.name)
	there, back := between([]*member{m}, n.c.members)
	n.cutFor(2*n.patience(), append(there, back...))
	n.note("isolate %s is over", m.name)
}

func (n *nemesis) oneWay() {
	m := n.victim()
	links, back := between([]*member{m}, n.c.members)
	if n.rng.IntN(2) == 0 {
		links = back
	}
	n.note("cut %v", links)
	n.cutFor(2*n.patience(), links)
	n.note("cut %v is over", links)
}

func (n *nemesis) split() {
	all := append([]*member(nil), n.c.members...)
	n.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	k := 1 + n.rng.IntN(len(all)-1)
	there, back := between(all[:k], all[k:])
	n.note("split %v", there)
	n.cutFor(2*n.patience(), append(there, back...))
	n.note("split %v is over", there)
}

// cutLink cuts two nodes off each other that others still reach.
func (n *nemesis) cutLink() {
	m := n.victim()
	x := n.other(m)
	links := []link{{m.addr, x.addr}}
	if n.rng.IntN(2) == 0 {
		links = append(links, link{x.addr, m.addr})
	}
	n.note("cut %v", links)
	n.cutFor(3*n.patience(), links)
	n.note("cut %v is over", links)
}

func (n *nemesis) slow() {
	m := n.victim()
	there, back := between([]*member{m}, n.c.members)
	links := append(there, back...)
	d := time.Duration(n.rng.Int64N(int64(n.c.timing.Election)))
	n.note("slow %s by %v", m.name, d)
	n.c.net.setSlow(d, links...)
	n.wait(3 * n.patience())
	n.c.net.setSlow(0, links...)
	n.note("slow %s is over", m.name)
}

func (n *nemesis) setLoss(p float64) {
	n.c.net.mu.Lock()
	n.c.net.loss = p
	n.c.net.mu.Unlock()
}

func (n *nemesis) loss() {
	p := 0.3 * n.rng.Float64()
	n.note("loss %.2f", p)
	n.setLoss(p)
	n.wait(2 * n.patience())
	n.setLoss(0)
	n.note("loss is over")
}

func (n *nemesis) reset() {
	m := n.victim()
	x := n.other(m)
	n.note("reset %s %s", m.name, x.name)
	n.c.net.reset(m.addr, x.addr)
}

// pause stops a process, its sessions included.
func (n *nemesis) pause() {
	m := n.victim()
	if l := m.running(); l != nil {
		n.note("pause %s", m.name)
		l.freeze(true)
		n.wait(2 * n.patience())
		l.thawLater(time.Duration(n.rng.Int64N(int64(5 * time.Millisecond))))
		n.note("pause %s is over", m.name)
	}
}

// zombie stops a process but for what it tells its sessions: the worst moments at
// which a process can be paused, one after the other.
func (n *nemesis) zombie() {
	m := n.victim()
	if l := m.running(); l != nil {
		n.note("zombie %s", m.name)
		l.freeze(false)
		n.wait(n.patience())
		l.thaw()
		n.note("zombie %s is over", m.name)
	}
}

// relay makes a zombie of the leader and, as soon as there is another one, of that
// instead: two that lead no more and do not know it, and a third leadership.
func (n *nemesis) relay() {
	for range 3 {
		old := n.c.leader()
		if old == nil {
			return
		}
		l := old.running()
		if l == nil {
			return
		}
		n.note("relay: zombie %s", old.name)
		l.freeze(false)
		limit, cancel := context.WithTimeout(n.over, 2*n.patience())
		n.c.until(limit, func() bool { return n.c.leader(old) != nil })
		n.wait(n.c.timing.Election)
		cancel()
		defer l.thaw()
		if n.rng.IntN(2) == 0 {
			l.thaw()
		}
	}
	n.wait(n.patience())
	n.note("relay is over")
}

// relapse holds up what a leader is about to propose until it leads again, after
// another one has led: what the fence is for.
func (n *nemesis) relapse() {
	first := n.c.leader()
	if first == nil {
		return
	}
	l := first.running()
	if l == nil {
		return
	}
	n.note("relapse %s", first.name)
	defer n.note("relapse %s is over", first.name)
	l.proposals.set(true)
	defer l.proposals.set(false)
	n.wait(100 * time.Millisecond)
	l.freeze(false)
	defer l.io.set(false)
	second := n.successor(func() bool { return n.c.leader(first) != nil })
	if !second {
		return
	}
	n.wait(n.c.timing.Election / 2)
	between := n.c.leader(first)
	l.io.set(false)
	if between == nil {
		return
	}
	n.wait(n.c.timing.Election / 2) // the first one hears of it
	x := between.running()
	if x == nil {
		return
	}
	n.note("relapse: zombie %s", between.name)
	x.freeze(false)
	defer x.thaw()
	n.successor(func() bool {
		_, s := first.open()
		if s == nil {
			return true
		}
		_, _, self := s.node.Leader()
		return self
	})
	n.wait(n.c.timing.Election / 2)
	l.proposals.set(false)
	n.wait(n.patience())
}

// successor waits for an election, for some time.
func (n *nemesis) successor(elected func() bool) bool {
	limit, cancel := context.WithTimeout(n.over, 2*n.patience())
	defer cancel()
	return n.c.until(limit, elected)
}

func (n *nemesis) stall() {
	m := n.victim()
	if l := m.running(); l != nil {
		n.note("stall %s", m.name)
		l.disk.stall()
		n.wait(2 * n.patience())
		l.disk.set((*disk).release)
		n.note("stall %s is over", m.name)
	}
}

func (n *nemesis) full() {
	m := n.victim()
	if l := m.running(); l != nil {
		n.note("full %s", m.name)
		l.disk.set(func(d *disk) { d.full = true })
		n.wait(2 * n.patience())
		l.disk.set(func(d *disk) { d.full = false })
		n.note("full %s is over", m.name)
	}
}

// broken has a process end itself, since it can't write; the disk is mended then.
func (n *nemesis) broken() {
	m := n.victim()
	if l := m.running(); l != nil {
		n.note("broken %s", m.name)
		l.disk.set(func(d *disk) { d.broken = true })
		n.wait(n.patience())
		l.disk.set(func(d *disk) { d.broken = false })
		m.start()
		n.note("broken %s is over", m.name)
	}
}

func (n *nemesis) crash() {
	m := n.victim()
	if l := m.running(); l != nil {
		silent := n.rng.IntN(2) == 0
		n.note("crash %s, machine %v", m.name, silent)
		l.crash(silent)
		n.wait(n.patience())
		m.start()
		n.note("crash %s is over", m.name)
	}
}

func (n *nemesis) crashAll() {
	n.note("crash all")
	for _, m := range n.c.members {
		if l := m.running(); l != nil {
			l.crash(n.rng.IntN(2) == 0)
		}
	}
	for _, m := range n.c.members {
		n.wait(n.patience() / 5)
		m.start()
	}
	n.note("crash all is over")
}

// stop ends a process in good order. One that a fault keeps from that is killed, as
// service managers do.
func (n *nemesis) stop() {
	m := n.victim()
	if l := m.running(); l != nil {
		n.note("stop %s", m.name)
		stopped := make(chan struct{})
		go func() { l.stop(); close(stopped) }()
		late := time.NewTimer(5 * time.Second)
		defer late.Stop()
		select {
		case <-stopped:
		case <-late.C:
			l.crash(false)
		}
		m.start()
		n.note("stop %s is over", m.name)
	}
}

func (n *nemesis) transfer() {
	m := n.victim()
	_, s := m.open()
	if s == nil {
		return
	}
	to := ""
	if n.rng.IntN(2) == 0 {
		to = n.other(m).name
	}
	n.note("transfer from %s to %q", m.name, to)
	ctx, cancel := context.WithTimeout(n.over, 5*time.Second)
	defer cancel()
	err := s.node.Admin().Transfer(ctx, to)
	n.note("transfer from %s to %q: %v", m.name, to, err)
}

func (n *nemesis) snapshot() {
	m := n.victim()
	if _, s := m.open(); s != nil {
		ctx, cancel := context.WithTimeout(n.over, 5*time.Second)
		defer cancel()
		n.note("snapshot %s: %v", m.name, s.node.Admin().Snapshot(ctx))
	}
}
