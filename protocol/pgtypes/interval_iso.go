package pgtypes

import (
	"math"
	"strconv"
	"strings"
)

// isoUnits are the designators of ISO 8601, before and after the T.
var isoUnits = map[bool]map[byte]string{
	false: {'Y': "year", 'M': "month", 'W': "week", 'D': "day"},
	true:  {'H': "hour", 'M': "minute", 'S': "second"},
}

// iso is P1Y2M3DT4H5M6S, or P0001-02-03T04:05:06, or without separators
// (DecodeISO8601Interval).
func (a *intervalSum) iso(s string) dateProblem {
	if len(s) < 2 || s[0] != 'P' {
		return badFormat
	}
	s = s[1:]
	clock, fields := false, false
	for s != "" {
		if s[0] == 'T' {
			clock, fields, s = true, false, s[1:]
			continue
		}
		start := s
		n, f, rest, p := isoNumber(s)
		if p != noProblem {
			return p
		}
		unit := byte(0)
		if s = rest; s != "" {
			unit, s = s[0], s[1:]
		}
		if name, ok := isoUnits[clock][unit]; ok {
			if !a.add(n, f, intervalUnits[name]) {
				return fieldOverflow
			}
			fields = true
			continue
		}
		if !fields && (unit == 0 || unit == 'T' && !clock) && isoWidth(start) == map[bool]int{false: 8, true: 6}[clock] {
			if !a.isoPacked(n, f, clock) {
				return fieldOverflow
			}
		} else if p := a.isoExtended(n, f, unit, &s, clock, fields, &unit); p != noProblem {
			return p
		}
		if unit == 0 {
			return noProblem
		}
		clock, fields = true, false // unit is T
	}
	return noProblem
}

// isoPacked is yyyymmdd or hhmmss.
func (a *intervalSum) isoPacked(n int64, f float64, clock bool) bool {
	high, middle, low := n/10000, n/100%100, n%100
	if clock {
		return a.add(high, 0, intervalUnits["hour"]) && a.add(middle, 0, intervalUnits["minute"]) &&
			a.add(low, 0, intervalUnits["second"]) && a.addMicros(f, 1)
	}
	return a.add(high, 0, intervalUnits["year"]) && a.add(middle, 0, intervalUnits["month"]) && a.add(low, f, intervalUnits["day"])
}

// isoExtended is y-m-d or h:m:s, of which the first number has been read; end is what
// stands behind it.
func (a *intervalSum) isoExtended(n int64, f float64, unit byte, s *string, clock, fields bool, end *byte) dateProblem {
	sep, names := byte('-'), []string{"year", "month", "day"}
	if clock {
		sep, names = ':', []string{"hour", "minute", "second"}
	}
	if fields || unit != 0 && unit != sep && (unit != 'T' || clock) {
		return badFormat
	}
	for i, name := range names {
		if !a.add(n, f, intervalUnits[name]) {
			return fieldOverflow
		}
		if i > 0 {
			unit = 0
			if *s != "" {
				unit, *s = (*s)[0], (*s)[1:]
			}
		}
		if *end = unit; unit == 0 || unit == 'T' && !clock {
			return noProblem
		}
		if unit != sep || i == 2 {
			return badFormat
		}
		var p dateProblem
		if n, f, *s, p = isoNumber(*s); p != noProblem {
			return p
		}
	}
	return noProblem
}

// isoNumber takes what C's strtod would, in its integer and fractional parts.
func isoNumber(s string) (n int64, f float64, rest string, p dateProblem) {
	if s == "" || !isDigit(s[0]) && s[0] != '-' && s[0] != '.' {
		return 0, 0, s, badFormat
	}
	i := 0
	if s[0] == '-' {
		i++
	}
	for i < len(s) && (isDigit(s[i]) || s[i] == '.') {
		i++
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		for start := j; j < len(s) && isDigit(s[j]); j++ {
			i = max(start, j) + 1
		}
	}
	v, err := strconv.ParseFloat(s[:i], 64)
	switch {
	case err != nil && math.IsInf(v, 0), math.Abs(v) > 1e15:
		return 0, 0, s, fieldOverflow
	case err != nil:
		return 0, 0, s, badFormat
	}
	whole := math.Trunc(v)
	return int64(whole), v - whole, s[i:], noProblem
}

func isoWidth(s string) int {
	s = strings.TrimPrefix(s, "-")
	return len(s) - len(strings.TrimLeft(s, "0123456789"))
}
