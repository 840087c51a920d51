// Package audit is the record of what somebody will ask about later: refused
// logins, changes of privileges and of definitions, sequences moved backwards. An
// event is one structured log line whose message is "audit" and whose attribute
// event says what happened, so that a line can be found and counted.
//
// Names come from clients and may hold anything; they are attributes, never part of
// a message, so that slog's handlers quote what could forge a line. No event holds a
// password or a verifier.
package audit

import (
	"context"
	"log/slog"
)

// Kind is what happened.
type Kind string

// The kinds of events.
const (
	LoginRefused    Kind = "login refused"
	PrivilegeChange Kind = "privilege change"
	Definition      Kind = "definition"
	MovedBack       Kind = "sequence moved back"
)

// Actor is who did something, from where.
type Actor struct {
	// Role is whose privileges counted: SET ROLE changes it. SessionRole is session_user,
	// which only a superuser's SET SESSION AUTHORIZATION changes, and Login who proved
	// to be who they are.
	Role, SessionRole, Login string
	Database                 string
	Address                  string // without the port; "[local]" for a Unix socket
	PID                      uint32 // of the session; 0: there is none yet
}

// Event is something that happened.
type Event struct {
	Kind Kind
	Actor
	Change  Change
	Details []slog.Attr
}

// Change is what became of an object; the zero value: nothing.
type Change struct {
	Action string // CREATE, ALTER, DROP, setval
	Object string // kind and name
	// Old and New are what differs: name=value, in a fixed order.
	Old, New string
}

// Sink takes events. Record must be fast, and safe for concurrent use.
type Sink interface {
	Record(Event)
}

// Log is the Sink that writes to a logger: refusals as warnings.
type Log struct{ Logger *slog.Logger }

// Record implements Sink.
func (l Log) Record(e Event) {
	level := slog.LevelInfo
	if e.Kind == LoginRefused {
		level = slog.LevelWarn
	}
	attrs := make([]slog.Attr, 0, 12+len(e.Details))
	attrs = append(attrs, slog.String("event", string(e.Kind)), slog.String("role", e.Role))
	if e.PID != 0 {
		attrs = append(attrs, slog.String("session_role", e.SessionRole), slog.String("login", e.Login))
	}
	attrs = append(attrs, slog.String("database", e.Database), slog.String("address", e.Address))
	if e.PID != 0 {
		attrs = append(attrs, slog.Uint64("pid", uint64(e.PID)))
	}
	if c := e.Change; c.Object != "" {
		attrs = append(attrs, slog.String("action", c.Action), slog.String("object", c.Object),
			slog.String("old", c.Old), slog.String("new", c.New))
	}
	l.Logger.LogAttrs(context.Background(), level, "audit", append(attrs, e.Details...)...)
}
