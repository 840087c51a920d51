package wire

import (
	"math"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/protocol/sqlstate"
)

// Render turns an error into the message for it: ErrorResponse from ERROR
// upwards, NoticeResponse below. Cause stays here.
func Render(e *sqlstate.Error) pgproto3.BackendMessage {
	severity := severityName(e.Severity)
	fields := pgproto3.ErrorResponse{
		Severity:            severity,
		SeverityUnlocalized: severity,
		Code:                string(e.Code),
		Message:             text(e.Message),
		Detail:              text(e.Detail),
		Hint:                text(e.Hint),
		Where:               text(e.Where),
		SchemaName:          text(e.Schema),
		TableName:           text(e.Table),
		ConstraintName:      text(e.Constraint),
		Position:            int32(min(max(e.Position, 0), math.MaxInt32)),
	}
	if isError(e) {
		return &fields
	}
	notice := pgproto3.NoticeResponse(fields)
	return &notice
}

func isFatal(e *sqlstate.Error) bool {
	return e.Severity == sqlstate.SeverityFatal || e.Severity == sqlstate.SeverityPanic
}

func isError(e *sqlstate.Error) bool {
	return e.Severity == "" || e.Severity == sqlstate.SeverityError || isFatal(e)
}

// severityName is what error_severity shows: one DEBUG for all five levels.
func severityName(s sqlstate.Severity) string {
	switch {
	case s == "":
		return string(sqlstate.SeverityError)
	case strings.HasPrefix(string(s), "DEBUG"):
		return "DEBUG"
	}
	return string(s)
}

// text cuts a field at a NUL, which would end it on the wire and turn the rest
// into fields of its own.
func text(s string) string {
	if i := strings.IndexByte(s, 0); i >= 0 {
		return s[:i]
	}
	return s
}
