package forward

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"seqd/raftfsm/peer"
)

// BenchmarkNext draws through the leader itself, and through a follower over a real
// cluster port on loopback.
func BenchmarkNext(b *testing.B) {
	for _, where := range []string{"leader", "follower"} {
		for _, sessions := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/sessions=%d", where, sessions), func(b *testing.B) { benchmarkNext(b, where == "leader", sessions) })
		}
	}
}

func benchmarkNext(b *testing.B, leader bool, sessions int) {
	c := newCluster(b, 2, nil)
	c.wire(b)
	c.lead(0)
	n := c.nodes[1]
	if leader {
		n = c.nodes[0]
	}
	s := n.create(b, "s", nil)
	value(b, s, 1)
	before := n.backend.calls.Load()
	b.ReportAllocs()
	b.SetParallelism(max(1, sessions/2)) // two cores
	var owner atomic.Uint64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		me := owner.Add(1)
		for pb.Next() {
			if _, _, err := s.Next(context.Background(), me); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(n.backend.calls.Load()-before)/float64(b.N), "requests/value")
}

// wire connects the nodes by cluster ports.
func (c *fakeCluster) wire(t testing.TB) {
	addrs := make([]string, len(c.nodes))
	transports := make([]*peer.Transport, len(c.nodes))
	for i, n := range c.nodes {
		tr, err := peer.Listen(peer.Config{Listen: "127.0.0.1:0",
			Identity: func() peer.Identity { return peer.Identity{ClusterID: "c", NodeID: fmt.Sprint(i), Version: 1} }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tr.Close() })
		n.server.Register(tr)
		addrs[i], transports[i] = tr.Addr(), tr
	}
	c.connect = func(from *fakeNode, addr string) Client {
		var to int
		if _, err := fmt.Sscan(addr, &to); err != nil {
			t.Fatal(err)
		}
		return transports[from.i].Client(addrs[to], peer.StreamRPC)
	}
}
