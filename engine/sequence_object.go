package engine

import (
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

// Sequence is the definition of a sequence. A published Sequence is immutable;
// its position lives elsewhere (Store, and the leader's allocator), because it
// changes far more often.
type Sequence struct {
	OID         OID
	Schema      OID
	Name        string
	Owner       OID
	Persistence Persistence
	Params      sequence.Params
	// Version is the log index of the last change of this record. A transaction
	// that changes the sequence names the Version it saw.
	Version uint64
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
