package timezone

import (
	"testing"
	"time"
)

// What SHOW TimeZone prints after SET on PostgreSQL 15 ("": refused), and what noon
// UTC on 2020-07-01 is there.
func TestFind(t *testing.T) {
	for _, c := range []struct{ spec, show, noon, abbreviation string }{
		{"0", "<+00>-00", "12:00", "+00"},
		{"2", "<+02>-02", "14:00", "+02"},
		{"-3.5", "<-03:30>+03:30", "08:30", "-03:30"},
		{"1e1", "<+10>-10", "22:00", "+10"},
		{"168", "", "", ""},
		{"inf", "", "", ""},
		{"europe/BERLIN", "Europe/Berlin", "14:00", "CEST"},
		{"utc", "UTC", "12:00", "UTC"},
		{"foo5", "FOO5", "07:00", "FOO"},
		{"F5", "F5", "07:00", "F"},
		{"a b5", "A B5", "07:00", "A B"},
		{"FO+", "", "", ""},
		{"<+02>-02", "<+02>-02", "14:00", "+02"},
		{"<abc>3", "<ABC>3", "09:00", "ABC"},
		{"foo5bar", "FOO5BAR", "08:00", "BAR"},
		{"foo5bar,x", "", "", ""},
		{"foo168", "", "", ""},
		{"UTC+3", "UTC+3", "09:00", "UTC"},
		{"AEST-10AEDT,M10.1.0,M4.1.0/3", "AEST-10AEDT,M10.1.0,M4.1.0/3", "22:00", "AEST"},
		{"", "", "", ""},
		{"local", "", "", ""},
		{"CEST", "", "", ""},
		{"../etc/passwd", "", "", ""},
	} {
		z, ok := Find(c.spec)
		if !ok {
			if c.show != "" {
				t.Errorf("%q: refused", c.spec)
			}
			continue
		}
		at := time.Date(2020, 7, 1, 12, 0, 0, 0, time.UTC).In(z)
		if z.String() != c.show || at.Format("15:04") != c.noon || Abbreviation(at) != c.abbreviation {
			t.Errorf("%q: %q, %s %s, want %q, %s %s", c.spec, z, at.Format("15:04"), Abbreviation(at), c.show, c.noon, c.abbreviation)
		}
	}
}

func TestEveryNameIsFound(t *testing.T) {
	missing := 0
	for _, name := range Names() {
		if z, ok := Find(name); !ok || z.String() != name {
			t.Logf("%s: %v", name, z)
			missing++
		}
	}
	if missing > 0 || len(Names()) < 500 {
		t.Errorf("%d of %d zones are missing", missing, len(Names()))
	}
}
