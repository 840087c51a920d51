package parser

import "testing"

// expressionCases say what gram.y makes of expressions. Parentheses show what binds
// what; casts, calls and folded signs show what a construct stands for.
var expressionCases = []struct{ sql, want string }{
	{"1 + 2 * 3", "(1 + (2 * 3))"},
	{"1 - 2 - 3", "((1 - 2) - 3)"},
	{"2 ^ 3 ^ 2", "((2 ^ 3) ^ 2)"},
	{"- a ^ 2", "((- a) ^ 2)"},
	{"-2 ^ 2", "(-2 ^ 2)"},
	{"- - 5", "5"},
	{"-(5)", "-5"},
	{"-5::int8", "(- (5::int8))"},
	{"-2147483648", "-2147483648f"},
	{"+5", "(+ 5)"},
	{"-1.50", "-1.50f"},
	{"9223372036854775807", "9223372036854775807f"},
	{"007", "7"},
	{"a || b + c", "(a || (b + c))"},
	{"a || b = c", "((a || b) = c)"},
	{"@ a + b", "(@ (a + b))"},
	{"a != b", "(a <> b)"},
	{"not a = b and c or d", "(((NOT (a = b)) AND c) OR d)"},
	{"a and b and c or d or e", "((a AND b AND c) OR d OR e)"},
	{"a and (b and c)", "(a AND (b AND c))"},
	{"(a and b) and c", "(a AND b AND c)"},
	{"a = b is null", "((a = b) IS NULL)"},
	{"a isnull and b notnull", "((a IS NULL) AND (b IS NOT NULL))"},
	{"a is not true", "(a IS NOT TRUE)"},
	{"a is unknown", "(a IS UNKNOWN)"},
	{"a is distinct from b + 1", "(a IS DISTINCT FROM (b + 1))"},
	{"a in (1, 2) = b", "((a IN (1, 2)) = b)"},
	{"a not in (1)", "(a NOT IN (1))"},
	{"a between 1 and 2 + 3 and b", "((a BETWEEN 1 AND (2 + 3)) AND b)"},
	{"a not between symmetric 1 and 2", "(a NOT BETWEEN SYMMETRIC 1 AND 2)"},
	{"a like 'x' escape '!'", "(a {like}~~ pg_catalog.like_escape('x', '!'))"},
	{"a not ilike b || c", "(a {like}!~~* (b || c))"},
	{"a similar to 'x'", "(a {like}~ pg_catalog.similar_to_escape('x'))"},
	{"a not similar to 'x' escape 'y'", "(a {like}!~ pg_catalog.similar_to_escape('x', 'y'))"},
	{"a = any (b)", "(a = ANY (b))"},
	{"a <> all (array[1])", "(a <> ALL (ARRAY[1]))"},
	{"a operator(pg_catalog.~) b", "(a OPERATOR(pg_catalog.~) b)"},
	{"a at time zone 'x' at time zone 'y'", "pg_catalog.timezone('y', pg_catalog.timezone('x', a))"},
	{`a || b collate "C"`, `(a || (b COLLATE "C"))`},
	{"a::int::text", "((a::pg_catalog.int4)::text)"},
	{"'s'::regclass", "('s'::regclass)"},
	{"cast(a as numeric(10, 2)[])", "(a::pg_catalog.numeric(10, 2)[])"},
	{"int '1'", "('1'::pg_catalog.int4)"},
	{"pg_catalog.int8 '1'", "('1'::pg_catalog.int8)"},
	{"f(3) '1'", "('1'::f(3))"},
	{"char 'x'", "('x'::pg_catalog.bpchar)"},
	{"a::char", "(a::pg_catalog.bpchar(1))"},
	{"a::varchar(3)", "(a::pg_catalog.varchar(3))"},
	{"a::bit", `(a::pg_catalog.bit(1))`},
	{"a::bit varying(3)", "(a::pg_catalog.varbit(3))"},
	{"n'x'", "('x'::pg_catalog.bpchar)"},
	{"a::float(24)", "(a::pg_catalog.float4)"},
	{"a::float", "(a::pg_catalog.float8)"},
	{"a::real", "(a::pg_catalog.float4)"},
	{"a::smallint", "(a::pg_catalog.int2)"},
	{"a::bigint", "(a::pg_catalog.int8)"},
	{"a::boolean", "(a::pg_catalog.bool)"},
	{"a::double precision", "(a::pg_catalog.float8)"},
	{"a::timestamp(3) with time zone", "(a::pg_catalog.timestamptz(3))"},
	{"a::time", `(a::pg_catalog.time)`},
	{"interval '1' day", `('1'::pg_catalog.interval(8))`},
	{"interval(3) '1'", `('1'::pg_catalog.interval(32767, 3))`},
	{"a::interval day to second(2)", `(a::pg_catalog.interval(7176, 2))`},
	{"a::interval year to month", `(a::pg_catalog.interval(6))`},
	{"a::setof int", "(a::SETOF pg_catalog.int4)"},
	{"a.b.c", "a.b.c"},
	{"a.b[1].c[2:3].*", "(a.b)[1].c[2:3].*"},
	{"(a).b.c", "(a).b.c"},
	{"$1.a[2]", "($1).a[2]"},
	{"$4294967297", "$1"},
	{"a[:1], a[1:], a[:]", "(a)[:1]"},
	{`"A"."b c"`, `"A"."b c"`},
	{"f()", "f()"},
	{"count(*)", "count(*)"},
	{"f(1, a => 2, b := 3)", "f(1, a => 2, b => 3)"},
	{"f(a, variadic b)", "f(a, VARIADIC b)"},
	{"f(distinct a) filter (where b)", "f(DISTINCT a) FILTER b"},
	{"f(a) over w", "f(a) OVER WindowDef{Name:w}"},
	{"f() over (w partition by a rows 1 preceding)", "f() OVER WindowDef{RefName:w PartitionBy:[a] Frame:WindowFrame{Mode:ROWS Start:FrameBound{Offset:1} End:FrameBound{Current}}}"},
	{"extract(year from a)", "pg_catalog.extract('year', a)"},
	{"substring(a from 2 for 3)", "pg_catalog.substring(a, 2, 3)"},
	{"substring(a for 3)", "pg_catalog.substring(a, 1, (3::pg_catalog.int4))"},
	{"substring(a, 2)", "substring(a, 2)"},
	{"position(a in b)", "pg_catalog.position(b, a)"},
	{"overlay(a placing b from 1)", "pg_catalog.overlay(a, b, 1)"},
	{"trim(both 'x' from a)", "pg_catalog.btrim(a, 'x')"},
	{"trim(trailing from a)", "pg_catalog.rtrim(a)"},
	{"trim(leading 'x' from a)", "pg_catalog.ltrim(a, 'x')"},
	{"(1, 2) overlaps (3, 4)", `pg_catalog.overlaps(1, 2, 3, 4)`},
	{"a is nfd normalized", "pg_catalog.is_normalized(a, 'NFD')"},
	{"collation for (a)", "pg_catalog.pg_collation_for(a)"},
	{"current_timestamp(3)", "current_timestamp(3)"},
	{"session_user", "session_user"},
	{"nullif(a, b)", "(NULLIF a, b)"},
	{"coalesce(a, 1)", "COALESCE(a, 1)"},
	{"greatest(a, b)", "GREATEST(a, b)"},
	{"least(a)", "LEAST(a)"},
	{"case a when 1 then 2 else 3 end", "CASE a WHEN 1 THEN 2 ELSE 3 END"},
	{"case when a then b when c then d end", "CASE WHEN a THEN b WHEN c THEN d END"},
	{"array[[1, 2], [3]]", "ARRAY[ARRAY[1, 2], ARRAY[3]]"},
	{"row(1)", "ROW(1)"},
	{"(1, 2)", "(1, 2)"},
	{"b'01'", "b'01'"},
	{"X'1f'", "x'1f'"},
	{`E'\x41\u00e9\n'`, "'Aé\n'"},
	{`U&'\0041!' || U&'!0041' uescape '!'`, "('A!' || 'A')"},
	{"$x$a$y$b$x$", "'a$y$b'"},
	{"'a''b'", "'a''b'"},
	{"null", "NULL"},
	{"true", "TRUE"},
	{"exists (select 1)", "EXISTS SelectStmt{Targets:[ResTarget{Expr:1}]}"},
	{"a in (select 1)", "(a IN SelectStmt{Targets:[ResTarget{Expr:1}]})"},
	{"a not in (select 1)", "(NOT (a IN SelectStmt{Targets:[ResTarget{Expr:1}]}))"},
	{"((select 1)) + 2", "(SelectStmt{Targets:[ResTarget{Expr:1}]} + 2)"},
	{"array(select 1)", "ARRAY SelectStmt{Targets:[ResTarget{Expr:1}]}"},
}

func TestExpressions(t *testing.T) {
	for _, c := range expressionCases {
		r, err := Parse("SELECT " + c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if got := dumpExpr(r.Stmts[0].Stmt.(*SelectStmt).Targets[0].Expr); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.sql, got, c.want)
		}
	}
}

// Where PostgreSQL's exprLocation and parser_errposition point, as psql's caret
// shows it for errors of analysis.
func TestLocations(t *testing.T) {
	for _, c := range []struct {
		sql           string
		pos, leftmost Pos
	}{
		{"SELECT a + b", 10, 8},
		{"SELECT é + b", 10, 8},
		{"SELECT nosuch(1)", 8, 8},
		{"SELECT 'x'::nosuch", 11, 8},
		{"SELECT cast('x' as nosuch)", 8, 8},
		{"SELECT nosuch 'x'", 8, 8},
		{"SELECT - a", 8, 8},
		{"SELECT a IS NULL", 10, 8},
		{"SELECT a AND b", 10, 8},
		{"SELECT NOT a", 8, 8},
		{"SELECT a IN (1)", 10, 8},
		{"SELECT (a)[1]", 8, 8},
		{"SELECT a COLLATE b", 10, 8},
		{"SELECT a AT TIME ZONE b", 10, 10},
	} {
		r, err := Parse(c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		e := r.Stmts[0].Stmt.(*SelectStmt).Targets[0].Expr
		if got := ownPos(e); got != c.pos {
			t.Errorf("%s: Pos %d, want %d", c.sql, got, c.pos)
		}
		if got := e.Location(); got != c.leftmost {
			t.Errorf("%s: Location %d, want %d", c.sql, got, c.leftmost)
		}
	}
}

func ownPos(e Expr) Pos {
	switch e := e.(type) {
	case *AExpr:
		return e.Pos
	case *FuncCall:
		return e.Pos
	case *TypeCast:
		return e.Pos
	case *NullTest:
		return e.Pos
	case *BoolExpr:
		return e.Pos
	case *CollateClause:
		return e.Pos
	}
	return e.Location()
}
