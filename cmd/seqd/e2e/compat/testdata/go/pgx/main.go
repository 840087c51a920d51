// The program pgx works with pgx in all five modes, in batches, with a pool's types.
package main

import (
	"context"
	"fmt"
	"strings"

	"clients/report"

	"github.com/jackc/pgx/v5"
)

func main() {
	for i, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe,
		pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		report.Section("sequences, " + mode.String())
		session(mode, fmt.Sprint("s", i))
	}
	rest()
}

func connect(mode pgx.QueryExecMode) *pgx.Conn {
	config, err := pgx.ParseConfig("sslmode=prefer application_name=matrix")
	report.Must(err)
	config.DefaultQueryExecMode = mode
	conn, err := pgx.ConnectConfig(context.Background(), config)
	report.Must(err)
	return conn
}

func values(conn *pgx.Conn, sql string, args ...any) {
	rows, err := conn.Query(context.Background(), sql, args...)
	report.Must(err)
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (string, error) {
		v, err := r.Values()
		return fmt.Sprint(v), err
	})
	if err != nil {
		report.Failure(sql, err)
		return
	}
	var names []string
	for _, f := range rows.FieldDescriptions() {
		names = append(names, fmt.Sprint(f.Name, " ", f.DataTypeOID, " ", f.DataTypeSize, " ", f.TypeModifier, " ", f.Format))
	}
	fmt.Println(strings.Join(names, ", "), list, rows.CommandTag())
}

func session(mode pgx.QueryExecMode, s string) {
	ctx := context.Background()
	conn := connect(mode)
	defer conn.Close(ctx)
	tag, err := conn.Exec(ctx, "CREATE SEQUENCE "+s+" START 10 INCREMENT 5 CACHE 2")
	report.Must(err)
	fmt.Println(tag, conn.Ping(ctx))
	for range 2 {
		values(conn, "SELECT nextval($1), currval($1), lastval()", s)
		values(conn, "SELECT * FROM "+s)
		values(conn, "SELECT setval($1, $2, $3)", s, 100, false)
	}
	_, err = conn.Exec(ctx, "SELECT nextval('nosuch')")
	report.Failure("unknown", err)
	_, err = conn.Exec(ctx, "SELECT nextval($1)", "nosuch")
	report.Failure("unknown, parameter", err)
	_, err = conn.Exec(ctx, "SELEKT 1")
	report.Failure("syntax", err)
	_, err = conn.Exec(ctx, "CREATE SEQUENCE "+s)
	report.Failure("exists", err)
	_, err = conn.Exec(ctx, "SELECT setval($1, $2)", s, 0)
	report.Failure("bounds", err)
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.Serializable}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "CREATE SEQUENCE gone")
		report.Must(err)
		report.Failure("savepoint", pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "SELECT nextval('nosuch')")
			return err
		}))
		values(tx.Conn(), "SELECT nextval('gone')")
		return fmt.Errorf("back")
	})
	fmt.Println(err)
	_, err = conn.Exec(ctx, "SELECT nextval('gone')")
	report.Failure("gone", err)
	values(conn, "SELECT 1::smallint, 1, 1::bigint, 1.5::float8, 'x'::text, true, NULL::int, ARRAY[1,2], '2020-01-02'::date, '2020-01-02 03:04:05'::timestamp, '1 day 02:00:00'::interval, '\\x00ff'::bytea")
	values(conn, "SELECT $1::int8, $2::text, $3::bool, $4::float8, $5::bytea", int64(7), "a'b\\", true, 2.5, []byte{0, 255})
}

func rest() {
	ctx := context.Background()
	conn := connect(pgx.QueryExecModeCacheStatement)
	defer conn.Close(ctx)
	report.Section("batches")
	batch := &pgx.Batch{}
	for range 3 {
		batch.Queue("SELECT nextval($1)", "s0").QueryRow(func(row pgx.Row) error {
			var n int64
			err := row.Scan(&n)
			fmt.Println(n)
			return err
		})
	}
	report.Failure("batch", conn.SendBatch(ctx, batch).Close())
	batch = &pgx.Batch{}
	for _, s := range []string{"s0", "nosuch", "s0"} {
		batch.Queue("SELECT nextval($1::text)", s)
	}
	report.Failure("batch with an error", conn.SendBatch(ctx, batch).Close())
	report.Section("types")
	types, err := conn.LoadTypes(ctx, []string{"_int8", "name"})
	report.Failure("load types", err)
	for _, t := range types {
		fmt.Println(t.Name, t.OID)
	}
	report.Section("rows")
	_, err = conn.Exec(ctx, "CREATE TABLE t (id serial PRIMARY KEY, name text)")
	report.Must(err)
	values(conn, "SELECT pg_get_serial_sequence('t', 'id'), nextval(pg_get_serial_sequence('t', 'id'))")
	values(conn, "SELECT * FROM t WHERE id = $1", 1)
	report.Section("notices, cancel")
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = conn.Exec(canceled, "SELECT pg_sleep(600)")
	fmt.Println(err)
}
