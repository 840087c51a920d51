package codec

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"

	"seqd/engine"
)

// SnapshotVersion is the newest format of snapshots. This program reads all: version
// 1 ends with the positions; 2 lacks the cluster's format, and knows no objects but
// sequences and what the first release began with. It writes 2 as long as
// members may be there that know no newer one, see Cluster.Format.
const SnapshotVersion = 3

// formatRecord is the first format of a cluster whose snapshots tell it.
const formatRecord = 2

func snapshotVersion(c *Cluster) byte {
	if c.KnownFormat() < formatRecord {
		return 2
	}
	return 3
}

const snapshotMagic = "seqdsnap"

// Tags of records. Numbers are never used again.
const (
	tagHeader   byte = 1
	tagRole     byte = 2
	tagDatabase byte = 3
	tagSchema   byte = 4
	tagSequence byte = 5
	tagPosition byte = 6
	tagLease    byte = 7
	tagMember   byte = 8
	tagGateway  byte = 9
	tagOutcome  byte = 10
	tagFormat   byte = 11
	tagShared   byte = 12
	tagObject   byte = 13
	tagEnd      byte = 0xff
)

// maxRecord bounds a record: the engine holds no object that comes near it.
const maxRecord = 64 << 20

// readAtOnce bounds what a reader allocates before it has seen that much of a record.
const readAtOnce = 1 << 20

// Header tells what moment a snapshot shows.
type Header struct {
	Index, Term uint64 // of the last log entry in it
	Cluster     string // the cluster's ID
}

// WriteSnapshot writes a store:
//
//	magic "seqdsnap", format version (1 byte)
//	records: tag (1 byte), length (uvarint), protobuf message
//	         header, shared objects, databases, their objects, positions, the lease (if there ever
//	         was one), members, gateways, their outcomes,
//	         the format; each kind in key order
//	         end: the number of records before it
//	checksum: CRC-32C of everything before (4 bytes, little endian)
//
//	message Header   { uint64 index = 1; uint64 term = 2; bytes cluster = 3; uint32 next_oid = 4; }
//	         shared objects and databases are messages Object (see the package comment)
//	message InDatabase { uint32 database = 1; Object object = 2; }
//	message Position { uint32 database = 1; uint32 sequence = 2; State state = 3; uint64 epoch = 4; uint64 serial = 5; }
//	message LeaseRecord { bytes holder = 1; bytes boot = 2; uint64 term = 3; uint64 millis = 4; }
//	message Member   { bytes id = 1; bytes address = 2; uint64 version = 3; bool voter = 4; }
//	message Gateway  { uint64 id = 1; uint64 used = 2; uint64 below = 3; }
//	message Outcome  { uint64 gateway = 1; uint64 counter = 2; Error error = 3; repeated Effect effects = 4; }
//	message Error    { bytes severity = 1; bytes code = 2; bytes message = 3; bytes detail = 4; bytes hint = 5;
//	                   bytes where = 6; sint64 position = 7; }
//	message Effect   { uint32 kind = 1; uint32 database = 2; uint32 sequence = 3; uint64 epoch = 4; Block block = 5; State state = 6; }
//	message Block    { sint64 first = 1; sint64 last = 2; sint64 increment = 3; }
//	message Format   { uint64 format = 1; uint64 largest = 2; }
//	message End      { uint64 count = 1; }
//
// Equal states under equal headers give equal bytes.
func WriteSnapshot(out io.Writer, h Header, s *engine.Store, cluster *Cluster) error {
	sum := crc32.New(castagnoli)
	w := &recordWriter{out: bufio.NewWriter(io.MultiWriter(out, sum))}
	w.raw(append([]byte(snapshotMagic), snapshotVersion(cluster)))
	c := s.Catalog()
	w.record(tagHeader, func(b []byte) []byte {
		b = appendUint(b, 1, h.Index)
		b = appendUint(b, 2, h.Term)
		b = appendString(b, 3, h.Cluster)
		return appendUint(b, 4, uint64(c.NextOID()))
	})
	if snapshotVersion(cluster) < 3 {
		w.bareCatalog(c)
	} else {
		w.catalog(c)
	}
	for id, pos := range s.Positions {
		w.record(tagPosition, func(b []byte) []byte { return appendPosition(b, id, pos) })
	}
	w.cluster(cluster)
	count := w.count
	w.record(tagEnd, func(b []byte) []byte { return appendUint(b, 1, count) })
	if w.err == nil {
		w.err = w.out.Flush()
	}
	if w.err != nil {
		return w.err
	}
	_, err := out.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32()))
	return err
}

func (w *recordWriter) catalog(c *engine.Catalog) {
	for o := range c.Shared {
		w.record(tagShared, func(b []byte) []byte { return appendObject(b, o) })
	}
	for db := range c.Databases {
		w.record(tagShared, func(b []byte) []byte { return appendObject(b, &db.DatabaseInfo) })
	}
	for db := range c.Databases {
		for o := range db.Objects {
			w.record(tagObject, func(b []byte) []byte {
				b = appendUint(b, 1, uint64(db.OID))
				return appendMessage(b, 2, func(b []byte) []byte { return appendObject(b, o) })
			})
		}
	}
}

func (w *recordWriter) cluster(c *Cluster) {
	if c.Lease.Holder != "" {
		w.record(tagLease, func(b []byte) []byte { return appendRecord(b, c.Lease) })
	}
	for _, m := range c.Members {
		w.record(tagMember, func(b []byte) []byte { return appendMember(b, m) })
	}
	for i := range c.Gateways {
		w.record(tagGateway, func(b []byte) []byte { return appendGateway(b, &c.Gateways[i]) })
	}
	for i := range c.Gateways {
		g := &c.Gateways[i]
		for j := range g.Results {
			w.record(tagOutcome, func(b []byte) []byte { return appendOutcome(b, g.ID, &g.Results[j]) })
		}
	}
	if c.Format >= formatRecord {
		w.record(tagFormat, func(b []byte) []byte { return appendFormat(b, c) })
	}
}

type recordWriter struct {
	out   *bufio.Writer
	head  [1 + binary.MaxVarintLen64]byte
	body  []byte
	count uint64
	err   error
}

func (w *recordWriter) raw(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
	}
}

func (w *recordWriter) record(tag byte, write func([]byte) []byte) {
	if w.err != nil {
		return
	}
	w.body = write(w.body[:0])
	if len(w.body) > maxRecord {
		w.err = fmt.Errorf("snapshot record of %d bytes is too large", len(w.body))
		return
	}
	w.head[0] = tag
	w.raw(w.head[:1+binary.PutUvarint(w.head[1:], uint64(len(w.body)))])
	w.raw(w.body)
	w.count++
}

// ReadHeader reads a snapshot's header and nothing else; it is not known then
// whether the snapshot is whole.
func ReadHeader(in io.Reader) (Header, error) {
	r, err := newRecordReader(in)
	if err != nil {
		return Header{}, err
	}
	tag, body, err := r.record()
	if err != nil {
		return Header{}, err
	}
	load := &loader{}
	if tag == tagEnd {
		return Header{}, ErrDamaged
	}
	err = load.record(tag, body)
	return load.header, err
}

func newRecordReader(in io.Reader) (*recordReader, error) {
	r := &recordReader{in: bufio.NewReader(in), sum: crc32.New(castagnoli)}
	start := make([]byte, len(snapshotMagic)+1)
	if err := r.full(start); err != nil || string(start[:len(snapshotMagic)]) != snapshotMagic {
		return nil, errors.New("not a snapshot of seqd")
	}
	r.version = int(start[len(snapshotMagic)])
	if r.version < 1 || r.version > SnapshotVersion {
		return nil, &VersionError{What: "snapshot", Have: r.version, Know: SnapshotVersion}
	}
	return r, nil
}

// ReadSnapshot reads what WriteSnapshot wrote. It gives a state only if every
// byte was right.
func ReadSnapshot(in io.Reader) (Header, *engine.Store, *Cluster, error) {
	load := &loader{}
	err := load.all(in)
	if err != nil {
		return Header{}, nil, nil, err
	}
	store, err := load.restore.Store()
	if err != nil {
		return Header{}, nil, nil, err
	}
	return load.header, store, &load.cluster, nil
}

type recordReader struct {
	in      *bufio.Reader
	version int
	sum     hash.Hash32
	body    []byte
}

// full fills b and adds it to the checksum.
func (r *recordReader) full(b []byte) error {
	if _, err := io.ReadFull(r.in, b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return ErrDamaged // cut off
		}
		return err
	}
	r.sum.Write(b)
	return nil
}

// ReadByte reads one byte for binary.ReadUvarint.
func (r *recordReader) ReadByte() (byte, error) {
	var b [1]byte
	err := r.full(b[:])
	return b[0], err
}

func (r *recordReader) record() (tag byte, body []byte, err error) {
	if tag, err = r.ReadByte(); err != nil {
		return 0, nil, err
	}
	length, err := binary.ReadUvarint(r)
	if err != nil || length > maxRecord {
		return 0, nil, ErrDamaged
	}
	r.body = r.body[:0]
	for rest := int(length); rest > 0; {
		n := min(rest, readAtOnce)
		r.body = slices.Grow(r.body, n)
		next := r.body[len(r.body) : len(r.body)+n]
		if err := r.full(next); err != nil {
			return 0, nil, err
		}
		r.body = r.body[:len(r.body)+n]
		rest -= n
	}
	return tag, r.body, nil
}

// end checks the count, the checksum, and that nothing follows.
func (r *recordReader) end(body []byte, count uint64) error {
	sum := binary.LittleEndian.AppendUint32(nil, r.sum.Sum32())
	have := make([]byte, len(sum))
	if err := r.full(have); err != nil || !bytes.Equal(have, sum) {
		return ErrDamaged
	}
	var want uint64
	err := eachField(body, func(x field) error {
		if x.number != 1 {
			return errUnknownField
		}
		return x.uint(&want)
	})
	if err != nil || want != count {
		return ErrDamaged
	}
	if _, err := r.in.ReadByte(); !errors.Is(err, io.EOF) {
		return errors.New("data follows the end of the snapshot")
	}
	return nil
}
