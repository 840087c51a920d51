package session

import (
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/sqlstate"
)

// handle answers one message. An error it returns ends the session; errors of
// statements are told to the client here.
func (s *Session) handle(msg pgproto3.FrontendMessage) error {
	if s.skipToSync {
		if _, ok := msg.(*pgproto3.Sync); !ok {
			return nil
		}
	}
	switch msg := msg.(type) {
	case *pgproto3.Query:
		return s.cycle(func() error { return s.simpleQuery(msg.String) })
	case *pgproto3.Parse:
		return s.step(func() error { return s.parse(msg) })
	case *pgproto3.Bind:
		return s.step(func() error { return s.bind(msg) })
	case *pgproto3.Describe:
		return s.step(func() error { return s.describe(msg) })
	case *pgproto3.Execute:
		return s.step(func() error { return s.executePortal(msg) })
	case *pgproto3.Close:
		return s.step(func() error { return s.closeObject(msg) })
	case *pgproto3.Flush:
		return s.conn.Flush()
	case *pgproto3.Sync:
		s.skipToSync = false
		return s.cycle(s.finish)
	case *pgproto3.FunctionCall:
		return s.cycle(func() error {
			return sqlstate.New(sqlstate.FeatureNotSupported, "seqd does not serve function calls by message").
				WithHint("Use SELECT.")
		})
	case *pgproto3.CopyData, *pgproto3.CopyDone, *pgproto3.CopyFail:
		// PostgreSQL ignores what is left of a COPY that failed.
		if s.unflushed && !s.conn.InputWaiting() {
			s.unflushed = false
			return s.conn.Flush()
		}
		return nil
	}
	return sqlstate.Fatalf(sqlstate.ProtocolViolation, "unexpected message %T", msg)
}

// handleMalformed answers a message that could not be read as if its statement
// had failed.
func (s *Session) handleMalformed(m malformed) error {
	fail := func() error { return m.Unwrap() }
	switch {
	case s.skipToSync:
		return nil // PostgreSQL does not look into what it skips
	case m.Extended():
		return s.step(fail)
	}
	return s.cycle(fail)
}

// cycle runs what ends with ReadyForQuery: a simple query, Sync, a function call.
func (s *Session) cycle(f func() error) error {
	if err := s.guarded(f); err != nil {
		return err
	}
	s.skipToSync = false
	s.readyForQuery()
	if s.unflushed = s.conn.InputWaiting(); s.unflushed {
		return nil // the answers to a pipeline leave in one write
	}
	return s.conn.Flush()
}

// step runs one message of the extended query protocol. After an error
// everything up to Sync is ignored.
func (s *Session) step(f func() error) error {
	var failed bool
	err := s.guarded(func() error {
		err := f()
		failed = err != nil
		return err
	})
	if failed {
		s.skipToSync = true
		if err == nil {
			return s.conn.Flush() // PostgreSQL flushes errors: Flush messages up to Sync are not heard
		}
	}
	return err
}

// guarded runs one unit of work under the interrupt and the statement timeout,
// and tells the client of its error. Only a FATAL one comes back.
func (s *Session) guarded(f func() error) error {
	s.interrupt.begin()
	s.statement, s.caughtUp = time.Time{}, false
	if d := s.inForce().statementTimeout; d > 0 {
		stop := s.interrupt.after(d,
			sqlstate.New(sqlstate.QueryCanceled, "canceling statement due to statement timeout"))
		defer stop()
	}
	err := s.here()
	if err == nil {
		err = f()
	}
	s.interrupt.end()
	if err == nil {
		return nil
	}
	e := s.explain(err)
	if e.Severity == sqlstate.SeverityFatal || s.interrupt.terminated() != nil {
		return e
	}
	if e.Code == sqlstate.InternalError && e.Cause != nil {
		s.log.Error("statement failed", "pid", s.pid, "error", e.Message, "cause", e.Cause)
	}
	s.directory.failed(e.Code)
	s.conn.SendError(e)
	s.fail()
	return nil
}
