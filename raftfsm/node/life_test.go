package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/allocator"
)

// TestKills draws from several sequences and kills the node, again and again.
func TestKills(t *testing.T) {
	rounds := 15
	if testing.Short() {
		rounds = 4
	}
	c := Config{DataDir: t.TempDir(), PrelogMax: 1000, SnapshotThreshold: 50, SnapshotInterval: 20 * time.Millisecond, TrailingLogs: 20}
	n := open(t, c)
	var ids []engine.SequenceID
	for i, cache := range []int64{1, 1, 10} {
		ids = append(ids, create(t, n, fmt.Sprint("s", i), func(p *sequence.Params) { p.Cache = cache }))
	}
	seen := make([]map[int64]bool, len(ids))
	greatest := make([]int64, len(ids))
	for i := range seen {
		seen[i] = map[int64]bool{}
	}
	began := make([]int64, len(ids)) // where the round began: what a crash before that lost is not lost again
	for round := range rounds {
		var mu sync.Mutex
		var wg sync.WaitGroup
		for owner := range uint64(8) {
			wg.Go(func() {
				for {
					i := rand.IntN(len(ids))
					b, _, err := n.Sequence(ids[i]).Next(t.Context(), owner+1)
					if err != nil {
						return
					}
					mu.Lock()
					for v := b.First; v <= b.Last; v++ {
						if seen[i][v] {
							t.Errorf("value %d of sequence %d twice", v, i)
						}
						seen[i][v] = true
					}
					greatest[i] = max(greatest[i], b.Last)
					mu.Unlock()
				}
			})
		}
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
		clean := round%5 == 4
		if clean {
			closeNode(t, n)
		} else {
			kill(t, n)
		}
		wg.Wait()
		n = open(t, c)
		for i, id := range ids {
			at := state(t, n.Sequence(id)).LastValue
			lost := at - max(greatest[i], began[i])
			began[i] = at
			if greatest[i] > 0 && (lost < 0 || lost > 1000+8*10 || clean && lost != 0) {
				t.Errorf("sequence %d: %d values lost, clean stop: %v", i, lost, clean)
			}
		}
	}
	for i := range ids {
		t.Logf("sequence %d: %d values, the greatest is %d", i, len(seen[i]), greatest[i])
	}
}

// TestCompaction: the log is cut under load, and what was cut is in the snapshot.
func TestCompaction(t *testing.T) {
	c := Config{DataDir: t.TempDir(), SnapshotThreshold: 100, SnapshotInterval: 10 * time.Millisecond, TrailingLogs: 50}
	n := open(t, c)
	id := create(t, n, "s", nil)
	s := n.Sequence(id)
	value := int64(0)
	eventually(t, "compaction", func() bool {
		for range 50 {
			value++
			if got := next(t, s); got != value {
				t.Fatalf("value %d, want %d", got, value)
			}
		}
		first, err := n.store.FirstIndex()
		return err == nil && first > 200
	})
	status := n.Status()
	if status.Snapshot < 200 || status.Applied < status.Snapshot || !status.Serving {
		t.Errorf("status %+v", status)
	}
	want := content(t, n)
	kill(t, n)
	n = open(t, c)
	if !bytes.Equal(content(t, n), want) {
		t.Error("snapshot and tail give another state")
	}
	if got := next(t, n.Sequence(id)); got != value+1 {
		t.Errorf("value %d after %d", got, value)
	}
}

func TestCheckpoint(t *testing.T) {
	for _, c := range []Config{{Ephemeral: true}, {DataDir: t.TempDir()}} {
		c.PrelogMax = DefaultPrelogMax
		n := open(t, c)
		s := n.Sequence(create(t, n, "s", nil))
		next(t, s)
		next(t, s)
		for range 2 { // the second time there may be nothing new
			if err := n.Checkpoint(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		next(t, s)
		wantState(t, s, sequence.State{LastValue: 3, LogCount: 32, IsCalled: true})
		if n.Status().Snapshot == 0 {
			t.Error("no snapshot was made")
		}
	}
}

// TestGroupCommit: many sequences that become due at once share log entries.
func TestGroupCommit(t *testing.T) {
	n := open(t, Config{DataDir: t.TempDir()})
	var sequences []*allocator.Sequence
	for i := range 200 {
		sequences = append(sequences, n.Sequence(create(t, n, fmt.Sprint("s", i), nil)))
	}
	before := n.raft.LastIndex()
	var wg sync.WaitGroup
	for i, s := range sequences {
		wg.Go(func() {
			if _, _, err := s.Next(t.Context(), uint64(i+1)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if entries := n.raft.LastIndex() - before; entries > 20 {
		t.Errorf("%d log entries for 200 sequences", entries)
	} else {
		t.Logf("%d log entries for 200 sequences", entries)
	}
}

func TestCommitConflict(t *testing.T) {
	n := open(t, Config{Ephemeral: true})
	id := create(t, n, "s", nil)
	db, _ := n.Catalog().DatabaseByOID(engine.PostgresDatabase)
	seq, _ := db.SequenceByOID(id.Sequence)
	change := func(name string) error {
		tx := engine.Begin(n.Catalog(), engine.PostgresDatabase)
		renamed := *seq
		renamed.Name = name
		if err := tx.ReplaceSequence(seq, renamed); err != nil {
			t.Fatal(err)
		}
		_, err := n.Commit(t.Context(), me, tx.Commit())
		return err
	}
	if err := change("one"); err != nil {
		t.Fatal(err)
	}
	if db, _ := n.Catalog().DatabaseByOID(engine.PostgresDatabase); db != nil {
		if _, ok := db.Sequence(engine.PublicNamespace, "one"); !ok {
			t.Error("a commit is not visible when it returns")
		}
	}
	wantCode(t, change("two"), sqlstate.SerializationFailure)
}

func TestOIDsAreNew(t *testing.T) {
	n := open(t, Config{Ephemeral: true})
	seen := map[engine.OID]bool{}
	for i := range 20 {
		oid, err := n.AllocateOID(t.Context())
		if err != nil || seen[oid] || oid < n.Catalog().NextOID() {
			t.Fatalf("OID %d, %v", oid, err)
		}
		seen[oid] = true
		if i%5 == 0 {
			seen[create(t, n, fmt.Sprint("s", i), nil).Sequence] = true
		}
	}
}

// stuck is a bolt store that hangs on demand.
type stuck struct {
	bolt
	mu      sync.Mutex
	entered chan struct{} // told of every write that begins
}

func (s *stuck) StoreLogs(l []*raft.Log) error {
	select {
	case s.entered <- struct{}{}:
	default:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bolt.StoreLogs(l)
}

// TestCommitIsNotCancelled: as in PostgreSQL, what is being committed is waited for.
func TestCommitIsNotCancelled(t *testing.T) {
	s := &stuck{entered: make(chan struct{}, 1)}
	n := open(t, Config{DataDir: t.TempDir(), wrapBolt: func(b bolt) bolt { s.bolt = b; return s }})
	id := create(t, n, "s", nil)
	s.mu.Lock()
	select {
	case <-s.entered: // that was CREATE
	default:
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := n.Sequence(id).SetVal(ctx, me, sequence.State{LastValue: 100, IsCalled: true})
		done <- err
	}()
	<-s.entered
	cancel()
	select {
	case err := <-done:
		t.Errorf("cancelled in the middle of a commit: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	s.mu.Unlock()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := n.Sequence(id).SetVal(ctx, me, sequence.State{LastValue: 5}); err == nil {
		t.Error("a request that was cancelled before it began was served")
	}
}

// TestNothingHangsAtTheEnd: whoever waits when raft goes away is told.
func TestNothingHangsAtTheEnd(t *testing.T) {
	s := &stuck{}
	n := open(t, Config{DataDir: t.TempDir(), wrapBolt: func(b bolt) bolt { s.bolt = b; return s }})
	id := create(t, n, "s", nil)
	s.mu.Lock()
	done := make(chan error)
	for i := range 20 {
		go func() {
			if i%2 == 0 {
				_, err := n.Sequence(id).SetVal(t.Context(), uint64(i+1), sequence.State{LastValue: 100})
				done <- err
				return
			}
			_, _, err := n.Sequence(id).Next(t.Context(), uint64(i+1))
			done <- err
		}()
	}
	time.Sleep(20 * time.Millisecond)
	close(n.down) // what shutdown does once raft is told
	for range 20 {
		if code := sqlstate.CodeOf(<-done); code != sqlstate.StatementCompletionUnknown && code != sqlstate.CannotConnectNow {
			t.Errorf("SQLSTATE %s", code)
		}
	}
	n.down = make(chan struct{}) // for the real end
	s.mu.Unlock()
}

func TestOutcomes(t *testing.T) {
	for err, code := range map[error]sqlstate.Code{
		raft.ErrNotLeader: sqlstate.CannotConnectNow, raft.ErrEnqueueTimeout: sqlstate.CannotConnectNow,
		raft.ErrLeadershipTransferInProgress: sqlstate.CannotConnectNow,
		raft.ErrLeadershipLost:               sqlstate.StatementCompletionUnknown,
		raft.ErrRaftShutdown:                 sqlstate.StatementCompletionUnknown,
		errors.New("anything else"):          sqlstate.StatementCompletionUnknown,
	} {
		wantCode(t, outcome(err), code)
	}
}

// ours are the goroutines that run code of this module or of raft, by their IDs.
func ours() map[string]string {
	list := map[string]string{}
	buf := make([]byte, 1<<20)
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if (strings.Contains(g, "seqd/raftfsm") || strings.Contains(g, "hashicorp/raft") || strings.Contains(g, "bbolt")) &&
			!strings.Contains(g, "testing.tRunner(") {
			id, _, _ := strings.Cut(g, " [")
			list[id] = g
		}
	}
	return list
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	earlier := ours() // connections of other tests' rafts, say
	for _, c := range []Config{{Ephemeral: true}, {DataDir: t.TempDir()}} {
		n := open(t, c)
		s := n.Sequence(create(t, n, "s", nil))
		next(t, s)
		closeNode(t, n)
		closeNode(t, n) // twice is as good as once
		var left map[string]string
		for range 100 {
			left = ours()
			maps.DeleteFunc(left, func(id, _ string) bool { return earlier[id] != "" })
			if len(left) == 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		for _, g := range left {
			t.Errorf("left over: %s", g)
		}
		if c.DataDir == "" {
			continue
		}
		fds, err := filepath.Glob("/proc/self/fd/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range fds {
			if to, _ := os.Readlink(fd); strings.HasPrefix(to, c.DataDir) {
				t.Errorf("%s is still open", to)
			}
		}
	}
}

// TestOpenGivesUp: a node that can't get ready does not hold its caller up.
func TestOpenGivesUp(t *testing.T) {
	c := Config{DataDir: t.TempDir()}
	closeNode(t, open(t, c))
	f := &faulty{}
	c.wrapBolt = func(b bolt) bolt { f.bolt = b; return f }
	f.broken(os.ErrDeadlineExceeded)
	c.Fatal = func(error) {} // and goes on all the same
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if n, err := Open(ctx, c); err == nil {
		closeNode(t, n)
		t.Error("a node without a log serves")
	}
	c.wrapBolt = nil
	open(t, c)
}

// backend is the shape that sessions ask for (server/session.Backend); the
// adapter in between only turns *allocator.Sequence into an interface.
type backend interface {
	Catalog() *engine.Catalog
	Sequence(engine.SequenceID) *allocator.Sequence
	AllocateOID(context.Context) (engine.OID, error)
	Commit(context.Context, uint64, *engine.Commit) (engine.Result, error)
	Lock(context.Context, uint64, engine.SequenceID) (engine.Position, error)
	Unlock(uint64)
	Checkpoint(context.Context) error
}

type backendSequence interface {
	Next(context.Context, uint64) (sequence.Block, uint64, error)
	SetVal(context.Context, uint64, sequence.State) (uint64, error)
	Position(context.Context) (engine.Position, error)
	Epoch() uint64
}

var (
	_ backend         = (*Node)(nil)
	_ backendSequence = (*allocator.Sequence)(nil)
)

func BenchmarkCommit(b *testing.B) {
	for _, c := range []Config{{Ephemeral: true}, {DataDir: b.TempDir()}} {
		b.Run(fmt.Sprintf("ephemeral=%v", c.Ephemeral), func(b *testing.B) {
			n := open(b, c)
			s := n.Sequence(create(b, n, "s", nil))
			for b.Loop() {
				if _, err := s.SetVal(b.Context(), me, sequence.State{LastValue: 1}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNextOnDisk(b *testing.B) {
	n := open(b, Config{DataDir: b.TempDir(), PrelogMax: DefaultPrelogMax})
	s := n.Sequence(create(b, n, "s", nil))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, _, err := s.Next(context.Background(), me); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	n := open(b, Config{DataDir: dir})
	id := create(b, n, "s", nil)
	for range 20000 {
		if _, err := n.Sequence(id).SetVal(b.Context(), me, sequence.State{LastValue: 1}); err != nil {
			b.Fatal(err)
		}
	}
	kill(b, n)
	for b.Loop() {
		kill(b, open(b, Config{DataDir: dir}))
	}
}
