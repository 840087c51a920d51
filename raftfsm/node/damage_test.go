package node

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
)

// sink is a raft.SnapshotSink in memory.
type sink struct{ bytes.Buffer }

func (*sink) ID() string    { return "test" }
func (*sink) Close() error  { return nil }
func (*sink) Cancel() error { return nil }

// content is the whole replicated state of a node.
func content(t testing.TB, n *Node) []byte {
	t.Helper()
	s, err := n.fsm.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	var out sink
	if err := s.Persist(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// usedFolder is the data folder of a node with a snapshot, a log behind it, free
// pages and several levels of pages.
func usedFolder(t testing.TB) (dir string, want []byte) {
	t.Helper()
	dir = t.TempDir()
	n := open(t, Config{DataDir: dir, TrailingLogs: 150})
	var ids []engine.SequenceID
	for _, name := range []string{"a", "b", "c"} {
		ids = append(ids, create(t, n, name, nil))
	}
	for i := range 500 {
		if i == 300 {
			if err := n.Checkpoint(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := n.Sequence(ids[i%3]).SetVal(t.Context(), me, sequence.State{LastValue: int64(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	want = content(t, n)
	closeNode(t, n)
	return dir, want
}

// copyFolder returns a copy.
func copyFolder(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// refusedOrWhole opens a folder with damage in it: that may go unnoticed only
// where it means nothing.
func refusedOrWhole(t *testing.T, dir string, want []byte, what string) (refused bool) {
	t.Helper()
	before := fingerprint(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	n, err := Open(ctx, Config{DataDir: dir})
	if err != nil {
		if ctx.Err() != nil || fingerprint(t, dir) != before {
			t.Errorf("%s: the folder was changed before it was refused: %v", what, err)
		}
		return true
	}
	if !bytes.Equal(content(t, n), want) {
		t.Errorf("%s: opened with another state", what)
	}
	closeNode(t, n)
	return false
}

func flip(t testing.TB, path string, at int64, mask byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= mask
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedLogFile(t *testing.T) {
	dir, want := usedFolder(t)
	refusedOrWhole(t, copyFolder(t, dir), want, "undamaged")
	info, err := os.Stat(filepath.Join(dir, logFile))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	refusals, runs := 0, 400
	if testing.Short() {
		runs = 60
	}
	for i := range runs {
		c := copyFolder(t, dir)
		at, mask := rng.Int64N(info.Size()), byte(1)<<rng.IntN(8)
		if i < 160 { // the meta pages, bit by bit
			at = int64(i%80) + int64(i/80)*4096
		}
		flip(t, filepath.Join(c, logFile), at, mask)
		if refusedOrWhole(t, c, want, "a flipped bit") {
			refusals++
		}
		if err := os.RemoveAll(c); err != nil {
			t.Fatal(err)
		}
	}
	if refusals < runs/10 {
		t.Errorf("only %d of %d damaged files were refused", refusals, runs)
	}
	t.Logf("%d of %d files with a flipped bit were refused, the others opened whole", refusals, runs)
	for _, size := range []int64{0, 1, 100, 4096, 8192, info.Size() / 2} {
		c := copyFolder(t, dir)
		if err := os.Truncate(filepath.Join(c, logFile), size); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, Config{DataDir: c}, "raft.db can't be used")
	}
	c := copyFolder(t, dir)
	put(t, filepath.Join(c, logFile), string(bytes.Repeat([]byte("garbage!"), 8192)))
	wantRefusal(t, Config{DataDir: c}, "raft.db can't be used: the file is damaged: meta page 0 is not one of bolt's; nothing was changed")
}

func TestDamagedSnapshot(t *testing.T) {
	dir, want := usedFolder(t)
	names, err := filepath.Glob(filepath.Join(dir, snapshotsDir, "*"))
	if err != nil || len(names) != 1 {
		t.Fatalf("snapshots %v, %v", names, err)
	}
	name := filepath.Base(names[0])
	for _, file := range []string{"state.bin", "meta.json"} {
		info, err := os.Stat(filepath.Join(names[0], file))
		if err != nil {
			t.Fatal(err)
		}
		for at := int64(0); at < info.Size(); at += 5 {
			c := copyFolder(t, dir)
			flip(t, filepath.Join(c, snapshotsDir, name, file), at, 1<<(at%7))
			if !refusedOrWhole(t, c, want, file) && file == "state.bin" {
				t.Errorf("byte %d of the state was changed unnoticed", at)
			}
		}
	}
	c := copyFolder(t, dir)
	if err := os.RemoveAll(filepath.Join(c, snapshotsDir, name)); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, Config{DataDir: c}, "the log begins at entry")
}

func TestMetaPageOfTheNewestWrite(t *testing.T) {
	// bolt alone would take the older meta page and so forget the last entry.
	dir, _ := usedFolder(t)
	for page := range int64(2) {
		c := copyFolder(t, dir)
		flip(t, filepath.Join(c, logFile), page*4096+16+56, 1)
		wantRefusal(t, Config{DataDir: c}, "does not match its checksum")
	}
}

func FuzzCheckBolt(f *testing.F) {
	dir, _ := usedFolder(f)
	b, err := os.ReadFile(filepath.Join(dir, logFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(4096), []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, at uint32, damage []byte) {
		c := bytes.Clone(b)
		copy(c[int(at)%len(c):], damage)
		path := filepath.Join(t.TempDir(), logFile)
		put(t, path, string(c))
		_ = checkBolt(path, checkRecord) // must end, whatever it says
	})
}
