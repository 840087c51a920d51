package query

import (
	"fmt"
	"strings"
	"time"

	"seqd/engine/query/scalar"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
	"seqd/protocol/timezone"
)

// Functions of timestamptz: what they say of days and hours is the session's zone's.
func init() {
	register(map[string]envFunc{
		"timestamptz_pl_interval": func(f *frame, _ *callExpr, a []value) (value, error) { return shiftZoned(f, a[0], a[1], 1) },
		"timestamptz_mi_interval": func(f *frame, _ *callExpr, a []value) (value, error) { return shiftZoned(f, a[0], a[1], -1) },
		"sql:interval_pl_timestamptz/2": func(f *frame, _ *callExpr, a []value) (value, error) {
			return shiftZoned(f, a[1], a[0], 1)
		},
		"date_timestamptz":      func(f *frame, _ *callExpr, a []value) (value, error) { return fromLocal(f, scalar.Midnight(a[0])) },
		"timestamp_timestamptz": func(f *frame, _ *callExpr, a []value) (value, error) { return fromLocal(f, a[0]) },
		"timestamptz_timestamp": func(f *frame, _ *callExpr, a []value) (value, error) { return toLocal(f, a[0]), nil },
		"timestamptz_date":      onLocal("timestamp_date", 0),
		"timestamptz_time":      onLocal("timestamp_time", 0),
		"timestamptz_timetz":    zonedTime,
		"timestamptz_age":       onLocal("timestamp_age", 0, 1),
		"timestamptz_part":      zonedPart("timestamp_part"),
		"extract_timestamptz":   zonedPart("extract_timestamp"),
		"timestamptz_trunc": func(f *frame, _ *callExpr, a []value) (value, error) {
			return truncateZoned(f.s.Style(), a[0], a[1])
		},
		"timestamptz_trunc_zone": func(f *frame, _ *callExpr, a []value) (value, error) {
			st := *f.s.Style()
			z, err := findZone(a[2].Text())
			if err != nil {
				return value{}, err
			}
			st.Zone = z
			return truncateZoned(&st, a[0], a[1])
		},
		"timestamptz_zone": atTimeZone, "timestamp_zone": atTimeZone, "timetz_zone": atTimeZone,
		"timestamptz_izone": atOffset, "timestamp_izone": atOffset, "timetz_izone": atOffset,
		"time_timetz": func(f *frame, _ *callExpr, a []value) (value, error) {
			now := pgtypes.FromUnixMicros(f.s.TransactionTime()).Int()
			days, _ := pgtypes.SplitTimestamp(f.s.Style().ToLocal(now))
			local := days*pgtypes.MicrosPerDay + a[0].Int()
			return timetz(a[0].Int(), local-f.s.Style().FromLocal(local)), nil
		},
		"timestamptz_to_char": func(f *frame, _ *callExpr, a []value) (value, error) {
			if scalar.Infinite(a[0]) {
				return value{}, nil
			}
			local := f.s.Style().ToLocal(a[0].Int())
			_, name, _ := timezone.Offset(f.s.Style().Zone, scalar.UnixSeconds(a[0]))
			return scalar.FormatTime(pgtypes.NewInt(local), a[1].Text(), (local-a[0].Int())/pgtypes.MicrosPerSecond, name, true)
		},
		"timeofday": func(f *frame, _ *callExpr, _ []value) (value, error) { return timeOfDay(f) },
	})
	for name, holds := range scalar.Tests {
		mixed := func(left, right pgtypes.OID) envFunc {
			return func(f *frame, _ *callExpr, a []value) (value, error) {
				return boolValue(holds(compareMixed(f, left, right, a)))
			}
		}
		register(map[string]envFunc{
			"date_" + name + "_timestamptz":      mixed(pgtypes.Date, pgtypes.Timestamptz),
			"timestamptz_" + name + "_date":      mixed(pgtypes.Timestamptz, pgtypes.Date),
			"timestamp_" + name + "_timestamptz": mixed(pgtypes.Timestamp, pgtypes.Timestamptz),
			"timestamptz_" + name + "_timestamp": mixed(pgtypes.Timestamptz, pgtypes.Timestamp),
		})
	}
}

func boolValue(b bool) (value, error) { return pgtypes.NewBool(b), nil }

// compareMixed compares a timestamptz with what has no zone.
func compareMixed(f *frame, left, right pgtypes.OID, a []value) int {
	zoned := func(t pgtypes.OID, v value) value {
		if t == pgtypes.Date {
			v = scalar.Midnight(v)
		}
		if t == pgtypes.Timestamptz || scalar.Infinite(v) {
			return v
		}
		return pgtypes.NewInt(f.s.Style().FromLocal(v.Int()))
	}
	return pgtypes.Compare(pgtypes.Timestamptz, zoned(left, a[0]), zoned(right, a[1]))
}

func toLocal(f *frame, v value) value {
	if scalar.Infinite(v) {
		return v
	}
	return pgtypes.NewInt(f.s.Style().ToLocal(v.Int()))
}

func fromLocal(f *frame, v value) (value, error) { return scalar.Zoned(f.s.Style(), v) }

// onLocal runs a function of timestamps on the local times of some arguments.
func onLocal(name string, zoned ...int) envFunc {
	fn := scalar.Functions[name]
	return func(f *frame, _ *callExpr, a []value) (value, error) {
		local := append([]value(nil), a...)
		for _, i := range zoned {
			local[i] = toLocal(f, a[i])
		}
		return fn(local)
	}
}

// shiftZoned adds an interval: its months and days to the local date, its time to the
// moment.
func shiftZoned(f *frame, t, by value, sign int64) (value, error) {
	return scalar.ShiftZoned(f.s.Style(), t, by.Interval(), sign)
}

func timetz(us, east int64) value {
	return pgtypes.NewTimetz(pgtypes.TimetzValue{Micros: us, Zone: int32(-east / pgtypes.MicrosPerSecond)})
}

func zonedTime(f *frame, _ *callExpr, a []value) (value, error) {
	if scalar.Infinite(a[0]) {
		return value{}, nil
	}
	local := f.s.Style().ToLocal(a[0].Int())
	_, us := pgtypes.SplitTimestamp(local)
	return timetz(us, local-a[0].Int()), nil
}

// zonedPart is extract: the parts of the local time, and of its offset.
func zonedPart(name string) envFunc {
	fn := scalar.Functions[name]
	exact := strings.HasPrefix(name, "extract")
	return func(f *frame, _ *callExpr, a []value) (value, error) {
		if scalar.Infinite(a[1]) || strings.EqualFold(a[0].Text(), "epoch") {
			v, err := fn(a)
			return v, scalar.NamesType(err, pgtypes.Timestamp, pgtypes.Timestamptz)
		}
		local := f.s.Style().ToLocal(a[1].Int())
		if v, ok := scalar.OffsetPart(a[0].Text(), (local-a[1].Int())/pgtypes.MicrosPerSecond, exact); ok {
			return v, nil
		}
		v, err := fn([]value{a[0], pgtypes.NewInt(local)})
		return v, scalar.NamesType(err, pgtypes.Timestamp, pgtypes.Timestamptz)
	}
}

// truncateZoned is date_trunc: below a day the offset stays what it was.
func truncateZoned(st *pgtypes.Style, unit, t value) (value, error) {
	if scalar.Infinite(t) {
		return t, nil
	}
	local := st.ToLocal(t.Int())
	v, err := scalar.Functions["timestamp_trunc"]([]value{unit, pgtypes.NewInt(local)})
	if err != nil {
		return v, scalar.NamesType(err, pgtypes.Timestamp, pgtypes.Timestamptz)
	}
	switch strings.TrimSuffix(strings.ToLower(unit.Text()), "s") {
	case "microsecond", "usec", "millisecond", "msec", "second", "minute", "hour":
		return pgtypes.NewInt(v.Int() - (local - t.Int())), nil
	}
	return scalar.Zoned(st, v)
}

// findZone is a zone by its name.
func findZone(name string) (*time.Location, error) {
	if z, ok := timezone.Lookup(name); ok {
		return z, nil
	}
	return nil, noZone(name)
}

func noZone(name string) error {
	return sqlstate.Errorf(sqlstate.InvalidParameterValue, `time zone "%s" not recognized`, name)
}

// atTimeZone is AT TIME ZONE with a zone's name or abbreviation.
func atTimeZone(f *frame, c *callExpr, a []value) (value, error) {
	name := a[0].Text()
	abbreviation, short := timezone.FindAbbreviation(name)
	zone, ok := timezone.Lookup(name)
	if !ok && !short {
		return value{}, noZone(name)
	}
	east := func(unix int64) int64 {
		if short {
			e, _ := abbreviation.At(unix)
			return e
		}
		e, _, _ := timezone.Offset(zone, unix)
		return e
	}
	switch c.fn.Source {
	case "timetz_zone":
		now := f.s.TransactionTime() / pgtypes.MicrosPerSecond
		return shiftTimetz(a[1], east(now)), nil
	case "timestamptz_zone":
		if scalar.Infinite(a[1]) {
			return a[1], nil
		}
		return scalar.InRange(pgtypes.NewInt(a[1].Int() + east(scalar.UnixSeconds(a[1]))*pgtypes.MicrosPerSecond))
	}
	if scalar.Infinite(a[1]) {
		return a[1], nil
	}
	local := scalar.UnixSeconds(a[1])
	e := int64(0)
	if short {
		e = abbreviation.LocalAt(local)
	} else {
		e = timezone.LocalOffset(zone, local)
	}
	return scalar.InRange(pgtypes.NewInt(a[1].Int() - e*pgtypes.MicrosPerSecond))
}

// atOffset is AT TIME ZONE with an interval.
func atOffset(f *frame, c *callExpr, a []value) (value, error) {
	i := a[0].Interval()
	if i.Months != 0 || i.Days != 0 {
		return value{}, sqlstate.Errorf(sqlstate.InvalidParameterValue, `interval time zone "%s" must not include months or days`,
			f.s.Style().TextOf(pgtypes.Interval, a[0]))
	}
	east := i.Micros / pgtypes.MicrosPerSecond
	switch {
	case c.fn.Source == "timetz_izone":
		return shiftTimetz(a[1], east), nil
	case scalar.Infinite(a[1]):
		return a[1], nil
	case c.fn.Source == "timestamp_izone":
		east = -east
	}
	return scalar.InRange(pgtypes.NewInt(a[1].Int() + east*pgtypes.MicrosPerSecond))
}

// shiftTimetz is the same moment of a day at another offset.
func shiftTimetz(v value, east int64) value {
	t := v.Timetz()
	_, us := pgtypes.SplitTimestamp(t.Micros + (int64(t.Zone)+east)*pgtypes.MicrosPerSecond)
	return pgtypes.NewTimetz(pgtypes.TimetzValue{Micros: us, Zone: int32(-east)})
}

// timeOfDay is timeofday(): Wed Feb 26 15:00:04.365417 2020 UTC.
func timeOfDay(f *frame) (value, error) {
	st := *f.s.Style()
	st.Dates, st.Order = "Postgres", pgtypes.MDY
	now := pgtypes.FromUnixMicros(f.s.ClockTime())
	// Six digits always: of a time with a whole microsecond more than seconds all six show.
	whole := pgtypes.NewInt(now.Int()/pgtypes.MicrosPerSecond*pgtypes.MicrosPerSecond + 999_999)
	text := strings.Replace(st.TextOf(pgtypes.Timestamptz, whole), "999999", fmt.Sprintf("%06d", now.Int()%pgtypes.MicrosPerSecond), 1)
	return pgtypes.NewText(text), nil
}
