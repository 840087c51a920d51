package hba

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// parse reads rules that must be right.
func parse(t *testing.T, text string) *Rules {
	t.Helper()
	files := fstest.MapFS{"pg_hba.conf": {Data: []byte(text)}}
	rules := ParseRules("pg_hba.conf", files.ReadFile, true)
	if len(rules.Errors) > 0 {
		t.Fatal(rules.Errors)
	}
	return rules
}

func members(roles ...string) func(string) bool {
	return func(role string) bool {
		for _, r := range roles {
			if r == role {
				return true
			}
		}
		return false
	}
}

// TestMatch: which line a connection meets first. cmd/seqd/e2e/auth puts many more
// to a PostgreSQL and to seqd side by side.
func TestMatch(t *testing.T) {
	rules := parse(t, `local all all trust
hostssl all cert all cert
hostnossl all plain all reject
hostgssenc all all all trust
host all all 10.1.0.0/16 trust
host all all 10.2.3.4 255.255.0.255 trust
host all all fd00::/8 trust
host sameuser all 192.0.2.1/32 trust
host samerole all 192.0.2.1/32 trust
host "sameuser" all 192.0.2.1/32 trust
host all +staff 192.0.2.1/32 trust
host all "+staff" 192.0.2.1/32 trust
host replication all 192.0.2.1/32 trust
host all all samehost trust
host all all samenet trust
host a,"all" all all trust
host all "all" all trust
`)
	interfaces := func() []netip.Prefix {
		return []netip.Prefix{netip.MustParsePrefix("172.16.5.5/24"), netip.MustParsePrefix("fe80::1/64")}
	}
	tests := []struct {
		addr, user, database string
		tls                  bool
		member               []string
		line                 int
	}{
		{"", "u", "d", false, nil, 1},
		{"10.9.9.9", "cert", "d", true, nil, 2},
		{"10.9.9.9", "cert", "d", false, nil, 0},
		{"10.9.9.9", "plain", "d", false, nil, 3},
		{"10.9.9.9", "plain", "d", true, nil, 0},
		{"10.1.255.255", "u", "d", false, nil, 5},
		{"::ffff:10.1.2.3", "u", "d", false, nil, 5},
		{"10.2.9.4", "u", "d", true, nil, 6},
		{"10.2.9.5", "u", "d", true, nil, 0},
		{"fdff::1", "u", "d", true, nil, 7},
		{"fdff::1%eth0", "u", "d", true, nil, 7},
		{"192.0.2.1", "x", "x", true, nil, 8},
		{"192.0.2.1", "x", "y", true, []string{"x", "y"}, 9},
		{"192.0.2.1", "x", "y", true, []string{"x"}, 0},
		{"192.0.2.1", "x", "sameuser", true, nil, 10},
		{"192.0.2.1", "x", "d", true, []string{"staff"}, 11},
		{"192.0.2.1", "+staff", "d", true, nil, 12},
		{"192.0.2.1", "x", "replication", true, nil, 0},
		{"172.16.5.5", "x", "d", true, nil, 14},
		{"172.16.5.6", "x", "d", true, nil, 15},
		{"172.16.6.6", "x", "d", true, nil, 0},
		{"fe80::1", "x", "d", true, nil, 14},
		{"fe80::2", "x", "d", true, nil, 15},
		{"203.0.113.1", "x", "a", false, nil, 16},
		{"203.0.113.1", "x", "all", false, nil, 16},
		{"203.0.113.1", "x", "A", false, nil, 0},
		{"203.0.113.1", "all", "d", false, nil, 17},
	}
	for _, tt := range tests {
		c := Conn{Local: tt.addr == "", TLS: tt.tls, User: tt.user, Database: tt.database, Member: members(tt.member...), Interfaces: interfaces}
		if !c.Local {
			c.Addr = netip.MustParseAddr(tt.addr)
		}
		line := 0
		if r := rules.Match(c); r != nil {
			line = r.Line
		}
		if line != tt.line {
			t.Errorf("%+v: line %d", tt, line)
		}
	}
}

func TestAllows(t *testing.T) {
	files := fstest.MapFS{"f": {Data: []byte(`m root postgres
m root admin
m /^(.*)@example\.org$ \1
m /^.*@guests$ guest
m /^((a)|b)$ x\1y
none /^.*$ \1
later /x a
later x b
`)}}
	maps := ParseMappings("f", files.ReadFile)
	if len(maps.Errors) > 0 {
		t.Fatal(maps.Errors)
	}
	tests := []struct {
		name, user, system string
		want               bool
		why                string
	}{
		{"", "u", "u", true, ""},
		{"", "u", "U", false, "provided user name (u) and authenticated user name (U) do not match"},
		{"m", "postgres", "root", true, ""},
		{"m", "admin", "root", true, ""},
		{"m", "root", "root", false, `no match in usermap "m" for user "root" authenticated as "root"`},
		{"m", "joe", "joe@example.org", true, ""},
		{"m", "joe", "joe@example.com", false, `no match in usermap "m" for user "joe" authenticated as "joe@example.com"`},
		{"m", "guest", "x@guests", true, ""},
		{"m", "xby", "b", true, ""},
		{"none", "u", "u", false, `regular expression "^.*$" has no subexpressions as requested by backreference in "\1"`},
		{"later", "b", "x", true, ""},
		{"nomap", "u", "u", false, `no match in usermap "nomap" for user "u" authenticated as "u"`},
	}
	for _, tt := range tests {
		got, why := maps.Allows(tt.name, tt.user, tt.system)
		if got != tt.want || why != tt.why {
			t.Errorf("%+v: %v %s", tt, got, why)
		}
	}
}

// TestNotServed: what PostgreSQL can do and seqd can't is an error of the file, with
// the line's number, not a rule that lets nobody in.
func TestNotServed(t *testing.T) {
	for text, want := range map[string]string{
		"host all all example.org trust":       `host name "example.org" is not supported`,
		"host all all .example.org trust":      `host name ".example.org" is not supported`,
		`host all all "all" trust`:             `host name "all" is not supported`,
		"host all all all gss":                 `invalid authentication method "gss": not supported by this build`,
		"host all all all ldap ldapserver=x":   `invalid authentication method "ldap": not supported by this build`,
		"host all all all pam":                 `invalid authentication method "pam": not supported by this build`,
		"host all all all radius":              `invalid authentication method "radius": not supported by this build`,
		"host all all all ident":               `invalid authentication method "ident": not supported by this build`,
		"local all all peer map=m":             `invalid authentication method "peer": not supported by this build`,
		"host all all @loop all trust":         "maximum nesting depth exceeded",
		"host all all all trust clientcert=":   `clientcert can only be configured for "hostssl" rows`,
		"hostssl all all all trust clientcert": "authentication option not in name=value format: clientcert",
	} {
		files := fstest.MapFS{"f": {Data: []byte("\n" + text)}, "loop": {Data: []byte("@loop @loop")}}
		rules := ParseRules("f", files.ReadFile, true)
		if len(rules.Errors) != 1 || rules.Errors[0].Line != 2 || !strings.Contains(rules.Errors[0].Message, want) {
			t.Errorf("%s: %v", text, rules.Errors)
		}
	}
}

func TestUnreadableFile(t *testing.T) {
	missing := "testdata/nosuchfile"
	want := `could not open configuration file "testdata/nosuchfile": No such file or directory`
	if r := ParseRules(missing, os.ReadFile, true); len(r.Errors) != 1 || r.Errors[0].Message != want {
		t.Error(r.Errors)
	}
	want = `could not open usermap file "testdata/nosuchfile": No such file or directory`
	if m := ParseMappings(missing, os.ReadFile); len(m.Errors) != 1 || m.Errors[0].Message != want {
		t.Error(m.Errors)
	}
}

// FuzzRules: whatever a file holds, it is read or refused, and a rule that came
// through can be matched.
func FuzzRules(f *testing.F) {
	for _, name := range []string{"rules.conf", "errors.conf", "include.conf", "mappings.ident"} {
		content, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			f.Add(line, "d", "u")
		}
	}
	f.Fuzz(func(t *testing.T, content, database, user string) {
		files := fstest.MapFS{"f": {Data: []byte(content)}}
		rules := ParseRules("f", files.ReadFile, true)
		if len(rules.Rows) != len(rules.Rules)+len(rules.Errors) && len(rules.Rows) > 0 {
			t.Errorf("%d rows, %d rules, %d errors", len(rules.Rows), len(rules.Rules), len(rules.Errors))
		}
		c := Conn{Addr: netip.MustParseAddr("192.0.2.1"), TLS: true, User: user, Database: database,
			Member: members(user), Interfaces: func() []netip.Prefix { return nil }}
		if r := rules.Match(c); r != nil && (r.Line == 0 || r.Method == "" || r.Type == Local) {
			t.Errorf("matched %+v", r)
		}
		c.Local = true
		rules.Match(c)
		ParseMappings("f", files.ReadFile).Allows("m", user, user)
	})
}
