// Package node runs one member of the cluster: raft with its stores on disk or in
// memory, the state machine, the allocator that serves while this node leads, and
// the rules for when something may be said to have happened.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"seqd/raftfsm"
	"seqd/raftfsm/allocator"
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

	// FreeSpace replaces the file system's answer, for tests.
	FreeSpace func() (free, total uint64, err error)

	wrapBolt func(bolt) bolt // puts faults in, for tests
}

// Node is a running member.
type Node struct {
	config    Config
	dir       *dataDir // nil if ephemeral
	identity  identity
	store     *logStore // nil if ephemeral
	snapshots raft.SnapshotStore
	raft      *raft.Raft
	fsm       *raftfsm.FSM
	allocator *allocator.Allocator
	disk      *diskGuard // nil if ephemeral

	gate      gate
	stall     stall
	oids      oids
	proposals sync.WaitGroup

	fatal   sync.Once
	closing sync.Once
	closed  chan struct{} // Close has finished
	leave   chan struct{} // ends the watch for leadership
	left    chan struct{}
	down    chan struct{} // raft is being shut down: futures count no more
	ready   chan struct{} // served for the first time
}

// Open starts a node and returns when it serves. A folder that can't be used is
// refused with an error that says why, and left as it was.
func Open(ctx context.Context, c Config) (*Node, error) {
	n := newNode(c)
	if err := n.openStorage(); err != nil {
		return nil, err
	}
	if err := n.startRaft(ctx); err != nil {
		return nil, errors.Join(err, n.closeStorage())
	}
	go n.watchLeadership()
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
	return &Node{
		config: c, stall: stall{begun: make(chan struct{})},
		closed: make(chan struct{}), leave: make(chan struct{}), left: make(chan struct{}),
		down: make(chan struct{}), ready: make(chan struct{}),
	}
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

// watchLeadership opens and closes the leadership session as raft elects.
func (n *Node) watchLeadership() {
	defer close(n.left)
	serving := false
	for {
		select {
		case leads := <-n.raft.LeaderCh():
			// Changes may have been merged: whatever came before is over.
			if serving {
				n.gate.close()
				n.allocator.Stop()
				serving = false
			}
			if leads {
				serving = n.serve()
			}
		case <-n.leave:
			return
		}
	}
}

// serve begins a leadership session: everything logged before must be applied, and
// the term must still be the one in which the barrier was logged.
func (n *Node) serve() bool {
	term := n.raft.CurrentTerm()
	if err := n.await(func() error { return n.raft.Barrier(0).Error() }, n.leave); err != nil {
		return false // leadership is gone again, or the node is closing
	}
	if n.raft.State() != raft.Leader || n.raft.CurrentTerm() != term {
		return false // the next notice is about to come
	}
	n.allocator.Start(term)
	n.gate.open(term)
	select {
	case <-n.ready:
	default:
		close(n.ready)
	}
	return true
}

// Close stops serving, commits the exact positions, so that a clean stop loses no
// value, and ends raft. ctx bounds the waiting, not the closing.
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
	term := n.gate.close()
	n.allocator.Stop()
	n.awaitProposals(ctx)
	if term != 0 {
		n.release(term)
		n.compact()
	}
	return n.shutdown()
}

// awaitProposals waits until raft has answered everything that was asked of it.
func (n *Node) awaitProposals(ctx context.Context) {
	none := make(chan struct{})
	go func() { n.proposals.Wait(); close(none) }()
	select {
	case <-none:
	case <-ctx.Done():
	}
}

// release commits the exact positions.
func (n *Node) release(term uint64) {
	c := n.allocator.Release()
	if c == nil {
		return
	}
	begun, _ := n.stall.watch()
	if _, err := n.apply(term, c, begun); err != nil {
		n.config.Logger.Warn("the exact positions could not be committed: values reserved ahead are lost", "error", err)
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
	if s := n.Status(); n.dir == nil || s.Stalled || objects > compactSize || s.LastIndex-s.Snapshot < compactAt {
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
	end := n.raft.Shutdown()
	close(n.down)
	err := end.Error()
	return errors.Join(err, n.closeStorage())
}
