package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"seqd/cmd/seqd/e2e/pgserver"
	"seqd/cmd/seqd/e2e/seqdserver"
)

// program finds a client program of PostgreSQL, as pgserver.Find does for the server.
func program(t *testing.T, name string) string {
	t.Helper()
	if p, err := exec.LookPath(name); err == nil {
		return p
	}
	bin, _, err := pgserver.Find()
	if err != nil {
		pgserver.Missing(t)
	}
	return filepath.Join(bin, name)
}

// script writes a pgbench script.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script.sql")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pgbench runs it against a server, and returns what it prints.
func pgbench(t *testing.T, addr string, args ...string) string {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	args = append([]string{"-n", "-h", host, "-p", port, "-U", "postgres"}, append(args, "postgres")...)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, program(t, "pgbench"), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("pgbench %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func freshSeqd(t *testing.T, opts seqdserver.Options) *seqdserver.Server {
	t.Helper()
	s, err := seqdserver.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func exec1(t *testing.T, dsn, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	res, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if last := res[len(res)-1]; len(last.Rows) > 0 {
		return string(last.Rows[0][0])
	}
	return ""
}

var tps = regexp.MustCompile(`(?m)^tps = ([0-9.]+) `)

// TestPgbench runs every protocol mode of pgbench, and checks that each
// transaction has drawn its values.
func TestPgbench(t *testing.T) {
	const clients, transactions = 4, 250
	s := freshSeqd(t, seqdserver.Options{DataDir: t.TempDir()})
	exec1(t, s.DSN(), "CREATE SEQUENCE s; CREATE SEQUENCE c CACHE 20")
	drawn := 0
	for _, tt := range []struct {
		name, mode, script string
		draws              int
	}{
		{"simple", "simple", "SELECT nextval('s');", 1},
		{"extended", "extended", "SELECT nextval('s');", 1},
		{"prepared", "prepared", "SELECT nextval('s');", 1},
		{"variables", "prepared", "\\set n random(1, 1000)\nSELECT nextval('s'), :n + 1;\n", 1},
		{"transaction", "simple", "BEGIN;\nSELECT nextval('s');\nSELECT nextval('c');\nSELECT currval('s');\nSELECT lastval();\nCOMMIT;\n", 1},
		{"several in a message", "simple", "SELECT nextval('s') \\; SELECT nextval('s') \\; SELECT lastval();", 2},
		{"gset", "simple", "SELECT nextval('s') AS v \\gset\nSELECT :v + 1;\n", 1},
		{"pipeline extended", "extended", "\\startpipeline\nSELECT nextval('s');\nSELECT nextval('c');\nSELECT nextval('s');\n\\endpipeline\n", 2},
		{"pipeline prepared", "prepared", "\\startpipeline\nSELECT nextval('s');\nSELECT nextval('s');\nSELECT nextval('s');\n\\endpipeline\n", 3},
		{"pipeline transaction", "prepared", "\\startpipeline\nBEGIN;\nSELECT nextval('s');\nCOMMIT;\n\\endpipeline\n", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := pgbench(t, s.Addr(), "-M", tt.mode, "-c", strconv.Itoa(clients), "-j", "2", "-t", strconv.Itoa(transactions), "-f", script(t, tt.script))
			want := fmt.Sprintf("number of transactions actually processed: %d/%d", clients*transactions, clients*transactions)
			if !strings.Contains(out, want) || strings.Contains(out, "aborted") {
				t.Errorf("pgbench says:\n%s", out)
			}
			drawn += clients * transactions * tt.draws
			if got := exec1(t, s.DSN(), "SELECT last_value FROM s"); got != strconv.Itoa(drawn) {
				t.Errorf("last_value is %s after %d draws", got, drawn)
			}
		})
	}
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}
