package codec

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"seqd/engine"
)

// loader builds a store from a snapshot's records.
type loader struct {
	header  Header
	restore *engine.Restore // nil until the header was read
	feed    feed
	cluster Cluster
	filling int  // the gateway that outcomes are being added to
	last    int  // place in order of the last record
	bare    bool // the snapshot is from before version 3
}

// all reads a snapshot to its end.
func (l *loader) all(in io.Reader) error {
	err := l.read(in)
	// What was not taken stood before what could not be read.
	return cmp.Or(l.feed.end(), err)
}

func (l *loader) read(in io.Reader) error {
	r, err := newRecordReader(in)
	if err != nil {
		return err
	}
	l.bare = r.version < 3
	for count := uint64(0); ; count++ {
		l.feed.record = count
		tag, body, err := r.record()
		if err != nil {
			return err
		}
		if tag == tagEnd {
			if err := r.end(body, count); err != nil {
				return err
			}
			break
		}
		if err := l.record(tag, body); err != nil {
			return fmt.Errorf("snapshot record %d: %w", count, err)
		}
	}
	if l.restore == nil {
		return errors.New("the snapshot has no header")
	}
	return nil
}

// order is that of the records' tags. Roles, databases, schemas and sequences have
// tags of their own in snapshots up to version 2 only.
var order = []byte{tagHeader, tagRole, tagDatabase, tagSchema, tagSequence, tagShared, tagObject,
	tagPosition, tagLease, tagMember, tagGateway, tagOutcome, tagFormat}

func (l *loader) record(tag byte, body []byte) error {
	rank := slices.Index(order, tag)
	if rank < 0 {
		return fmt.Errorf("record of unknown type %d", tag)
	}
	if rank < l.last || (tag == tagHeader) != (l.restore == nil) {
		return fmt.Errorf("record of type %d is out of order", tag)
	}
	l.last = rank
	switch tag {
	case tagHeader:
		return l.readHeader(body)
	case tagRole, tagDatabase, tagSchema, tagSequence:
		if !l.bare {
			return fmt.Errorf("record of type %d, which only older snapshots have", tag)
		}
		return l.bareObject(tag, body)
	case tagShared:
		return l.shared(body)
	case tagObject:
		return l.object(body)
	case tagPosition:
		return l.position(body)
	case tagLease:
		return l.lease(body)
	case tagMember:
		return l.member(body)
	case tagGateway:
		return l.gateway(body)
	case tagFormat:
		return l.format(body)
	}
	return l.outcome(body)
}

func (l *loader) readHeader(b []byte) error {
	var nextOID engine.OID
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return x.uint(&l.header.Index)
		case 2:
			return x.uint(&l.header.Term)
		case 3:
			return x.string(&l.header.Cluster)
		case 4:
			return into(x, &nextOID)
		}
		return errUnknownField
	})
	if l.bare {
		l.restore = engine.NewRestoreBare(nextOID)
	} else {
		l.restore = engine.NewRestore(nextOID)
	}
	return err
}

// shared reads a record Object of something that belongs to no database.
func (l *loader) shared(b []byte) error {
	o, err := decodeObject(b)
	if err != nil {
		return err
	}
	return l.restore.Shared(o)
}

// object reads a record InDatabase.
func (l *loader) object(b []byte) error {
	var database engine.OID
	var o engine.Object
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &database)
		case 2:
			return embedded(x, func(b []byte) (err error) {
				o, err = decodeObject(b)
				return err
			})
		}
		return errUnknownField
	})
	if err == nil && o == nil {
		err = errMalformed
	}
	if err != nil {
		return err
	}
	return l.feed.put(l.restore, fed{database: database, object: o})
}

// bareObject reads a record of a snapshot up to version 2.
func (l *loader) bareObject(tag byte, b []byte) error {
	switch tag {
	case tagRole:
		r := &engine.Role{}
		if err := decodeRole(b, r); err != nil {
			return err
		}
		return l.restore.Shared(r)
	case tagDatabase:
		d := &engine.DatabaseInfo{}
		if err := decodeDatabase(b, d); err != nil {
			return err
		}
		return l.restore.Shared(d)
	}
	var database engine.OID
	schema, seq := &engine.Schema{}, &engine.Sequence{}
	err := eachField(b, func(x field) error {
		switch {
		case x.number == 1:
			return into(x, &database)
		case tag == tagSequence && x.number == 2:
			return embedded(x, func(b []byte) error { return decodeSequence(b, seq) })
		case tag == tagSchema:
			return readSchema(x, schema)
		}
		return errUnknownField
	})
	switch {
	case err != nil:
		return err
	case tag == tagSchema:
		return l.restore.In(database, schema)
	}
	return l.restore.In(database, seq)
}

func appendPosition(b []byte, id engine.SequenceID, p engine.Position) []byte {
	b = appendUint(b, 1, uint64(id.Database))
	b = appendUint(b, 2, uint64(id.Sequence))
	b = appendMessage(b, 3, func(b []byte) []byte { return appendState(b, p.State) })
	b = appendUint(b, 4, p.Epoch)
	return appendUint(b, 5, p.Serial)
}

func (l *loader) position(b []byte) error {
	var id engine.SequenceID
	var p engine.Position
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &id.Database)
		case 2:
			return into(x, &id.Sequence)
		case 3:
			return embedded(x, func(b []byte) error { return decodeState(b, &p.State) })
		case 4:
			return x.uint(&p.Epoch)
		case 5:
			return x.uint(&p.Serial)
		}
		return errUnknownField
	})
	if err != nil {
		return err
	}
	return l.feed.put(l.restore, fed{id: id, position: p})
}
