package forward

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/raftfsm/node"
	"seqd/raftfsm/peer"
)

var _ Node = (*node.Node)(nil)

// realNode is a member of a real cluster in this process.
type realNode struct {
	node    *node.Node
	backend *Backend
}

// realCluster starts nodes with raft and cluster ports; the first one leads.
func realCluster(t *testing.T, size int) []*realNode {
	timing := node.Timing{Election: 200 * time.Millisecond, Commit: 5 * time.Millisecond, Lease: 500 * time.Millisecond, Renew: 100 * time.Millisecond}
	var members []*realNode
	var join []string
	for i := range size {
		var id atomic.Pointer[peer.Identity]
		id.Store(&peer.Identity{NodeID: fmt.Sprint("n", i)})
		port, err := peer.Listen(peer.Config{Listen: "127.0.0.1:0", Identity: func() peer.Identity { return *id.Load() }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = port.Close() })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		n, err := node.Open(ctx, node.Config{Ephemeral: true, NodeID: fmt.Sprint("n", i), PrelogMax: 1 << 16, Peer: port, Join: join, Timing: timing,
			Fatal: func(err error) { t.Error(err) }, Identified: func(x peer.Identity) { id.Store(&x) }})
		if err != nil {
			t.Fatal(err)
		}
		join = append(join, port.Addr())
		m := &realNode{node: n, backend: New(Config{Node: n, Dial: func(addr string) Client { return port.Client(addr, peer.StreamRPC) }})}
		NewServer(n).Register(port)
		members = append(members, m)
		t.Cleanup(func() {
			m.backend.Close()
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			_ = n.Close(ctx) // the last ones have no quorum to hand over to
		})
	}
	return members
}

// TestRealCluster draws, sets and creates on three nodes while leadership moves by
// hand: no error, no value twice, all in order.
func TestRealCluster(t *testing.T) {
	members := realCluster(t, 3)
	ctx := t.Context()
	create := func(m *realNode, name string) *Sequence {
		f := &fakeNode{backend: m.backend}
		return f.create(t, name, nil)
	}
	first := create(members[2], "s")
	a := &auditor{t: t, seen: map[uint64]map[int64]bool{}, last: map[[2]uint64]int64{}, executed: map[int64]int{}, told: map[int64]error{}}
	var stop atomic.Bool
	var longest, created atomic.Int64
	var wg sync.WaitGroup
	for i, m := range members {
		if err := m.backend.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		s := m.backend.Sequence(first.id)
		for j := range 4 {
			wg.Go(func() {
				for k := int64(0); !stop.Load(); k++ {
					begun := time.Now()
					owner := uint64(i<<8 + j + 1)
					var err error
					switch {
					case k%300 == 299 && j == 0:
						err = a.setval(ctx, s, owner, k*1000+int64(i))
					case k%200 == 199 && j == 1:
						create(m, fmt.Sprint("t", i, k))
						created.Add(1)
					case k%100 == 99 && j == 2:
						if _, err = m.backend.Lock(ctx, owner, s.id); err == nil {
							err = a.next(ctx, s, owner)
						}
						m.backend.Unlock(owner)
					default:
						err = a.next(ctx, s, owner)
					}
					if err != nil {
						t.Errorf("node %d: %v", i, err)
					}
					if d := int64(time.Since(begun)); d > longest.Load() {
						longest.Store(d)
					}
				}
			})
		}
	}
	moved := 0
	for range 4 {
		time.Sleep(250 * time.Millisecond)
		for _, m := range members {
			if m.node.Serving() {
				if err := m.node.Admin().Transfer(ctx, ""); err == nil {
					moved++
				}
				break
			}
		}
	}
	stop.Store(true)
	wg.Wait()
	var calls int64
	for _, m := range members {
		calls += m.backend.calls.Load()
	}
	t.Logf("%d values in %d epochs, %d sequences created, %d requests, leadership moved %d times, longest wait %v",
		a.took, len(a.seen), created.Load(), calls, moved, time.Duration(longest.Load()))
	if moved == 0 || a.took < 100 {
		t.Error("that was too little to prove anything")
	}
	// Cached values of another node are void as soon as it has heard of a setval.
	s, other := members[0].backend.Sequence(first.id), members[1].backend.Sequence(first.id)
	epoch, err := s.SetVal(ctx, 1, sequence.State{LastValue: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := members[1].backend.CatchUp(ctx); err != nil || other.Epoch() != epoch {
		t.Error(err, other.Epoch(), epoch)
	}
	if p, err := other.Position(ctx); err != nil || p.State != (sequence.State{LastValue: 1}) {
		t.Error(p, err)
	}
	if members[1].backend.Sequence(engine.SequenceID{Database: first.id.Database, Sequence: 1}) != nil {
		t.Error("a sequence that does not exist")
	}
}
