package query

import (
	"slices"
	"strings"

	"seqd/engine"
	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
)

func init() {
	register(map[string]envFunc{
		"pg_indexam_has_property": func(_ *frame, _ *callExpr, a []value) (value, error) {
			return methodProperty(methodOf(a[0].OID()), strings.ToLower(a[1].Text())), nil
		},
		"pg_index_has_property": func(f *frame, _ *callExpr, a []value) (value, error) {
			ix := indexShapeOf(f.s, a[0].OID())
			return indexProperty(ix.method, strings.ToLower(a[1].Text())), nil
		},
		"pg_index_column_has_property": func(f *frame, _ *callExpr, a []value) (value, error) {
			return indexShapeOf(f.s, a[0].OID()).columnProperty(a[1].Int(), strings.ToLower(a[2].Text())), nil
		},
	})
	registerSets(map[string]setFunc{"pg_get_keywords": keywords})
}

// accessMethods are the index access methods that initdb makes.
var accessMethods = []string{"btree", "hash", "gist", "gin", "spgist", "brin"}

func methodOf(oid uint32) string {
	if _, row := recordedRow("pg_am", "oid", oid); row != nil && slices.Contains(accessMethods, row[1].Text()) {
		return row[1].Text()
	}
	return ""
}

// methodsWith tells which access methods have a property; what is in none of the lists
// has an answer of NULL.
func methodsWith(method, property string, lists map[string]string) value {
	list, ok := lists[property]
	if !ok || method == "" {
		return value{}
	}
	return pgtypes.NewBool(slices.Contains(strings.Fields(list), method))
}

func methodProperty(method, property string) value {
	return methodsWith(method, property, map[string]string{
		"can_order": "btree", "can_unique": "btree", "can_multi_col": "btree gist gin brin",
		"can_exclude": "btree hash gist spgist", "can_include": "btree gist spgist",
	})
}

func indexProperty(method, property string) value {
	return methodsWith(method, property, map[string]string{
		"clusterable": "btree gist", "index_scan": "btree hash gist spgist",
		"bitmap_scan": "btree hash gist gin spgist brin", "backward_scan": "btree hash",
	})
}

// indexShape is what the properties of an index's columns follow from.
type indexShape struct {
	method  string
	keys    []engine.IndexColumn
	columns int // with those of INCLUDE
}

func indexShapeOf(s Session, oid uint32) indexShape {
	if ix, ok := s.Database().IndexByOID(engine.OID(oid)); ok {
		return indexShape{method: ix.Method, keys: ix.Columns, columns: len(ix.Columns) + len(ix.Include)}
	}
	r, row := recordedRow("pg_index", "indexrelid", oid)
	if row == nil {
		return indexShape{}
	}
	n := len(row[r.ColumnAt("indkey")].Array().Elems)
	return indexShape{method: "btree", keys: make([]engine.IndexColumn, n), columns: n}
}

// columnProperty is the part of PostgreSQL's indexam_property about columns. What
// gist and spgist can do depends on the operator class: they are not asked.
func (ix indexShape) columnProperty(column int64, property string) value {
	if column <= 0 || column > int64(ix.columns) {
		return value{}
	}
	key := column <= int64(len(ix.keys))
	switch property {
	case "returnable":
		return pgtypes.NewBool(ix.method == "btree")
	case "orderable":
		return pgtypes.NewBool(key && ix.method == "btree")
	case "distance_orderable":
		return pgtypes.NewBool(false)
	}
	if !key {
		return value{}
	}
	c := ix.keys[column-1]
	ordered := map[string]bool{"asc": !c.Desc, "desc": c.Desc, "nulls_first": c.NullsFirst, "nulls_last": !c.NullsFirst}
	if is, ok := ordered[property]; ok {
		return pgtypes.NewBool(is && ix.method == "btree")
	}
	return methodsWith(ix.method, property, map[string]string{"search_array": "btree", "search_nulls": "btree gist spgist brin"})
}

// keywords is pg_get_keywords.
func keywords(_ *frame, c *callExpr, _ []value) (setIterator, error) {
	var rows []value
	for _, k := range parser.Keywords() {
		bare := "can be bare label"
		if !k.BareLabel {
			bare = "requires AS"
		}
		rows = append(rows, recordOf(c.out, []value{pgtypes.NewText(k.Word), pgtypes.NewText(string(k.Class)),
			pgtypes.NewBool(k.BareLabel), pgtypes.NewText(keywordClasses[k.Class]), pgtypes.NewText(bare)}))
	}
	return fromList(rows, nil)
}

var keywordClasses = map[byte]string{
	'U': "unreserved", 'C': "unreserved (cannot be function or type name)",
	'T': "reserved (can be function or type name)", 'R': "reserved",
}

// primaryKey is the columns of a table's primary key.
func primaryKey(s Session, table uint32) []int16 {
	if t, ok := s.Database().TableByOID(engine.OID(table)); ok {
		for i := range t.Constraints {
			if c := &t.Constraints[i]; c.Kind == engine.ConstraintPrimary && !c.Deferrable {
				return c.Columns
			}
		}
		return nil
	}
	r, ok := builtin.FindRelation("", "pg_constraint")
	if !ok {
		return nil
	}
	kind, rel, key := r.ColumnAt("contype"), r.ColumnAt("conrelid"), r.ColumnAt("conkey")
	for _, row := range r.Rows() {
		if row[kind].Text() == "p" && row[rel].OID() == table {
			var columns []int16
			for _, n := range row[key].Array().Elems {
				columns = append(columns, int16(n.Int()))
			}
			return columns
		}
	}
	return nil
}
