package builtin

import (
	"bytes"
	"context"
	"flag"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/protocol/pgtypes"
)

var rewrite = flag.Bool("rewrite", false, "record the tables from the PostgreSQL 15 at SEQD_PG_DSN")

// recorded are the queries that make the tables, by file.
var recorded = map[string]string{
	"functions.tsv": `SELECT p.oid, p.proname, p.prokind, p.provolatile, p.proisstrict, p.proretset, p.provariadic, p.pronargdefaults,
 p.prorettype, p.proargtypes,
 CASE l.lanname WHEN 'internal' THEN p.prosrc ELSE 'sql:' || p.proname || '/' || p.pronargs END,
 COALESCE(array_to_string(p.proallargtypes, ' '), ''), COALESCE(array_to_string(p.proargmodes, ''), ''),
 COALESCE(array_to_string(p.proargnames, ' ', '-'), ''), COALESCE(pg_get_expr(p.proargdefaults, 0), '')
 FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
 WHERE pronamespace = 11 AND p.oid < 16384 ORDER BY proname COLLATE "C", p.oid`,
	"operators.tsv": `SELECT oid, oprname, oprkind, oprleft, oprright, oprresult, oprcode::oid, oprcom, oprnegate, oprcanhash, oprcanmerge
 FROM pg_operator WHERE oprnamespace = 11 ORDER BY oprname COLLATE "C", oid`,
	"relations.tsv": `SELECT c.oid, n.nspname, relname, relkind FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
 WHERE nspname IN ('pg_catalog', 'information_schema') AND relkind IN ('r', 'v') AND c.oid < 16384 ORDER BY 1`,
	"casts.tsv": `SELECT castsource, casttarget, castfunc, castcontext, castmethod FROM pg_cast WHERE oid < 16384 ORDER BY 1, 2`,
}

func TestMain(m *testing.M) {
	flag.Parse()
	if *rewrite {
		if err := record(context.Background()); err != nil {
			println(err.Error())
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// record writes the tables anew.
func record(ctx context.Context) error {
	c, err := pgconn.Connect(ctx, os.Getenv("SEQD_PG_DSN"))
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	for file, query := range recorded {
		r := c.ExecParams(ctx, query, nil, nil, nil, nil).Read()
		if r.Err != nil {
			return r.Err
		}
		var b bytes.Buffer
		for _, row := range r.Rows {
			b.Write(bytes.Join(row, []byte("\t")))
			b.WriteByte('\n')
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// TestTablesAreWhole: what one table says of another's rows is there.
func TestTablesAreWhole(t *testing.T) {
	tab := load()
	if r, ok := FindRelation("", "pg_class"); !ok || r.OID != 1259 || len(relations().byOID) < 200 {
		t.Errorf("%d relations, pg_class is %+v", len(relations().byOID), r)
	}
	if len(tab.functionByOID) < 3000 || len(tab.operatorByOID) < 700 || len(tab.allCasts) < 200 {
		t.Fatalf("%d functions, %d operators, %d casts", len(tab.functionByOID), len(tab.operatorByOID), len(tab.allCasts))
	}
	for _, op := range tab.operatorByOID {
		if op.Func == nil {
			t.Errorf("operator %d %s has no function", op.OID, op.Name)
			continue
		}
		want := 2
		if op.Left == 0 {
			want = 1
		}
		if len(op.Func.Args) != want {
			t.Errorf("operator %d %s: function of %d arguments", op.OID, op.Name, len(op.Func.Args))
		}
	}
	for _, c := range tab.allCasts {
		if (c.Func != nil) != (c.Method == 'f') {
			t.Errorf("cast %d to %d: method %c, function %v", c.Source, c.Target, c.Method, c.Func)
		}
	}
}

// TestSequenceFunctions pins the functions that seqd is about (I1 of the
// behaviour notes: their OIDs are PostgreSQL's).
func TestSequenceFunctions(t *testing.T) {
	for oid, want := range map[uint32]struct {
		name string
		args int
	}{1574: {"nextval", 1}, 1575: {"currval", 1}, 1576: {"setval", 2}, 1765: {"setval", 3}, 2559: {"lastval", 0},
		3078: {"pg_sequence_parameters", 1}, 4032: {"pg_sequence_last_value", 1}, 1665: {"pg_get_serial_sequence", 2}} {
		fn, ok := FunctionByOID(oid)
		if !ok || fn.Name != want.name || len(fn.Args) != want.args {
			t.Errorf("%d: %+v, want %s/%d", oid, fn, want.name, want.args)
		}
	}
	fn, _ := FunctionByOID(3078)
	if len(fn.Out) != 7 || fn.Out[0] != (OutArg{"start_value", pgtypes.Int8}) || fn.Out[6] != (OutArg{"data_type", pgtypes.Oid}) {
		t.Errorf("pg_sequence_parameters: columns %+v", fn.Out)
	}
	if c, ok := FindCast(pgtypes.Text, pgtypes.Regclass); !ok || c.Context != 'i' || c.Func.Source != "text_regclass" {
		t.Errorf("cast of text to regclass: %+v", c)
	}
}
