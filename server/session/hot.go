package session

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/engine"
	"seqd/engine/sequence"
)

// hot is the short way for what a client sends by the million: the same SELECT
// nextval('s') again, maybe FROM generate_series, as a Query message or as Bind, Describe
// and Execute. The general
// way has answered it once; as long as the next messages are equal to the byte and
// nothing that the answer stands on has changed, they need not be decoded, and the
// answer differs in the values alone. Whatever is different goes the general way.
//
// What makes it right: the messages are compared whole, so parameters, formats and
// names are the same; it belongs to the statement that has that name or text now, and
// its plan is current (catalog, search_path); the value comes from the same nextval,
// with its checks. It takes over only where the general way would do nothing else: no
// changes of the catalog in the transaction, no statement_timeout to arm.
type hot struct {
	message []byte // Bind or Query as it came
	// Where message has the name of the sequence, if any other name there would be asked
	// for the same way. See hot_named.go.
	nameFrom, nameTo int
	text             string       // the statement, for pg_stat_activity
	oids             []engine.OID // the sequence of each column
	single           engine.OID   // … if there is but one column, and one row
	series           *seriesRows  // … or as many rows as generate_series says
	answer           []byte       // up to the row: to Bind and Describe, or to Query
	portal           portal       // what the unnamed portal is after it
	// What the plan stood on: the statement itself may be planned anew meanwhile.
	catalog *engine.Catalog
	names   string
	// complete is CommandComplete of a series.
	complete []byte
}

// shortWay is what a session knows of what has gone the short way.
type shortWay struct {
	order  hotOrder
	quick  quick
	named  namedSequences
	byName *hot // the last Query that may have another name, nil: none
	// taken are values taken for requests that come next, left their number.
	taken  sequence.Block
	left   uint64
	values []int64 // of a row of several
}

// hotMessageMax bounds what is remembered of a message.
const hotMessageMax = 1 << 10

// Messages of fixed content. (Comparing with a constant is no call.)
const (
	describeUnnamed = "D\x00\x00\x00\x06P\x00"
	parseComplete   = "1\x00\x00\x00\x04"
	executeUnnamed  = "E\x00\x00\x00\x09\x00\x00\x00\x00\x00" // all rows
	syncMessage     = "S\x00\x00\x00\x04"
	bindComplete    = "2\x00\x00\x00\x04"
	selectOne       = "C\x00\x00\x00\x0dSELECT 1\x00"
)

// learnHot remembers how the message just received was answered, if it is of the kind.
func (s *Session) learnHot(p *portal, text string) {
	message := s.conn.Message()
	if p.name != "" || p.single.session == nil && p.series == nil || len(message) == 0 || len(message) > hotMessageMax {
		return
	}
	for _, f := range p.formats {
		if f != pgproto3.TextFormat && f != pgproto3.BinaryFormat {
			return
		}
	}
	var answer []byte
	if message[0] == 'B' {
		answer = append(answer, bindComplete...)
	}
	answer, err := rowDescription(p.stmt.columns, p.format).Encode(answer)
	if err != nil {
		return
	}
	h := &hot{
		message: bytes.Clone(message), text: text, answer: answer,
		oids:    slices.Clone(p.single.oids), // or the portal would stay
		portal:  portal{stmt: p.stmt, formats: p.formats, started: true, done: true, tag: "SELECT", counted: true},
		catalog: p.stmt.catalog, names: p.stmt.names,
	}
	switch {
	case p.series != nil:
		h.series = &seriesRows{session: s, oid: p.series.oid, count: p.series.count}
		h.complete, err = (&pgproto3.CommandComplete{CommandTag: fmt.Appendf(nil, "SELECT %d", h.series.count)}).Encode(nil)
	case len(h.oids) == 1:
		h.single = h.oids[0]
	}
	if err != nil {
		return
	}
	if p.stmt.hot = h; s.short == nil {
		s.short = new(shortWay)
	}
	s.findName(h, p)
}

// match tells whether in begins with the message, or with one that has another name in
// it, which is returned then; n is where it ends.
func (h *hot) match(in []byte) (n int, name []byte, ok bool) {
	switch {
	case bytes.HasPrefix(in, h.message):
		return len(h.message), nil, true
	case h.nameFrom > 0:
		return h.matchNamed(in)
	}
	return 0, nil, false
}

// hotUnit is what one value, or row of values, was asked for by: Query, or Bind to
// Execute, maybe with Parse of the unnamed statement before and Sync behind it.
type hotUnit struct {
	*hot
	single    engine.OID // of hot, if it is not asked for by another name
	text      string     // the same
	end       int        // where it ends in the input
	parsed    bool
	query     bool
	described bool
	synced    bool // ReadyForQuery ends the answer
}

// hotUnitsMax is how many are looked at together.
const hotUnitsMax = 256

type hotUnits [hotUnitsMax]hotUnit

var hotUnitsPool = sync.Pool{New: func() any { return new(hotUnits) }}

// hotReady tells whether the short way is open at all, now.
func (s *Session) hotReady() bool {
	return !s.skipToSync && s.tx.overlay == nil && s.tx.state != txImplicit && s.tx.state != txFailed &&
		s.inForce().statementTimeout == 0
}

// scanHot finds the units that in begins with, up to the first message that is not as
// before.
func (s *Session) scanHot(in []byte, units *hotUnits) []hotUnit {
	catalog, names := s.catalog(), s.inForce().names
	open := s.tx.state == txStarted // by messages without Sync: a Query would end it
	queries := false
	n, done := 0, 0
	for ; n < len(units); n++ {
		u := &units[n]
		switch rest := in[done:]; {
		case len(rest) == 0:
			return units[:n]
		case rest[0] == 'B':
			s.hotBind(u, rest)
		case rest[0] == 'P':
			s.hotParse(u, rest)
		case rest[0] == 'Q' && !open:
			s.hotQuery(u, rest)
		default:
			return units[:n]
		}
		if u.hot == nil || u.catalog != catalog || u.names != names ||
			queries && !u.query && (u.parsed || u.unnamed()) { // Query has dropped the statement
			u.hot = nil
			return units[:n]
		}
		queries = queries || u.query
		open = !u.synced && (open || s.tx.state == txNone)
		done += u.end
		u.end = done
	}
	return units[:n]
}

// bindNames is where the names begin in Bind: portal and statement, each up to a NUL.
const bindNames = 5

// unnamed tells whether a Bind is of the unnamed statement.
func (h *hot) unnamed() bool { return h.message[bindNames+1] == 0 }

// hotParse is the Parse that made the unnamed statement, once more, which changes nothing,
// and Bind and so on.
func (s *Session) hotParse(u *hotUnit, in []byte) {
	p := s.prepared[""]
	if p == nil || len(p.message) == 0 || !bytes.HasPrefix(in, p.message) {
		return
	}
	n := len(p.message)
	if n == len(in) || in[n] != 'B' {
		return
	}
	s.hotBind(u, in[n:])
	u.parsed, u.end = true, n+u.end
}

// hotBind is Bind, maybe Describe, and Execute for all rows. What comes next must be
// seen and be Sync or another Bind, or the unnamed portal could be asked for again.
func (s *Session) hotBind(u *hotUnit, in []byte) {
	h, n, name := s.short.order.expected(in)
	if h == nil {
		if len(in) <= bindNames+1 || in[bindNames] != 0 {
			return
		}
		statement, _, ok := bytes.Cut(in[bindNames+1:], []byte{0})
		if !ok {
			return
		}
		if h, n, name = hotOf(s.prepared[string(statement)], in); h == nil {
			return
		}
		s.short.order.learn(h)
	}
	rest := in[n:]
	described := len(rest) >= len(describeUnnamed) && string(rest[:len(describeUnnamed)]) == describeUnnamed
	if described {
		rest = rest[len(describeUnnamed):]
	}
	if len(rest) <= len(executeUnnamed) || string(rest[:len(executeUnnamed)]) != executeUnnamed {
		return
	}
	rest = rest[len(executeUnnamed):]
	if rest[0] != 'S' && rest[0] != 'B' {
		return
	}
	synced := len(rest) >= len(syncMessage) && string(rest[:len(syncMessage)]) == syncMessage
	if synced {
		rest = rest[len(syncMessage):]
	}
	*u = hotUnit{single: h.single, text: h.text, described: described, synced: synced, end: len(in) - len(rest)}
	s.hotNamed(u, h, in, name)
}

// hotNamed makes in a unit of h, maybe by another name than the one that was learned.
func (s *Session) hotNamed(u *hotUnit, h *hot, in, name []byte) {
	if name == nil {
		u.hot = h
	} else if found := s.sequenceNamed(name); found != nil {
		if u.hot, u.single = h, found.oid; !u.query {
			return
		}
		if found.like != h {
			found.like, found.text = h, string(in[queryText:u.end-1])
		}
		u.text = found.text
	}
}

// queryText is where the text begins in Query, up to a NUL.
const queryText = 5

// hotQuery is a Query message.
func (s *Session) hotQuery(u *hotUnit, in []byte) {
	h, n, name := s.short.order.expected(in)
	if h == nil {
		if len(in) <= queryText {
			return
		}
		sql, _, ok := bytes.Cut(in[queryText:], []byte{0})
		if !ok {
			return
		}
		if h, n, name = hotOf(s.plans[string(sql)], in); h == nil {
			if h = s.short.byName; h == nil {
				return
			}
			if n, name, ok = h.match(in); !ok {
				return
			}
		}
		s.short.order.learn(h)
	}
	*u = hotUnit{single: h.single, text: h.text, query: true, described: true, synced: true, end: n}
	s.hotNamed(u, h, in, name)
}

// hotOf is the hot of a statement if in begins with its message, see match.
func hotOf(p *prepared, in []byte) (h *hot, n int, name []byte) {
	if p == nil || p.hot == nil {
		return nil, 0, nil
	}
	n, name, ok := p.hot.match(in)
	if !ok {
		return nil, 0, nil
	}
	return p.hot, n, name
}
