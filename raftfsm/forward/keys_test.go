package forward

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"seqd/engine"
)

func advisory(n uint64) engine.LockKey {
	return engine.LockKey{Class: engine.LockAdvisory, Database: 5, Number: n}
}

func (n *fakeNode) tryKey(t *testing.T, owner, k uint64, lost func()) bool {
	t.Helper()
	got, err := n.backend.LockKey(t.Context(), owner, advisory(k), true, true, lost)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestKeysOfTheWholeCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, &faults{delay: 5 * time.Millisecond})
		c.lead(0)
		if !c.nodes[1].tryKey(t, 1, 7, nil) || c.nodes[0].tryKey(t, 1, 7, nil) || c.nodes[2].tryKey(t, 1, 7, nil) {
			t.Error("sessions with the same number on different nodes are not told apart")
		}
		time.Sleep(time.Minute) // it is kept without being asked for again by the session
		if c.nodes[2].tryKey(t, 1, 7, nil) {
			t.Error("forgotten after a minute")
		}
		waiting := make(chan error, 1)
		go func() {
			_, err := c.nodes[2].backend.LockKey(t.Context(), 2, advisory(7), true, false, nil)
			waiting <- err
		}()
		time.Sleep(time.Second)
		c.nodes[1].backend.UnlockKey(1, advisory(7), true)
		if err := <-waiting; err != nil {
			t.Error(err)
		}
	})
}

// A key outlives the leader that gave it.
func TestKeysAcrossLeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, &faults{delay: 5 * time.Millisecond})
		c.lead(0)
		var lost atomic.Int32
		for i, n := range c.nodes {
			if !n.tryKey(t, 1, uint64(i), func() { lost.Add(1) }) {
				t.Fatal("not free")
			}
		}
		for _, leader := range []int{1, 2, 0, 1} {
			c.nodes[leader].allocator.GraceKeys(keyLease)
			c.lead(leader)
			time.Sleep(20 * time.Second)
		}
		for i := range c.nodes {
			if c.nodes[0].tryKey(t, 9, uint64(i), nil) {
				t.Errorf("the key of node %d was given to somebody else", i)
			}
		}
		if n := lost.Load(); n != 0 {
			t.Errorf("%d keys were lost", n)
		}
	})
}

// A session whose node can't ask any more hears of it before anybody else can have
// the key.
func TestKeysLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, nil)
		c.lead(0)
		var lostAt atomic.Int64
		n := c.nodes[1]
		if !n.tryKey(t, 1, 7, func() { lostAt.Store(time.Now().UnixNano()) }) {
			t.Fatal("not free")
		}
		go c.nodes[0].pause(time.Minute) // calls from other nodes do not arrive
		synctest.Wait()
		for !c.nodes[0].tryKey(t, 1, 7, nil) {
			time.Sleep(100 * time.Millisecond)
		}
		given := time.Now().UnixNano()
		if at := lostAt.Load(); at == 0 || at >= given {
			t.Errorf("given to another session at %d, lost at %d", given, at)
		}
	})
}
