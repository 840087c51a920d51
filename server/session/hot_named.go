package session

import (
	"bytes"
	"encoding/binary"

	"seqd/engine"
	"seqd/engine/query"
)

// A service that has many sequences asks for them by statements that differ in the name
// alone: SELECT nextval($1), or SELECT nextval('orders') as a Query. What was learned of
// one message holds for all that differ from it in a plain name, once that is looked up.

// namedMax bounds what a session remembers of names.
const namedMax = 4096

// namedSequences is what names mean, as long as the catalog and the search path are these.
type namedSequences struct {
	catalog *engine.Catalog
	names   string
	known   map[string]*namedSequence
}

// namedSequence is what one name means.
type namedSequence struct {
	oid engine.OID
	// text is the statement that the last Query with the name was, which was like this hot.
	text string
	like *hot
}

// plainNameMax is NAMEDATALEN - 1: what is longer is cut, with a notice.
const plainNameMax = 63

// plainName tells whether text is a name without a schema that means itself: neither
// folded nor quoted, and no number.
func plainName(text []byte) bool {
	for i, c := range text {
		if (c < 'a' || c > 'z') && c != '_' && (c < '0' || c > '9' || i == 0) {
			return false
		}
	}
	return len(text) > 0 && len(text) <= plainNameMax
}

// sequenceNamed finds a sequence as regclass does, nil if there is none, or it is not
// for the short way to say.
func (s *Session) sequenceNamed(name []byte) *namedSequence {
	if s.temp != nil {
		return nil
	}
	n := &s.short.named
	if catalog, names := s.catalog(), s.inForce().names; n.catalog != catalog || n.names != names {
		*n = namedSequences{catalog: catalog, names: names, known: map[string]*namedSequence{}}
	}
	if found := n.known[string(name)]; found != nil {
		return found
	}
	if !plainName(name) {
		return nil
	}
	oid, ok := query.SequenceNamed(evaluator{s}, string(name))
	if !ok {
		return nil
	}
	if len(n.known) >= namedMax {
		clear(n.known)
	}
	found := &namedSequence{oid: oid}
	n.known[string(name)] = found
	return found
}

// lengthOf is the length of a message, as far as in has it.
func lengthOf(in []byte) int {
	if len(in) < 5 {
		return 0
	}
	return 1 + int(binary.BigEndian.Uint32(in[1:]))
}

// matchNamed is match for a message with another name.
func (h *hot) matchNamed(in []byte) (n int, name []byte, ok bool) {
	n = lengthOf(in)
	from, tail := h.nameFrom, h.message[h.nameTo:]
	to := n - len(tail)
	if n > len(in) || n > hotMessageMax || to <= from || in[0] != h.message[0] || !bytes.Equal(in[to:n], tail) {
		return 0, nil, false
	}
	head := from
	if h.message[0] == 'B' { // the length of the parameter is in front of it
		if head -= 4; int(binary.BigEndian.Uint32(in[head:])) != to-from {
			return 0, nil, false
		}
	}
	return n, in[from:to], bytes.Equal(in[5:head], h.message[5:head])
}

// findName finds out where the message has the name of the one sequence, if it has it.
func (s *Session) findName(h *hot, p *portal) {
	if h.single == 0 {
		return
	}
	from, to := nameInQuery(h.message)
	if h.message[0] == 'B' {
		from, to = nameInBind(h.message)
		if calls := p.stmt.plan.Nextvals(); len(calls) != 1 || calls[0].Param != 0 {
			return
		}
	}
	if from == 0 || !plainName(h.message[from:to]) {
		return
	}
	if found := s.sequenceNamed(h.message[from:to]); found != nil && found.oid == h.single {
		h.nameFrom, h.nameTo = from, to
		if h.message[0] == 'Q' {
			s.short.byName = h
		}
	}
}

// nameInBind is where the value of the only parameter is, if it comes as text.
func nameInBind(message []byte) (from, to int) {
	rest := message[5:]
	for range 2 { // portal, statement
		_, after, ok := bytes.Cut(rest, []byte{0})
		if !ok {
			return 0, 0
		}
		rest = after
	}
	const (
		noFormats = "\x00\x00\x00\x01"         // and one parameter
		asText    = "\x00\x01\x00\x00\x00\x01" // the same, and said
	)
	switch {
	case bytes.HasPrefix(rest, []byte(noFormats)):
		rest = rest[len(noFormats):]
	case bytes.HasPrefix(rest, []byte(asText)):
		rest = rest[len(asText):]
	default:
		return 0, 0
	}
	if len(rest) < 4 {
		return 0, 0
	}
	size := binary.BigEndian.Uint32(rest)
	if rest = rest[4:]; uint64(size) > uint64(len(rest)) { // -1: NULL
		return 0, 0
	}
	from = len(message) - len(rest)
	return from, from + int(size)
}

// nameInQuery is where the only string constant is, if it begins the argument of a
// nextval that begins the statement.
func nameInQuery(message []byte) (from, to int) {
	const quote = '\''
	from, to = bytes.IndexByte(message, quote)+1, bytes.LastIndexByte(message, quote)
	if from == 0 || to <= from || bytes.IndexByte(message[from:to], quote) >= 0 {
		return 0, 0
	}
	head := bytes.Join(bytes.Fields(message[queryText:from-1]), []byte(" "))
	if !bytes.EqualFold(head, []byte("select nextval(")) && !bytes.EqualFold(head, []byte("select pg_catalog.nextval(")) {
		return 0, 0
	}
	return from, to
}
