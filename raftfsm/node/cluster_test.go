package node

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"seqd/engine"
	"seqd/raftfsm/forward"
	"seqd/raftfsm/peer"
)

// impatient nodes make short tests.
var impatient = Timing{Election: 250 * time.Millisecond, Commit: 5 * time.Millisecond, Lease: 600 * time.Millisecond, Renew: 120 * time.Millisecond}

// team is several nodes in this process, talking over loopback.
type team struct {
	t     *testing.T
	cuts  cuts
	nodes []*teammate
	late  time.Duration // answers to backends come as late as that
	// Defaults of the nodes' configuration.
	config Config
}

// teammate is one node, running or not.
type teammate struct {
	team     *team
	name     string
	config   Config
	addr     string
	identity atomic.Pointer[peer.Identity]
	port     *peer.Transport
	node     atomic.Pointer[Node] // nil: not running
	disk     slowDisk
	backend  *forward.Backend // for sessions, see cachers
}

// slowDisk is a store whose writes can be held up, and raft's main loop with them.
type slowDisk struct {
	bolt
	hold atomic.Pointer[chan struct{}]
}

func (d *slowDisk) StoreLogs(logs []*raft.Log) error {
	if held := d.hold.Load(); held != nil {
		<-*held
	}
	return d.bolt.StoreLogs(logs)
}

func newTeam(t *testing.T, c Config) *team {
	if c.Timing == (Timing{}) {
		c.Timing = impatient
	}
	return &team{t: t, config: c}
}

// start begins a cluster of size nodes, the second and third joining the first.
func (x *team) start(size int) *team {
	x.t.Helper()
	for i := range size {
		m := x.add()
		if i > 0 {
			m.config.Join = []string{x.nodes[0].addr}
		}
		m.start()
	}
	x.voters(size)
	return x
}

// add makes a node that is not started yet.
func (x *team) add() *teammate {
	m := &teammate{team: x, name: string(rune('A' + len(x.nodes))), config: x.config}
	m.config.NodeID = m.name
	m.config.DataDir = filepath.Join(x.t.TempDir(), m.name)
	m.config.Fatal = func(err error) { x.t.Errorf("%s: fatal: %v", m.name, err) }
	m.config.wrapBolt = func(b bolt) bolt { m.disk.bolt = b; return &m.disk }
	m.config.wrapTransport = func(t fullTransport) fullTransport {
		return &firewall{NetworkTransport: t.(*raft.NetworkTransport), from: m.name, cuts: &x.cuts}
	}
	m.config.Identified = func(id peer.Identity) { m.identity.Store(&id) }
	m.identity.Store(&peer.Identity{NodeID: m.name})
	x.nodes = append(x.nodes, m)
	m.listen()
	return m
}

func (m *teammate) listen() {
	m.team.t.Helper()
	if m.addr == "" {
		m.addr = "127.0.0.1:0"
	}
	port, err := peer.Listen(peer.Config{Listen: m.addr, Identity: func() peer.Identity { return *m.identity.Load() }})
	if err != nil {
		m.team.t.Fatal(err)
	}
	m.port, m.addr, m.config.Peer = port, port.Addr(), port
}

func (m *teammate) start() {
	m.team.t.Helper()
	if m.port == nil {
		m.listen()
	}
	ctx, cancel := context.WithTimeout(m.team.t.Context(), 20*time.Second)
	defer cancel()
	n, err := Open(ctx, m.config)
	if err != nil {
		m.team.t.Fatalf("%s: %v", m.name, err)
	}
	m.node.Store(n)
	m.team.t.Cleanup(func() { m.stop(true) })
}

// stop ends a node, cleanly or as a crash does.
func (m *teammate) stop(clean bool) {
	n := m.node.Swap(nil)
	if n == nil {
		return
	}
	if clean {
		closeNode(m.team.t, n)
	} else {
		kill(m.team.t, n)
	}
	if err := m.port.Close(); err != nil {
		m.team.t.Error(err)
	}
	m.port = nil
}

func (x *team) running() (list []*Node) {
	for _, m := range x.nodes {
		if n := m.node.Load(); n != nil {
			list = append(list, n)
		}
	}
	return list
}

// leader waits for a node that serves, other than those.
func (x *team) leader(but ...*teammate) *teammate {
	x.t.Helper()
	var found *teammate
	eventually(x.t, "a leader", func() bool {
		for _, m := range x.nodes {
			if n := m.node.Load(); n != nil && n.Serving() && !slices.Contains(but, m) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// handOver has the leader hand over, and returns who did. raft gives a transfer up
// after an election timeout, which passes quickly on a busy machine.
func (x *team) handOver() (from *teammate) {
	x.t.Helper()
	eventually(x.t, "a transfer", func() bool {
		from = x.leader()
		n := from.node.Load()
		return n != nil && n.Admin().Transfer(x.t.Context(), "") == nil
	})
	return from
}

func (x *team) voters(want int) {
	x.t.Helper()
	eventually(x.t, fmt.Sprint(want, " voters"), func() bool {
		for _, n := range x.running() {
			voters := 0
			for _, s := range n.servers() {
				if s.Suffrage == raft.Voter {
					voters++
				}
			}
			if voters != want {
				return false
			}
		}
		return true
	})
}

// draw is one nextval that gave a value.
type draw struct {
	begun, ended time.Duration
	value        int64
}

// draws is what clients saw.
type draws struct {
	mu    sync.Mutex
	start time.Time
	list  []draw
}

func (d *draws) add(begun time.Duration, value int64) {
	x := draw{begun, time.Since(d.start), value}
	d.mu.Lock()
	d.list = append(d.list, x)
	d.mu.Unlock()
}

// violation is the first value that came twice, or smaller than one that was
// returned before it was asked for; "" if there is none.
func (d *draws) violation() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	seen := map[int64]bool{}
	for _, x := range d.list {
		if seen[x.value] {
			return fmt.Sprintf("value %d came twice", x.value)
		}
		seen[x.value] = true
	}
	byBegin, byEnd := slices.Clone(d.list), slices.Clone(d.list)
	slices.SortFunc(byBegin, func(a, b draw) int { return cmp.Compare(a.begun, b.begun) })
	slices.SortFunc(byEnd, func(a, b draw) int { return cmp.Compare(a.ended, b.ended) })
	var greatest int64
	for _, x := range byBegin {
		for len(byEnd) > 0 && byEnd[0].ended < x.begun {
			greatest = max(greatest, byEnd[0].value)
			byEnd = byEnd[1:]
		}
		if x.value <= greatest {
			return fmt.Sprintf("value %d was asked for after %d had been returned", x.value, greatest)
		}
	}
	return ""
}

// longestGap is the longest time without a value.
func (d *draws) longestGap() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	ends := make([]time.Duration, 0, len(d.list))
	for _, x := range d.list {
		ends = append(ends, x.ended)
	}
	slices.Sort(ends)
	var gap time.Duration
	for i := 1; i < len(ends); i++ {
		gap = max(gap, ends[i]-ends[i-1])
	}
	return gap
}

// clients draw from a sequence, each from whatever node serves, until stop is called.
func (x *team) clients(count int, id engine.SequenceID, d *draws) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	d.start = time.Now()
	for owner := range count {
		wg.Go(func() {
			for ctx.Err() == nil {
				for _, n := range x.running() {
					if n.Serving() {
						d.from(ctx, n, id, uint64(owner+1))
					}
				}
				time.Sleep(200 * time.Microsecond)
			}
		})
	}
	return func() { cancel(); wg.Wait() }
}

// from draws one value from a node.
func (d *draws) from(ctx context.Context, n *Node, id engine.SequenceID, owner uint64) bool {
	s := n.Sequence(id)
	if s == nil {
		return false
	}
	begun := time.Since(d.start)
	b, _, err := s.Next(ctx, owner)
	if err != nil {
		return false
	}
	d.add(begun, b.First)
	return true
}
