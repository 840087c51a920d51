// Package query analyses and runs SELECT over virtual relations: what a parsed
// statement means against a catalog (types, operators, functions, columns, as
// PostgreSQL resolves them), and its rows, one at a time in bounded memory.
//
// Analyze gives an immutable Plan; Open runs it for a Session. Literals are read,
// names resolved and types chosen at analysis, with positions in the errors;
// immutable expressions over constants are computed before the first row, and
// volatile functions exactly when their row is produced.
package query

import (
	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/sequence"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// Session is what evaluation needs of the session that runs it.
type Session interface {
	// Catalog is the transaction's view.
	Catalog() *engine.Catalog
	Database() *engine.Database
	// SearchPath are the effective schemas in order, pg_catalog included where
	// PostgreSQL has it.
	SearchPath() []engine.OID
	// FetchSearchPath is SearchPath after the temporary schema has been made, should
	// search_path begin with it: what current_schema answers exists.
	FetchSearchPath() ([]engine.OID, error)
	NextVal(seq engine.OID) (int64, error)
	CurrVal(seq engine.OID) (int64, error)
	LastVal() (int64, error)
	SetVal(seq engine.OID, value int64, isCalled bool) (int64, error)
	SequenceState(seq engine.OID) (sequence.State, error)
	// MayUse tells whether the current role has USAGE on a schema.
	MayUse(schema engine.OID) bool
	// Allow refuses if the current role has none of the privileges on a relation.
	Allow(relation engine.OID, any acl.Privileges) error
	// Setting is current_setting.
	Setting(name string) (value string, err error)
	// AllSettings are the rows of pg_show_all_settings(), which pg_settings shows.
	AllSettings() [][]pgtypes.Value
	// SetSetting is set_config; resetting it is set_config with NULL.
	SetSetting(name, value string, local bool) (string, error)
	ResetSetting(name string, local bool) (string, error)
	// LookAgain is asked when a name was not found in the catalog seen, with the error
	// that says so: whether it deserves a second look, because the catalog is newer
	// now. If not, the error is the one to report.
	LookAgain(seen *engine.Catalog, missing error) (again bool, err error)
	// TransactionID is the transaction's, 0 if it has none and none is to be assigned.
	TransactionID(assign bool) uint64
	// Host is the server around the session.
	Host() Host
	// ExportSnapshot is pg_export_snapshot.
	ExportSnapshot() (id string, err error)
	PreparedStatements() []PreparedStatement
	Cursors() []Cursor
	// Notice tells the client something beside the result.
	Notice(*sqlstate.Error)
	// Style is what the settings say of the text forms of values.
	Style() *pgtypes.Style
	CurrentUser() string
	SessionUser() string
	BackendPID() int32
	// ServerAddress is what the client connected to, "" over a Unix socket.
	ServerAddress() (address string, port int32)
	// ReloadConf is pg_reload_conf: false if a file has an error and stays out of force.
	ReloadConf() (bool, error)
	// HBAFileRules and IdentFileMappings are the rows of the functions of that name.
	HBAFileRules() ([][]pgtypes.Value, error)
	IdentFileMappings() ([][]pgtypes.Value, error)
	// Times are microseconds since 1970.
	TransactionTime() int64
	StatementTime() int64
	ClockTime() int64
	// Interrupted tells whether the statement was cancelled; it is asked every
	// few hundred rows.
	Interrupted() error
	// AdvisoryLock is the pg_advisory_lock family; false if a lock that is only tried
	// can't be had. AdvisoryUnlock tells whether the session held it.
	AdvisoryLock(key engine.LockKey, r AdvisoryRequest) (bool, error)
	AdvisoryUnlock(key engine.LockKey, shared bool) bool
	AdvisoryUnlockAll()
	// Sleep is pg_sleep.
	Sleep(seconds float64) error
}

// Column describes a result column as RowDescription does.
type Column struct {
	Name     string
	Type     pgtypes.OID
	Typmod   int32
	TableOID engine.OID
	Attnum   int16
}

// Rows are a running query's rows.
type Rows interface {
	// Next returns the next row, nil at the end. The slice is reused.
	Next() ([]pgtypes.Value, error)
	// Close frees what the query holds. It may be called at any time, more than once.
	Close()
}
