package bench

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// execute runs SQL and returns the first column of the last answer.
func execute(t *testing.T, dsn, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	answers, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if last := answers[len(answers)-1]; len(last.Rows) > 0 {
		return string(last.Rows[0][0])
	}
	return ""
}
