package pgtypes

import (
	"math"
	"strconv"
	"strings"

	"seqd/protocol/sqlstate"
)

// intervalUnits maps unit words to months, days or microseconds.
var intervalUnits = map[string]struct{ months, days, micros int64 }{}

func init() {
	add := func(months, days, micros int64, names ...string) {
		for _, n := range names {
			intervalUnits[n] = struct{ months, days, micros int64 }{months, days, micros}
		}
	}
	add(0, 0, 1, "us", "usec", "usecs", "usecond", "useconds", "microsecond", "microseconds", "microsecon")
	add(0, 0, 1000, "ms", "msec", "msecs", "msecond", "mseconds", "millisecond", "milliseconds", "millisecon")
	add(0, 0, MicrosPerSecond, "s", "sec", "secs", "second", "seconds", "")
	add(0, 0, MicrosPerMinute, "m", "min", "mins", "minute", "minutes")
	add(0, 0, MicrosPerHour, "h", "hr", "hrs", "hour", "hours")
	add(0, 1, 0, "d", "day", "days")
	add(0, 7, 0, "w", "week", "weeks")
	add(1, 0, 0, "mon", "mons", "month", "months")
	add(12, 0, 0, "y", "yr", "yrs", "year", "years")
	add(120, 0, 0, "decade", "decades", "decs")
	add(1200, 0, 0, "c", "cent", "century", "centuries")
	add(12000, 0, 0, "mil", "mils", "millennium", "millennia")
}

// parseInterval reads "1 year 2 mons 3 days 04:05:06.7 ago", "1-2 3 4:05" in
// parts, and ISO 8601's P1Y2M3DT4H5M6S.
func parseInterval(s, t string) (Value, error) {
	fail := func() (Value, error) {
		return Null(), sqlstate.Errorf(sqlstate.InvalidDatetimeFormat, `invalid input syntax for type interval: "%s"`, s)
	}
	var acc intervalSum
	ok := false
	if strings.HasPrefix(t, "p") {
		ok = acc.iso(t[1:])
	} else {
		ok = acc.words(strings.Fields(strings.ReplaceAll(t, "@", " ")))
	}
	if !ok {
		return fail()
	}
	if acc.overflow || math.Abs(acc.months) > math.MaxInt32 || math.Abs(acc.days) > math.MaxInt32 {
		return Null(), sqlstate.Errorf(sqlstate.DatetimeFieldOverflow, `interval field value out of range: "%s"`, s)
	}
	return NewInterval(IntervalValue{Micros: acc.micros, Days: int32(acc.days), Months: int32(acc.months)}), nil
}

type intervalSum struct {
	months, days float64
	micros       int64
	overflow     bool
}

// words reads the postgres style: numbers each followed by a unit, clock times.
func (a *intervalSum) words(fields []string) bool {
	if len(fields) == 0 {
		return false
	}
	used := false
	for i := 0; i < len(fields); i++ {
		f := fields[i]
		if f == "ago" && i == len(fields)-1 && used {
			a.months, a.days, a.micros = -a.months, -a.days, -a.micros
			return true
		}
		used = true
		if strings.Contains(f, ":") {
			if !a.clock(f) {
				return false
			}
			continue
		}
		n := len(f) - len(strings.TrimLeft(f, "+-.0123456789"))
		num, unit := f[:n], f[n:]
		if j := strings.IndexByte(num[min(1, len(num)):], '-'); j >= 0 && unit == "" {
			if !a.yearMonth(num, j+1) {
				return false
			}
			continue
		}
		if unit == "" && i+1 < len(fields) {
			if _, ok := intervalUnits[fields[i+1]]; ok {
				unit = fields[i+1]
				i++
			} else if strings.Contains(fields[i+1], ":") {
				unit = "day"
			}
		}
		u, ok := intervalUnits[unit]
		v, err := strconv.ParseFloat(num, 64)
		if !ok || err != nil {
			return false
		}
		a.add(v, u.months, u.days, u.micros)
	}
	return true
}

// add adds v units; fractions of months go to days, of days to microseconds.
func (a *intervalSum) add(v float64, months, days, micros int64) {
	switch {
	case months > 1: // years and more: fractions become whole months
		a.months += math.Round(v * float64(months))
	case months == 1:
		whole, frac := math.Modf(v)
		a.months += whole
		a.add(frac*30, 0, 1, 0)
	case days > 0:
		whole, frac := math.Modf(v * float64(days))
		a.days += whole
		a.addMicros(math.Round(frac * MicrosPerDay))
	default:
		a.addMicros(math.Round(v * float64(micros)))
	}
}

func (a *intervalSum) addMicros(us float64) {
	if math.Abs(us) >= math.MaxInt64 || math.Abs(us+float64(a.micros)) >= math.MaxInt64 {
		a.overflow = true
		return
	}
	a.micros += int64(us)
}

func (a *intervalSum) yearMonth(num string, dash int) bool {
	y, err1 := strconv.ParseInt(num[:dash], 10, 32)
	m, err2 := strconv.ParseInt(num[dash+1:], 10, 32)
	if err1 != nil || err2 != nil || m > 11 || m < 0 {
		return false
	}
	if num[0] == '-' {
		m = -m
	}
	a.months += float64(y*12 + m)
	return true
}

// clock reads [-]hh:mm[:ss[.f]].
func (a *intervalSum) clock(f string) bool {
	negative := strings.HasPrefix(f, "-")
	parts := strings.Split(strings.TrimLeft(f, "+-"), ":")
	if len(parts) > 3 {
		return false
	}
	var total float64
	for i, unit := range []float64{MicrosPerHour, MicrosPerMinute, MicrosPerSecond} {
		if i >= len(parts) {
			break
		}
		v, err := strconv.ParseFloat(parts[i], 64)
		if err != nil || v < 0 || i > 0 && v >= 61 || strings.ContainsAny(parts[i], "eExXpP_+-inIN") {
			return false
		}
		total += math.Round(v * unit)
	}
	if negative {
		total = -total
	}
	a.addMicros(total)
	return true
}

// iso reads what follows the P.
func (a *intervalSum) iso(t string) bool {
	dateUnits := map[byte]string{'y': "year", 'm': "month", 'w': "week", 'd': "day"}
	timeUnits := map[byte]string{'h': "hour", 'm': "minute", 's': "second"}
	units, seen := dateUnits, false
	for t != "" {
		if t[0] == 't' {
			units, t = timeUnits, t[1:]
			continue
		}
		n := len(t) - len(strings.TrimLeft(t, "+-.0123456789"))
		v, err := strconv.ParseFloat(t[:n], 64)
		if err != nil || n == len(t) {
			return false
		}
		name, ok := units[t[n]]
		if !ok {
			return false
		}
		u := intervalUnits[name]
		a.add(v, u.months, u.days, u.micros)
		t, seen = t[n+1:], true
	}
	return seen
}
