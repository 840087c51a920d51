package pgtypes

import (
	"strconv"
	"strings"

	"seqd/protocol/sqlstate"
)

// parseDateTime reads dates and times in the ISO spellings. Words that need a
// clock (now, today …) are the caller's.
func parseDateTime(typ OID, s string) (Value, error) {
	t := strings.ToLower(strings.Trim(s, spaces))
	if typ == Interval {
		return parseInterval(s, t)
	}
	name := strings.TrimSuffix(Format(typ), " without time zone")
	if v, ok := specialDateTime(typ, t); ok {
		return v, nil
	}
	r := dateTimeReader{rest: t}
	fail := func() (Value, error) {
		return Null(), sqlstate.Errorf(sqlstate.InvalidDatetimeFormat, `invalid input syntax for type %s: "%s"`, name, s)
	}
	overflow := func() (Value, error) {
		return Null(), sqlstate.Errorf(sqlstate.DatetimeFieldOverflow, `date/time field value out of range: "%s"`, s)
	}
	if typ != Time && typ != Timetz || strings.Count(t, "-") >= 2 && strings.Contains(t, ":") && !strings.HasPrefix(t, "-") {
		if !r.date() {
			return fail()
		}
	}
	if !r.clock(typ == Time || typ == Timetz) || !r.zoneAndEra() || r.rest != "" {
		return fail()
	}
	if !r.valid() {
		return overflow()
	}
	v, ok := r.value(typ)
	if !ok {
		kind := "timestamp"
		if typ == Date {
			kind = "date"
		}
		return Null(), sqlstate.Errorf(sqlstate.DatetimeFieldOverflow, `%s out of range: "%s"`, kind, s)
	}
	return v, nil
}

func specialDateTime(typ OID, t string) (Value, bool) {
	infinite := typ == Date || typ == Timestamp || typ == Timestamptz
	switch t {
	case "infinity", "+infinity":
		if typ == Date {
			return NewInt(DateInfinity), true
		}
		return NewInt(TimestampInfinity), infinite
	case "-infinity":
		if typ == Date {
			return NewInt(DateNegInfinity), true
		}
		return NewInt(TimestampNegInfinity), infinite
	case "epoch":
		if typ == Date {
			return NewInt(UnixEpochDays), true
		}
		return FromUnixMicros(0), infinite
	case "allballs":
		if typ == Time {
			return NewInt(0), true
		}
	}
	return Null(), false
}

// dateTimeReader takes a literal apart from left to right.
type dateTimeReader struct {
	rest                 string
	year, month, day     int64
	hour, minute, second int64
	micros               int64
	zone                 int64 // seconds east
	hasZone, bc          bool
}

// digits takes between lo and hi digits off the front.
func (r *dateTimeReader) digits(lo, hi int) (int64, bool) {
	n := 0
	for n < len(r.rest) && n < hi && r.rest[n] >= '0' && r.rest[n] <= '9' {
		n++
	}
	if n < lo {
		return 0, false
	}
	v, err := strconv.ParseInt(r.rest[:n], 10, 64)
	r.rest = r.rest[n:]
	return v, err == nil
}

func (r *dateTimeReader) take(c byte) bool {
	if r.rest != "" && r.rest[0] == c {
		r.rest = r.rest[1:]
		return true
	}
	return false
}

// date reads year-month-day, year/month/day or yyyymmdd.
func (r *dateTimeReader) date() bool {
	n := 0
	for n < len(r.rest) && r.rest[n] >= '0' && r.rest[n] <= '9' {
		n++
	}
	var ok1, ok2, ok3 bool
	if n == 8 {
		r.year, ok1 = r.digits(4, 4)
		r.month, ok2 = r.digits(2, 2)
		r.day, ok3 = r.digits(2, 2)
		return ok1 && ok2 && ok3
	}
	r.year, ok1 = r.digits(4, 7)
	sep := byte('-')
	if strings.HasPrefix(r.rest, "/") {
		sep = '/'
	}
	ok1 = ok1 && r.take(sep)
	r.month, ok2 = r.digits(1, 2)
	ok2 = ok2 && r.take(sep)
	r.day, ok3 = r.digits(1, 2)
	return ok1 && ok2 && ok3
}

// clock reads hh:mm[:ss[.ffffff]] if there is one.
func (r *dateTimeReader) clock(required bool) bool {
	before := r.rest
	if !r.take('t') {
		r.rest = strings.TrimLeft(r.rest, spaces)
	}
	if r.rest == "" || r.rest[0] < '0' || r.rest[0] > '9' {
		if !required && (r.rest == "" || before == r.rest || strings.IndexByte(spaces, before[0]) >= 0) {
			return true
		}
		return false
	}
	var ok bool
	if r.hour, ok = r.digits(1, 2); !ok || !r.take(':') {
		return false
	}
	if r.minute, ok = r.digits(2, 2); !ok {
		return false
	}
	if !r.take(':') {
		return true
	}
	if r.second, ok = r.digits(2, 2); !ok {
		return false
	}
	if r.take('.') {
		r.fraction()
	}
	return true
}

func (r *dateTimeReader) fraction() {
	var us int64
	scale := int64(MicrosPerSecond)
	n := 0
	for ; n < len(r.rest) && r.rest[n] >= '0' && r.rest[n] <= '9'; n++ {
		if scale > 1 {
			scale /= 10
			us += int64(r.rest[n]-'0') * scale
		} else if n == 6 && r.rest[n] >= '5' {
			us++
		}
	}
	r.micros, r.rest = us, r.rest[n:]
}

// zoneAndEra reads +hh[:mm[:ss]], z, utc, gmt and bc.
func (r *dateTimeReader) zoneAndEra() bool {
	for r.rest = strings.TrimLeft(r.rest, spaces); r.rest != ""; r.rest = strings.TrimLeft(r.rest, spaces) {
		switch {
		case r.rest[0] == '+' || r.rest[0] == '-':
			if !r.offset() {
				return false
			}
		case strings.HasPrefix(r.rest, "bc"):
			r.bc, r.rest = true, r.rest[2:]
		case strings.HasPrefix(r.rest, "ad"):
			r.rest = r.rest[2:]
		case strings.HasPrefix(r.rest, "utc"), strings.HasPrefix(r.rest, "gmt"):
			r.hasZone, r.rest = true, r.rest[3:]
		case strings.HasPrefix(r.rest, "zulu"):
			r.hasZone, r.rest = true, r.rest[4:]
		case r.rest[0] == 'z':
			r.hasZone, r.rest = true, r.rest[1:]
		default:
			return false
		}
	}
	return true
}

func (r *dateTimeReader) offset() bool {
	sign := int64(1)
	if r.rest[0] == '-' {
		sign = -1
	}
	r.rest = r.rest[1:]
	h, ok := r.digits(1, 2)
	if !ok {
		return false
	}
	var m, s int64
	colon := r.take(':')
	if colon || r.rest != "" && r.rest[0] >= '0' && r.rest[0] <= '9' {
		if m, ok = r.digits(2, 2); !ok {
			return false
		}
		if r.take(':') {
			if s, ok = r.digits(2, 2); !ok {
				return false
			}
		}
	}
	r.hasZone, r.zone = true, sign*(h*3600+m*60+s)
	return h <= 15 && m < 60 && s < 60
}

// valid checks the fields; a time alone has month 0.
func (r *dateTimeReader) valid() bool {
	if r.bc {
		r.year = 1 - r.year
	} else if r.year == 0 && r.month != 0 {
		return false
	}
	if r.month != 0 || r.day != 0 {
		if r.month < 1 || r.month > 12 || r.day < 1 || r.day > DaysInMonth(r.year, r.month) {
			return false
		}
	}
	if r.hour == 24 {
		return r.minute == 0 && r.second == 0 && r.micros == 0
	}
	return r.hour < 24 && r.minute < 60 && r.second <= 60
}

func (r *dateTimeReader) value(typ OID) (Value, bool) {
	us := r.hour*MicrosPerHour + r.minute*MicrosPerMinute + r.second*MicrosPerSecond + r.micros
	switch typ {
	case Time:
		return NewInt(us), true
	case Timetz:
		return NewTimetz(TimetzValue{Micros: us, Zone: int32(-r.zone)}), true
	}
	days := DaysFromCivil(r.year, r.month, r.day)
	if typ == Date {
		return NewInt(days), days >= minDate && days <= maxDate
	}
	if days < minDate || days*MicrosPerDay/MicrosPerDay != days {
		return Null(), false
	}
	us += days * MicrosPerDay
	if typ == Timestamptz {
		us -= r.zone * MicrosPerSecond
	}
	return NewInt(us), TimestampInRange(us)
}

// TimestampInRange tells whether PostgreSQL can hold the timestamp.
func TimestampInRange(us int64) bool { return us >= minTimestamp && us < endTimestamp }

// DateInRange tells whether PostgreSQL can hold the date.
func DateInRange(days int64) bool { return days >= minDate && days <= maxDate }
