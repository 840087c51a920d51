package target

import (
	"strings"
	"testing"
)

func TestParseDSN(t *testing.T) {
	t.Setenv("PGPASSWORD", "hidden")
	for _, tt := range []struct{ text, name, redacted, place, remote string }{
		{"postgres://me:hidden@127.0.0.1:5433/db", "", "postgres://me@127.0.0.1:5433/db", "127.0.0.1:5433", ""},
		{"seqd=postgres://me:hidden@localhost:1/db?sslmode=disable", "seqd", "postgres://me@localhost:1/db", "localhost:1", ""},
		{"host=::1 port=5 user=me dbname=d password=hidden", "", "postgres://me@[::1]:5/d", "[::1]:5", ""},
		{"pg=host=/tmp port=5 user=me dbname=d password='hid den'", "pg", "postgres://me@/d?host=%2Ftmp&port=5", "/tmp", ""},
		{"far=host=db.example.com port=5 user=me dbname=d", "far", "postgres://me@db.example.com:5/d", "db.example.com:5", "db.example.com"},
		{"postgres://me@127.0.0.1:5,10.0.0.7:6/d", "", "postgres://me@127.0.0.1:5/d", "127.0.0.1:5", "10.0.0.7"},
		{"postgres://me@0.0.0.0:5/d", "", "postgres://me@0.0.0.0:5/d", "0.0.0.0:5", "0.0.0.0"},
	} {
		d, err := ParseDSN(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if d.Name != tt.name || d.Redacted() != tt.redacted || d.Place() != tt.place || d.Remote() != tt.remote {
			t.Errorf("%s: %q %q %q %q", tt.text, d.Name, d.Redacted(), d.Place(), d.Remote())
		}
	}
}

func TestBadDSN(t *testing.T) {
	for _, text := range []string{
		"postgres://me:hidden@127.0.0.1:port/db", "me:hidden@127.0.0.1/db", "pg=host=1 password=hidden port=x", "password=hidden user",
		"pg=postgres://me:hidden@h:5/d?sslmode=hidden", "name=postgres://me:hid den@h/d", "host=h password='hidden",
		"pg=postgres://me:hidden@%zz/d",
	} {
		_, err := ParseDSN(text)
		if err == nil {
			t.Errorf("%s: accepted", text)
		} else if strings.Contains(strings.ReplaceAll(err.Error(), "sslmode", ""), "me:hid") || strings.Contains(err.Error(), "password=hid") || strings.Contains(err.Error(), "'hidden") {
			t.Errorf("%s: password shown: %v", text, err)
		}
	}
}
