package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"seqd/engine"
)

// EntryVersion is the format of log entries that this program writes. It reads
// this and all earlier ones.
const EntryVersion = 1

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

// RequestID names a request of a client, so that a repeated one is applied once.
// The zero value means that the request is not repeated.
type RequestID struct{ Gateway, Counter uint64 }

// Entry is what one log entry says.
type Entry struct {
	// Term is the raft term in which the proposer led. An entry that was logged
	// in another term is refused (see raftfsm.FSM).
	Term    uint64
	Request RequestID
	// Command is nil for an entry of an unknown type that may be skipped.
	Command engine.Command
}

// EncodeEntry returns the bytes of an entry. Equal entries give equal bytes.
func EncodeEntry(e Entry) ([]byte, error) {
	typ, err := typeOf(e.Command)
	if err != nil {
		return nil, err
	}
	if c, ok := e.Command.(*engine.Commit); ok {
		for _, w := range c.Writes {
			switch w.(type) {
			case *engine.PutSequence, *engine.DropSequence:
			default:
				return nil, fmt.Errorf("no encoding for %T", w)
			}
		}
	}
	b := append(make([]byte, 0, 64), EntryVersion, typ)
	b = appendUint(b, 1, e.Term)
	if e.Request != (RequestID{}) {
		b = appendMessage(b, 2, func(b []byte) []byte {
			return appendUint(appendUint(b, 1, e.Request.Gateway), 2, e.Request.Counter)
		})
	}
	b = appendMessage(b, 3, func(b []byte) []byte { return appendCommand(b, e.Command) })
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
	if version != EntryVersion {
		return Entry{}, &VersionError{What: "log entry", Have: int(version), Know: EntryVersion}
	}
	var e Entry
	var command []byte
	err := eachField(body, func(x field) error {
		switch x.number {
		case 1:
			return x.uint(&e.Term)
		case 2:
			return embedded(x, func(b []byte) error { return decodeRequestID(b, &e.Request) })
		case 3:
			return embedded(x, func(b []byte) error { command = b; return nil })
		}
		return errUnknownField
	})
	if err == nil {
		e.Command, err = decodeCommand(typ, command)
	}
	if errors.Is(err, errUnknownType) && typ&maySkip != 0 {
		return e, nil
	}
	if err != nil {
		return Entry{}, fmt.Errorf("log entry of type %d: %w", typ, err)
	}
	return e, nil
}

func decodeRequestID(b []byte, id *RequestID) error {
	return eachField(b, func(x field) error {
		switch x.number {
		case 1:
			return x.uint(&id.Gateway)
		case 2:
			return x.uint(&id.Counter)
		}
		return errUnknownField
	})
}
