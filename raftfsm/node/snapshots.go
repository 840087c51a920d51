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
	sink, err := s.SnapshotStore.Create(version, index, term, members, membersIndex, trans)
	if err != nil {
		return nil, err
	}
	return &pacedSink{SnapshotSink: sink, began: time.Now()}, nil
}

// A snapshot of a million sequences is a second of work, while clients are served. At
// full speed it would have a core for itself for as long as the scheduler lets it: of
// two, half of all, and clients wait. So it rests, a moment for each that it works.
const (
	paceWork = time.Millisecond
	paceRest = 2 * time.Millisecond // at most: what it waited for a core was no work
)

// pacedSink is a sink whose writer rests now and then.
type pacedSink struct {
	raft.SnapshotSink
	began time.Time // of the work since the last rest
}

// Write implements io.Writer.
func (s *pacedSink) Write(b []byte) (int, error) {
	if worked := time.Since(s.began); worked >= paceWork {
		time.Sleep(min(worked, paceRest))
		s.began = time.Now()
	}
	return s.SnapshotSink.Write(b)
}
