package engine

// LockClass is the kind of thing that a LockKey names.
type LockClass byte

// Lock classes.
const (
	LockAdvisory     LockClass = 1 // pg_advisory_lock(bigint): Number
	LockAdvisoryPair LockClass = 2 // pg_advisory_lock(int, int): Number, the first in the upper half
	LockName         LockClass = 3 // the name of a relation that may come into being: Schema, Name
)

// LockKey names something that sessions keep each other off by asking, and that is
// no object of the catalog.
type LockKey struct {
	Class    LockClass
	Database OID
	Number   uint64
	Schema   OID
	Name     string
}

// LockState is a lock that an owner holds or waits for: on a sequence, or a key.
type LockState struct {
	Owner     uint64
	Sequence  SequenceID // zero: Key
	Key       LockKey
	Exclusive bool   // of a key
	Mode      string // PostgreSQL's name, of a sequence
	Granted   bool
	Waited    int64 // microseconds since the wait began
}
