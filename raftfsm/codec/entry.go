package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"seqd/engine"
	"seqd/raftfsm/lease"
)

// EntryVersion is the newest format of log entries that this program knows. It
// reads this and all earlier ones, and writes an entry in the oldest one that has
// all that it says (FormatOf).
const EntryVersion = 2

// FormatOf is the oldest format that has all that an entry says. The cluster's
// format (Cluster.Format) must not be below it when the entry is proposed: a member
// that does not understand an entry has to stop. What is added to entries or to
// snapshots raises EntryVersion, once in a release, and is told here.
func FormatOf(e Entry) uint64 {
	switch c := e.Command.(type) {
	case *engine.SkipAll, *engine.CreateDatabase, *engine.DropDatabase:
		return 2
	case *engine.Commit:
		format := uint64(1)
		for _, w := range c.Writes {
			format = max(format, formatOfWrite(w))
		}
		return format
	}
	if e.Format != 0 {
		return 2
	}
	return 1
}

func formatOfWrite(w engine.Write) uint64 {
	switch w := w.(type) {
	case *engine.PutSequence:
		if s := &w.Sequence; s.Order == engine.OrderStrict && s.ACL == nil && s.OwnedBy == (engine.OwnedBy{}) {
			return 1
		}
	case *engine.DropSequence:
		return 1
	}
	return 2
}

const (
	entryHeader  = 2 // version, type
	entryTrailer = 4 // checksum
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrDamaged says that bytes are not what was written.
var ErrDamaged = errors.New("checksum does not match: the data is damaged")

// VersionError says that bytes come from a newer program.
type VersionError struct {
	What       string
	Have, Know int
}

// Error implements error.
func (e *VersionError) Error() string {
	return fmt.Sprintf("%s has format version %d, this program knows up to %d", e.What, e.Have, e.Know)
}

// Request names a request of a gateway (a node that passes its sessions' commands
// on to the leader), so that a repeated one is applied once. With Counter 0 the
// request is never repeated.
type Request struct {
	Gateway, Counter uint64
	// AckBelow: the gateway will not repeat requests with a smaller counter.
	AckBelow uint64
}

// Lease is what an entry says about the leader's lease. The record's holder is the
// proposer, its term the entry's.
type Lease struct {
	lease.Record
	// Asked is the proposer's clock, in ns, as it was before the entry was proposed.
	// It means nothing to anybody else.
	Asked uint64
}

// Member is what the cluster knows about one of its nodes.
type Member struct {
	ID      string
	Address string // of its cluster port
	Version uint64 // of the program that it runs
	Voter   bool   // to become one as soon as it has caught up
}

// PutMember is the command that adds, changes or removes what is known about a
// node. (Who votes is raft's own configuration.)
type PutMember struct {
	Member
	Gone bool // remove it
}

// Entry is what one log entry says.
type Entry struct {
	// Term is the raft term in which the proposer led. An entry that was logged
	// in another term is refused (see raftfsm.FSM).
	Term    uint64
	Request Request
	// Lease goes along with any command, or stands alone.
	Lease *Lease
	// At most one of Command, Member and Format is set. With none, nor a Lease, it is
	// an entry of an unknown type that may be skipped.
	Command engine.Command
	Member  *PutMember
	// Format is the cluster's from here on: every member knows it.
	Format uint64
}

// EncodeEntry returns the bytes of an entry. Equal entries give equal bytes.
func EncodeEntry(e Entry) ([]byte, error) {
	typ, err := typeOf(e)
	if err != nil {
		return nil, err
	}
	if c, ok := e.Command.(*engine.Commit); ok {
		for _, w := range c.Writes {
			switch w.(type) {
			case *engine.PutSequence, *engine.DropSequence, *engine.Put, *engine.Drop:
			default:
				return nil, fmt.Errorf("no encoding for %T", w)
			}
		}
	}
	b := append(make([]byte, 0, 64), byte(FormatOf(e)), typ)
	b = appendUint(b, 1, e.Term)
	if e.Request != (Request{}) {
		b = appendMessage(b, 2, func(b []byte) []byte {
			b = appendUint(appendUint(b, 1, e.Request.Gateway), 2, e.Request.Counter)
			return appendUint(b, 3, e.Request.AckBelow)
		})
	}
	b = appendMessage(b, 3, func(b []byte) []byte {
		if e.Member != nil {
			return appendBool(appendMember(b, e.Member.Member), 5, e.Member.Gone)
		}
		return appendCommand(appendUint(b, 1, e.Format), e.Command)
	})
	if e.Lease != nil {
		b = appendMessage(b, 4, func(b []byte) []byte { return appendLease(b, e.Lease) })
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)), nil
}

// DecodeEntry reads an entry. An error means that the log can't be followed from
// here on: the caller must stop, not go on with the next entry.
func DecodeEntry(b []byte) (Entry, error) {
	if len(b) < entryHeader+entryTrailer {
		return Entry{}, ErrDamaged
	}
	content, sum := b[:len(b)-entryTrailer], b[len(b)-entryTrailer:]
	if crc32.Checksum(content, castagnoli) != binary.LittleEndian.Uint32(sum) {
		return Entry{}, ErrDamaged
	}
	version, typ, body := content[0], content[1], content[entryHeader:]
	if version < 1 || version > EntryVersion {
		return Entry{}, &VersionError{What: "log entry", Have: int(version), Know: EntryVersion}
	}
	var e Entry
	var command []byte
	err := eachField(body, func(x field) error {
		switch x.number {
		case 1:
			return x.uint(&e.Term)
		case 2:
			return embedded(x, func(b []byte) error { return decodeRequest(b, &e.Request) })
		case 3:
			return embedded(x, func(b []byte) error { command = b; return nil })
		case 4:
			e.Lease = &Lease{}
			return embedded(x, func(b []byte) error { return decodeLease(b, e.Lease) })
		}
		return errUnknownField
	})
	if err == nil {
		err = e.decodeBody(typ, command)
	}
	if errors.Is(err, errUnknownType) && typ&maySkip != 0 {
		return Entry{Term: e.Term}, nil
	}
	if err == nil && FormatOf(e) > uint64(version) {
		err = errMalformed
	}
	if err != nil {
		return Entry{}, fmt.Errorf("log entry of type %d: %w", typ, err)
	}
	return e, nil
}

func (e *Entry) decodeBody(typ byte, body []byte) (err error) {
	if e.Lease != nil {
		e.Lease.Term = e.Term
	}
	switch typ {
	case typeLease:
		if e.Lease == nil || len(body) > 0 {
			return errMalformed
		}
	case typeMember:
		e.Member = &PutMember{}
		return decodeMember(body, &e.Member.Member, &e.Member.Gone)
	case typeFormat:
		if err = decodeNumber(body, &e.Format); err == nil && e.Format == 0 {
			return errMalformed
		}
		if e.Format > EntryVersion {
			return &VersionError{What: "the cluster", Have: int(e.Format), Know: EntryVersion}
		}
	default:
		e.Command, err = decodeCommand(typ, body)
	}
	return err
}

func decodeRequest(b []byte, id *Request) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return x.uint(&id.Gateway)
		case 2:
			return x.uint(&id.Counter)
		case 3:
			return x.uint(&id.AckBelow)
		}
		return errUnknownField
	})
}

func appendLease(b []byte, l *Lease) []byte {
	b = appendString(b, 1, l.Holder)
	b = appendString(b, 2, l.Boot)
	b = appendUint(b, 3, l.Millis)
	return appendUint(b, 4, l.Asked)
}

func decodeLease(b []byte, l *Lease) error {
	err := eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return x.string(&l.Holder)
		case 2:
			return x.string(&l.Boot)
		case 3:
			return x.uint(&l.Millis)
		case 4:
			return x.uint(&l.Asked)
		}
		return errUnknownField
	})
	if err == nil {
		err = checkLease(l.Record)
	}
	return err
}

// maxLease is more than any lease lasts: a day.
const maxLease = 24 * 60 * 60 * 1000

func checkLease(r lease.Record) error {
	if r.Holder == "" || r.Millis > maxLease {
		return fmt.Errorf("a lease of %q over %d ms is impossible", r.Holder, r.Millis)
	}
	return nil
}

func appendMember(b []byte, m Member) []byte {
	b = appendString(b, 1, m.ID)
	b = appendString(b, 2, m.Address)
	b = appendUint(b, 3, m.Version)
	return appendBool(b, 4, m.Voter)
}

func decodeMember(b []byte, m *Member, gone *bool) error {
	err := eachField(b, func(x field) error {
		switch {
		case x.number == 1:
			return x.string(&m.ID)
		case x.number == 2:
			return x.string(&m.Address)
		case x.number == 3:
			return x.uint(&m.Version)
		case x.number == 4:
			return x.bool(&m.Voter)
		case x.number == 5 && gone != nil:
			return x.bool(gone)
		}
		return errUnknownField
	})
	if err == nil && m.ID == "" {
		err = errors.New("a member without an ID")
	}
	return err
}
