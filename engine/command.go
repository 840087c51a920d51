package engine

import (
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// Command is what the log may hold: one of the types below. A command carries
// everything that was chosen; Apply only checks and stores.
type Command interface{ command() }

// Reserve moves positions ahead, so that the leader may hand out the values in
// between from memory (PostgreSQL's log record ahead of nextval). Items are
// independent: each succeeds or is refused by itself.
type Reserve struct{ Items []ReserveItem }

// ReserveItem asks for the next Count ≥ 1 values of a sequence.
type ReserveItem struct {
	ID    SequenceID
	Epoch uint64 // refused unless it is the position's
	Count uint64
}

// Release sets positions back to what was really handed out: the exact end of a
// clean stop or hand-over. Its proposer has stopped serving the sequences.
type Release struct{ Items []ReleaseItem }

// ReleaseItem is the exact position of a sequence.
type ReleaseItem struct {
	ID    SequenceID
	Epoch uint64 // refused unless it is the position's
	State sequence.State
}

// SetVal is setval: not transactional, committed before it is answered.
type SetVal struct {
	ID    SequenceID
	State sequence.State
}

// Commit is a transaction's changes to one database and to what all databases share:
// all or none.
type Commit struct {
	Database OID
	Writes   []Write
}

// SkipAll moves every sequence of every database Steps ahead of its position, so
// that values which may have been handed out without this log's knowing (its newest
// part was lost) do not come again. Everything reserved or cached is void.
type SkipAll struct{ Steps uint64 }

// CreateDatabase makes a database as a branch of another: it begins with all that the
// template holds, under the same OIDs. It costs the same however much that is.
type CreateDatabase struct {
	Database DatabaseInfo // Version is set by Apply
	Template OID
	// Exact are the exact positions of those sequences of the template that the log
	// has reserved values of: the branch goes on from them. An item of an epoch that
	// is over is passed over, since what ended the epoch set the exact position. From
	// when they were read until this command is applied nothing may be reserved.
	Exact []ReleaseItem
}

// DropDatabase removes a database with all that it holds.
type DropDatabase struct {
	OID    OID
	Expect uint64 // Version of its DatabaseInfo
}

// Write is one changed object: one of the types below. A Commit holds at most one
// for each object.
type Write interface{ key() Key }

// Put creates an object (Expect 0) or replaces it. Sequences have PutSequence.
type Put struct {
	Object Object // Version is set by Apply
	// Expect is the Version that the transaction saw; another is refused with 40001.
	Expect uint64
}

// Drop removes an object, and with it the comments and labels about it, memberships
// and settings of a role, and default privileges in a schema. Whatever else refers to
// it must go in the same Commit. Sequences have DropSequence.
type Drop struct {
	Key    Key
	Expect uint64
}

// PutSequence creates a sequence (Expect 0) or replaces its definition.
type PutSequence struct {
	Sequence Sequence // Version is set by Apply
	// Expect is the Version that the transaction saw; another is refused with 40001.
	Expect uint64
	// Position is the new position; nil leaves it as it is. With Expect ≠ 0 the
	// position's Serial must still be ExpectSerial, or 40001: values were handed
	// out that the transaction did not know of.
	Position     *sequence.State
	ExpectSerial uint64
}

// DropSequence removes a sequence.
type DropSequence struct {
	OID    OID
	Expect uint64
}

// KeyOf is the key of the object that a write changes.
func KeyOf(w Write) Key { return w.key() }

func (*Reserve) command()        {}
func (*Release) command()        {}
func (*SetVal) command()         {}
func (*Commit) command()         {}
func (*SkipAll) command()        {}
func (*CreateDatabase) command() {}
func (*DropDatabase) command()   {}

func (w *PutSequence) key() Key  { return w.Sequence.Key() }
func (w *DropSequence) key() Key { return RelationKey(w.OID) }
func (w *Put) key() Key          { return w.Object.Key() }
func (w *Drop) key() Key         { return w.Key }

// Result is the outcome of a command, equal on every replica.
type Result struct {
	// Err refuses the command as a whole: nothing changed.
	Err *sqlstate.Error
	// Effects are what happened to positions, in order; for Reserve one per item.
	Effects []Effect
}

// EffectKind tells what happened to a sequence's position.
type EffectKind byte

// Kinds of effects.
const (
	EffectRefused         EffectKind = iota // the item was refused: another epoch, no such sequence, limit reached
	EffectReserved                          // Block now belongs to the proposer
	EffectReset                             // State is the position now; everything reserved or cached before is void
	EffectDropped                           // the sequence is gone
	EffectChanged                           // the definition changed, the position did not
	EffectDatabaseDropped                   // all sequences of ID.Database are gone
)

// Effect is what a command did to one sequence. The leader's allocator follows
// effects in log order.
type Effect struct {
	Kind  EffectKind
	ID    SequenceID
	Epoch uint64
	Block sequence.Block // EffectReserved
	State sequence.State // EffectReset
}

// EndsEpoch tells whether the effect, of the command at index, voids what was reserved
// or cached before.
func (e *Effect) EndsEpoch(index uint64) bool {
	return e.Kind == EffectDropped || e.Kind == EffectDatabaseDropped || (e.Kind == EffectReset && e.Epoch == index)
}
