package node

import "seqd/raftfsm/internal/seams"

// home is where a node keeps what outlives it: a data folder, or what a simulation
// has in its place. A node that keeps nothing has none.
type home interface {
	isFresh() bool       // nothing in it counts before finish
	ownedBy(id identity) // before finish
	finish(joining bool) error
	arrived() error // the log of a node that joined is not empty any more
	close()
}

// simulated is a home on a simulated disk.
type simulated struct {
	disk seams.Disk
	id   seams.Identity
}

func (s *simulated) isFresh() bool       { return s.disk.Identity() == seams.Identity{} }
func (s *simulated) ownedBy(id identity) { s.id.Cluster, s.id.Node = id.Cluster, id.Node }
func (s *simulated) close()              {}

func (s *simulated) finish(joining bool) error {
	s.id.Joining = joining
	return s.disk.SetIdentity(s.id)
}

func (s *simulated) arrived() error {
	s.id.Joining = false
	return s.disk.SetIdentity(s.id)
}

// openSimulated is openStorage for a simulated disk.
func (n *Node) openSimulated() error {
	d := n.config.Seams.Disk
	id := d.Identity()
	n.home = &simulated{disk: d, id: id}
	if n.joining = id.Joining; n.home.isFresh() {
		n.identity = newIdentity(n.config.NodeID)
	} else {
		n.identity = identity{Format: FolderVersion, Cluster: id.Cluster, Node: id.Node}
	}
	n.store = newLogStore(d, n.stalled, n.failed)
	n.snapshots = d.Snapshots()
	return nil
}
