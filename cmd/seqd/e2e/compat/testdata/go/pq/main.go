// The program pq works with lib/pq through database/sql.
package main

import (
	"context"
	"database/sql"
	"fmt"

	"clients/report"

	"github.com/lib/pq"
)

func rows(q interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, text string, args ...any) {
	r, err := q.QueryContext(context.Background(), text, args...)
	if err != nil {
		report.Failure(text, err)
		return
	}
	defer r.Close()
	for {
		types, err := r.ColumnTypes()
		report.Must(err)
		for r.Next() {
			row := make([]any, len(types))
			for i := range row {
				row[i] = new(any)
			}
			report.Must(r.Scan(row...))
			for i, t := range types {
				length, variable := t.Length()
				v := *row[i].(*any)
				if b, ok := v.([]byte); ok {
					v = string(b)
				}
				fmt.Printf("%s %s %d %t %v|", t.Name(), t.DatabaseTypeName(), length, variable, v)
			}
			fmt.Println()
		}
		report.Failure("rows", r.Err())
		if !r.NextResultSet() {
			return
		}
	}
}

func main() {
	ctx := context.Background()
	for i, options := range []string{"", "binary_parameters=yes"} {
		s := fmt.Sprint("s", i)
		report.Section("sequences " + options)
		config, err := pq.NewConnector("sslmode=disable application_name=matrix " + options)
		report.Must(err)
		db := sql.OpenDB(pq.ConnectorWithNoticeHandler(config, func(e *pq.Error) { fmt.Println("notice", e.Code, e.Message) }))
		db.SetMaxOpenConns(1)
		report.Must(db.PingContext(ctx))
		_, err = db.ExecContext(ctx, "CREATE SEQUENCE "+s+" START 10 INCREMENT 5 CACHE 2")
		report.Must(err)
		_, err = db.ExecContext(ctx, "CREATE SEQUENCE IF NOT EXISTS "+s)
		report.Must(err)
		rows(db, "SELECT nextval($1), currval($1), lastval()", s)
		rows(db, "SELECT * FROM "+pq.QuoteIdentifier(s))
		rows(db, "SELECT setval($1, $2, $3)", s, 100, false)
		rows(db, "SELECT nextval('"+s+"'); SELECT 1 AS a, NULL AS b")
		st, err := db.PrepareContext(ctx, "SELECT nextval($1)")
		report.Must(err)
		for range 3 {
			var n int64
			report.Must(st.QueryRowContext(ctx, s).Scan(&n))
			fmt.Println(n)
		}
		report.Must(st.Close())
		rows(db, "SELECT nextval('nosuch')")
		rows(db, "SELECT nextval($1)", "nosuch")
		rows(db, "SELEKT 1")
		rows(db, "CREATE SEQUENCE "+s)
		rows(db, "SELECT setval($1, 0)", s)
		tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
		report.Must(err)
		rows(tx, "CREATE SEQUENCE gone")
		rows(tx, "SELECT nextval('gone')")
		report.Must(tx.Rollback())
		rows(db, "SELECT nextval('gone')")
		tx, err = db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		report.Must(err)
		rows(tx, "SELECT nextval($1)", s)
		rows(tx, "SELECT 1")
		report.Failure("commit", tx.Commit())
		rows(db, "SELECT 1::smallint, 1, 1::bigint, 1.5, 1.5::float8, 'x', true, NULL, ARRAY[1,2], '2020-01-02'::date, '2020-01-02 03:04:05'::timestamp, '1 day 02:00:00'::interval")
		rows(db, "SELECT $1::int8, $2::text, $3::bool, $4::int[], $5::bytea", 7, "a'b\\", true, pq.Array([]int64{1, 2}), []byte{0, 255})
		report.Must(db.Close())
	}
}
