package session

import (
	"log/slog"
	"slices"
	"strings"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
	"seqd/server/audit"
	"seqd/server/session/changes"
)

// auditNotes is what a transaction keeps for the audit log. It is written at the commit:
// what was rolled back has not happened.
type auditNotes struct {
	// roles are those whose privileges counted when something was changed.
	roles []string
	// positions are where sequences exactly stood when they were locked: the log knows
	// only what is reserved.
	positions map[engine.OID]sequence.State
}

func (n *auditNotes) actedAs(role string) {
	if !slices.Contains(n.roles, role) {
		n.roles = append(n.roles, role)
	}
}

func (n *auditNotes) stood(oid engine.OID, s sequence.State) {
	if _, ok := n.positions[oid]; ok {
		return // moved by the transaction itself since
	}
	if n.positions == nil {
		n.positions = map[engine.OID]sequence.State{}
	}
	n.positions[oid] = s
}

// actor is who the session is now.
func (s *Session) actor(role string) audit.Actor {
	login := s.user.Name
	if now, ok := s.backend.Catalog().RoleByOID(s.user.OID); ok {
		login = now.Name
	}
	return audit.Actor{Role: role, SessionRole: s.sessionRole().Name, Login: login, Database: s.dbName, Address: s.address, PID: s.pid}
}

func (s *Session) record(list []changes.Change, role string, err error) {
	var details []slog.Attr
	if err != nil {
		details = append(details, slog.String("outcome", "unknown"))
	}
	actor := s.actor(role)
	for _, c := range list {
		s.audit.Record(audit.Event{Kind: c.Kind, Actor: actor, Change: c.Change, Details: details})
	}
}

// auditable tells whether what ended so has to be written down: it happened, or nobody
// knows.
func (s *Session) auditable(err error) bool {
	return s.audit != nil && (err == nil || sqlstate.CodeOf(err) == sqlstate.StatementCompletionUnknown)
}

// auditCommit writes down what a transaction changed; err is how its commit ended.
func (s *Session) auditCommit(base, after *engine.Catalog, c *engine.Commit, err error) {
	if c == nil || !s.auditable(err) {
		return
	}
	list := changes.Of(&changes.Transaction{Before: base, After: after, Database: s.database, Commit: c, Positions: s.tx.audit.positions})
	s.record(list, strings.Join(s.tx.audit.roles, ","), err)
}

// auditSetVal writes a setval down that moved a sequence backwards. If nobody knows from
// where, it counts as one.
func (s *Session) auditSetVal(m *sequenceMemory, seq *engine.Sequence, epoch uint64, state sequence.State, err error) {
	if !s.auditable(err) {
		return
	}
	moved := changes.SetTo(state)
	if was, known := m.handle.Replaced(s.interrupt, epoch); err == nil && known {
		var back bool
		if moved, back = changes.MovedBack(seq.Params, was, state); !back {
			return
		}
	}
	moved.Action, moved.Object = "setval", changes.Describe(s.catalog(), s.database, seq)
	s.record([]changes.Change{moved}, s.currentRole().Name, err)
}

// auditDatabase writes down that a database was made or dropped, which no transaction does.
func (s *Session) auditDatabase(action string, info *engine.DatabaseInfo, err error) {
	if s.auditable(err) {
		s.record([]changes.Change{changes.OfDatabase(action, s.catalog(), info)}, s.currentRole().Name, err)
	}
}
