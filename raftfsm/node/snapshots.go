package node

import (
	"time"

	"github.com/hashicorp/raft"
)

// snapshotStore keeps snapshots of the same log entry apart. FileSnapshotStore names
// a snapshot by term, index and the millisecond; the second of one name would fail
// when it is renamed over the first, and CHECKPOINT with it.
type snapshotStore struct{ raft.SnapshotStore }

// Create waits, if the newest snapshot is of the same entry, until its millisecond
// is over.
func (s snapshotStore) Create(version raft.SnapshotVersion, index, term uint64, members raft.Configuration,
	membersIndex uint64, trans raft.Transport) (raft.SnapshotSink, error) {
	known, err := s.List()
	if err != nil {
		return nil, err
	}
	if len(known) > 0 && known[0].Index == index && known[0].Term == term {
		time.Sleep(time.Millisecond)
	}
	return s.SnapshotStore.Create(version, index, term, members, membersIndex, trans)
}
