package session

import (
	"strings"

	"seqd/engine"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// labelProvider is the one provider of security labels that there is: seqd itself.
// What PostgreSQL does not know of a sequence travels as such a label, since
// pg_dump writes labels out, can be told not to, and no grammar but PostgreSQL's own
// is needed to read them back.
const labelProvider = "seqd"

// securityLabel is PostgreSQL's ExecSecLabelStmt, with its order of checks.
func (s *Session) securityLabel(l *parser.SecLabelStmt) (string, error) {
	const tag = "SECURITY LABEL"
	if err := s.writable(tag); err != nil {
		return "", err
	}
	if l.Provider != "" && l.Provider != labelProvider {
		return "", sqlstate.Errorf(sqlstate.InvalidParameterValue, "security label provider \"%s\" is not loaded", l.Provider)
	}
	seq, err := s.existing(l.Name, false)
	if err != nil {
		return "", err
	}
	order, err := labelOrder(l.Label)
	if err != nil {
		return "", err
	}
	seq, pos, err := s.lock(l.Name, seq, "ShareUpdateExclusiveLock")
	if err != nil {
		return "", err
	}
	if seq.Order == order {
		return tag, nil
	}
	next := *seq
	next.Order = order
	s.forgetCached(seq.OID)
	// A new order begins a new epoch: nothing that was taken under the old one is
	// handed out under the new.
	return tag, s.changes().AlterSequence(&next, engine.Definition{Params: seq.Params, State: pos.State}, pos)
}

// labelOrder reads a label; none is the default.
func labelOrder(label *string) (engine.Order, error) {
	if label == nil {
		return engine.OrderStrict, nil
	}
	key, name, _ := strings.Cut(*label, "=")
	if order, ok := engine.ParseOrder(strings.TrimSpace(name)); ok && strings.TrimSpace(key) == "order" {
		return order, nil
	}
	return 0, sqlstate.Errorf(sqlstate.InvalidName, "\"%s\" is not a valid security label", *label).
		WithHint("A sequence's label is 'order=strict', which is the default, or 'order=node'.")
}
