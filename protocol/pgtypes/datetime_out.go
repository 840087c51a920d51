package pgtypes

import "strconv"

// appendDateTime writes dates and times in ISO style with zone UTC: what
// DateStyle ISO, IntervalStyle postgres and TimeZone UTC show.
func appendDateTime(dst []byte, typ OID, v Value) []byte {
	switch typ {
	case Date:
		switch v.num {
		case DateInfinity:
			return append(dst, "infinity"...)
		case DateNegInfinity:
			return append(dst, "-infinity"...)
		}
		dst, bc := appendCivil(dst, v.num)
		return appendBC(dst, bc)
	case Time:
		return appendClock(dst, v.num)
	case Timetz:
		t := v.Timetz()
		return appendZone(appendClock(dst, t.Micros), -t.Zone)
	case Interval:
		return appendInterval(dst, v.Interval())
	}
	switch v.num {
	case TimestampInfinity:
		return append(dst, "infinity"...)
	case TimestampNegInfinity:
		return append(dst, "-infinity"...)
	}
	days, us := SplitTimestamp(v.num)
	dst, bc := appendCivil(dst, days)
	dst = appendClock(append(dst, ' '), us)
	if typ == Timestamptz {
		dst = append(dst, "+00"...)
	}
	return appendBC(dst, bc)
}

func appendCivil(dst []byte, days int64) ([]byte, bool) {
	y, m, d := CivilFromDays(days)
	bc := y <= 0
	if bc {
		y = 1 - y
	}
	dst = appendPadded(dst, y, 4)
	dst = appendPadded(append(dst, '-'), m, 2)
	return appendPadded(append(dst, '-'), d, 2), bc
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

// appendInterval is EncodeInterval in style postgres: each field with its own
// sign, a plus after a negative one.
func appendInterval(dst []byte, i IntervalValue) []byte {
	start := len(dst)
	negative := false // was the field before negative?
	field := func(n int64, unit string) {
		if n == 0 {
			return
		}
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		if negative && n > 0 {
			dst = append(dst, '+')
		}
		dst = strconv.AppendInt(dst, n, 10)
		dst = append(append(dst, ' '), unit...)
		if n != 1 {
			dst = append(dst, 's')
		}
		negative = n < 0
	}
	field(int64(i.Months/12), "year")
	field(int64(i.Months%12), "mon")
	field(int64(i.Days), "day")
	if i.Micros == 0 && len(dst) > start {
		return dst
	}
	if len(dst) > start {
		dst = append(dst, ' ')
	}
	us := uint64(i.Micros)
	if i.Micros < 0 {
		dst = append(dst, '-')
		us = -us
	} else if negative {
		dst = append(dst, '+')
	}
	dst = appendPadded(dst, int64(us/MicrosPerHour), 2)
	rest := int64(us % MicrosPerHour)
	dst = appendPadded(append(dst, ':'), rest/MicrosPerMinute, 2)
	dst = appendPadded(append(dst, ':'), rest/MicrosPerSecond%60, 2)
	return appendFraction(dst, rest%MicrosPerSecond)
}
