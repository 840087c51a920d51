package query

import (
	"seqd/engine"
	"seqd/engine/query/builtin"
	"seqd/engine/query/syscat"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// ResolveCollation is the collation that COLLATE gives to something of a type; 0 if that
// is the type's own.
func ResolveCollation(names []string, typ pgtypes.OID, s Session) (engine.OID, *sqlstate.Error) {
	if err := checkSchema(s, names); err != nil {
		return 0, sqlstate.From(err)
	}
	own := syscat.TypeCollation(typ)
	name := names[len(names)-1]
	oid, ok := simpleOID("pg_collation", name)
	switch {
	case !ok || len(names) == 2 && names[0] != "pg_catalog" || len(names) > 2:
		return 0, sqlstate.Errorf(sqlstate.UndefinedObject, `collation "%s" for encoding "UTF8" does not exist`, joinNames(names))
	case own == 0:
		return 0, sqlstate.Errorf(sqlstate.DatatypeMismatch, "collations are not supported by type %s", pgtypes.Format(typ))
	case engine.OID(oid) == own:
		return 0, nil
	}
	return engine.OID(oid), nil
}

// ResolveOpClass finds an operator class of an index method by name, for a column of a
// type; 0 if it is the type's default, which need not be named.
func ResolveOpClass(names []string, method string, typ pgtypes.OID) (engine.OID, *sqlstate.Error) {
	am, _ := simpleOID("pg_am", method)
	r, _ := builtin.FindRelation("", "pg_opclass")
	of, called, in, is := r.ColumnAt("opcmethod"), r.ColumnAt("opcname"), r.ColumnAt("opcintype"), r.ColumnAt("opcdefault")
	name := names[len(names)-1]
	for _, row := range r.Rows() {
		if row[of].OID() != am || row[called].Text() != name {
			continue
		}
		takes := row[in].OID()
		switch {
		case takes != typ && !takesToo(takes, typ):
			return 0, sqlstate.Errorf(sqlstate.DatatypeMismatch, `operator class "%s" does not accept data type %s`, name, pgtypes.Format(typ))
		case row[is].Bool():
			return 0, nil
		}
		return engine.OID(row[0].OID()), nil
	}
	return 0, sqlstate.Errorf(sqlstate.UndefinedObject, `operator class "%s" does not exist for access method "%s"`, joinNames(names), method)
}

// takesToo tells whether an operator class for one type takes another one as it is.
func takesToo(takes, typ pgtypes.OID) bool {
	t, ok := pgtypes.TypeByOID(takes)
	return ok && t.Kind == 'p' || takes == pgtypes.Text && typ == pgtypes.Varchar
}
