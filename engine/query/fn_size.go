package query

import (
	"seqd/engine"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// Sizes are those that PostgreSQL's files would have: what is declared here is as large
// there as long as it has no rows.

// pageSize is PostgreSQL's: a sequence takes one page there, and one more for its
// initial state if it is unlogged.
const pageSize = 8192

// indexPages are the pages of an empty index, by method; of a hash index it depends on
// the width of rows.
var indexPages = map[string]int64{"btree": 1, "hash": 6, "gist": 1, "gin": 2, "spgist": 3, "brin": 1}

// sizeOf is pg_relation_size of a fork, or with "" of all forks.
func sizeOf(s Session, oid uint32, fork string) (value, error) {
	switch fork {
	case "", "main", "init", "fsm", "vm":
	default:
		return value{}, sqlstate.New(sqlstate.InvalidParameterValue, "invalid fork name").
			WithHint(`Valid fork names are "main", "fsm", "vm", and "init".`)
	}
	found, ok := s.Database().RelationByOID(engine.OID(oid))
	if !ok {
		if _, _, known := relationByOID(s, engine.OID(oid)); !known {
			return value{}, nil
		}
		return pgtypes.NewInt(0), nil
	}
	main, initial := int64(0), int64(0)
	switch r := found.(type) {
	case *engine.Sequence:
		main = pageSize
		initial = initialSize(r.Persistence, pageSize)
	case *engine.Index:
		main = indexPages[r.Method] * pageSize
		if t, ok := s.Database().TableByOID(r.Table); ok {
			initial = initialSize(t.Persistence, pageSize)
		}
	}
	size := int64(0)
	if fork == "" || fork == "main" {
		size += main
	}
	if fork == "" || fork == "init" {
		size += initial
	}
	return pgtypes.NewInt(size), nil
}

func initialSize(p engine.Persistence, size int64) int64 {
	if p == engine.Unlogged {
		return size
	}
	return 0
}

// tableSize is pg_table_size and pg_total_relation_size: with the TOAST table, whose
// index has a page, and maybe with the indexes.
func tableSize(s Session, oid uint32, indexes bool) (value, error) {
	size, err := sizeOf(s, oid, "")
	if t, ok := s.Database().TableByOID(engine.OID(oid)); ok && err == nil {
		n := size.Int()
		if needsToast(t) {
			n += pageSize + initialSize(t.Persistence, pageSize)
		}
		if indexes {
			n += indexesSize(s, oid)
		}
		size = pgtypes.NewInt(n)
	}
	return size, err
}

func indexesSize(s Session, oid uint32) (n int64) {
	s.Database().IndexesOf(engine.OID(oid), func(ix *engine.Index) bool {
		if size, err := sizeOf(s, uint32(ix.OID), ""); err == nil {
			n += size.Int()
		}
		return true
	})
	return n
}

// toastThreshold is TOAST_TUPLE_THRESHOLD: rows that can't be larger need no TOAST table.
const toastThreshold = 2032

// needsToast is needs_toast_table.
func needsToast(t *engine.Table) bool {
	size, toastable := int64(0), false
	for i := range t.Columns {
		c := &t.Columns[i]
		typ, ok := pgtypes.TypeByOID(pgtypes.OID(c.Type))
		if c.Dropped || !ok {
			continue
		}
		align := map[byte]int64{'c': 1, 's': 2, 'i': 4, 'd': 8}[typ.Align]
		size = (size + align - 1) / align * align
		if typ.Len > 0 {
			size += int64(typ.Len)
			continue
		}
		longest := longestValue(pgtypes.OID(c.Type), c.Typmod)
		if typ.Storage != 'p' {
			if toastable = true; longest < 0 {
				return true
			}
		}
		size += max(longest, 0)
	}
	header := int64(23 + (len(t.Columns)+7)/8)
	return toastable && (header+7)/8*8+(size+7)/8*8 > toastThreshold
}

// longestValue is type_maximum_size, -1 if there is no limit.
func longestValue(typ pgtypes.OID, typmod int32) int64 {
	if typmod < 0 {
		return -1
	}
	const header = 4
	switch typ {
	case pgtypes.BPChar, pgtypes.Varchar: // in characters, of four bytes at the most
		return int64(typmod-header)*4 + header
	case pgtypes.Numeric:
		precision := int64(typmod-header) >> 16 & 0xffff
		return 2*header + 2*((precision+6)/4)
	case pgtypes.Bit, pgtypes.Varbit:
		return int64(typmod+7)/8 + 2*header
	}
	return -1
}
