package session

import (
	"net"
	"time"

	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/query"
	"seqd/engine/sequence"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// evaluator is the session as a query sees it.
type evaluator struct{ s *Session }

var _ query.Session = evaluator{}

// Catalog implements query.Session.
func (e evaluator) Catalog() *engine.Catalog {
	e.s.catalogRead = true
	return e.s.catalog()
}

// Database implements query.Session.
func (e evaluator) Database() *engine.Database {
	e.s.catalogRead = true
	return e.s.db()
}

// SearchPath implements query.Session.
func (e evaluator) SearchPath() []engine.OID { return e.s.resolvedPath().effective }

// FetchSearchPath implements query.Session.
func (e evaluator) FetchSearchPath() ([]engine.OID, error) {
	if e.s.resolvedPath().temporary && e.s.temp.Schema() == engine.InvalidOID {
		if _, err := e.s.makeTemp(); err != nil {
			return nil, err
		}
	}
	return e.SearchPath(), nil
}

// LookAgain implements query.Session.
func (e evaluator) LookAgain(seen *engine.Catalog, missing error) (bool, error) {
	return e.s.lookAgain(seen, missing)
}

// NextVal implements query.Session.
func (e evaluator) NextVal(seq engine.OID) (int64, error) { return e.s.nextval(seq) }

// CurrVal implements query.Session.
func (e evaluator) CurrVal(seq engine.OID) (int64, error) { return e.s.currval(seq) }

// LastVal implements query.Session.
func (e evaluator) LastVal() (int64, error) { return e.s.lastval() }

// SetVal implements query.Session.
func (e evaluator) SetVal(seq engine.OID, value int64, isCalled bool) (int64, error) {
	return e.s.setval(seq, value, isCalled)
}

// SequenceState implements query.Session.
func (e evaluator) SequenceState(seq engine.OID) (sequence.State, error) {
	return e.s.sequenceState(seq)
}

// MayUse implements query.Session.
func (e evaluator) MayUse(oid engine.OID) bool {
	schema, ok := e.s.db().SchemaByOID(oid)
	return !ok || e.s.mayUse(schema)
}

// Allow implements query.Session.
func (e evaluator) Allow(relation engine.OID, any acl.Privileges) error {
	return e.s.allow(relation, any)
}

// Setting implements query.Session.
func (e evaluator) Setting(name string) (string, error) {
	_, value, err := e.s.show(name)
	return value, err
}

// AdvisoryLock implements query.Session.
func (e evaluator) AdvisoryLock(key engine.LockKey, r query.AdvisoryRequest) (bool, error) {
	return e.s.advisoryLock(key, r)
}

// AdvisoryUnlock implements query.Session.
func (e evaluator) AdvisoryUnlock(key engine.LockKey, shared bool) bool {
	return e.s.advisoryUnlock(key, shared)
}

// AdvisoryUnlockAll implements query.Session.
func (e evaluator) AdvisoryUnlockAll() { e.s.advisoryUnlockAll() }

// AllSettings implements query.Session.
func (e evaluator) AllSettings() [][]pgtypes.Value { return e.s.settingRows() }

// ResetSetting implements query.Session.
func (e evaluator) ResetSetting(name string, local bool) (string, error) {
	if err := e.s.resetOne(name, local); err != nil {
		return "", err
	}
	return e.Setting(name)
}

// SetSetting implements query.Session.
func (e evaluator) SetSetting(name, value string, local bool) (string, error) {
	return e.s.assign(name, value, local)
}

// Host implements query.Session.
func (e evaluator) Host() query.Host { return e.s.directory }

func (e evaluator) ExportSnapshot() (string, error) { return e.s.exportSnapshot() }

// PreparedStatements implements query.Session.
func (e evaluator) PreparedStatements() []query.PreparedStatement { return e.s.preparedStatements() }

// Cursors implements query.Session.
func (e evaluator) Cursors() []query.Cursor { return e.s.openCursors() }

// Notice implements query.Session.
func (e evaluator) Notice(n *sqlstate.Error) { e.s.notice(n) }

// Style implements query.Session.
func (e evaluator) Style() *pgtypes.Style { return e.s.inForce().style }

// CurrentUser implements query.Session.
func (e evaluator) CurrentUser() string { return e.s.currentRole().Name }

// SessionUser implements query.Session.
func (e evaluator) SessionUser() string { return e.s.sessionRole().Name }

// BackendPID implements query.Session.
func (e evaluator) BackendPID() int32 { return int32(e.s.pid) }

// ServerAddress implements query.Session.
func (e evaluator) ServerAddress() (string, int32) {
	address, port := SplitAddress(e.s.conn.LocalAddr())
	return address, int32(port)
}

// SplitAddress is one end of a connection, "" for a Unix socket.
func SplitAddress(addr net.Addr) (address string, port int) {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.IP.String(), tcp.Port
	}
	return "", 0
}

// TransactionTime implements query.Session.
func (e evaluator) TransactionTime() int64 { return e.s.transactionTime().UnixMicro() }

// StatementTime implements query.Session.
func (e evaluator) StatementTime() int64 { return e.s.statementTime().UnixMicro() }

// ClockTime implements query.Session.
func (e evaluator) ClockTime() int64 { return time.Now().UnixMicro() }

// Interrupted implements query.Session.
func (e evaluator) Interrupted() error {
	if cause := e.s.interrupt.pending(); cause != nil {
		return cause
	}
	return nil
}

// Sleep implements query.Session.
func (e evaluator) Sleep(seconds float64) error {
	d := time.Duration(min(seconds, 1e9) * float64(time.Second))
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-e.s.interrupt.Done():
		if cause := e.s.interrupt.pending(); cause != nil {
			return cause
		}
		return sqlstate.New(sqlstate.QueryCanceled, "canceling statement due to user request")
	}
}
