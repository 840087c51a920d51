package session

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/engine"
)

// hot is the short way for what a client sends by the million: the same SELECT
// nextval('s') again, as a Query message or as Bind, Describe and Execute. The general
// way has answered it once; as long as the next messages are equal to the byte and
// nothing that the answer stands on has changed, they need not be decoded, and the
// answer differs in the value alone. Whatever is different goes the general way.
//
// What makes it right: the messages are compared whole, so parameters, formats and
// names are the same; it belongs to the statement that has that name or text now, and
// its plan is current (catalog, search_path); the value comes from the same nextval,
// with its checks. It takes over only where the general way would do nothing else: no
// changes of the catalog in the transaction, no statement_timeout to arm.
type hot struct {
	message []byte // Bind or Query as it came
	oid     engine.OID
	binary  bool   // the value's format
	columns []byte // the answer to Describe
	portal  portal // what the unnamed portal is after it
	// What the plan stood on: the statement itself may be planned anew meanwhile.
	catalog *engine.Catalog
	names   string
}

// hotMessageMax bounds what is remembered of a message.
const hotMessageMax = 1 << 10

// Messages of fixed content.
var (
	describeUnnamed = []byte("D\x00\x00\x00\x06P\x00")
	executeUnnamed  = []byte("E\x00\x00\x00\x09\x00\x00\x00\x00\x00") // all rows
	syncMessage     = []byte("S\x00\x00\x00\x04")
	bindComplete    = []byte("2\x00\x00\x00\x04")
	selectOne       = []byte("C\x00\x00\x00\x0dSELECT 1\x00")
)

// learnHot remembers how the message just received was answered, if it is of the kind.
func (s *Session) learnHot(p *portal) {
	message := s.conn.Message()
	format := p.format(0)
	if p.name != "" || p.single.session == nil || len(message) > hotMessageMax ||
		format != pgproto3.TextFormat && format != pgproto3.BinaryFormat {
		return
	}
	columns, err := rowDescription(p.stmt.columns, p.format).Encode(nil)
	if err != nil {
		return
	}
	p.stmt.hot = &hot{
		message: bytes.Clone(message), oid: p.single.oid, binary: format == pgproto3.BinaryFormat, columns: columns,
		portal:  portal{stmt: p.stmt, formats: p.formats, started: true, done: true, tag: "SELECT", counted: true},
		catalog: p.stmt.catalog, names: p.stmt.names,
	}
}

// hotReady tells whether the short way is open at all, now.
func (s *Session) hotReady() bool {
	return !s.skipToSync && s.tx.overlay == nil && s.tx.state != txImplicit && s.tx.state != txFailed &&
		s.inForce().statementTimeout == 0
}

// hotOf is the hot of a statement if in begins with its message and its plan stands.
func (s *Session) hotOf(p *prepared, in []byte) *hot {
	if p == nil || p.hot == nil || !bytes.HasPrefix(in, p.hot.message) ||
		p.hot.catalog != s.catalog() || p.hot.names != s.inForce().names {
		return nil
	}
	return p.hot
}

// serveHot answers the messages that have arrived, up to the first that is not as
// before, and tells whether there was one.
func (s *Session) serveHot() (bool, error) {
	if !s.hotReady() {
		return false, nil
	}
	in := s.conn.Ahead()
	done := 0
	for {
		n, failed := s.hotMessage(in[done:], done > 0)
		if n == 0 {
			break
		}
		done += n
		if failed != nil {
			s.conn.Skip(done)
			s.interrupt.end()
			return true, failed()
		}
		s.unflushed = true
	}
	if done == 0 {
		return false, nil
	}
	s.conn.Skip(done)
	s.interrupt.end()
	if s.unflushed = s.conn.InputWaiting(); s.unflushed {
		return true, nil
	}
	return true, s.conn.Flush()
}

// hotMessage answers what in begins with, if it is as before: it returns the length
// of that, or 0. failed, if there was an error, goes on as the general way does with
// one. started tells that it follows another hot message.
func (s *Session) hotMessage(in []byte, started bool) (n int, failed func() error) {
	switch {
	case len(in) == 0:
	case in[0] == 'S' && started && bytes.HasPrefix(in, syncMessage):
		if err := s.finish(); err != nil {
			return len(syncMessage), func() error { return s.cycle(func() error { return err }) }
		}
		s.readyHot()
		return len(syncMessage), nil
	case in[0] == 'B':
		return s.hotBind(in, started)
	case in[0] == 'Q' && s.tx.state != txStarted:
		return s.hotQuery(in, started)
	}
	return 0, nil
}

// hotBind is Bind, maybe Describe, and Execute for all rows. What comes next must be
// seen and be Sync or another Bind, or the unnamed portal could be asked for again.
func (s *Session) hotBind(in []byte, started bool) (int, func() error) {
	const names = 5 // where they begin: portal and statement, each up to a NUL
	if len(in) <= names+1 || in[names] != 0 {
		return 0, nil
	}
	end := bytes.IndexByte(in[names+1:], 0)
	if end < 0 {
		return 0, nil
	}
	h := s.hotOf(s.prepared[string(in[names+1:names+1+end])], in)
	if h == nil {
		return 0, nil
	}
	rest, described := bytes.CutPrefix(in[len(h.message):], describeUnnamed)
	rest, ok := bytes.CutPrefix(rest, executeUnnamed)
	if !ok || len(rest) == 0 || rest[0] != 'S' && rest[0] != 'B' {
		return 0, nil
	}
	n := len(in) - len(rest)
	v, err := s.hotValue(h, started)
	out := append(s.conn.Output(), bindComplete...)
	if described {
		out = append(out, h.columns...)
	}
	if err != nil {
		s.conn.SetOutput(out)
		return n, func() error { return s.step(func() error { return err }) }
	}
	s.conn.SetOutput(append(appendValue(out, v, h.binary), selectOne...))
	if s.tx.state == txBlock {
		s.portals[""] = &h.portal
	}
	return n, nil
}

// hotQuery is a Query message.
func (s *Session) hotQuery(in []byte, started bool) (int, func() error) {
	const text = 5 // where it begins, up to a NUL
	if len(in) <= text {
		return 0, nil
	}
	end := bytes.IndexByte(in[text:], 0)
	if end < 0 {
		return 0, nil
	}
	h := s.hotOf(s.plans[string(in[text:text+end])], in)
	if h == nil {
		return 0, nil
	}
	n := len(h.message)
	delete(s.prepared, "")
	v, err := s.hotValue(h, started)
	if err == nil {
		out := append(s.conn.Output(), h.columns...)
		s.conn.SetOutput(append(appendValue(out, v, false), selectOne...))
		err = s.finish()
	} else {
		s.conn.SetOutput(append(s.conn.Output(), h.columns...))
	}
	if err != nil {
		return n, func() error { return s.cycle(func() error { return err }) }
	}
	s.readyHot()
	return n, nil
}

// hotValue is the value, drawn as the general way does.
func (s *Session) hotValue(h *hot, started bool) (int64, error) {
	if !started {
		s.interrupt.begin()
		s.statement = time.Time{}
		s.caughtUp = false
	}
	s.start()
	s.tx.queried = true
	if len(s.portals) > 0 {
		s.dropPortal("")
	}
	v, err := s.nextval(h.oid)
	if err != nil {
		return 0, s.explain(err)
	}
	return v, nil
}

// readyHot is readyForQuery.
func (s *Session) readyHot() {
	s.reportSettings()
	s.conn.SetOutput(append(s.conn.Output(), 'Z', 0, 0, 0, 5, s.tx.status()))
}

// appendValue adds a DataRow of one int8.
func appendValue(b []byte, v int64, asBinary bool) []byte {
	start := len(b)
	b = append(b, 'D', 0, 0, 0, 0, 0, 1, 0, 0, 0, 8)
	if asBinary {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	} else {
		b = strconv.AppendInt(b, v, 10)
		binary.BigEndian.PutUint32(b[start+7:], uint32(len(b)-start-11))
	}
	binary.BigEndian.PutUint32(b[start+1:], uint32(len(b)-start-1))
	return b
}
