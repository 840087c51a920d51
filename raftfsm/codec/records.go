package codec

import (
	"errors"
	"fmt"
	"io"

	"seqd/engine"
)

// loader builds a store from a snapshot's records.
type loader struct {
	header  Header
	restore *engine.Restore // nil until the header was read
	cluster Cluster
	filling int  // the gateway that outcomes are being added to
	last    byte // tag of the last record
}

// all reads a snapshot to its end.
func (l *loader) all(in io.Reader) error {
	r, err := newRecordReader(in)
	if err != nil {
		return err
	}
	for count := uint64(0); ; count++ {
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

func (l *loader) record(tag byte, body []byte) error {
	if tag < l.last || (tag == tagHeader) != (l.restore == nil) {
		return fmt.Errorf("record of type %d is out of order", tag)
	}
	l.last = tag
	switch tag {
	case tagHeader:
		return l.readHeader(body)
	case tagRole:
		return l.role(body)
	case tagDatabase:
		return l.database(body)
	case tagSchema:
		return l.schema(body)
	case tagSequence:
		return l.sequence(body)
	case tagPosition:
		return l.position(body)
	case tagLease:
		return l.lease(body)
	case tagMember:
		return l.member(body)
	case tagGateway:
		return l.gateway(body)
	case tagOutcome:
		return l.outcome(body)
	case tagFormat:
		return l.format(body)
	}
	return fmt.Errorf("record of unknown type %d", tag)
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
	l.restore = engine.NewRestore(nextOID)
	return err
}

func appendRole(b []byte, r *engine.Role) []byte {
	b = appendUint(b, 1, uint64(r.OID))
	b = appendString(b, 2, r.Name)
	b = appendBool(b, 3, r.Superuser)
	b = appendBool(b, 4, r.CanLogin)
	return appendUint(b, 5, r.Version)
}

func (l *loader) role(b []byte) error {
	var r engine.Role
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &r.OID)
		case 2:
			return x.string(&r.Name)
		case 3:
			return x.bool(&r.Superuser)
		case 4:
			return x.bool(&r.CanLogin)
		case 5:
			return x.uint(&r.Version)
		}
		return errUnknownField
	})
	if err != nil {
		return err
	}
	return l.restore.Role(r)
}

func appendDatabase(b []byte, d *engine.Database) []byte {
	b = appendUint(b, 1, uint64(d.OID))
	b = appendString(b, 2, d.Name)
	return appendUint(b, 3, uint64(d.Owner))
}

func (l *loader) database(b []byte) error {
	var oid, owner engine.OID
	var name string
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &oid)
		case 2:
			return x.string(&name)
		case 3:
			return into(x, &owner)
		}
		return errUnknownField
	})
	if err != nil {
		return err
	}
	return l.restore.Database(oid, name, owner)
}

func appendSchema(b []byte, database engine.OID, s *engine.Schema) []byte {
	b = appendUint(b, 1, uint64(database))
	b = appendUint(b, 2, uint64(s.OID))
	b = appendString(b, 3, s.Name)
	b = appendUint(b, 4, uint64(s.Owner))
	return appendUint(b, 5, s.Version)
}

func (l *loader) schema(b []byte) error {
	var database engine.OID
	var s engine.Schema
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &database)
		case 2:
			return into(x, &s.OID)
		case 3:
			return x.string(&s.Name)
		case 4:
			return into(x, &s.Owner)
		case 5:
			return x.uint(&s.Version)
		}
		return errUnknownField
	})
	if err != nil {
		return err
	}
	return l.restore.Schema(database, s)
}

func (l *loader) sequence(b []byte) error {
	var database engine.OID
	var s engine.Sequence
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return into(x, &database)
		case 2:
			return embedded(x, func(b []byte) error { return decodeSequence(b, &s) })
		}
		return errUnknownField
	})
	if err != nil {
		return err
	}
	return l.restore.Sequence(database, s)
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
	return l.restore.Position(id, p)
}
