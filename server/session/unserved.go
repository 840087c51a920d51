package session

import (
	"seqd/engine"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// refuse is the answer to a statement that is not served. One on the rows of something
// is told first what PostgreSQL would say: that there is no such relation, or that a
// sequence's row is not changed like this (D6).
func (s *Session) refuse(u *parser.UnservedStmt) error {
	if u.Relation == nil {
		return unserved(u.Tag)
	}
	if r, ok := query.SystemRelation(u.Relation.Schema, u.Relation.Name); ok {
		return denied("permission denied: \"%s\" is a system catalog", r.Name)
	}
	r, err := s.relationOf(*u.Relation)
	if err != nil {
		if code := sqlstate.CodeOf(err); code == sqlstate.UndefinedTable || code == sqlstate.InvalidSchemaName {
			err = sqlstate.Errorf(sqlstate.UndefinedTable, "relation \"%s\" does not exist", qualified(*u.Relation)).At(int(u.Relation.Pos))
		}
		return err
	}
	if _, ok := r.(*engine.Sequence); ok {
		return rowsOfSequence(u)
	}
	return unserved(u.Tag)
}

func rowsOfSequence(u *parser.UnservedStmt) error {
	if u.Tag == "MERGE" {
		return sqlstate.Errorf(sqlstate.FeatureNotSupported, "cannot execute MERGE on relation \"%s\"", u.Relation.Name).
			WithDetail("This operation is not supported for sequences.")
	}
	return sqlstate.Errorf(sqlstate.WrongObjectType, "cannot change sequence \"%s\"", u.Relation.Name)
}
