package query

import (
	"seqd/engine"
	"seqd/engine/query/builtin"
	"seqd/protocol/pgtypes"
)

func init() {
	register(map[string]envFunc{
		"pg_table_is_visible":          tableIsVisible,
		"pg_type_is_visible":           visible(typeIsVisible),
		"pg_function_is_visible":       visible(functionIsVisible),
		"pg_operator_is_visible":       visible(func(_ Session, oid uint32) (bool, bool) { _, ok := builtin.OperatorByOID(oid); return ok, ok }),
		"pg_opclass_is_visible":        visible(recordedIn("pg_opclass")),
		"pg_opfamily_is_visible":       visible(recordedIn("pg_opfamily")),
		"pg_collation_is_visible":      visible(recordedIn("pg_collation")),
		"pg_conversion_is_visible":     visible(recordedIn("pg_conversion")),
		"pg_ts_config_is_visible":      visible(recordedIn("pg_ts_config")),
		"pg_ts_dict_is_visible":        visible(recordedIn("pg_ts_dict")),
		"pg_ts_parser_is_visible":      visible(recordedIn("pg_ts_parser")),
		"pg_ts_template_is_visible":    visible(recordedIn("pg_ts_template")),
		"pg_statistics_obj_is_visible": visible(recordedIn("pg_statistic_ext")),
		"pg_is_other_temp_schema":      func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewBool(false), nil },
		"pg_my_temp_schema":            func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewInt(0), nil },
		"pg_get_userbyid": func(f *frame, _ *callExpr, a []value) (value, error) {
			if name, ok := roleName(f.s, engine.OID(a[0].OID())); ok {
				return pgtypes.NewText(name), nil
			}
			return pgtypes.NewText("unknown (OID=" + pgtypes.TextOf(pgtypes.Oid, a[0]) + ")"), nil
		},
	})
}

// tableIsVisible tells whether the search path finds the relation by its bare name.
func tableIsVisible(f *frame, _ *callExpr, a []value) (value, error) {
	oid := engine.OID(a[0].OID())
	schema, name, ok := relationByOID(f.s, oid)
	if !ok {
		return value{}, nil
	}
	return pgtypes.NewBool(relationVisible(f.s, oid, schema, name)), nil
}

// visible makes a function of a test that tells whether an object is visible, and
// whether it is there at all: NULL if not.
func visible(test func(s Session, oid uint32) (is, exists bool)) envFunc {
	return func(f *frame, _ *callExpr, a []value) (value, error) {
		is, exists := test(f.s, a[0].OID())
		if !exists {
			return value{}, nil
		}
		return pgtypes.NewBool(is), nil
	}
}

func typeIsVisible(s Session, oid uint32) (is, exists bool) {
	t, ok := pgtypes.TypeByOID(oid)
	return ok && inPath(s, t.Schema), ok
}

func functionIsVisible(s Session, oid uint32) (is, exists bool) {
	f, ok := builtin.FunctionByOID(oid)
	return ok && inPath(s, f.Schema), ok
}

// inPath tells whether a schema of initdb's is searched.
func inPath(s Session, schema string) bool {
	if schema == "pg_catalog" {
		return true
	}
	oid, ok := schemaByName(s, schema)
	for _, in := range s.SearchPath() {
		if ok && in == oid {
			return true
		}
	}
	return false
}

// recordedIn is the test for catalogs whose objects are all in pg_catalog.
func recordedIn(catalog string) func(Session, uint32) (is, exists bool) {
	return func(_ Session, oid uint32) (bool, bool) {
		ok := simpleName(catalog, oid) != ""
		return ok, ok
	}
}
