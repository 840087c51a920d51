package syscat

import (
	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/pgtypes"
)

type finder = map[string]func(env Env, key value) Rows

// lives are the tables with rows of the engine.
var lives = map[string]live{
	"pg_class": {rows: classRows, size: sequenceCount, by: finder{
		"oid":     func(env Env, key value) Rows { return each(found(env.Database().SequenceByOID(keyOID(key))), classRow) },
		"relname": classByName,
	}},
	"pg_attribute": {rows: attributeRows, size: attributeCount, by: finder{
		"attrelid": func(env Env, key value) Rows { return attributesOf(found(env.Database().SequenceByOID(keyOID(key)))) },
	}},
	"pg_sequence": {rows: func(env Env) Rows { return each(collect(env.Database().Sequences), sequenceRow) }, size: sequenceCount, by: finder{
		"seqrelid": func(env Env, key value) Rows {
			return each(found(env.Database().SequenceByOID(keyOID(key))), sequenceRow)
		},
	}},
	"pg_namespace": {
		rows: func(env Env) Rows { return each(collect(env.Database().Schemas), namespaceRow) },
		replaces: func(env Env, oid engine.OID) bool {
			_, ok := env.Database().SchemaByOID(oid)
			return ok
		},
		by: finder{
			"oid": func(env Env, key value) Rows {
				return each(found(env.Database().SchemaByOID(keyOID(key))), namespaceRow)
			},
			"nspname": func(env Env, key value) Rows { return each(found(env.Database().Schema(key.Text())), namespaceRow) },
		},
	},
	"pg_authid": {
		rows: func(env Env) Rows { return each(collect(env.Catalog().Roles), roleRow) },
		replaces: func(env Env, oid engine.OID) bool {
			_, ok := env.Catalog().RoleByOID(oid)
			return ok
		},
		by: finder{
			"oid":     func(env Env, key value) Rows { return each(found(env.Catalog().RoleByOID(keyOID(key))), roleRow) },
			"rolname": func(env Env, key value) Rows { return each(found(env.Catalog().Role(key.Text())), roleRow) },
		},
	},
	"pg_database": {rows: func(env Env) Rows { return each(collect(env.Catalog().Databases), databaseRow) }, by: finder{
		"oid": func(env Env, key value) Rows {
			return each(found(env.Catalog().DatabaseByOID(keyOID(key))), databaseRow)
		},
		"datname": func(env Env, key value) Rows { return each(found(env.Catalog().Database(key.Text())), databaseRow) },
	}},
	"pg_depend": {rows: dependRows, size: sequenceCount, by: finder{
		"objid":    func(env Env, key value) Rows { return each(dependsOf(env, keyOID(key)), dependRow) },
		"refobjid": dependants,
	}},
}

func keyOID(key value) engine.OID { return engine.OID(key.OID()) }

func sequenceCount(env Env) int  { return env.Database().SequenceCount() }
func attributeCount(env Env) int { return len(sequenceAttributes) * sequenceCount(env) }

func classRows(env Env) Rows { return each(collect(env.Database().Sequences), classRow) }

// classByName looks a name up in every schema.
func classByName(env Env, key value) Rows {
	var list []*engine.Sequence
	env.Database().Schemas(func(s *engine.Schema) bool {
		list = append(list, found(env.Database().Sequence(s.OID, key.Text()))...)
		return true
	})
	return each(list, classRow)
}

// classRow is a sequence in pg_class.
func classRow(row []value, s *engine.Sequence) {
	copy(row, []value{
		oid(s.OID), text(s.Name), oid(s.Schema), num(0), num(0), oid(s.Owner), num(0), oid(s.OID), num(0), // … reltablespace
		num(1), float(1), num(0), num(0), flag(false), flag(false), char(byte(s.Persistence)), char('S'), num(3), // … relnatts
		num(0), flag(false), flag(false), flag(false), flag(false), flag(false), flag(true), char('n'), flag(false), // … relispartition
		num(0), num(0), num(0), null, null, null,
	})
}

// attribute is a column in pg_attribute as far as sequences' columns differ.
type attribute struct {
	name   string
	typ    pgtypes.OID
	num    int16
	target int64 // attstattarget
}

// sequenceAttributes are the columns of every sequence, in the order of attnum.
var sequenceAttributes = []attribute{
	{"tableoid", pgtypes.Oid, -6, 0}, {"cmax", pgtypes.CID, -5, 0}, {"xmax", pgtypes.XID, -4, 0},
	{"cmin", pgtypes.CID, -3, 0}, {"xmin", pgtypes.XID, -2, 0}, {"ctid", pgtypes.TID, -1, 0},
	{"last_value", pgtypes.Int8, 1, -1}, {"log_cnt", pgtypes.Int8, 2, -1}, {"is_called", pgtypes.Bool, 3, -1},
}

func attributeRows(env Env) Rows { return attributesOf(collect(env.Database().Sequences)) }

// attributesOf yields the columns of each sequence.
func attributesOf(list []*engine.Sequence) Rows {
	at := 0
	return func(row []value) bool {
		n := len(sequenceAttributes)
		if at == n*len(list) {
			return false
		}
		attributeRow(row, list[at/n].OID, &sequenceAttributes[at%n])
		at++
		return true
	}
}

func attributeRow(row []value, relation engine.OID, a *attribute) {
	t, _ := pgtypes.TypeByOID(a.typ)
	copy(row, []value{
		oid(relation), text(a.name), num(int64(a.typ)), num(a.target), num(int64(t.Len)), num(int64(a.num)), num(0), num(-1), num(-1), // … atttypmod
		flag(t.ByVal), char(t.Align), char(t.Storage), text(""), flag(true), flag(false), flag(false), text(""), text(""), // … attgenerated
		flag(false), flag(true), num(0), num(0), null, null, null, null,
	})
}

func sequenceRow(row []value, s *engine.Sequence) {
	p := s.Params
	copy(row, []value{oid(s.OID), num(int64(sequenceType(p.Type))), num(p.Start), num(p.Increment), num(p.Max), num(p.Min), num(p.Cache), flag(p.Cycle)})
}

func sequenceType(t sequence.Type) pgtypes.OID {
	switch t {
	case sequence.SmallInt:
		return pgtypes.Int2
	case sequence.Integer:
		return pgtypes.Int4
	}
	return pgtypes.Int8
}

func namespaceRow(row []value, s *engine.Schema) {
	copy(row, []value{oid(s.OID), text(s.Name), oid(s.Owner), null})
}

func roleRow(row []value, r *engine.Role) {
	copy(row, []value{
		oid(r.OID), text(r.Name), flag(r.Superuser), flag(true), flag(r.Superuser), flag(r.Superuser), flag(r.CanLogin),
		flag(r.Superuser), flag(r.Superuser), num(-1), null, null,
	})
}

// utf8 is the encoding's number, PG_UTF8.
const utf8 = 6

func databaseRow(row []value, d *engine.Database) {
	copy(row, []value{
		oid(d.OID), text(d.Name), oid(d.Owner), num(utf8), char('c'), flag(false), flag(true), num(-1), num(717), num(1),
		num(defaultTablespace), text("C"), text("C"), null, null, null,
	})
}

// dependency is a row of pg_depend.
type dependency struct {
	class, object  engine.OID
	column         int16
	refClass, refd engine.OID
	refColumn      int16
	kind           byte // n normal, a auto, i internal
}

func dependRow(row []value, d dependency) {
	copy(row, []value{
		oid(d.class), oid(d.object), num(int64(d.column)), oid(d.refClass), oid(d.refd), num(int64(d.refColumn)), char(d.kind),
	})
}

// sequenceDepends are what a sequence depends on.
func sequenceDepends(s *engine.Sequence) []dependency {
	return []dependency{{class: classCatalog, object: s.OID, refClass: namespaceCatalog, refd: s.Schema, kind: 'n'}}
}

func dependsOf(env Env, object engine.OID) []dependency {
	s, ok := env.Database().SequenceByOID(object)
	if !ok {
		return nil
	}
	return sequenceDepends(s)
}

func dependRows(env Env) Rows { return dependsWhere(env, func(*dependency) bool { return true }) }

// dependants are the rows that refer to an object: sequences in a schema.
func dependants(env Env, key value) Rows {
	if _, ok := env.Database().SchemaByOID(keyOID(key)); !ok {
		return none
	}
	return dependsWhere(env, func(d *dependency) bool { return d.refd == keyOID(key) })
}

func dependsWhere(env Env, want func(*dependency) bool) Rows {
	list := collect(env.Database().Sequences)
	var of []dependency
	return func(row []value) bool {
		for {
			for len(of) > 0 {
				d := of[0]
				of = of[1:]
				if want(&d) {
					dependRow(row, d)
					return true
				}
			}
			if len(list) == 0 {
				return false
			}
			of = sequenceDepends(list[0])
			list = list[1:]
		}
	}
}
