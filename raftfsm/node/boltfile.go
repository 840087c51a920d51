package node

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
)

// This file reads a bolt file the distrustful way. bolt itself maps the file and
// believes it: on a damaged one it panics, reads beyond the map, or, worst,
// quietly takes the older of its two meta pages and with that a log that lacks
// the newest entries, whose values would then be handed out again.

// The format, as go.etcd.io/bbolt writes it, in the machine's byte order.
const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2

	boltPageHeader = 16
	boltElement    = 16
	boltMetaSize   = 64
	boltBucketSize = 16

	boltBranch = 0x01
	boltLeaf   = 0x02
	boltBucket = 0x01 // flag of a leaf element

	boltMaxDepth = 64
)

var errBolt = errors.New("the file is damaged")

type boltMeta struct {
	pageSize, root, high, tx uint64
}

// boltFile walks a bolt file.
type boltFile struct {
	in   io.ReaderAt
	meta boltMeta
	seen map[uint64]bool
	// visit is called for every key and value, in order, with the bucket's name.
	visit func(bucket string, key, value []byte) error
}

// checkBolt reads the whole tree of a bolt file.
func checkBolt(path string, visit func(bucket string, key, value []byte) error) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	f := &boltFile{in: in, seen: map[uint64]bool{}, visit: visit}
	if err := f.readMetas(); err != nil {
		return err
	}
	if f.meta.high > uint64(info.Size())/f.meta.pageSize {
		return fmt.Errorf("%w: it was cut off at %d bytes", errBolt, info.Size())
	}
	return f.page(f.meta.root, "", 0, nil, nil)
}

// readMetas wants both meta pages whole: a write never leaves one torn, since a
// meta lies within one sector.
func (f *boltFile) readMetas() error {
	first, err := f.readMeta(0, 0)
	if err != nil {
		return err
	}
	second, err := f.readMeta(1, first.pageSize)
	if err != nil {
		return err
	}
	if f.meta = first; second.tx > first.tx {
		f.meta = second
	}
	return nil
}

func (f *boltFile) readMeta(id, pageSize uint64) (m boltMeta, err error) {
	b := make([]byte, boltPageHeader+boltMetaSize)
	if _, err := f.in.ReadAt(b, int64(id*pageSize)); err != nil {
		return m, fmt.Errorf("%w: meta page %d can't be read", errBolt, id)
	}
	b = b[boltPageHeader:]
	sum := fnv.New64a()
	sum.Write(b[:56])
	switch order := binary.NativeEndian; {
	case order.Uint32(b) != boltMagic:
		return m, fmt.Errorf("%w: meta page %d is not one of bolt's", errBolt, id)
	case order.Uint32(b[4:]) != boltVersion:
		return m, fmt.Errorf("%w: meta page %d has version %d", errBolt, id, order.Uint32(b[4:]))
	case order.Uint64(b[56:]) != sum.Sum64():
		return m, fmt.Errorf("%w: meta page %d does not match its checksum", errBolt, id)
	default:
		m = boltMeta{pageSize: uint64(order.Uint32(b[8:])), root: order.Uint64(b[16:]), high: order.Uint64(b[40:]), tx: order.Uint64(b[48:])}
	}
	if m.pageSize < 512 || m.pageSize > 1<<20 || (pageSize != 0 && m.pageSize != pageSize) {
		return m, fmt.Errorf("%w: meta page %d has page size %d", errBolt, id, m.pageSize)
	}
	return m, nil
}

// page walks the subtree at a page. Its keys lie in [low, below); nil: open.
func (f *boltFile) page(id uint64, bucket string, depth int, low, below []byte) error {
	if id < 2 || id >= f.meta.high || f.seen[id] || depth > boltMaxDepth {
		return fmt.Errorf("%w: reference to page %d", errBolt, id)
	}
	head := make([]byte, boltPageHeader)
	if err := f.read(head, id); err != nil {
		return err
	}
	overflow := uint64(binary.NativeEndian.Uint32(head[12:]))
	if binary.NativeEndian.Uint64(head) != id || overflow >= f.meta.high-id {
		return fmt.Errorf("%w: page %d has a wrong header", errBolt, id)
	}
	for i := range overflow + 1 {
		if f.seen[id+i] {
			return fmt.Errorf("%w: page %d belongs to two places", errBolt, id+i)
		}
		f.seen[id+i] = true
	}
	b := make([]byte, (overflow+1)*f.meta.pageSize)
	if err := f.read(b, id); err != nil {
		return err
	}
	return f.elements(b, bucket, depth, low, below)
}

func (f *boltFile) read(b []byte, id uint64) error {
	if id > math.MaxInt64/f.meta.pageSize {
		return errBolt
	}
	if _, err := f.in.ReadAt(b, int64(id*f.meta.pageSize)); err != nil {
		return fmt.Errorf("%w: page %d can't be read: %w", errBolt, id, err)
	}
	return nil
}

// elements walks the elements of a page, which may be inline in a bucket.
func (f *boltFile) elements(b []byte, bucket string, depth int, low, below []byte) error {
	order := binary.NativeEndian
	flags, count := order.Uint16(b[8:]), uint64(order.Uint16(b[10:]))
	if flags != boltBranch && flags != boltLeaf || boltPageHeader+count*boltElement > uint64(len(b)) {
		return fmt.Errorf("%w: page with flags %#x and %d elements", errBolt, flags, count)
	}
	if flags == boltBranch && count == 0 {
		return fmt.Errorf("%w: empty branch page", errBolt)
	}
	var keys [][]byte
	for i := range count {
		at := boltPageHeader + i*boltElement
		e := b[at:]
		pos, size := order.Uint32(e[4:]), order.Uint32(e[8:])
		if flags == boltBranch {
			pos, size = order.Uint32(e), order.Uint32(e[4:])
		}
		k, err := part(b, at+uint64(pos), uint64(size))
		if err != nil {
			return err
		}
		if len(keys) > 0 && bytes.Compare(k, keys[len(keys)-1]) <= 0 ||
			low != nil && bytes.Compare(k, low) < 0 || below != nil && bytes.Compare(k, below) >= 0 {
			return fmt.Errorf("%w: keys are out of order", errBolt)
		}
		keys = append(keys, k)
	}
	for i, k := range keys {
		e := b[boltPageHeader+i*boltElement:]
		if flags == boltBranch {
			end := below
			if i+1 < len(keys) {
				end = keys[i+1]
			}
			if err := f.page(order.Uint64(e[8:]), bucket, depth+1, k, end); err != nil {
				return err
			}
			continue
		}
		at := uint64(boltPageHeader+i*boltElement) + uint64(order.Uint32(e[4:])) + uint64(len(k))
		v, err := part(b, at, uint64(order.Uint32(e[12:])))
		if err == nil {
			err = f.leaf(order.Uint32(e), bucket, depth, k, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *boltFile) leaf(flags uint32, bucket string, depth int, k, v []byte) error {
	switch {
	case flags == 0:
		return f.visit(bucket, k, v)
	case flags != boltBucket || bucket != "" || len(v) < boltBucketSize:
		return fmt.Errorf("%w: element with flags %#x", errBolt, flags)
	}
	if root := binary.NativeEndian.Uint64(v); root != 0 {
		return f.page(root, string(k), depth+1, nil, nil)
	}
	if v = v[boltBucketSize:]; len(v) < boltPageHeader {
		return fmt.Errorf("%w: short bucket", errBolt)
	}
	return f.elements(v, string(k), depth+1, nil, nil)
}

// part is b[at:at+n].
func part(b []byte, at, n uint64) ([]byte, error) {
	if at > uint64(len(b)) || n > uint64(len(b))-at {
		return nil, fmt.Errorf("%w: element beyond its page", errBolt)
	}
	return b[at : at+n], nil
}
