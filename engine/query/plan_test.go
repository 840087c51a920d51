package query

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func analyze(t *testing.T, f *fakeSession, sql string, declared ...pgtypes.OID) *Plan {
	t.Helper()
	stmt, err := parseSelect(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	p, err := Analyze(stmt, f, append([]pgtypes.OID{}, declared...)) // not nil: parameters may be inferred
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return p
}

// TestParameterTypes: what PostgreSQL 15's ParameterDescription says (X6 and
// statements prepared on a server, types read from pg_prepared_statements).
func TestParameterTypes(t *testing.T) {
	for _, c := range []struct {
		sql      string
		declared []pgtypes.OID
		want     []pgtypes.OID
	}{
		{"SELECT nextval($1)", nil, []pgtypes.OID{pgtypes.Regclass}},
		{"SELECT setval($1, $2, $3)", nil, []pgtypes.OID{pgtypes.Regclass, pgtypes.Int8, pgtypes.Bool}},
		{"SELECT $1 + 1", nil, []pgtypes.OID{pgtypes.Int4}},
		{"SELECT $1::int8", nil, []pgtypes.OID{pgtypes.Int8}},
		{"SELECT $1", nil, []pgtypes.OID{pgtypes.Text}},
		{"SELECT $1 = $2", nil, []pgtypes.OID{pgtypes.Text, pgtypes.Text}},
		{"SELECT $1 + 1, nextval($1)", nil, []pgtypes.OID{pgtypes.Int4}},
		{"SELECT $1 || 'a'", nil, []pgtypes.OID{pgtypes.Text}},
		{"SELECT 1 WHERE $1", nil, []pgtypes.OID{pgtypes.Bool}},
		{"SELECT x FROM generate_series(1, 3) x LIMIT $1 OFFSET $2", nil, []pgtypes.OID{pgtypes.Int8, pgtypes.Int8}},
		{"SELECT x FROM generate_series(1, $1) x WHERE x = $2", nil, []pgtypes.OID{pgtypes.Int4, pgtypes.Int4}},
		{"SELECT $1 BETWEEN 1 AND 2.5", nil, []pgtypes.OID{pgtypes.Int4}},
		{"SELECT 5 IN ($1, $2)", nil, []pgtypes.OID{pgtypes.Int4, pgtypes.Int4}},
		{"SELECT 5 = ANY ($1)", nil, []pgtypes.OID{pgtypes.Int4Array}},
		{"SELECT COALESCE($1, 5)", nil, []pgtypes.OID{pgtypes.Int4}},
		{"SELECT CASE WHEN $1 THEN $2 ELSE 1.5 END", nil, []pgtypes.OID{pgtypes.Bool, pgtypes.Numeric}},
		{"SELECT $1", []pgtypes.OID{pgtypes.Date}, []pgtypes.OID{pgtypes.Date}},
		{"VALUES ($1, 1), (2.5, $2)", nil, []pgtypes.OID{pgtypes.Numeric, pgtypes.Int4}},
	} {
		p := analyze(t, newFakeSession(), c.sql, c.declared...)
		if !slices.Equal(p.Params, c.want) {
			t.Errorf("%s: parameter types %v, want %v", c.sql, p.Params, c.want)
		}
	}
}

func TestParameterErrors(t *testing.T) {
	for _, c := range []struct {
		sql      string
		code     sqlstate.Code
		message  string
		position int
	}{
		{"SELECT $2::int", sqlstate.IndeterminateDatatype, "could not determine data type of parameter $1", 0},
		{"SELECT $1 IS NULL", sqlstate.IndeterminateDatatype, "could not determine data type of parameter $1", 0},
		{"SELECT $1::bool, nextval($1)", sqlstate.UndefinedFunction, "function nextval(boolean) does not exist", 18},
		{"SELECT $0", sqlstate.UndefinedParameter, "there is no parameter $0", 8},
		{"SELECT $70000", sqlstate.UndefinedParameter, "there is no parameter $70000", 8},
	} {
		stmt, err := parseSelect(c.sql)
		if err == nil {
			_, err = Analyze(stmt, newFakeSession(), []pgtypes.OID{})
		}
		e := sqlstate.From(err)
		if err == nil || e.Code != c.code || e.Message != c.message || e.Position != c.position {
			t.Errorf("%s: got %+v, want %s %q at %d", c.sql, err, c.code, c.message, c.position)
		}
	}
}

func TestNextvals(t *testing.T) {
	f := newFakeSession()
	calls := func(c ...Nextval) []Nextval { return c }
	for sql, want := range map[string][]Nextval{
		"SELECT nextval('s')":                            calls(Nextval{seqS, -1}),
		"SELECT pg_catalog.nextval('s'::regclass) AS x":  calls(Nextval{seqS, -1}),
		"SELECT nextval($1)":                             calls(Nextval{0, 0}),
		"SELECT nextval('s'), nextval($1), nextval('s')": calls(Nextval{seqS, -1}, Nextval{0, 0}, Nextval{seqS, -1}),
		"SELECT $1::int, nextval($2)":                    nil,
		"SELECT nextval('s') LIMIT 1":                    nil,
		"SELECT nextval('s'), 1":                         nil,
		"SELECT nextval('s') FROM s":                     nil,
		"SELECT nextval(NULL)":                           nil,
		"SELECT nextval('s'::text)":                      nil,
		"SELECT nextval('s') UNION SELECT 1":             nil,
		"VALUES (nextval('s'))":                          nil,
		"SELECT currval('s')":                            nil,
		"SELECT":                                         nil,
	} {
		if got := analyze(t, f, sql).Nextvals(); !slices.Equal(got, want) {
			t.Errorf("%s: got %+v, want %+v", sql, got, want)
		}
	}
}

// TestStreams: a long series needs no memory that grows with it, and asks for
// cancellation as it goes.
func TestStreams(t *testing.T) {
	f := newFakeSession()
	rows, err := analyze(t, f, "SELECT nextval('s') FROM generate_series(1, 1000000)").Open(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n := 0
	for {
		row, err := rows.Next()
		if err != nil {
			t.Fatal(err)
		}
		if row == nil {
			break
		}
		n++
		if row[0].Int() != int64(n) {
			t.Fatalf("row %d is %d", n, row[0].Int())
		}
	}
	runtime.ReadMemStats(&after)
	if n != 1_000_000 || f.calls != n {
		t.Errorf("%d rows, %d calls", n, f.calls)
	}
	if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > 1<<20 {
		t.Errorf("allocated %d bytes over %d rows", grown, n)
	}
	if f.rows < n/1000 {
		t.Errorf("asked for interrupts %d times over %d rows", f.rows, n)
	}
}

func TestCancelStopsEveryLoop(t *testing.T) {
	for _, sql := range []string{
		"SELECT count(*) FROM generate_series(1, 100000000000)",
		"SELECT 1 FROM generate_series(1, 100000000000) x WHERE x < 0",
		"SELECT x FROM generate_series(1, 100000000000) x ORDER BY x",
		"SELECT x FROM generate_series(1, 100000000000) x UNION SELECT 1",
		"SELECT 1 FROM generate_series(1, 100000000000) a JOIN generate_series(1, 10) b ON a < b OFFSET 1000",
		"SELECT (SELECT count(*) FROM generate_series(1, 100000000000))",
		"SELECT x FROM generate_series(1, 100000000000) x OFFSET 99999999999",
		"SELECT DISTINCT 1 FROM generate_series(1, 100000000000) x OFFSET 1",
	} {
		f := newFakeSession()
		f.stop = true
		if _, err := f.run(sql, 1000); sqlstate.CodeOf(err) != sqlstate.QueryCanceled {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// TestPlanIsReusable: two executions at once of one plan don't disturb each other.
func TestPlanIsReusable(t *testing.T) {
	f := newFakeSession()
	p := analyze(t, f, "SELECT x, CASE x WHEN 1 THEN 'a' ELSE 'b' END, (SELECT count(*) FROM generate_series(1, x)), x BETWEEN 1 AND $1 FROM generate_series(1, 3) x ORDER BY x")
	a, err := p.Open(f, []pgtypes.Value{pgtypes.NewInt(1)})
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Open(f, []pgtypes.Value{pgtypes.NewInt(5)})
	if err != nil {
		t.Fatal(err)
	}
	for x := int64(1); x <= 3; x++ {
		for i, rows := range []Rows{a, b} {
			row, err := rows.Next()
			if err != nil || row == nil {
				t.Fatal(row, err)
			}
			limit := []int64{1, 5}[i]
			if row[0].Int() != x || row[2].Int() != x || (row[1].Text() == "a") != (x == 1) || row[3].Bool() != (x <= limit) {
				t.Errorf("execution %d, row %d: %v", i, x, row)
			}
		}
	}
}

func TestDeepExpressions(t *testing.T) {
	f := newFakeSession()
	depth := parser.MaxDepth - 100
	for _, sql := range []string{
		"SELECT 1" + strings.Repeat("+1", depth),
		"SELECT " + strings.Repeat("(", depth) + "1" + strings.Repeat(")", depth),
		"SELECT " + strings.Repeat("NOT ", depth) + "true",
		"SELECT " + strings.Repeat("CASE WHEN true THEN ", depth/2) + "1" + strings.Repeat(" END", depth/2),
		"SELECT " + strings.Repeat("(", 40) + "1" + strings.Repeat("+1 BETWEEN SYMMETRIC 1 AND 2)::int", 40),
		"SELECT x" + strings.Repeat("+x", depth) + " FROM generate_series(1, 2) x GROUP BY x" + strings.Repeat("+x", depth),
		"SELECT 1" + strings.Repeat(" UNION ALL SELECT 1", 500),
	} {
		if _, err := f.run(sql, 10); err != nil {
			switch sqlstate.CodeOf(err) {
			case sqlstate.StatementTooComplex:
			default:
				t.Errorf("%.60s…: %v", sql, err)
			}
		}
	}
}

func TestEvalConst(t *testing.T) {
	f := newFakeSession()
	arg := func(sql string) parser.Expr {
		stmt, err := parseSelect("SELECT " + sql)
		if err != nil {
			t.Fatal(err)
		}
		return stmt.Targets[0].Expr
	}
	v, err := EvalConst(arg("'s'"), f, pgtypes.Regclass)
	if err != nil || v.OID() != uint32(seqS) {
		t.Errorf("regclass: %v %v", v, err)
	}
	if v, err = EvalConst(arg("1.5 + 1"), f, pgtypes.Int4); err != nil || v.Int() != 3 {
		t.Errorf("int4: %v %v", v, err)
	}
	if _, err = EvalConst(arg("true"), f, pgtypes.Int4); sqlstate.CodeOf(err) != sqlstate.DatatypeMismatch {
		t.Errorf("mismatch: %v", err)
	}
	if _, err = EvalConst(arg("$1"), f, pgtypes.Int4); sqlstate.CodeOf(err) != sqlstate.UndefinedParameter {
		t.Errorf("parameter: %v", err)
	}
}

// FuzzRun: nothing that parses makes analysis, planning or a few rows panic.
func FuzzRun(f *testing.F) {
	for _, s := range []string{
		"SELECT nextval('s') FROM generate_series(1,3) x ORDER BY x DESC LIMIT 1",
		"WITH a AS (SELECT 1 x) SELECT a.*, (SELECT max(x) FROM a b WHERE b.x = a.x) FROM a JOIN a c USING (x) GROUP BY x HAVING count(*) > 0",
		"SELECT '{1,2}'::int[], ARRAY[1,2] || 3, (ARRAY[1,2])[1:2], 'a' LIKE '%', 'x' ~ '[a-z]', format('%s', 1), 1.5::numeric(3,1)",
		"SELECT date '2024-01-01' + interval '1 month', extract(year from now()), CASE 1 WHEN 2 THEN 3 END, $1::text, (1,2) < (3,4)",
		"VALUES (1, NULL), (2.5, 'x') UNION ALL SELECT 1, 'y' ORDER BY 1 FETCH FIRST 1 ROW WITH TIES",
		"SELECT DISTINCT ON (x) x, string_agg(x::text, ',' ORDER BY x) FROM generate_series(1,4) x GROUP BY x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if len(sql) > 2000 {
			return
		}
		stmt, err := parseSelect(sql)
		if err != nil {
			return
		}
		s := newFakeSession()
		s.limit = 100
		plan, err := Analyze(stmt, s, []pgtypes.OID{})
		if err != nil {
			if !isSQLError(err) {
				t.Fatalf("%q: %v", sql, err)
			}
			return
		}
		plan.Explain(s)
		rows, err := plan.Open(s, make([]pgtypes.Value, len(plan.Params)))
		for n := 0; err == nil && n < 20; n++ {
			var row []pgtypes.Value
			if row, err = rows.Next(); row == nil {
				break
			}
			if len(row) < len(plan.Columns) {
				t.Fatalf("%q: %d values for %d columns", sql, len(row), len(plan.Columns))
			}
			for i, c := range plan.Columns {
				pgtypes.AppendText(nil, c.Type, row[i])
				if !row[i].IsNull() {
					_, _ = pgtypes.AppendBinary(nil, c.Type, row[i])
				}
			}
		}
		if err != nil && !isSQLError(err) {
			t.Fatalf("%q: %v", sql, err)
		}
	})
}

// isSQLError tells a refusal from a bug: XX000 is what only a sequence's OID may give.
func isSQLError(err error) bool {
	e := sqlstate.From(err)
	return e.Code != sqlstate.InternalError || strings.HasPrefix(e.Message, "could not open relation") || strings.HasPrefix(e.Message, "cache lookup failed")
}

// TestExplain: the costs that PostgreSQL 15 prints for the simple cases.
func TestExplain(t *testing.T) {
	f := newFakeSession()
	for sql, want := range map[string]string{
		"SELECT nextval('s')":                             "Result 0.00..0.01 1 8",
		"SELECT * FROM s x":                               "Seq Scan on s x 0.00..1.01 1 17",
		"VALUES (1), (2)":                                 `Values Scan on "*VALUES*" 0.00..0.03 2 4`,
		"SELECT * FROM lastval()":                         "Function Scan on lastval 0.00..0.01 1 8",
		"SELECT nextval('s') FROM generate_series(1, 10)": "Function Scan on generate_series 0.00..0.13 10 8",
		"SELECT * FROM generate_series(1, 1000) LIMIT 5":  "Limit 0.00..0.05 5 4",
	} {
		n := analyze(t, f, sql).Explain(f)
		if got := fmt.Sprintf("%s %.2f..%.2f %.0f %d", n.Text, n.Start, n.Total, n.Rows, n.Width); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", sql, got, want)
		}
	}
	if f.calls != 0 {
		t.Error("EXPLAIN called nextval (N9)")
	}
}
