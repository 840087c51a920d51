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

// Event is something that happened, and who did it from where.
type Event struct {
	Kind     Kind
	Role     string
	Database string
	Address  string      // without the port; "[local]" for a Unix socket
	Details  []slog.Attr // old and new value, reason, object …
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
	attrs := append([]slog.Attr{
		slog.String("event", string(e.Kind)), slog.String("role", e.Role),
		slog.String("database", e.Database), slog.String("address", e.Address),
	}, e.Details...)
	l.Logger.LogAttrs(context.Background(), level, "audit", attrs...)
}
