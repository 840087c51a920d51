package session

import "time"

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
}

// inForce reads the settings again if one of them changed.
func (s *Session) inForce() *inForce {
	f := &s.forced
	if v := s.settings.Version(); f.version != v {
		timeout := func(name string) time.Duration {
			return time.Duration(s.settings.Milliseconds(name)) * time.Millisecond
		}
		path, _ := s.settings.Get("search_path")
		*f = inForce{
			version:           v,
			statementTimeout:  timeout("statement_timeout"),
			lockTimeout:       timeout("lock_timeout"),
			idleTimeout:       timeout("idle_session_timeout"),
			idleInTransaction: timeout("idle_in_transaction_session_timeout"),
			maxStaleness:      timeout("seqd.max_staleness"),
			readOnly:          s.transactionSetting("transaction_read_only") == "on",
			searchPath:        path,
		}
	}
	return f
}
