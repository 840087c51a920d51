package e2e

import (
	"context"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// describing are psql's commands that read the catalogs. \l+ and \db+ are not among
// them: they show the size of files.
var describing = []string{
	`\d`, `\d+`, `\d s`, `\d+ s`, `\d ids`, `\d "Weird Name"`, `\ds`, `\ds+`, `\ds i*`, `\dp`, `\z`, `\l`, `\dn`, `\dn+`, `\du`, `\du+`, `\dg`,
	`\dt`, `\dv`, `\di`, `\dm`, `\dE`, `\df`, `\df nextval`, `\df+ nextval`, `\da`, `\dT`, `\dT int8`, `\dx`, `\dy`, `\db`, `\drds`, `\ddp`, `\dd`,
	`\dC int*`, `\dD`, `\do ||`, `\dL`, `\dc utf8*`, `\dF`, `\dFd`, `\dFp`, `\dFt`, `\dew`, `\des`, `\deu`, `\det`, `\dRp`, `\dRs`, `\dA`, `\dA+`,
	`\dAc btree int4`, `\dP`, `\dX`, `\dl`, `\d pg_class`, `\d+ pg_index`, `\d pg_sequences`, `\dS pg_sequence*`, `\sf now`, `\sv pg_tables`,
	`SELECT * FROM pg_sequences ORDER BY sequencename`,
	`SELECT * FROM information_schema.sequences ORDER BY sequence_name`,
	`SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_name = 'pg_sequence' ORDER BY ordinal_position`,
	`SELECT schemaname, tablename FROM pg_tables WHERE tablename LIKE 'pg_auth%' ORDER BY 2`,
	`SELECT grantee, privilege_type FROM information_schema.usage_privileges WHERE object_type = 'SEQUENCE'`,
	`SELECT has_sequence_privilege('s', 'USAGE'), has_table_privilege('pg_class', 'SELECT'), has_schema_privilege('public', 'CREATE')`,
	`SELECT datname, application_name, state FROM pg_stat_activity WHERE pid = pg_backend_pid()`,
}

var describedObjects = []string{
	`CREATE SEQUENCE s`, `CREATE SEQUENCE ids AS integer INCREMENT 5 MINVALUE 10 MAXVALUE 1000 CACHE 7 CYCLE`,
	`CREATE SEQUENCE "Weird Name" START 42`, `CREATE UNLOGGED SEQUENCE u AS smallint`, `SELECT nextval('s'), setval('ids', 25)`,
}

// clientRun runs a program of PostgreSQL's against a server.
func clientRun(t *testing.T, addr, program string, args ...string) string {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{"-h", host, "-p", port, "-U", "postgres"}, args...)...)
	cmd.Env = append(cmd.Environ(), "PGCLIENTENCODING=UTF8", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out) + err.Error() + "\n"
	}
	return string(out)
}

// TestPsqlDescribes: what psql's backslash commands print is PostgreSQL's.
func TestPsqlDescribes(t *testing.T) {
	psql := program(t, "psql")
	onBoth(t, func(t *testing.T, addr string) string {
		args := []string{"-X", "-q", "-d", "postgres"}
		for _, sql := range describedObjects {
			args = append(args, "-c", sql)
		}
		out := clientRun(t, addr, psql, args...)
		args = []string{"-X", "-d", "postgres"}
		for _, command := range describing {
			args = append(args, "-c", `\echo `+strings.ReplaceAll(command, `\`, `\\`), "-c", command)
		}
		return out + clientRun(t, addr, psql, args...)
	})
}

// whoDumped are the lines of a dump that name the server's build, and a key that
// pg_dump draws.
var whoDumped = regexp.MustCompile(`(?m)^(-- Dumped (from|by) .*|\\(un)?restrict .*)\n`)

// TestPgDump: a dump is PostgreSQL's to the byte, and what it makes elsewhere gives
// the same dump again.
func TestPgDump(t *testing.T) {
	psql, dump, dumpall := program(t, "psql"), program(t, "pg_dump"), program(t, "pg_dumpall")
	first := map[string]string{}
	onBoth(t, func(t *testing.T, addr string) string {
		args := []string{"-X", "-q", "-d", "postgres"}
		for _, sql := range describedObjects {
			args = append(args, "-c", sql)
		}
		clientRun(t, addr, psql, args...)
		text := whoDumped.ReplaceAllString(clientRun(t, addr, dump, "postgres"), "")
		first[addr] = text
		return text + whoDumped.ReplaceAllString(clientRun(t, addr, dumpall, "-g"), "")
	})
	for _, text := range first {
		onBoth(t, func(t *testing.T, addr string) string {
			clientRun(t, addr, psql, "-X", "-q", "-d", "postgres", "-c", text)
			return whoDumped.ReplaceAllString(clientRun(t, addr, dump, "postgres"), "")
		})
		break
	}
}
