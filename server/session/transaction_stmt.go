package session

import (
	"slices"
	"strings"

	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
	"seqd/server/session/settings"
)

// runTransaction executes BEGIN, COMMIT and kin, and returns the command tag.
func (s *Session) runTransaction(t *parser.TransactionStmt) (string, error) {
	switch t.Kind {
	case parser.TxBegin:
		return "BEGIN", s.begin(t.Modes)
	case parser.TxStart:
		return "START TRANSACTION", s.begin(t.Modes)
	case parser.TxCommit:
		return s.commitStmt(t)
	case parser.TxRollback:
		return s.rollbackStmt(t)
	case parser.TxSavepoint:
		return "SAVEPOINT", s.savepointStmt(t.Savepoint)
	case parser.TxRelease:
		return "RELEASE", s.releaseStmt(t.Savepoint)
	case parser.TxRollbackTo:
		return "ROLLBACK", s.rollbackToStmt(t.Savepoint)
	case parser.TxPrepare:
		return s.prepareTransaction()
	}
	what := "COMMIT PREPARED"
	if t.Kind == parser.TxRollbackPrepared {
		what = "ROLLBACK PREPARED"
	}
	if err := s.outsideBlock(what); err != nil {
		return "", err
	}
	return "", sqlstate.Errorf(sqlstate.UndefinedObject, "prepared transaction with identifier \"%s\" does not exist", t.GID)
}

// prepareTransaction refuses as PostgreSQL does with its default settings: the
// transaction is over.
func (s *Session) prepareTransaction() (string, error) {
	if s.tx.state != txBlock && s.tx.state != txImplicit {
		if s.tx.state != txFailed {
			s.notice(sqlstate.Warningf(sqlstate.NoActiveSQLTransaction, "there is no transaction in progress"))
		}
		s.abort()
		return "ROLLBACK", nil
	}
	if s.tx.state == txImplicit {
		s.notice(sqlstate.Warningf(sqlstate.NoActiveSQLTransaction, "there is no transaction in progress"))
	}
	temporary := s.tx.temporary
	s.abort()
	if temporary {
		return "", sqlstate.New(sqlstate.FeatureNotSupported, "cannot PREPARE a transaction that has operated on temporary objects")
	}
	return "", sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "prepared transactions are disabled").
		WithHint("Set max_prepared_transactions to a nonzero value.")
}

func (s *Session) begin(modes []parser.TransactionMode) error {
	if s.tx.state == txBlock {
		s.notice(sqlstate.Warningf(sqlstate.ActiveSQLTransaction, "there is already a transaction in progress"))
	} else {
		s.tx.state = txBlock
	}
	return s.setModes(modes)
}

func (s *Session) commitStmt(t *parser.TransactionStmt) (string, error) {
	switch s.tx.state {
	case txFailed:
		return s.endBlock("ROLLBACK", t.Chain, s.abortNoError)
	case txBlock:
		return s.endBlock("COMMIT", t.Chain, s.commit)
	}
	if err := s.noBlock("COMMIT", t.Chain); err != nil {
		return "", err
	}
	return "COMMIT", s.commit()
}

func (s *Session) rollbackStmt(t *parser.TransactionStmt) (string, error) {
	if s.tx.state == txBlock || s.tx.state == txFailed {
		return s.endBlock("ROLLBACK", t.Chain, s.abortNoError)
	}
	if err := s.noBlock("ROLLBACK", t.Chain); err != nil {
		return "", err
	}
	s.abort()
	return "ROLLBACK", nil
}

func (s *Session) abortNoError() error {
	s.abort()
	return nil
}

// noBlock is COMMIT or ROLLBACK without a block: a warning, and the end of the
// implicit transaction.
func (s *Session) noBlock(what string, chain bool) error {
	if chain {
		return sqlstate.Errorf(sqlstate.NoActiveSQLTransaction, "%s AND CHAIN can only be used in transaction blocks", what)
	}
	s.notice(sqlstate.Warningf(sqlstate.NoActiveSQLTransaction, "there is no transaction in progress"))
	return nil
}

// endBlock ends a block; AND CHAIN starts the next one with the same
// characteristics.
func (s *Session) endBlock(tag string, chain bool, end func() error) (string, error) {
	keep := map[string]string{}
	if chain {
		for _, name := range transactionSettings {
			keep[name] = s.transactionSetting(name)
		}
	}
	if err := end(); err != nil {
		return "", err
	}
	if chain {
		s.tx.state = txBlock
		for name, value := range keep {
			if _, err := s.settings.Assign(name, value, true); err != nil {
				return "", err
			}
		}
	}
	return tag, nil
}

func (s *Session) requireBlock(what string) error {
	if s.tx.state == txBlock || s.tx.state == txFailed {
		return nil
	}
	return sqlstate.Errorf(sqlstate.NoActiveSQLTransaction, "%s can only be used in transaction blocks", what)
}

// maxSavepoints bounds what one transaction can make the server remember.
const maxSavepoints = 10_000

func (s *Session) savepointStmt(name string) error {
	if err := s.requireBlock("SAVEPOINT"); err != nil {
		return err
	}
	if len(s.tx.savepoints) >= maxSavepoints {
		return sqlstate.Errorf(sqlstate.ProgramLimitExceeded, "too many savepoints in one transaction (%d)", maxSavepoints).
			WithHint("RELEASE savepoints that are no longer needed.")
	}
	p := savepoint{name: name, settings: s.settings.Savepoint(), cursors: s.tx.cursors, advisory: len(s.advisory.byTransaction), names: len(s.tx.names),
		readOnly: s.transactionSetting("transaction_read_only")}
	if s.tx.overlay != nil {
		p.overlay = s.tx.overlay.Savepoint()
	}
	s.tx.savepoints = append(s.tx.savepoints, p)
	return nil
}

func (s *Session) findSavepoint(name string) (int, error) {
	for i, p := range slices.Backward(s.tx.savepoints) {
		if p.name == name {
			return i, nil
		}
	}
	return 0, sqlstate.Errorf(sqlstate.InvalidSavepoint, "savepoint \"%s\" does not exist", name)
}

func (s *Session) releaseStmt(name string) error {
	if err := s.requireBlock("RELEASE SAVEPOINT"); err != nil {
		return err
	}
	i, err := s.findSavepoint(name)
	if err != nil {
		return err
	}
	before := s.tx.savepoints[i].readOnly
	s.tx.savepoints = s.tx.savepoints[:i]
	if before == s.transactionSetting("transaction_read_only") {
		return nil
	}
	_, err = s.settings.Assign("transaction_read_only", before, true)
	return err
}

func (s *Session) rollbackToStmt(name string) error {
	if err := s.requireBlock("ROLLBACK TO SAVEPOINT"); err != nil {
		return err
	}
	i, err := s.findSavepoint(name)
	if err != nil {
		return err
	}
	p := s.tx.savepoints[i]
	switch {
	case p.overlay != nil:
		s.tx.overlay.RollbackTo(p.overlay)
	default:
		s.tx.overlay = nil
	}
	s.settings.RollbackTo(p.settings)
	s.rollbackCursors(p.cursors)
	s.endAdvisory(p.advisory)
	s.releaseNames(p.names)
	s.tx.savepoints = s.tx.savepoints[:i+1] // the savepoint itself stays
	s.tx.state = txBlock
	return nil
}

// transactionSettings are the settings that belong to a transaction; each has a
// default_… twin that new transactions start with.
var transactionSettings = []string{"transaction_isolation", "transaction_read_only", "transaction_deferrable"}

// transactionSetting is the value in force: the transaction's, or the default's.
func (s *Session) transactionSetting(name string) string {
	if value, ok := s.settings.Override(name); ok {
		return value
	}
	value, _ := s.settings.Get("default_" + name)
	return value
}

func (s *Session) readOnly() bool { return s.inForce().readOnly }

// pinTransaction makes the characteristics of the transaction its own: what changes
// the session's defaults now is for the transactions to come.
func (s *Session) pinTransaction() error {
	for _, name := range transactionSettings {
		if _, own := s.settings.Override(name); own {
			continue
		}
		value, _ := s.settings.Get("default_" + name)
		if _, err := s.settings.Assign(name, value, true); err != nil {
			return err
		}
	}
	return nil
}

// isDefault tells whether a setting is one that transactions start with.
func isDefault(name string) bool {
	return slices.ContainsFunc(transactionSettings, func(own string) bool { return strings.EqualFold(name, "default_"+own) })
}

// setModes applies ISOLATION LEVEL, READ ONLY … to the transaction.
func (s *Session) setModes(modes []parser.TransactionMode) error {
	set := func(name, value string, given bool) error {
		if !given {
			return nil
		}
		return s.setTransactionSetting(name, value)
	}
	for _, m := range modes {
		if err := set("transaction_isolation", m.Isolation, m.Isolation != ""); err != nil {
			return err
		}
		if err := set("transaction_read_only", settings.OnOff(m.ReadOnly != nil && *m.ReadOnly), m.ReadOnly != nil); err != nil {
			return err
		}
		if err := set("transaction_deferrable", settings.OnOff(m.Deferrable != nil && *m.Deferrable), m.Deferrable != nil); err != nil {
			return err
		}
	}
	return nil
}

// setTransactionSetting checks what PostgreSQL's check hooks check: some changes
// must come before the first query, and not behind a savepoint.
func (s *Session) setTransactionSetting(name, value string) error {
	value, err := settings.Canonical(name, value)
	if err != nil {
		return err
	}
	refused := func(why string) error { return sqlstate.New(sqlstate.ActiveSQLTransaction, why) }
	changed, behind := value != s.transactionSetting(name), len(s.tx.savepoints) > 0
	switch {
	case name == "transaction_isolation" && changed && s.tx.queried:
		return refused("SET TRANSACTION ISOLATION LEVEL must be called before any query")
	case name == "transaction_isolation" && changed && behind:
		return refused("SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction")
	case name == "transaction_read_only" && changed && value == "off" && behind:
		return refused("cannot set transaction read-write mode inside a read-only transaction")
	case name == "transaction_read_only" && changed && value == "off" && s.tx.queried:
		return refused("transaction read-write mode must be set before any query")
	case name == "transaction_deferrable" && behind:
		return refused("SET TRANSACTION [NOT] DEFERRABLE cannot be called within a subtransaction")
	case name == "transaction_deferrable" && s.tx.queried:
		return refused("SET TRANSACTION [NOT] DEFERRABLE must be called before any query")
	}
	_, err = s.settings.Assign(name, value, true)
	return err
}
