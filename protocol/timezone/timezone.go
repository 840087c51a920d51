// Package timezone finds time zones as PostgreSQL's TimeZone setting names them:
// by a name of the zone database in any case, by an offset in hours, or by a POSIX
// specification.
package timezone

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones are known on machines without a zone database
)

// namesText are the zones that PostgreSQL 15 knows (pg_timezone_names), one a line:
// see record_test.go of server/session/settings.
//
//go:embed names.txt
var namesText string

// Names are the names of the zone database.
var Names = sync.OnceValue(func() []string { return strings.Fields(namesText) })

var byLower = sync.OnceValue(func() map[string]string {
	m := make(map[string]string, len(Names()))
	for _, name := range Names() {
		m[strings.ToLower(name)] = name
	}
	return m
})

// loaded are the zones that were asked for, by the name that String gives. Names of
// the zone database only: what clients make up must not fill the memory.
var loaded sync.Map

// Find returns the zone of a setting. Its String is what SHOW prints.
func Find(spec string) (*time.Location, bool) {
	if hours, err := strconv.ParseFloat(strings.TrimSpace(spec), 64); err == nil {
		if math.IsNaN(hours) || math.Abs(hours) >= 168 {
			return nil, false
		}
		seconds := int(hours * 3600)
		return time.FixedZone(offsetName(seconds), seconds), true
	}
	return Lookup(spec)
}

// Lookup is Find without the meaning of a bare number (pg_tzset): AT TIME ZONE '+3' is
// west of Greenwich.
func Lookup(spec string) (*time.Location, bool) {
	if name, ok := byLower()[strings.ToLower(spec)]; ok {
		if z, ok := loaded.Load(name); ok {
			return z.(*time.Location), true
		}
		if z, err := time.LoadLocation(name); err == nil {
			loaded.Store(name, z)
			return z, true
		}
		return nil, false
	}
	return posix(strings.ToUpper(spec))
}

// offsetName is what PostgreSQL calls an offset; POSIX counts west of Greenwich as
// positive.
func offsetName(seconds int) string {
	sign, opposite := '+', '-'
	if seconds < 0 {
		sign, opposite, seconds = '-', '+', -seconds
	}
	digits := fmt.Sprintf("%02d", seconds/3600)
	if rest := seconds % 3600; rest != 0 {
		digits += fmt.Sprintf(":%02d", rest/60)
		if rest%60 != 0 {
			digits += fmt.Sprintf(":%02d", rest%60)
		}
	}
	return fmt.Sprintf("<%c%s>%c%s", sign, digits, opposite, digits)
}

// Abbreviation is what a zone is called at a time: for an offset the offset.
func Abbreviation(t time.Time) string {
	name, _ := t.Zone()
	if m := posixSpec().FindStringSubmatch(name); m != nil {
		name = strings.Trim(m[1], "<>")
	}
	return name
}

// maxSpec bounds a POSIX specification, as PostgreSQL's TZ_STRLEN_MAX does.
const maxSpec = 255

// posixSpec is a name and an offset, and for summer time another name, an offset
// and the days of the change.
var posixSpec = sync.OnceValue(func() *regexp.Regexp {
	const first, name, offset = `(<[^>]*>|[^<0-9,+-]*)`, `(<[^>]+>|[^<0-9,+-]+)`, `([+-]?[0-9]{1,3}(?::[0-9]{1,2}){0,2})`
	const day = `,(?:J?[0-9]{1,3}|M[0-9]{1,2}\.[0-9]\.[0-9])(?:/[+-]?[0-9]{1,3}(?::[0-9]{1,2}){0,2})?`
	return regexp.MustCompile(`^` + first + offset + `(?:` + name + offset + `?(?:` + day + day + `)?)?$`)
})

// posix is a zone by its rules (EST5EDT,M3.2.0,M11.1.0).
func posix(spec string) (*time.Location, bool) {
	m := posixSpec().FindStringSubmatch(spec)
	if m == nil || len(spec) > maxSpec {
		return nil, false
	}
	west, ok := seconds(m[2])
	switch {
	case !ok:
		return nil, false
	case m[3] == "":
		return time.FixedZone(spec, -west), true
	}
	return rules(spec)
}

// seconds reads hh:mm:ss. Seconds of an offset are leap seconds to PostgreSQL.
func seconds(offset string) (int, bool) {
	sign := 1
	if strings.HasPrefix(offset, "-") {
		sign = -1
	}
	total, unit := 0, 3600
	for _, part := range strings.Split(strings.TrimLeft(offset, "+-"), ":") {
		n, _ := strconv.Atoi(part)
		total += n * unit
		unit /= 60
	}
	return sign * total, total < 168*3600 && total%60 == 0
}

// rules makes a zone of a specification with summer time. A zone file can hold
// one instead of a list of changes, and package time reads such a file.
func rules(spec string) (*time.Location, bool) {
	header := func(types, chars uint32) []byte {
		b := append([]byte("TZif2"), make([]byte, 15)...)
		for _, n := range []uint32{0, 0, 0, 0, types, chars} {
			b = binary.BigEndian.AppendUint32(b, n)
		}
		return b
	}
	const never = "?" // the name of the file's one type, which the rules replace
	file := append(header(0, 0), header(1, uint32(len(never)+1))...)
	file = append(append(file, make([]byte, 6)...), never+"\x00\n"+spec+"\n"...)
	z, err := time.LoadLocationFromTZData(spec, file)
	if err != nil {
		return nil, false
	}
	name, _ := time.Date(2020, time.January, 1, 0, 0, 0, 0, z).Zone()
	return z, name != never
}
