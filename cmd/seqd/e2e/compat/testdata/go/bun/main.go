// The program bun works with bun over its own driver: CREATE TABLE, sequences, transactions.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"clients/report"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"
)

type Author struct {
	ID   int64  `bun:",pk,autoincrement"`
	Name string `bun:"type:varchar(30),notnull,unique"`
}

type Book struct {
	ID       int64          `bun:",pk,identity"`
	AuthorID int64          `bun:""`
	Author   *Author        `bun:"rel:belongs-to,join:author_id=id"`
	Tags     []string       `bun:",array"`
	Extra    map[string]any `bun:"type:jsonb"`
}

func failure(what string, err error) {
	var e pgdriver.Error
	if errors.As(err, &e) {
		fmt.Println(what, e.Field('S'), e.Field('C'), e.Field('M'), e.Field('H'), e.Field('P'))
		return
	}
	fmt.Println(what, err)
}

func main() {
	ctx := context.Background()
	pool := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithAddr(os.Getenv("PGHOST")+":"+os.Getenv("PGPORT")), pgdriver.WithUser(os.Getenv("PGUSER")),
		pgdriver.WithDatabase(os.Getenv("PGDATABASE")), pgdriver.WithInsecure(true), pgdriver.WithApplicationName("matrix")))
	pool.SetMaxOpenConns(1)
	db := bun.NewDB(pool, pgdialect.New())
	defer db.Close()
	report.Section("sequences")
	_, err := db.ExecContext(ctx, "CREATE SEQUENCE s START 10 INCREMENT 5 CACHE 2")
	report.Must(err)
	var n, m int64
	for range 3 {
		report.Must(db.NewSelect().ColumnExpr("nextval(?)", "s").Scan(ctx, &n))
		fmt.Println(n)
	}
	report.Must(db.QueryRowContext(ctx, "SELECT setval('s', ?, ?), currval('s')", 100, false).Scan(&n, &m))
	var row map[string]any
	report.Must(db.NewSelect().TableExpr("s").Scan(ctx, &row))
	fmt.Println(n, m, row)
	st, err := db.PrepareContext(ctx, "SELECT nextval($1)")
	report.Must(err)
	for range 2 {
		report.Must(st.QueryRowContext(ctx, "s").Scan(&n))
		fmt.Println(n)
	}
	report.Must(st.Close())
	report.Section("errors and transactions")
	_, err = db.ExecContext(ctx, "SELECT nextval('nosuch')")
	failure("unknown", err)
	_, err = db.ExecContext(ctx, "CREATE SEQUENCE s")
	failure("exists", err)
	err = db.RunInTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable}, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, "CREATE SEQUENCE gone")
		report.Must(err)
		failure("savepoint", tx.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.ExecContext(ctx, "SELECT nextval('nosuch')")
			return err
		}))
		report.Must(tx.QueryRowContext(ctx, "SELECT nextval('gone')").Scan(&n))
		return fmt.Errorf("back")
	})
	fmt.Println(err, n)
	_, err = db.ExecContext(ctx, "SELECT nextval('gone')")
	failure("gone", err)
	report.Section("tables")
	for range 2 {
		for _, model := range []any{(*Author)(nil), (*Book)(nil)} {
			_, err := db.NewCreateTable().Model(model).IfNotExists().WithForeignKeys().Exec(ctx)
			failure("create", err)
		}
	}
	_, err = db.NewCreateIndex().Model((*Book)(nil)).Index("book_author").Column("author_id").Exec(ctx)
	report.Must(err)
	var books []Book
	report.Must(db.NewSelect().Model(&books).Relation("Author").Where("author.name LIKE ?", "x%").OrderExpr("book.id DESC").Limit(3).Scan(ctx))
	count, err := db.NewSelect().Model((*Author)(nil)).Count(ctx)
	report.Must(err)
	exists, err := db.NewSelect().Model((*Author)(nil)).Where("id = ?", 1).Exists(ctx)
	report.Must(err)
	report.Must(db.NewSelect().ColumnExpr("nextval(pg_get_serial_sequence('books', 'id'))").Scan(ctx, &n))
	fmt.Println(len(books), count, exists, n)
	report.Section("drop")
	for _, model := range []any{(*Book)(nil), (*Author)(nil)} {
		_, err := db.NewDropTable().Model(model).IfExists().Cascade().Exec(ctx)
		report.Must(err)
	}
}
