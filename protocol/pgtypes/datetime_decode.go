package pgtypes

import (
	"strconv"
	"strings"
	"time"

	"seqd/protocol/timezone"
)

// fieldSet are the fields that a text has given already: none may come twice.
type fieldSet uint32

const (
	yearField fieldSet = 1 << iota
	monthField
	dayField
	hourField
	minuteField
	secondField
	zoneField
	summerField   // an abbreviation of summer time
	modifierField // dst
	yeardayField
	weekdayField
	eraField
	halfField
	reservedField

	dateFields = yearField | monthField | dayField
	timeFields = hourField | minuteField | secondField
)

// dateDecoder finds out what the tokens of a date or time mean, from left to right
// (DecodeDateTime; DecodeTimeOnly where timeOnly).
type dateDecoder struct {
	st       *Style
	tokens   []token
	timeOnly bool

	seen                         fieldSet
	year, month, day, yearday    int64
	hour, minute, second, micros int64
	east                         int64 // of UTC, in seconds
	zone                         *time.Location
	abbreviation                 *timezone.Abbreviated
	half                         int64 // 0 am, 1 pm, -1 neither
	bc, twoDigits, textMonth     bool
	julian                       bool
	unit                         byte   // what the next number is, 0: not said
	special                      string // epoch, infinity, -infinity
	unknownZone                  string
}

// have is what is taken as given: for a time alone the date.
func (d *dateDecoder) have() fieldSet {
	if d.timeOnly {
		return d.seen | dateFields
	}
	return d.seen
}

func (d *dateDecoder) run() dateProblem {
	d.half = -1
	for i := range d.tokens {
		got, p := d.token(i)
		if p != noProblem {
			return p
		}
		if got&d.seen != 0 {
			return badFormat
		}
		d.seen |= got
	}
	return noProblem
}

func (d *dateDecoder) token(i int) (fieldSet, dateProblem) {
	t := d.tokens[i]
	switch t.kind {
	case dateToken:
		if d.timeOnly {
			return d.dateInTime(i)
		}
		return d.dateText(t.text)
	case timeToken:
		if d.unit != 0 && d.unit != 't' && !d.timeOnly {
			return 0, badFormat
		}
		if !d.timeOnly {
			d.unit = 0
		}
		if p := d.clock(t.text, 0); p != noProblem {
			return 0, p
		}
		if !d.timeOnly && d.timeOverflows() {
			return 0, fieldOverflow
		}
		return timeFields, noProblem
	case zoneToken:
		return zoneField, d.offset(t.text)
	case numberToken:
		if d.unit != 0 {
			return d.labelled(t.text)
		}
		if d.timeOnly {
			return d.numberInTime(i)
		}
		return d.number(t.text)
	}
	return d.word(i)
}

// dateText is a date, or what else looks like one: the name of a zone, or a
// time run together with an offset (040506-08).
func (d *dateDecoder) dateText(s string) (fieldSet, dateProblem) {
	if d.unit == 'j' { // a day number and an offset
		n, rest, over := leadingInt(s)
		if over || n < 0 {
			return 0, fieldOverflow
		}
		d.setJulian(n)
		d.unit = 0
		return dateFields | timeFields | zoneField, d.offset(rest)
	}
	if d.unit == 0 && d.seen&(monthField|dayField) != monthField|dayField {
		return d.date(s)
	}
	if isDigit(s[0]) || d.unit != 0 {
		if d.unit != 0 && d.unit != 't' || d.seen&timeFields == timeFields {
			return 0, badFormat
		}
		d.unit = 0
		return d.timeAndOffset(s)
	}
	return zoneField, d.namedZone(s)
}

// dateInTime is a date token in a time: a date that says which offset a zone has, if it
// stands first, a zone, or a time with an offset.
func (d *dateDecoder) dateInTime(i int) (fieldSet, dateProblem) {
	s, n := d.tokens[i].text, len(d.tokens)
	if i == 0 && n >= 2 && (d.tokens[n-1].kind == dateToken || d.tokens[1].kind == timeToken) {
		return d.date(s)
	}
	if !isDigit(s[0]) {
		d.tokens[i].kind = zoneToken
		return zoneField, d.namedZone(s)
	}
	if d.seen&timeFields == timeFields {
		return 0, badFormat
	}
	return d.timeAndOffset(s)
}

func (d *dateDecoder) timeAndOffset(s string) (fieldSet, dateProblem) {
	at := strings.IndexByte(s, '-')
	if at < 0 {
		return 0, badFormat
	}
	if p := d.offset(s[at:]); p != noProblem {
		return 0, p
	}
	got, p := d.runTogether(s[:at])
	return got | zoneField, p
}

func (d *dateDecoder) namedZone(s string) dateProblem {
	z, ok := timezone.Lookup(s)
	if !ok {
		d.unknownZone = s
		return badFormat
	}
	d.zone = z
	return noProblem
}

// date is a date with separators (DecodeDate).
func (d *dateDecoder) date(s string) (got fieldSet, p dateProblem) {
	parts := splitDate(s)
	if parts == nil {
		return 0, badFormat
	}
	before := d.seen
	defer func() { d.seen = before }() // the caller adds what was got
	add := func(f fieldSet) bool {
		again := d.seen&f != 0
		d.seen |= f
		got |= f
		return !again
	}
	textMonth := false
	for i, part := range parts {
		if !isAlpha(part[0]) {
			continue
		}
		w, ok := dateWord(part)
		parts[i] = ""
		switch {
		case ok && w.kind == ignoredWord:
		case ok && w.kind == monthWord:
			d.month, textMonth = w.value, true
			if !add(monthField) {
				return 0, badFormat
			}
		default:
			return 0, badFormat
		}
	}
	for _, part := range parts {
		if part == "" {
			continue
		}
		f, p := d.dateNumber(part, textMonth, d.seen)
		if p != noProblem {
			return 0, p
		}
		if !add(f) {
			return 0, badFormat
		}
	}
	if d.seen&^(yeardayField|zoneField) != dateFields {
		return 0, badFormat
	}
	return got, noProblem
}

// splitDate cuts a date into digits and letters; nil if it ends in a separator.
func splitDate(s string) []string {
	var parts []string
	for s != "" {
		for s != "" && !isDigit(s[0]) && !isAlpha(s[0]) {
			s = s[1:]
		}
		if s == "" {
			return nil
		}
		is := isDigit
		if isAlpha(s[0]) {
			is = isAlpha
		}
		n := 0
		for n < len(s) && is(s[n]) {
			n++
		}
		parts = append(parts, s[:n])
		if s = s[n:]; s != "" { // one separator, whatever it is
			s = s[1:]
		}
	}
	return parts
}

// number is a number without a label: a part of a date, or of it all.
func (d *dateDecoder) number(s string) (fieldSet, dateProblem) {
	point := strings.IndexByte(s, '.')
	switch {
	case point >= 0 && d.seen&dateFields == 0:
		return d.date(s)
	case point > 2, point < 0 && len(s) >= 6 && (d.seen&dateFields == 0 || d.seen&timeFields == 0):
		return d.runTogether(s)
	}
	return d.dateNumber(s, d.textMonth, d.seen)
}

func (d *dateDecoder) numberInTime(i int) (fieldSet, dateProblem) {
	s, n := d.tokens[i].text, len(d.tokens)
	point := strings.IndexByte(s, '.')
	switch {
	case point >= 0 && i == 0 && n >= 2 && d.tokens[n-1].kind == dateToken:
		return d.date(s)
	case point > 2, point < 0 && len(s) > 4:
		got, p := d.runTogether(s)
		d.tokens[i].kind = timeToken
		return got, p
	case point >= 0:
		return 0, badFormat
	}
	return d.dateNumber(s, false, d.have())
}

// dateNumber is a number whose meaning follows from what is there already
// (DecodeNumber).
func (d *dateDecoder) dateNumber(s string, textMonth bool, have fieldSet) (got fieldSet, p dateProblem) {
	n, rest, over := leadingInt(s)
	digits := len(s) - len(rest)
	switch {
	case over:
		return 0, fieldOverflow
	case digits == 0, rest != "" && rest[0] != '.':
		return 0, badFormat
	case rest != "" && digits > 2:
		return d.runTogether(s)
	case rest != "":
		if d.micros, p = fraction(rest); p != noProblem {
			return 0, p
		}
	}
	have &= dateFields
	if len(s) == 3 && have == yearField && n >= 1 && n <= 366 {
		d.yearday = n
		return yeardayField | monthField | dayField, noProblem
	}
	yearFirst := len(s) >= 3 || d.st.Order == YMD
	switch {
	case have == 0 && yearFirst, have == monthField && textMonth && yearFirst, have == monthField|dayField:
		d.year, got = n, yearField
		d.twoDigits = len(s) <= 2
	case have == 0 && d.st.Order == MDY, have == yearField, have == dayField:
		d.month, got = n, monthField
	case have == yearField|monthField && textMonth && len(s) >= 3 && d.twoDigits: // the first number was the day
		d.day, d.year, d.twoDigits, got = d.year, n, false, dayField
	case have == 0, have == monthField, have == yearField|monthField:
		d.day, got = n, dayField
	case have == dateFields:
		return d.runTogether(s)
	default:
		return 0, badFormat
	}
	return got, noProblem
}

// runTogether is a date or time without separators (DecodeNumberField).
func (d *dateDecoder) runTogether(s string) (fieldSet, dateProblem) {
	if at := strings.IndexByte(s, '.'); at >= 0 {
		us, p := fraction(s[at:])
		if p != noProblem {
			return 0, p
		}
		d.micros, s = us, s[:at]
	} else if d.have()&dateFields != dateFields && len(s) >= 6 {
		n := len(s)
		d.day, d.month, d.year = atoi64(s[n-2:]), atoi64(s[n-4:n-2]), atoi64(s[:n-4])
		d.twoDigits = d.twoDigits || n == 6
		return dateFields, noProblem
	}
	if d.seen&timeFields == timeFields {
		return 0, badFormat
	}
	switch len(s) {
	case 6:
		d.hour, d.minute, d.second = atoi64(s[:2]), atoi64(s[2:4]), atoi64(s[4:])
	case 4:
		d.hour, d.minute, d.second = atoi64(s[:2]), atoi64(s[2:]), 0
	default:
		return 0, badFormat
	}
	return timeFields, noProblem
}

// labelled is a number behind a word that says what it is.
func (d *dateDecoder) labelled(s string) (fieldSet, dateProblem) {
	n, rest, over := leadingInt(s)
	unit := d.unit
	switch {
	case over:
		return 0, fieldOverflow
	case rest != "" && (rest[0] != '.' || !strings.ContainsRune("jts", rune(unit))):
		return 0, badFormat
	}
	d.unit = 0
	switch unit {
	case 'y':
		d.year = n
		return yearField, noProblem
	case 'm':
		if d.seen&monthField != 0 && d.seen&hourField != 0 {
			d.minute = n
			return minuteField, noProblem
		}
		d.month = n
		return monthField, noProblem
	case 'd':
		d.day = n
		return dayField, noProblem
	case 'h':
		d.hour = n
		return hourField, noProblem
	case 'n':
		d.minute = n
		return minuteField, noProblem
	case 's':
		d.second = n
		p := noProblem
		if rest != "" {
			d.micros, p = fraction(rest)
		}
		return secondField, p
	case 'j':
		return d.julianNumber(n, rest)
	case 't':
		before := d.timeOnly
		d.timeOnly = true // the date counts as given
		got, p := d.runTogether(s)
		d.timeOnly = before
		if p == noProblem && got != timeFields {
			p = badFormat
		}
		return got, p
	}
	return 0, badFormat
}

func (d *dateDecoder) julianNumber(n int64, rest string) (fieldSet, dateProblem) {
	if n < 0 {
		return 0, fieldOverflow
	}
	d.setJulian(n)
	if rest == "" {
		return dateFields, noProblem
	}
	f, err := strconv.ParseFloat("0"+rest, 64)
	if err != nil {
		return 0, badFormat
	}
	us := int64(f * MicrosPerDay)
	d.hour, d.minute, d.second, d.micros = us/MicrosPerHour, us/MicrosPerMinute%60, us/MicrosPerSecond%60, us%MicrosPerSecond
	return dateFields | timeFields, noProblem
}

// julianEpoch is 2000-01-01 as a Julian day.
const julianEpoch = 2451545

func (d *dateDecoder) setJulian(n int64) {
	d.year, d.month, d.day = CivilFromDays(n - julianEpoch)
	d.julian = true
}
