// Package seams is where a simulation takes hold of a node (raftfsm/simcluster):
// its clock, its disk, the moments at which a pause of the process hurts most, and
// mistakes that are planted to see that they would be noticed. Nothing outside of
// raftfsm can name what is in here, so no configuration of the program reaches it.
package seams

import (
	"time"

	"github.com/hashicorp/raft"
)

// Node is what a node takes from its surroundings. The zero value is the machine.
type Node struct {
	// Clock is the lease's clock; nil: lease.BootClock.
	Clock func() time.Duration
	// Boot tells this boot of the machine from others; "": lease.BootID.
	Boot string
	// Disk takes the place of the data folder; nil: the folder.
	Disk Disk
	// Proposing is called before an entry is handed to raft, after the term that it
	// carries was read: a process that is paused here may go on in another term.
	Proposing func()
	// Applying is called with every entry that the state machine executes.
	Applying func(*raft.Log)
	Mistakes Mistakes
}

// Propose calls Proposing.
func (n *Node) Propose() {
	if n.Proposing != nil {
		n.Proposing()
	}
}

// Apply calls Applying.
func (n *Node) Apply(l *raft.Log) {
	if n.Applying != nil {
		n.Applying(l)
	}
}

// Mistakes are what the protocol must not do.
type Mistakes struct {
	NoLease bool // a leader serves for as long as it believes to lead
	NoWait  bool // a new leader does not wait for its predecessor's lease
	NoFence bool // an entry counts although another term than its own logged it
	// NoGrants: a change is acknowledged while other nodes may hand out cached values
	// that it voids.
	NoGrants bool
}

// Disk keeps what outlives a node's process.
type Disk interface {
	Log
	Snapshots() raft.SnapshotStore
	// Identity is zero on a disk that no node has begun yet.
	Identity() Identity
	SetIdentity(Identity) error
}

// Log is raft's log and its variables (raft-boltdb's store, or what stands for it).
type Log interface {
	raft.LogStore
	Set(key, value []byte) error
	Get(key []byte) ([]byte, error)
	Close() error
}

// Identity is whose a disk is.
type Identity struct {
	Cluster, Node string
	Joining       bool // it has joined a cluster, and may not have heard from it yet
}
