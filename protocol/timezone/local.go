package timezone

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Offset is what a zone has at a time, in seconds since 1970: seconds east of UTC,
// what it is called then, and whether it is summer time.
func Offset(z *time.Location, unix int64) (east int64, abbreviation string, dst bool) {
	if z == time.UTC {
		return 0, "UTC", false
	}
	t := time.Unix(unix, 0).In(z)
	_, e := t.Zone()
	return int64(e), Abbreviation(t), t.IsDST()
}

const day = 86400

// LocalOffset is the offset of a local time, given as if it were UTC's. In a gap it
// is the one before, in an hour that comes twice the one after, as PostgreSQL has it
// (DetermineTimeZoneOffset).
func LocalOffset(z *time.Location, local int64) int64 {
	if z == time.UTC {
		return 0
	}
	t := time.Unix(local-day, 0).In(z)
	_, e := t.Zone()
	_, end := t.ZoneBounds()
	before := int64(e)
	if end.IsZero() {
		return before
	}
	_, e = end.Zone()
	after, change := int64(e), end.Unix()
	asBefore, asAfter := local-before, local-after
	switch {
	case asBefore < change && asAfter < change:
		return before
	case asBefore > change && asAfter >= change:
		return after
	case asBefore > asAfter:
		return before
	}
	return after
}

// Fixed tells whether a zone has one offset for all times, and which.
func Fixed(z *time.Location) (east int64, ok bool) {
	t := time.Unix(0, 0).In(z)
	start, end := t.ZoneBounds()
	_, e := t.Zone()
	return int64(e), start.IsZero() && end.IsZero()
}

// abbreviationsText are the abbreviations that dates may have instead of a zone,
// PostgreSQL's set Default: with an offset and a D for summer time, or with the zone
// in which the meaning has changed over time.
//
//go:embed abbreviations.txt
var abbreviationsText string

// Abbreviated is what an abbreviation stands for.
type Abbreviated struct {
	Name string // in upper case
	East int64
	DST  bool
	Zone *time.Location // nil: East holds always
}

// Abbreviations are all that are known, by name.
var Abbreviations = sync.OnceValue(func() []Abbreviated {
	var list []Abbreviated
	for line := range strings.Lines(abbreviationsText) {
		f := strings.Fields(line)
		a := Abbreviated{Name: f[0], DST: len(f) > 2}
		if east, err := strconv.ParseInt(f[1], 10, 64); err == nil {
			a.East = east
		} else if a.Zone, _ = Find(f[1]); a.Zone == nil {
			continue
		}
		list = append(list, a)
	}
	return list
})

var abbreviationsByName = sync.OnceValue(func() map[string]Abbreviated {
	m := map[string]Abbreviated{}
	for _, a := range Abbreviations() {
		m[a.Name] = a
	}
	return m
})

// FindAbbreviation looks one up, in any case.
func FindAbbreviation(name string) (Abbreviated, bool) {
	a, ok := abbreviationsByName()[strings.ToUpper(name)]
	return a, ok
}

// At is the abbreviation's offset at a time. If the zone has ever used the
// abbreviation, it is the latest use until then that counts, or the first one after
// (pg_interpret_timezone_abbrev), else what the zone has then.
func (a Abbreviated) At(unix int64) (east int64, dst bool) {
	if a.Zone == nil {
		return a.East, a.DST
	}
	t := time.Unix(unix, 0).In(a.Zone)
	for at := t; ; {
		name, e := at.Zone()
		if name == a.Name {
			return int64(e), at.IsDST()
		}
		start, _ := at.ZoneBounds()
		if start.IsZero() {
			break
		}
		at = start.Add(-time.Second)
	}
	for at := t; at.Year() < 2100; {
		name, e := at.Zone()
		if name == a.Name {
			return int64(e), at.IsDST()
		}
		_, end := at.ZoneBounds()
		if end.IsZero() {
			break
		}
		if !end.After(at) { // package time does so at the end of some years
			end = at.AddDate(0, 0, 1)
		}
		at = end
	}
	_, e := t.Zone()
	return int64(e), t.IsDST()
}

// LocalAt is At for a local time, given as if it were UTC's.
func (a Abbreviated) LocalAt(local int64) int64 {
	if a.Zone == nil {
		return a.East
	}
	east, _ := a.At(local - LocalOffset(a.Zone, local))
	return east
}
