package codec

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"testing"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
)

// TestEveryFieldIsEncoded: a field that is added to the engine and forgotten here
// would be lost on the way through the log. The golden entries come back equal
// (TestGoldenEntries), so it is enough that they set every field there is.
func TestEveryFieldIsEncoded(t *testing.T) {
	set := fields{}
	for _, e := range goldenEntries() {
		set.walk(reflect.ValueOf(e))
	}
	set.check(t)
}

// fields is, by struct type, which fields were seen with a value.
type fields map[reflect.Type]map[string]bool

func (f fields) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			f.walk(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			f.walk(v.Index(i))
		}
	case reflect.Struct:
		if f[v.Type()] == nil {
			f[v.Type()] = map[string]bool{}
		}
		for i := range v.NumField() {
			if !v.Field(i).IsZero() {
				f[v.Type()][v.Type().Field(i).Name] = true
			}
			f.walk(v.Field(i))
		}
	}
}

func (f fields) check(t *testing.T) {
	t.Helper()
	for typ, seen := range f {
		for i := range typ.NumField() {
			if name := typ.Field(i).Name; !seen[name] {
				t.Errorf("%s.%s is set nowhere: is it encoded?", typ, name)
			}
		}
	}
}

// TestEveryCommandIsEncoded reads the engine for types that are commands or writes.
func TestEveryCommandIsEncoded(t *testing.T) {
	have := fields{}
	for _, e := range goldenEntries() {
		have.walk(reflect.ValueOf(e))
	}
	known := map[string]bool{}
	for typ := range have {
		known[typ.Name()] = true
	}
	file, err := parser.ParseFile(token.NewFileSet(), "../../engine/command.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, d := range file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv == nil || (fn.Name.Name != "command" && fn.Name.Name != "object") {
			continue
		}
		found++
		name := fn.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name
		if !known[name] {
			t.Errorf("%s has no golden entry", name)
		}
	}
	if found < 6 {
		t.Errorf("found only %d commands and writes", found)
	}
}

// TestSnapshotKeepsEveryField builds a store with every field of every object set.
func TestSnapshotKeepsEveryField(t *testing.T) {
	role := engine.Role{OID: 100, Name: "r", Superuser: true, CanLogin: true, Version: 3}
	schema := engine.Schema{OID: 102, Name: "n", Owner: 100, Version: 4}
	seq := engine.Sequence{OID: 103, Schema: 102, Name: "s", Owner: 100, Persistence: engine.Temporary, Order: engine.OrderNode, Version: 5,
		Params: sequence.Params{Type: sequence.SmallInt, Start: 2, Increment: 3, Min: 1, Max: 99, Cache: 4, Cycle: true}}
	pos := engine.Position{State: sequence.State{LastValue: 5, LogCount: 6, IsCalled: true}, Epoch: 7, Serial: 8}
	set := fields{}
	for _, v := range []any{role, schema, seq, pos} {
		set.walk(reflect.ValueOf(v))
	}
	set.walk(reflect.ValueOf(someCluster()))               // comes back equal in TestSnapshotsRoundTrip
	set[reflect.TypeFor[sqlstate.Error]()]["Cause"] = true // for logs alone: no result of a command has one
	set.check(t)

	r := engine.NewRestore(200)
	id := engine.SequenceID{Database: 101, Sequence: 103}
	for _, err := range []error{r.Role(role), r.Database(101, "d", 100), r.Schema(101, schema), r.Sequence(101, seq), r.Position(id, pos)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := r.Store()
	if err != nil {
		t.Fatal(err)
	}
	_, back, _, err := ReadSnapshot(bytes.NewReader(write(t, Header{}, s, someCluster())))
	if err != nil {
		t.Fatal(err)
	}
	gotRole, _ := back.Catalog().RoleByOID(100)
	db, _ := back.Catalog().DatabaseByOID(101)
	if db == nil || db.Name != "d" || db.Owner != 100 || back.Catalog().NextOID() != 200 {
		t.Fatalf("database %+v", db)
	}
	gotSchema, _ := db.SchemaByOID(102)
	gotSeq, _ := db.SequenceByOID(103)
	gotPos, _ := back.Position(id)
	for _, pair := range [][2]any{{*gotRole, role}, {*gotSchema, schema}, {*gotSeq, seq}, {gotPos, pos}} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%+v was read as %+v", pair[1], pair[0])
		}
	}
}
