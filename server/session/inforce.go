package session

import (
	"time"

	"seqd/protocol/pgtypes"
)

// inForce is what statements need of the settings all the time, kept until a
// setting changes.
type inForce struct {
	version           uint64 // of the settings; 0: not read yet
	statementTimeout  time.Duration
	lockTimeout       time.Duration
	idleTimeout       time.Duration
	idleInTransaction time.Duration
	maxStaleness      time.Duration // negative: no limit
	readOnly          bool
	searchPath        string
	// names is what names mean by: the search path, and for whom.
	names string
	style *pgtypes.Style
}

// inForce reads the settings again if one of them changed.
func (s *Session) inForce() *inForce {
	if s.forced.version != s.settings.Version() {
		s.readSettings()
	}
	return &s.forced
}

func (s *Session) readSettings() {
	role := s.currentRole().Name // keeps is_superuser in step, which is a setting
	timeout := func(name string) time.Duration {
		return time.Duration(s.settings.Milliseconds(name)) * time.Millisecond
	}
	path, _ := s.settings.Get("search_path")
	s.forced = inForce{
		version:           s.settings.Version(),
		statementTimeout:  timeout("statement_timeout"),
		lockTimeout:       timeout("lock_timeout"),
		idleTimeout:       timeout("idle_session_timeout"),
		idleInTransaction: timeout("idle_in_transaction_session_timeout"),
		maxStaleness:      timeout("seqd.max_staleness"),
		readOnly:          s.transactionSetting("transaction_read_only") == "on",
		searchPath:        path,
		names:             path + "\x00" + role,
		style:             s.readStyle(),
	}
}
