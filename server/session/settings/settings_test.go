package settings

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
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
		{"my.own.deep", "1", "1", "", ""},
		{"a.b c", "1", "", "42602", `invalid configuration parameter name "a.b c"`},
		{"a.", "1", "", "42602", `invalid configuration parameter name "a."`},
		{"DateStyle", "german, mdy", "German, MDY", "", ""},
		{"DateStyle", "sql,dmy,sql", "SQL, DMY", "", ""},
		{"DateStyle", "sql,iso", "", "22023", `invalid value for parameter "DateStyle": "sql,iso"`},
		{"DateStyle", "", "ISO, MDY", "", ""},
		{"default_tablespace", "x", "", "22023", `invalid value for parameter "default_tablespace": "x"`},
		{"temp_tablespaces", "x", "", "42704", `tablespace "x" does not exist`},
		{"default_text_search_config", "simple", "pg_catalog.simple", "", ""},
		{"seed", "0.5", "unavailable", "", ""},
		{"seed", "2", "", "22023", `2 is outside the valid range for parameter "seed" (-1 .. 1)`},
		{"default_with_oids", "true", "", "0A000", `tables declared WITH OIDS are not supported`},
		{"work_mem", "1.5MB", "1536kB", "", ""},
		{"work_mem", "1500kB ", "1500kB", "", ""},
		{"work_mem", "64 k B", "", "22023", `invalid value for parameter "work_mem": "64 k B"`},
		{"work_mem", "3TB", "", "22023", `invalid value for parameter "work_mem": "3TB"`},
		{"temp_buffers", "1MB", "1MB", "", ""},
		{"temp_buffers", "900", "7200kB", "", ""},
		{"geqo_effort", "1x", "", "22023", `invalid value for parameter "geqo_effort": "1x"`},
		{"geqo_effort", " 0x7 ", "7", "", ""},
		{"geqo_effort", "010", "8", "", ""},
		{"seq_page_cost", "-1", "", "22023", `-1 is outside the valid range for parameter "seq_page_cost" (0 .. 1.79769e+308)`},
		{"seq_page_cost", "1e400", "", "22023", `invalid value for parameter "seq_page_cost": "1e400"`},
		{"seq_page_cost", "1 s", "", "22023", `invalid value for parameter "seq_page_cost": "1 s"`},
		{"seq_page_cost", "1234567", "1.23457e+06", "", ""},
		{"vacuum_cost_delay", "1500us", "1500us", "", ""},
		{"vacuum_cost_delay", "2s", "", "22023", `2000 ms is outside the valid range for parameter "vacuum_cost_delay" (0 .. 100)`},
		{"client_min_messages", "debug", "debug2", "", ""},
		{"client_min_messages", "info", "info", "", ""},
		{"synchronous_commit", "1", "on", "", ""},
		{"backslash_quote", "no", "off", "", ""},
		{"max_connections", "x", "", "55P02", `parameter "max_connections" cannot be changed without restarting the server`},
		{"ssl_min_protocol_version", "1", "", "55P02", `parameter "ssl_min_protocol_version" cannot be changed now`},
		{"log_connections", "on", "", "55P02", `parameter "log_connections" cannot be set after connection start`},
		{"TimeZone", "foo5bar", "FOO5BAR", "", ""},
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
		if strings.HasPrefix(p.Default, "0") && p.kind == integer && len(p.Default) > 1 || p.key == "seed" || strings.HasPrefix(p.key, "tcp_keep") {
			continue // a file mode, shown in octal; a value that is never shown; the kernel's numbers
		}
		if got, err := p.check(p.Default, p.Default); err != nil || got != p.Default {
			t.Errorf("%s: default %q prints as %q, %v", key, p.Default, got, err)
		}
	}
}

func TestWhatOnlySuperusersMay(t *testing.T) {
	s := New()
	s.SetInternal("is_superuser", "off")
	if _, err := s.Assign("log_statement", "all", false); sqlstate.CodeOf(err) != sqlstate.InsufficientPrivilege {
		t.Errorf("SET log_statement: %v", err)
	}
	if _, _, err := s.Show("data_directory"); sqlstate.CodeOf(err) != sqlstate.InsufficientPrivilege {
		t.Errorf("SHOW data_directory: %v", err)
	}
	for _, r := range s.All() {
		if r.Name == "data_directory" {
			t.Error("data_directory is listed")
		}
	}
}

// A placeholder outlives the transaction that named it, empty (as on PostgreSQL).
func TestPlaceholders(t *testing.T) {
	s := New()
	if _, _, err := s.Show("My.Own"); sqlstate.CodeOf(err) != sqlstate.UndefinedObject {
		t.Errorf("before: %v", err)
	}
	if _, err := s.Assign("My.Own", "1", false); err != nil {
		t.Fatal(err)
	}
	s.Abort()
	if name, v, err := s.Show("my.own"); err != nil || v != "" || name != "My.Own" {
		t.Errorf("after an abort: %q %q, %v", name, v, err)
	}
}

func TestRows(t *testing.T) {
	s := New()
	if _, err := s.Assign("work_mem", "1MB", false); err != nil {
		t.Fatal(err)
	}
	rows := s.All()
	if len(rows) < 350 {
		t.Errorf("%d rows", len(rows))
	}
	for _, r := range rows {
		if r.Name == "work_mem" && (r.Value != "1024" || r.Unit != "kB" || r.Source != "session" || r.ResetVal != "4096" ||
			r.BootVal != "4096" || r.MinVal != "64" || r.Type != "integer" || r.Context != "user" || r.Shown != "1MB") {
			t.Errorf("%+v", r)
		}
	}
}

// TestShare: sets that share what is equal stay two.
func TestShare(t *testing.T) {
	var common Shared
	told := func(s *Set) (list []string) {
		s.Report(func(name, value string) { list = append(list, name+"="+value) })
		return list
	}
	a, b := New(), New()
	for _, s := range []*Set{a, b} {
		if err := s.SetBase("application_name", "app"); err != nil {
			t.Fatal(err)
		}
		told(s)
		s.Share(&common)
	}
	if &a.base[0] != &b.base[0] || &a.reported[0] != &b.reported[0] {
		t.Error("nothing is shared")
	}
	if err := a.SetBase("application_name", "other"); err != nil {
		t.Fatal(err)
	}
	if got := told(a); !slices.Equal(got, []string{"application_name=other"}) {
		t.Errorf("told %q", got)
	}
	if v, _ := b.Get("application_name"); v != "app" || len(told(b)) != 0 {
		t.Errorf("the other set has %q", v)
	}
	b.version++
	if got := told(b); len(got) != 0 {
		t.Errorf("the other was told %q", got)
	}
	for range 3 * sharedMax {
		s := New()
		s.SetInternal("port", strconv.Itoa(len(common.entries)))
		s.Share(&common)
	}
	if n := len(common.entries) + len(common.told); n > sharedMax+2 {
		t.Errorf("%d lists are kept", n)
	}
}
