package session

import (
	"bytes"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/sqlstate"
)

// quick is the shortest way of all: the same request for one value once more, up to its
// ReadyForQuery, with nothing behind it. A round trip is mostly system calls; between
// them it matters how much code and memory is touched, since they leave little of either
// in the processor's caches. What can change only by messages that go another way was
// looked at when it was learned; it is forgotten when one comes that goes the general way.
type quick struct {
	*hot                    // nil: nothing is known
	request []byte          // Query, or Parse or Bind to Sync
	head    []byte          // of the answer, up to the row
	memory  *sequenceMemory // of the sequence
	unit    hotUnit         // the same, as the short way sees it
	row     int8Pattern
}

// endOfOne is the end of the answer: CommandComplete, and ReadyForQuery outside of a
// transaction.
const endOfOne = selectOne + "Z\x00\x00\x00\x05I"

// learnQuick remembers the request u, in, that was just answered the short way, if there
// is nothing about it, or about the session, that would need another look.
func (s *Session) learnQuick(u *hotUnit, in []byte) {
	if !u.synced || u.end != len(in) || len(in) > hotMessageMax || u.single == 0 || s.tx.state != txNone ||
		s.temp != nil || len(s.portals) > 0 || s.inForce().lockTimeout != 0 || !s.backend.Leads() {
		return
	}
	q := &s.short.quick
	q.hot, q.memory, q.unit = u.hot, s.sequences[u.single], *u
	q.request = append(q.request[:0], in...)
	if q.head = q.head[:0]; u.parsed {
		q.head = append(q.head, parseComplete...)
	}
	if u.described {
		q.head = append(q.head, u.answer...)
	} else {
		q.head = append(q.head, bindComplete...)
	}
}

// serveQuick answers in, if it is what was learned.
func (s *Session) serveQuick(in []byte) (served bool, err error) {
	q := &s.short.quick
	if q.hot == nil || !bytes.Equal(in, q.request) || s.tx.state != txNone || s.skipToSync ||
		s.backend.Catalog() != q.catalog || !s.backend.Leads() {
		return false, nil
	}
	s.interrupt.begin()
	s.unnoted = q.unit.text
	s.tally.statements++
	values, err := s.draw(q.memory, 1)
	if err != nil {
		return true, s.failQuick(s.explain(err))
	}
	s.interrupt.end()
	out := append(s.conn.Output(len(q.head)+int8RowMax+len(endOfOne)), q.head...)
	if q.portal.format(0) == pgproto3.TextFormat {
		out = q.row.append(out, values.First)
	} else {
		out = appendBinaryRows(out, values)
	}
	s.conn.SetOutput(append(out, endOfOne...))
	s.activity.ran(q.unit.text, s.tx.status())
	s.conn.Skip(len(in))
	return true, s.conn.Flush()
}

// failQuick goes on as the short way does.
func (s *Session) failQuick(cause *sqlstate.Error) error {
	s.interrupt.end()
	u, head := s.short.quick.unit, s.short.quick.head
	s.conn.SetOutput(append(s.conn.Output(len(head)), head...))
	return s.failHot(&u, cause)
}
