package session

import (
	"time"

	"seqd/engine"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
	"seqd/server/session/settings"
)

// txState is where the session stands, after PostgreSQL's TBlockState.
type txState byte

const (
	txNone     txState = iota // between statements
	txStarted                 // inside a statement (or a pipeline up to Sync) that is its own transaction
	txImplicit                // inside a simple query of several statements, which are one transaction
	txBlock                   // after BEGIN
	txFailed                  // after BEGIN and an error: only ROLLBACK and COMMIT are heard
)

// transaction is the current transaction of a session.
type transaction struct {
	state      txState
	overlay    *engine.Tx // nil until the first change of the catalog
	savepoints []savepoint
	started    time.Time
	queried    bool                        // a query ran: the isolation level is settled
	locks      bool                        // the backend may hold locks for us
	cursors    int                         // declared so far
	names      []engine.LockKey            // that others can't create now
	claimed    map[engine.LockKey]struct{} // the same, to be found
	temporary  bool                        // it has made or used temporary objects
	// dropAtCommit are the tables that it made ON COMMIT DROP.
	dropAtCommit []engine.OID
	// ifNotExists is what to tell the client if the transaction, a lone CREATE …
	// IF NOT EXISTS, finds at its commit that another session was faster (C14).
	ifNotExists *sqlstate.Error
	id          uint64 // 0: none yet, see transactionID
	audit       auditNotes
	exported    []string // snapshots
}

type savepoint struct {
	name     string
	overlay  *engine.Savepoint // nil: nothing was changed yet
	settings settings.Savepoint
	cursors  int
	advisory int
	names    int
	readOnly string // transaction_read_only: what it becomes at RELEASE too
}

// status is the transaction indicator of ReadyForQuery.
func (t *transaction) status() byte {
	switch t.state {
	case txBlock:
		return 'T'
	case txFailed:
		return 'E'
	}
	return 'I'
}

// inBlock tells whether the session is in what PostgreSQL calls a transaction block.
func (t *transaction) inBlock() bool { return t.state >= txImplicit }

// start begins a transaction around a statement if there is none.
func (s *Session) start() {
	if s.tx.state == txNone {
		s.tx.state = txStarted
	}
}

// finish ends the statement's own transaction, if it is one.
func (s *Session) finish() error {
	if s.tx.state == txStarted || s.tx.state == txImplicit {
		return s.commit()
	}
	return nil
}

// fail is what an error does to the transaction.
func (s *Session) fail() {
	switch s.tx.state {
	case txBlock:
		s.tx.state = txFailed
		s.releaseFailed()
	case txStarted, txImplicit:
		s.abort()
	}
}

// releaseFailed lets others go on that wait for what failed: the transaction, or
// what came after its last savepoint. (A sequence that was locked after a savepoint
// stays so, since locks of sequences are given back all together.)
func (s *Session) releaseFailed() {
	if n := len(s.tx.savepoints); n > 0 {
		p := &s.tx.savepoints[n-1]
		s.endAdvisory(p.advisory)
		s.releaseNames(p.names)
		s.settings.RollbackTo(p.settings)
		return
	}
	s.endTransactionID(false)
	if s.tx.locks {
		s.tx.locks = false
		s.unlock()
	}
	s.endAdvisory(0)
	s.releaseNames(0)
	s.settings.Abort()
}

// commit makes the transaction's changes real, or ends it with an error that
// leaves none of them.
func (s *Session) commit() error {
	if err := s.persistCursors(); err != nil {
		s.abort()
		return err
	}
	if err := s.dropOnCommit(); err != nil {
		s.abort()
		return err
	}
	if o := s.tx.overlay; o != nil && o.Dirty() {
		changes := o.Commit()
		result, err := s.propose(changes)
		s.auditCommit(o.Base(), o.Catalog(), changes, err)
		if n := s.tx.ifNotExists; n != nil && sqlstate.CodeOf(err) == sqlstate.DuplicateTable {
			s.abort()
			s.notice(n)
			return nil
		}
		if err != nil {
			s.abort()
			return err
		}
		o.KeepTemp()
		s.adoptEpochs(result.Effects)
	}
	s.endTransactionID(true)
	s.settings.Commit()
	s.endCursors(true)
	s.reset()
	return nil
}

// propose commits; there is nothing to it if only temporary objects changed.
func (s *Session) propose(c *engine.Commit) (engine.Result, error) {
	if c == nil {
		return engine.Result{}, nil
	}
	result, err := s.backend.Commit(s.interrupt, uint64(s.pid), c)
	if err == nil && result.Err != nil {
		err = result.Err
	}
	return result, err
}

// abort ends the transaction and undoes its changes; values handed out stay so.
func (s *Session) abort() {
	s.endTransactionID(false)
	s.settings.Abort()
	s.endCursors(false)
	s.reset()
}

// reset leaves the transaction behind.
func (s *Session) reset() {
	if s.tx.locks {
		s.unlock()
	}
	s.endAdvisory(0)
	s.releaseNames(0)
	s.forgetSnapshots()
	s.tx = transaction{}
	for name, p := range s.portals {
		p.close()
		delete(s.portals, name)
	}
}

// adoptEpochs keeps blocks that were cached from sequences which the transaction
// itself created or rewrote: now they are the committed ones.
func (s *Session) adoptEpochs(effects []engine.Effect) {
	for _, e := range effects {
		if p, ok := s.tx.overlay.Private(e.ID.Sequence); ok && e.Kind == engine.EffectReset {
			if m := s.sequences[e.ID.Sequence]; m != nil && m.epoch == p.Epoch {
				m.epoch = e.Epoch
			}
		}
	}
}

// transactionTime is now(): when the transaction began.
func (s *Session) transactionTime() time.Time {
	if s.tx.started.IsZero() {
		s.tx.started = s.statementTime()
	}
	return s.tx.started
}

func (s *Session) statementTime() time.Time {
	if s.statement.IsZero() {
		s.statement = time.Now()
	}
	return s.statement
}

// changes returns the overlay to write to.
func (s *Session) changes() *engine.Tx {
	if s.tx.overlay == nil {
		s.tx.overlay = engine.BeginWith(s.backend.Catalog(), s.database, s.temp)
	}
	s.transactionID()
	s.tx.audit.actedAs(s.currentRole().Name)
	return s.tx.overlay
}

// catalog is what the session sees now.
func (s *Session) catalog() *engine.Catalog {
	catalog := s.backend.Catalog()
	if s.tx.overlay == nil {
		return s.temp.Over(catalog)
	}
	s.tx.overlay.Refresh(catalog)
	return s.tx.overlay.Catalog()
}

// db is the session's database as it sees it now; nil if it was dropped.
func (s *Session) db() *engine.Database {
	db, _ := s.catalog().DatabaseByOID(s.database)
	return db
}

// private is the position of a sequence if it is the transaction's or the session's own.
func (s *Session) private(oid engine.OID) (*engine.PrivatePosition, bool) {
	s.tx.temporary = s.tx.temporary || engine.IsTemporary(oid)
	if s.tx.overlay == nil {
		return s.temp.Position(oid)
	}
	return s.tx.overlay.Private(oid)
}

// refuseIfFailed is the answer to everything but the end of a failed transaction.
func (s *Session) refuseIfFailed(stmt parser.Statement) error {
	if s.tx.state != txFailed || endsTransaction(stmt) {
		return nil
	}
	return sqlstate.New(sqlstate.InFailedSQLTransaction,
		"current transaction is aborted, commands ignored until end of transaction block")
}

// endsTransaction is PostgreSQL's IsTransactionExitStmt.
func endsTransaction(stmt parser.Statement) bool {
	t, ok := stmt.(*parser.TransactionStmt)
	if !ok {
		return false
	}
	switch t.Kind {
	case parser.TxCommit, parser.TxPrepare, parser.TxRollback, parser.TxRollbackTo:
		return true
	}
	return false
}

// writable refuses what a read-only transaction may not do (R8).
func (s *Session) writable(what string) error {
	if !s.readOnly() {
		return nil
	}
	return sqlstate.Errorf(sqlstate.ReadOnlySQLTransaction, "cannot execute %s in a read-only transaction", what)
}

// outsideBlock refuses what PostgreSQL runs only outside of transaction blocks.
func (s *Session) outsideBlock(what string) error {
	if s.tx.inBlock() {
		return sqlstate.Errorf(sqlstate.ActiveSQLTransaction, "%s cannot run inside a transaction block", what)
	}
	return nil
}
