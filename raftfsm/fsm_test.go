package raftfsm

import (
	"bytes"
	"context"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/lease"
	"seqd/raftfsm/logtest"
)

// sink is a raft.SnapshotSink in memory.
type sink struct {
	bytes.Buffer
	cancelled bool
}

func (s *sink) ID() string    { return "test" }
func (s *sink) Close() error  { return nil }
func (s *sink) Cancel() error { s.cancelled = true; return nil }

func capture(t testing.TB, f *FSM) raft.FSMSnapshot {
	t.Helper()
	s, err := f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func persist(t testing.TB, s raft.FSMSnapshot) []byte {
	t.Helper()
	var out sink
	if err := s.Persist(&out); err != nil {
		t.Fatal(err)
	}
	s.Release()
	return out.Bytes()
}

// randomLog is a log as raft would hand it over; every tenth entry was proposed
// in another term than it was logged in.
func randomLog(t testing.TB, seed uint64, n int) []*raft.Log {
	t.Helper()
	g := logtest.New(seed)
	var logs []*raft.Log
	for i := range n {
		l := &raft.Log{Index: uint64(2*i + 3), Term: uint64(1 + i/50), Type: raft.LogCommand}
		e := codec.Entry{Term: l.Term, Command: g.Next()}
		switch i % 7 {
		case 1: // now and then one that was executed before
			e.Request = codec.Request{Gateway: uint64(i % 3), Counter: uint64(1 + i/14), AckBelow: uint64(i / 28)}
		case 3:
			e.Lease = &codec.Lease{Record: lease.Record{Holder: strconv.Itoa(i % 2), Term: e.Term, Millis: uint64(i % 4)}, Asked: uint64(i)}
		case 5:
			e.Command, e.Member = nil, &codec.PutMember{Member: codec.Member{ID: strconv.Itoa(i % 5), Version: uint64(i)}, Gone: i%4 == 0}
		}
		switch {
		case i == 40, i > 100 && i%50 == 6:
			e = codec.Entry{Term: l.Term, Format: 2}
		case i == 41:
			g.Objects = true
		}
		if i%10 == 9 {
			e.Term++
		}
		data, err := codec.EncodeEntry(e)
		if err != nil {
			t.Fatal(err)
		}
		l.Data = data
		logs = append(logs, l)
	}
	return logs
}

func replay(f *FSM, logs []*raft.Log) {
	for _, l := range logs {
		f.Apply(l)
	}
}

func TestSameLogTwiceGivesEqualBytes(t *testing.T) {
	for seed := range uint64(10) {
		logs := randomLog(t, seed, 300)
		a, b := New("c"), New("c")
		for i, l := range logs {
			if ra, rb := a.Apply(l), b.Apply(l); !reflect.DeepEqual(ra, rb) {
				t.Fatalf("entry %d: %+v and %+v", i, ra, rb)
			}
		}
		if !bytes.Equal(persist(t, capture(t, a)), persist(t, capture(t, b))) {
			t.Fatal("equal logs, other bytes")
		}
	}
}

func TestSnapshotAndTailGiveEqualBytes(t *testing.T) {
	logs := randomLog(t, 42, 150)
	whole := New("c")
	snapshots := []raft.FSMSnapshot{capture(t, whole)}
	for _, l := range logs {
		whole.Apply(l)
		snapshots = append(snapshots, capture(t, whole)) // written later: what follows must not show in it
	}
	want := persist(t, capture(t, whole))
	for i, s := range snapshots {
		f := New("c")
		if err := f.Restore(io.NopCloser(bytes.NewReader(persist(t, s)))); err != nil {
			t.Fatal(err)
		}
		replay(f, logs[i:])
		if !bytes.Equal(persist(t, capture(t, f)), want) {
			t.Fatalf("snapshot after %d entries and the rest of the log lead elsewhere", i)
		}
	}
}

// TestPersistBesideApply is for the race detector.
func TestPersistBesideApply(t *testing.T) {
	logs := randomLog(t, 7, 400)
	f := New("c")
	replay(f, logs[:200])
	s := capture(t, f)
	var wg sync.WaitGroup
	wg.Go(func() { persist(t, s) })
	wg.Go(func() {
		for seq := range f.Catalog().Databases {
			for x := range seq.Sequences {
				f.Sequence(engine.SequenceID{Database: seq.OID, Sequence: x.OID})
			}
		}
	})
	replay(f, logs[200:])
	wg.Wait()
}

// recorder is an Observer that checks that it is told of published state.
type recorder struct {
	t        *testing.T
	f        *FSM
	indexes  []uint64
	restored int
}

func (r *recorder) Applied(index, _ uint64, c engine.Command, _ engine.Result) {
	r.indexes = append(r.indexes, index)
	commit, ok := c.(*engine.Commit)
	if !ok {
		return
	}
	if put, ok := commit.Writes[0].(*engine.PutSequence); ok && put.Sequence.Name == "new" {
		db, _ := r.f.Catalog().DatabaseByOID(commit.Database)
		if _, ok := db.SequenceByOID(put.Sequence.OID); !ok {
			r.t.Error("told of a commit that readers can't see")
		}
	}
	if r.f.Applied() >= index {
		r.t.Error("counted as applied before the observer knew")
	}
}

func (r *recorder) Leased(uint64, uint64, codec.Lease) {}

func (r *recorder) Restored() { r.restored++ }

func putNew(t *testing.T, term uint64) []byte {
	t.Helper()
	d, err := engine.CreateOptions(nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := codec.EncodeEntry(codec.Entry{Term: term, Command: &engine.Commit{Database: engine.PostgresDatabase,
		Writes: []engine.Write{&engine.PutSequence{Sequence: engine.Sequence{OID: 16384, Schema: engine.PublicNamespace, Name: "new",
			Persistence: engine.Permanent, Params: d.Params}, Position: &sequence.State{LastValue: 1}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFence(t *testing.T) {
	f := New("c")
	r := &recorder{t: t, f: f}
	f.Observe(r)
	got := f.Apply(&raft.Log{Index: 5, Term: 3, Data: putNew(t, 2)}).(Response)
	if !got.Fenced || len(got.Result.Effects) != 0 || f.Catalog().NextOID() != engine.FirstNormalObjectID || len(r.indexes) != 0 {
		t.Errorf("an entry of another term: %+v", got)
	}
	if f.Applied() != 5 {
		t.Error("a refused entry is applied, too")
	}
	got = f.Apply(&raft.Log{Index: 6, Term: 3, Data: putNew(t, 3)}).(Response)
	if got.Fenced || got.Index != 6 || len(got.Result.Effects) != 1 || len(r.indexes) != 1 {
		t.Errorf("an entry of its term: %+v", got)
	}
	if _, pos, ok := f.Sequence(engine.SequenceID{Database: 5, Sequence: 16384}); !ok || pos.Serial != 6 {
		t.Errorf("position %+v", pos)
	}
}

func TestUnreadableEntryStops(t *testing.T) {
	defer func() {
		if p := recover(); p == nil || !strings.Contains(p.(string), "log entry 9 can't be applied") {
			t.Errorf("panic %v", p)
		}
	}()
	New("c").Apply(&raft.Log{Index: 9, Term: 1, Data: []byte("rubbish")})
}

func TestRestoreRefuses(t *testing.T) {
	f := New("mine")
	f.Apply(&raft.Log{Index: 6, Term: 3, Data: putNew(t, 3)})
	before := persist(t, capture(t, f))
	good := New("mine")
	r := &recorder{t: t, f: good}
	good.Observe(r)
	if err := good.Restore(io.NopCloser(bytes.NewReader(before))); err != nil || r.restored != 1 || good.Applied() != 6 {
		t.Errorf("restore: %v", err)
	}
	foreign := New("other")
	err := foreign.Restore(io.NopCloser(bytes.NewReader(before)))
	if err == nil || !strings.Contains(err.Error(), "belongs to cluster mine, not other") || foreign.RestoreError() == nil {
		t.Errorf("a foreign snapshot: %v", err)
	}
	if err := f.Restore(io.NopCloser(strings.NewReader("rubbish"))); err == nil {
		t.Error("rubbish was restored")
	}
	if !bytes.Equal(persist(t, capture(t, f)), before) {
		t.Error("a failed restore changed the state")
	}
}

func TestWaitApplied(t *testing.T) {
	f := New("c")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	for i := range uint64(50) {
		wg.Go(func() {
			if err := f.WaitApplied(ctx, 10*i); err != nil || f.Applied() < 10*i {
				t.Errorf("waited for %d, applied %d: %v", 10*i, f.Applied(), err)
			}
		})
	}
	for i := range uint64(500) {
		f.StoreConfiguration(i, raft.Configuration{})
	}
	wg.Wait()
	gone, stop := context.WithCancel(t.Context())
	stop()
	if err := f.WaitApplied(gone, 1000); err != context.Canceled {
		t.Errorf("a wait that was given up: %v", err)
	}
}

// TestNothingButTheLog reads the imports of what runs under Apply: none may bring
// in a clock, chance, or the outside world.
func TestNothingButTheLog(t *testing.T) {
	banned := map[string]bool{}
	for _, path := range strings.Fields(`time math/rand math/rand/v2 crypto/rand hash/maphash os os/exec net net/http
		log log/slog syscall runtime unsafe golang.org/x/sys/unix`) {
		banned[path] = true
	}
	for _, dir := range []string{"../engine", "../engine/sequence", ".", "codec"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", dir, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range file.Imports {
				if path, _ := strconv.Unquote(spec.Path.Value); banned[path] {
					t.Errorf("%s imports %s", name, path)
				}
			}
		}
	}
}

func BenchmarkSnapshot(b *testing.B) {
	f := New("c")
	replay(f, randomLog(b, 1, 2000))
	for b.Loop() {
		capture(b, f)
	}
}
