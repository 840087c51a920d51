package syscat

import (
	"sync"

	"seqd/engine"
	"seqd/engine/query/builtin"
	"seqd/engine/sequence"
	"seqd/protocol/pgtypes"
)

// relations are the engine's relations, all of them.
func relations(env Env) []engine.Relation {
	db := env.Database()
	list := make([]engine.Relation, 0, db.SequenceCount())
	db.Sequences(func(s *engine.Sequence) bool { list = append(list, s); return true })
	db.Tables(func(t *engine.Table) bool { list = append(list, t); return true })
	db.Indexes(func(i *engine.Index) bool { list = append(list, i); return true })
	return list
}

func relationCount(env Env) int { return env.Database().SequenceCount() }

func classRows(env Env) Rows { return classes(env, relations(env)) }

func classByOID(env Env, key value) Rows {
	return classes(env, found(env.Database().RelationByOID(keyOID(key))))
}

// classByName looks a name up in every schema.
func classByName(env Env, key value) Rows {
	var list []engine.Relation
	env.Database().Schemas(func(s *engine.Schema) bool {
		list = append(list, found(env.Database().Relation(s.OID, key.Text()))...)
		return true
	})
	return classes(env, list)
}

func classes(env Env, list []engine.Relation) Rows {
	return each(list, func(row []value, r engine.Relation) {
		switch r := r.(type) {
		case *engine.Sequence:
			sequenceClass(env, row, r)
		case *engine.Table:
			tableClass(env, row, r)
		case *engine.Index:
			indexClass(env, row, r)
		}
	})
}

// class is what differs between rows of pg_class.
type class struct {
	oid, schema, owner    engine.OID
	rowType               engine.OID
	name                  string
	am                    int64
	pages                 int64
	tuples                float64
	hasIndex, hasTriggers bool
	persistence           engine.Persistence
	kind                  byte
	columns, checks       int
	identity              byte // relreplident
	frozen, multi         int64
	acl                   value
}

func (c *class) fill(row []value) {
	no := flag(false)
	copy(row, []value{
		oid(c.oid), text(c.name), oid(c.schema), oid(c.rowType), num(0), oid(c.owner), num(c.am), oid(c.oid), num(0), // … reltablespace
		num(c.pages), float(c.tuples), num(0), num(0), flag(c.hasIndex), no, char(byte(c.persistence)), char(c.kind), num(int64(c.columns)),
		num(int64(c.checks)), no, flag(c.hasTriggers), no, no, no, flag(true), char(c.identity), no, // … relispartition
		num(0), num(c.frozen), num(c.multi), c.acl, null, null,
	})
}

func sequenceClass(env Env, row []value, s *engine.Sequence) {
	c := class{oid: s.OID, schema: s.Schema, owner: s.Owner, name: s.Name, pages: 1, tuples: 1, persistence: s.Persistence,
		kind: 'S', columns: 3, identity: 'n', acl: ACL(env.Catalog(), s.ACL)}
	c.fill(row)
}

// Access methods.
const heapAM, btreeAM = 2, 403

func tableClass(env Env, row []value, t *engine.Table) {
	c := class{oid: t.OID, schema: t.Schema, owner: t.Owner, rowType: RowType(t.OID), name: t.Name, am: heapAM, tuples: -1, persistence: t.Persistence,
		kind: 'r', columns: len(t.Columns), identity: 'd', frozen: 717, multi: 1, acl: ACL(env.Catalog(), t.ACL)}
	env.Database().IndexesOf(t.OID, func(*engine.Index) bool { c.hasIndex = true; return false })
	env.Database().Referencing(t.OID, func(*engine.Table) bool { c.hasTriggers = true; return false })
	for i := range t.Constraints {
		switch t.Constraints[i].Kind {
		case engine.ConstraintCheck:
			c.checks++
		case engine.ConstraintForeign:
			c.hasTriggers = true
		}
	}
	c.fill(row)
}

func indexClass(env Env, row []value, i *engine.Index) {
	c := class{oid: i.OID, schema: i.Schema, name: i.Name, am: btreeAM, pages: 1, persistence: engine.Permanent,
		kind: 'i', columns: len(i.Columns) + len(i.Include), identity: 'n'}
	if t, ok := env.Database().TableByOID(i.Table); ok {
		c.owner, c.persistence = t.Owner, t.Persistence
	}
	c.fill(row)
}

// attribute is a column in pg_attribute.
type attribute struct {
	relation engine.OID
	name     string
	typ      pgtypes.OID
	typmod   int32
	num      int16
	target   int64 // attstattarget
	dims     int32
	notNull  bool
	hasDef   bool
	identity byte
	dropped  bool
	coll     engine.OID
	acl      value
}

// systemAttributes are the columns that every relation but an index has beside its
// own, in the order of attnum.
var systemAttributes = []attribute{
	{name: "tableoid", typ: pgtypes.Oid, num: -6}, {name: "cmax", typ: pgtypes.CID, num: -5}, {name: "xmax", typ: pgtypes.XID, num: -4},
	{name: "cmin", typ: pgtypes.CID, num: -3}, {name: "xmin", typ: pgtypes.XID, num: -2}, {name: "ctid", typ: pgtypes.TID, num: -1},
}

// sequenceAttributes are the columns of every sequence.
var sequenceAttributes = append(systemAttributes[:6:6],
	attribute{name: "last_value", typ: pgtypes.Int8, num: 1, target: -1}, attribute{name: "log_cnt", typ: pgtypes.Int8, num: 2, target: -1},
	attribute{name: "is_called", typ: pgtypes.Bool, num: 3, target: -1})

func attributeCount(env Env) int { return len(sequenceAttributes) * env.Database().SequenceCount() }

func attributeRows(env Env) Rows { return attributes(env, relations(env)) }

func attributesOf(env Env, key value) Rows {
	return attributes(env, found(env.Database().RelationByOID(keyOID(key))))
}

// attributes yields the columns of each relation.
func attributes(env Env, list []engine.Relation) Rows {
	var of []attribute
	at := 0
	return func(row []value) bool {
		for at == len(of) {
			if len(list) == 0 {
				return false
			}
			of, at = columnsOf(env, list[0]), 0
			list = list[1:]
		}
		of[at].fill(row)
		at++
		return true
	}
}

func columnsOf(env Env, r engine.Relation) []attribute {
	switch r := r.(type) {
	case *engine.Sequence:
		list := append([]attribute(nil), sequenceAttributes...)
		for i := range list {
			list[i].relation, list[i].typmod, list[i].notNull = r.OID, -1, true
		}
		return list
	case *engine.Table:
		return tableColumns(env, r)
	case *engine.Index:
		return indexColumns(env, r)
	}
	return nil
}

func tableColumns(env Env, t *engine.Table) []attribute {
	list := append([]attribute(nil), systemAttributes...)
	for i := range list {
		list[i].typmod, list[i].notNull = -1, true
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		a := attribute{name: c.Name, typ: pgtypes.OID(c.Type), typmod: c.Typmod, num: int16(i + 1), target: -1, dims: c.Dims,
			notNull: c.NotNull, hasDef: c.Default != nil, identity: c.Identity, dropped: c.Dropped, coll: c.Collation, acl: ACL(env.Catalog(), c.ACL)}
		if c.Dropped {
			a.target = 0
		}
		list = append(list, a)
	}
	for i := range list {
		list[i].relation = t.OID
	}
	return list
}

func indexColumns(env Env, ix *engine.Index) []attribute {
	t, ok := env.Database().TableByOID(ix.Table)
	if !ok {
		return nil
	}
	var list []attribute
	add := func(number int16, coll string) {
		a := attribute{relation: ix.OID, num: int16(len(list) + 1), target: -1, typ: pgtypes.Text, typmod: -1, name: "expr"}
		if c := t.ColumnAt(number); c != nil {
			a.name, a.typ, a.typmod, a.coll = c.Name, pgtypes.OID(c.Type), c.Typmod, c.Collation
		}
		if coll != "" {
			a.coll = engine.OID(CollationNamed(coll))
		}
		list = append(list, a)
	}
	for _, c := range ix.Columns {
		add(c.Number, c.Collation)
	}
	for _, n := range ix.Include {
		add(n, "")
	}
	return list
}

func (a *attribute) fill(row []value) {
	t, ok := pgtypes.TypeByOID(a.typ)
	if !ok {
		t = &pgtypes.Type{Len: -1, Align: 'i', Storage: 'x'}
	}
	identity := text("")
	if a.identity != 0 {
		identity = char(a.identity)
	}
	coll := a.coll
	if coll == 0 {
		coll = TypeCollation(a.typ)
	}
	typ := a.typ
	if a.dropped {
		typ = 0
	}
	copy(row, []value{
		oid(a.relation), text(a.name), num(int64(typ)), num(a.target), num(int64(t.Len)), num(int64(a.num)), num(int64(a.dims)), num(-1),
		num(int64(a.typmod)), flag(t.ByVal), char(t.Align), char(t.Storage), text(""), flag(a.notNull), flag(a.hasDef), flag(false),
		identity, text(""), flag(a.dropped), flag(true), num(0), oid(coll), a.acl, null, null, null,
	})
}

// collations are pg_type.typcollation by type, where it is not 0.
var collations = sync.OnceValue(func() map[pgtypes.OID]engine.OID {
	r, _ := builtin.FindRelation("", "pg_type")
	at := r.ColumnAt("typcollation")
	out := map[pgtypes.OID]engine.OID{}
	for _, row := range r.Rows() {
		if c := row[at].OID(); c != 0 {
			out[row[0].OID()] = engine.OID(c)
		}
	}
	return out
})

// TypeCollation is pg_type.typcollation.
func TypeCollation(typ pgtypes.OID) engine.OID { return collations()[typ] }

func sequenceRow(row []value, s *engine.Sequence) {
	p := s.Params
	copy(row, []value{oid(s.OID), num(int64(SequenceType(p.Type))), num(p.Start), num(p.Increment), num(p.Max), num(p.Min), num(p.Cache), flag(p.Cycle)})
}

// SequenceType is the type of a sequence's values.
func SequenceType(t sequence.Type) pgtypes.OID {
	switch t {
	case sequence.SmallInt:
		return pgtypes.Int2
	case sequence.Integer:
		return pgtypes.Int4
	}
	return pgtypes.Int8
}
