package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"golang.org/x/sys/unix"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// faulty is a bolt store whose writes fail on demand.
type faulty struct {
	bolt
	fail atomic.Pointer[error]
}

func (f *faulty) broken(err error) {
	if err == nil {
		f.fail.Store(nil)
		return
	}
	f.fail.Store(&err)
}

func (f *faulty) StoreLogs(l []*raft.Log) error {
	if err := f.fail.Load(); err != nil {
		return *err
	}
	return f.bolt.StoreLogs(l)
}

func wantCode(t testing.TB, err error, code sqlstate.Code) {
	t.Helper()
	if sqlstate.CodeOf(err) != code {
		t.Errorf("error %v, want %s", err, code)
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("never came about: " + what)
}

// faultyNode is a node on a faulty disk with a sequence that has values in stock.
func faultyNode(t *testing.T, c Config) (*Node, *faulty, engine.SequenceID) {
	t.Helper()
	f := &faulty{}
	c.DataDir, c.PrelogMax = t.TempDir(), DefaultPrelogMax
	c.wrapBolt = func(b bolt) bolt { f.bolt = b; return f }
	n := open(t, c)
	id := create(t, n, "s", nil)
	next(t, n.Sequence(id))
	return n, f, id
}

func TestDiskFull(t *testing.T) {
	var log notes
	n, f, id := faultyNode(t, Config{Logger: log.logger(), Fatal: func(err error) { t.Error("fatal:", err) }})
	s, other := n.Sequence(id), n.Sequence(create(t, n, "other", nil))
	f.broken(fmt.Errorf("write raft.db: %w", syscall.ENOSPC))

	// Under way when the disk fills up: a setval's end is unknown, a nextval's is not.
	_, err := other.SetVal(t.Context(), me, sequence.State{LastValue: 100, IsCalled: true})
	wantCode(t, err, sqlstate.StatementCompletionUnknown)
	// After that nothing is begun.
	_, _, err = other.Next(t.Context(), me)
	wantCode(t, err, sqlstate.DiskFull)
	_, err = other.SetVal(t.Context(), me, sequence.State{LastValue: 200, IsCalled: true})
	wantCode(t, err, sqlstate.DiskFull)
	if !n.Status().Stalled || n.Status().Leader != n.identity.Node {
		t.Errorf("status %+v", n.Status())
	}
	for want := range int64(32) { // what is reserved keeps coming
		if got := next(t, s); got != want+2 {
			t.Fatalf("value %d, want %d", got, want+2)
		}
	}
	_, _, err = s.Next(t.Context(), me)
	wantCode(t, err, sqlstate.DiskFull)

	f.broken(nil)
	eventually(t, "recovery", func() bool { return !n.Status().Stalled })
	if got := next(t, s); got != 34 {
		t.Errorf("value %d after the recovery", got)
	}
	if got := next(t, other); got != 101 {
		t.Errorf("value %d: the setval of unknown outcome was the one that raft held", got)
	}
	if term := n.Status().Term; term != 2 {
		t.Errorf("term %d: leadership flapped", term)
	}
}

func TestDiskFullWhileReserving(t *testing.T) {
	n, f, id := faultyNode(t, Config{Fatal: func(err error) { t.Error("fatal:", err) }})
	s := n.Sequence(id)
	for range 32 {
		next(t, s)
	}
	f.broken(syscall.ENOSPC)
	_, _, err := s.Next(t.Context(), me)
	wantCode(t, err, sqlstate.DiskFull)
	f.broken(nil)
	eventually(t, "recovery", func() bool { return !n.Status().Stalled })
	if got := next(t, s); got != 34 {
		t.Errorf("value %d: the reservation that was held up should serve", got)
	}
}

func TestCloseOnFullDisk(t *testing.T) {
	n, f, id := faultyNode(t, Config{Fatal: func(err error) { t.Error("fatal:", err) }})
	c := n.config
	f.broken(syscall.ENOSPC)
	_, err := n.Sequence(id).SetVal(t.Context(), me, sequence.State{LastValue: 100})
	wantCode(t, err, sqlstate.StatementCompletionUnknown)
	done := make(chan struct{})
	go func() { closeNode(t, n); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("Close hangs on a full disk")
	}
	c.wrapBolt = nil
	n = open(t, c)
	if got := next(t, n.Sequence(id)); got != 34 {
		t.Errorf("value %d after a stop that could not be clean", got)
	}
}

func TestOtherDiskErrorsAreFatal(t *testing.T) {
	fatal := make(chan error, 1)
	n, f, id := faultyNode(t, Config{Fatal: func(err error) { fatal <- err }})
	f.broken(syscall.EIO)
	_, err := n.Sequence(id).SetVal(t.Context(), me, sequence.State{LastValue: 100})
	wantCode(t, err, sqlstate.StatementCompletionUnknown)
	select {
	case err := <-fatal:
		if !errors.Is(err, syscall.EIO) {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the node goes on with a broken disk")
	}
}

func TestGuard(t *testing.T) {
	var free atomic.Uint64
	free.Store(1 << 40)
	n, _, id := faultyNode(t, Config{FreeSpace: func() (uint64, uint64, error) { return free.Load(), 1 << 41, nil }})
	s := n.Sequence(id)
	free.Store(reserveBytes - 1)
	time.Sleep(2 * spaceFor)
	_, err := s.SetVal(t.Context(), me, sequence.State{LastValue: 100})
	wantCode(t, err, sqlstate.DiskFull)
	wantCode(t, n.Checkpoint(t.Context()), sqlstate.DiskFull)
	for range 32 {
		next(t, s)
	}
	_, _, err = s.Next(t.Context(), me)
	wantCode(t, err, sqlstate.DiskFull)
	free.Store(reserveBytes)
	time.Sleep(2 * spaceFor)
	if got := next(t, s); got != 34 {
		t.Errorf("value %d: what was refused must not have happened", got)
	}
}

// TestSmallDisk fills a real file system.
func TestSmallDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=3m"); err != nil {
		t.Skip("NOT TESTED: a full file system. Mounting one needs root:", err)
	}
	defer func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	for _, guarded := range []bool{true, false} {
		c := Config{DataDir: filepath.Join(dir, fmt.Sprint(guarded)), PrelogMax: DefaultPrelogMax, Fatal: func(err error) { t.Error("fatal:", err) }}
		if !guarded {
			c.FreeSpace = func() (uint64, uint64, error) { return 1, 1, nil }
		}
		fillAndRecover(t, c, dir)
	}
}

func fillAndRecover(t *testing.T, c Config, dir string) {
	t.Helper()
	n := open(t, c)
	s, stock := n.Sequence(create(t, n, "s", nil)), n.Sequence(create(t, n, "stock", nil))
	next(t, stock)
	ballast := filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var last int64
	for i := int64(1); ; i++ {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := s.SetVal(ctx, me, sequence.State{LastValue: i, IsCalled: true})
		cancel()
		if err == nil {
			last = i
			continue
		}
		if code := sqlstate.CodeOf(err); code != sqlstate.DiskFull && code != sqlstate.StatementCompletionUnknown {
			t.Fatal(err)
		}
		break
	}
	for want := range int64(32) {
		if got := next(t, stock); got != want+2 {
			t.Fatalf("value %d, want %d", got, want+2)
		}
	}
	_, _, err = stock.Next(t.Context(), me)
	wantCode(t, err, sqlstate.DiskFull)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	eventually(t, "recovery", func() bool {
		_, _, err := stock.Next(t.Context(), me)
		return err == nil
	})
	if st := state(t, s); st.LastValue != last && st.LastValue != last+1 {
		t.Errorf("at %+v, the last setval that was answered set %d", st, last)
	}
	t.Logf("%d setvals until the disk was full", last)
	at := state(t, stock)
	closeNode(t, n)
	n = open(t, c)
	if got := state(t, n.Sequence(stock.ID())); got != at {
		t.Errorf("at %+v after the restart, %+v before", got, at)
	}
	closeNode(t, n)
}

// unsettable is a bolt store that has no room for variables.
type unsettable struct{ bolt }

func (unsettable) Set([]byte, []byte) error { return syscall.ENOSPC }

// TestVoteOnFullDiskAtTheStop: raft panics if a term or vote can't be saved. A node
// that is being closed pretends that it was, and falls silent before.
func TestVoteOnFullDiskAtTheStop(t *testing.T) {
	stalled := make(chan error, 2)
	s := newLogStore(unsettable{}, func(err error) { stalled <- err }, func(err error) { t.Error("fatal:", err) })
	muted := false
	s.mute = func() { muted = true }
	done := make(chan error)
	go func() { done <- s.SetUint64([]byte("CurrentTerm"), 7) }()
	if err := <-stalled; !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
	s.stopWaiting()
	if err := <-done; err != nil || !muted {
		t.Error(err, muted)
	}
}
