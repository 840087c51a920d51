package settings

import (
	"bytes"
	"context"
	"flag"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

var rewrite = flag.Bool("rewrite", false, "record the tables from the PostgreSQL 15 at SEQD_PG_DSN: a new cluster of encoding UTF8 and locale C, connected to as its superuser")

// recorded are the queries that make the tables, by file. What the command line or
// the place of the recorded server decides is left at what PostgreSQL is built with,
// or left out.
var recorded = map[string]string{
	"parameters.tsv": `SELECT name, vartype, context, category, coalesce(unit, ''), short_desc, coalesce(extra_desc, ''),
 coalesce(min_val, ''), coalesce(max_val, ''), coalesce(array_to_string(enumvals, '|'), ''), coalesce(boot_val, ''),
 CASE WHEN setting LIKE '/%' THEN '' WHEN source IN ('client', 'command line') THEN boot_val ELSE current_setting(name) END,
 NOT name = ANY (string_to_array(current_setting('seqd.shown'), ' ')),
 array_to_string(pg_settings_get_flags(name), ' ')
 FROM pg_settings WHERE name <> 'extension_destdir' -- Debian's own
 ORDER BY lower(name) COLLATE "C"`,
	"../../../protocol/timezone/names.txt": `SELECT name FROM pg_timezone_names WHERE name !~ '^posix/' AND name NOT IN ('localtime', 'posixrules')
 ORDER BY lower(name) COLLATE "C"`,
}

func TestMain(m *testing.M) {
	flag.Parse()
	if *rewrite {
		if err := record(context.Background()); err != nil {
			println(err.Error())
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// record writes the tables anew. Which parameters only privileged users may look at
// shows in what another role sees.
func record(ctx context.Context) error {
	c, err := pgconn.Connect(ctx, os.Getenv("SEQD_PG_DSN"))
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	if _, err := c.Exec(ctx, `SET ROLE pg_signal_backend;
SELECT set_config('seqd.shown', string_agg(name, ' '), false) FROM pg_settings; RESET ROLE`).ReadAll(); err != nil {
		return err
	}
	for file, query := range recorded {
		r := c.ExecParams(ctx, query, nil, nil, nil, nil).Read()
		if r.Err != nil {
			return r.Err
		}
		var b bytes.Buffer
		for _, row := range r.Rows {
			b.Write(bytes.Join(row, []byte("\t")))
			b.WriteByte('\n')
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
