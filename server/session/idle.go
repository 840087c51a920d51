package session

import (
	"errors"
	"time"

	"seqd/protocol/parser"
)

// What a session keeps only to be quick, and could make again, it lets go of when its
// client has been silent for long, and with it the goroutine: an application with a pool
// keeps many such connections. The next statement then takes some microseconds more.
const (
	idleLong  = 5 * time.Second // what "long" is
	idleCheck = time.Second     // how often sessions are looked at
)

// errIdle ends Run: the client is silent.
var errIdle = errors.New("the client is silent")

// RouseIdle wakes the sessions that have waited outside of transactions since a time
// before, and were not woken before.
func (d *Directory) RouseIdle(before time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.sessions {
		if s.activity.idleSince(before.UnixMicro()) {
			s.conn.Rouse()
		}
	}
}

// idleSince tells, once, whether the session has been idle since before.
func (a *activity) idleSince(before int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.now.State != stateIdle || a.now.Change >= before || a.roused == a.now.Change {
		return false
	}
	a.roused = a.now.Change
	return true
}

// roused goes on after Rouse has ended the wait for the client: with the wait, if it is a
// limited one, else by giving up what is needed for more work only.
func (s *Session) roused(deadline time.Time) error {
	switch {
	case !deadline.IsZero():
		if err := s.conn.SetReadDeadline(deadline); err != nil {
			return err
		}
		return s.conn.Await()
	case s.tx.state != txNone || s.skipToSync:
		return nil
	}
	s.shed()
	return errIdle
}

// shed lets go of what can be made again.
func (s *Session) shed() {
	s.short, s.out, s.plans = nil, nil, nil
	s.forced = inForce{}
	s.settings.Share(&s.directory.settings)
	if len(s.portals) == 0 {
		s.portals = nil
	}
	if len(s.prepared) == 0 {
		s.prepared = nil
	}
	for _, p := range s.prepared {
		p.hot = nil
		if _, ok := p.stmt.(*parser.SelectStmt); ok {
			p.plan, p.catalog = nil, nil // revalidate makes it
		}
	}
}
