package codec

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"reflect"
	"testing"

	"seqd/engine"
	"seqd/engine/acl"
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
		if !ok || fn.Recv == nil || (fn.Name.Name != "command" && fn.Name.Name != "key") {
			continue
		}
		found++
		name := fn.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name
		if !known[name] {
			t.Errorf("%s has no golden entry", name)
		}
	}
	if found < 11 {
		t.Errorf("found only %d commands and writes", found)
	}
}

// TestEveryObjectIsEncoded reads the engine for types that are objects.
func TestEveryObjectIsEncoded(t *testing.T) {
	known := map[string]bool{"Sequence": true} // has writes of its own
	for _, w := range everyObject() {
		known[reflect.TypeOf(w.(*engine.Put).Object).Elem().Name()] = true
	}
	files, err := filepath.Glob("../../engine/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Name.Name != "at" || fn.Type.Results == nil || types.ExprString(fn.Type.Results.List[0].Type) != "Object" {
				continue
			}
			found++
			if name := fn.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name; !known[name] {
				t.Errorf("%s has no golden entry", name)
			}
		}
	}
	if found < 11 {
		t.Errorf("found only %d objects", found)
	}
}

func someDatabase() *engine.DatabaseInfo {
	return &engine.DatabaseInfo{OID: 16399, Name: "d", Owner: 16385, ACL: acl.ACL{}, AllowConnections: true, ConnectionLimit: -1, IsTemplate: true, Version: 12}
}

// everyObject is one object of each kind (but sequences) with every field set.
func everyObject() []engine.Write {
	some := acl.ACL{{Grantee: 16385, Grantor: 10, Held: acl.Usage | acl.Create, Option: acl.Create}}
	var writes []engine.Write
	for _, o := range []engine.Object{
		&engine.Role{OID: 16385, Name: "r", Superuser: true, Inherit: true, CreateRole: true, CreateDB: true, CanLogin: true, Replication: true,
			BypassRLS: true, ConnectionLimit: -1, Password: "SCRAM-SHA-256$…", ValidUntil: engine.MinusInfinity, Version: 3},
		&engine.Membership{Role: 3373, Member: 16385, Grantor: 10, Admin: true, Version: 4},
		&engine.Setting{Database: 16399, Role: 16385, Config: []engine.Parameter{{Name: "search_path", Value: "a, b"}, {Name: "x.y", Value: ""}}, Version: 5},
		someDatabase(),
		&engine.Schema{OID: 16390, Name: "n", Owner: 16385, ACL: some, Version: 4},
		&engine.DefaultACL{OID: 16391, Role: 16385, Schema: 16390, Kind: 'S', ACL: some, Version: 6},
		&engine.Table{OID: 16386, Schema: 16390, Name: "t", Owner: 16385, Persistence: engine.Permanent, ACL: some, Version: 7,
			Columns: []engine.Column{
				{Name: "id", Type: 20, Typmod: -1, NotNull: true, Identity: 'a', ACL: some},
				{Name: "a", Type: 1015, Typmod: 14, Dims: 2, Collation: 950,
					Default: &engine.Default{OID: 16387, Pieces: []string{"f(", "", ""}, Sequences: []engine.OID{16384, 16384}}},
				{Name: "........pg.dropped.3........", Typmod: -1, Dropped: true},
			},
			Constraints: []engine.Constraint{
				{OID: 16392, Name: "t_pkey", Kind: engine.ConstraintPrimary, Columns: []int16{1}, Index: 16393, Deferrable: true, Deferred: true},
				{OID: 16394, Name: "t_fk", Kind: engine.ConstraintForeign, Columns: []int16{1, 0}, Index: 16393, References: 16386,
					ReferencedColumns: []int16{1, -1}, OnUpdate: 'a', OnDelete: 'c', Match: 's', NotValid: true},
				{OID: 16395, Name: "t_check", Kind: engine.ConstraintCheck, Check: "(a > 0)", NoInherit: true},
			}},
		&engine.Index{OID: 16393, Schema: 16390, Name: "t_pkey", Table: 16386, Unique: true, Primary: true, NullsNotDistinct: true, Method: "btree",
			Columns: []engine.IndexColumn{{Number: 1, Desc: true, NullsFirst: true}, {Expression: "lower(a)", Collation: "C", OpClass: "text_ops"}},
			Include: []int16{2}, Predicate: "(id > 0)", Version: 7},
		&engine.Comment{Class: engine.ClassRelation, OID: 16386, Column: 1, Text: "t", Version: 8},
		&engine.SecurityLabel{Class: engine.ClassDatabase, OID: 16399, Column: 2, Provider: "p", Label: "l", Version: 9},
	} {
		writes = append(writes, &engine.Put{Object: o, Expect: 2})
	}
	return writes
}

// TestSnapshotKeepsEveryField builds a store with every field of every object set:
// that everyObject sets them all is known from TestEveryFieldIsEncoded.
func TestSnapshotKeepsEveryField(t *testing.T) {
	seq := engine.Sequence{OID: 16384, Schema: 16390, Name: "s", Owner: 16385, Persistence: engine.Temporary, Order: engine.OrderNode, Version: 5,
		Params:  sequence.Params{Type: sequence.SmallInt, Start: 2, Increment: 3, Min: 1, Max: 99, Cache: 4, Cycle: true},
		ACL:     acl.ACL{},
		OwnedBy: engine.OwnedBy{Table: 16386, Column: 1, Identity: true}}
	pos := engine.Position{State: sequence.State{LastValue: 5, LogCount: 6, IsCalled: true}, Epoch: 7, Serial: 8}
	set := fields{}
	for _, v := range []any{seq, pos} {
		set.walk(reflect.ValueOf(v))
	}
	for _, w := range everyObject() {
		set.walk(reflect.ValueOf(w))
	}
	set.walk(reflect.ValueOf(someCluster()))               // comes back equal in TestSnapshotsRoundTrip
	set[reflect.TypeFor[sqlstate.Error]()]["Cause"] = true // for logs alone: no result of a command has one
	for _, name := range []string{"Schema", "Table", "Constraint"} {
		set[reflect.TypeFor[sqlstate.Error]()][name] = true // added where a session is told
	}
	set.check(t)

	r := engine.NewRestore(20000)
	var want []engine.Object
	for _, name := range []string{"pg_monitor"} {
		want = append(want, &engine.Role{OID: 3373, Name: name})
	}
	for _, w := range everyObject() {
		want = append(want, w.(*engine.Put).Object)
	}
	want = append(want, &seq)
	for _, o := range want {
		err := r.In(16399, o)
		if o.Key().Class.Shared() {
			err = r.Shared(o)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	id := engine.SequenceID{Database: 16399, Sequence: 16384}
	if err := r.Position(id, pos); err != nil {
		t.Fatal(err)
	}
	s, err := r.Store()
	if err != nil {
		t.Fatal(err)
	}
	_, back, _, err := ReadSnapshot(bytes.NewReader(write(t, Header{}, s, someCluster())))
	if err != nil {
		t.Fatal(err)
	}
	db, _ := back.Catalog().DatabaseByOID(16399)
	if db == nil || back.Catalog().NextOID() != 20000 {
		t.Fatal("the database is not there, or the counter is wrong")
	}
	got := map[engine.Key]engine.Object{db.Key(): &db.DatabaseInfo}
	collect := func(o engine.Object) bool { got[o.Key()] = o; return true }
	back.Catalog().Shared(collect)
	db.Objects(collect)
	for _, o := range want {
		if !reflect.DeepEqual(got[o.Key()], o) {
			t.Errorf("%+v was read as %+v", o, got[o.Key()])
		}
	}
	if gotPos, _ := back.Position(id); gotPos != pos || len(got) != len(want) {
		t.Errorf("position %+v, %d objects for %d", gotPos, len(got), len(want))
	}
}
