// Package forward lets a session on any node work as if its node led the cluster.
//
// A Backend does what a session asks on this node if it serves, and asks the
// leader otherwise; which of the two is decided anew for every request, and a
// request that found nobody, or that got lost, is tried again until an answer is
// there, the session gives up, or Config.MaxWait is over. A Server is the leader's
// side of it.
//
// The rules that correctness rests on:
//   - A request for values covers only sessions that wait already, and what comes
//     back for a session that has gone is thrown away. Values that were fetched
//     ahead would be handed out after greater ones of other nodes.
//     (A sequence with order "node" gives that order up: see stock.) A request may be
//     held back for others to join, and a session may ask for all values of a pipeline
//     that has arrived: all of that has begun before the request.
//   - nextval may be repeated at will: a lost value is a gap. What changes anything
//     else carries a request ID, the same one each time, so that the log executes
//     it once; if its outcome can't be learned in time the answer is 40003.
//   - A locked sequence keeps nobody waiting but those who have to: a request for
//     many sessions never waits for a lock, since the lock's holder may be among
//     those whose next request stands behind it.
//   - Values that were fetched for a session and that it has kept (CACHE) are handed out
//     only after ConfirmEpochs, asked since the client's request arrived: they may be
//     void without this node knowing. It needs the leader no more than a few times a
//     second (see lease.Grants).
//   - Locks live in the leader's memory and are lost with it. That costs a
//     transaction a 40001 at its commit at the worst, never a wrong result.
//   - What a session changed has been applied on its own node when it is told so.
package forward

import (
	"context"
	"time"

	"seqd/engine"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/allocator"
	"seqd/raftfsm/codec"
)

// Node is this node.
type Node interface {
	// Catalog, Applied and WaitApplied are of the local state.
	Catalog() *engine.Catalog
	Applied() uint64
	WaitApplied(ctx context.Context, index uint64) error

	// Leader is who leads as far as this node knows: node ID and address of the
	// cluster port, empty if unknown. The result of LeaderChanged is closed when it
	// would answer otherwise than before the call of LeaderChanged.
	Leader() (nodeID, clusterAddr string, isSelf bool)
	LeaderChanged() <-chan struct{}
	// Silence is how long ago this node heard from a leader, or led.
	Silence() time.Duration
	// Serving tells whether this node leads, and its predecessor can't serve any
	// more. LeaderChanged tells of changes.
	Serving() bool
	// Confirm returns nil if this node leads at a moment during the call: that it
	// serves is not proof enough, since nobody may have told it of its successor.
	Confirm(ctx context.Context) error

	// Now is a clock that goes on while the machine is suspended. Holds tells whether
	// this node leads and nobody else can. Voided is the last log index that this node
	// has applied and that voided cached values; next is closed when there is another.
	Now() time.Duration
	Holds() bool
	Voided() (index uint64, next <-chan struct{})

	// What follows is allocator.ErrNotServing on a node that does not serve.

	Sequence(engine.SequenceID) *allocator.Sequence
	AllocateOID(context.Context) (engine.OID, error)
	ProposeWith(context.Context, codec.Request, engine.Command) (engine.Result, error)
	CreateDatabase(context.Context, codec.Request, *engine.CreateDatabase) (engine.Result, error)
	Lock(ctx context.Context, owner uint64, id engine.SequenceID) (engine.Position, error)
	AwaitUnlock(ctx context.Context, owner uint64, id engine.SequenceID) error
	Unlock(owner uint64)
	LockKey(ctx context.Context, owner uint64, key engine.LockKey, r allocator.KeyRequest) (bool, error)
	UnlockKey(owner uint64, key engine.LockKey, exclusive bool)
	UnlockKeys(owner uint64)
	Locks() []engine.LockState
	// Grant gives a gateway leave to hand out values of the epochs that it knows, from
	// when it has applied index, for less than d (see lease.Grants). applied is what the
	// gateway has applied.
	Grant(ctx context.Context, gateway, applied uint64) (index uint64, d time.Duration, err error)
	// Checkpoint works on every node.
	Checkpoint(context.Context) error
}

// Client calls a Server (see peer.Client). Its errors are the Server's own, or
// peer.ErrNotSent, or peer.ErrLost.
type Client interface {
	Call(ctx context.Context, kind byte, body []byte) ([]byte, error)
}

// errUnknown says that a change may have been made or not.
func errUnknown(cause error) *sqlstate.Error {
	e := sqlstate.New(sqlstate.StatementCompletionUnknown, "the outcome of the statement is unknown").
		WithHint("The change may have been made or not: look before you repeat it.")
	e.Cause = cause
	return e
}

// errNoLeader says that nothing happened, because nobody could be asked.
func errNoLeader(cause error) *sqlstate.Error {
	e := sqlstate.New(sqlstate.CannotConnectNow, "the leader of the cluster cannot be reached at the moment").
		WithHint("Try again in a moment. A cluster has a leader while more than half of its voting nodes run and reach each other.")
	e.Cause = cause
	return e
}

func errNoSequence(id engine.SequenceID) *sqlstate.Error {
	return sqlstate.Errorf(sqlstate.UndefinedTable, "could not open relation with OID %d", id.Sequence)
}
