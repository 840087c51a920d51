package scalar

import (
	"fmt"
	"strings"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	add(map[string]Func{
		"timestamp_to_char": func(a []Value) (Value, error) { return FormatTime(a[0], a[1].Text(), 0, "", false) },
		"interval_to_char":  func(a []Value) (Value, error) { return formatInterval(a[0].Interval(), a[1].Text()) },
	})
}

var (
	monthsFull = strings.Fields("January February March April May June July August September October November December")
	daysFull   = strings.Fields("Sunday Monday Tuesday Wednesday Thursday Friday Saturday")
	dateKeys   = func() []string {
		upper := strings.Fields("A.D. A.M. AD AM B.C. BC CC DAY DDD DD DY D FF1 FF2 FF3 FF4 FF5 FF6 FX HH24 HH12 HH IDDD ID IW IYYY IYY IY I J " +
			"MI MM MONTH MON MS OF P.M. PM Q RM SSSSS SSSS SS TZH TZM TZ US WW W Y,YYY YYYY YYY YY Y")
		keys := strings.Fields("Day Dy Month Mon")
		for _, k := range upper {
			keys = append(keys, k, strings.ToLower(k))
		}
		return keys
	}()
)

// dateParts are a time's fields, as to_char writes them.
type dateParts struct {
	fields
	weekday  int64 // 0 is Sunday
	yearday  int64
	interval bool
	zoned    bool
	east     int64
	zone     string
}

// FormatTime is to_char of a local time, with its zone if it has one.
func FormatTime(v Value, format string, east int64, zone string, zoned bool) (Value, error) {
	if format == "" || Infinite(v) {
		return Value{}, nil
	}
	p := &dateParts{fields: split(pgtypes.Timestamp, v), zoned: zoned, east: east, zone: zone}
	p.weekday = floorMod(p.days+6, 7)
	p.yearday = p.days - pgtypes.DaysFromCivil(p.y, 1, 1) + 1
	return p.format(format)
}

func formatInterval(i pgtypes.IntervalValue, format string) (Value, error) {
	if format == "" {
		return Value{}, nil
	}
	p := &dateParts{fields: split(pgtypes.Interval, pgtypes.NewInterval(i)), interval: true}
	p.yearday = (p.y*12+p.m)*30 + p.d
	return p.format(format)
}

func (p *dateParts) format(format string) (Value, error) {
	var b strings.Builder
	for _, n := range parseFormat(format, dateKeys, true) {
		if n.key == "" {
			b.WriteString(n.text)
			continue
		}
		text, number, err := p.part(n)
		if err != nil {
			return Value{}, err
		}
		b.WriteString(text)
		if number && n.suffix != "" {
			b.WriteString(ordinal(text, n.suffix == "TH"))
		}
	}
	return pgtypes.NewText(b.String()), nil
}

var notOfIntervals = sqlstate.New(sqlstate.InvalidDatetimeFormat, "invalid format specification for an interval value").
	WithHint("Intervals are not tied to specific calendar dates.")

// part writes a key word; number tells that an ordinal's ending may follow.
func (p *dateParts) part(n formatNode) (text string, number bool, err error) {
	upper := strings.ToUpper(n.key)
	if text, ok := p.word(n, upper); ok {
		if p.interval && upper[0] != 'P' && (upper[0] != 'A' || upper[1] == 'D' || upper == "A.D.") {
			return "", false, notOfIntervals
		}
		return text, false, nil
	}
	if p.interval && strings.Contains(" D IYYY IYY IY I IDDD ID IW TZ TZH TZM OF ", " "+upper+" ") && upper != "TZH" && upper != "TZM" {
		return "", false, notOfIntervals
	}
	switch upper {
	case "TZ", "TZH", "TZM", "OF":
		return p.zonePart(n.key, upper), false, nil
	case "FX":
		return "", false, nil
	case "RM":
		return p.romanMonth(n), false, nil
	case "Y,YYY":
		y := p.shownYear()
		return fmt.Sprintf("%d,%03d", y/1000, y%1000), true, nil
	}
	v, width := p.number(upper)
	if n.fill {
		width = 0
	}
	if v < 0 && width > 0 { // the sign is not counted
		width++
	}
	return fmt.Sprintf("%0*d", width, v), true, nil
}

// word are the parts in letters.
func (p *dateParts) word(n formatNode, upper string) (string, bool) {
	pick := func(yes bool, a, b string) (string, bool) {
		s := b
		if yes {
			s = a
		}
		if n.key == strings.ToLower(n.key) {
			s = strings.ToLower(s)
		}
		return s, true
	}
	name := func(full string, width int) (string, bool) {
		switch n.key {
		case upper:
			full = strings.ToUpper(full)
		case strings.ToLower(n.key):
			full = strings.ToLower(full)
		}
		if n.fill {
			width = 0
		}
		return fmt.Sprintf("%-*s", width, full), true
	}
	half := floorMod(p.h, 24) >= 12
	switch upper {
	case "A.M.", "P.M.", "AM", "PM":
		if len(upper) == 4 {
			return pick(half, "P.M.", "A.M.")
		}
		return pick(half, "PM", "AM")
	case "A.D.", "B.C.":
		return pick(p.y <= 0, "B.C.", "A.D.")
	case "AD", "BC":
		return pick(p.y <= 0, "BC", "AD")
	case "MONTH", "MON", "DAY", "DY":
		if p.interval {
			return "", true
		}
	}
	switch upper {
	case "MONTH":
		return name(monthsFull[p.m-1], 9)
	case "MON":
		return name(monthsFull[p.m-1][:3], 0)
	case "DAY":
		return name(daysFull[p.weekday], 9)
	case "DY":
		return name(daysFull[p.weekday][:3], 0)
	}
	return "", false
}

func (p *dateParts) zonePart(key, upper string) string {
	if !p.zoned {
		switch upper {
		case "TZ":
			return ""
		}
	}
	sign := byte('+')
	if p.east < 0 {
		sign = '-'
	}
	east := max(p.east, -p.east)
	switch upper {
	case "TZ":
		if key == upper {
			return p.zone
		}
		return strings.ToLower(p.zone)
	case "TZH":
		return fmt.Sprintf("%c%02d", sign, east/3600)
	case "TZM":
		return fmt.Sprintf("%02d", east%3600/60)
	}
	s := fmt.Sprintf("%c%02d", sign, east/3600)
	if east%3600 != 0 {
		s += fmt.Sprintf(":%02d", east%3600/60)
	}
	return s
}

func (p *dateParts) romanMonth(n formatNode) string {
	if p.m == 0 && !p.interval {
		return ""
	}
	m := p.m
	if m == 0 {
		if p.y == 0 {
			return ""
		}
		m = 12
	}
	s := roman(max(m, -m))
	if n.key == "rm" {
		s = strings.ToLower(s)
	}
	if !n.fill {
		s = fmt.Sprintf("%-4s", s)
	}
	return s
}

// shownYear is a year without 0: 1 BC is 1.
func (p *dateParts) shownYear() int64 {
	if !p.interval && p.y <= 0 {
		return 1 - p.y
	}
	return p.y
}

// number are the parts in digits, with their width.
func (p *dateParts) number(upper string) (n int64, width int) {
	year := p.shownYear()
	if strings.HasPrefix(upper, "IY") || upper == "I" {
		iy, _ := isoWeek(p.fields)
		if year = iy; iy <= 0 {
			year = 1 - iy
		}
		upper = strings.Repeat("Y", len(upper))
	}
	switch upper {
	case "YYYY":
		return year, 4
	case "YYY":
		return year % 1000, 3
	case "YY":
		return year % 100, 2
	case "Y":
		return year % 10, 1
	case "HH", "HH12":
		if p.h%12 == 0 {
			return 12, 2
		}
		return p.h % 12, 2
	case "HH24":
		return p.h, 2
	case "MI":
		return p.min, 2
	case "SS":
		return p.s, 2
	case "MS":
		return p.us / 1000, 3
	case "US":
		return p.us, 6
	case "SSSS", "SSSSS":
		return p.h*3600 + p.min*60 + p.s, 0
	}
	if strings.HasPrefix(upper, "FF") {
		digits := int(upper[2] - '0')
		n = p.us
		for range 6 - digits {
			n /= 10
		}
		return n, digits
	}
	return p.dayNumber(upper)
}

// dayNumber are those of the calendar.
func (p *dateParts) dayNumber(upper string) (n int64, width int) {
	switch upper {
	case "MM":
		return p.m, 2
	case "DD":
		return p.d, 2
	case "DDD":
		return p.yearday, 3
	case "D":
		return p.weekday + 1, 0
	case "ID":
		if p.weekday == 0 {
			return 7, 0
		}
		return p.weekday, 0
	case "WW":
		return (p.yearday-1)/7 + 1, 2
	case "IW":
		_, w := isoWeek(p.fields)
		return w, 2
	case "IDDD":
		_, w := isoWeek(p.fields)
		return (w-1)*7 + floorMod(p.days+5, 7) + 1, 3
	case "Q":
		return (p.m-1)/3 + 1, 0
	case "W":
		return (p.d-1)/7 + 1, 0
	case "J":
		return p.days + 2451545, 0
	case "CC":
		return p.century(), 2
	}
	return 0, 0
}

func (p *dateParts) century() int64 {
	switch {
	case p.interval:
		return p.y / 100
	case p.y > 0:
		return (p.y-1)/100 + 1
	}
	return p.y/100 - 1
}
