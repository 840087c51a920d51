package builtin

import (
	"testing"

	"seqd/protocol/pgtypes"
)

// TestTablesAreWhole: what one table says of another's rows is there.
func TestTablesAreWhole(t *testing.T) {
	tab := load()
	if r, ok := FindRelation("", "pg_class"); !ok || r.OID != 1259 || len(relations().byOID) < 400 {
		t.Errorf("%d relations, pg_class is %v", len(relations().byOID), r)
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

// TestRecordedRows: every recorded file can be read, and belongs to a relation.
func TestRecordedRows(t *testing.T) {
	total := 0
	for r := range Relations() {
		for i, row := range r.Rows() {
			if len(row) != len(r.Columns) {
				t.Fatalf("%s: row %d has %d columns, not %d", r.Name, i, len(row), len(r.Columns))
			}
			total++
		}
		if (r.Kind == 'v') != (r.Definition != "") {
			t.Errorf("%s: a %c with definition %q", r.Name, r.Kind, r.Definition)
		}
	}
	if total < 15000 {
		t.Errorf("only %d rows", total)
	}
}
