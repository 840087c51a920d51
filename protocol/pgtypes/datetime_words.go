package pgtypes

import "seqd/protocol/timezone"

// word is a token of letters: an abbreviation of a zone, a key word, or a zone's name.
func (d *dateDecoder) word(i int) (fieldSet, dateProblem) {
	s := d.tokens[i].text
	if a, ok := timezone.FindAbbreviation(s); ok {
		return d.abbreviated(i, a)
	}
	w, ok := dateWord(s)
	if !ok {
		z, found := timezone.Lookup(s)
		if !found {
			return 0, badFormat
		}
		d.zone = z
		return zoneField, noProblem
	}
	switch w.kind {
	case reservedWord:
		return d.reserved(s)
	case monthWord:
		if d.timeOnly {
			return 0, badFormat
		}
		got := monthField
		// A number before may have been the day.
		if d.seen&monthField != 0 && !d.textMonth && d.seen&dayField == 0 && d.month >= 1 && d.month <= 31 {
			d.day, got = d.month, dayField
		}
		d.textMonth, d.month = true, w.value
		return got, noProblem
	case weekdayWord:
		if d.timeOnly {
			return 0, badFormat
		}
		return weekdayField, noProblem
	case eraWord:
		d.bc = w.value == 1
		return eraField, noProblem
	case halfWord:
		d.half = w.value
		return halfField, noProblem
	case unitWord:
		d.unit = byte(w.value)
	case isoTimeWord:
		next := i + 1
		if !d.timeOnly && d.seen&dateFields != dateFields || next >= len(d.tokens) {
			return 0, badFormat
		}
		if k := d.tokens[next].kind; k != numberToken && k != timeToken && k != dateToken {
			return 0, badFormat
		}
		d.unit = 't'
	case summerWord:
		d.east += w.value
		return modifierField | summerField, noProblem
	}
	return 0, noProblem
}

func (d *dateDecoder) abbreviated(i int, a timezone.Abbreviated) (fieldSet, dateProblem) {
	if d.timeOnly {
		d.tokens[i].kind = zoneToken
	}
	switch {
	case a.Zone != nil:
		d.abbreviation = &a
		return zoneField, noProblem
	case a.DST:
		d.east = a.East
		return zoneField | summerField, noProblem
	}
	d.east = a.East
	return zoneField, noProblem
}

// reserved are the words that stand for a date or time.
func (d *dateDecoder) reserved(s string) (fieldSet, dateProblem) {
	switch s {
	case "allballs":
		d.hour, d.minute, d.second = 0, 0, 0
		d.east = 0
		return timeFields | zoneField, noProblem
	case "epoch", "infinity", "-infinity":
		if d.timeOnly {
			return 0, badFormat
		}
		d.special = s
		return reservedField, noProblem
	}
	if d.st.Now == nil {
		return 0, badFormat
	}
	now := d.st.Now()
	east, _ := d.st.zoneAt(now)
	days, us := SplitTimestamp(now + east*MicrosPerSecond)
	shift := map[string]int64{"today": 0, "tomorrow": 1, "yesterday": -1}
	if s == "now" {
		d.setClock(us)
		if d.timeOnly {
			return timeFields, noProblem
		}
		d.year, d.month, d.day = CivilFromDays(days)
		d.east = east
		return dateFields | timeFields | zoneField, noProblem
	}
	n, ok := shift[s]
	if !ok || d.timeOnly {
		return 0, badFormat
	}
	d.year, d.month, d.day = CivilFromDays(days + n)
	return dateFields, noProblem
}

func (d *dateDecoder) setClock(us int64) {
	d.hour, d.minute, d.second, d.micros = us/MicrosPerHour, us/MicrosPerMinute%60, us/MicrosPerSecond%60, us%MicrosPerSecond
}

func (d *dateDecoder) clockMicros() int64 {
	return d.hour*MicrosPerHour + d.minute*MicrosPerMinute + d.second*MicrosPerSecond + d.micros
}

// timeOverflows is time_overflows: 24:00:00 is the last moment of a day.
func (d *dateDecoder) timeOverflows() bool {
	return d.hour < 0 || d.hour > 24 || d.minute < 0 || d.minute > 59 || d.second < 0 || d.second > 60 ||
		d.micros < 0 || d.micros > MicrosPerSecond || d.clockMicros() > MicrosPerDay
}

// finish checks what was given, and finds the offset of a zone.
func (d *dateDecoder) finish() dateProblem {
	if p := d.validDate(); p != noProblem {
		return p
	}
	switch {
	case d.half >= 0 && d.hour > 12:
		return fieldOverflow
	case d.half == 0 && d.hour == 12:
		d.hour = 0
	case d.half == 1 && d.hour != 12:
		d.hour += 12
	}
	given := d.seen&dateFields == dateFields
	if d.timeOnly {
		if d.timeOverflows() {
			return fieldOverflow
		}
		if d.seen&timeFields != timeFields {
			return badFormat
		}
	} else if !given {
		return badFormat
	}
	if d.zone == nil && d.abbreviation == nil && d.seen&zoneField != 0 {
		return noProblem
	}
	if d.seen&modifierField != 0 {
		return badFormat
	}
	return d.findOffset(given)
}

// findOffset is the offset of a zone at the date given. For a time alone it is today's,
// unless it says a zone with more than one.
func (d *dateDecoder) findOffset(given bool) dateProblem {
	zone := d.zone
	if zone == nil && d.abbreviation == nil {
		zone = d.st.Zone
	}
	if !given {
		if d.zone != nil {
			east, ok := timezone.Fixed(d.zone)
			if !ok {
				return badFormat
			}
			d.east = east
			return noProblem
		}
		if d.seen&dateFields != 0 {
			return badFormat
		}
		var now int64
		if d.st.Now != nil {
			now = d.st.ToLocal(d.st.Now())
		}
		days, _ := SplitTimestamp(now)
		d.year, d.month, d.day = CivilFromDays(days)
	}
	local := (DaysFromCivil(d.year, d.month, d.day)-UnixEpochDays)*86400 + (d.hour*60+d.minute)*60 + d.second
	if d.abbreviation != nil {
		d.east = d.abbreviation.LocalAt(local)
	} else {
		d.east = timezone.LocalOffset(zone, local)
	}
	return noProblem
}

// validDate is ValidateDate.
func (d *dateDecoder) validDate() dateProblem {
	if d.seen&yearField != 0 && !d.julian {
		switch {
		case d.bc && d.year <= 0:
			return fieldOverflow
		case d.bc:
			d.year = 1 - d.year
		case d.twoDigits && d.year < 70:
			d.year += 2000
		case d.twoDigits && d.year < 100:
			d.year += 1900
		case d.year <= 0 && !d.twoDigits:
			return fieldOverflow
		}
	}
	if d.seen&yeardayField != 0 {
		d.year, d.month, d.day = CivilFromDays(DaysFromCivil(d.year, 1, 1) + d.yearday - 1)
	}
	switch {
	case d.seen&monthField != 0 && (d.month < 1 || d.month > 12), d.seen&dayField != 0 && (d.day < 1 || d.day > 31):
		return monthDayOverflow
	case d.seen&dateFields == dateFields && d.day > DaysInMonth(d.year, d.month):
		return fieldOverflow
	}
	return noProblem
}
