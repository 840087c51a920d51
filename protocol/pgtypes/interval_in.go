package pgtypes

import (
	"math"
	"strconv"
	"strings"

	"seqd/protocol/sqlstate"
)

// intervalUnit is what a unit's word counts; fractions of months go to days, of years
// and more to months, of days to microseconds.
type intervalUnit struct{ years, months, days, micros int64 }

// intervalUnits are the words of PostgreSQL's deltatktbl.
var intervalUnits = func() map[string]intervalUnit {
	m := map[string]intervalUnit{}
	add := func(u intervalUnit, names string) {
		for _, n := range strings.Fields(names) {
			m[n] = u
		}
	}
	add(intervalUnit{micros: 1}, "us usec usecs useconds microsecond microseconds microsecon")
	add(intervalUnit{micros: 1000}, "ms msec msecs mseconds millisecond milliseconds millisecon")
	add(intervalUnit{micros: MicrosPerSecond}, "s sec secs second seconds")
	add(intervalUnit{micros: MicrosPerMinute}, "m min mins minute minutes")
	add(intervalUnit{micros: MicrosPerHour}, "h hr hrs hour hours")
	add(intervalUnit{days: 1}, "d day days")
	add(intervalUnit{days: 7}, "w week weeks")
	add(intervalUnit{months: 1}, "mon mons month months")
	add(intervalUnit{years: 1}, "y yr yrs year years")
	add(intervalUnit{years: 10}, "dec decs decade decades")
	add(intervalUnit{years: 100}, "c cent century centuries")
	add(intervalUnit{years: 1000}, "mil mils millennium millennia")
	return m
}()

// IntervalFullRange is a modifier's range of all fields.
const IntervalFullRange = 0x7fff

// Fields of an interval's modifier (INTERVAL_MASK).
const (
	monthRange  = 1 << 1
	yearRange   = 1 << 2
	dayRange    = 1 << 3
	hourRange   = 1 << 10
	minuteRange = 1 << 11
	secondRange = 1 << 12
	fullRange   = IntervalFullRange
	// fullPrecision is what a modifier without a precision has in its lower half.
	fullPrecision = 0xffff
)

var rangeNames = []struct {
	mask int32
	name string
}{
	{yearRange, "year"}, {monthRange, "month"}, {dayRange, "day"}, {hourRange, "hour"}, {minuteRange, "minute"}, {secondRange, "second"},
	{yearRange | monthRange, "year to month"}, {dayRange | hourRange, "day to hour"},
	{dayRange | hourRange | minuteRange, "day to minute"}, {dayRange | hourRange | minuteRange | secondRange, "day to second"},
	{hourRange | minuteRange, "hour to minute"}, {hourRange | minuteRange | secondRange, "hour to second"},
	{minuteRange | secondRange, "minute to second"}, {fullRange, ""},
}

// IntervalRange tells whether a range of fields can be in a modifier, and its name.
func IntervalRange(mask int32) (name string, ok bool) {
	for _, r := range rangeNames {
		if r.mask == mask {
			return r.name, true
		}
	}
	return "", false
}

// ParseInterval is interval_in: in PostgreSQL's form, the standard's, or ISO 8601's.
func (st *Style) ParseInterval(s string, typmod int32) (Value, error) {
	rng := int32(fullRange)
	if typmod >= 0 {
		rng = typmod >> 16 & fullRange
	}
	var sum intervalSum
	p := badFormat
	if list, ok := tokens(s); ok {
		p = sum.tokens(list, rng, st.Intervals == "sql_standard")
	}
	if p == badFormat {
		sum = intervalSum{}
		p = sum.iso(s)
	}
	switch {
	case p == fieldOverflow || p == monthDayOverflow:
		return Null(), sqlstate.Errorf(sqlstate.IntervalFieldOverflow, `interval field value out of range: "%s"`, s)
	case p != noProblem:
		return Null(), p.err(Interval, s)
	}
	months := sum.years*12 + sum.months
	if months != int64(int32(months)) {
		return Null(), sqlstate.New(sqlstate.DatetimeFieldOverflow, "interval out of range")
	}
	return FitInterval(NewInterval(IntervalValue{Micros: sum.micros, Days: int32(sum.days), Months: int32(months)}), typmod)
}

// intervalSum adds up fields; years, months and days stay in 32 bits.
type intervalSum struct {
	years, months, days, micros int64
}

func add32(to *int64, n int64) bool {
	if n != int64(int32(n)) {
		return false
	}
	*to += n
	return *to == int64(int32(*to))
}

func addMul(to *int64, n, by int64) bool {
	m := n * by
	if n != 0 && (m/n != by || n == -1 && by == math.MinInt64) {
		return false
	}
	sum := *to + m
	if (sum > *to) != (m > 0) && m != 0 {
		return false
	}
	*to = sum
	return true
}

// addMicros adds a fraction of a unit.
func (a *intervalSum) addMicros(f float64, unit int64) bool {
	if f == 0 {
		return true
	}
	f *= float64(unit)
	whole := int64(f)
	if rest := f - float64(whole); rest > 0.5 {
		whole++
	} else if rest < -0.5 {
		whole--
	}
	return addMul(&a.micros, whole, 1)
}

func (a *intervalSum) addDays(f float64, unit int64) bool {
	f *= float64(unit)
	whole := int64(f)
	return add32(&a.days, whole) && a.addMicros(f-float64(whole), MicrosPerDay)
}

// add adds a number of units.
func (a *intervalSum) add(n int64, f float64, u intervalUnit) bool {
	if u.micros == 0 && n != int64(int32(n)) {
		return false
	}
	switch {
	case u.years > 0:
		return add32(&a.years, n*u.years) && add32(&a.months, int64(math.RoundToEven(f*float64(u.years)*12)))
	case u.months > 0:
		return add32(&a.months, n) && a.addDays(f, 30)
	case u.days == 1:
		return add32(&a.days, n) && a.addMicros(f, MicrosPerDay)
	case u.days > 0:
		return add32(&a.days, n*u.days) && a.addDays(f, u.days)
	}
	return addMul(&a.micros, n, u.micros) && a.addMicros(f, u.micros)
}

// lowest is the unit of a number that has none: what the range ends in.
func lowest(rng int32) intervalUnit {
	switch {
	case rng == fullRange, rng&secondRange != 0:
		return intervalUnits["second"]
	case rng&minuteRange != 0:
		return intervalUnits["minute"]
	case rng&hourRange != 0:
		return intervalUnits["hour"]
	case rng&dayRange != 0:
		return intervalUnits["day"]
	case rng&monthRange != 0:
		return intervalUnits["month"]
	}
	return intervalUnits["year"]
}

// tokens reads from the right, so that a unit comes before its number (DecodeInterval).
// The standard's style has a sign in front count for all fields.
func (a *intervalSum) tokens(list []token, rng int32, standard bool) dateProblem {
	negate := standard && len(list) > 0 && list[0].text[0] == '-'
	for i := 1; negate && i < len(list); i++ {
		negate = list[i].text[0] != '-' && list[i].text[0] != '+'
	}
	var unit *intervalUnit
	var seen, got uint32
	ago := false
	for i := len(list) - 1; i >= 0; i-- {
		t, p := list[i], noProblem
		switch {
		case t.kind == timeToken, t.kind == zoneToken && strings.Contains(t.text, ":"):
			p = a.clock(t.text, rng, negate)
			got = clockBits
			day := intervalUnits["day"]
			unit = &day
		case t.kind == wordToken || t.kind == specialToken:
			if t.text == "ago" {
				ago = true
				continue
			}
			u, ok := intervalUnits[t.text]
			if !ok && len(t.text) > maxWord {
				u, ok = intervalUnits[t.text[:maxWord]]
			}
			if !ok {
				return badFormat
			}
			unit = &u
			continue
		default:
			if unit == nil {
				u := lowest(rng)
				unit = &u
			}
			got, p = a.number(t.text, unit, negate)
		}
		if p != noProblem {
			return p
		}
		if seen&got != 0 {
			return badFormat
		}
		seen |= got
	}
	if seen == 0 {
		return badFormat
	}
	if ago {
		if a.micros == math.MinInt64 || a.days == math.MinInt32 || a.months == math.MinInt32 || a.years == math.MinInt32 {
			return fieldOverflow
		}
		a.years, a.months, a.days, a.micros = -a.years, -a.months, -a.days, -a.micros
	}
	return noProblem
}

// Bits for what an interval has given already.
const (
	secondBit, milliBit, microBit = 1 << 0, 1 << 1, 1 << 2
	clockBits                     = secondBit | 1<<3 | 1<<4
)

func unitBit(u intervalUnit, fraction bool) uint32 {
	switch u.micros {
	case 1:
		return microBit
	case 1000:
		return milliBit
	case MicrosPerSecond:
		if fraction {
			return secondBit | milliBit | microBit
		}
		return secondBit
	case MicrosPerMinute:
		return 1 << 3
	case MicrosPerHour:
		return 1 << 4
	}
	switch u {
	case intervalUnit{days: 1}:
		return 1 << 5
	case intervalUnit{days: 7}:
		return 1 << 6
	case intervalUnit{months: 1}:
		return 1 << 7
	}
	return 1 << (8 + uint(math.Log10(float64(u.years))))
}

// number is a number of units, or years-months.
func (a *intervalSum) number(s string, unit *intervalUnit, negate bool) (uint32, dateProblem) {
	body, minus := strings.CutPrefix(s, "-")
	body = strings.TrimPrefix(body, "+")
	digits := 0
	for digits < len(body) && isDigit(body[digits]) {
		digits++
	}
	n, err := strconv.ParseInt("0"+body[:digits], 10, 64)
	if err != nil {
		return 0, fieldOverflow
	}
	rest, f := body[digits:], 0.0
	switch {
	case rest == "":
	case rest[0] == '-':
		m, tail, over := leadingInt(rest[1:])
		switch {
		case over || m > 11:
			return 0, fieldOverflow
		case tail != "":
			return 0, badFormat
		}
		*unit = intervalUnits["month"]
		if n > math.MaxInt64/12-1 {
			return 0, fieldOverflow
		}
		n = n*12 + m
	case rest[0] == '.':
		if rest != "." {
			if strings.Trim(rest[1:], "0123456789") != "" {
				return 0, badFormat
			}
			if f, err = strconv.ParseFloat("0"+rest, 64); err != nil {
				return 0, badFormat
			}
		}
	default:
		return 0, badFormat
	}
	if minus || negate {
		n, f = -n, -f
	}
	u := *unit
	if !a.add(n, f, u) {
		return 0, fieldOverflow
	}
	if u.micros == MicrosPerHour { // a number before it is days
		*unit = intervalUnits["day"]
	}
	return unitBit(u, f != 0), noProblem
}

// clock is [sign]hh:mm[:ss].
func (a *intervalSum) clock(s string, rng int32, negate bool) dateProblem {
	body, minus := strings.CutPrefix(s, "-")
	unit := byte(0)
	if rng == minuteRange|secondRange {
		unit = 's'
	}
	h, m, sec, us, p := clockFields(strings.TrimPrefix(body, "+"), unit)
	if p != noProblem {
		return p
	}
	a.micros = us
	if !addMul(&a.micros, h, MicrosPerHour) || !addMul(&a.micros, m, MicrosPerMinute) || !addMul(&a.micros, sec, MicrosPerSecond) {
		return fieldOverflow
	}
	if minus || negate && a.micros > 0 {
		a.micros = -a.micros
	}
	return noProblem
}

// FitInterval cuts an interval to a modifier's range and precision.
func FitInterval(v Value, typmod int32) (Value, error) {
	if typmod < 0 {
		return v, nil
	}
	i := v.Interval()
	rng, precision := typmod>>16&fullRange, typmod&fullPrecision
	down := func(n int64) { i.Micros = i.Micros / n * n }
	switch {
	case rng == fullRange, rng&secondRange != 0:
	case rng&minuteRange != 0:
		down(MicrosPerMinute)
	case rng&hourRange != 0:
		down(MicrosPerHour)
	case rng&dayRange != 0:
		i.Micros = 0
	case rng&monthRange != 0:
		i.Micros, i.Days = 0, 0
	default:
		i.Micros, i.Days, i.Months = 0, 0, i.Months/12*12
	}
	if precision < 6 {
		unit := int64(1)
		for range 6 - precision {
			unit *= 10
		}
		half := unit / 2
		if i.Micros < 0 {
			half = -half
		}
		i.Micros += half
		down(unit)
	}
	return NewInterval(i), nil
}
