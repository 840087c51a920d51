package node

import (
	"context"
	"sync/atomic"
	"testing"

	"seqd/engine"
	"seqd/protocol/sqlstate"
)

// TestFullLeaderHandsOver: as long as another node has space, the cluster can write.
func TestFullLeaderHandsOver(t *testing.T) {
	x := newTeam(t, Config{})
	full := make([]atomic.Bool, 3)
	for i := range full {
		m := x.add()
		m.config.FreeSpace = func() (uint64, uint64, error) {
			if full[i].Load() {
				return 0, 1 << 40, nil
			}
			return 1 << 39, 1 << 40, nil
		}
		if i > 0 {
			m.config.Join = []string{x.nodes[0].addr}
		}
		m.start()
	}
	x.voters(3)
	index := func(m *teammate) int { return int(m.name[0] - 'A') }
	first := x.leader()
	full[index(first)].Store(true)
	second := x.leader(first)
	create(t, second.node.Load(), "s", nil)
	eventually(t, "the state in the status", func() bool {
		s, err := second.port.Admin(second.addr).Status(t.Context())
		return err == nil && s.Nodes[index(first)].DiskFull && !s.Nodes[index(second)].DiskFull
	})
	full[index(second)].Store(true)
	third := x.leader(first, second)
	full[index(third)].Store(true)
	// Now nobody can write; handing it around would help nobody.
	eventually(t, "a refusal", func() bool {
		_, err := third.node.Load().Propose(context.Background(), &engine.Reserve{})
		return sqlstate.CodeOf(err) == sqlstate.DiskFull
	})
	if got := x.leader(); got != third {
		t.Errorf("%s leads, not %s", got.name, third.name)
	}
	full[index(first)].Store(false)
	create(t, x.leader(second, third).node.Load(), "t", nil)
}
