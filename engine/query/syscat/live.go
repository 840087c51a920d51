package syscat

import (
	"seqd/engine"
)

type finder = map[string]func(env Env, key value) Rows

// lives are the tables with rows of the engine.
var lives = map[string]live{
	"pg_class":     {rows: classRows, size: relationCount, by: finder{"oid": classByOID, "relname": classByName}},
	"pg_attribute": {rows: attributeRows, size: attributeCount, by: finder{"attrelid": attributesOf}},
	"pg_attrdef": {rows: allTables(defaultRows), by: finder{
		"adrelid": func(env Env, key value) Rows { return each(flat(tableOf(env, key), defaultRows), fillRow) },
	}},
	"pg_index": {rows: indexRows, by: finder{
		"indexrelid": func(env Env, key value) Rows {
			return indexes(env, found(env.Database().IndexByOID(keyOID(key))))
		},
		"indrelid": func(env Env, key value) Rows {
			return indexes(env, collect(func(yield func(*engine.Index) bool) { env.Database().IndexesOf(keyOID(key), yield) }))
		},
	}},
	"pg_constraint": {rows: allTables(constraintRows), by: finder{
		"conrelid": func(env Env, key value) Rows { return each(flat(tableOf(env, key), constraintRows), fillRow) },
		"oid":      constraintByOID,
	}},
	"pg_sequence": {
		rows: func(env Env) Rows { return each(collect(env.Database().Sequences), sequenceRow) }, size: sequenceCount,
		by: finder{"seqrelid": func(env Env, key value) Rows {
			return each(found(env.Database().SequenceByOID(keyOID(key))), sequenceRow)
		}},
	},
	"pg_type": {rows: allTables(typeRows), by: finder{
		"oid": typesWhere("oid", typedTable), "typelem": typesWhere("typelem", typedTable), "typarray": typesWhere("typarray", typedTable),
		"typrelid": typesWhere("typrelid", func(key engine.OID) engine.OID { return key }), "typname": typesNamed,
	}},
	"pg_depend": {rows: dependRows, size: sequenceCount, by: finder{"objid": dependsOf, "refobjid": dependants}},

	"pg_namespace": {rows: func(env Env) Rows { return schemas(env, collect(env.Database().Schemas)) }, by: finder{
		"oid":     func(env Env, key value) Rows { return schemas(env, found(env.Database().SchemaByOID(keyOID(key)))) },
		"nspname": func(env Env, key value) Rows { return schemas(env, found(env.Database().Schema(key.Text()))) },
	}},
	"pg_default_acl": {rows: defaultACLRows},
	"pg_description": {rows: func(env Env) Rows { return each(collect(env.Database().Comments), commentRow) }, by: finder{
		"objoid": commentsOf,
	}},
	"pg_seclabel": {rows: func(env Env) Rows { return each(securityLabels(env), labelRow) }},

	"pg_authid": {rows: func(env Env) Rows { return each(inInitdbOrder(collect(env.Catalog().Roles), roleOID), roleRow) }, by: finder{
		"oid":     func(env Env, key value) Rows { return each(found(env.Catalog().RoleByOID(keyOID(key))), roleRow) },
		"rolname": func(env Env, key value) Rows { return each(found(env.Catalog().Role(key.Text())), roleRow) },
	}},
	"pg_auth_members": {rows: func(env Env) Rows { return each(collect(env.Catalog().Memberships), memberRow) }, by: finder{
		"roleid": func(env Env, key value) Rows {
			return each(collect(func(yield func(*engine.Membership) bool) { env.Catalog().MembersOf(keyOID(key), yield) }), memberRow)
		},
		"member": func(env Env, key value) Rows {
			list := collect(func(yield func(*engine.Membership) bool) { env.Catalog().RolesOf(keyOID(key), yield) })
			return each(inInitdbOrder(list, func(m *engine.Membership) engine.OID { return m.Role }), memberRow)
		},
	}},
	"pg_database": {rows: func(env Env) Rows { return databases(env, collect(env.Catalog().Databases)) }, by: finder{
		"oid":     func(env Env, key value) Rows { return databases(env, found(env.Catalog().DatabaseByOID(keyOID(key)))) },
		"datname": func(env Env, key value) Rows { return databases(env, found(env.Catalog().Database(key.Text()))) },
	}},
	"pg_db_role_setting": {rows: func(env Env) Rows { return each(collect(env.Catalog().Settings), settingRow) }},
	"pg_shdescription":   {rows: func(env Env) Rows { return each(collect(env.Catalog().Comments), sharedCommentRow) }},
	"pg_shseclabel":      {rows: func(env Env) Rows { return each(collect(env.Catalog().SecurityLabels), sharedLabelRow) }},
	"pg_shdepend":        {rows: sharedDependRows},
}

func keyOID(key value) engine.OID { return engine.OID(key.OID()) }

func sequenceCount(env Env) int { return env.Database().SequenceCount() }

// tableOf is the table that a key names.
func tableOf(env Env, key value) []*engine.Table {
	return found(env.Database().TableByOID(keyOID(key)))
}

// flat makes one list of the rows of each object.
func flat[T, R any](list []T, rows func(T) []R) []R {
	var out []R
	for _, x := range list {
		out = append(out, rows(x)...)
	}
	return out
}

// allTables yields rows of every declared table.
func allTables(rows func(*engine.Table) [][]value) func(env Env) Rows {
	return func(env Env) Rows { return each(flat(collect(env.Database().Tables), rows), fillRow) }
}

func fillRow(row, values []value) { copy(row, values) }
