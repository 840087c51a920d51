package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// whoDumped are the lines of a dump that name the server's build, and a key that
// pg_dump draws.
var whoDumped = regexp.MustCompile(`(?m)^(-- Dumped (from|by) .*|\\(un)?restrict .*)\n`)

// dumped are the arguments of the dumps that are compared.
var dumped = [][]string{
	{"postgres"},
	{"-C", "--clean", "--if-exists", "postgres"},
	{"--schema-only", "--no-owner", "--no-acl", "--no-comments", "postgres"},
	{"--data-only", "--inserts", "postgres"},
	{"-n", "sales", "--column-inserts", "postgres"},
	{"-N", "sales", "-T", "s*", "--quote-all-identifiers", "--section=pre-data", "-t", "ids", "-t", "*.big", "postgres"},
	{"-t", "s*", "-t", "sales.s", "--use-set-session-authorization", "postgres"},
	{"--strict-names", "-t", "nothere", "postgres"},
	{"Other Db"},
	{"nosuch"},
}

// TestPgDump: a dump is PostgreSQL's to the byte.
func TestPgDump(t *testing.T) {
	psql, dump, dumpall := program(t, "psql"), program(t, "pg_dump"), program(t, "pg_dumpall")
	pg, seqd := ownServers(t)
	makeObjects(t, psql, pg, seqd)
	all := func(addr string) (out string) {
		for _, args := range dumped {
			out += fmt.Sprintf("==== pg_dump %s\n%s", args, clientRun(t, addr, dump, args...))
		}
		for _, args := range [][]string{{"-g"}, {"--clean", "--if-exists"}, {"--no-role-passwords", "-s"}} {
			out += fmt.Sprintf("==== pg_dumpall %s\n%s", args, clientRun(t, addr, dumpall, args...))
		}
		return whoDumped.ReplaceAllString(out, "")
	}
	compareBlocks(t, all(pg), all(seqd))
}

// TestPgRestore: what seqd holds goes into another seqd and into PostgreSQL, by each
// kind of dump, and gives the same dump there.
func TestPgRestore(t *testing.T) {
	psql, dump, dumpall, restore := program(t, "psql"), program(t, "pg_dump"), program(t, "pg_dumpall"), program(t, "pg_restore")
	_, from := ownServers(t)
	pg, seqd := ownServers(t)
	makeObjects(t, psql, from)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	plain := func(addr, database string) string {
		return whoDumped.ReplaceAllString(clientRun(t, addr, dump, database), "")
	}
	everything := func(addr string) string { return whoDumped.ReplaceAllString(clientRun(t, addr, dumpall), "") }
	must := func(out string) {
		t.Helper()
		if out != "" {
			t.Fatal(out)
		}
	}
	must(clientRun(t, from, dumpall, "-f", file("all.sql")))
	must(clientRun(t, from, dump, "-Fc", "-f", file("custom"), "postgres"))
	must(clientRun(t, from, dump, "-Fd", "-j", "3", "-f", file("folder"), "postgres"))
	var cleaned []string
	want, database := everything(from), plain(from, "postgres")
	for who, addr := range map[string]string{"PostgreSQL": pg, "seqd": seqd} {
		out := clientRun(t, addr, psql, "-X", "-q", "-o", os.DevNull, "-d", "postgres", "-f", file("all.sql"))
		if !strings.Contains(out, `role "postgres" already exists`) || strings.Count(out, "ERROR") != 1 {
			t.Errorf("%s, pg_dumpall's output says\n%s", who, out)
		}
		if got := everything(addr); got != want {
			t.Errorf("%s, pg_dumpall after pg_dumpall: %s", who, firstDifference(want, got))
		}
		for _, kind := range []string{"custom", "folder"} {
			args := []string{"-X", "-q", "-d", "template1", "-c", "DROP DATABASE IF EXISTS again", "-c", "CREATE DATABASE again TEMPLATE template0"}
			_ = clientRun(t, addr, psql, args...)
			jobs := "1"
			if kind == "folder" {
				jobs = "2"
			}
			must(clientRun(t, addr, restore, "-j", jobs, "-d", "again", file(kind)))
			if got := plain(addr, "again"); got != database {
				t.Errorf("%s, pg_dump after pg_restore of %s: %s", who, kind, firstDifference(database, got))
			}
		}
		must(clientRun(t, addr, restore, "--clean", "--if-exists", "-d", "again", file("custom")))
		// What was made anew has the default privileges too.
		cleaned = append(cleaned, plain(addr, "again"))
	}
	if cleaned[0] != cleaned[1] {
		t.Errorf("after pg_restore --clean: %s", firstDifference(cleaned[0], cleaned[1]))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			return fmt.Sprintf("line %d of %d, %d\n  %s\n  %s", i+1, len(w), len(g), w[i], strings.Join(g[i:min(i+1, len(g))], ""))
		}
	}
	return "more lines"
}

// entry is the title of a part of a dump.
var entry = regexp.MustCompile(`(?m)^-- (?:Data for )?Name: (.*); Type: (.*); Schema: (.*); Owner: .*$`)

// entries are the parts of a dump by title.
func entries(dump string) map[string]string {
	out := map[string]string{}
	at := entry.FindAllStringSubmatchIndex(dump, -1)
	for i, m := range at {
		end := len(dump)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		title := dump[m[4]:m[5]] + " " + dump[m[6]:m[7]] + "." + dump[m[2]:m[3]]
		body, _, _ := strings.Cut(dump[m[1]:end], "-- PostgreSQL database dump complete")
		out[title] += strings.Trim(body, "-\n ")
	}
	return out
}

// TestForeignDump: a dump of a PostgreSQL with more than seqd can hold goes into seqd.
// What it can't hold is refused, and what follows goes on: all the rest is the same.
func TestForeignDump(t *testing.T) {
	psql, dump := program(t, "psql"), program(t, "pg_dump")
	pg, seqd := ownServers(t)
	makeObjects(t, psql, pg)
	if out := clientRun(t, pg, psql, "-X", "-q", "-o", os.DevNull, "-d", "postgres", "-f", "testdata/psql/foreign.sql"); out != "" {
		t.Fatal(out)
	}
	roles := clientRun(t, pg, program(t, "pg_dumpall"), "-g")
	if out := clientRunAs(t, seqd, "postgres", roles, psql, "-X", "-q", "-d", "postgres"); strings.Count(out, "ERROR") != 1 {
		t.Errorf("roles and settings: %s", out)
	}
	text := clientRun(t, pg, dump, "postgres")
	out := clientRunAs(t, seqd, "postgres", text, psql, "-X", "-q", "-o", os.DevNull, "-d", "postgres")
	for _, line := range strings.Split(out, "\n") {
		if strings.Contains(line, "ERROR") && !slices.ContainsFunc(refusals, func(r *regexp.Regexp) bool { return r.MatchString(line) }) {
			t.Errorf("not to be expected: %s", line)
		}
	}
	want, got := entries(text), entries(clientRun(t, seqd, dump, "postgres"))
	same := 0
	for title, body := range want {
		kind, _, _ := strings.Cut(title, " ")
		switch have, ok := got[title]; {
		case kind == "TABLE" && strings.HasPrefix(body, "COPY"), strings.Contains(title, "TABLE DATA"):
		case ok && have == body:
			same++
		case ok:
			t.Errorf("%s is other than it was\n%s\n%s", title, body, have)
		case !slices.ContainsFunc(unheld, func(s string) bool { return strings.HasPrefix(title, s) }):
			t.Errorf("%s is missing", title)
		}
	}
	if same < 80 {
		t.Errorf("only %d entries are the same", same)
	}
}

// refusals are what seqd says of what it can't hold.
var refusals = []*regexp.Regexp{
	regexp.MustCompile(`seqd does not serve (CREATE|ALTER|COMMENT|GRANT|REFRESH|privileges)`),
	regexp.MustCompile(`seqd does not declare (tables|generated columns|exclusion)`),
	regexp.MustCompile(`seqd stores no rows: table "(withrows|idrows)" takes none by COPY`),
	regexp.MustCompile(`(relation|type) "public\.\w+" does not exist`),
}

// unheld are entries of foreign.sql that have no place in seqd.
var unheld = []string{
	"TYPE", "DOMAIN", "FUNCTION", "AGGREGATE", "COLLATION", "VIEW", "MATERIALIZED VIEW", "COMMENT public.TYPE", "COMMENT public.VIEW",
	"COMMENT public.FUNCTION", "TABLE public.moody", "TABLE public.part", "TABLE public.child", "TABLE public.gen", "TABLE ATTACH",
	"STATISTICS", "RULE", "TRIGGER", "POLICY", "ROW SECURITY", "PUBLICATION", "ACL public.FUNCTION", "ACL public.TABLE v",
	"ACL public.COLUMN", "CONSTRAINT public.excl",
}
