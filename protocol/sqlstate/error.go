// Package sqlstate is the one error value of seqd: what a PostgreSQL client is
// told when something is refused. Errors are built where the fact is known and
// rendered only at the wire. It imports nothing of ours, so every layer may use it.
package sqlstate

import (
	"errors"
	"fmt"
)

// Severity is the S/V field of ErrorResponse and NoticeResponse.
type Severity string

// Severities of PostgreSQL's elog.h. An Error with an empty Severity is SeverityError.
const (
	SeverityError   Severity = "ERROR"
	SeverityFatal   Severity = "FATAL" // the session ends
	SeverityPanic   Severity = "PANIC"
	SeverityWarning Severity = "WARNING"
	SeverityNotice  Severity = "NOTICE"
	SeverityInfo    Severity = "INFO"
	SeverityLog     Severity = "LOG"
	SeverityDebug   Severity = "DEBUG1"
)

// Error is an ErrorResponse (or, with a lower Severity, a NoticeResponse) in the making.
type Error struct {
	Severity Severity
	Code     Code
	Message  string
	Detail   string
	Hint     string
	// Where is the context in which it happened (CONTEXT in psql).
	Where string
	// Position is where in the statement the error lies: 1-based, in characters
	// (not bytes) of the whole message sent, as PostgreSQL counts; 0 if nowhere.
	Position int
	// Schema, Table and Constraint name what the error is about, where PostgreSQL
	// says so. Only a session's own node adds them.
	Schema, Table, Constraint string
	// Cause is what brought the error about; for logs, never sent to a client.
	Cause error
}

// New returns an error of severity ERROR.
func New(code Code, message string) *Error {
	return &Error{Severity: SeverityError, Code: code, Message: message}
}

// Errorf is New with a format. A %w verb sets Cause.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Severity: SeverityError, Code: code, Message: err.Error(), Cause: errors.Unwrap(err)}
}

// Fatalf returns an error that ends the session.
func Fatalf(code Code, format string, args ...any) *Error {
	e := Errorf(code, format, args...)
	e.Severity = SeverityFatal
	return e
}

// Noticef returns a NOTICE; PostgreSQL gives notices code 00000 unless it says otherwise.
func Noticef(code Code, format string, args ...any) *Error {
	e := Errorf(code, format, args...)
	e.Severity = SeverityNotice
	return e
}

// Warningf returns a WARNING.
func Warningf(code Code, format string, args ...any) *Error {
	e := Errorf(code, format, args...)
	e.Severity = SeverityWarning
	return e
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s (SQLSTATE %s)", e.Severity, e.Message, e.Code)
}

// Unwrap returns Cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is matches two Errors by SQLSTATE, so that errors.Is(err, sqlstate.New(code, ""))
// asks "is this that class of refusal"; sentinels compare by identity first.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && (t.Message == "" || t.Message == e.Message)
}

// WithDetail sets Detail and returns e.
func (e *Error) WithDetail(format string, args ...any) *Error {
	e.Detail = fmt.Sprintf(format, args...)
	return e
}

// WithHint sets Hint and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// At sets Position and returns e.
func (e *Error) At(position int) *Error {
	e.Position = position
	return e
}

// From turns any error into an *Error: the one in its chain, or XX000 with the
// error's text. A nil error gives nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Severity: SeverityError, Code: InternalError, Message: err.Error(), Cause: err}
}

// CodeOf returns the SQLSTATE of err, SuccessfulCompletion for nil.
func CodeOf(err error) Code {
	if err == nil {
		return SuccessfulCompletion
	}
	return From(err).Code
}
