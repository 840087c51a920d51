package pgtypes

import (
	"strings"

	"seqd/protocol/sqlstate"
)

// dateProblem is what is wrong with a text, in PostgreSQL's classes (DTERR_…).
type dateProblem byte

const (
	noProblem dateProblem = iota
	badFormat
	fieldOverflow
	monthDayOverflow
	zoneOverflow
)

func (p dateProblem) err(typ OID, s string) error {
	switch p {
	case fieldOverflow:
		return sqlstate.Errorf(sqlstate.DatetimeFieldOverflow, `date/time field value out of range: "%s"`, s)
	case monthDayOverflow:
		return sqlstate.Errorf(sqlstate.DatetimeFieldOverflow, `date/time field value out of range: "%s"`, s).
			WithHint(`Perhaps you need a different "datestyle" setting.`)
	case zoneOverflow:
		return sqlstate.Errorf(sqlstate.InvalidTimeZoneDisplacement, `time zone displacement out of range: "%s"`, s)
	}
	name := strings.TrimSuffix(Format(typ), " without time zone")
	return sqlstate.Errorf(sqlstate.InvalidDatetimeFormat, `invalid input syntax for type %s: "%s"`, name, s)
}

// parseDateTime reads dates, times and intervals.
func (st *Style) parseDateTime(typ OID, s string) (Value, error) {
	if typ == Interval {
		return st.ParseInterval(s, -1)
	}
	list, ok := tokens(s)
	if !ok {
		return Null(), badFormat.err(typ, s)
	}
	d := &dateDecoder{st: st, tokens: list, timeOnly: typ == Time || typ == Timetz}
	p := d.run()
	if d.unknownZone != "" {
		return Null(), sqlstate.Errorf(sqlstate.InvalidParameterValue, `time zone "%s" not recognized`, d.unknownZone)
	}
	if p == noProblem && d.special == "" {
		p = d.finish()
	}
	if p != noProblem {
		return Null(), p.err(typ, s)
	}
	v, ok := d.value(typ)
	if !ok {
		kind := "timestamp"
		if typ == Date {
			kind = "date"
		}
		return Null(), sqlstate.Errorf(sqlstate.DatetimeFieldOverflow, `%s out of range: "%s"`, kind, s)
	}
	return v, nil
}

// value makes the datum; false if the type can't hold it.
func (d *dateDecoder) value(typ OID) (Value, bool) {
	us := d.clockMicros()
	switch typ {
	case Time:
		return NewInt(us), true
	case Timetz:
		return NewTimetz(TimetzValue{Micros: us, Zone: int32(-d.east)}), true
	}
	if v, ok := infinite(typ, d.special); ok {
		return v, true
	}
	if d.special == "epoch" {
		if typ == Date {
			return NewInt(UnixEpochDays), true
		}
		return FromUnixMicros(0), true
	}
	days := DaysFromCivil(d.year, d.month, d.day)
	if typ == Date {
		return NewInt(days), DateInRange(days)
	}
	if days < minDate || days*MicrosPerDay/MicrosPerDay != days {
		return Null(), false
	}
	us += days * MicrosPerDay
	if typ == Timestamptz {
		us -= d.east * MicrosPerSecond
	}
	return NewInt(us), TimestampInRange(us)
}

func infinite(typ OID, word string) (Value, bool) {
	switch {
	case word == "infinity" && typ == Date:
		return NewInt(DateInfinity), true
	case word == "infinity":
		return NewInt(TimestampInfinity), true
	case word == "-infinity" && typ == Date:
		return NewInt(DateNegInfinity), true
	case word == "-infinity":
		return NewInt(TimestampNegInfinity), true
	}
	return Null(), false
}

// TimestampInRange tells whether PostgreSQL can hold the timestamp.
func TimestampInRange(us int64) bool { return us >= minTimestamp && us < endTimestamp }

// DateInRange tells whether PostgreSQL can hold the date.
func DateInRange(days int64) bool { return days >= minDate && days <= maxDate }
