package session

import (
	"fmt"

	"seqd/engine"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// Snapshots are exported for the sessions of one server, as by pg_dump -j. What each of
// them then sees is what is committed: there are no rows that an older state could show,
// and PostgreSQL too reads catalogs and sequences as they are.

// exportSnapshot is pg_export_snapshot: good until the end of the transaction.
func (s *Session) exportSnapshot() (string, error) {
	if len(s.tx.savepoints) > 0 {
		return "", sqlstate.New(sqlstate.ActiveSQLTransaction, "cannot export a snapshot from a subtransaction")
	}
	d := s.directory
	d.mu.Lock()
	defer d.mu.Unlock()
	d.exported++
	id := fmt.Sprintf("%08X-%08X-%d", s.pid, d.exported, len(s.tx.exported)+1)
	if d.snapshots == nil {
		d.snapshots = map[string]engine.OID{}
	}
	d.snapshots[id] = s.database
	s.tx.exported = append(s.tx.exported, id)
	return id, nil
}

// forgetSnapshots withdraws what the transaction has exported.
func (s *Session) forgetSnapshots() {
	if len(s.tx.exported) == 0 {
		return
	}
	s.directory.mu.Lock()
	defer s.directory.mu.Unlock()
	for _, id := range s.tx.exported {
		delete(s.directory.snapshots, id)
	}
}

// setSnapshot is SET TRANSACTION SNAPSHOT.
func (s *Session) setSnapshot(v *parser.VariableSetStmt) error {
	s.warnOutsideBlock("SET TRANSACTION")
	if s.tx.queried {
		return sqlstate.New(sqlstate.ActiveSQLTransaction, "SET TRANSACTION SNAPSHOT must be called before any query")
	}
	switch s.transactionSetting("transaction_isolation") {
	case "serializable", "repeatable read":
	default:
		return sqlstate.New(sqlstate.FeatureNotSupported, "a snapshot-importing transaction must have isolation level SERIALIZABLE or REPEATABLE READ")
	}
	id := v.Values[0].(*parser.Const).Text
	s.directory.mu.Lock()
	database, ok := s.directory.snapshots[id]
	s.directory.mu.Unlock()
	switch {
	case !ok:
		return sqlstate.Errorf(sqlstate.InvalidParameterValue, "invalid snapshot identifier: \"%s\"", id)
	case database != s.database:
		return sqlstate.New(sqlstate.FeatureNotSupported, "cannot import a snapshot from a different database")
	}
	s.tx.queried = true // its snapshot is taken
	return nil
}
