package scalar

import (
	"math"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	add(map[string]Func{
		"make_time":                 func(a []Value) (Value, error) { return makeTime(a[0].Int(), a[1].Int(), a[2].Float()) },
		"make_timestamp":            func(a []Value) (Value, error) { return MakeTimestamp(a) },
		"make_interval":             makeInterval,
		"interval_justify_hours":    justify(false, true),
		"interval_justify_days":     justify(true, false),
		"interval_justify_interval": justify(true, true),
		"timestamp_bin":             bin,
		"timestamptz_bin":           bin,
		"float8_timestamptz":        fromEpoch,
		"datetimetz_timestamptz":    dateAndTimetz,
		"timetz_time":               func(a []Value) (Value, error) { return pgtypes.NewInt(a[0].Timetz().Micros), nil },
		"timetz_scale": func(a []Value) (Value, error) {
			t := a[0].Timetz()
			v, err := rounding([]Value{pgtypes.NewInt(t.Micros), a[1]})
			t.Micros = v.Int()
			return pgtypes.NewTimetz(t), err
		},
		"timetz_pl_interval": func(a []Value) (Value, error) { return shiftTimetz(a[0], a[1].Interval().Micros) },
		"timetz_mi_interval": func(a []Value) (Value, error) { return shiftTimetz(a[0], -a[1].Interval().Micros) },
		"timetz_part":        timetzPart(false),
		"extract_timetz":     timetzPart(true),
		"overlaps_timestamp": overlaps(pgtypes.Timestamp),
		"overlaps_time":      overlaps(pgtypes.Time),
		"overlaps_timetz":    overlaps(pgtypes.Timetz),
	})
	for _, c := range compared {
		larger, smaller := extreme(c.typ, 1), extreme(c.typ, -1)
		add(map[string]Func{c.prefix + "larger": larger, c.prefix + "smaller": smaller, c.prefix + "cmp": order(c.typ)})
	}
}

func order(typ pgtypes.OID) Func {
	return func(a []Value) (Value, error) { return pgtypes.NewInt(int64(pgtypes.Compare(typ, a[0], a[1]))), nil }
}

func extreme(typ pgtypes.OID, sign int) Func {
	return func(a []Value) (Value, error) {
		if pgtypes.Compare(typ, a[0], a[1])*sign > 0 {
			return a[0], nil
		}
		return a[1], nil
	}
}

func shiftTimetz(v Value, by int64) (Value, error) {
	t := v.Timetz()
	us, err := shiftTime(pgtypes.NewInt(t.Micros), by)
	t.Micros = us.Int()
	return pgtypes.NewTimetz(t), err
}

// timetzPart is extract from a time with its offset.
func timetzPart(exact bool) Func {
	inner := part(pgtypes.Time, exact)
	return func(a []Value) (Value, error) {
		t := a[1].Timetz()
		if v, ok := OffsetPart(a[0].Text(), -int64(t.Zone), exact); ok {
			return v, nil
		}
		us := t.Micros
		if a[0].Text() == "epoch" {
			us += int64(t.Zone) * pgtypes.MicrosPerSecond
		}
		v, err := inner([]Value{a[0], pgtypes.NewInt(us)})
		return v, NamesType(err, pgtypes.Time, pgtypes.Timetz)
	}
}

func makeTime(h, m int64, sec float64) (Value, error) {
	us := math.RoundToEven(sec * pgtypes.MicrosPerSecond)
	total := h*pgtypes.MicrosPerHour + m*pgtypes.MicrosPerMinute + int64(us)
	if h < 0 || h > 24 || m < 0 || m > 59 || math.IsNaN(sec) || us < 0 || us > 60*pgtypes.MicrosPerSecond || total > pgtypes.MicrosPerDay {
		return Value{}, sqlstate.Errorf(sqlstate.DatetimeFieldOverflow, "time field value out of range: %d:%02d:%s", h, m, seconds(sec))
	}
	return pgtypes.NewInt(total), nil
}

// seconds is %02g.
func seconds(f float64) string {
	s := pgtypes.TextOf(pgtypes.Float8, pgtypes.NewFloat(f))
	if len(s) == 1 {
		s = "0" + s
	}
	return s
}

// MakeTimestamp makes a timestamp of its first six arguments.
func MakeTimestamp(a []Value) (Value, error) {
	d, err := makeDate(a)
	if err != nil {
		return d, err
	}
	t, err := makeTime(a[3].Int(), a[4].Int(), a[5].Float())
	if err != nil {
		return t, err
	}
	v, err := InRange(pgtypes.NewInt(Midnight(d).Int() + t.Int()))
	if err != nil {
		return v, sqlstate.Errorf(sqlstate.DatetimeFieldOverflow, "timestamp out of range: %d-%02d-%02d %d:%02d:%s",
			a[0].Int(), a[1].Int(), a[2].Int(), a[3].Int(), a[4].Int(), seconds(a[5].Float()))
	}
	return v, nil
}

func makeInterval(a []Value) (Value, error) {
	n := func(i int) int64 { return a[i].Int() }
	sec := a[6].Float()
	if math.IsNaN(sec) || math.IsInf(sec, 0) {
		return Value{}, intervalOutOfRange
	}
	months, days := n(0)*12+n(1), n(2)*7+n(3)
	us := math.RoundToEven(sec * pgtypes.MicrosPerSecond)
	if months != int64(int32(months)) || days != int64(int32(days)) || math.Abs(us) >= math.MaxInt64 {
		return Value{}, intervalOutOfRange
	}
	total, ok := addInt(n(4)*pgtypes.MicrosPerHour+n(5)*pgtypes.MicrosPerMinute, int64(us))
	if !ok {
		return Value{}, intervalOutOfRange
	}
	return pgtypes.NewInterval(pgtypes.IntervalValue{Micros: total, Days: int32(days), Months: int32(months)}), nil
}

// justify makes months of 30 days, and days of 24 hours, with one sign for all.
func justify(days, hours bool) Func {
	return func(a []Value) (Value, error) {
		i := a[0].Interval()
		m, d, us := int64(i.Months), int64(i.Days), i.Micros
		if hours {
			d += us / pgtypes.MicrosPerDay
			us %= pgtypes.MicrosPerDay
		}
		if days {
			m += d / 30
			d %= 30
			if m > 0 && (d < 0 || d == 0 && us < 0 && hours) {
				d += 30
				m--
			} else if m < 0 && (d > 0 || d == 0 && us > 0 && hours) {
				d -= 30
				m++
			}
		}
		if hours {
			if d > 0 && us < 0 {
				us += pgtypes.MicrosPerDay
				d--
			} else if d < 0 && us > 0 {
				us -= pgtypes.MicrosPerDay
				d++
			}
		}
		if m != int64(int32(m)) || d != int64(int32(d)) {
			return Value{}, intervalOutOfRange
		}
		return pgtypes.NewInterval(pgtypes.IntervalValue{Micros: us, Days: int32(d), Months: int32(m)}), nil
	}
}

// bin is date_bin(stride, source, origin).
func bin(a []Value) (Value, error) {
	if Infinite(a[1]) {
		return a[1], nil
	}
	if Infinite(a[2]) {
		return Value{}, sqlstate.New(sqlstate.DatetimeFieldOverflow, "origin out of range")
	}
	i := a[0].Interval()
	if i.Months != 0 {
		return Value{}, sqlstate.New(sqlstate.FeatureNotSupported, "timestamps cannot be binned into intervals containing months or years")
	}
	stride, ok := addInt(int64(i.Days)*pgtypes.MicrosPerDay, i.Micros)
	if !ok {
		return Value{}, intervalOutOfRange
	}
	if stride <= 0 {
		return Value{}, sqlstate.New(sqlstate.DatetimeFieldOverflow, "stride must be greater than zero")
	}
	diff, ok := subInt(a[1].Int(), a[2].Int())
	if !ok {
		return Value{}, intervalOutOfRange
	}
	return pgtypes.NewInt(a[2].Int() + floorDiv(diff, stride)*stride), nil
}

// fromEpoch is to_timestamp(float8).
func fromEpoch(a []Value) (Value, error) {
	f := a[0].Float()
	switch {
	case math.IsNaN(f):
		return Value{}, sqlstate.New(sqlstate.DatetimeFieldOverflow, "timestamp cannot be NaN")
	case math.IsInf(f, 1):
		return pgtypes.NewInt(pgtypes.TimestampInfinity), nil
	case math.IsInf(f, -1):
		return pgtypes.NewInt(pgtypes.TimestampNegInfinity), nil
	}
	us := math.RoundToEven((f + pgtypes.UnixEpochDays*86400) * pgtypes.MicrosPerSecond)
	if math.Abs(us) < math.MaxInt64 && pgtypes.TimestampInRange(int64(us)) {
		return pgtypes.NewInt(int64(us)), nil
	}
	return Value{}, sqlstate.Errorf(sqlstate.DatetimeFieldOverflow, `timestamp out of range: "%s"`, formatG(f, 6))
}

// dateAndTimetz is the moment of a date and a time with its offset.
func dateAndTimetz(a []Value) (Value, error) {
	d := Midnight(a[0])
	if Infinite(d) {
		return d, nil
	}
	t := a[1].Timetz()
	return InRange(pgtypes.NewInt(d.Int() + t.Micros + int64(t.Zone)*pgtypes.MicrosPerSecond))
}

// overlaps tells whether two periods, each given by its ends in any order, have a
// moment in common; an end that is NULL is not known.
func overlaps(typ pgtypes.OID) Func {
	return func(a []Value) (Value, error) {
		s1, e1, s2, e2 := a[0], a[1], a[2], a[3]
		for _, p := range [][2]*Value{{&s1, &e1}, {&s2, &e2}} {
			switch {
			case p[0].IsNull() && p[1].IsNull():
				return Value{}, nil
			case p[0].IsNull(): // the end is known: take it as the start
				*p[0], *p[1] = *p[1], Value{}
			case !p[1].IsNull() && pgtypes.Compare(typ, *p[0], *p[1]) > 0:
				*p[0], *p[1] = *p[1], *p[0]
			}
		}
		c := pgtypes.Compare(typ, s1, s2)
		if c < 0 { // the one that starts later decides
			s1, e1, s2, e2 = s2, e2, s1, e1
		}
		switch {
		case c == 0 && (e1.IsNull() || e2.IsNull()):
			return Value{}, nil
		case c == 0:
			return boolean(true)
		case e2.IsNull():
			return Value{}, nil
		case pgtypes.Compare(typ, s1, e2) < 0:
			return boolean(true)
		case e1.IsNull():
			return Value{}, nil
		}
		return boolean(false)
	}
}
