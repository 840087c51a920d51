// Package node runs one member of the cluster: raft with its stores on disk or in
// memory, the state machine, the allocator that serves while this node leads, and
// the rules for when something may be said to have happened.
package node

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"seqd/raftfsm"
	"seqd/raftfsm/allocator"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/internal/seams"
	"seqd/raftfsm/lease"
	"seqd/raftfsm/peer"
)

// DefaultPrelogMax is allocator.DefaultPrelogMax.
const DefaultPrelogMax = allocator.DefaultPrelogMax

// Config is how to run a node.
type Config struct {
	DataDir   string // created if it is not there
	Ephemeral bool   // keep nothing on disk; DataDir is ignored
	NodeID    string // "": the one in the data folder, or a new one
	// PrelogMax is how many values of a sequence may be reserved ahead of use, and
	// so be lost in a crash. 0: none, every nextval waits for the log.
	PrelogMax uint64
	Logger    *slog.Logger
	// Fatal is called, once, when the node can't go on (its disk fails). nil: log
	// and end the process.
	Fatal func(error)

	// Compaction of the log; 0: the default.
	SnapshotThreshold uint64
	SnapshotInterval  time.Duration
	TrailingLogs      uint64

	// Peer is the node's cluster port; nil: a node that stays alone.
	Peer *peer.Transport
	// Join are cluster ports of the cluster that a node without one is to join. A
	// node that has a cluster ignores it, so that every start may have the same
	// options. With BootstrapExpect n, n nodes with each other in Join make a cluster
	// if there is none.
	Join            []string
	BootstrapExpect int
	NonVoter        bool // join to read, never to vote or lead
	// Identified is called as soon as the node knows its cluster; before anybody is
	// talked to. (What Peer is to tell others.)
	Identified func(peer.Identity)
	// Enter is called when an administrator wants this node, which is alone and has
	// nothing, to become a member of another cluster: it is to be closed, its folder
	// forgotten (Forget), and opened anew to join. nil: it can't be done.
	Enter func(peer.EnterRequest)
	// Timing of elections and leases; zero: the default. Equal on all nodes.
	Timing Timing

	// LogWritten, if set, hears how long each write to the log took. It must be quick.
	LogWritten func(time.Duration)

	// FreeSpace replaces the file system's answer, for tests.
	FreeSpace func() (free, total uint64, err error)

	wrapBolt      func(bolt) bolt // puts faults in, for tests
	wrapTransport func(fullTransport) fullTransport
	// Seams is for simulations.
	Seams seams.Node
	// version is the newest format that the node says it knows; 0: the truth.
	version int
}

func (c *Config) knows() int { return cmp.Or(c.version, codec.EntryVersion) }

// Timing is how patient nodes are with each other.
type Timing struct {
	Election time.Duration // without a sign of the leader, the least time before an election
	Commit   time.Duration // how far followers lag behind when nothing new comes
	Lease    time.Duration // D of package lease
	Renew    time.Duration
}

// A follower hears from its leader every 70 to 140 ms. It gives it up when a timer, of
// one to two times Election, finds that nothing came for Election; and both followers
// must have, since who has a leader refuses its vote: 0.7 to 2.1 s after the leader's
// death, mostly less than 1.5. The lease runs out meanwhile: 1.2 s after it was asked for
// last, which is up to 0.4 s before. Stalls of a process, a disk or the network that are
// shorter than Election go unnoticed; a longer one of a single follower costs nothing
// either (pre-vote). With 500 ms a killed leader is replaced 0.2 s sooner, and a machine
// on which disk and processors are fought for loses a living one now and then.
var defaultTiming = Timing{Election: 700 * time.Millisecond, Commit: 20 * time.Millisecond, Lease: lease.Duration, Renew: lease.RenewEvery}

// Node is a running member.
type Node struct {
	config    Config
	home      home // nil if ephemeral
	identity  identity
	store     *logStore // nil if ephemeral
	snapshots raft.SnapshotStore
	raft      *raft.Raft
	fsm       *raftfsm.FSM
	allocator *allocator.Allocator
	disk      *diskGuard // nil if ephemeral
	trans     *transport

	timing   Timing
	clock    func() time.Duration
	boot     string // this boot of the machine, or life of the process
	holder   *lease.Holder
	waiter   *lease.Waiter
	grants   *lease.Grants
	receipts *receipts
	voids    voids
	session  *session // nil: not serving; of the leadership goroutine
	orders   chan func()
	changes  changes
	joining  bool                      // has joined, but not heard from the cluster yet
	started  atomic.Bool               // raft runs
	ending   atomic.Bool               // it is being shut down
	served   atomic.Pointer[time.Time] // when this node ceased to serve

	gate  gate
	stall stall

	backups backups
	oids    oids

	fatal   sync.Once
	closing sync.Once
	closed  chan struct{} // Close has finished
	leave   chan struct{} // ends the watch for leadership
	left    chan struct{}
	down    chan struct{} // raft is being shut down: futures count no more
	ready   chan struct{} // served, or followed, for the first time
	once    sync.Once     // closes ready
}

// Open starts a node and returns when it serves, if it is alone; when it has what
// its cluster has, if it joins one; and at once if it is a member of several, since
// it may have to wait for the others. A folder that can't be used is refused with
// an error that says why, and left as it was.
func Open(ctx context.Context, c Config) (*Node, error) {
	n := newNode(c)
	if err := n.config.check(); err != nil {
		return nil, err
	}
	if err := n.openStorage(); err != nil {
		return nil, err
	}
	if err := n.findCluster(ctx); err != nil {
		return nil, errors.Join(err, n.closeStorage())
	}
	if err := n.startRaft(ctx); err != nil {
		return nil, errors.Join(err, n.closeStorage())
	}
	go n.watchLeadership()
	switch {
	case n.joining:
		go n.arrive(ctx)
	case !n.onlyVoter():
		n.nowReady()
	}
	select {
	case <-n.ready:
		return n, nil
	case <-ctx.Done():
		end, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return nil, errors.Join(fmt.Errorf("the node was not ready in time: %w", context.Cause(ctx)), n.Close(end))
	}
}

func newNode(c Config) *Node {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Fatal == nil {
		c.Fatal = func(err error) {
			c.Logger.Error("can't go on", "error", err)
			os.Exit(1)
		}
	}
	if c.FreeSpace == nil {
		c.FreeSpace = func() (uint64, uint64, error) { return freeSpace(c.DataDir) }
	}
	n := &Node{
		config: c, timing: c.Timing, clock: c.Seams.Clock, orders: make(chan func()), stall: stall{begun: make(chan struct{})},
		closed: make(chan struct{}), leave: make(chan struct{}), left: make(chan struct{}),
		down: make(chan struct{}), ready: make(chan struct{}),
	}
	if n.timing == (Timing{}) {
		n.timing = defaultTiming
	}
	if n.clock == nil {
		n.clock = lease.BootClock
	}
	n.holder, n.grants = lease.NewHolder(n.clock), lease.NewGrants(n.clock)
	if n.boot = cmp.Or(c.Seams.Boot, lease.BootID()); n.boot == "" || c.Ephemeral {
		n.boot = rand.Text() // what was before is no business of this process
	}
	return n
}

func (c *Config) check() error {
	if c.Peer == nil && (len(c.Join) > 0 || c.BootstrapExpect > 0) {
		return errors.New("a node without a cluster port can't join a cluster")
	}
	if c.BootstrapExpect > 0 && len(c.Join) == 0 {
		return errors.New("a number of nodes to expect needs their addresses to join")
	}
	return nil
}

// findCluster makes this node known, and a new one a member.
func (n *Node) findCluster(ctx context.Context) error {
	n.waiter = lease.NewWaiter(n.identity.Node, n.boot, n.clock)
	fresh := n.home == nil || n.home.isFresh()
	if n.config.Peer == nil {
		n.identified()
		return nil
	}
	if !fresh || len(n.config.Join) == 0 {
		n.identified()
		n.config.Peer.Handle(peer.StreamAdmin, peer.AdminHandler(n.Admin()))
		return nil
	}
	n.identity.Cluster = ""
	n.identified()
	n.config.Peer.Handle(peer.StreamAdmin, peer.AdminHandler(n.Admin()))
	return n.enter(ctx)
}

// stalled hears from the log store that it waits for disk space (or no longer).
func (n *Node) stalled(err error) {
	if err == nil {
		n.config.Logger.Info("there is disk space again: the log goes on")
		n.stall.set(false)
		n.allocator.Stalled(nil)
		return
	}
	n.config.Logger.Error("the log can't be written: waiting for disk space; reserved values are still handed out", "error", err)
	n.stall.set(true)
	n.allocator.Stalled(errDiskFull())
}

func (n *Node) failed(err error) { n.fatal.Do(func() { n.config.Fatal(err) }) }

// closeAdmin ends the answers to administrators: what they ask of is going away.
func (c *Config) closeAdmin() {
	if c.Peer != nil {
		c.Peer.Handle(peer.StreamAdmin, func(context.Context, peer.Identity, byte, []byte) ([]byte, error) {
			return nil, allocator.ErrNotServing
		})
	}
}

// Close stops serving, commits the exact positions, so that a clean stop loses no
// value, hands the leadership over if there is anybody to have it, and ends raft. ctx bounds the waiting, not the closing.
func (n *Node) Close(ctx context.Context) error {
	var err error
	n.closing.Do(func() {
		defer close(n.closed)
		err = n.stop(ctx)
	})
	<-n.closed
	return err
}

func (n *Node) stop(ctx context.Context) error {
	if _, stalled := n.stall.watch(); stalled {
		n.store.stopWaiting() // or nothing below would ever end
	}
	close(n.leave)
	<-n.left
	term := n.stopServing()
	n.awaitProposals(ctx)
	if term != 0 {
		n.release(term)
		if !n.onlyVoter() && n.leads(term) {
			if err := n.transfer(""); err != nil {
				n.config.Logger.Warn("the others will elect a leader by themselves", "error", err)
			}
		}
		n.compact()
	}
	return n.shutdown()
}

// awaitProposals waits until every proposal that came in while the gate was open
// has its answer.
func (n *Node) awaitProposals(ctx context.Context) {
	select {
	case <-n.gate.empty():
	case <-ctx.Done():
	}
}

// Replaying a log up to compactAt entries takes no time worth a snapshot; a larger
// catalog than compactSize takes too long to write at a stop.
const (
	compactAt   = 1024
	compactSize = 100_000
)

// compact takes a snapshot at a stop, so that the next start is quick.
func (n *Node) compact() {
	objects := 0
	for db := range n.fsm.Catalog().Databases {
		objects += db.SequenceCount()
	}
	if s := n.Status(); n.home == nil || s.Stalled || objects > compactSize || s.LastIndex-s.Snapshot < compactAt {
		return
	}
	if err := n.snapshot(); err != nil {
		n.config.Logger.Warn("no snapshot at the stop", "error", err)
	}
}

// shutdown ends raft and closes the files, without a word to the allocator.
func (n *Node) shutdown() error {
	if n.store != nil {
		n.store.stopWaiting()
	}
	n.config.closeAdmin()
	n.backups.endAll()
	n.ending.Store(true)
	end := n.raft.Shutdown()
	close(n.down)
	err := end.Error()
	return errors.Join(err, n.closeStorage())
}
