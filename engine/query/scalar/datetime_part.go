package scalar

import (
	"math"
	"math/big"
	"strings"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	add(map[string]Func{
		"timestamp_part":    part(pgtypes.Timestamp, false),
		"time_part":         part(pgtypes.Time, false),
		"interval_part":     part(pgtypes.Interval, false),
		"extract_date":      part(pgtypes.Date, true),
		"extract_time":      part(pgtypes.Time, true),
		"extract_timestamp": part(pgtypes.Timestamp, true),
		"extract_interval":  part(pgtypes.Interval, true),
		"sql:date_part/2":   part(pgtypes.Date, false),
		"timestamp_trunc":   truncate(pgtypes.Timestamp),
		"interval_trunc":    truncateInterval,
	})
}

// fields are the parts of a value that extract and date_trunc take apart.
type fields struct {
	y, m, d, h, min, s, us int64
	days                   int64
}

func split(typ pgtypes.OID, v Value) fields {
	var f fields
	us := v.Int()
	switch typ {
	case pgtypes.Date:
		f.days, us = v.Int(), 0
	case pgtypes.Time:
	case pgtypes.Interval:
		i := v.Interval()
		f.y, f.m, f.d, us = int64(i.Months/12), int64(i.Months%12), int64(i.Days), i.Micros
	default:
		f.days, us = pgtypes.SplitTimestamp(us)
	}
	if typ != pgtypes.Interval && typ != pgtypes.Time {
		f.y, f.m, f.d = pgtypes.CivilFromDays(f.days)
	}
	f.h, f.min = us/pgtypes.MicrosPerHour, us/pgtypes.MicrosPerMinute%60
	f.s, f.us = us/pgtypes.MicrosPerSecond%60, us%pgtypes.MicrosPerSecond
	return f
}

func unrecognized(unit string, typ pgtypes.OID) error {
	return sqlstate.Errorf(sqlstate.InvalidParameterValue, `unit "%s" not recognized for type %s`, unit, pgtypes.Format(typ))
}

func notSupported(unit string, typ pgtypes.OID) error {
	return sqlstate.Errorf(sqlstate.FeatureNotSupported, `unit "%s" not supported for type %s`, unit, pgtypes.Format(typ))
}

// part is date_part and, as numeric, extract.
func part(typ pgtypes.OID, exact bool) Func {
	return func(a []Value) (Value, error) {
		unit := strings.ToLower(a[0].Text())
		if typ != pgtypes.Interval && typ != pgtypes.Time && (typ == pgtypes.Date && (a[1].Int() == pgtypes.DateInfinity || a[1].Int() == pgtypes.DateNegInfinity) || typ != pgtypes.Date && Infinite(a[1])) {
			return Value{}, sqlstate.New(sqlstate.FeatureNotSupported, "extract from an infinite value is not supported")
		}
		n, scale, err := unitOf(strings.TrimSuffix(unit, "s"), unit, typ, a[1])
		if err != nil {
			return Value{}, err
		}
		if exact {
			return pgtypes.NewNumeric(pgtypes.NumericFromBig(n, scale)), nil
		}
		f, _ := new(big.Float).SetInt(n).Float64()
		return pgtypes.NewFloat(f / math.Pow10(scale)), nil
	}
}

// unitOf is a part of a value as an integer with a number of decimal places.
func unitOf(unit, given string, typ pgtypes.OID, v Value) (*big.Int, int, error) {
	f := split(typ, v)
	hasTime, hasDate := typ != pgtypes.Date, typ != pgtypes.Time
	calendar := hasDate && typ != pgtypes.Interval
	if unit == "epoch" {
		return epoch(typ, v, f)
	}
	if n, scale, ok := f.clock(unit); ok {
		if !hasTime {
			return nil, 0, notSupported(given, typ)
		}
		return big.NewInt(n), scale, nil
	}
	if n, ok := f.date(unit, typ); ok {
		if !hasDate {
			return nil, 0, notSupported(given, typ)
		}
		return big.NewInt(n), 0, nil
	}
	if n, ok := f.calendar(unit); ok {
		if !calendar {
			return nil, 0, notSupported(given, typ)
		}
		return big.NewInt(n), 0, nil
	}
	return nil, 0, unrecognized(given, typ)
}

// OffsetPart is timezone and its parts: an offset east of UTC in seconds.
func OffsetPart(unit string, east int64, exact bool) (Value, bool) {
	switch strings.ToLower(unit) {
	case "timezone":
	case "timezone_hour", "timezone_h":
		east /= 3600
	case "timezone_minute", "timezone_m":
		east = east / 60 % 60
	default:
		return Value{}, false
	}
	if exact {
		return pgtypes.NewNumeric(pgtypes.NumericFromInt(east)), true
	}
	return pgtypes.NewFloat(float64(east)), true
}

// NamesType makes an error about one type one about another.
func NamesType(err error, from, to pgtypes.OID) error {
	if err == nil {
		return nil
	}
	e := *sqlstate.From(err)
	e.Message = strings.Replace(e.Message, "type "+pgtypes.Format(from), "type "+pgtypes.Format(to), 1)
	return &e
}

// clock are the units of the time of day, with their decimal places.
func (f *fields) clock(unit string) (n int64, scale int, ok bool) {
	us := f.s*pgtypes.MicrosPerSecond + f.us
	switch unit {
	case "hour":
		return f.h, 0, true
	case "minute":
		return f.min, 0, true
	case "second":
		return us, 6, true
	case "millisecond", "msec":
		return us, 3, true
	case "microsecond", "usec":
		return us, 0, true
	}
	return 0, 0, false
}

// date are the units that dates and intervals have.
func (f *fields) date(unit string, typ pgtypes.OID) (int64, bool) {
	interval := typ == pgtypes.Interval
	ages := func(n int64) int64 { // centuries and millennia count from 1, and from -1 down
		switch {
		case interval:
			return f.y / n
		case f.y > 0:
			return (f.y + n - 1) / n
		}
		return -((n - 1 - (f.y - 1)) / n)
	}
	switch unit {
	case "year":
		if !interval && f.y <= 0 {
			return f.y - 1, true
		}
		return f.y, true
	case "month":
		return f.m, true
	case "day":
		return f.d, true
	case "decade":
		return floorDiv(f.y, 10), true
	case "century", "centurie":
		return ages(100), true
	case "millennium":
		return ages(1000), true
	case "quarter":
		if interval {
			return f.m/3 + 1, true
		}
		return (f.m-1)/3 + 1, true
	}
	return 0, false
}

// calendar are the units that only a day in the calendar has.
func (f *fields) calendar(unit string) (int64, bool) {
	switch unit {
	case "dow":
		return floorMod(f.days+6, 7), true
	case "isodow":
		return floorMod(f.days+5, 7) + 1, true
	case "doy":
		return f.days - pgtypes.DaysFromCivil(f.y, 1, 1) + 1, true
	case "week":
		_, w := isoWeek(*f)
		return w, true
	case "isoyear":
		y, _ := isoWeek(*f)
		return y, true
	}
	return 0, false
}

func epoch(typ pgtypes.OID, v Value, f fields) (*big.Int, int, error) {
	n := new(big.Int)
	switch typ {
	case pgtypes.Date:
		return n.SetInt64((f.days - pgtypes.UnixEpochDays) * 86400), 0, nil
	case pgtypes.Time:
		return n.SetInt64(v.Int()), 6, nil
	case pgtypes.Interval:
		i := v.Interval()
		secs := int64(i.Months/12)*31557600 + int64(i.Months%12)*30*86400 + int64(i.Days)*86400
		n.Mul(big.NewInt(secs), big.NewInt(pgtypes.MicrosPerSecond))
		return n.Add(n, big.NewInt(i.Micros)), 6, nil
	}
	n.Sub(big.NewInt(v.Int()), big.NewInt(pgtypes.UnixEpochDays*pgtypes.MicrosPerDay))
	return n, 6, nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }

// isoWeek is the ISO 8601 year and week: the week of a date is its Thursday's.
func isoWeek(f fields) (year, week int64) {
	thursday := f.days - floorMod(f.days+5, 7) + 3
	y, _, _ := pgtypes.CivilFromDays(thursday)
	return y, (thursday-pgtypes.DaysFromCivil(y, 1, 1))/7 + 1
}

func truncate(typ pgtypes.OID) Func {
	return func(a []Value) (Value, error) {
		unit := strings.TrimSuffix(strings.ToLower(a[0].Text()), "s")
		if Infinite(a[1]) {
			return a[1], nil
		}
		f := split(typ, a[1])
		us := a[1].Int()
		down := func(n int64) (Value, error) { return pgtypes.NewInt(floorDiv(us, n) * n), nil }
		date := func(y, m, d int64) (Value, error) {
			return pgtypes.NewInt(pgtypes.DaysFromCivil(y, m, d) * pgtypes.MicrosPerDay), nil
		}
		switch unit {
		case "microsecond":
			return a[1], nil
		case "millisecond":
			return down(1000)
		case "second":
			return down(pgtypes.MicrosPerSecond)
		case "minute":
			return down(pgtypes.MicrosPerMinute)
		case "hour":
			return down(pgtypes.MicrosPerHour)
		case "day":
			return down(pgtypes.MicrosPerDay)
		case "week":
			return pgtypes.NewInt((f.days - floorMod(f.days+5, 7)) * pgtypes.MicrosPerDay), nil
		case "month":
			return date(f.y, f.m, 1)
		case "quarter":
			return date(f.y, (f.m-1)/3*3+1, 1)
		case "year":
			return date(f.y, 1, 1)
		case "decade":
			return date(floorDiv(f.y, 10)*10, 1, 1)
		case "century", "centurie":
			return date(floorDiv(f.y-1, 100)*100+1, 1, 1)
		case "millennium":
			return date(floorDiv(f.y-1, 1000)*1000+1, 1, 1)
		}
		return Value{}, unrecognized(strings.ToLower(a[0].Text()), typ)
	}
}

func truncateInterval(a []Value) (Value, error) {
	unit := strings.TrimSuffix(strings.ToLower(a[0].Text()), "s")
	i := a[1].Interval()
	months := func(n int32) (Value, error) {
		return pgtypes.NewInterval(pgtypes.IntervalValue{Months: i.Months / n * n}), nil
	}
	time := func(n int64) (Value, error) {
		i.Micros = i.Micros / n * n
		return pgtypes.NewInterval(i), nil
	}
	switch unit {
	case "microsecond":
		return a[1], nil
	case "millisecond":
		return time(1000)
	case "second":
		return time(pgtypes.MicrosPerSecond)
	case "minute":
		return time(pgtypes.MicrosPerMinute)
	case "hour":
		return time(pgtypes.MicrosPerHour)
	case "day":
		i.Micros = 0
		return pgtypes.NewInterval(i), nil
	case "month":
		return months(1)
	case "quarter":
		return months(3)
	case "year":
		return months(12)
	case "decade":
		return months(120)
	case "century", "centurie":
		return months(1200)
	case "millennium":
		return months(12000)
	}
	return Value{}, unrecognized(strings.ToLower(a[0].Text()), pgtypes.Interval)
}
