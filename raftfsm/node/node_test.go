package node

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/allocator"
)

// me is the session that the tests speak for.
const me = 1

// open starts a node that is closed at the end of the test unless it was before.
func open(t testing.TB, c Config) *Node {
	t.Helper()
	n, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeNode(t, n) })
	return n
}

func closeNode(t testing.TB, n *Node) {
	t.Helper()
	if err := n.Close(context.Background()); err != nil {
		t.Error("close:", err)
	}
}

// kill ends a node as a crash does: nothing is released.
func kill(t testing.TB, n *Node) {
	t.Helper()
	n.closing.Do(func() {
		defer close(n.closed)
		close(n.leave)
		<-n.left
		if err := n.shutdown(); err != nil {
			t.Error("kill:", err)
		}
		n.stopServing()
	})
}

// create commits a new sequence.
func create(t testing.TB, n *Node, name string, change func(*sequence.Params)) engine.SequenceID {
	t.Helper()
	oid, err := n.AllocateOID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d, err := engine.CreateOptions(nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&d.Params)
		d.State = sequence.State{LastValue: d.Params.Start}
	}
	tx := engine.Begin(n.Catalog(), engine.PostgresDatabase)
	err = tx.CreateSequence(engine.NewSequence{OID: oid, Schema: engine.PublicNamespace, Name: name,
		Owner: engine.BootstrapSuperuser, Persistence: engine.Permanent, Definition: d})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Commit(t.Context(), me, tx.Commit()); err != nil {
		t.Fatal(err)
	}
	return engine.SequenceID{Database: engine.PostgresDatabase, Sequence: oid}
}

func next(t testing.TB, s *allocator.Sequence) int64 {
	t.Helper()
	b, _, err := s.Next(t.Context(), me)
	if err != nil {
		t.Fatal(err)
	}
	return b.First
}

func state(t testing.TB, s *allocator.Sequence) sequence.State {
	t.Helper()
	p, err := s.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p.State
}

func wantState(t testing.TB, s *allocator.Sequence, want sequence.State) {
	t.Helper()
	if got := state(t, s); got != want {
		t.Errorf("position %+v, want %+v", got, want)
	}
}

// notes collects what a node logs.
type notes struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.buf.Write(b)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.buf.String()
}

func (n *notes) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(n, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

func TestNormalLife(t *testing.T) {
	var log notes
	c := Config{DataDir: t.TempDir(), PrelogMax: DefaultPrelogMax, Logger: log.logger()}
	n := open(t, c)
	id := create(t, n, "s", nil)
	s := n.Sequence(id)
	for want := range int64(3) {
		if got := next(t, s); got != want+1 {
			t.Fatalf("value %d, want %d", got, want+1)
		}
	}
	wantState(t, s, sequence.State{LastValue: 3, LogCount: 30, IsCalled: true})
	if _, pos, _ := n.fsm.Sequence(id); pos.State.LastValue != 33 {
		t.Errorf("reserved up to %d, PostgreSQL logs up to 33", pos.State.LastValue)
	}
	epoch, err := s.SetVal(t.Context(), me, sequence.State{LastValue: 100, IsCalled: true})
	if err != nil || epoch != s.Epoch() {
		t.Fatalf("setval: epoch %d of %d, %v", epoch, s.Epoch(), err)
	}
	if got := next(t, s); got != 101 {
		t.Fatalf("value %d after setval 100", got)
	}
	closeNode(t, n)

	n = open(t, c) // a clean stop loses nothing
	s = n.Sequence(id)
	wantState(t, s, sequence.State{LastValue: 101, LogCount: 32, IsCalled: true})
	if got := next(t, s); got != 102 {
		t.Fatalf("value %d after a clean stop at 101", got)
	}
	wantState(t, s, sequence.State{LastValue: 102, LogCount: 32, IsCalled: true}) // logged anew
	kill(t, n)

	n = open(t, c) // a crash goes on behind what was reserved
	s = n.Sequence(id)
	wantState(t, s, sequence.State{LastValue: 134, IsCalled: true})
	if got := next(t, s); got != 135 {
		t.Fatalf("value %d after a crash with 134 reserved", got)
	}
	closeNode(t, n)
	if log.String() != "" {
		t.Errorf("a normal life makes noise:\n%s", log.String())
	}
	_, _, err = s.Next(t.Context(), me)
	if !errors.Is(err, allocator.ErrNotServing) || sqlstate.CodeOf(err) != sqlstate.CannotConnectNow {
		t.Errorf("nextval after the end: %v", err)
	}
}

func TestOpenIsQuick(t *testing.T) {
	start := time.Now()
	n := open(t, Config{Ephemeral: true})
	t.Logf("ephemeral: %v", time.Since(start))
	closeNode(t, n)
	c := Config{DataDir: t.TempDir()}
	start = time.Now()
	n = open(t, c)
	t.Logf("new folder: %v", time.Since(start))
	closeNode(t, n)
	start = time.Now()
	n = open(t, c)
	t.Logf("existing folder: %v", time.Since(start))
	closeNode(t, n)
}
