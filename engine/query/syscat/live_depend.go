package syscat

import "seqd/engine"

// dependency is a row of pg_depend.
type dependency struct {
	class, object engine.OID
	column        int16
	refClass, ref engine.OID
	refColumn     int16
	kind          byte // n normal, a auto, i internal
}

func dependRow(row []value, d dependency) {
	copy(row, []value{
		oid(d.class), oid(d.object), num(int64(d.column)), oid(d.refClass), oid(d.ref), num(int64(d.refColumn)), char(d.kind),
	})
}

// dependencies are what a relation and its parts depend on.
func dependencies(env Env, r engine.Relation) []dependency {
	switch r := r.(type) {
	case *engine.Sequence:
		list := []dependency{inSchema(r.OID, r.Schema)}
		if o := r.OwnedBy; o.Table != 0 {
			kind := byte('a')
			if o.Identity {
				kind = 'i'
			}
			list = append(list, dependency{class: classCatalog, object: r.OID, refClass: classCatalog, ref: o.Table, refColumn: o.Column, kind: kind})
		}
		return list
	case *engine.Table:
		return tableDependencies(r)
	case *engine.Index:
		return indexDependencies(env, r)
	}
	return nil
}

func inSchema(relation, schema engine.OID) dependency {
	return dependency{class: classCatalog, object: relation, refClass: namespaceCatalog, ref: schema, kind: 'n'}
}

func tableDependencies(t *engine.Table) []dependency {
	list := append([]dependency{inSchema(t.OID, t.Schema)}, typeDependencies(t)...)
	for i := range t.Columns {
		d := t.Columns[i].Default
		if d == nil {
			continue
		}
		list = append(list, dependency{class: attrdefCatalog, object: d.OID, refClass: classCatalog, ref: t.OID, refColumn: int16(i + 1), kind: 'a'})
		for _, seq := range d.Sequences {
			list = append(list, dependency{class: attrdefCatalog, object: d.OID, refClass: classCatalog, ref: seq, kind: 'n'})
		}
	}
	for i := range t.Constraints {
		c := &t.Constraints[i]
		part := dependency{class: constraintCatalog, object: c.OID, refClass: classCatalog}
		for _, n := range c.Columns {
			d := part
			d.ref, d.refColumn, d.kind = t.OID, n, 'a'
			list = append(list, d)
			if c.Kind == engine.ConstraintCheck { // once more, for the expression
				d.kind = 'n'
				list = append(list, d)
			}
		}
		if c.Kind != engine.ConstraintForeign {
			continue
		}
		for _, n := range c.ReferencedColumns {
			d := part
			d.ref, d.refColumn, d.kind = c.References, n, 'n'
			list = append(list, d)
		}
		part.ref, part.kind = c.Index, 'n'
		list = append(list, part)
	}
	return list
}

// indexDependencies: an index goes with its constraint, or with its columns.
func indexDependencies(env Env, ix *engine.Index) []dependency {
	t, ok := env.Database().TableByOID(ix.Table)
	if !ok {
		return nil
	}
	for i := range t.Constraints {
		if c := &t.Constraints[i]; c.Index == ix.OID && c.Kind != engine.ConstraintForeign {
			return []dependency{{class: classCatalog, object: ix.OID, refClass: constraintCatalog, ref: c.OID, kind: 'i'}}
		}
	}
	var list []dependency
	for _, c := range ix.Columns {
		list = append(list, dependency{class: classCatalog, object: ix.OID, refClass: classCatalog, ref: ix.Table, refColumn: c.Number, kind: 'a'})
	}
	return list
}

func dependRows(env Env) Rows {
	return dependsWhere(env, relations(env), func(*dependency) bool { return true })
}

// dependsOf are the rows of one object: a relation, or a default or a constraint,
// which only their tables know.
func dependsOf(env Env, key value) Rows {
	object := keyOID(key)
	own := func(d *dependency) bool { return d.object == object }
	r, ok := env.Database().RelationByOID(object)
	if !ok {
		r, ok = env.Database().RelationByOID(typedTable(object))
	}
	if ok {
		return dependsWhere(env, []engine.Relation{r}, own)
	}
	return dependsWhere(env, declared(env), own)
}

// declared are the tables.
func declared(env Env) (list []engine.Relation) {
	env.Database().Tables(func(t *engine.Table) bool { list = append(list, t); return true })
	return list
}

// dependants are the rows that refer to an object.
func dependants(env Env, key value) Rows {
	ref := keyOID(key)
	db := env.Database()
	var list []engine.Relation
	if _, ok := db.SchemaByOID(ref); ok {
		db.RelationsIn(ref, func(r engine.Relation) bool { list = append(list, r); return true })
	} else if t, ok := db.RelationByOID(typedTable(ref)); ok {
		list = append(list, t)
	} else {
		list = append(list, found(db.RelationByOID(ref))...) // a table's parts refer to it
		db.OwnedSequences(ref, func(s *engine.Sequence) bool { list = append(list, s); return true })
		db.IndexesOf(ref, func(i *engine.Index) bool { list = append(list, i); return true })
		db.DefaultUsers(ref, func(t *engine.Table) bool { list = append(list, t); return true })
		db.Referencing(ref, func(t *engine.Table) bool { list = append(list, t); return true })
		if len(list) == 0 { // a constraint, or the index of a foreign key
			db.Indexes(func(i *engine.Index) bool { list = append(list, i); return true })
		}
	}
	return dependsWhere(env, list, func(d *dependency) bool { return d.ref == ref })
}

func dependsWhere(env Env, list []engine.Relation, want func(*dependency) bool) Rows {
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
			of = dependencies(env, list[0])
			list = list[1:]
		}
	}
}
