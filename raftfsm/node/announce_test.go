package node

import (
	"testing"

	"github.com/hashicorp/raft"
)

// TestMovedMembers: each node in turn comes back under another address, a voter, a
// leader, and one that may not vote. All others find it, and it keeps its vote.
func TestMovedMembers(t *testing.T) {
	x := newTeam(t, Config{}).start(3)
	reader := x.add()
	reader.config.Join, reader.config.NonVoter = []string{x.nodes[0].addr}, true
	reader.start()
	id := create(t, x.leader().node.Load(), "s", nil)
	last := int64(0)
	for i, m := range x.nodes {
		old := m.addr
		m.stop(i%2 == 0)
		m.addr = ""
		m.start()
		if m.addr == old {
			t.Fatal("the same address")
		}
		eventually(t, "the new address everywhere", func() bool {
			for _, n := range x.running() {
				if len(n.servers()) != 4 || n.NodeAt(m.addr) != m.name || n.NodeAt(old) != "" {
					return false
				}
			}
			return m.node.Load().known()
		})
		for _, s := range m.node.Load().servers() {
			if voter := s.Suffrage == raft.Voter; string(s.ID) == m.name && voter != (m != reader) {
				t.Errorf("%s: voter %v", m.name, voter)
			}
		}
		v := next(t, x.leader().node.Load().Sequence(id))
		if v <= last {
			t.Errorf("value %d after %d", v, last)
		}
		last = v
	}
}
