package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"seqd/cmd/seqd/e2e/pgserver"
)

// clientRun runs a program of PostgreSQL's against a server.
func clientRun(t *testing.T, addr, program string, args ...string) string {
	t.Helper()
	return clientRunAs(t, addr, "postgres", "", program, args...)
}

// clientRunAs does so as a user, with something to read.
func clientRunAs(t *testing.T, addr, user, input, program string, args ...string) string {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{"-h", host, "-p", port, "-U", user}, args...)...)
	cmd.Env = append(cmd.Environ(), "PGCLIENTENCODING=UTF8", "LC_ALL=C.UTF-8")
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	text := strings.ReplaceAll(string(out), `port "`+port+`"`, `port "…"`)
	text = strings.ReplaceAll(text, "port "+port+" failed", "port … failed")
	if err != nil {
		return text + err.Error() + "\n"
	}
	return text
}

// ownServers are a new PostgreSQL and a new seqd for this test alone: roles and
// databases are made in them.
func ownServers(t *testing.T) (pg, seqd string) {
	t.Helper()
	env, err := theSeqd(t).Fresh(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Close(); err != nil {
			t.Error(err)
		}
	})
	return pgserver.ForTest(t, pgserver.Options{Settings: map[string]string{"wal_level": "logical"}}).Addr(), env.Addr()
}

// makeObjects fills both servers, and says what that gave.
func makeObjects(t *testing.T, psql string, addrs ...string) {
	t.Helper()
	var first string
	for i, addr := range addrs {
		out := clientRun(t, addr, psql, "-X", "-q", "-d", "postgres", "-f", "testdata/psql/objects.sql")
		if i == 0 {
			first = out
		}
		if out != first || strings.Contains(out, "ERROR") {
			t.Fatalf("the objects can't be made:\n%s", out)
		}
	}
}

// compareBlocks compares two outputs that are divided by lines which start with ====.
func compareBlocks(t *testing.T, pg, seqd string) {
	t.Helper()
	const mark = "==== "
	want, got := strings.Split(pg, mark), strings.Split(seqd, mark)
	if len(want) != len(got) || len(want) < 2 {
		t.Fatalf("%d blocks and %d:\n%s\n%s", len(want), len(got), pg, seqd)
	}
	for i := range want {
		if want[i] != got[i] {
			title, _, _ := strings.Cut(want[i], "\n")
			t.Errorf("%s: PostgreSQL and seqd differ in %s", title, firstDifference(want[i], got[i]))
		}
	}
}

// marked is a script that says each line before psql does it.
func marked(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		if line != "" && line[0] != '#' {
			quoted := strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(line)
			fmt.Fprintf(&b, "\\echo '==== %s'\n%s\n", quoted, line)
		}
	}
	return b.String()
}

// describedForUser are commands whose answer depends on who asks.
var describedForUser = []string{
	`\d`, `\ds *.*`, `\dn+`, `\dp sales.*`, `\z`, `\l`, `\du`, `\dd`, `\d sales.s`, `\d+ sales.orders`, `\drds`, `\conninfo`,
	`SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2`,
	`SELECT sequence_schema, sequence_name, minimum_value, cycle_option FROM information_schema.sequences ORDER BY 1, 2`,
	`SELECT table_schema, table_name, is_insertable_into FROM information_schema.tables WHERE table_schema !~ '^pg_|information' ORDER BY 1, 2`,
	`SELECT grantor, grantee, object_name, privilege_type, is_grantable FROM information_schema.usage_privileges WHERE object_type = 'SEQUENCE' ORDER BY 1, 2, 3, 4`,
}

// otherDescribed are questions of programs that psql has no command for.
var otherDescribed = []string{
	`SELECT * FROM pg_sequences ORDER BY schemaname, sequencename`,
	`SELECT * FROM information_schema.sequences ORDER BY sequence_schema, sequence_name`,
	`SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_name = 'pg_sequence' ORDER BY ordinal_position`,
	`SELECT * FROM information_schema.columns WHERE table_name IN ('t', 'orders') ORDER BY table_name, ordinal_position`,
	`SELECT * FROM information_schema.table_constraints WHERE table_schema IN ('public', 'sales') AND constraint_name !~ '^[0-9]' ORDER BY table_name, constraint_name`,
	`SELECT * FROM information_schema.key_column_usage ORDER BY table_name, constraint_name, ordinal_position`,
	`SELECT schemaname, tablename FROM pg_tables WHERE tablename LIKE 'pg_auth%' ORDER BY 2`,
	`SELECT * FROM pg_indexes WHERE schemaname !~ '^pg_' ORDER BY 1, 2, 3`,
	`SELECT grantee, privilege_type FROM information_schema.usage_privileges WHERE object_type = 'SEQUENCE' ORDER BY 1, 2`,
	`SELECT has_sequence_privilege('s', 'USAGE'), has_table_privilege('pg_class', 'SELECT'), has_schema_privilege('public', 'CREATE')`,
	`SELECT datname, application_name, state FROM pg_stat_activity WHERE pid = pg_backend_pid()`,
	`SELECT 5 / (3 - nextval('after_defaults')) AS x \watch 0.01`,
}

// watched is the title that \watch gives its result: the time.
var watched = regexp.MustCompile(`(?m)^.*\(every [0-9.]+s\)$`)

// TestPsqlDescribes: what psql's backslash commands print is PostgreSQL's.
func TestPsqlDescribes(t *testing.T) {
	psql := program(t, "psql")
	commands, err := os.ReadFile("testdata/psql/describe.txt")
	if err != nil {
		t.Fatal(err)
	}
	pg, seqd := ownServers(t)
	makeObjects(t, psql, pg, seqd)
	script := marked(append(strings.Split(string(commands), "\n"), otherDescribed...))
	describe := func(addr string) string {
		out := clientRunAs(t, addr, "postgres", script, psql, "-X", "-d", "postgres")
		for _, user := range []string{"app", "secret"} {
			out += clientRunAs(t, addr, user, marked(describedForUser), psql, "-X", "-d", "postgres")
		}
		return watched.ReplaceAllString(out, "(time)") + "==== -l\n" + clientRun(t, addr, psql, "-X", "-l")
	}
	compareBlocks(t, describe(pg), describe(seqd))
}

// oids are what differs in catalogs' rows; row types of tables have great ones on seqd.
var oids = regexp.MustCompile(`\b(1[6-9][0-9]{3}|10737[0-9]{5}|16106[0-9]{5})\b`)

// TestPsqlAsks: what psql asks for tab completion, what psql and pg_dump of later versions
// ask, and what tools without a program in the client matrix ask, in whatever order the
// rows come.
func TestPsqlAsks(t *testing.T) {
	psql := program(t, "psql")
	pg, seqd := ownServers(t)
	makeObjects(t, psql, pg, seqd)
	for _, name := range []string{"completion", "newer", "tools"} {
		queries, err := os.ReadFile("testdata/psql/" + name + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(queries), ";\n")
		for i, query := range lines {
			lines[i] = fmt.Sprintf("\\echo '==== query %d'\n%s", i+1, query)
		}
		answers := func(addr string) string {
			out := clientRunAs(t, addr, "postgres", strings.Join(lines, ";\n"), psql, "-X", "-A", "-t", "-d", "postgres")
			blocks := strings.Split(oids.ReplaceAllString(out, "OID"), "==== ")
			for i, block := range blocks {
				rows := strings.Split(block, "\n")
				slices.Sort(rows)
				blocks[i] = strings.Join(rows, "\n")
			}
			return strings.Join(blocks, "==== ")
		}
		compareBlocks(t, answers(pg), answers(seqd))
	}
}
