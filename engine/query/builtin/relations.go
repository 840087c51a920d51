package builtin

import (
	"iter"
	"strconv"
	"strings"
	"sync"

	"seqd/protocol/pgtypes"
)

// Relation is a system catalog or view: a row of pg_class as initdb leaves it,
// and its columns.
type Relation struct {
	OID          uint32
	Schema, Name string
	SchemaOID    uint32
	Kind         byte   // relkind: r table, v view, i index, t TOAST table
	RowType      uint32 // the composite type of its rows, 0 if there is none
	Columns      []Column
	// Definition is a view's query, Pretty the same with less parentheses.
	Definition, Pretty string

	lazyRows
}

// Column is a column of a Relation. Domains are what they are over: Type never is one.
type Column struct {
	Name   string
	Type   pgtypes.OID
	Typmod int32
}

type relationName struct{ schema, name string }

type relationTable struct {
	byName map[relationName]*Relation
	byOID  map[uint32]*Relation
	list   []*Relation
}

// Schemas that initdb makes.
const (
	pgCatalogOID         = 11
	pgToastOID           = 99
	informationSchemaOID = 13207
)

var schemaNames = map[uint32]string{
	pgCatalogOID: "pg_catalog", pgToastOID: "pg_toast", informationSchemaOID: "information_schema",
}

// SchemaName is the name of a schema that initdb makes.
func SchemaName(oid uint32) (string, bool) {
	name, ok := schemaNames[oid]
	return name, ok
}

// relations reads pg_class and pg_attribute, whose own columns stand in the order
// of pg_class.h and pg_attribute.h.
var relations = sync.OnceValue(func() *relationTable {
	t := &relationTable{byName: map[relationName]*Relation{}, byOID: map[uint32]*Relation{}}
	lines("pg_class", func(f []string) {
		r := &Relation{OID: num(f[0]), Name: f[1], SchemaOID: num(f[2]), Schema: schemaNames[num(f[2])], RowType: num(f[3]), Kind: f[16][0]}
		t.byName[relationName{r.Schema, r.Name}], t.byOID[r.OID] = r, r
		t.list = append(t.list, r)
	})
	lines("pg_attribute", func(f []string) {
		if strings.HasPrefix(f[5], "-") { // a system column
			return
		}
		mod, err := strconv.ParseInt(f[8], 10, 32)
		if err != nil {
			panic("builtin: " + err.Error())
		}
		c := Column{Name: f[1], Typmod: int32(mod)}
		base, baseMod := pgtypes.BaseOf(num(f[2]))
		if c.Type = base; base != num(f[2]) {
			c.Typmod = baseMod
		}
		r := t.byOID[num(f[0])]
		r.Columns = append(r.Columns, c)
	})
	lines("views", func(f []string) {
		r := t.byOID[num(f[0])]
		r.Definition, r.Pretty = f[1], f[2]
	})
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

// Relations are all system relations in OID order.
func Relations() iter.Seq[*Relation] {
	return func(yield func(*Relation) bool) {
		for _, r := range relations().list {
			if !yield(r) {
				return
			}
		}
	}
}

// ColumnAt is the place of a column in the rows, from 0; it must exist.
func (r *Relation) ColumnAt(name string) int {
	for i := range r.Columns {
		if r.Columns[i].Name == name {
			return i
		}
	}
	panic("builtin: " + r.Name + " has no column " + name)
}
