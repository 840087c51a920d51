package node

import (
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// receipts is a log store that remembers when it was given the newest entries. A new
// leader counts its predecessor's lease from the receipt of the last entry with one:
// the holder had read its clock before it proposed that, and a follower that applies it
// may do so only after it was elected, since the word that it is committed comes with
// the next entry.
type receipts struct {
	raft.LogStore
	now func() time.Duration

	mu    sync.Mutex
	times [receiptsKept]receipt
}

type receipt struct {
	index uint64
	at    time.Duration
}

// receiptsKept is how many entries a follower may be behind with applying and still
// know when it was given them.
const receiptsKept = 1024

// StoreLog implements raft.LogStore.
func (r *receipts) StoreLog(l *raft.Log) error { return r.StoreLogs([]*raft.Log{l}) }

// StoreLogs implements raft.LogStore. An entry that takes another one's place has its
// own time.
func (r *receipts) StoreLogs(logs []*raft.Log) error {
	now := r.now()
	r.mu.Lock()
	for _, l := range logs {
		r.times[l.Index%receiptsKept] = receipt{l.Index, now}
	}
	r.mu.Unlock()
	return r.LogStore.StoreLogs(logs)
}

// of is when the entry at index was received: now, if that is not known any more.
func (r *receipts) of(index uint64) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.times[index%receiptsKept]; x.index == index {
		return x.at
	}
	return r.now()
}
