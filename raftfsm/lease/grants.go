package lease

import (
	"sync"
	"time"
)

// Nodes hold values that they may hand out without asking the leader: what their
// sessions have cached (CACHE). A setval, ALTER or DROP voids those values, and must
// not be acknowledged while any node may still hand one out, or the value could come
// twice. But a node learns of the change when it applies it, which is later, and for a
// node that is cut off much later.
//
// So a node hands out such values only under a grant: it reads its clock, Asked, and
// asks the leader, which notes who asks, and answers with D and the log index that it
// has applied. From when the node has applied that index until Asked + 0.8 D it may
// hand out values of the epochs that it knows. Before a leader acknowledges a change
// that voids values elsewhere it waits until each node that has a grant says that it
// has applied the change (with its next request for a grant), or D has passed since
// it last asked.
//
//   - A node that is paused between looking at its clock and handing out: the session
//     looks after its client's request has arrived. The value counts as taken at that
//     reading, when no change had been acknowledged of which the node did not know.
//   - A node that is cut off: its grant ends by its own clock, 0.8 D after it asked,
//     before D is over by the leader's. Clocks' rates matter as with the leader's lease.
//   - A leader that was deposed: it notes the grant first, then looks whether its own
//     lease holds, then answers. So whoever has a grant of it asked before its lease
//     ended. Its successor does not know these grants, and takes it that everybody got
//     one at the end of the old lease: until D after that, changes wait for that moment.
//   - The leader's own sessions look at its lease instead: a successor serves after it.
//   - A cluster of a single node has nobody to wait for, not even after a restart: to
//     become one it waits until the other's grant is over (Bar).
type Grants struct {
	now func() time.Duration

	mu      sync.Mutex
	barred  bool
	unknown time.Duration       // until when grants of earlier leaders may be in use
	nodes   map[uint64]*grantee // by the run of a node's process
	changed chan struct{}       // closed when a node is known to have applied more
}

// grantee is a node that may have a grant.
type grantee struct {
	until   time.Duration // when its newest one has ended
	applied uint64        // what the node had applied when it asked last
}

// NewGrants returns a table without grants.
func NewGrants(now func() time.Duration) *Grants {
	return &Grants{now: now, nodes: map[uint64]*grantee{}, changed: make(chan struct{})}
}

// Open begins a leadership session: until then grants of earlier leaders may be in
// use. What this node itself has granted in an earlier session stays known.
func (g *Grants) Open(unknown time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.unknown = max(g.unknown, unknown)
}

// Bar has nobody get a grant any more, or again.
func (g *Grants) Bar(barred bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.barred = barred
}

// Note notes that a node is about to get a grant for d, and what it has applied. It
// is false if it must not get one. The index that the grant is for must be read after
// this, so that a change is either known to the grant or finds it here.
func (g *Grants) Note(node, applied uint64, d time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.barred {
		return false
	}
	now := g.now()
	x := g.nodes[node]
	if x == nil {
		for id, old := range g.nodes {
			if old.until <= now {
				delete(g.nodes, id) // it ended, or lives as another process
			}
		}
		x = &grantee{}
		g.nodes[node] = x
	}
	x.until = max(x.until, now+d)
	if applied > x.applied {
		x.applied = applied
		close(g.changed)
		g.changed = make(chan struct{})
	}
	return true
}

// Wait returns when no node can hand out values that the applied entry at index has
// voided. stop ends the waiting early; then it is false.
func (g *Grants) Wait(index uint64, stop <-chan struct{}) bool {
	pending, unknown := g.behind(index)
	for {
		g.mu.Lock()
		now, changed := g.now(), g.changed
		next := unknown
		for id, until := range pending {
			if x := g.nodes[id]; until <= now || (x != nil && x.applied >= index) {
				delete(pending, id)
				continue
			}
			next = max(next, until)
		}
		g.mu.Unlock()
		if next <= now {
			return true
		}
		timer := time.NewTimer(next - now)
		select {
		case <-timer.C:
		case <-changed:
		case <-stop:
			timer.Stop()
			return false
		}
		timer.Stop()
	}
}

// behind are the nodes that may not have applied index, with the end of their grants.
// What they are granted from now on is for index or more.
func (g *Grants) behind(index uint64) (pending map[uint64]time.Duration, unknown time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	pending = map[uint64]time.Duration{}
	for id, x := range g.nodes {
		if x.applied < index {
			pending[id] = x.until
		}
	}
	return pending, g.unknown
}

// Left is for how long grants that are known or may be unknown can be in use.
func (g *Grants) Left() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	end := g.unknown
	for _, x := range g.nodes {
		end = max(end, x.until)
	}
	return max(0, end-g.now())
}
