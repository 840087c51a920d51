package parser

import "testing"

// What statements become. Positions and empty fields are left out.
func TestStatements(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"create temp sequence if not exists a.b as int increment by - 5 no maxvalue cycle owned by none",
			"CreateSequenceStmt{Persistence:116 IfNotExists Name:RangeVar{Schema:a Name:b} Options:[" +
				"SeqOption{Kind:1 Type:pg_catalog.int4}, SeqOption{Kind:4 Value:-5}, SeqOption{Kind:5 Bool}, " +
				"SeqOption{Kind:3 Bool}, SeqOption{Kind:7 Name:[none]}]}"},
		{"create sequence d.a.b minvalue +007 maxvalue 9223372036854775808 cache 1.50 no cycle start with 3 restart",
			"CreateSequenceStmt{Persistence:112 Name:RangeVar{Catalog:d Schema:a Name:b} Options:[" +
				"SeqOption{Kind:6 Value:7}, SeqOption{Kind:5 Value:9223372036854775808}, SeqOption{Kind:2 Value:1.50}, " +
				"SeqOption{Kind:3}, SeqOption{Kind:9 Value:3}, SeqOption{Kind:10}]}"},
		{"alter sequence if exists s restart with -1 owned by t.c no minvalue",
			"AlterSequenceStmt{IfExists Name:RangeVar{Name:s} Options:[SeqOption{Kind:10 Value:-1}, " +
				"SeqOption{Kind:7 Name:[t, c]}, SeqOption{Kind:6 Bool}]}"},
		{"alter sequence s rename to t", "RenameStmt{Object:sequence Name:RangeVar{Name:s} NewName:t}"},
		{"alter table only s owner to current_user", "AlterOwnerStmt{Object:table Name:RangeVar{Name:s Only} Owner:RoleSpec{Keyword:current_user}}"},
		{`alter view if exists s owner to "Joe"`, "AlterOwnerStmt{Object:view IfExists Name:RangeVar{Name:s} Owner:RoleSpec{Name:Joe}}"},
		{"alter sequence s set schema x", "AlterObjectSchemaStmt{Object:sequence Name:RangeVar{Name:s} NewSchema:x}"},
		{"alter sequence s set unlogged", "AlterPersistenceStmt{Object:sequence Name:RangeVar{Name:s} Persistence:117}"},
		{"alter sequence s owner to a, set logged",
			"AlterTableStmt{Object:sequence Name:RangeVar{Name:s} Commands:[AlterTableCmd{Kind:15 Owner:RoleSpec{Name:a}}, AlterTableCmd{Kind:16}]}"},
		{"drop sequence if exists a, b.c cascade",
			"DropStmt{Object:sequence IfExists Names:[RangeVar{Name:a}, RangeVar{Schema:b Name:c}] Behavior}"},
		{"begin isolation level repeatable read, read only not deferrable",
			"TransactionStmt{Kind:1 Modes:[TransactionMode{Isolation:repeatable read}, TransactionMode{ReadOnly:true}, TransactionMode{Deferrable:false}]}"},
		{"commit and chain", "TransactionStmt{Kind:3 Chain}"},
		{"rollback to savepoint a", "TransactionStmt{Kind:7 Savepoint:a}"},
		{"release savepoint", "TransactionStmt{Kind:6 Savepoint:savepoint}"},
		{"prepare transaction 'x'", "TransactionStmt{Kind:8 GID:x}"},
		{"set local search_path to a, 'B', 1.5, on",
			"VariableSetStmt{Name:search_path Values:['a', 'B', 1.5f, 'on'] Local}"},
		{`set "A".b = default`, "VariableSetStmt{Name:A.b Default}"},
		{"set time zone interval '+00:00' hour to minute", `VariableSetStmt{Name:timezone Values:[('+00:00'::pg_catalog.interval(3072))]}`},
		{"set time zone local", "VariableSetStmt{Name:timezone Default}"},
		{"set names 'utf8'", "VariableSetStmt{Name:client_encoding Values:['utf8']}"},
		{"set schema 'x'", "VariableSetStmt{Name:search_path Values:['x']}"},
		{"set role none", "VariableSetStmt{Name:role Values:['none']}"},
		{"set session authorization default", "VariableSetStmt{Name:session_authorization Default}"},
		{"set session characteristics as transaction read write",
			"VariableSetStmt{Name:SESSION CHARACTERISTICS Modes:[TransactionMode{ReadOnly:false}]}"},
		{"set transaction read only", "VariableSetStmt{Name:TRANSACTION Modes:[TransactionMode{ReadOnly:true}]}"},
		{"set a from current", "VariableSetStmt{Name:a FromCurrent}"},
		{"reset all", "VariableSetStmt{All Reset}"},
		{"reset session authorization", "VariableSetStmt{Name:session_authorization Default Reset}"},
		{"show transaction isolation level", "VariableShowStmt{Name:transaction_isolation}"},
		{"show all", "VariableShowStmt{Name:all}"},
		{"discard sequences", "DiscardStmt{Target:3}"},
		{"checkpoint", "CheckpointStmt{}"},
		{"prepare p (int, text[]) as select $1",
			"PrepareStmt{Name:p Types:[pg_catalog.int4, text[]] Query:SelectStmt{Targets:[ResTarget{Expr:$1}]}}"},
		{"execute p (1, 'x')", "ExecuteStmt{Name:p Args:[1, 'x']}"},
		{"deallocate prepare all", "DeallocateStmt{}"},
		{"deallocate prepare", "DeallocateStmt{Name:prepare}"},
		{"explain (analyze, costs off) (select 1)",
			"ExplainStmt{Options:[ExplainOption{Name:analyze}, ExplainOption{Name:costs Value:off}] Query:SelectStmt{Targets:[ResTarget{Expr:1}]}}"},
		{"explain (select 1)", "ExplainStmt{Query:SelectStmt{Targets:[ResTarget{Expr:1}]}}"},
		{"insert into t values (1)", "UnservedStmt{Tag:INSERT Relation:RangeVar{Name:t}}"},
		{"create or replace temp view v as select 1", "UnservedStmt{Tag:CREATE VIEW}"},
		{"create user joe", "CreateRoleStmt{User Name:joe}"},
		{"truncate t", "TruncateStmt{Tables:[RangeVar{Name:t}]}"},
		{"with a as (select 1) delete from t", "UnservedStmt{Tag:DELETE Relation:RangeVar{Name:t}}"},
	} {
		checkStatement(t, c.sql, c.want)
	}
}

func TestQueries(t *testing.T) {
	const one = "SelectStmt{Targets:[ResTarget{Expr:1}]}"
	for _, c := range []struct{ sql, want string }{
		{"select a as b, c d, *, t.*", "SelectStmt{Targets:[ResTarget{Name:b Expr:a}, ResTarget{Name:d Expr:c}, ResTarget{Expr:*}, ResTarget{Expr:t.*}]}"},
		{"select 1 and from t", "SelectStmt{Targets:[ResTarget{Name:and Expr:1}] From:[RangeVar{Name:t}]}"},
		{"select from only a.t as x (b, c)", "SelectStmt{From:[RangeVar{Schema:a Name:t Only Alias:Alias{Name:x Columns:[b, c]}}]}"},
		{"select distinct on (a) b", "SelectStmt{Distinct DistinctOn:[a] Targets:[ResTarget{Expr:b}]}"},
		{"select 1 union select 1 intersect all select 1",
			"SelectStmt{Op:1 Left:" + one + " Right:SelectStmt{Op:2 All Left:" + one + " Right:" + one + "}}"},
		{"select 1 union select 1 except select 1",
			"SelectStmt{Op:3 Left:SelectStmt{Op:1 Left:" + one + " Right:" + one + "} Right:" + one + "}"},
		{"select 1 union (select 1 limit 2) order by 1 desc nulls last",
			"SelectStmt{OrderBy:[SortBy{Expr:1 Desc Nulls:2}] Op:1 Left:" + one + " Right:SelectStmt{Targets:[ResTarget{Expr:1}] Limit:2}}"},
		{"(select 1 order by 1) limit 2 offset 3", "SelectStmt{Targets:[ResTarget{Expr:1}] OrderBy:[SortBy{Expr:1}] Limit:2 Offset:3}"},
		{"values (1, default), (2)", "SelectStmt{Values:[[1, DEFAULT], [2]]}"},
		{"table a", "SelectStmt{Targets:[ResTarget{Expr:*}] From:[RangeVar{Name:a}]}"},
		{"select 1 limit all", "SelectStmt{Targets:[ResTarget{Expr:1}] Limit:NULL}"},
		{"select 1 fetch first row only", "SelectStmt{Targets:[ResTarget{Expr:1}] Limit:1}"},
		{"select 1 for no key update of a nowait for share skip locked",
			"SelectStmt{Targets:[ResTarget{Expr:1}] Locking:[LockingClause{Strength:NO KEY UPDATE Of:[RangeVar{Name:a}] NoWait}, LockingClause{Strength:SHARE Skip}]}"},
		{"select 1 into t", "SelectStmt{Targets:[ResTarget{Expr:1}] Into:RangeVar{Name:t}}"},
		{"select a group by a, (), rollup (b) having c", "SelectStmt{Targets:[ResTarget{Expr:a}] GroupBy:[a, EMPTY(), ROLLUP(b)] Having:c}"},
		{"with recursive a (b) as not materialized (select 1) select 1",
			"SelectStmt{Targets:[ResTarget{Expr:1}] With:WithClause{Recursive CTEs:[CommonTableExpr{Name:a Columns:[b] Materialized:false Query:" + one + "}]}}"},
		{"select from a join b join c using (x) on d cross join e",
			"SelectStmt{From:[JoinExpr{Type:4 Left:JoinExpr{Left:RangeVar{Name:a} Right:JoinExpr{Left:RangeVar{Name:b} Right:RangeVar{Name:c} Using:[x]} On:d} Right:RangeVar{Name:e}}]}"},
		{"select from (a natural left join b) as x", "SelectStmt{From:[JoinExpr{Type:1 Natural Left:RangeVar{Name:a} Right:RangeVar{Name:b} Alias:Alias{Name:x}}]}"},
		{"select from lateral (select 1) x", "SelectStmt{From:[RangeSubselect{Lateral Query:" + one + " Alias:Alias{Name:x}}]}"},
		{"select from f(1) with ordinality as x (a, b)", "SelectStmt{From:[RangeFunction{Ordinality Functions:[f(1)] Alias:Alias{Name:x Columns:[a, b]}}]}"},
		{"select from f(1) as x (a int, b text)", "SelectStmt{From:[RangeFunction{Functions:[f(1)] Alias:Alias{Name:x} ColumnDefs:[ColumnDef{Name:a Type:pg_catalog.int4}, ColumnDef{Name:b Type:text}]}]}"},
	} {
		checkStatement(t, c.sql, c.want)
	}
}

func checkStatement(t *testing.T, sql, want string) {
	t.Helper()
	r, err := Parse(sql)
	if err != nil {
		t.Errorf("%s: %v", sql, err)
		return
	}
	if got := dump(r.Stmts[0].Stmt); got != want {
		t.Errorf("%s\n got %s\nwant %s", sql, got, want)
	}
}

func TestRawStatements(t *testing.T) {
	r, err := Parse(" ; /* é */ SELECT 'é' ;; -- x\n\tSHOW é  -- y\n;")
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Stmts) != 2 {
		t.Fatalf("%d statements", len(r.Stmts))
	}
	for i, want := range []RawStmt{{Text: "SELECT 'é'", Pos: 12}, {Text: "SHOW é", Pos: 32}} {
		if got := r.Stmts[i]; got.Text != want.Text || got.Pos != want.Pos {
			t.Errorf("%d: %q at %d, want %q at %d", i, got.Text, got.Pos, want.Text, want.Pos)
		}
	}
}
