package auth

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/pgserver"
)

// folder is where the files of rules are, next to the package that reads them.
const folder = "../../../../server/hba/testdata"

const (
	rulesSQL = `SELECT concat_ws('|', line_number, coalesce(type, '-'), coalesce(array_to_string(database, ','), '-'),
  coalesce(array_to_string(user_name, ','), '-'), coalesce(address, '-'), coalesce(netmask, '-'),
  coalesce(auth_method, '-'), coalesce(array_to_string(options, ','), '-'), coalesce(error, '-'))
  FROM pg_hba_file_rules`
	mappingsSQL = `SELECT concat_ws('|', line_number, coalesce(map_name, '-'), coalesce(sys_name, '-'),
  coalesce(pg_username, '-'), coalesce(error, '-')) FROM pg_ident_file_mappings`
)

// TestFilesAsPostgresReadsThem: what server/hba expects of its files is what
// PostgreSQL's own views show of them. -rewrite records it.
func TestFilesAsPostgresReadsThem(t *testing.T) {
	withTLS := pgserver.ForTest(t, pgserver.Options{Files: keyPair(t), Settings: map[string]string{
		"ssl": "on", "ssl_cert_file": "../server.crt", "ssl_key_file": "../server.key"}})
	plain := pgserver.ForTest(t, pgserver.Options{})
	for _, name := range files(t, "*.conf", "*.ident") {
		t.Run(name, func(t *testing.T) {
			server, setting, sql := withTLS, "data/pg_hba.conf", rulesSQL
			if name == "nossl.conf" {
				server = plain
			}
			if strings.HasSuffix(name, ".ident") {
				setting, sql = "data/pg_ident.conf", mappingsSQL
			}
			for _, included := range files(t, "*.list", "empty.conf") {
				copyFile(t, server, "data/"+included, included)
			}
			before, err := os.ReadFile(server.Path(setting))
			if err != nil {
				t.Fatal(err)
			}
			copyFile(t, server, setting, name) // the view reads the file, the server does not
			rows := strings.Join(query(t, server.DSN("postgres"), sql), "\n") + "\n"
			rows = strings.ReplaceAll(rows, server.Path("data")+"/", "")
			if err := server.WriteFile(setting, string(before)); err != nil {
				t.Fatal(err)
			}
			recorded := filepath.Join(folder, name+".rows")
			if *rewrite {
				if err := os.WriteFile(recorded, []byte(rows), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(recorded)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, []byte(rows)) {
				t.Errorf("PostgreSQL shows\n%s\nrecorded\n%s", rows, want)
			}
		})
	}
}

func files(t *testing.T, patterns ...string) []string {
	t.Helper()
	var names []string
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(folder, p))
		if err != nil || len(found) == 0 {
			t.Fatal(p, err)
		}
		for _, f := range found {
			names = append(names, filepath.Base(f))
		}
	}
	slices.Sort(names)
	return names
}

func copyFile(t *testing.T, server *pgserver.Server, to, from string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, from))
	if err == nil {
		err = server.WriteFile(to, string(content))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// query returns the first column.
func query(t *testing.T, dsn, sql string) []string {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	results, err := conn.Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var column []string
	for _, row := range results[0].Rows {
		column = append(column, string(row[0]))
	}
	return column
}
