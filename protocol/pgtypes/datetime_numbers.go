package pgtypes

import (
	"math"
	"strconv"
	"strings"
)

// clock is a time with colons; unit is the lowest of two fields where a range of an
// interval says so, else 0 (DecodeTimeCommon).
func (d *dateDecoder) clock(s string, unit byte) dateProblem {
	h, m, sec, us, p := clockFields(s, unit)
	d.hour, d.minute, d.second, d.micros = h, m, sec, us
	if p == noProblem && h > math.MaxInt32 {
		p = fieldOverflow
	}
	return p
}

func clockFields(s string, unit byte) (h, m, sec, us int64, p dateProblem) {
	parts := [3]int64{}
	n := 0
	for {
		v, rest, over := leadingInt(s)
		if n == 0 {
			over = false
			if v2, err := strconv.ParseInt(s[:len(s)-len(rest)], 10, 64); err == nil {
				v = v2
			} else {
				over = true
			}
		}
		if over {
			return 0, 0, 0, 0, fieldOverflow
		}
		parts[n] = v
		n++
		s = rest
		if s == "" || s[0] != ':' || n == 3 {
			break
		}
		s = s[1:]
	}
	switch {
	case n == 1, s != "" && s[0] != '.':
		return 0, 0, 0, 0, badFormat
	case s != "":
		if us, p = fraction(s); p != noProblem {
			return 0, 0, 0, 0, p
		}
	}
	h, m, sec = parts[0], parts[1], parts[2]
	if n == 2 && (s != "" || unit == 's') {
		if h > math.MaxInt32 {
			return 0, 0, 0, 0, fieldOverflow
		}
		h, m, sec = 0, h, m
	}
	if m > 59 || sec > 60 || us > MicrosPerSecond {
		return 0, 0, 0, 0, fieldOverflow
	}
	return h, m, sec, us, noProblem
}

// offset is a numeric zone (DecodeTimezone).
func (d *dateDecoder) offset(s string) dateProblem {
	if s == "" || s[0] != '+' && s[0] != '-' {
		return badFormat
	}
	var m, sec int64
	h, rest, over := leadingInt(s[1:])
	over1, over2 := false, false
	switch {
	case over:
		return zoneOverflow
	case strings.HasPrefix(rest, ":"):
		if m, rest, over1 = leadingInt(rest[1:]); strings.HasPrefix(rest, ":") {
			sec, rest, over2 = leadingInt(rest[1:])
		}
	case rest == "" && len(s) > 3:
		h, m = h/100, h%100
	}
	if over1 || over2 || h > 15 || m > 59 || sec > 59 {
		return zoneOverflow
	}
	d.east = (h*60+m)*60 + sec
	if s[0] == '-' {
		d.east = -d.east
	}
	if rest != "" {
		return badFormat
	}
	return noProblem
}

// leadingInt reads the digits that a text begins with, as 32 bits; C's strtol gives 0
// where there are none.
func leadingInt(s string) (n int64, rest string, over bool) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	n, err := strconv.ParseInt(s[:i], 10, 32)
	return n, s[i:], i > 0 && err != nil
}

func atoi64(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > math.MaxInt32 {
		return math.MaxInt32
	}
	return n
}

// fraction reads .digits as microseconds.
func fraction(s string) (int64, dateProblem) {
	if s == "." {
		return 0, noProblem
	}
	for i := 1; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, badFormat
		}
	}
	f, err := strconv.ParseFloat("0"+s, 64)
	if err != nil {
		return 0, badFormat
	}
	return int64(math.RoundToEven(f * MicrosPerSecond)), noProblem
}
