package pgtypes

import (
	"strings"
	"time"
)

// DateOrder is which of day, month and year a date begins with.
type DateOrder byte

// The orders of DateStyle.
const (
	MDY DateOrder = iota
	DMY
	YMD
)

// Style is what a session's settings say of how values are read and written. The
// package's functions without one use Default.
type Style struct {
	Dates     string // ISO, Postgres, SQL or German
	Order     DateOrder
	Intervals string // postgres, postgres_verbose, sql_standard or iso_8601
	// FloatDigits is extra_float_digits: above 0 the shortest text that is exact.
	FloatDigits int
	// Escape writes bytea in the form of old.
	Escape bool
	Zone   *time.Location
	// Now is the start of the transaction in microseconds since 2000, for now and
	// today; nil: such words are not read.
	Now func() int64
}

// Default is how PostgreSQL writes without any setting, in UTC.
var Default = &Style{Dates: "ISO", Intervals: "postgres", FloatDigits: 1, Zone: time.UTC}

// ParseDateStyle takes the setting DateStyle apart.
func ParseDateStyle(s string) (dates string, order DateOrder) {
	dates, word, _ := strings.Cut(s, ", ")
	switch word {
	case "DMY":
		order = DMY
	case "YMD":
		order = YMD
	}
	return dates, order
}

// AppendText is Style.AppendText in the default style.
func AppendText(dst []byte, typ OID, v Value) []byte { return Default.AppendText(dst, typ, v) }

// TextOf is Style.TextOf in the default style.
func TextOf(typ OID, v Value) string { return Default.TextOf(typ, v) }

// ParseText is Style.ParseText in the default style.
func ParseText(typ OID, s string) (Value, error) { return Default.ParseText(typ, s) }

// XMLSchema writes a date or timestamp as JSON has them: 2020-07-01T12:00:00+02:00.
func (s *Style) XMLSchema(typ OID, v Value) string {
	iso := *s
	iso.Dates = "ISO"
	text := iso.TextOf(typ, v)
	if typ == Date || len(text) < 11 || text[len(text)-1] == 'y' { // infinity
		return text
	}
	text = strings.Replace(text, " ", "T", 1)
	if typ != Timestamptz {
		return text
	}
	body, era, bc := strings.Cut(text, " ")
	if body[len(body)-3] == '+' || body[len(body)-3] == '-' {
		body += ":00"
	}
	if bc {
		body += " " + era
	}
	return body
}
