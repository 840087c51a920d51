package pgtypes

import (
	"strconv"
	"time"

	"seqd/protocol/timezone"
)

var (
	monthNames = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}
	dayNames   = [...]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
)

// appendDateTime writes dates and times as the style has them.
func (s *Style) appendDateTime(dst []byte, typ OID, v Value) []byte {
	switch typ {
	case Date:
		switch v.num {
		case DateInfinity:
			return append(dst, "infinity"...)
		case DateNegInfinity:
			return append(dst, "-infinity"...)
		}
		dst, bc := s.appendCivil(dst, v.num, '-')
		return appendBC(dst, bc)
	case Time:
		return appendClock(dst, v.num)
	case Timetz:
		t := v.Timetz()
		return appendZone(appendClock(dst, t.Micros), -t.Zone)
	case Interval:
		return s.appendInterval(dst, v.Interval())
	}
	switch v.num {
	case TimestampInfinity:
		return append(dst, "infinity"...)
	case TimestampNegInfinity:
		return append(dst, "-infinity"...)
	}
	us, east, zone := v.num, int64(0), ""
	if typ == Timestamptz {
		east, zone = s.zoneAt(us)
		us += east * MicrosPerSecond
	}
	days, us := SplitTimestamp(us)
	var bc bool
	if s.Dates == "Postgres" {
		dst, bc = s.appendTraditional(dst, days, us)
	} else {
		dst, bc = s.appendCivil(dst, days, '/')
		dst = appendClock(append(dst, ' '), us)
	}
	switch {
	case typ != Timestamptz:
	case s.Dates == "ISO":
		dst = appendZone(dst, int32(east))
	default:
		dst = append(append(dst, ' '), zone[:min(len(zone), maxZoneName)]...)
	}
	return appendBC(dst, bc)
}

// maxZoneName is how much of a zone's name is shown (MAXTZLEN).
const maxZoneName = 10

// zoneAt is what the style's zone has at a timestamp.
func (s *Style) zoneAt(us int64) (east int64, name string) {
	if s.Zone == time.UTC {
		return 0, "UTC"
	}
	east, name, _ = timezone.Offset(s.Zone, unixSeconds(us))
	return east, name
}

// unixSeconds is a timestamp in whole seconds since 1970.
func unixSeconds(us int64) int64 { return floorDiv(us, MicrosPerSecond) - UnixEpochDays*86400 }

// ToLocal is the local time of a timestamptz, as a timestamp.
func (s *Style) ToLocal(us int64) int64 {
	east, _ := s.zoneAt(us)
	return us + east*MicrosPerSecond
}

// FromLocal is the timestamptz of a local time.
func (s *Style) FromLocal(us int64) int64 {
	return us - timezone.LocalOffset(s.Zone, unixSeconds(us))*MicrosPerSecond
}

// appendCivil writes a date; sep separates the fields of style Postgres.
func (s *Style) appendCivil(dst []byte, days int64, sep byte) ([]byte, bool) {
	y, m, d := CivilFromDays(days)
	bc := y <= 0
	if bc {
		y = 1 - y
	}
	first, second := m, d
	switch s.Dates {
	case "ISO":
		dst = appendPadded(dst, y, 4)
		dst = appendPadded(append(dst, '-'), m, 2)
		return appendPadded(append(dst, '-'), d, 2), bc
	case "German":
		sep, first, second = '.', d, m
	default:
		if s.Dates == "SQL" {
			sep = '/'
		}
		if s.Order == DMY {
			first, second = d, m
		}
	}
	dst = appendPadded(dst, first, 2)
	dst = appendPadded(append(dst, sep), second, 2)
	return appendPadded(append(dst, sep), y, 4), bc
}

// appendTraditional is style Postgres: Wed Dec 17 07:37:16 1997.
func (s *Style) appendTraditional(dst []byte, days, us int64) ([]byte, bool) {
	y, m, d := CivilFromDays(days)
	bc := y <= 0
	if bc {
		y = 1 - y
	}
	weekday := days + 6 - floorDiv(days+6, 7)*7
	dst = append(append(dst, dayNames[weekday]...), ' ')
	if s.Order == DMY {
		dst = append(append(appendPadded(dst, d, 2), ' '), monthNames[m-1]...)
	} else {
		dst = appendPadded(append(append(dst, monthNames[m-1]...), ' '), d, 2)
	}
	dst = appendClock(append(dst, ' '), us)
	return appendPadded(append(dst, ' '), y, 4), bc
}

func appendBC(dst []byte, bc bool) []byte {
	if bc {
		return append(dst, " BC"...)
	}
	return dst
}

func appendClock(dst []byte, us int64) []byte {
	dst = appendPadded(dst, us/MicrosPerHour, 2)
	dst = appendPadded(append(dst, ':'), us/MicrosPerMinute%60, 2)
	dst = appendPadded(append(dst, ':'), us/MicrosPerSecond%60, 2)
	return appendFraction(dst, us%MicrosPerSecond)
}

func appendFraction(dst []byte, us int64) []byte {
	if us == 0 {
		return dst
	}
	dst = appendPadded(append(dst, '.'), us, 6)
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendZone writes an offset in seconds east of UTC.
func appendZone(dst []byte, east int32) []byte {
	sign := byte('+')
	if east < 0 {
		sign, east = '-', -east
	}
	dst = appendPadded(append(dst, sign), int64(east/3600), 2)
	if east%3600 != 0 {
		dst = appendPadded(append(dst, ':'), int64(east/60%60), 2)
		if east%60 != 0 {
			dst = appendPadded(append(dst, ':'), int64(east%60), 2)
		}
	}
	return dst
}

func appendPadded(dst []byte, n int64, width int) []byte {
	var buf [20]byte
	s := strconv.AppendInt(buf[:0], n, 10)
	for i := len(s); i < width; i++ {
		dst = append(dst, '0')
	}
	return append(dst, s...)
}
