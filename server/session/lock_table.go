package session

import (
	"seqd/engine"
	"seqd/engine/acl"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// lockTable is LOCK TABLE. What can be locked has no rows that anybody could
// change, so the lock itself is nothing.
func (s *Session) lockTable(l *parser.LockStmt) (string, error) {
	if !s.tx.inBlock() {
		return "", sqlstate.New(sqlstate.NoActiveSQLTransaction, "LOCK TABLE can only be used in transaction blocks")
	}
	for _, name := range l.Relations {
		if _, ok := query.SystemRelation(name.Schema, name.Name); ok {
			continue
		}
		found, err := s.findRelation(name, false)
		switch found := found.(type) {
		case *engine.Table:
			if err := s.allow(found.OID, lockPrivileges(l.Mode)); err != nil {
				return "", err
			}
			continue
		case *engine.Sequence:
			return "", sqlstate.Errorf(sqlstate.WrongObjectType, "cannot lock relation \"%s\"", found.Name).
				WithDetail("This operation is not supported for sequences.")
		case *engine.Index:
			return "", sqlstate.Errorf(sqlstate.WrongObjectType, "cannot lock relation \"%s\"", found.Name).
				WithDetail("This operation is not supported for indexes.")
		}
		if err != nil {
			return "", err
		}
		return "", sqlstate.Errorf(sqlstate.UndefinedTable, "relation \"%s\" does not exist", qualified(name))
	}
	return "LOCK TABLE", nil
}

// lockPrivileges are those of which one is needed for a mode (LockTableAclCheck).
func lockPrivileges(mode string) acl.Privileges {
	switch mode {
	case "ACCESS SHARE":
		return acl.Select
	case "ROW EXCLUSIVE":
		return acl.Insert | acl.Update | acl.Delete | acl.Truncate
	}
	return acl.Update | acl.Delete | acl.Truncate
}
