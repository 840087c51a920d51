package node

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"seqd/engine"
	"seqd/raftfsm/codec"
)

// found writes log and snapshot of a node that is a cluster by itself and begins
// with a state, as if it had compacted its log just now. Nothing is handed out of
// that state before every sequence has been set ahead: that is done here, in the
// same step, and not by an entry that might be missing after a crash.
func (d *dataDir) found(state *founding) error {
	snapshots, err := raft.NewFileSnapshotStoreWithLogger(d.path, keepSnapshots, hclog.NewNullLogger())
	if err != nil {
		return err
	}
	h := state.header
	alone := raft.Configuration{Servers: []raft.Server{{ID: raft.ServerID(d.identity.Node), Address: raft.ServerAddress(state.address)}}}
	trans := newLoopback(raft.ServerAddress(state.address))
	defer trans.Close()
	sink, err := snapshots.Create(raft.SnapshotVersionMax, h.Index, h.Term, alone, h.Index, trans)
	if err != nil {
		return err
	}
	if err := codec.WriteSnapshot(sink, h, state.store, state.cluster()); err != nil {
		return errors.Join(err, sink.Cancel())
	}
	if err := sink.Close(); err != nil {
		return err
	}
	b, err := openBolt(d.file(logFile))
	if err != nil {
		return err
	}
	s := newLogStore(b, func(error) {}, func(error) {})
	s.stopWaiting() // a full disk is an error here
	return errors.Join(s.SetUint64([]byte("CurrentTerm"), h.Term), s.Close())
}

// founding is what a cluster begins with.
type founding struct {
	header  codec.Header
	store   *engine.Store
	largest uint64 // reservation
	address string // of its first node; it makes a new one known by itself
	steps   uint64 // how far every sequence was set ahead
}

// foundOn is a state that another cluster had, every sequence set ahead: by the entry
// that would have followed the last one.
func foundOn(h codec.Header, s *engine.Store, c *codec.Cluster, newCluster string, steps *uint64) *founding {
	f := &founding{header: h, store: s, largest: c.Largest, steps: DefaultSkip(c.Largest)}
	if steps != nil {
		f.steps = *steps
	}
	f.header.Index++
	f.header.Term = max(1, h.Term)
	f.header.Cluster = newCluster
	s.Apply(f.header.Index, &engine.SkipAll{Steps: f.steps})
	return f
}

// cluster is the replicated state beside the engine's. The old cluster's lease,
// members and requests are none of the new one's business.
func (f *founding) cluster() *codec.Cluster {
	return &codec.Cluster{Format: codec.EntryVersion, Largest: f.largest}
}

// Founded tells what a new cluster begins with.
type Founded struct {
	Node, Cluster string
	DataDir       string
	Steps         uint64 // every sequence was set ahead
	Sequences     int
	AtLimits      int // sequences that have no value left
	AtLimit       []string
}

func (f *founding) report(id identity, path string) Founded {
	r := Founded{Node: id.Node, Cluster: id.Cluster, DataDir: path, Steps: f.steps}
	r.Sequences, r.AtLimits, r.AtLimit = AtLimit(f.store)
	return r
}

// Restore makes a data folder of a backup: that of a node which begins a new cluster.
// The state must have been read before, so that a damaged backup leaves no trace.
func Restore(path, node string, h codec.Header, s *engine.Store, c *codec.Cluster, steps *uint64) (Founded, error) {
	d, err := openDataDir(path, node)
	if err != nil {
		return Founded{}, err
	}
	defer d.close()
	if !d.fresh {
		return Founded{}, fmt.Errorf("data directory %s is not empty: it holds data of node %q; name another one", path, d.identity.Node)
	}
	f := foundOn(h, s, c, d.identity.Cluster, steps)
	f.address = d.identity.Node
	if err := d.found(f); err != nil {
		return Founded{}, fmt.Errorf("data directory %s: %w", path, err)
	}
	if err := d.finish(false); err != nil {
		return Founded{}, err
	}
	return f.report(d.identity, path), nil
}
