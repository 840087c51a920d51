// Package syscat is the tables of pg_catalog and information_schema: rows that
// initdb makes, as package builtin records them, and rows of the engine's own
// objects (sequences, schemas, roles …). Views are no business of it: they are
// queries over these tables. Every table can be read whole, or by the value of a
// column that has an index, which costs what it finds and not what there is.
package syscat

import (
	"sync"

	"seqd/engine"
	"seqd/engine/query/builtin"
	"seqd/protocol/pgtypes"
)

type value = pgtypes.Value

// Env is what rows are made from.
type Env interface {
	Catalog() *engine.Catalog
	Database() *engine.Database
}

// Rows yields rows into the slice it is given, one a call: false at the end.
type Rows func(row []pgtypes.Value) bool

// Table is a system catalog.
type Table struct {
	rel  *builtin.Relation
	live *live // nil: recorded rows only

	mu      sync.Mutex
	byValue map[int]map[string][]int32 // column → key → places of recorded rows
}

// live is the part of a table that comes from the engine.
type live struct {
	rows func(env Env) Rows
	size func(env Env) int // about, nil: few
	// by finds rows by a column: only these columns have an index.
	by map[string]func(env Env, key pgtypes.Value) Rows
}

var tables = sync.OnceValue(func() map[uint32]*Table {
	m := map[uint32]*Table{}
	for r := range builtin.Relations() {
		if r.Kind != 'r' {
			continue
		}
		t := &Table{rel: r, byValue: map[int]map[string][]int32{}}
		if l, ok := lives[r.Name]; ok && r.Schema == "pg_catalog" {
			t.live = &l
		}
		m[r.OID] = t
	}
	return m
})

// ByOID returns a system catalog.
func ByOID(oid engine.OID) (*Table, bool) {
	t, ok := tables()[uint32(oid)]
	return t, ok
}

// Relation describes the table.
func (t *Table) Relation() *builtin.Relation { return t.rel }

// Indexed tells whether rows can be looked up by a column, from 0.
func (t *Table) Indexed(column int) bool {
	return t.live == nil || t.live.by[t.rel.Columns[column].Name] != nil
}

// Size is about how many rows there are.
func (t *Table) Size(env Env) int {
	n := len(t.rel.Rows())
	if t.live != nil && t.live.size != nil {
		n += t.live.size(env)
	}
	return n
}

// Scan yields all rows.
func (t *Table) Scan(env Env) Rows {
	rows := recorded(t.rel.Rows(), len(t.rel.Rows()), func(i int) int { return i })
	if t.live == nil {
		return rows
	}
	return chain(rows, func() Rows { return t.live.rows(env) })
}

// Lookup yields the rows whose column has a value, which is not NULL.
func (t *Table) Lookup(env Env, column int, key pgtypes.Value) Rows {
	places := t.index(column)[string(pgtypes.AppendKey(nil, t.keyType(column), key))]
	rows := recorded(t.rel.Rows(), len(places), func(i int) int { return int(places[i]) })
	if t.live == nil {
		return rows
	}
	return chain(rows, func() Rows { return t.live.by[t.rel.Columns[column].Name](env, key) })
}

// keyType compares reg… columns as the numbers they are.
func (t *Table) keyType(column int) pgtypes.OID {
	if typ := t.rel.Columns[column].Type; !pgtypes.IsReg(typ) {
		return typ
	}
	return pgtypes.Oid
}

// index maps a column's values to the places of recorded rows; it is made at
// first use.
func (t *Table) index(column int) map[string][]int32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	ix, ok := t.byValue[column]
	if !ok {
		ix = map[string][]int32{}
		var key []byte
		for i, row := range t.rel.Rows() {
			if !row[column].IsNull() {
				key = pgtypes.AppendKey(key[:0], t.keyType(column), row[column])
				ix[string(key)] = append(ix[string(key)], int32(i))
			}
		}
		t.byValue[column] = ix
	}
	return ix
}

// recorded yields n of the recorded rows, the i-th of them from place(i).
func recorded(all [][]value, n int, place func(i int) int) Rows {
	at := 0
	return func(row []value) bool {
		if at < n {
			copy(row, all[place(at)])
			at++
			return true
		}
		return false
	}
}

// chain yields the rows of a, then those of b.
func chain(a Rows, b func() Rows) Rows {
	first := true
	return func(row []value) bool {
		if first {
			if a(row) {
				return true
			}
			first = false
			a = b()
		}
		return a(row)
	}
}

// each makes a row of every object.
func each[T any](list []T, fill func(row []value, item T)) Rows {
	at := 0
	return func(row []value) bool {
		if at == len(list) {
			return false
		}
		fill(row, list[at])
		at++
		return true
	}
}

// collect takes the objects of an iteration. An immutable catalog's objects are
// pointers: this is eight bytes for each.
func collect[T any](walk func(func(T) bool)) []T {
	var list []T
	walk(func(item T) bool {
		list = append(list, item)
		return true
	})
	return list
}

// found is a lookup's result as a list.
func found[T any](item T, ok bool) []T {
	if !ok {
		return nil
	}
	return []T{item}
}

// OIDs of the catalogs that are named in others' rows.
const (
	classCatalog      = 1259
	authidCatalog     = 1260
	databaseCatalog   = 1262
	attrdefCatalog    = 2604
	constraintCatalog = 2606
	typeCatalog       = 1247
	namespaceCatalog  = 2615
	defaultTablespace = 1663
)

func num(n int64) value      { return pgtypes.NewInt(n) }
func oid(o engine.OID) value { return pgtypes.NewInt(int64(o)) }
func text(s string) value    { return pgtypes.NewText(s) }
func flag(b bool) value      { return pgtypes.NewBool(b) }
func char(c byte) value      { return pgtypes.NewText(string(rune(c))) }
func float(f float64) value  { return pgtypes.NewFloat(f) }

var null value
