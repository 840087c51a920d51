package syscat

import (
	"slices"
	"strings"
	"sync"

	"seqd/engine"
	"seqd/engine/query/builtin"
	"seqd/protocol/pgtypes"
)

// A declared table has a row type and an array of it, which follow from the table: their
// OIDs are the table's behind an offset that no object's own reaches. (PostgreSQL gives
// them the next two.)
const (
	rowTypes   engine.OID = 1 << 30
	arrayTypes engine.OID = rowTypes + 1<<29
	typesOf    engine.OID = 1 << 29 // tables from here on have none
)

// RowType is pg_class.reltype of a declared table.
func RowType(table engine.OID) engine.OID {
	if table >= typesOf {
		return 0
	}
	return rowTypes + table
}

// TypedTable is the table that a type belongs to, 0 if there is none, and tells whether
// it is the array.
func TypedTable(typ engine.OID) (table engine.OID, array bool) {
	switch {
	case typ >= rowTypes && typ < arrayTypes:
		return typ - rowTypes, false
	case typ >= arrayTypes && typ < arrayTypes+typesOf:
		return typ - arrayTypes, true
	}
	return 0, false
}

func typedTable(typ engine.OID) engine.OID {
	table, _ := TypedTable(typ)
	return table
}

// typeRows are a table's rows in pg_type: those that initdb made for a catalog, with the
// table's own in place of what tells them apart.
func typeRows(t *engine.Table) [][]value {
	if RowType(t.OID) == 0 {
		return nil
	}
	row, array := RowType(t.OID), arrayTypes+t.OID
	return [][]value{
		typeRow(t, "pg_class", row, t.Name, map[string]value{"typrelid": oid(t.OID), "typarray": oid(array)}),
		typeRow(t, "_pg_class", array, pgtypes.ClipName("_"+t.Name), map[string]value{"typelem": oid(row)}),
	}
}

func typeRow(t *engine.Table, like string, typ engine.OID, name string, with map[string]value) []value {
	r, _ := builtin.FindRelation("", "pg_type")
	out := slices.Clone(recordedTypes()[like])
	out[r.ColumnAt("oid")], out[r.ColumnAt("typname")] = oid(typ), text(name)
	out[r.ColumnAt("typnamespace")], out[r.ColumnAt("typowner")] = oid(t.Schema), oid(t.Owner)
	for column, v := range with {
		out[r.ColumnAt(column)] = v
	}
	return out
}

// recordedTypes are initdb's rows of pg_type by name.
var recordedTypes = sync.OnceValue(func() map[string][]value {
	r, _ := builtin.FindRelation("", "pg_type")
	named, m := r.ColumnAt("typname"), map[string][]value{}
	for _, row := range r.Rows() {
		m[row[named].Text()] = row
	}
	return m
})

// typesWhere finds rows of pg_type by a number in a column.
func typesWhere(column string, table func(key engine.OID) engine.OID) func(env Env, key value) Rows {
	return func(env Env, key value) Rows {
		r, _ := builtin.FindRelation("", "pg_type")
		var rows [][]value
		for _, t := range found(env.Database().TableByOID(table(keyOID(key)))) {
			for _, row := range typeRows(t) {
				if row[r.ColumnAt(column)].OID() == key.OID() {
					rows = append(rows, row)
				}
			}
		}
		return each(rows, fillRow)
	}
}

func typesNamed(env Env, key value) Rows {
	r, _ := builtin.FindRelation("", "pg_type")
	name := key.Text()
	tables := tablesNamed(env, name)
	switch {
	case len(pgtypes.ClipName("_"+name)) < len(name)+1: // as long as a name can be: maybe clipped
		tables = collect(env.Database().Tables)
	case strings.HasPrefix(name, "_"):
		tables = append(tables, tablesNamed(env, name[1:])...)
	}
	rows := flat(tables, typeRows)
	return each(slices.DeleteFunc(rows, func(row []value) bool { return row[r.ColumnAt("typname")].Text() != name }), fillRow)
}

// tablesNamed looks in every schema.
func tablesNamed(env Env, name string) (list []*engine.Table) {
	env.Database().Schemas(func(s *engine.Schema) bool {
		if r, ok := env.Database().Relation(s.OID, name); ok {
			if t, ok := r.(*engine.Table); ok {
				list = append(list, t)
			}
		}
		return true
	})
	return list
}

// typeDependencies: the row type goes with its table, the array with it.
func typeDependencies(t *engine.Table) []dependency {
	row := RowType(t.OID)
	if row == 0 {
		return nil
	}
	return []dependency{
		{class: typeCatalog, object: row, refClass: classCatalog, ref: t.OID, kind: 'i'},
		{class: typeCatalog, object: arrayTypes + t.OID, refClass: typeCatalog, ref: row, kind: 'i'},
	}
}
