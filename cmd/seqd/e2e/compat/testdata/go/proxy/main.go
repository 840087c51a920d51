// The program proxy works with a server through a proxy (PgBouncer, HAProxy): sessions
// of clients that share a connection, or have one each.
package main

import (
	"context"
	"fmt"
	"os"

	"clients/report"

	"github.com/jackc/pgx/v5"
)

func connect(name string) *pgx.Conn {
	config, err := pgx.ParseConfig("sslmode=prefer application_name=" + name)
	report.Must(err)
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	if os.Getenv("PROXY") == "session" {
		config.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	}
	conn, err := pgx.ConnectConfig(context.Background(), config)
	report.Must(err)
	return conn
}

func one(q interface {
	QueryRow(context.Context, string, ...any) pgx.Row
}, what, sql string, args ...any) {
	var v any
	if err := q.QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		report.Failure(what, err)
		return
	}
	fmt.Println(what, v)
}

func main() {
	ctx := context.Background()
	report.Section("sequences")
	a := connect("a")
	_, err := a.Exec(ctx, "CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2")
	report.Must(err)
	for range 3 {
		one(a, "nextval", "SELECT nextval($1)", "s")
	}
	one(a, "setval", "SELECT setval('s', $1, $2)", 100, false)
	one(a, "application_name", "SHOW application_name")
	report.Section("errors and transactions")
	one(a, "unknown", "SELECT nextval('nosuch')")
	tx, err := a.Begin(ctx)
	report.Must(err)
	_, err = tx.Exec(ctx, "CREATE SEQUENCE gone")
	report.Must(err)
	one(tx, "gone", "SELECT nextval('gone')")
	one(tx, "unknown", "SELECT nextval('nosuch')")
	one(tx, "aborted", "SELECT 1")
	fmt.Println(tx.Rollback(ctx))
	one(a, "gone", "SELECT nextval('gone')")
	report.Section("two clients")
	b := a
	if os.Getenv("PROXY") != "session" {
		b = connect("b")
	}
	for i := range 3 {
		for _, c := range []*pgx.Conn{a, b} {
			tx, err := c.Begin(ctx)
			report.Must(err)
			one(tx, fmt.Sprint("transaction ", i), "SELECT nextval('s')")
			one(tx, "currval", "SELECT currval('s')")
			one(tx, "application_name", "SHOW application_name")
			report.Must(tx.Commit(ctx))
		}
	}
	report.Must(a.Close(ctx))
	if b != a {
		report.Must(b.Close(ctx))
	}
	report.Section("after a client has left")
	c := connect("c")
	if os.Getenv("PROXY") == "session" {
		one(c, "currval", "SELECT currval('s')")
	}
	one(c, "settings", "SHOW statement_timeout")
	_, err = c.Exec(ctx, "SET statement_timeout = '1min'")
	report.Must(err)
	one(c, "nextval", "SELECT nextval('s')")
	report.Must(c.Close(ctx))
}
