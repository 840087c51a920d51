package session

import (
	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/parser"
)

// simpleQuery runs a Query message: every statement in turn, several of them as
// one implicit transaction (R7). The whole message is parsed before anything runs.
func (s *Session) simpleQuery(sql string) error {
	delete(s.prepared, "")
	s.dropPortal("")
	s.start()
	s.activity.begin(sql)
	s.tally.statements++
	statements, err := s.cache.parse(sql, s.notice)
	if err != nil {
		return err
	}
	if len(statements) == 0 {
		s.conn.Send(&pgproto3.EmptyQueryResponse{})
		return s.finish()
	}
	for i := range statements {
		raw := &statements[i]
		if err := s.refuseIfFailed(raw.Stmt); err != nil {
			return err
		}
		s.start()
		if len(statements) > 1 && s.tx.state == txStarted {
			s.tx.state = txImplicit
		}
		if err := s.simpleStatement(raw, len(statements) == 1, i == len(statements)-1, sql); err != nil {
			return err
		}
	}
	return s.finish()
}

// simpleStatement runs one statement and sends its rows in text format.
func (s *Session) simpleStatement(raw *parser.RawStmt, alone, last bool, sql string) error {
	s.caughtUp = false
	stmt, err := s.planned(raw, alone, sql)
	if err != nil {
		return err
	}
	p := &portal{stmt: stmt}
	defer p.close()
	if stmt.columns == nil {
		return s.runUtilityStatement(p, last)
	}
	// Rows begin only once the statement could be started: an error before that
	// comes without a RowDescription, as from PostgreSQL.
	if err := s.open(p); err != nil {
		return err
	}
	s.conn.Send(rowDescription(stmt.columns, p.format))
	err = s.execute(p, 0)
	if err == nil && alone && s.cache.quiet(sql) {
		s.learnHot(p, sql)
	}
	return err
}

// runUtilityStatement commits before the last CommandComplete of the message:
// what the commit refuses must not have been told as done.
func (s *Session) runUtilityStatement(p *portal, last bool) error {
	if err := s.open(p); err != nil {
		return err
	}
	if last {
		if err := s.finish(); err != nil {
			return err
		}
	}
	return s.execute(p, 0)
}

// maxPlans bounds the plans that a session keeps of simple queries.
const maxPlans = 32

// planned analyses a statement, or finds what the session made of the same text
// before: applications send the same few statements again and again.
func (s *Session) planned(raw *parser.RawStmt, alone bool, sql string) (*prepared, error) {
	if _, ok := raw.Stmt.(*parser.SelectStmt); !ok || !alone || len(sql) > maxCachedText {
		return s.analyze(raw.Stmt, raw.Text, nil)
	}
	if p := s.plans[sql]; p != nil {
		if s.current(p) {
			return p, nil
		}
		err := s.plan(p)
		if err != nil {
			delete(s.plans, sql) // it is half new, half old
		}
		return p, err
	}
	p, err := s.analyze(raw.Stmt, raw.Text, nil)
	if err == nil {
		if len(s.plans) >= maxPlans {
			clear(s.plans)
		}
		if s.plans == nil {
			s.plans = map[string]*prepared{}
		}
		s.plans[sql] = p
	}
	return p, err
}
