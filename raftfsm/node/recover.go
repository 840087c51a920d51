package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"

	"seqd/raftfsm"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/peer"
)

// Recovery makes a cluster of one out of what a single node of a cluster has, whose
// other nodes are lost. The new cluster has an ID of its own, so that an old member
// that comes back after all is refused. What the lost nodes had handed out and this
// one never heard of must not come again: every sequence is set ahead.
//
// The new content is built beside the old and then takes its place by renames, the
// identity last; the old content is kept. A folder that a crash left half way has no
// identity, is refused by every start, and the next recovery goes on with it.

// rename is for tests, which break a recovery off.
var rename = os.Rename

const recoveredDir = "recovered"

// beforeRecovery is where the old content is kept, by the ID of the new cluster.
func beforeRecovery(newCluster string) string { return "before-" + newCluster }

// Survivor is what a node's data folder has.
type Survivor struct {
	Node, Cluster string
	DataDir       string
	Index, Term   uint64 // of the last log entry
	Members       []peer.NodeStatus
	Largest       uint64 // reservation, 0: unknown
	Sequences     int

	dir     *dataDir
	state   *raftfsm.FSM
	current uint64 // term that the node has seen
}

// OpenSurvivor reads the data folder of a node that does not run, and changes nothing
// in it. Close must follow.
func OpenSurvivor(path string) (*Survivor, error) {
	if err := finishRecovery(path); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(path, identityFile)); err != nil {
		return nil, fmt.Errorf("%s is no data directory of seqd: %w", path, err)
	}
	d, err := openDataDir(path, "")
	if err != nil {
		return nil, err
	}
	s := &Survivor{Node: d.identity.Node, Cluster: d.identity.Cluster, DataDir: path, dir: d}
	if err = verify(d, false); err == nil {
		err = s.replay()
	}
	if err == nil && d.joining && s.Index == 0 {
		err = fmt.Errorf("node %q had joined its cluster, but received nothing yet: there is nothing to recover", s.Node)
	}
	if err != nil {
		d.close()
		return nil, err
	}
	_, store, c := s.state.State()
	s.Largest = c.Largest
	s.Sequences, _, _ = AtLimit(store)
	return s, nil
}

// Close gives the folder back.
func (s *Survivor) Close() { s.dir.close() }

// replay applies all that the folder has: also entries of which nobody knows any more
// whether they were committed. A reservation among them may have been handed out.
func (s *Survivor) replay() (err error) {
	defer recovered(&err)()
	s.state = raftfsm.New(s.Cluster)
	if err := s.restore(); err != nil {
		return err
	}
	b, err := raftboltdb.New(raftboltdb.Options{Path: s.dir.file(logFile), BoltOptions: &bbolt.Options{ReadOnly: true}})
	if err != nil {
		return err
	}
	logs := newLogStore(b, nil, nil)
	defer func() { err = errors.Join(err, logs.Close()) }()
	first, err := logs.FirstIndex()
	if err != nil {
		return err
	}
	last, err := logs.LastIndex()
	if err != nil {
		return err
	}
	for i := max(first, s.Index+1); i <= last; i++ {
		var l raft.Log
		if err := logs.GetLog(i, &l); err != nil {
			return fmt.Errorf("log entry %d: %w", i, err)
		}
		switch l.Type {
		case raft.LogCommand:
			s.state.Apply(&l)
		case raft.LogConfiguration:
			s.Members = members(raft.DecodeConfiguration(l.Data))
		}
		s.Index, s.Term = l.Index, l.Term
	}
	s.current, err = logs.GetUint64([]byte("CurrentTerm"))
	return err
}

// restore reads the newest snapshot, if there is one; verify has looked it over.
func (s *Survivor) restore() error {
	names, err := s.dir.snapshotDirs()
	if err != nil || len(names) == 0 {
		return err
	}
	store, err := raft.NewFileSnapshotStoreWithLogger(s.dir.path, len(names), hclog.NewNullLogger())
	if err != nil {
		return err
	}
	list, err := store.List()
	if err != nil {
		return err
	}
	_, in, err := store.Open(list[0].ID)
	if err != nil {
		return err
	}
	if err := s.state.Restore(in); err != nil {
		return fmt.Errorf("snapshot %s: %w", list[0].ID, err)
	}
	s.Index, s.Term, s.Members = list[0].Index, list[0].Term, members(list[0].Configuration)
	return nil
}

func members(c raft.Configuration) (list []peer.NodeStatus) {
	for _, x := range c.Servers {
		list = append(list, peer.NodeStatus{ID: string(x.ID), Addr: string(x.Address), Voter: x.Suffrage == raft.Voter})
	}
	return list
}

// plan is the new cluster.
func (s *Survivor) plan(steps *uint64) (*founding, identity) {
	id := newIdentity(s.Node)
	h, store, c := s.state.State()
	h.Index, h.Term = s.Index, max(s.Term, s.current)
	f := foundOn(h, store, &codec.Cluster{Largest: c.Largest}, id.Cluster, steps)
	f.address = id.Node
	return f, id
}

// Preview tells what Recover would do.
func (s *Survivor) Preview(steps *uint64) Founded {
	f, id := s.plan(steps)
	return f.report(id, s.DataDir)
}

// Recover makes the folder that of a new cluster's only node.
func (s *Survivor) Recover(steps *uint64) (Founded, error) {
	f, id := s.plan(steps)
	inner := &dataDir{path: s.dir.file(recoveredDir), identity: id, fresh: true}
	if err := os.RemoveAll(inner.path); err != nil {
		return Founded{}, err
	}
	if err := os.Mkdir(inner.path, 0o700); err != nil {
		return Founded{}, err
	}
	if err := os.WriteFile(inner.file(initFile), nil, 0o600); err != nil {
		return Founded{}, err
	}
	err := inner.found(f)
	if err == nil {
		err = inner.finish(false)
	}
	if err == nil {
		err = syncDir(s.DataDir)
	}
	if err != nil {
		return Founded{}, errors.Join(fmt.Errorf("nothing was changed: %w", err), os.RemoveAll(inner.path))
	}
	if err := takePlace(s.DataDir, id.Cluster); err != nil {
		return Founded{}, fmt.Errorf("the recovery has to be run again: %w", err)
	}
	return f.report(id, s.DataDir), nil
}

// folderContent is what belongs to one life of a data folder, the identity first: without
// it the folder does not count.
var folderContent = []string{identityFile, logFile, snapshotsDir, joiningFile}

// finishRecovery goes on with a recovery that was broken off when the old content was
// not in force any more.
func finishRecovery(path string) error {
	if _, err := os.Stat(filepath.Join(path, identityFile)); err == nil {
		return nil
	}
	b, err := os.ReadFile(filepath.Join(path, recoveredDir, identityFile))
	if err != nil {
		return nil // there was none
	}
	var id identity
	if err := json.Unmarshal(b, &id); err != nil {
		return fmt.Errorf("%s is damaged: %w", filepath.Join(path, recoveredDir, identityFile), err)
	}
	d := &dataDir{path: path}
	if err := d.takeLock(); err != nil {
		return err
	}
	defer d.close()
	return takePlace(path, id.Cluster)
}

// takePlace puts the old content away, and the new content where it was. It may have
// been broken off before: as long as a file waits among the new ones, the one in its
// place is old.
func takePlace(path, newCluster string) error {
	from, old := filepath.Join(path, recoveredDir), filepath.Join(path, beforeRecovery(newCluster))
	if err := os.MkdirAll(old, 0o700); err != nil {
		return err
	}
	for _, name := range folderContent {
		if _, err := os.Stat(filepath.Join(from, name)); err != nil && name != joiningFile {
			continue
		}
		if err := move(path, old, name); err != nil {
			return err
		}
	}
	for i := len(folderContent) - 1; i >= 0; i-- { // the identity last
		if err := move(from, path, folderContent[i]); err != nil {
			return err
		}
	}
	return os.RemoveAll(from)
}

// move takes a file that may be missing to another folder.
func move(from, to, name string) error {
	err := rename(filepath.Join(from, name), filepath.Join(to, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return errors.Join(err, syncDir(to), syncDir(from))
}
