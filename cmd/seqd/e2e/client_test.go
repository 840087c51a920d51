package e2e

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/lib/pq"

	"seqd/cmd/seqd/e2e/pgserver"
	"seqd/cmd/seqd/e2e/target"
)

// onBoth lets a client work with PostgreSQL and with seqd, and compares what it
// reports, line by line.
func onBoth(t *testing.T, client func(t *testing.T, addr string) string) {
	t.Helper()
	pg, seqd := thePostgres(t), theSeqd(t)
	if pg == nil {
		pgserver.Missing(t)
	}
	run := func(on target.Target) string {
		env, err := on.Fresh(false)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := env.Close(); err != nil {
				t.Error(err)
			}
		}()
		return client(t, env.Addr())
	}
	want := run(pg)
	if strings.TrimSpace(want) == "" {
		t.Fatal("the client reports nothing")
	}
	if seqd == nil {
		return
	}
	got := run(seqd)
	if got == want {
		return
	}
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		line := func(s []string) string {
			if i < len(s) {
				return s[i]
			}
			return "(nothing)"
		}
		if line(w) != line(g) {
			t.Errorf("line %d\n  PostgreSQL: %s\n  seqd:       %s", i+1, line(w), line(g))
		}
	}
}

const psqlScript = `\set ECHO queries
\echo one: several statements
CREATE SEQUENCE s; SELECT nextval('s'); SELECT nextval('s') AS "Two";
SELECT 1 AS a, 'x' AS b, NULL AS c, true AS d
\g
\pset null (null)
SELECT NULL AS n;
\echo two: gdesc
SELECT nextval('s') AS n, 'x'::text AS t, 1.5 AS num, $$y$$ AS u \gdesc
SELECT 1 \gdesc
CREATE SEQUENCE t \gdesc
\echo three: variables
SELECT nextval('s') AS v \gset
\echo :v
SELECT :v + 1 AS next, :'v' AS quoted;
SELECT setval('s', :v + 10);
\echo four: errors
SELECT nextval('nos');
SELECT 1,
       2, nosuch,
       3;
SELEKT 1;
CREATE SEQUENCE s;
SELECT 1/0;
\echo :ERROR :SQLSTATE :LAST_ERROR_MESSAGE :ROW_COUNT
DROP SEQUENCE IF EXISTS nos;
COMMIT;
\set VERBOSITY sqlstate
SELECT nextval('nos');
\set VERBOSITY terse
SELECT nextval('nos');
\set VERBOSITY default
\echo five: formats
\x on
SELECT * FROM s;
\x off
\t on
SELECT last_value FROM s;
\t off
\a
SELECT last_value, is_called FROM s;
\a
SELECT g, nextval('s') FROM generate_series(1, 3) g;
\echo six: transactions
BEGIN;
SELECT 1/0;
SELECT 1;
ROLLBACK;
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT 1/0;
SELECT nextval('s');
COMMIT;
\set ON_ERROR_ROLLBACK off
\set AUTOCOMMIT off
SELECT nextval('s');
ROLLBACK;
\set AUTOCOMMIT on
\echo seven: fetching by portions
\set FETCH_COUNT 0
VALUES (1, 'one'), (2, 'two');
\echo eight: encoding and conninfo
\encoding
SHOW client_encoding;
SHOW application_name;
SELECT 'ünï😀' AS "Größe";
`

func TestPsql(t *testing.T) {
	psql := program(t, "psql")
	run := func(t *testing.T, addr, stdin string, args ...string) string {
		t.Helper()
		host, port, _ := strings.Cut(addr, ":")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, psql, append([]string{"-X", "-h", host, "-p", port, "-U", "postgres"}, args...)...)
		cmd.Env = append(cmd.Environ(), "PGCLIENTENCODING=UTF8", "LC_ALL=C.UTF-8", "PGPASSFILE="+filepath.Join(t.TempDir(), "none"))
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		text := strings.ReplaceAll(string(out), port, "PORT")
		if err != nil {
			text += fmt.Sprintf("(%v)\n", err)
		}
		return text
	}
	t.Run("script", func(t *testing.T) {
		onBoth(t, func(t *testing.T, addr string) string { return run(t, addr, psqlScript, "postgres") })
	})
	t.Run("options", func(t *testing.T) {
		onBoth(t, func(t *testing.T, addr string) string {
			return run(t, addr, "", "-c", "CREATE SEQUENCE s", "-c", "SELECT nextval('s'); SELECT nextval('s')") +
				run(t, addr, "", "-Atc", "SELECT nextval('s')", "postgres") +
				run(t, addr, "", "--csv", "-c", "SELECT * FROM s", "postgres") +
				run(t, addr, "", "-1", "-c", "SELECT nextval('s')", "-c", "SELECT 1/0", "postgres") +
				run(t, addr, "SELECT 1/0;\nSELECT 1;\n", "-v", "ON_ERROR_STOP=1", "postgres") +
				run(t, addr, "", "-c", "SELECT 1", "nosuchdatabase") +
				run(t, addr, "", "-c", "SELECT 1", "dbname=postgres user=nosuch") +
				run(t, addr, "", "-Atc", "SHOW application_name", "dbname=postgres application_name=mine") +
				run(t, addr, "\\conninfo\n", "postgres")
		})
	})
}

// transcript collects what a client sees.
type transcript struct{ strings.Builder }

func (tr *transcript) line(format string, args ...any) { fmt.Fprintf(tr, format+"\n", args...) }

// failure shows a server's error as the drivers pass it on.
func (tr *transcript) failure(what string, err error) {
	var pgErr *pgconn.PgError
	var pqErr *pq.Error
	switch {
	case err == nil:
		tr.line("%s: no error", what)
	case errors.As(err, &pgErr):
		tr.line("%s: %s %s: %s | %s | %s | %d", what, pgErr.Severity, pgErr.Code, pgErr.Message, pgErr.Detail, pgErr.Hint, pgErr.Position)
	case errors.As(err, &pqErr):
		tr.line("%s: %s %s: %s | %s | %s | %s", what, pqErr.Severity, pqErr.Code, pqErr.Message, pqErr.Detail, pqErr.Hint, pqErr.Position)
	default:
		tr.line("%s: %v", what, err)
	}
}

func TestPgx(t *testing.T) {
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		t.Run(strings.ReplaceAll(mode.String(), " ", "-"), func(t *testing.T) {
			onBoth(t, func(t *testing.T, addr string) string { return pgxSession(t, addr, mode) })
		})
	}
}

func pgxSession(t *testing.T, addr string, mode pgx.QueryExecMode) string {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg, err := pgx.ParseConfig("postgres://postgres@" + addr + "/postgres?sslmode=prefer&application_name=e2e")
	if err != nil {
		t.Fatal(err)
	}
	cfg.DefaultQueryExecMode = mode
	var tr transcript
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { tr.line("notice: %s %s: %s", n.Severity, n.Code, n.Message) }
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	tag := func(sql string, args ...any) {
		tag, err := conn.Exec(ctx, sql, args...)
		tr.line("%s -> %s", sql, tag)
		if err != nil {
			tr.failure("  ", err)
		}
	}
	number := func(sql string, args ...any) {
		var n *int64
		if err := conn.QueryRow(ctx, sql, args...).Scan(&n); err != nil {
			tr.failure(sql, err)
			return
		}
		if n == nil {
			tr.line("%s %v = NULL", sql, args)
			return
		}
		tr.line("%s %v = %d", sql, args, *n)
	}
	tr.line("ping: %v", conn.Ping(ctx))
	tag("CREATE SEQUENCE s CACHE 5")
	tag("CREATE SEQUENCE IF NOT EXISTS s")
	for range 3 {
		number("SELECT nextval('s')")
		number("SELECT nextval($1)", "s")
		number("SELECT currval($1)", "s")
	}
	number("SELECT lastval()")
	number("SELECT setval($1, $2)", "s", int64(100))
	number("SELECT setval($1, $2, $3)", "s", int64(200), false)
	number("SELECT nextval($1)", "s")
	number("SELECT nextval($1)", "nos")
	number("SELECT nextval($1)", nil)
	number("SELECT $1::int8 + 1", int64(41))
	number("SELECT 1/0")
	number("SELEKT")
	number("SELECT setval($1, $2)", "s", int64(0))
	tag("ALTER SEQUENCE s INCREMENT 10 RESTART")
	number("SELECT nextval('s')")
	tag("DROP SEQUENCE IF EXISTS nos")

	var last, logCnt int64
	var called bool
	err = conn.QueryRow(ctx, "SELECT * FROM s").Scan(&last, &logCnt, &called)
	tr.line("state %d %d %v %v", last, logCnt, called, err)
	rows, err := conn.Query(ctx, "SELECT nextval('s') AS v, g::text AS t, NULL::bool AS n FROM generate_series(1, 3) g")
	if err != nil {
		tr.failure("rows", err)
	}
	for _, f := range rows.FieldDescriptions() {
		tr.line("column %s %d %d", f.Name, f.DataTypeOID, f.DataTypeSize)
	}
	for rows.Next() {
		values, err := rows.Values()
		tr.line("row %v %v", values, err)
	}
	tr.line("%s %v", rows.CommandTag(), rows.Err())
	pgxTransactions(ctx, &tr, conn)
	tag("DROP SEQUENCE s")
	number("SELECT nextval('s')")
	tr.line("status %c, is closed %v", conn.PgConn().TxStatus(), conn.IsClosed())
	for _, name := range []string{"server_encoding", "client_encoding", "DateStyle", "application_name", "standard_conforming_strings", "is_superuser"} {
		tr.line("%s = %s", name, conn.PgConn().ParameterStatus(name))
	}
	return tr.String()
}

// pgxTransactions is the part of a session with blocks and batches.
func pgxTransactions(ctx context.Context, tr *transcript, conn *pgx.Conn) {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var n int64
		if err := tx.QueryRow(ctx, "SELECT nextval('s')").Scan(&n); err != nil {
			return err
		}
		tr.line("in transaction %d, status %c", n, conn.PgConn().TxStatus())
		return errors.New("rolled back on purpose")
	})
	tr.line("%v, status %c", err, conn.PgConn().TxStatus())
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable, AccessMode: pgx.ReadOnly})
	if err != nil {
		tr.failure("begin", err)
		return
	}
	_, err = tx.Exec(ctx, "SELECT nextval('s')")
	tr.failure("read only", err)
	_, err = tx.Exec(ctx, "SELECT 1")
	tr.failure("failed block", err)
	tr.line("commit: %v", tx.Commit(ctx))

	var batch pgx.Batch
	for range 3 {
		batch.Queue("SELECT nextval('s')")
	}
	batch.Queue("SELECT nextval($1)", "nos")
	batch.Queue("SELECT nextval('s')")
	results := conn.SendBatch(ctx, &batch)
	for i := range 5 {
		var n int64
		if err := results.QueryRow().Scan(&n); err != nil {
			tr.failure(fmt.Sprintf("batch %d", i), err)
			break
		}
		tr.line("batch %d: %d", i, n)
	}
	tr.failure("batch", results.Close())
	// A batch is one implicit transaction, but nextval is not undone.
	var n int64
	err = conn.QueryRow(ctx, "SELECT nextval('s')").Scan(&n)
	tr.line("after the batch: %d %v", n, err)
}

func TestLibpq(t *testing.T) {
	for _, binary := range []string{"no", "yes"} {
		t.Run("binary_parameters="+binary, func(t *testing.T) {
			onBoth(t, func(t *testing.T, addr string) string { return pqSession(t, addr, binary) })
		})
	}
}

func pqSession(t *testing.T, addr, binary string) string {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db, err := sql.Open("postgres", "postgres://postgres@"+addr+"/postgres?sslmode=disable&binary_parameters="+binary)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var tr transcript
	run := func(sql string, args ...any) {
		_, err := db.ExecContext(ctx, sql, args...)
		tr.failure(sql, err)
	}
	number := func(query string, args ...any) {
		var n sql.NullInt64
		if err := db.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
			tr.failure(query, err)
			return
		}
		tr.line("%s %v = %v", query, args, n)
	}
	tr.line("ping: %v", db.PingContext(ctx))
	run("CREATE SEQUENCE s; CREATE SEQUENCE t CACHE 10")
	number("SELECT nextval('s')")
	number("SELECT nextval($1)", "s")
	number("SELECT nextval($1)", "t")
	number("SELECT currval($1)", "s")
	number("SELECT lastval()")
	number("SELECT setval($1, $2)", "s", 100)
	number("SELECT setval($1, $2, $3)", "s", 200, false)
	number("SELECT nextval($1)", "s")
	number("SELECT nextval($1)", nil)
	number("SELECT nextval($1)", "nos")
	number("SELECT currval($1)", "nos")
	number("SELECT setval($1, $2)", "s", 0)
	number("SELECT setval($1, $2)", "s", "x")
	number("SELEKT")
	number("SELECT 1/0")

	stmt, err := db.PrepareContext(ctx, "SELECT nextval($1)")
	tr.failure("prepare", err)
	if err == nil {
		for range 3 {
			var n int64
			err := stmt.QueryRowContext(ctx, "t").Scan(&n)
			tr.line("prepared: %d %v", n, err)
		}
		tr.line("close: %v", stmt.Close())
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	tr.failure("begin", err)
	if err == nil {
		_, err = tx.ExecContext(ctx, "SELECT nextval('s')")
		tr.failure("read only", err)
		tr.line("rollback: %v", tx.Rollback())
	}
	if tx, err = db.BeginTx(ctx, nil); err == nil {
		_, err = tx.ExecContext(ctx, "SELECT 1/0")
		tr.failure("error", err)
		tr.failure("commit", tx.Commit())
	}
	rows, err := db.QueryContext(ctx, "SELECT nextval('s') AS v, 'x' AS t, true AS b")
	tr.failure("rows", err)
	if err == nil {
		types, err := rows.ColumnTypes()
		for _, c := range types {
			tr.line("column %s %s %v", c.Name(), c.DatabaseTypeName(), err)
		}
		for rows.Next() {
			var v int64
			var s string
			var b bool
			tr.line("scan %v: %d %s %v", rows.Scan(&v, &s, &b), v, s, b)
		}
		tr.line("end: %v", rows.Err())
	}
	run("DROP SEQUENCE s, t")
	return tr.String()
}
