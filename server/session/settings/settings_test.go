package settings

import (
	"reflect"
	"testing"

	"seqd/protocol/sqlstate"
)

func get(t *testing.T, s *Set, name string) string {
	t.Helper()
	v, ok := s.Get(name)
	if !ok {
		t.Fatalf("%s is not known", name)
	}
	return v
}

// What SHOW prints after SET, and what SET refuses, as observed on PostgreSQL 15.
func TestAssign(t *testing.T) {
	for _, c := range []struct{ name, value, want, code, message string }{
		{"application_name", "x", "x", "", ""},
		{"APPLICATION_NAME", "x", "x", "", ""},
		{"statement_timeout", "5000", "5s", "", ""},
		{"statement_timeout", "1500", "1500ms", "", ""},
		{"statement_timeout", "2min", "2min", "", ""},
		{"statement_timeout", "0", "0", "", ""},
		{"statement_timeout", "1.5s", "1500ms", "", ""},
		{"statement_timeout", "-1", "", "22023", `-1 ms is outside the valid range for parameter "statement_timeout" (0 .. 2147483647)`},
		{"statement_timeout", "soon", "", "22023", `invalid value for parameter "statement_timeout": "soon"`},
		{"work_mem", "4096", "4MB", "", ""},
		{"work_mem", "1 GB", "1GB", "", ""},
		{"extra_float_digits", "3", "3", "", ""},
		{"extra_float_digits", "4", "", "22023", `4 is outside the valid range for parameter "extra_float_digits" (-15 .. 3)`},
		{"enable_seqscan", "FALSE", "off", "", ""},
		{"enable_seqscan", "maybe", "", "22023", `parameter "enable_seqscan" requires a Boolean value`},
		{"client_min_messages", "WARNING", "warning", "", ""},
		{"client_min_messages", "loud", "", "22023", `invalid value for parameter "client_min_messages": "loud"`},
		{"DateStyle", "german", "German, DMY", "", ""},
		{"datestyle", "ISO", "ISO, MDY", "", ""},
		{"client_encoding", "'utf-8'", "UTF8", "", ""},
		{"client_encoding", "klingon", "", "22023", `invalid value for parameter "client_encoding": "klingon"`},
		{"TimeZone", "Europe/Berlin", "Europe/Berlin", "", ""},
		{"TimeZone", "utc", "UTC", "", ""},
		{"TimeZone", "2", "<+02>-02", "", ""},
		{"TimeZone", "-3.5", "<-03:30>+03:30", "", ""},
		{"TimeZone", "Middle/Earth", "", "22023", `invalid value for parameter "TimeZone": "Middle/Earth"`},
		{"server_version", "9", "", "55P02", `parameter "server_version" cannot be changed`},
		{"max_connections", "9", "", "55P02", `parameter "max_connections" cannot be changed without restarting the server`},
		{"nonsense", "1", "", "42704", `unrecognized configuration parameter "nonsense"`},
		{"my.own", "1", "1", "", ""},
	} {
		s := New()
		got, err := s.Assign(c.name, c.value, false)
		if c.code != "" {
			if e := sqlstate.From(err); err == nil || string(e.Code) != c.code || e.Message != c.message {
				t.Errorf("SET %s = %s: %v, want %s %s", c.name, c.value, err, c.code, c.message)
			}
			continue
		}
		if err != nil || got != c.want || get(t, s, c.name) != c.want {
			t.Errorf("SET %s = %s: %q, %v, want %q", c.name, c.value, got, err, c.want)
		}
	}
}

func TestSetFollowsTransactions(t *testing.T) {
	assign := func(s *Set, value string, local bool) {
		if _, err := s.Assign("application_name", value, local); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		do   func(s *Set)
		want string
	}{
		{"SET, commit", func(s *Set) { assign(s, "a", false); s.Commit() }, "a"},
		{"SET, abort", func(s *Set) { assign(s, "a", false); s.Abort() }, "start"},
		{"SET LOCAL, commit", func(s *Set) { assign(s, "a", true); s.Commit() }, "start"},
		{"SET then SET LOCAL, commit", func(s *Set) { assign(s, "a", false); assign(s, "b", true); s.Commit() }, "a"},
		{"SET LOCAL then SET, commit", func(s *Set) { assign(s, "a", true); assign(s, "b", false); s.Commit() }, "b"},
		{"SET, savepoint, SET, rollback to, commit", func(s *Set) {
			assign(s, "a", false)
			p := s.Savepoint()
			assign(s, "b", false)
			s.RollbackTo(p)
			s.Commit()
		}, "a"},
		{"savepoint, SET, rollback to, commit", func(s *Set) {
			p := s.Savepoint()
			assign(s, "b", false)
			s.RollbackTo(p)
			s.Commit()
		}, "start"},
		{"savepoint, SET, rollback to, abort", func(s *Set) {
			p := s.Savepoint()
			assign(s, "b", false)
			s.RollbackTo(p)
			s.Abort()
		}, "start"},
		{"RESET goes back to the start-up value", func(s *Set) { assign(s, "a", false); _ = s.Reset("application_name", false); s.Commit() }, "start"},
		{"RESET ALL", func(s *Set) { assign(s, "a", false); s.ResetAll(); s.Commit() }, "start"},
	} {
		s := New()
		if err := s.SetBase("application_name", "start"); err != nil {
			t.Fatal(err)
		}
		c.do(s)
		if got := get(t, s, "application_name"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestReportTellsChangesOnce(t *testing.T) {
	s := New()
	var told []string
	report := func() []string {
		told = nil
		s.Report(func(name, value string) { told = append(told, name+"="+value) })
		return told
	}
	if n := len(report()); n != 13 {
		t.Errorf("%d parameters reported at the start, PostgreSQL 15 reports 13: %v", n, told)
	}
	if len(report()) != 0 {
		t.Errorf("told again: %v", told)
	}
	if _, err := s.Assign("timezone", "Europe/Berlin", false); err != nil {
		t.Fatal(err)
	}
	if got := report(); !reflect.DeepEqual(got, []string{"TimeZone=Europe/Berlin"}) {
		t.Errorf("after SET: %v", got)
	}
	s.Abort()
	if got := report(); !reflect.DeepEqual(got, []string{"TimeZone=UTC"}) {
		t.Errorf("after abort: %v", got)
	}
}

func TestParseOptions(t *testing.T) {
	got, err := ParseOptions(`-c statement_timeout=5s  --search-path=a\ b -cwork_mem=1MB`)
	want := []Parameter{{"statement_timeout", "5s"}, {"search_path", "a b"}, {"work_mem", "1MB"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"-x", "hello", "-c", "-c novalue"} {
		if _, err := ParseOptions(bad); sqlstate.CodeOf(err) != sqlstate.SyntaxError {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Every default must pass its own check and print as itself.
func TestDefaultsAreCanonical(t *testing.T) {
	for key, p := range parameters {
		if p.Default == "" {
			continue
		}
		if got, err := p.check(p.Default); err != nil || got != p.Default {
			t.Errorf("%s: default %q prints as %q, %v", key, p.Default, got, err)
		}
	}
}
