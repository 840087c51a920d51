package session

import (
	"context"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
)

// Backend is the replicated engine as a session sees it. owner is the session's
// process ID: what it locked does not stop itself.
//
// Errors are *sqlstate.Error. A refusal means that nothing happened; an outcome
// that can't be known is 40003, never anything else.
type Backend interface {
	// Catalog is the newest applied catalog. Cheap; equal pointers mean equal catalogs.
	Catalog() *engine.Catalog
	// Sequence returns the handle of an existing sequence, nil if there is none.
	// A handle stays valid for good; after a DROP its methods say 42P01.
	Sequence(id engine.SequenceID) Sequence
	// AllocateOID returns an OID that no object has or had.
	AllocateOID(ctx context.Context) (engine.OID, error)
	// Commit makes a transaction's changes durable and visible, or none of them.
	Commit(ctx context.Context, owner uint64, c *engine.Commit) (engine.Result, error)
	// CreateDatabase makes a database as a branch of another: every sequence in it goes
	// on exactly where it stands in the template. Exact is left to the backend.
	CreateDatabase(ctx context.Context, owner uint64, c *engine.CreateDatabase) error
	// DropDatabase removes a database with all that it holds.
	DropDatabase(ctx context.Context, owner uint64, c *engine.DropDatabase) error
	// Lock keeps everybody else from using the sequence until Unlock, and returns
	// its exact position, which then only owner can change. It waits while
	// another session holds the lock; a circle of waiters is 40P01. Taking a lock
	// that owner has already is no wait.
	Lock(ctx context.Context, owner uint64, id engine.SequenceID) (engine.Position, error)
	// Unlock gives back every lock that owner holds.
	Unlock(owner uint64)
	// Silence is how long ago this node heard from the leader: 0 if it leads. What it
	// shows of the catalog may be as old. Cheap.
	Silence() time.Duration
	// Leads tells whether this node leads the cluster and serves. Cheap.
	Leads() bool
	// LockKey gives owner a key that is no object, shared or exclusively; try: false
	// if it can't be had now. lost is called, from another goroutine, if the key can't
	// be kept because the leader of the cluster is gone or out of reach.
	LockKey(ctx context.Context, owner uint64, key engine.LockKey, exclusive, try bool, lost func()) (bool, error)
	// UnlockKey gives it back.
	UnlockKey(owner uint64, key engine.LockKey, exclusive bool)
	// Locks are all that sessions hold and wait for, on any node: known to the node that
	// leads alone, and none elsewhere. Sessions of other nodes have owners above 32 bits.
	Locks() []engine.LockState
	// CatchUp makes the catalog as new as the leader's is now. A session asks for it
	// before it says that a name does not exist: it may have been made on another
	// node a moment ago. Without a leader it is an error after a while.
	CatchUp(ctx context.Context) error
	// ConfirmEpochs returns nil if at a moment during the call no change was
	// acknowledged, on any node, that voids values of the epochs that Sequence.Epoch
	// tells after it. A session asks for it before it hands out values that it has
	// cached: this node may not have heard of a setval. Usually one look at the clock;
	// without a leader it is an error after a while.
	ConfirmEpochs(ctx context.Context) error
	// Checkpoint compacts the log; the next nextval of every sequence logs anew (L4).
	Checkpoint(ctx context.Context) error
}

// Sequence is one sequence of a Backend.
type Sequence interface {
	// NextRun takes as many fetches as make n values, or fewer, but one at least; a fetch
	// is CACHE values, fewer at the limit. Values lie below a committed bound before they
	// are returned. Waits while another session has the sequence locked.
	NextRun(ctx context.Context, owner, n uint64) (block sequence.Block, epoch uint64, err error)
	// SetVal sets the position, committed when it returns.
	SetVal(ctx context.Context, owner uint64, state sequence.State) (epoch uint64, err error)
	// Replaced is the exact position that the setval of an epoch put another in the place
	// of, false if nobody knows. For the audit log alone.
	Replaced(ctx context.Context, epoch uint64) (sequence.State, bool)
	// Position is the exact position (SELECT * FROM seq). It does not wait for locks.
	Position(ctx context.Context) (engine.Position, error)
	// Epoch is the current epoch: cached blocks of another are void. One atomic load.
	Epoch() uint64
}
