package syscat

import (
	"slices"
	"strings"

	"seqd/engine"
	"seqd/engine/query/builtin"
	"seqd/protocol/pgtypes"
)

// defaultRows are a table's rows in pg_attrdef.
func defaultRows(t *engine.Table) [][]value {
	var out [][]value
	for i := range t.Columns {
		if d := t.Columns[i].Default; d != nil {
			out = append(out, []value{oid(d.OID), oid(t.OID), num(int64(i + 1)), DefaultTree(d)})
		}
	}
	return out
}

// DefaultTree is a default as pg_attrdef.adbin holds it: its pieces with the OIDs
// of sequences between them, whose names pg_get_expr puts in.
func DefaultTree(d *engine.Default) value {
	return text(d.Text(func(seq engine.OID) string {
		return treeMark + pgtypes.TextOf(pgtypes.Oid, oid(seq)) + treeMark
	}))
}

// treeMark stands around an OID in an expression that is kept as text; no text of
// a user holds it.
const treeMark = "\x01"

// listMark stands between the expressions of a list (pg_index.indexprs).
const listMark = "\x02"

// TreeList are the expressions of a list.
func TreeList(tree string) []string { return strings.Split(tree, listMark) }

// TreeText is the text of an expression, with each OID in it as name shows it.
func TreeText(tree string, name func(engine.OID) string) string {
	var out []byte
	for i := 0; i < len(tree); i++ {
		if tree[i] != treeMark[0] {
			out = append(out, tree[i])
			continue
		}
		n := engine.OID(0)
		for i++; i < len(tree) && tree[i] != treeMark[0]; i++ {
			n = n*10 + engine.OID(tree[i]-'0')
		}
		out = append(out, name(n)...)
	}
	return string(out)
}

// constraintRows are a table's rows in pg_constraint.
func constraintRows(t *engine.Table) [][]value {
	var out [][]value
	for i := range t.Constraints {
		out = append(out, constraintRow(t, &t.Constraints[i]))
	}
	return out
}

func constraintByOID(env Env, key value) Rows {
	var rows [][]value
	env.Database().Tables(func(t *engine.Table) bool {
		if c := t.ConstraintByOID(keyOID(key)); c != nil {
			rows = append(rows, constraintRow(t, c))
		}
		return len(rows) == 0
	})
	return each(rows, fillRow)
}

func constraintRow(t *engine.Table, c *engine.Constraint) []value {
	letter := func(b byte) value {
		if c.Kind != engine.ConstraintForeign {
			return char(' ')
		}
		return char(b)
	}
	confkey, conbin := null, null
	eq := null
	if c.Kind == engine.ConstraintForeign {
		confkey = numbers(c.ReferencedColumns)
		eq = equalities(t, c.Columns)
	}
	if c.Kind == engine.ConstraintCheck {
		conbin = text(c.Check)
	}
	noInherit := c.NoInherit || c.Kind != engine.ConstraintCheck
	return []value{
		oid(c.OID), text(c.Name), oid(t.Schema), char(byte(c.Kind)), flag(c.Deferrable), flag(c.Deferred), flag(!c.NotValid),
		oid(t.OID), num(0), oid(c.Index), num(0), oid(c.References), letter(c.OnUpdate), letter(c.OnDelete), letter(c.Match),
		flag(true), num(0), flag(noInherit), numbers(c.Columns), confkey, eq, eq, eq, null, null, conbin,
	}
}

// numbers is an int2[] of column numbers.
func numbers(list []int16) value {
	var elems []value
	for _, n := range list {
		elems = append(elems, num(int64(n)))
	}
	return pgtypes.List(pgtypes.Int2, elems)
}

// equalities are the = operators of columns, of those types that keys have.
func equalities(t *engine.Table, columns []int16) value {
	operators := map[pgtypes.OID]int64{pgtypes.Int2: 94, pgtypes.Int4: 96, pgtypes.Int8: 410, pgtypes.UUID: 2972, pgtypes.Numeric: 1752}
	var elems []value
	for _, n := range columns {
		op := int64(98) // text
		if c := t.ColumnAt(n); c != nil && operators[pgtypes.OID(c.Type)] != 0 {
			op = operators[pgtypes.OID(c.Type)]
		}
		elems = append(elems, num(op))
	}
	return pgtypes.List(pgtypes.Oid, elems)
}

func indexRows(env Env) Rows { return indexes(env, collect(env.Database().Indexes)) }

func indexes(env Env, list []*engine.Index) Rows {
	return each(list, func(row []value, i *engine.Index) { indexRow(env, row, i) })
}

func indexRow(env Env, row []value, ix *engine.Index) {
	t, ok := env.Database().TableByOID(ix.Table)
	if !ok {
		t = &engine.Table{}
	}
	var keys, colls, classes, options []value
	immediate := true
	for i := range t.Constraints {
		if t.Constraints[i].Index == ix.OID && t.Constraints[i].Kind != engine.ConstraintForeign {
			immediate = !t.Constraints[i].Deferrable
		}
	}
	var expressions []string
	for _, c := range ix.Columns {
		if c.Expression != "" {
			expressions = append(expressions, c.Expression)
		}
		typ, coll := pgtypes.OID(pgtypes.Text), engine.OID(0)
		if col := t.ColumnAt(c.Number); col != nil {
			typ, coll = pgtypes.OID(col.Type), col.Collation
		}
		if coll == 0 {
			coll = TypeCollation(typ)
		}
		if c.Collation != "" {
			coll = engine.OID(CollationNamed(c.Collation))
		}
		class := OpClass(typ)
		if c.OpClass != "" {
			class = opClassNamed(c.OpClass, ix.Method)
		}
		option := int64(0)
		if c.Desc {
			option |= 1
		}
		if c.NullsFirst {
			option |= 2
		}
		keys, colls = append(keys, num(int64(c.Number))), append(colls, oid(coll))
		classes, options = append(classes, num(int64(class))), append(options, num(option))
	}
	for _, n := range ix.Include {
		keys = append(keys, num(int64(n)))
	}
	predicate, exprs := null, null
	if len(expressions) > 0 {
		exprs = text(strings.Join(expressions, listMark))
	}
	if ix.Predicate != "" {
		predicate = text(ix.Predicate)
	}
	no, yes := flag(false), flag(true)
	copy(row, []value{
		oid(ix.OID), oid(ix.Table), num(int64(len(keys))), num(int64(len(ix.Columns))), flag(ix.Unique), flag(ix.NullsNotDistinct),
		flag(ix.Primary), no, flag(immediate), no, yes, no, yes, yes, no,
		vector(pgtypes.Int2, keys), vector(pgtypes.Oid, colls), vector(pgtypes.Oid, classes), vector(pgtypes.Int2, options), exprs, predicate,
	})
}

// vector is an int2vector or oidvector: an array that counts from 0.
func vector(elem pgtypes.OID, elems []value) value {
	return pgtypes.NewArray(&pgtypes.Array{Elem: elem, Elems: elems, Dims: []pgtypes.Dim{{Len: int32(len(elems)), Lower: 0}}})
}

// OpClass is the default B-tree operator class of a type, text's for those that
// are compared as text.
func OpClass(typ pgtypes.OID) uint32 {
	r, _ := builtin.FindRelation("", "pg_opclass")
	method, in, is := r.ColumnAt("opcmethod"), r.ColumnAt("opcintype"), r.ColumnAt("opcdefault")
	fallback := uint32(0)
	for _, row := range r.Rows() {
		if row[method].OID() != btreeAM || !row[is].Bool() {
			continue
		}
		switch row[in].OID() {
		case typ:
			return row[0].OID()
		case pgtypes.Text:
			fallback = row[0].OID()
		}
	}
	return fallback
}

// CollationNamed is the OID of a collation that an index names, 0 if there is none.
func CollationNamed(quoted string) uint32 {
	return namedOID("pg_collation", strings.Trim(quoted, `"`), func([]value, *builtin.Relation) bool { return true })
}

// opClassNamed is the operator class of a method by name.
func opClassNamed(name, method string) uint32 {
	am := namedOID("pg_am", method, func([]value, *builtin.Relation) bool { return true })
	return namedOID("pg_opclass", name, func(row []value, r *builtin.Relation) bool { return row[r.ColumnAt("opcmethod")].OID() == am })
}

// namedOID finds a row of a catalog whose name is in a column that ends in "name".
func namedOID(catalog, name string, fits func([]value, *builtin.Relation) bool) uint32 {
	r, _ := builtin.FindRelation("", catalog)
	column := slices.IndexFunc(r.Columns, func(c builtin.Column) bool { return strings.HasSuffix(c.Name, "name") })
	for _, row := range r.Rows() {
		if row[column].Text() == name && fits(row, r) {
			return row[0].OID()
		}
	}
	return 0
}

// HasMark tells whether an expression names sequences by their OIDs.
func HasMark(tree string) bool { return strings.Contains(tree, treeMark) }
