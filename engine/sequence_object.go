package engine

import (
	"slices"

	"seqd/engine/acl"
	"seqd/engine/sequence"
)

// Persistence is pg_class.relpersistence.
type Persistence byte

// Persistences.
const (
	Permanent Persistence = 'p'
	Unlogged  Persistence = 'u'
	Temporary Persistence = 't'
)

// Order says what holds between values that different nodes of a cluster hand out.
type Order byte

// Orders.
const (
	// OrderStrict: whoever asks after another has got its value gets a later one,
	// on whatever node.
	OrderStrict Order = iota
	// OrderNode: each node takes blocks of values and hands them out by itself. No
	// value comes twice, but only those of one node are in the order of time.
	OrderNode

	orders // how many there are
)

var orderNames = [orders]string{"strict", "node"}

// String is the order's name.
func (o Order) String() string {
	if o < orders {
		return orderNames[o]
	}
	return "unknown"
}

// Valid tells whether there is such an order.
func (o Order) Valid() bool { return o < orders }

// ParseOrder returns the order of a name.
func ParseOrder(name string) (Order, bool) {
	i := slices.Index(orderNames[:], name)
	return Order(max(i, 0)), i >= 0
}

// Sequence is the definition of a sequence. A published Sequence is immutable;
// its position lives elsewhere (Store, and the leader's allocator), because it
// changes far more often.
type Sequence struct {
	OID         OID
	Schema      OID
	Name        string
	Owner       OID
	Persistence Persistence
	Order       Order // small fields stand together: there are a million of these
	Params      sequence.Params
	ACL         acl.ACL
	OwnedBy     OwnedBy
	// Version is the log index of the last change of this record. A transaction
	// that changes the sequence names the Version it saw.
	Version uint64
}

// OwnedBy is the column that a sequence goes with; the zero value: none.
type OwnedBy struct {
	Table    OID
	Column   int16
	Identity bool // it is the column's identity, made by GENERATED … AS IDENTITY
}

// Key implements Object.
func (s *Sequence) Key() Key { return RelationKey(s.OID) }

// Kind implements Relation.
func (*Sequence) Kind() RelationKind { return KindSequence }

// Where implements Relation.
func (s *Sequence) Where() (OID, string) { return s.Schema, s.Name }

func (s *Sequence) version() uint64 { return s.Version }
func (s *Sequence) size() int       { return len(s.Name) + aclSize(s.ACL) }

func (s *Sequence) at(version uint64) Object {
	next := *s
	next.Version = version
	return &next
}

// SequenceID names a sequence in the cluster.
type SequenceID struct{ Database, Sequence OID }

// Position is the replicated position of a sequence: where it goes on if the
// leader's memory is lost. Values up to State.LastValue may have been handed out.
type Position struct {
	State sequence.State
	// Epoch is the log index at which the values were last set anew (CREATE,
	// setval, ALTER of the options). Reservations and cached blocks of an older
	// epoch are void.
	Epoch uint64
	// Serial is the log index of the last change of any kind.
	Serial uint64
}

// packed is a Position as it is stored: a million of them are the larger part of what
// the state needs, so that the one bit of IsCalled must not take a word.
type packed struct {
	lastValue, logCount int64
	epoch               uint64 // shifted by one; the lowest bit is IsCalled
	serial              uint64
}

// maxIndex is the largest index of a log entry that an epoch can be.
const maxIndex = 1<<63 - 1

func pack(p Position) packed {
	k := packed{lastValue: p.State.LastValue, logCount: p.State.LogCount, epoch: p.Epoch << 1, serial: p.Serial}
	if p.State.IsCalled {
		k.epoch |= 1
	}
	return k
}

func (k packed) unpack() Position {
	return Position{
		State: sequence.State{LastValue: k.lastValue, LogCount: k.logCount, IsCalled: k.epoch&1 == 1},
		Epoch: k.epoch >> 1, Serial: k.serial,
	}
}
