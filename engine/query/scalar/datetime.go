package scalar

import (
	"math"
	"math/big"
	"strings"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// Dates and times; the zone is UTC throughout, so timestamptz computes as timestamp.

var (
	timestampOutOfRange = sqlstate.New(sqlstate.DatetimeFieldOverflow, "timestamp out of range")
	dateOutOfRange      = sqlstate.New(sqlstate.DatetimeFieldOverflow, "date out of range")
)

func init() {
	plus := func(sign int64, from func(Value) Value) Func {
		return func(a []Value) (Value, error) { return shift(from(a[0]), a[1].Interval(), sign) }
	}
	self := func(v Value) Value { return v }
	swap := func(f Func) Func {
		return func(a []Value) (Value, error) { return f([]Value{a[1], a[0]}) }
	}
	add(map[string]Func{
		"date_pli":                      func(a []Value) (Value, error) { return shiftDate(a[0], a[1].Int()) },
		"date_mii":                      func(a []Value) (Value, error) { return shiftDate(a[0], -a[1].Int()) },
		"sql:integer_pl_date/2":         func(a []Value) (Value, error) { return shiftDate(a[1], a[0].Int()) },
		"date_mi":                       dateDiff,
		"date_pl_interval":              plus(1, midnight),
		"date_mi_interval":              plus(-1, midnight),
		"timestamp_pl_interval":         plus(1, self),
		"timestamptz_pl_interval":       plus(1, self),
		"timestamp_mi_interval":         plus(-1, self),
		"timestamptz_mi_interval":       plus(-1, self),
		"sql:interval_pl_date/2":        swap(plus(1, midnight)),
		"sql:interval_pl_timestamp/2":   swap(plus(1, self)),
		"sql:interval_pl_timestamptz/2": swap(plus(1, self)),
		"timestamp_mi":                  timestampDiff,
		"time_mi_time":                  func(a []Value) (Value, error) { return micros(a[0].Int() - a[1].Int()) },
		"time_pl_interval":              func(a []Value) (Value, error) { return shiftTime(a[0], a[1].Interval().Micros) },
		"time_mi_interval":              func(a []Value) (Value, error) { return shiftTime(a[0], -a[1].Interval().Micros) },
		"sql:interval_pl_time/2":        func(a []Value) (Value, error) { return shiftTime(a[1], a[0].Interval().Micros) },
		"datetime_timestamp":            func(a []Value) (Value, error) { return pgtypes.NewInt(midnight(a[0]).Int() + a[1].Int()), nil },
		"interval_pl":                   intervals(1),
		"interval_mi":                   intervals(-1),
		"interval_um": func(a []Value) (Value, error) {
			return intervals(-1)([]Value{pgtypes.NewInterval(pgtypes.IntervalValue{}), a[0]})
		},
		"interval_mul":          mulInterval,
		"mul_d_interval":        swap(mulInterval),
		"interval_div":          func(a []Value) (Value, error) { return divInterval(a[0].Interval(), a[1].Float()) },
		"date_timestamp":        func(a []Value) (Value, error) { return inRange(midnight(a[0])) },
		"date_timestamptz":      func(a []Value) (Value, error) { return inRange(midnight(a[0])) },
		"timestamp_date":        toDate,
		"timestamptz_date":      toDate,
		"timestamp_time":        toTime,
		"timestamptz_time":      toTime,
		"timestamp_timestamptz": same,
		"timestamptz_timestamp": same,
		"time_interval":         func(a []Value) (Value, error) { return micros(a[0].Int()) },
		"interval_time":         func(a []Value) (Value, error) { return shiftTime(pgtypes.NewInt(0), a[0].Interval().Micros) },
		"timestamp_scale":       rounding,
		"timestamptz_scale":     rounding,
		"time_scale":            rounding,
		"interval_scale":        same,
		"timestamp_age":         age,
		"timestamptz_age":       age,
		"timestamp_part":        part(pgtypes.Timestamp, false),
		"timestamptz_part":      part(pgtypes.Timestamptz, false),
		"time_part":             part(pgtypes.Time, false),
		"interval_part":         part(pgtypes.Interval, false),
		"extract_date":          part(pgtypes.Date, true),
		"extract_time":          part(pgtypes.Time, true),
		"extract_timestamp":     part(pgtypes.Timestamp, true),
		"extract_timestamptz":   part(pgtypes.Timestamptz, true),
		"extract_interval":      part(pgtypes.Interval, true),
		"sql:date_part/2":       part(pgtypes.Date, false),
		"timestamp_trunc":       truncate(pgtypes.Timestamp),
		"timestamptz_trunc":     truncate(pgtypes.Timestamptz),
		"interval_trunc":        truncateInterval,
		"timestamp_zone":        atZone(-1),
		"timestamptz_zone":      atZone(1),
		"date_finite": func(a []Value) (Value, error) {
			return boolean(a[0].Int() != pgtypes.DateInfinity && a[0].Int() != pgtypes.DateNegInfinity)
		},
		"timestamp_finite": func(a []Value) (Value, error) { return boolean(!infinite(a[0])) },
		"interval_finite":  func([]Value) (Value, error) { return boolean(true) },
		"make_date":        makeDate,
	})
}

func infinite(v Value) bool {
	return v.Int() == pgtypes.TimestampInfinity || v.Int() == pgtypes.TimestampNegInfinity
}

func inRange(v Value) (Value, error) {
	if !infinite(v) && !pgtypes.TimestampInRange(v.Int()) {
		return Value{}, sqlstate.New(sqlstate.DatetimeFieldOverflow, "date out of range for timestamp")
	}
	return v, nil
}

func micros(us int64) (Value, error) {
	return pgtypes.NewInterval(pgtypes.IntervalValue{Micros: us}), nil
}

func shiftDate(d Value, by int64) (Value, error) {
	if n := d.Int(); n == pgtypes.DateInfinity || n == pgtypes.DateNegInfinity {
		return d, nil
	}
	if n := d.Int() + by; pgtypes.DateInRange(n) {
		return pgtypes.NewInt(n), nil
	}
	return Value{}, dateOutOfRange
}

func dateDiff(a []Value) (Value, error) {
	for _, d := range a {
		if d.Int() == pgtypes.DateInfinity || d.Int() == pgtypes.DateNegInfinity {
			return Value{}, sqlstate.New(sqlstate.DatetimeFieldOverflow, "cannot subtract infinite dates")
		}
	}
	return pgtypes.NewInt(a[0].Int() - a[1].Int()), nil
}

// shift adds an interval: months keep the day as far as the month has it, then
// days, then time.
func shift(t Value, i pgtypes.IntervalValue, sign int64) (Value, error) {
	if infinite(t) {
		return t, nil
	}
	days, us := pgtypes.SplitTimestamp(t.Int())
	if i.Months != 0 {
		y, m, d := pgtypes.CivilFromDays(days)
		m += sign * int64(i.Months)
		y += (m - 1) / 12
		if m = (m-1)%12 + 1; m < 1 {
			m += 12
			y--
		}
		days = pgtypes.DaysFromCivil(y, m, min(d, pgtypes.DaysInMonth(y, m)))
	}
	days += sign * int64(i.Days)
	if days > 1e8 || days < -1e8 {
		return Value{}, timestampOutOfRange
	}
	base, ok := addInt(days*pgtypes.MicrosPerDay, us)
	if ok {
		if sign > 0 {
			base, ok = addInt(base, i.Micros)
		} else {
			base, ok = subInt(base, i.Micros)
		}
	}
	if !ok || !pgtypes.TimestampInRange(base) {
		return Value{}, timestampOutOfRange
	}
	return pgtypes.NewInt(base), nil
}

func shiftTime(t Value, by int64) (Value, error) {
	_, us := pgtypes.SplitTimestamp(t.Int() + by%pgtypes.MicrosPerDay)
	return pgtypes.NewInt(us), nil
}

func timestampDiff(a []Value) (Value, error) {
	if infinite(a[0]) || infinite(a[1]) {
		return Value{}, sqlstate.New(sqlstate.DatetimeFieldOverflow, "cannot subtract infinite timestamps")
	}
	us, ok := subInt(a[0].Int(), a[1].Int())
	if !ok {
		return Value{}, intervalOutOfRange
	}
	days := us / pgtypes.MicrosPerDay
	return pgtypes.NewInterval(pgtypes.IntervalValue{Days: int32(days), Micros: us - days*pgtypes.MicrosPerDay}), nil
}

func intervals(sign int64) Func {
	return func(a []Value) (Value, error) {
		x, y := a[0].Interval(), a[1].Interval()
		if sign < 0 {
			if y.Micros == math.MinInt64 || y.Days == math.MinInt32 || y.Months == math.MinInt32 {
				return Value{}, intervalOutOfRange
			}
			y = pgtypes.IntervalValue{Micros: -y.Micros, Days: -y.Days, Months: -y.Months}
		}
		sum, err := addInterval(x, y)
		if err != nil {
			return Value{}, err
		}
		return pgtypes.NewInterval(sum), nil
	}
}

func mulInterval(a []Value) (Value, error) {
	by := a[1].Float()
	return scaleInterval(a[0].Interval(), by, func(x float64) float64 { return x * by })
}

func toDate(a []Value) (Value, error) {
	switch a[0].Int() {
	case pgtypes.TimestampInfinity:
		return pgtypes.NewInt(pgtypes.DateInfinity), nil
	case pgtypes.TimestampNegInfinity:
		return pgtypes.NewInt(pgtypes.DateNegInfinity), nil
	}
	days, _ := pgtypes.SplitTimestamp(a[0].Int())
	return pgtypes.NewInt(days), nil
}

func toTime(a []Value) (Value, error) {
	if infinite(a[0]) {
		return Value{}, nil
	}
	_, us := pgtypes.SplitTimestamp(a[0].Int())
	return pgtypes.NewInt(us), nil
}

// rounding applies a precision in digits.
func rounding(a []Value) (Value, error) {
	p := a[1].Int()
	if p < 0 || p >= 6 || infinite(a[0]) {
		return a[0], nil
	}
	unit := int64(math.Pow10(int(6 - p)))
	us := a[0].Int()
	if us >= 0 {
		return pgtypes.NewInt((us + unit/2) / unit * unit), nil
	}
	return pgtypes.NewInt(-((-us + unit/2) / unit * unit)), nil
}

// age is the difference in years, months and days.
func age(a []Value) (Value, error) {
	if infinite(a[0]) || infinite(a[1]) {
		return Value{}, timestampOutOfRange
	}
	later, earlier, sign := a[0].Int(), a[1].Int(), int64(1)
	if later < earlier {
		later, earlier, sign = earlier, later, -1
	}
	ld, lu := pgtypes.SplitTimestamp(later)
	ed, eu := pgtypes.SplitTimestamp(earlier)
	ly, lm, lday := pgtypes.CivilFromDays(ld)
	ey, em, eday := pgtypes.CivilFromDays(ed)
	us, days, months := lu-eu, lday-eday, (ly-ey)*12+lm-em
	if us < 0 {
		us += pgtypes.MicrosPerDay
		days--
	}
	if days < 0 { // borrow the earlier date's month, or the one before the later's
		if sign < 0 {
			days += pgtypes.DaysInMonth(ly, lm)
		} else {
			days += pgtypes.DaysInMonth(ey, em)
		}
		months--
	}
	return pgtypes.NewInterval(pgtypes.IntervalValue{Micros: sign * us, Days: int32(sign * days), Months: int32(sign * months)}), nil
}

func makeDate(a []Value) (Value, error) {
	y, m, d := a[0].Int(), a[1].Int(), a[2].Int()
	if y < 0 {
		y++
	} else if y == 0 {
		m = 0
	}
	if m < 1 || m > 12 || d < 1 || d > pgtypes.DaysInMonth(y, m) {
		return Value{}, sqlstate.Errorf(sqlstate.DatetimeFieldOverflow, "date field value out of range: %d-%02d-%02d", a[0].Int(), a[1].Int(), a[2].Int())
	}
	return pgtypes.NewInt(pgtypes.DaysFromCivil(y, m, d)), nil
}

// atZone serves UTC under its names: the only zone there is.
func atZone(int64) Func {
	return func(a []Value) (Value, error) {
		switch strings.ToUpper(a[0].Text()) {
		case "UTC", "GMT", "Z", "ZULU", "UCT", "ETC/UTC":
			return a[1], nil
		}
		return Value{}, sqlstate.Errorf(sqlstate.FeatureNotSupported, `time zone "%s" is not supported`, a[0].Text()).
			WithHint("This server knows the time zone UTC.")
	}
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
		if typ != pgtypes.Interval && typ != pgtypes.Time && (typ == pgtypes.Date && (a[1].Int() == pgtypes.DateInfinity || a[1].Int() == pgtypes.DateNegInfinity) || typ != pgtypes.Date && infinite(a[1])) {
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
	whole := func(n int64) (*big.Int, int, error) { return big.NewInt(n), 0, nil }
	hasTime, hasDate := typ != pgtypes.Date, typ != pgtypes.Time
	calendar := hasDate && typ != pgtypes.Interval
	switch unit {
	case "hour", "minute", "second", "millisecond", "microsecond", "msec", "usec":
		if !hasTime {
			return nil, 0, notSupported(given, typ)
		}
	case "year", "month", "day", "decade", "century", "centurie", "millennium", "quarter":
		if !hasDate {
			return nil, 0, notSupported(given, typ)
		}
	case "dow", "isodow", "doy", "week", "isoyear", "julian":
		if !calendar {
			return nil, 0, notSupported(given, typ)
		}
	}
	switch unit {
	case "hour":
		return whole(f.h)
	case "minute":
		return whole(f.min)
	case "second":
		return big.NewInt(f.s*pgtypes.MicrosPerSecond + f.us), 6, nil
	case "millisecond", "msec":
		return big.NewInt(f.s*pgtypes.MicrosPerSecond + f.us), 3, nil
	case "microsecond", "usec":
		return whole(f.s*pgtypes.MicrosPerSecond + f.us)
	case "year":
		if calendar && f.y <= 0 {
			return whole(f.y - 1)
		}
		return whole(f.y)
	case "month":
		return whole(f.m)
	case "day":
		return whole(f.d)
	case "decade":
		return whole(floorDiv(f.y, 10))
	case "century", "centurie":
		if typ == pgtypes.Interval {
			return whole(f.y / 100)
		}
		if f.y > 0 {
			return whole((f.y + 99) / 100)
		}
		return whole(-((99 - (f.y - 1)) / 100))
	case "millennium":
		if typ == pgtypes.Interval {
			return whole(f.y / 1000)
		}
		if f.y > 0 {
			return whole((f.y + 999) / 1000)
		}
		return whole(-((999 - (f.y - 1)) / 1000))
	case "quarter":
		if typ == pgtypes.Interval {
			return whole(f.m/3 + 1)
		}
		return whole((f.m-1)/3 + 1)
	case "epoch":
		return epoch(typ, v, f)
	case "dow":
		return whole(floorMod(f.days+6, 7))
	case "isodow":
		return whole(floorMod(f.days+5, 7) + 1)
	case "doy":
		return whole(f.days - pgtypes.DaysFromCivil(f.y, 1, 1) + 1)
	case "week":
		_, w := isoWeek(f)
		return whole(w)
	case "isoyear":
		y, _ := isoWeek(f)
		return whole(y)
	}
	return nil, 0, unrecognized(given, typ)
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
		if infinite(a[1]) {
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
