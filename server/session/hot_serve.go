package session

import (
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// serveHot answers the messages that have arrived, up to the first that is not as
// before, and tells whether there was one.
func (s *Session) serveHot() (bool, error) {
	if s.short == nil {
		return false, nil
	}
	in := s.conn.Ahead()
	if served, err := s.serveQuick(in); served {
		return true, err
	}
	if len(in) == 0 || in[0] != 'B' && in[0] != 'Q' && in[0] != 'P' || !s.hotReady() {
		return false, nil
	}
	buffer := hotUnitsPool.Get().(*hotUnits)
	units := s.scanHot(in, buffer)
	var err error
	if len(units) > 0 {
		err = s.answerHot(units, in)
	}
	clear(units) // or the pool would keep what they refer to
	hotUnitsPool.Put(buffer)
	return len(units) > 0, err
}

// answerHot answers all units of in, or those up to an error.
func (s *Session) answerHot(units []hotUnit, in []byte) error {
	s.interrupt.begin()
	s.statement, s.caughtUp = time.Time{}, false
	if len(s.portals) > 0 {
		s.dropPortal("")
	}
	s.tally.statements += uint64(len(units))
	answered, err := s.hotAnswers(units)
	s.interrupt.end()
	if err != nil {
		return s.failHot(&units[answered], err)
	}
	last := &units[len(units)-1]
	if len(units) == 1 {
		s.learnQuick(last, in)
	}
	s.conn.Skip(last.end)
	if s.tx.state == txBlock && !last.query {
		s.keepHotPortal(last)
	}
	// Without Sync nobody waits for the answer yet.
	if s.unflushed = !last.synced || s.conn.InputWaiting(); s.unflushed {
		return nil
	}
	return s.conn.Flush()
}

// keepHotPortal leaves the unnamed portal as Bind and Execute leave it in a transaction.
func (s *Session) keepHotPortal(u *hotUnit) {
	u.portal.made, u.portal.cursor = s.directory.clock.Load(), nil
	s.keepPortal(&u.portal)
}

// failHot goes on as the general way does with an error of a unit's Execute or Query.
func (s *Session) failHot(u *hotUnit, err error) error {
	s.forgetHot()
	s.activity.begin(u.text)
	s.short.left = 0
	if s.tx.state == txBlock && !u.query {
		s.keepHotPortal(u)
	}
	fail := func() error { return err }
	switch {
	case u.query:
		s.conn.Skip(u.end)
		return s.cycle(fail)
	case u.synced: // Sync is still to be heard
		s.conn.Skip(u.end - len(syncMessage))
	default:
		s.conn.Skip(u.end)
	}
	return s.step(fail)
}

// hotAnswerSize is what an answer with one value takes, about.
const hotAnswerSize = 80

// hotAnswers adds the answers to the output. answered is how many they are: with an
// error, that of the next one has begun.
func (s *Session) hotAnswers(units []hotUnit) (answered int, err error) {
	told := false
	var pattern int8Pattern
	out := s.conn.Output(len(units) * hotAnswerSize)
	for i := range units {
		u := &units[i]
		s.hotStart(u)
		var err error
		if u.series == nil && (u.single == 0 || s.short.left == 0) {
			s.conn.SetOutput(out) // who waits for values may have it written
			err = s.hotTake(units[i:])
			out = s.conn.Output(0)
		}
		if u.parsed {
			out = append(out, parseComplete...)
		}
		if u.described {
			out = append(out, u.answer...)
		} else {
			out = append(out, bindComplete...)
		}
		if u.series != nil {
			s.conn.SetOutput(out)
			err = s.hotSeries(u)
			out = s.conn.Output(0)
		}
		if err != nil {
			s.conn.SetOutput(out)
			return i, s.explain(err)
		}
		if u.series == nil {
			out = append(s.appendHotRow(out, u, &pattern), selectOne...)
		}
		if !u.synced {
			continue
		}
		s.conn.SetOutput(out)
		if err := s.finish(); err != nil {
			return i, err
		}
		if !told {
			told = true
			s.reportSettings()
		}
		out = append(s.conn.Output(0), 'Z', 0, 0, 0, 5, s.tx.status())
	}
	s.conn.SetOutput(out)
	last := &units[len(units)-1]
	if s.unnoted = ""; last.synced {
		s.activity.ran(last.text, s.tx.status())
	} else {
		s.activity.begin(last.text)
	}
	return len(units), nil
}

// hotStart is what a message does to the session before it is executed. What begins and
// ends with the unit is no transaction that anybody could tell from none: nothing but
// values of sequences is touched.
func (s *Session) hotStart(u *hotUnit) {
	if u.query && s.prepared[""] != nil {
		delete(s.prepared, "")
		s.forgetHot()
	}
	if !u.synced {
		s.start()
	}
	if s.tx.state != txNone {
		s.tx.queried = true
	}
}

// hotTake takes the values of the first unit, and with that of a single column those of
// the units that follow and ask the same sequence: all these requests have arrived, and
// none has been answered.
func (s *Session) hotTake(units []hotUnit) error {
	u, n := &units[0], 1
	s.unnoted = u.text
	if u.single == 0 {
		return s.hotTakeRow(u)
	}
	for n < len(units) && units[n].single == u.single {
		n++
	}
	run, err := s.nextvals(u.single, uint64(n))
	if err == nil {
		s.short.taken, s.short.left = run, run.Count()
	}
	return err
}

// hotSeries sends the rows of a series and CommandComplete.
func (s *Session) hotSeries(u *hotUnit) error {
	s.unnoted = u.text
	u.series.left = u.series.count
	if _, err := u.series.send(&u.portal, 0); err != nil {
		return err
	}
	s.conn.SetOutput(append(s.conn.Output(len(u.complete)), u.complete...))
	return nil
}

// hotTakeRow takes the values of several columns.
func (s *Session) hotTakeRow(u *hotUnit) error {
	s.short.values = s.short.values[:0]
	for _, oid := range u.oids {
		v, err := s.nextval(oid)
		if err != nil {
			return err
		}
		s.short.values = append(s.short.values, v)
	}
	return nil
}

// appendHotRow adds the row of values that were taken.
func (s *Session) appendHotRow(out []byte, u *hotUnit, pattern *int8Pattern) []byte {
	if u.single == 0 {
		return appendInt8Row(out, s.short.values, &u.portal)
	}
	v := s.short.taken.First
	s.short.taken.First += s.short.taken.Increment
	s.short.left--
	if u.portal.format(0) == pgproto3.TextFormat {
		return pattern.append(out, v)
	}
	s.short.values = append(s.short.values[:0], v)
	return appendInt8Row(out, s.short.values, &u.portal)
}
