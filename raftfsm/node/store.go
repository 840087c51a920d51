package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"

	"seqd/raftfsm/codec"
	"seqd/raftfsm/internal/seams"
)

// bolt is the part of raft-boltdb that logStore builds on; tests put faults in.
type bolt = seams.Log

// logStore is raft's log and stable store on a bolt file, with what raft-boltdb
// leaves out: a checksum on every record (bolt has one on its meta pages only),
// and an answer to failing writes. raft itself carries on after one in ways that
// part replicas or make a leader flap, so it must not see any: a full disk is
// waited out, everything else ends the process.
type logStore struct {
	bolt    bolt
	onStall func(error) // called with the error when waiting begins, with nil when it ends
	onFatal func(error)
	retry   time.Duration
	onWrite func(time.Duration)
	mute    func() // has nothing leave this node any more; nil: nothing does yet

	written Written // by atomic operations alone

	close   sync.Once
	closing chan struct{}
	since   atomic.Int64 // when the write under way began, in ns since start; 0: none
	start   time.Time
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func openBolt(path string) (*raftboltdb.BoltStore, error) {
	return raftboltdb.New(raftboltdb.Options{
		Path: path,
		// The freelist is derived from the tree at start instead of written with
		// every entry: less to write, and one page less that damage could hit.
		BoltOptions: &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, Timeout: time.Second},
	})
}

func newLogStore(b bolt, onStall, onFatal func(error)) *logStore {
	return &logStore{bolt: b, onStall: onStall, onFatal: onFatal, retry: 100 * time.Millisecond, start: time.Now(), closing: make(chan struct{})}
}

// Written is what a node has written to its log since it was opened.
type Written struct {
	Records, Bytes int64 // entries and their contents
	Commits, Syncs int64 // transactions of the file, and how often it was made durable for them
}

// syncsPerCommit is how often bolt has the disk make things durable in a transaction:
// once for its pages, then for the meta page that leads to them.
const syncsPerCommit = 2

func (s *logStore) committed() {
	atomic.AddInt64(&s.written.Commits, 1)
	atomic.AddInt64(&s.written.Syncs, syncsPerCommit)
}

// Written tells what the node has written to its log; an ephemeral one has none.
func (n *Node) Written() Written {
	if n.store == nil {
		return Written{}
	}
	w := &n.store.written
	return Written{Records: atomic.LoadInt64(&w.Records), Bytes: atomic.LoadInt64(&w.Bytes), Commits: atomic.LoadInt64(&w.Commits), Syncs: atomic.LoadInt64(&w.Syncs)}
}

// stopWaiting makes writes that wait for disk space give up.
func (s *logStore) stopWaiting() { s.close.Do(func() { close(s.closing) }) }

// Close closes the file.
func (s *logStore) Close() error {
	s.stopWaiting()
	return s.bolt.Close()
}

// write runs a write until it succeeds.
func (s *logStore) write(f func() error) error {
	if s.onWrite != nil {
		defer func(began time.Time) { s.onWrite(time.Since(began)) }(time.Now())
	}
	s.since.CompareAndSwap(0, int64(time.Since(s.start)))
	defer s.since.Store(0)
	err := f()
	if err == nil {
		s.committed()
		return nil
	}
	stalled := false
	for errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		if !stalled {
			stalled = true
			s.onStall(err)
		}
		select {
		case <-s.closing:
			return err
		case <-time.After(s.retry):
		}
		if err = f(); err == nil {
			s.committed()
			s.onStall(nil)
			return nil
		}
	}
	select {
	case <-s.closing: // a closed store fails by right
	default:
		s.onFatal(fmt.Errorf("the log can't be written: %w", err))
	}
	return err
}

// busyFor is how long the write under way has taken.
func (s *logStore) busyFor() time.Duration {
	since := s.since.Load()
	if since == 0 {
		return 0
	}
	return time.Since(s.start) - time.Duration(since)
}

// StoreLog implements raft.LogStore.
func (s *logStore) StoreLog(l *raft.Log) error { return s.StoreLogs([]*raft.Log{l}) }

// StoreLogs implements raft.LogStore. The checksum goes where raft has room for
// what the layers around it add; raft's own copy of the entry stays as it is.
func (s *logStore) StoreLogs(logs []*raft.Log) error {
	sealed := make([]*raft.Log, len(logs))
	for i, l := range logs {
		c := *l
		c.Extensions = binary.LittleEndian.AppendUint32(l.Extensions[:len(l.Extensions):len(l.Extensions)], logSum(l))
		sealed[i] = &c
	}
	err := s.write(func() error { return s.bolt.StoreLogs(sealed) })
	if err == nil {
		for _, l := range sealed {
			atomic.AddInt64(&s.written.Bytes, int64(len(l.Data)+len(l.Extensions)))
		}
		atomic.AddInt64(&s.written.Records, int64(len(sealed)))
	}
	return err
}

// GetLog implements raft.LogStore.
func (s *logStore) GetLog(index uint64, l *raft.Log) error {
	if err := s.bolt.GetLog(index, l); err != nil {
		return err
	}
	n := len(l.Extensions) - 4
	if n < 0 {
		return fmt.Errorf("log entry %d: %w", index, codec.ErrDamaged)
	}
	sum := binary.LittleEndian.Uint32(l.Extensions[n:])
	if l.Extensions = l.Extensions[:n]; n == 0 {
		l.Extensions = nil
	}
	if logSum(l) != sum || l.Index != index {
		return fmt.Errorf("log entry %d: %w", index, codec.ErrDamaged)
	}
	return nil
}

func logSum(l *raft.Log) uint32 {
	var head [17]byte
	binary.LittleEndian.PutUint64(head[:], l.Index)
	binary.LittleEndian.PutUint64(head[8:], l.Term)
	head[16] = byte(l.Type)
	sum := crc32.Update(0, castagnoli, head[:])
	sum = crc32.Update(sum, castagnoli, l.Data)
	return crc32.Update(sum, castagnoli, l.Extensions)
}

// FirstIndex implements raft.LogStore.
func (s *logStore) FirstIndex() (uint64, error) { return s.bolt.FirstIndex() }

// LastIndex implements raft.LogStore.
func (s *logStore) LastIndex() (uint64, error) { return s.bolt.LastIndex() }

// DeleteRange implements raft.LogStore.
func (s *logStore) DeleteRange(first, last uint64) error {
	return s.write(func() error { return s.bolt.DeleteRange(first, last) })
}

// Set implements raft.StableStore.
func (s *logStore) Set(key, value []byte) error {
	sealed := binary.LittleEndian.AppendUint32(value[:len(value):len(value)], keySum(key, value))
	err := s.write(func() error { return s.bolt.Set(key, sealed) })
	select {
	case <-s.closing:
		// raft panics if a vote can't be saved. What nobody hears of need not be.
		if err != nil && s.mute != nil {
			s.mute()
			return nil
		}
	default:
	}
	return err
}

// Get implements raft.StableStore. raft knows a missing key by the error's text.
func (s *logStore) Get(key []byte) ([]byte, error) {
	v, err := s.bolt.Get(key)
	if err != nil {
		return nil, err
	}
	n := len(v) - 4
	if n < 0 || keySum(key, v[:n]) != binary.LittleEndian.Uint32(v[n:]) {
		return nil, fmt.Errorf("%s: %w", key, codec.ErrDamaged)
	}
	return v[:n], nil
}

func keySum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// SetUint64 implements raft.StableStore.
func (s *logStore) SetUint64(key []byte, v uint64) error {
	return s.Set(key, binary.BigEndian.AppendUint64(nil, v))
}

// GetUint64 implements raft.StableStore.
func (s *logStore) GetUint64(key []byte) (uint64, error) {
	v, err := s.Get(key)
	switch {
	case err != nil:
		return 0, err
	case len(v) != 8:
		return 0, fmt.Errorf("%s: %w", key, codec.ErrDamaged)
	}
	return binary.BigEndian.Uint64(v), nil
}
