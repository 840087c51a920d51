package settings

import (
	"math"
	"strconv"
	"strings"

	"seqd/protocol/sqlstate"
)

type scale struct {
	name   string
	factor float64
}

// byteUnits and timeUnits are the units that values may be written in, largest first.
var (
	byteUnits = []scale{{"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}, {"kB", 1 << 10}, {"B", 1}}
	timeUnits = []scale{{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}}
)

// scales are the units of a parameter as multiples of its base unit.
func scales(base string) (list []scale, hint string) {
	factor := 0.0
	switch base {
	case "":
		return nil, ""
	case "8kB":
		factor = 8 << 10
	}
	list, hint = byteUnits, `Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".`
	if base == "ms" || base == "s" || base == "min" {
		list, hint = timeUnits, `Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".`
	}
	multiples := make([]scale, len(list))
	for _, sc := range list {
		if sc.name == base {
			factor = sc.factor
		}
	}
	for i, sc := range list {
		multiples[i] = scale{sc.name, sc.factor / factor}
		if sc.factor > factor {
			multiples[i].factor = math.Round(multiples[i].factor)
		}
	}
	return multiples, hint
}

const space = " \t\n\v\f\r"

// scanInteger reads as C's strtol with base 0, and as strtod what goes on behind
// an integer as a fraction does.
func scanInteger(s string) (f float64, rest string, ok bool) {
	t := strings.TrimLeft(s, space)
	end := 0
	if end < len(t) && (t[end] == '+' || t[end] == '-') {
		end++
	}
	digits := "0123456789"
	switch {
	case len(t) > end+2 && t[end] == '0' && t[end+1]|0x20 == 'x' && strings.IndexByte("0123456789abcdefABCDEF", t[end+2]) >= 0:
		digits, end = "0123456789abcdefABCDEF", end+2
	case len(t) > end && t[end] == '0':
		digits = "01234567"
	}
	for end < len(t) && strings.IndexByte(digits, t[end]) >= 0 {
		end++
	}
	n, err := strconv.ParseInt(t[:end], 0, 64)
	if err == nil && (end == len(t) || strings.IndexByte(".eE", t[end]) < 0) {
		return float64(n), t[end:], true
	}
	if err != nil && end < len(t) && strings.IndexByte(".eE", t[end]) < 0 && !outOfRange(err) {
		return 0, s, false
	}
	return scanReal(s)
}

func outOfRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}

// scanReal reads as C's strtod: the longest prefix that is a number.
func scanReal(s string) (f float64, rest string, ok bool) {
	t := strings.TrimLeft(s, space)
	end := 0
	for end < len(t) && strings.IndexByte("+-.0123456789abcdefinptxyABCDEFINPTXY", t[end]) >= 0 {
		end++
	}
	for ; end > 0; end-- {
		f, err := strconv.ParseFloat(t[:end], 64)
		if err == nil && !math.IsNaN(f) {
			return f, t[end:], true
		}
	}
	return 0, s, false
}

// number reads a value into the base unit. hint is what PostgreSQL adds to its
// refusal.
func (p *parameter) number(value string) (f float64, hint string, ok bool) {
	scan := scanInteger
	if p.kind == real {
		scan = scanReal
	}
	f, rest, ok := scan(value)
	if !ok {
		return 0, "", false
	}
	if rest = strings.Trim(rest, space); rest != "" {
		list, hint := scales(p.unit)
		found := false
		for i, sc := range list {
			if sc.name == rest {
				f *= sc.factor
				if i+1 < len(list) { // a fraction counts in the next smaller unit
					f = math.RoundToEven(f/list[i+1].factor) * list[i+1].factor
				}
				found = true
			}
		}
		if !found {
			return 0, hint, false
		}
	}
	if p.kind == integer {
		if f = math.RoundToEven(f); f > math.MaxInt32 || f < math.MinInt32 {
			return 0, "Value exceeds integer range.", false
		}
	}
	return f, "", true
}

func (p *parameter) checkNumber(value string) (string, error) {
	f, hint, ok := p.number(value)
	if !ok {
		e := p.invalid(value)
		e.Hint = hint
		return "", e
	}
	if f < p.min || f > p.max {
		unit := p.unit
		if unit != "" {
			unit = " " + unit
		}
		return "", sqlstate.Errorf(sqlstate.InvalidParameterValue,
			"%s%s is outside the valid range for parameter \"%s\" (%s .. %s)", p.bare(f), unit, p.Name, p.minText, p.maxText)
	}
	return p.format(f), nil
}

// bare is a number without a unit.
func (p *parameter) bare(f float64) string {
	if p.kind == integer {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', 6, 64)
}

// format writes a number in the largest unit in which it is a whole one.
func (p *parameter) format(f float64) string {
	list, _ := scales(p.unit)
	if f <= 0 || len(list) == 0 {
		return p.bare(f)
	}
	for i, sc := range list {
		v := f / sc.factor
		whole := math.Abs(math.RoundToEven(v)/v-1) <= 1e-8
		if whole || i == len(list)-1 || p.kind == integer && sc.factor <= 1 {
			return p.bare(v) + sc.name
		}
	}
	return p.bare(f)
}

// raw is a value in the base unit, as pg_settings shows it.
func (p *parameter) raw(value string) string {
	if p.unit == "" || value == "" {
		return value
	}
	f, _, ok := p.number(value)
	if !ok {
		return value
	}
	return p.bare(f)
}
