package pgtypes

import "math"

// Calendar arithmetic over the proleptic Gregorian calendar, in days since
// 2000-01-01 and microseconds, as PostgreSQL's j2date and date2j.

// Units of time in microseconds.
const (
	MicrosPerSecond = 1_000_000
	MicrosPerMinute = 60 * MicrosPerSecond
	MicrosPerHour   = 60 * MicrosPerMinute
	MicrosPerDay    = 24 * MicrosPerHour
)

// UnixEpochDays is 1970-01-01 in days since 2000-01-01.
const UnixEpochDays = -10957

// Infinite dates and timestamps.
const (
	DateNegInfinity      = math.MinInt32
	DateInfinity         = math.MaxInt32
	TimestampNegInfinity = math.MinInt64
	TimestampInfinity    = math.MaxInt64
)

// Limits of what PostgreSQL stores: 4713-01-01 BC, and 5874897 for a date,
// 294276 for a timestamp.
var (
	minDate      = DaysFromCivil(-4713, 11, 24)
	maxDate      = DaysFromCivil(5874897, 12, 31)
	minTimestamp = DaysFromCivil(-4713, 11, 24) * MicrosPerDay
	endTimestamp = DaysFromCivil(294277, 1, 1) * MicrosPerDay
)

// FromUnixMicros turns microseconds since 1970 into a timestamp value.
func FromUnixMicros(us int64) Value { return NewInt(us + UnixEpochDays*MicrosPerDay) }

// DaysFromCivil is the day number of year (0 is 1 BC), month and day.
func DaysFromCivil(y, m, d int64) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era := floorDiv(y, 400)
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + d - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468 + UnixEpochDays
}

// CivilFromDays is the inverse of DaysFromCivil.
func CivilFromDays(days int64) (y, m, d int64) {
	z := days - UnixEpochDays + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	m = mp + 3
	y = yoe + era*400
	if m > 12 {
		m -= 12
		y++
	}
	return y, m, d
}

// SplitTimestamp cuts a timestamp into days and microseconds of the day.
func SplitTimestamp(us int64) (days, micros int64) {
	days = floorDiv(us, MicrosPerDay)
	return days, us - days*MicrosPerDay
}

// DaysInMonth is the length of a month.
func DaysInMonth(y, m int64) int64 {
	return DaysFromCivil(y, m+1, 1) - DaysFromCivil(y, m, 1)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
