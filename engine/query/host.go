package query

import (
	"seqd/engine"
	"seqd/protocol/pgtypes"
)

// Host is what a query can know of the server and of its other sessions. Times
// are microseconds since 1970, 0: none.
type Host interface {
	// Activity is every session, by process ID.
	Activity() []Activity
	// Locks are those that sessions hold and wait for.
	Locks() []Lock
	// Cancel stops what a session runs, Terminate ends it: false if there is none.
	Cancel(pid int32) bool
	Terminate(pid int32) bool
	StartTime() int64
	// SystemIdentifier is the cluster's, the same on all nodes.
	SystemIdentifier() int64
	// TransactionStatus is pg_xact_status: "" if it is not known any more; 22023 for an ID
	// that is still to come.
	TransactionStatus(id uint64) (string, error)
	// Snapshot is pg_current_snapshot of a transaction, whose ID may be 0.
	Snapshot(own uint64) pgtypes.Snapshot
	// Log is what this node has written to its log since it started.
	Log() LogStatistics
}

// LogStatistics is a row of pg_stat_wal.
type LogStatistics struct {
	Records, Bytes int64
	Writes, Syncs  int64
}

// Activity is a row of pg_stat_activity.
type Activity struct {
	PID         int32
	Database    engine.OID
	Role        engine.OID
	Application string
	// Address is the client's, "" over a Unix socket.
	Address string
	Port    int32
	// Start is when the session began, Transaction, Query and Change when its
	// transaction, its newest statement and its newest state did.
	Start, Transaction, Query, Change int64
	// State is active, idle, idle in transaction, or idle in transaction (aborted).
	State string
	// WaitType and Wait say what it waits for, "" for nothing.
	WaitType, Wait string
	// VirtualID numbers the session's transactions, TransactionID is 0 before the first write.
	VirtualID     uint32
	TransactionID uint64
	Text          string // of the newest statement
	TLS           *TLS   // nil: none
}

// TLS is a row of pg_stat_ssl.
type TLS struct {
	Version, Cipher string
	Bits            int32
	ClientDN        string
	Serial          string
	Issuer          string
}

// Lock is a row of pg_locks.
type Lock struct {
	Type     string // relation, advisory, virtualxid or transactionid
	Database engine.OID
	Relation engine.OID
	// Class, Object and Sub are an advisory lock's key.
	Class, Object uint32
	Sub           int16
	VirtualID     string // of a virtualxid
	TransactionID uint64 // of a transactionid
	Owner         string // virtualtransaction
	PID           int32
	Mode          string
	Granted       bool
	WaitStart     int64
}

// PreparedStatement is a row of pg_prepared_statements.
type PreparedStatement struct {
	Name, Text string
	Time       int64
	Params     []pgtypes.OID
	FromSQL    bool // by PREPARE
}

// Cursor is a row of pg_cursors.
type Cursor struct {
	Name, Text               string
	Hold, Binary, Scrollable bool
	Time                     int64
}
