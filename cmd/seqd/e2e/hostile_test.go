package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/pgserver"
	"seqd/cmd/seqd/e2e/target"
)

const (
	// deep statements end in 54001 on seqd, or as on PostgreSQL, whose parser stack
	// runs out first ("memory exhausted", 42601).
	deep = "deep"
	// slow ones take PostgreSQL a minute (its lexer looks at open comments again and
	// again): they go to seqd alone, which must take a second at most.
	slow = "slow"
	// big ones may be refused by seqd with 54000.
	big = "big"
)

// hostile are statements that are too much in one way or another. A server may
// refuse them, and must live on.
var hostile = []struct {
	name string
	kind string
	sql  func() string
}{
	{"100,000 parentheses", deep, func() string {
		return "SELECT " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000)
	}},
	{"100,000 open parentheses", deep, func() string { return "SELECT " + strings.Repeat("(", 100_000) }},
	{"a chain of 100,000 additions", deep, func() string { return "SELECT 1" + strings.Repeat("+1", 100_000) }},
	{"a chain of 100,000 ANDs", deep, func() string { return "SELECT true" + strings.Repeat(" AND true", 100_000) }},
	{"100,000 NOTs", deep, func() string { return "SELECT " + strings.Repeat("NOT ", 100_000) + "true" }},
	{"100,000 minus signs", deep, func() string { return "SELECT " + strings.Repeat("- ", 100_000) + "1" }},
	{"100,000 casts", deep, func() string { return "SELECT 1" + strings.Repeat("::int8", 100_000) }},
	{"50,000 nested calls", deep, func() string {
		return "SELECT " + strings.Repeat("abs(", 50_000) + "1" + strings.Repeat(")", 50_000)
	}},
	{"50,000 nested CASEs", deep, func() string {
		return "SELECT " + strings.Repeat("CASE WHEN true THEN ", 50_000) + "1" + strings.Repeat(" END", 50_000)
	}},
	{"20,000 nested subqueries", deep, func() string {
		return "SELECT " + strings.Repeat("(SELECT ", 20_000) + "1" + strings.Repeat(")", 20_000)
	}},
	{"100,000 nested comments", slow, func() string {
		return strings.Repeat("/*", 100_000) + strings.Repeat("*/", 100_000) + "SELECT 1"
	}},
	{"100,000 open comments", slow, func() string { return strings.Repeat("/*", 100_000) }},
	{"10 MB of a string", "", func() string { return "SELECT length('" + strings.Repeat("x", 10_000_000) + "')" }},
	{"10 MB of an open string", "", func() string { return "SELECT '" + strings.Repeat("x", 10_000_000) }},
	{"10 MB of semicolons", big, func() string { return strings.Repeat(";", 10_000_000) }},
	{"10 MB of blanks", "", func() string { return strings.Repeat(" ", 10_000_000) + "SELECT 1" }},
	{"10 MB of one name", "", func() string { return "CREATE SEQUENCE " + strings.Repeat("x", 10_000_000) }},
	{"1 MB of digits", "", func() string { return "CREATE SEQUENCE s START " + strings.Repeat("9", 1_000_000) }},
	{"200,000 digits in an expression", "", func() string { return "SELECT " + strings.Repeat("9", 200_000) }},
	{"1,000 options", "", func() string { return "CREATE SEQUENCE s" + strings.Repeat(" CACHE 1", 1_000) }},
	{"a name of 1,000 parts", "", func() string { return "SELECT nextval('" + strings.Repeat("a.", 1_000) + "a')" }},
	{"a dotted name of 1,000 parts", "", func() string { return "SELECT " + strings.Repeat("a.", 1_000) + "a" }},
	{"1,664 columns", "", func() string { return "SELECT 1" + strings.Repeat(", 1", 1_663) }},
	{"1,665 columns", "", func() string { return "SELECT 1" + strings.Repeat(", 1", 1_664) }},
	{"101 arguments", "", func() string { return "SELECT abs(1" + strings.Repeat(", 1", 100) + ")" }},
	{"100,000 items of IN", "", func() string { return "SELECT 1 IN (0" + strings.Repeat(", 0", 100_000) + ")" }},
	{"10,000 rows of VALUES", "", func() string {
		return "SELECT count(*) FROM (VALUES (1)" + strings.Repeat(", (1)", 9_999) + ") v"
	}},
	{"a parameter beyond all", "", func() string { return "SELECT $99999999999" }},
	{"a power without end", "", func() string { return "SELECT 9.9 ^ 9999999" }},
	{"a repeat without end", "", func() string { return "SELECT length(repeat('x', 2147483647))" }},
	{"lpad without end", "", func() string { return "SELECT length(lpad('x', 2000000000))" }},
}

// TestHostileInput sends them to both servers and compares the SQLSTATEs.
func TestHostileInput(t *testing.T) {
	pg, seqd := thePostgres(t), theSeqd(t)
	if pg == nil {
		pgserver.Missing(t)
	}
	pgEnv, err := pg.Fresh(false)
	if err != nil {
		t.Fatal(err)
	}
	defer pgEnv.Close()
	var seqdEnv target.Env
	if seqd != nil {
		if seqdEnv, err = seqd.Fresh(false); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := seqdEnv.Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	for _, tt := range hostile {
		t.Run(strings.ReplaceAll(tt.name, " ", "-"), func(t *testing.T) {
			sql := tt.sql()
			want := "answered"
			switch {
			case tt.kind != slow:
				want = outcome(t, pgEnv.Addr(), sql)
			case strings.Contains(tt.name, "open"):
				want = "42601"
			}
			if seqdEnv == nil {
				return
			}
			began := time.Now()
			got := outcome(t, seqdEnv.Addr(), sql)
			allowed := tt.kind == deep && got == "54001" || tt.kind == big && got == "54000"
			if got != want && !allowed {
				t.Errorf("PostgreSQL: %s, seqd: %s", want, got)
			}
			if took := time.Since(began); tt.kind == slow && took > time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// outcome is "answered" or the SQLSTATE, and says if the session or the server is
// gone afterwards.
func outcome(t *testing.T, addr, sql string) string {
	dsn := "postgres://postgres@" + addr + "/postgres?sslmode=disable"
	conn, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), "BEGIN;"+sql).ReadAll()
	out := "answered"
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		out = pgErr.Code
	} else if err != nil {
		out = err.Error()
	}
	if _, err := conn.Exec(t.Context(), "ROLLBACK; SELECT 1").ReadAll(); err != nil {
		out += fmt.Sprintf(", and then %v", err)
	}
	if got := exec1(t, dsn, "SELECT 1"); got != "1" {
		out += ", and the server is gone"
	}
	return out
}
