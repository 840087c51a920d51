package hba

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withoutText are errors that PostgreSQL forgets to show in its view: the row is
// there, and empty. seqd says what is wrong.
const withoutText = "invalid value for client"

// TestRulesAsRecorded: the files of testdata read as PostgreSQL 15 shows them in
// pg_hba_file_rules (testdata/*.rows, recorded and checked again by cmd/seqd/e2e/auth).
func TestRulesAsRecorded(t *testing.T) {
	for _, file := range glob(t, "*.conf") {
		rules := ParseRules(file, os.ReadFile, filepath.Base(file) != "nossl.conf")
		var got []string
		for _, r := range rules.Rows {
			got = append(got, fmt.Sprintf("%d|%s|%s|%s|%s|%s|%s|%s|%s", r.Line, null(r.Type), list(r.Databases), list(r.Users),
				null(r.Address), null(r.Netmask), null(r.Method), list(r.Options), null(r.Error)))
		}
		compare(t, file, got)
		for _, e := range rules.Errors {
			if e.File != file || e.Message == "" || (e.Line == 0) != strings.Contains(e.Message, "no entries") {
				t.Errorf("an incomplete error: %+v", e)
			}
		}
	}
}

func TestMappingsAsRecorded(t *testing.T) {
	for _, file := range glob(t, "*.ident") {
		var got []string
		for _, m := range ParseMappings(file, os.ReadFile).Rows {
			// The engines for regular expressions have their own words.
			text, _, regexp := strings.Cut(m.Error, `": `)
			if regexp {
				text += `": parentheses () not balanced`
			}
			got = append(got, fmt.Sprintf("%d|%s|%s|%s|%s", m.Line, null(m.Name), null(m.System), null(m.User), null(text)))
		}
		compare(t, file, got)
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatal(pattern, err)
	}
	return files
}

func null(s string) string { return cmp.Or(s, "-") }

func list(s []string) string {
	if s == nil {
		return "-"
	}
	return strings.Join(s, ",")
}

func compare(t *testing.T, file string, got []string) {
	t.Helper()
	recorded, err := os.ReadFile(file + ".rows")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	if text := strings.TrimSpace(string(recorded)); text != "" {
		want = strings.Split(text, "\n")
	}
	for i := range max(len(got), len(want)) {
		g, w := "nothing", "nothing"
		if i < len(got) {
			g = strings.ReplaceAll(got[i], "testdata/", "")
		}
		if i < len(want) {
			w = want[i]
		}
		number, text, _ := strings.Cut(w, "|")
		if text == "-|-|-|-|-|-|-|-" && strings.HasPrefix(g, number+"|-|-|-|-|-|-|-|"+withoutText) {
			continue
		}
		if g != w {
			t.Errorf("%s:\n got %s\nwant %s", file, g, w)
		}
	}
}
