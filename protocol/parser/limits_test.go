package parser

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"seqd/protocol/sqlstate"
)

// deep are the ways to make a tree high: what opens a level, the innermost part,
// and what closes a level.
var deep = []struct{ name, before, open, inner, close, after string }{
	{"parentheses", "SELECT ", "(", "1", ")", ""},
	{"sum", "SELECT ", "", "1", "+1", ""},
	{"concatenation", "SELECT ", "", "a", "||a", ""},
	{"cast", "SELECT ", "", "1", "::int", ""},
	{"collate", "SELECT ", "", "a", ` COLLATE "C"`, ""},
	{"time zone", "SELECT ", "", "a", ` AT TIME ZONE a`, ""},
	{"is null", "SELECT ", "", "a", " IS NULL", ""},
	{"in", "SELECT ", "", "a", " IN (1)", ""},
	{"any", "SELECT ", "", "a", " = ANY (b)", ""},
	{"minus", "SELECT ", "- ", "a", "", ""},
	{"operator", "SELECT ", "@ ", "a", "", ""},
	{"not", "SELECT ", "NOT ", "a", "", ""},
	{"case", "SELECT ", "CASE WHEN a THEN ", "1", " END", ""},
	{"call", "SELECT ", "f(", "1", ")", ""},
	{"coalesce", "SELECT ", "coalesce(", "1", ")", ""},
	{"array", "SELECT ARRAY", "[", "1", "]", ""},
	{"row", "SELECT ", "row(", "1", ")", ""},
	{"right sum", "SELECT ", "1+(", "1", ")", ""},
	{"alternating", "SELECT ", "a AND (b OR ", "1", ")", ""},
	{"subquery", "SELECT ", "(SELECT ", "1", ")", ""},
	{"query parentheses", "", "(", "SELECT 1", ")", ""},
	{"exists", "SELECT ", "EXISTS (SELECT ", "1", ")", ""},
	{"from", "SELECT ", "* FROM (SELECT ", "1", ") x", ""},
	{"with", "", "WITH x AS (", "SELECT 1", ") SELECT 1", ""},
	{"union", "", "", "SELECT 1", " UNION SELECT 1", ""},
	{"right union", "", "SELECT 1 UNION (", "SELECT 1", ")", ""},
	{"join", "SELECT * FROM ", "", "a", " CROSS JOIN a", ""},
	{"nested join", "SELECT * FROM ", "a JOIN ", "a", " ON true", ""},
	{"join parentheses", "SELECT * FROM ", "(", "a CROSS JOIN b", ")", ""},
	{"subscript", "SELECT a", "[a", "", "]", ""},
	{"type modifier", "SELECT 1::a", "(1::a", "", ")", ""},
	{"sequence type", "CREATE SEQUENCE s AS a", "(1::a", "", ")", ""},
	{"grouping sets", "SELECT 1 GROUP BY ", "GROUPING SETS (", "a", ")", ""},
	{"window", "SELECT ", "f() OVER (ORDER BY ", "a", ")", ""},
	{"values", "", "VALUES ((", "VALUES (1)", "))", ""},
}

// A tree of some hundred levels is parsed, one of 100,000 is refused, and the
// highest one that is parsed can be walked by recursion.
func TestDepth(t *testing.T) {
	for _, d := range deep {
		t.Run(d.name, func(t *testing.T) {
			sql := func(n int) string {
				return d.before + strings.Repeat(d.open, n) + d.inner + strings.Repeat(d.close, n) + d.after
			}
			r, err := Parse(sql(500))
			if err != nil {
				t.Fatalf("500 levels: %v", err)
			}
			dump(r.Stmts[0].Stmt)
			_, err = Parse(sql(100_000))
			if sqlstate.CodeOf(err) != sqlstate.StatementTooComplex {
				t.Fatalf("100,000 levels: %v", err)
			}
			low, high := 500, 100_000
			for high-low > 1 {
				if mid := (low + high) / 2; isDepthOK(t, sql(mid)) {
					low = mid
				} else {
					high = mid
				}
			}
			t.Logf("%d levels", low)
			if low > MaxDepth {
				t.Errorf("%d levels are more than MaxDepth", low)
			}
		})
	}
}

func isDepthOK(t *testing.T, sql string) bool {
	t.Helper()
	_, err := Parse(sql)
	if err != nil && sqlstate.CodeOf(err) != sqlstate.StatementTooComplex {
		t.Fatalf("%.60s…: %v", sql, err)
	}
	return err == nil
}

func TestDepthErrorIsPostgreSQLs(t *testing.T) {
	_, err := Parse("SELECT " + strings.Repeat("(", 100_000))
	e := sqlstate.From(err)
	want := `Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform's stack depth limit is adequate.`
	if e.Code != "54001" || e.Message != "stack depth limit exceeded" || e.Hint != want || e.Position != 0 {
		t.Errorf("%+v", e)
	}
}

// Height adds up over parts that are each within the limit.
func TestDepthAddsUp(t *testing.T) {
	sum := strings.Repeat("+1", 1000)
	sql := "SELECT " + strings.Repeat("(", 10) + "1" + strings.Repeat(sum+")", 10)
	if _, err := Parse(sql); sqlstate.CodeOf(err) != sqlstate.StatementTooComplex {
		t.Errorf("ten sums of 1,000 inside each other: %v", err)
	}
	// … but not over neighbours.
	for _, sql := range []string{
		"SELECT " + strings.Repeat("1+1, ", 20_000) + "1",
		"VALUES " + strings.Repeat("(1+1, -2),", 20_000) + "(1, 1)",
		"SELECT " + strings.Repeat("a = 1 OR ", 50_000) + "true",
		"SELECT " + strings.Repeat("a = 1 AND ", 50_000) + "true",
		strings.Repeat("SELECT (1+1);", 20_000),
		"SELECT CASE" + strings.Repeat(" WHEN a THEN b", 20_000) + " END",
		"SELECT a" + strings.Repeat(".b", MaxDepth/2),
	} {
		if _, err := Parse(sql); err != nil {
			t.Errorf("%.40s…: %v", sql, err)
		}
	}
}

// Ten megabytes of anything are parsed or refused soon, and in memory that a
// server can spare. The bounds are far above what it takes, so that a busy machine
// does not fail them; anything quadratic would take hours.
func TestTenMegabytes(t *testing.T) {
	size := 10 << 20
	if testing.Short() { // under the race detector everything takes ten times as long
		size = 1 << 20
	}
	repeat := func(before, part, after string) string {
		return before + strings.Repeat(part, size/len(part)) + after
	}
	for name, sql := range map[string]string{
		"targets":           repeat("SELECT 1", ",1", ""),
		"sum":               repeat("SELECT 1", "+1", ""),
		"plus minus":        repeat("SELECT 1", "+-", "1"),
		"plus minus lt":     repeat("SELECT 1<", "+-", "1"),
		"operator":          repeat("SELECT 1 ", "@", "1"),
		"operator comments": repeat("SELECT 1 ", "@/**/", "1"),
		"open comments":     repeat("SELECT 1 ", "/*", ""),
		"comments":          repeat("SELECT 1 ", "/**/", ""),
		"line comments":     repeat("SELECT 1 ", "--\n", ""),
		"string":            repeat("SELECT '", "abc''", "'"),
		"strings":           repeat("SELECT 'a'", "\n'a'", ""),
		"escapes":           repeat("SELECT E'", `\u00e4\ud83d\ude00`, "'"),
		"unicode":           repeat("SELECT U&'", `\00e4`, "'"),
		"unterminated":      repeat("SELECT '", "a", ""),
		"dollars":           repeat("SELECT ", "$a$ ", ""),
		"dollar tags":       repeat("SELECT $a", "$a", ""),
		"identifier":        repeat("SELECT ", "ä", ""),
		"identifiers":       repeat("SELECT ", "ä.", "b"),
		"quoted identifier": repeat(`SELECT "`, `""`, `"`),
		"number":            repeat("SELECT ", "1", ""),
		"semicolons":        repeat("", ";", ""),
		"selects":           repeat("", "SELECT;", ""),
		"spaces":            repeat("SELECT 1", " ", "2"),
		"parentheses":       repeat("SELECT ", "(", ""),
		"values":            repeat("VALUES (1)", ",(1)", ""),
		"sequence options":  repeat("CREATE SEQUENCE s", " NO CYCLE", ""),
		"unserved":          repeat("INSERT INTO t VALUES (1)", ",(1)", ""),
		"long names":        repeat("", "SELECT "+strings.Repeat("x", 100)+";", ""),
		"not utf-8":         repeat("SELECT '", "a", "\xff'"),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := Parse(sql)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 600<<20 {
				t.Errorf("allocated %d MB", used>>20)
			}
			var e *sqlstate.Error
			if err != nil && !errors.As(err, &e) {
				t.Errorf("error is a %T", err)
			}
			t.Logf("%v, %d MB: %.80v", took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, err)
		})
	}
}

// An error's text may hold the whole rest of the message, as PostgreSQL's does;
// it must not be built more than once.
func TestOpenCommentsAreLinear(t *testing.T) {
	_, err := Parse(strings.Repeat("/*", 1_000_000))
	if e := sqlstate.From(err); e.Code != sqlstate.SyntaxError || e.Position != 1 ||
		!strings.HasPrefix(e.Message, "unterminated /* comment") {
		t.Errorf("%.100v", err)
	}
}
