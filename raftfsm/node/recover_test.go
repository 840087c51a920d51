package node

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seqd/engine"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/peer"
)

// survivor is the data folder of a node that has one sequence, and the last value
// that was handed out.
func survivor(t *testing.T, c Config) (path string, id engine.SequenceID, last int64) {
	t.Helper()
	c.DataDir, c.NodeID = filepath.Join(t.TempDir(), "data"), "a"
	n := open(t, c)
	id = create(t, n, "s", nil)
	for i := range 50 {
		if last = next(t, n.Sequence(id)); i == 20 && c.SnapshotThreshold != 0 {
			if err := n.snapshot(); err != nil {
				t.Fatal(err)
			}
		}
	}
	kill(t, n)
	return c.DataDir, id, last
}

func openAt(t *testing.T, path string) *Node {
	t.Helper()
	return open(t, Config{DataDir: path})
}

func TestRecover(t *testing.T) {
	for name, c := range map[string]Config{
		"log": {}, "snapshot": {SnapshotThreshold: 8, SnapshotInterval: 5 * time.Millisecond, TrailingLogs: 1},
	} {
		t.Run(name, func(t *testing.T) {
			path, id, last := survivor(t, c)
			s, err := OpenSurvivor(path)
			if err != nil {
				t.Fatal(err)
			}
			if s.Node != "a" || s.Sequences != 1 || s.Index < 5 || len(s.Members) != 1 {
				t.Errorf("%+v", s)
			}
			steps := uint64(1000)
			if p := s.Preview(&steps); p.Steps != 1000 || p.AtLimits != 0 {
				t.Errorf("%+v", p)
			}
			f, err := s.Recover(&steps)
			s.Close()
			if err != nil {
				t.Fatal(err)
			}
			if f.Cluster == s.Cluster || f.Node != "a" {
				t.Errorf("%+v", f)
			}
			n := openAt(t, path)
			if v := next(t, n.Sequence(id)); v <= last+1000 {
				t.Errorf("value %d after %d and 1000 skipped", v, last)
			}
			if n.Status().ClusterID != f.Cluster {
				t.Error("the node belongs to the old cluster")
			}
			closeNode(t, n)
			// The old content is complete: put back, it is what it was.
			again := openAt(t, filepath.Join(path, beforeRecovery(f.Cluster)))
			if v := next(t, again.Sequence(id)); v <= last || v > last+1000 {
				t.Errorf("the old content gives %d", v)
			}
		})
	}
}

// TestRecoveryBrokenOff fails a recovery at each of its renames. Whatever is left is
// either the old folder, or refused by a start and finished by the next attempt.
func TestRecoveryBrokenOff(t *testing.T) {
	defer func() { rename = os.Rename }()
	steps := uint64(1000)
	for at := 0; ; at++ {
		path, id, last := survivor(t, Config{})
		s, err := OpenSurvivor(path)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		rename = func(from, to string) error {
			if n++; n > at {
				return errors.New("broken off")
			}
			return os.Rename(from, to)
		}
		_, err = s.Recover(&steps)
		s.Close()
		rename = os.Rename
		if err == nil {
			if at < 7 {
				t.Errorf("only %d renames", at)
			}
			return
		}
		if n, err := Open(t.Context(), Config{DataDir: path}); err == nil {
			// Not begun: the old content is in force as a whole.
			if v := next(t, n.Sequence(id)); v <= last || v > last+1000 || at > 0 {
				t.Errorf("broken off at rename %d, the folder gives %d", at, v)
			}
			closeNode(t, n)
		} else if !strings.Contains(err.Error(), "run `seqd cluster recover` again") {
			t.Errorf("broken off at rename %d: %v", at, err)
		}
		s, err = OpenSurvivor(path)
		if err != nil {
			t.Fatalf("broken off at rename %d: %v", at, err)
		}
		if _, err := s.Recover(&steps); err != nil {
			t.Fatal(err)
		}
		s.Close()
		node := openAt(t, path)
		if v := next(t, node.Sequence(id)); v <= last+1000 {
			t.Errorf("broken off at rename %d: value %d after %d", at, v, last)
		}
		closeNode(t, node)
	}
}

func TestNothingToRecover(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := OpenSurvivor(missing); err == nil {
		t.Error("recovered from nothing")
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a folder was made")
	}
	path, _, _ := survivor(t, Config{})
	n := openAt(t, path)
	if _, err := OpenSurvivor(path); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("of a running node: %v", err)
	}
	closeNode(t, n)
	if err := os.Truncate(filepath.Join(path, logFile), 5000); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSurvivor(path); err == nil {
		t.Error("of a damaged folder")
	}
}

// backupOf fetches a backup as the command does.
func backupOf(t *testing.T, n *Node) []byte {
	t.Helper()
	var b bytes.Buffer
	for token := uint64(0); ; {
		part, err := n.Admin().Backup(t.Context(), peer.BackupRequest{Token: token})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(part.Data)
		if token = part.Token; token == 0 {
			return b.Bytes()
		}
	}
}

// TestBackupOfALargeCatalog takes several parts; TestRestore starts with one.
func TestBackupOfALargeCatalog(t *testing.T) {
	n := open(t, Config{Ephemeral: true})
	for i := range 40 {
		tx := engine.Begin(n.Catalog(), engine.PostgresDatabase)
		for j := range 1000 {
			oid, err := n.AllocateOID(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			d, _ := engine.CreateOptions(nil)
			err = tx.CreateSequence(engine.NewSequence{OID: oid, Schema: engine.PublicNamespace, Name: fmt.Sprintf("sequence %d %d", i, j),
				Owner: engine.BootstrapSuperuser, Persistence: engine.Permanent, Definition: d})
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := n.Commit(t.Context(), me, tx.Commit()); err != nil {
			t.Fatal(err)
		}
	}
	b := backupOf(t, n)
	_, _, store, _, err := codec.ReadBackup(bytes.NewReader(b))
	if err != nil || len(b) < 2*backupPart {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	if count, _, _ := AtLimit(store); count != 40_000 {
		t.Errorf("%d sequences", count)
	}
	if _, err := n.Admin().Backup(t.Context(), peer.BackupRequest{Token: 12345}); err == nil {
		t.Error("a part of a backup that there is not")
	}
	for range backupsMax {
		if _, err := n.Admin().Backup(t.Context(), peer.BackupRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.Admin().Backup(t.Context(), peer.BackupRequest{}); err == nil {
		t.Error("any number of backups at a time")
	}
}

func TestRestore(t *testing.T) {
	n := open(t, Config{Ephemeral: true})
	id, unused := create(t, n, "s", nil), create(t, n, "unused", nil)
	var last int64
	for range 100 {
		last = next(t, n.Sequence(id))
	}
	read := func() (codec.Header, *engine.Store, *codec.Cluster) {
		_, h, s, c, err := codec.ReadBackup(bytes.NewReader(backupOf(t, n)))
		if err != nil {
			t.Fatal(err)
		}
		return h, s, c
	}
	path := filepath.Join(t.TempDir(), "new", "data")
	steps := uint64(0)
	h, s, c := read()
	f, err := Restore(path, "b", h, s, c, &steps)
	if err != nil || f.Sequences != 2 || f.Node != "b" || f.Cluster == h.Cluster {
		t.Fatalf("%+v, %v", f, err)
	}
	// What was handed out before the backup comes never again, whatever is skipped.
	m := openAt(t, path)
	if v := next(t, m.Sequence(id)); v <= last {
		t.Errorf("value %d after %d", v, last)
	}
	if v := next(t, m.Sequence(unused)); v != 1 {
		t.Errorf("the first value of a sequence that nobody had used: %d", v)
	}
	closeNode(t, m)
	h, s, c = read()
	if _, err := Restore(path, "", h, s, c, nil); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("over a data folder: %v", err)
	}
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h, s, c = read()
	if _, err := Restore(foreign, "", h, s, c, nil); err == nil {
		t.Error("into a folder of something else")
	}
	h, s, c = read()
	path = t.TempDir() // empty
	if f, err = Restore(path, "", h, s, c, nil); err != nil || f.Steps != DefaultSkip(c.Largest) {
		t.Fatalf("%+v, %v", f, err)
	}
	if v := next(t, openAt(t, path).Sequence(id)); v <= last+int64(f.Steps) {
		t.Errorf("value %d after %d with %d skipped", v, last, f.Steps)
	}
}

// TestBackupOfAFollower has what was acknowledged before it was begun.
func TestBackupOfAFollower(t *testing.T) {
	x := newTeam(t, Config{}).start(3)
	leader := x.leader()
	for i := range 20 {
		create(t, leader.node.Load(), fmt.Sprint("s", i), nil)
		for _, m := range x.nodes {
			_, _, store, _, err := codec.ReadBackup(bytes.NewReader(backupOf(t, m.node.Load())))
			if err != nil {
				t.Fatal(err)
			}
			if count, _, _ := AtLimit(store); count != i+1 {
				t.Errorf("%s: %d sequences after %d were created", m.name, count, i+1)
			}
		}
	}
}
