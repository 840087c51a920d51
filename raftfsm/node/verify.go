package node

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"

	"seqd/raftfsm/codec"
)

// verify refuses a folder whose files are damaged or don't belong together, before
// anything opens them for writing. raft would start on much of that, with entries
// missing, and hand their values out again.
// lone: the node has no cluster port, so that nobody else can be a member.
func verify(d *dataDir, lone bool) error {
	path := d.file(logFile)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("data directory %s lacks %s: without it values could come twice; restore it from a backup", d.path, logFile)
	}
	if err := checkBolt(path, checkRecord); err != nil {
		return refused(path, err)
	}
	snapshot, err := verifySnapshots(d, lone)
	if err != nil {
		return err
	}
	if err := verifyLog(path, snapshot, d.joining); err != nil {
		return refused(path, err)
	}
	return nil
}

func refused(path string, err error) error {
	return fmt.Errorf("%s can't be used: %w; nothing was changed. If the node is one of several that work, "+
		"remove it from the cluster (seqd cluster remove) and let it join again with an empty directory; else restore the data directory from a backup", path, err)
}

// checkRecord looks at the raw records: raft's variables; the log comes later.
func checkRecord(bucket string, key, value []byte) error {
	switch bucket {
	case "logs":
		if len(key) != 8 {
			return errBolt
		}
	case "conf":
		switch string(key) {
		case "CurrentTerm", "LastVoteTerm", "LastVoteCand":
		default:
			return fmt.Errorf("%w: unknown variable %q", errBolt, key)
		}
	default:
		return fmt.Errorf("%w: unknown bucket %q", errBolt, bucket)
	}
	return nil
}

// verifyLog reads every entry: each must match its checksum, follow the one
// before, and the first must follow the snapshot.
func verifyLog(path string, snapshot uint64, joining bool) (err error) {
	defer recovered(&err)()
	b, err := raftboltdb.New(raftboltdb.Options{Path: path, BoltOptions: &bbolt.Options{ReadOnly: true, Timeout: time.Second}})
	if err != nil {
		return err
	}
	s := newLogStore(b, nil, nil)
	defer func() { err = errors.Join(err, s.Close()) }()
	if last, err := s.LastIndex(); joining && last == 0 && err == nil {
		return nil // the cluster sends everything
	}
	current, err := s.GetUint64([]byte("CurrentTerm"))
	if err != nil {
		return fmt.Errorf("current term: %w", err)
	}
	for _, key := range []string{"LastVoteTerm", "LastVoteCand"} {
		if _, err := s.Get([]byte(key)); err != nil && !errors.Is(err, raftboltdb.ErrKeyNotFound) {
			return err
		}
	}
	first, err := s.FirstIndex()
	if err != nil {
		return err
	}
	last, err := s.LastIndex()
	if err != nil {
		return err
	}
	if (first == 0 && snapshot == 0) || first > snapshot+1 {
		return fmt.Errorf("%w: the log begins at entry %d, the last snapshot ends at %d", errBolt, first, snapshot)
	}
	if first == 0 {
		return nil
	}
	return verifyEntries(s, first, last, current)
}

// verifyEntries reads the entries from first to last. To decode them takes the longest, and
// is done by as many as there are processors; the error is that of the first bad one.
func verifyEntries(s *logStore, first, last, current uint64) error {
	type failure struct {
		index uint64
		err   error
	}
	entries := make(chan raft.Log)
	failures := make(chan failure, runtime.GOMAXPROCS(0))
	for range cap(failures) {
		go func() {
			var worst failure
			for l := range entries {
				if _, err := codec.DecodeEntry(l.Data); err != nil && worst.err == nil {
					worst = failure{l.Index, err} // a newer program's, most likely
				}
			}
			failures <- worst
		}()
	}
	bad := failure{last + 1, readEntries(s, first, last, current, entries)}
	for range cap(failures) {
		if f := <-failures; f.err != nil && (f.index < bad.index) {
			bad = failure{f.index, fmt.Errorf("log entry %d: %w", f.index, f.err)}
		}
	}
	return bad.err
}

// readEntries passes on those that hold commands, and closes the channel.
func readEntries(s *logStore, first, last, current uint64, commands chan<- raft.Log) error {
	defer close(commands) // also when bolt panics
	var term uint64
	for i := first; i <= last; i++ {
		var l raft.Log
		if err := s.GetLog(i, &l); err != nil {
			return fmt.Errorf("log entry %d: %w", i, err)
		}
		if l.Term < term || l.Term > current {
			return fmt.Errorf("%w: log entry %d has term %d between %d and %d", errBolt, i, l.Term, term, current)
		}
		term = l.Term
		if l.Type == raft.LogCommand {
			commands <- l
		}
	}
	return nil
}

// verifySnapshots returns the index of the newest snapshot. raft passes over one
// that it can't read and takes an older one instead.
func verifySnapshots(d *dataDir, lone bool) (uint64, error) {
	names, err := d.snapshotDirs()
	if err != nil || len(names) == 0 {
		return 0, err
	}
	store, err := raft.NewFileSnapshotStoreWithLogger(d.path, len(names), hclog.NewNullLogger() /* what it would say is in the error */)
	if err != nil {
		return 0, err
	}
	list, err := store.List()
	if err != nil {
		return 0, err
	}
	if len(list) != len(names) {
		return 0, refused(d.file(snapshotsDir), fmt.Errorf("of the snapshots %s some can't be read", strings.Join(names, ", ")))
	}
	_, in, err := store.Open(list[0].ID) // checks raft's own checksum
	if err != nil {
		return 0, refused(d.file(snapshotsDir), fmt.Errorf("snapshot %s: %w", list[0].ID, err))
	}
	defer in.Close()
	h, err := codec.ReadHeader(in)
	switch {
	case err != nil:
	case !strings.HasPrefix(names[len(names)-1], fmt.Sprintf("%d-%d-", list[0].Term, list[0].Index)):
		err = fmt.Errorf("its label says entry %d of term %d", list[0].Index, list[0].Term)
	case !fits(list[0].Configuration, d.identity.Node, lone):
		err = fmt.Errorf("it is of a cluster with the members %v, to which %s does not belong like that", list[0].Configuration.Servers, d.identity.Node)
	case h.Cluster != d.identity.Cluster:
		err = fmt.Errorf("it belongs to cluster %s, not %s", h.Cluster, d.identity.Cluster)
	case h.Index > list[0].Index:
		err = fmt.Errorf("its content is of entry %d, its label says %d", h.Index, list[0].Index)
	}
	if err != nil {
		return 0, refused(d.file(snapshotsDir), fmt.Errorf("snapshot %s: %w", list[0].ID, err))
	}
	return list[0].Index, nil
}

// fits tells whether a configuration can be one of a node's.
func fits(c raft.Configuration, node string, lone bool) bool {
	there := false
	for _, s := range c.Servers {
		if s.Suffrage != raft.Voter && s.Suffrage != raft.Nonvoter {
			return false
		}
		there = there || s.ID == raft.ServerID(node)
	}
	return there && (!lone || onlyVoter(c.Servers, node))
}

// openSafely opens the log file for writing.
func openSafely(path string) (store *raftboltdb.BoltStore, err error) {
	defer recovered(&err)()
	return openBolt(path)
}

// recovered makes an error of a panic, and a panic of a read beyond the mapped
// file: what bolt does on a damaged file that passed all checks. Use it as
// defer recovered(&err)().
func recovered(err *error) func() {
	old := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(old)
		if p := recover(); p != nil {
			*err = fmt.Errorf("%w: %v", errBolt, p)
		}
	}
}
