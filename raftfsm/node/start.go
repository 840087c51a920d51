package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"seqd/raftfsm"
	"seqd/raftfsm/allocator"
)

// keepSnapshots is how many snapshots stay on disk.
const keepSnapshots = 2

// logCacheSize is how many entries raft finds without asking the store.
const logCacheSize = 1024

func (n *Node) logger(name string) *raftLogger {
	return &raftLogger{out: n.config.Logger.With("part", name), name: name}
}

// raftConfig is why the figures are what they are: with the heartbeat fast path
// off, heartbeats queue behind a follower's fsync, so the lease is as long as the
// heartbeat timeout; BatchApplyCh brought nothing and loses futures at shutdown.
func (n *Node) raftConfig() *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(n.identity.Node)
	c.Logger = n.logger("raft")
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = n.timing.Election, n.timing.Election, n.timing.Election
	c.CommitTimeout = n.timing.Commit
	c.MaxAppendEntries = 64
	c.NoLegacyTelemetry = true
	c.SnapshotThreshold, c.SnapshotInterval, c.TrailingLogs = 8192, time.Minute, 20480
	if n.config.SnapshotThreshold != 0 {
		c.SnapshotThreshold = n.config.SnapshotThreshold
	}
	if n.config.SnapshotInterval != 0 {
		c.SnapshotInterval = n.config.SnapshotInterval
	}
	if n.config.TrailingLogs != 0 {
		c.TrailingLogs = n.config.TrailingLogs
	}
	return c
}

// openStorage takes the data folder and looks it over.
func (n *Node) openStorage() (err error) {
	if n.config.Ephemeral {
		n.identity = newIdentity(n.config.NodeID)
		n.snapshots = raft.NewInmemSnapshotStore()
		return nil
	}
	if n.config.Seams.Disk != nil {
		return n.openSimulated()
	}
	dir, err := openDataDir(n.config.DataDir, n.config.NodeID)
	if err != nil {
		return err
	}
	n.home = dir
	defer func() {
		if err != nil {
			err = errors.Join(err, n.closeStorage())
		}
	}()
	n.identity, n.joining = dir.identity, dir.joining
	if !dir.fresh {
		if err := verify(dir, n.config.Peer == nil); err != nil {
			return err
		}
	}
	b, err := openSafely(dir.file(logFile))
	if err != nil {
		return fmt.Errorf("%s can't be opened: %w", dir.file(logFile), err)
	}
	var store bolt = b
	if n.config.wrapBolt != nil {
		store = n.config.wrapBolt(store)
	}
	n.store = newLogStore(store, n.stalled, n.failed)
	n.store.onWrite = n.config.LogWritten
	n.disk = &diskGuard{free: n.config.FreeSpace}
	files, err := raft.NewFileSnapshotStoreWithLogger(dir.path, keepSnapshots, n.logger("snapshot"))
	n.snapshots = snapshotStore{files}
	return err
}

func (n *Node) closeStorage() error {
	var err error
	if n.store != nil {
		err = n.store.Close()
	}
	if n.home != nil {
		n.home.close()
	}
	return err
}

// startRaft starts raft on the opened storage, as a cluster of one if the folder
// is new, and brings an election about.
func (n *Node) startRaft(ctx context.Context) error {
	n.fsm = raftfsm.New(n.identity.Cluster)
	n.fsm.Simulate(n.config.Seams)
	n.allocator = allocator.New(allocator.Config{
		Source: n.fsm, Propose: n.Propose, PrelogMax: n.config.PrelogMax,
		Now: n.clock, Lease: n.holder.Holds,
	})
	n.fsm.Observe(follower{n})
	var (
		logs   raft.LogStore
		stable raft.StableStore
	)
	if n.store == nil {
		m := raft.NewInmemStore()
		logs, stable = m, m
	} else {
		cache, err := raft.NewLogCache(logCacheSize, n.store)
		if err != nil {
			return err
		}
		logs, stable = cache, n.store
		// A full disk must not hold Open up for longer than the caller wants.
		defer context.AfterFunc(ctx, n.store.stopWaiting)()
	}
	n.receipts = &receipts{LogStore: logs, now: n.clock}
	logs = n.receipts
	n.trans = n.newTransport()
	if n.store != nil {
		n.store.mute = func() { _ = n.trans.Close() } // raft closes it again
	}
	trans := raft.Transport(n.trans)
	id, address := raft.ServerID(n.identity.Node), trans.LocalAddr()
	c := n.raftConfig()
	if !n.joining && (n.home == nil || n.home.isFresh()) {
		alone := raft.Configuration{Servers: []raft.Server{{ID: id, Address: address}}}
		if err := raft.BootstrapCluster(c, logs, stable, n.snapshots, trans, alone); err != nil {
			return err
		}
	}
	if n.home != nil && n.home.isFresh() {
		if err := n.home.finish(n.joining); err != nil {
			return err
		}
	}
	r, err := raft.NewRaft(c, n.fsm, logs, stable, n.snapshots, trans)
	if err == nil && n.fsm.RestoreError() != nil {
		// raft has gone on with an older snapshot; values handed out since would come again.
		_ = r.Shutdown().Error()
		err = n.fsm.RestoreError()
	}
	if err != nil {
		_ = n.trans.Close() // raft closes it otherwise
		return fmt.Errorf("the state in data directory %s can't be restored: %w", n.config.DataDir, err)
	}
	n.raft = r
	if n.config.Peer == nil && len(n.servers()) > 1 {
		close(n.down)
		_ = r.Shutdown().Error()
		return fmt.Errorf("data directory %s belongs to a cluster of the nodes %v: it needs a cluster port", n.config.DataDir, n.servers())
	}
	n.observeRaft()
	n.started.Store(true)
	if n.onlyVoter() {
		n.trans.electAtOnce(id, address)
	}
	return nil
}
