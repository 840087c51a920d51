package pgtypes

import "strconv"

// span is an interval by its fields (pg_itm): those of months have one sign, and
// so have those of the time.
type span struct{ years, months, days, hours, minutes, seconds, micros int64 }

func fieldsOf(i IntervalValue) span {
	return span{
		int64(i.Months / 12), int64(i.Months % 12), int64(i.Days),
		i.Micros / MicrosPerHour, i.Micros / MicrosPerMinute % 60, i.Micros / MicrosPerSecond % 60, i.Micros % MicrosPerSecond,
	}
}

func (f *span) all() []*int64 {
	return []*int64{&f.years, &f.months, &f.days, &f.hours, &f.minutes, &f.seconds, &f.micros}
}

// appendInterval is EncodeInterval.
func (s *Style) appendInterval(dst []byte, i IntervalValue) []byte {
	switch s.Intervals {
	case "iso_8601":
		return appendISO(dst, fieldsOf(i))
	case "sql_standard":
		return appendSQL(dst, fieldsOf(i))
	case "postgres_verbose":
		return appendVerbose(dst, fieldsOf(i))
	}
	return appendPostgres(dst, i)
}

func appendISO(dst []byte, f span) []byte {
	if f == (span{}) {
		return append(dst, "PT0S"...)
	}
	field := func(n int64, unit byte) {
		if n != 0 {
			dst = append(strconv.AppendInt(dst, n, 10), unit)
		}
	}
	dst = append(dst, 'P')
	field(f.years, 'Y')
	field(f.months, 'M')
	field(f.days, 'D')
	if f.hours != 0 || f.minutes != 0 || f.seconds != 0 || f.micros != 0 {
		dst = append(dst, 'T')
	}
	field(f.hours, 'H')
	field(f.minutes, 'M')
	if f.seconds != 0 || f.micros != 0 {
		if f.seconds < 0 || f.micros < 0 {
			dst = append(dst, '-')
		}
		dst = strconv.AppendInt(dst, abs(f.seconds), 10)
		dst = append(appendFraction(dst, abs(f.micros)), 'S')
	}
	return dst
}

// appendSQL is the SQL standard's form: year-month or day-time with one sign, and with
// signs everywhere where that can't be.
func appendSQL(dst []byte, f span) []byte {
	negative, positive := false, false
	for _, n := range f.all() {
		negative, positive = negative || *n < 0, positive || *n > 0
	}
	yearMonth := f.years != 0 || f.months != 0
	dayTime := f.days != 0 || f.hours != 0 || f.minutes != 0 || f.seconds != 0 || f.micros != 0
	clock := func() {
		dst = strconv.AppendInt(dst, abs(f.hours), 10)
		dst = appendPadded(append(dst, ':'), abs(f.minutes), 2)
		dst = appendFraction(appendPadded(append(dst, ':'), abs(f.seconds), 2), abs(f.micros))
	}
	sign := func(minus bool) {
		dst = append(dst, map[bool]byte{true: '-', false: '+'}[minus])
	}
	switch {
	case !negative && !positive:
		return append(dst, '0')
	case negative && positive || yearMonth && dayTime:
		sign(f.years < 0 || f.months < 0)
		dst = append(strconv.AppendInt(dst, abs(f.years), 10), '-')
		dst = append(strconv.AppendInt(dst, abs(f.months), 10), ' ')
		sign(f.days < 0)
		dst = append(strconv.AppendInt(dst, abs(f.days), 10), ' ')
		sign(f.hours < 0 || f.minutes < 0 || f.seconds < 0 || f.micros < 0)
		clock()
		return dst
	}
	if negative {
		dst = append(dst, '-')
	}
	if yearMonth {
		dst = append(strconv.AppendInt(dst, abs(f.years), 10), '-')
		return strconv.AppendInt(dst, abs(f.months), 10)
	}
	if f.days != 0 {
		dst = append(strconv.AppendInt(dst, abs(f.days), 10), ' ')
	}
	clock()
	return dst
}

// appendVerbose is "@ 1 year 2 mons", with ago for what begins with a negative field.
func appendVerbose(dst []byte, f span) []byte {
	dst = append(dst, '@')
	zero, ago := true, false
	field := func(n int64, unit string) {
		switch {
		case n == 0:
			return
		case zero:
			ago, n = n < 0, abs(n)
		case ago:
			n = -n
		}
		zero = false
		dst = strconv.AppendInt(append(dst, ' '), n, 10)
		dst = append(append(dst, ' '), unit...)
		if n != 1 {
			dst = append(dst, 's')
		}
	}
	field(f.years, "year")
	field(f.months, "mon")
	field(f.days, "day")
	field(f.hours, "hour")
	field(f.minutes, "min")
	if f.seconds != 0 || f.micros != 0 {
		dst = append(dst, ' ')
		switch minus := f.seconds < 0 || f.seconds == 0 && f.micros < 0; {
		case minus && zero:
			ago = true
		case minus && !ago, !minus && ago:
			dst = append(dst, '-')
		}
		dst = appendFraction(strconv.AppendInt(dst, abs(f.seconds), 10), abs(f.micros))
		dst = append(dst, " sec"...)
		if abs(f.seconds) != 1 || f.micros != 0 {
			dst = append(dst, 's')
		}
		zero = false
	}
	if zero {
		dst = append(dst, " 0"...)
	}
	if ago {
		dst = append(dst, " ago"...)
	}
	return dst
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// appendPostgres writes each field with its own sign, a plus after a negative one.
func appendPostgres(dst []byte, i IntervalValue) []byte {
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
