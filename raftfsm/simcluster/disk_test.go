package simcluster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/raft"

	"seqd/raftfsm/internal/seams"
)

// image is what a disk holds. Everything in it is written once and then shared.
type image struct {
	logs        map[uint64]*raft.Log
	first, last uint64
	values      map[string][]byte
	snapshots   []*snapshot // newest first
	identity    seams.Identity
}

type snapshot struct {
	meta raft.SnapshotMeta
	data []byte
}

func newImage() *image { return &image{logs: map[uint64]*raft.Log{}, values: map[string][]byte{}} }

func (i *image) clone() *image {
	c := *i
	c.logs, c.values, c.snapshots = maps.Clone(i.logs), maps.Clone(i.values), slices.Clone(i.snapshots)
	return &c
}

// disk is a disk as one process sees it (seams.Disk). Writes are atomic and durable
// when they return; one that is under way at a crash may have been done or not.
type disk struct {
	gate    *gate
	written func(*snapshot) // told of every finished snapshot

	mu      sync.Mutex
	rng     *rand.Rand
	image   *image
	latency time.Duration // of a write, at most
	stalled chan struct{} // not nil: writes hang until it is closed
	full    bool
	broken  bool // writes fail
	pending map[*func(*image)]struct{}
}

func newDisk(rng *rand.Rand, i *image) *disk {
	return &disk{rng: rng, image: i, latency: time.Duration(1+rng.IntN(2000)) * time.Microsecond, pending: map[*func(*image)]struct{}{}}
}

// crash returns what is on the disk now. The process that used it may go on with a
// copy of its own.
func (d *disk) crash() *image {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := d.image.clone()
	for op := range d.pending {
		if d.rng.IntN(2) == 0 {
			(*op)(i)
		}
	}
	d.full, d.broken = false, false
	d.written = func(*snapshot) {}
	d.release()
	return i
}

func (d *disk) stall() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stalled == nil {
		d.stalled = make(chan struct{})
	}
}

// release ends a stall; mu is held.
func (d *disk) release() {
	if d.stalled != nil {
		close(d.stalled)
		d.stalled = nil
	}
}

// set changes the disk's state.
func (d *disk) set(change func(*disk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

func (d *disk) heal() {
	d.set(func(d *disk) { d.full, d.broken = false, false; d.release() })
}

func (d *disk) write(op func(*image)) error {
	d.gate.wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending[&op] = struct{}{}
	defer delete(d.pending, &op)
	took := time.Duration(1 + d.rng.Int64N(int64(d.latency)))
	d.mu.Unlock()
	time.Sleep(took)
	d.mu.Lock()
	for d.stalled != nil {
		stalled := d.stalled
		d.mu.Unlock()
		<-stalled
		d.mu.Lock()
	}
	switch {
	case d.full:
		return syscall.ENOSPC
	case d.broken:
		return syscall.EIO
	}
	op(d.image)
	return nil
}

func (d *disk) StoreLog(l *raft.Log) error { return d.StoreLogs([]*raft.Log{l}) }

func (d *disk) StoreLogs(list []*raft.Log) error {
	return d.write(func(i *image) {
		for _, l := range list {
			i.logs[l.Index] = l
			if i.first == 0 || l.Index < i.first {
				i.first = l.Index
			}
			i.last = max(i.last, l.Index)
		}
	})
}

func (d *disk) GetLog(index uint64, l *raft.Log) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := d.image.logs[index]
	if x == nil {
		return raft.ErrLogNotFound
	}
	*l = *x
	return nil
}

func (d *disk) FirstIndex() (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.image.first, nil
}

func (d *disk) LastIndex() (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.image.last, nil
}

func (d *disk) DeleteRange(first, last uint64) error {
	return d.write(func(i *image) {
		for x := first; x <= last; x++ {
			delete(i.logs, x)
		}
		if first <= i.first {
			i.first = last + 1
		}
		if last >= i.last {
			i.last = first - 1
		}
		if i.first > i.last {
			i.first, i.last = 0, 0
		}
	})
}

func (d *disk) Set(key, value []byte) error {
	return d.write(func(i *image) { i.values[string(key)] = value })
}

// errNotFound has the text by which raft knows that a variable was never set.
var errNotFound = errors.New("not found")

func (d *disk) Get(key []byte) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.image.values[string(key)]
	if !ok {
		return nil, errNotFound
	}
	return v, nil
}

func (d *disk) Close() error { return nil }

func (d *disk) Identity() seams.Identity {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.image.identity
}

func (d *disk) SetIdentity(id seams.Identity) error {
	return d.write(func(i *image) { i.identity = id })
}

func (d *disk) Snapshots() raft.SnapshotStore { return (*snapshots)(d) }

// snapshots is the disk as raft's snapshot store.
type snapshots disk

func (s *snapshots) Create(version raft.SnapshotVersion, index, term uint64, c raft.Configuration, at uint64, _ raft.Transport) (raft.SnapshotSink, error) {
	return &sink{disk: (*disk)(s), snapshot: snapshot{meta: raft.SnapshotMeta{
		Version: version, ID: fmt.Sprint(term, "-", index), Index: index, Term: term, Configuration: c, ConfigurationIndex: at}}}, nil
}

func (s *snapshots) List() ([]*raft.SnapshotMeta, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*raft.SnapshotMeta
	for _, x := range s.image.snapshots {
		meta := x.meta
		list = append(list, &meta)
	}
	return list, nil
}

func (s *snapshots) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.image.snapshots {
		if x.meta.ID == id {
			meta := x.meta
			return &meta, io.NopCloser(bytes.NewReader(x.data)), nil
		}
	}
	return nil, nil, fmt.Errorf("there is no snapshot %s", id)
}

type sink struct {
	disk *disk
	snapshot
	done bool
}

func (s *sink) ID() string { return s.meta.ID }

func (s *sink) Write(b []byte) (int, error) {
	s.data = append(s.data, b...)
	return len(b), nil
}

func (s *sink) Cancel() error {
	s.done = true
	return nil
}

func (s *sink) Close() error {
	if s.done {
		return nil
	}
	s.done = true
	s.meta.Size = int64(len(s.data))
	s.disk.mu.Lock()
	written := s.disk.written
	s.disk.mu.Unlock()
	return s.disk.write(func(i *image) {
		written(&s.snapshot)
		i.snapshots = append([]*snapshot{&s.snapshot}, i.snapshots...)
		i.snapshots = i.snapshots[:min(2, len(i.snapshots))]
	})
}
