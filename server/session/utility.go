package session

import (
	"seqd/engine"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// discard is DISCARD.
func (s *Session) discard(d *parser.DiscardStmt) (string, error) {
	switch d.Target {
	case parser.DiscardAll:
		if err := s.outsideBlock("DISCARD ALL"); err != nil {
			return "", err
		}
		_, _ = s.closeCursor("") // ALL: can't fail
		s.advisoryUnlockAll()
		if err := s.resetSession(false); err != nil {
			return "", err
		}
		if err := s.resetAll(); err != nil {
			return "", err
		}
		clear(s.prepared)
		clear(s.plans)
		if err := s.discardTemp(); err != nil {
			return "", err
		}
		s.forgetSequences()
		return "DISCARD ALL", nil
	case parser.DiscardPlans:
		clear(s.plans)
		return "DISCARD PLANS", nil
	case parser.DiscardSequences:
		s.forgetSequences()
		return "DISCARD SEQUENCES", nil
	}
	return "DISCARD TEMP", s.discardTemp()
}

func (s *Session) checkpoint() (string, error) {
	if !s.authority().Owns(s.currentRole().OID, engine.PgCheckpoint) {
		return "", denied("must be superuser or have privileges of pg_checkpoint to do CHECKPOINT")
	}
	if err := s.backend.Checkpoint(s.interrupt); err != nil {
		return "", s.explain(err)
	}
	return "CHECKPOINT", nil
}

// prepare is PREPARE.
func (s *Session) prepare(stmt *parser.PrepareStmt) (string, error) {
	declared := make([]pgtypes.OID, len(stmt.Types))
	for i := range stmt.Types {
		oid, _, err := query.ResolveType(&stmt.Types[i], evaluator{s})
		if err != nil {
			return "", err
		}
		declared[i] = oid
	}
	if u, ok := stmt.Query.(*parser.UnservedStmt); ok {
		return "", s.refuse(u)
	}
	p, err := s.analyze(stmt.Query, s.activity.now.Text, declared) // the text of the whole message
	if err != nil {
		return "", err
	}
	p.fromSQL = true
	return "PREPARE", s.store(stmt.Name, p)
}

func (s *Session) deallocate(stmt *parser.DeallocateStmt) (string, error) {
	if stmt.Name == "" {
		clear(s.prepared)
		return "DEALLOCATE ALL", nil
	}
	if _, err := s.namedStatement(stmt.Name); err != nil {
		return "", err
	}
	delete(s.prepared, stmt.Name)
	return "DEALLOCATE", nil
}

// runExecute is EXECUTE: the arguments are expressions, cast as by assignment to
// the types of the parameters.
func (s *Session) runExecute(stmt *parser.ExecuteStmt) (result, error) {
	target, err := s.namedStatement(stmt.Name)
	if err != nil {
		return result{}, err
	}
	if len(stmt.Args) != len(target.params) {
		return result{}, sqlstate.Errorf(sqlstate.SyntaxError,
			"wrong number of parameters for prepared statement \"%s\"", stmt.Name).
			WithDetail("Expected %d parameters but got %d.", len(target.params), len(stmt.Args))
	}
	inner := &portal{stmt: target, args: make([]pgtypes.Value, len(stmt.Args))}
	for i, arg := range stmt.Args {
		if inner.args[i], err = query.EvalConst(arg, evaluator{s}, target.params[i]); err != nil {
			return result{}, err
		}
	}
	if target.stmt == nil {
		return result{}, nil
	}
	if err := s.open(inner); err != nil {
		return result{}, err
	}
	return result{tag: inner.tag, counted: inner.counted, rows: inner.rows}, nil
}
