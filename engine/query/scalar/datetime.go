package scalar

import (
	"math"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// Dates and times without a zone; timestamptz is computed with by way of its local time.

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
		"date_pli":                    func(a []Value) (Value, error) { return shiftDate(a[0], a[1].Int()) },
		"date_mii":                    func(a []Value) (Value, error) { return shiftDate(a[0], -a[1].Int()) },
		"sql:integer_pl_date/2":       func(a []Value) (Value, error) { return shiftDate(a[1], a[0].Int()) },
		"date_mi":                     dateDiff,
		"date_pl_interval":            plus(1, Midnight),
		"date_mi_interval":            plus(-1, Midnight),
		"timestamp_pl_interval":       plus(1, self),
		"timestamp_mi_interval":       plus(-1, self),
		"sql:interval_pl_date/2":      swap(plus(1, Midnight)),
		"sql:interval_pl_timestamp/2": swap(plus(1, self)),
		"timestamp_mi":                timestampDiff,
		"time_mi_time":                func(a []Value) (Value, error) { return micros(a[0].Int() - a[1].Int()) },
		"time_pl_interval":            func(a []Value) (Value, error) { return shiftTime(a[0], a[1].Interval().Micros) },
		"time_mi_interval":            func(a []Value) (Value, error) { return shiftTime(a[0], -a[1].Interval().Micros) },
		"sql:interval_pl_time/2":      func(a []Value) (Value, error) { return shiftTime(a[1], a[0].Interval().Micros) },
		"datetime_timestamp":          func(a []Value) (Value, error) { return pgtypes.NewInt(Midnight(a[0]).Int() + a[1].Int()), nil },
		"interval_pl":                 intervals(1),
		"interval_mi":                 intervals(-1),
		"interval_um": func(a []Value) (Value, error) {
			return intervals(-1)([]Value{pgtypes.NewInterval(pgtypes.IntervalValue{}), a[0]})
		},
		"interval_mul":   mulInterval,
		"mul_d_interval": swap(mulInterval),
		"interval_div":   func(a []Value) (Value, error) { return divInterval(a[0].Interval(), a[1].Float()) },
	})
}

func init() {
	add(map[string]Func{
		"date_timestamp":    func(a []Value) (Value, error) { return dateInRange(Midnight(a[0])) },
		"timestamp_date":    toDate,
		"timestamp_time":    toTime,
		"time_interval":     func(a []Value) (Value, error) { return micros(a[0].Int()) },
		"interval_time":     func(a []Value) (Value, error) { return shiftTime(pgtypes.NewInt(0), a[0].Interval().Micros) },
		"timestamp_scale":   rounding,
		"timestamptz_scale": rounding,
		"time_scale":        rounding,
		"interval_scale":    func(a []Value) (Value, error) { return pgtypes.FitInterval(a[0], int32(a[1].Int())) },
		"timestamp_age":     age,
		"date_finite": func(a []Value) (Value, error) {
			return boolean(a[0].Int() != pgtypes.DateInfinity && a[0].Int() != pgtypes.DateNegInfinity)
		},
		"timestamp_finite": func(a []Value) (Value, error) { return boolean(!Infinite(a[0])) },
		"interval_finite":  func([]Value) (Value, error) { return boolean(true) },
		"make_date":        makeDate,
	})
}

// Infinite tells whether a timestamp is beyond all times.
func Infinite(v Value) bool {
	return v.Int() == pgtypes.TimestampInfinity || v.Int() == pgtypes.TimestampNegInfinity
}

// dateInRange is InRange for what was a date.
func dateInRange(v Value) (Value, error) {
	if v, err := InRange(v); err == nil {
		return v, nil
	}
	return Value{}, sqlstate.New(sqlstate.DatetimeFieldOverflow, "date out of range for timestamp")
}

// InRange refuses a timestamp that PostgreSQL can't hold.
func InRange(v Value) (Value, error) {
	if !Infinite(v) && !pgtypes.TimestampInRange(v.Int()) {
		return Value{}, timestampOutOfRange
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

// UnixSeconds is a timestamp in whole seconds since 1970.
func UnixSeconds(v Value) int64 {
	return floorDiv(v.Int(), pgtypes.MicrosPerSecond) - pgtypes.UnixEpochDays*86400
}

// Zoned is the timestamptz of a local time.
func Zoned(st *pgtypes.Style, v Value) (Value, error) {
	if Infinite(v) {
		return v, nil
	}
	if _, err := InRange(v); err != nil {
		return v, err
	}
	return InRange(pgtypes.NewInt(st.FromLocal(v.Int())))
}

// ShiftZoned adds an interval to a timestamptz.
func ShiftZoned(st *pgtypes.Style, t Value, i pgtypes.IntervalValue, sign int64) (Value, error) {
	if Infinite(t) {
		return t, nil
	}
	if i.Months != 0 || i.Days != 0 {
		local, err := shift(pgtypes.NewInt(st.ToLocal(t.Int())), pgtypes.IntervalValue{Months: i.Months, Days: i.Days}, sign)
		if err != nil {
			return local, err
		}
		t = pgtypes.NewInt(st.FromLocal(local.Int()))
	}
	return shift(t, pgtypes.IntervalValue{Micros: i.Micros}, sign)
}

// shift adds an interval: months keep the day as far as the month has it, then
// days, then time.
func shift(t Value, i pgtypes.IntervalValue, sign int64) (Value, error) {
	if Infinite(t) {
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
	if Infinite(a[0]) || Infinite(a[1]) {
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
	return scaleInterval(a[0].Interval(), func(x float64) float64 { return x * by })
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
	if Infinite(a[0]) {
		return Value{}, nil
	}
	_, us := pgtypes.SplitTimestamp(a[0].Int())
	return pgtypes.NewInt(us), nil
}

// rounding applies a precision in digits.
func rounding(a []Value) (Value, error) {
	p := a[1].Int()
	if p < 0 || p >= 6 || Infinite(a[0]) {
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
	if Infinite(a[0]) || Infinite(a[1]) {
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
