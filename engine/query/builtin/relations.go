package builtin

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

// Relation is a system catalog or view: a row of pg_class as initdb leaves it.
type Relation struct {
	OID          uint32
	Schema, Name string
	Kind         byte // relkind: r table, v view
}

//go:embed relations.tsv
var relationsTSV string

type relationName struct{ schema, name string }

var relations = sync.OnceValue(func() (t struct {
	byName map[relationName]*Relation
	byOID  map[uint32]*Relation
}) {
	t.byName, t.byOID = map[relationName]*Relation{}, map[uint32]*Relation{}
	for line := range strings.Lines(relationsTSV) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		oid, err := strconv.ParseUint(f[0], 10, 32)
		if err != nil || len(f) != 4 {
			panic("builtin: relations.tsv: " + line)
		}
		r := &Relation{OID: uint32(oid), Schema: f[1], Name: f[2], Kind: f[3][0]}
		t.byName[relationName{r.Schema, r.Name}], t.byOID[r.OID] = r, r
	}
	return t
})

// FindRelation finds a system relation; without a schema only pg_catalog is
// searched, as every search path does.
func FindRelation(schema, name string) (*Relation, bool) {
	if schema == "" {
		schema = "pg_catalog"
	}
	r, ok := relations().byName[relationName{schema, name}]
	return r, ok
}

// RelationByOID finds a system relation.
func RelationByOID(oid uint32) (*Relation, bool) {
	r, ok := relations().byOID[oid]
	return r, ok
}
