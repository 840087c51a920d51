package query

import (
	"strings"

	"seqd/engine"
	"seqd/engine/query/builtin"
	"seqd/engine/query/syscat"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// InputText is the input function of any type, with the catalog's help for
// regclass and kin, and the settings' for dates.
func InputText(s Session, typ pgtypes.OID, text string) (pgtypes.Value, error) {
	return inputText(s, typ, text)
}

func inputText(s Session, typ pgtypes.OID, text string) (value, error) {
	if pgtypes.IsReg(typ) {
		return inputReg(s, typ, text)
	}
	if typ == pgtypes.AclItem {
		return inputACLItem(s, text)
	}
	if e := pgtypes.ElemOf(typ); e != 0 && typ != pgtypes.Int2Vector && typ != pgtypes.OidVector {
		return pgtypes.ParseArrayWith(e, text, func(t string) (value, error) { return inputText(s, e, t) })
	}
	return s.Style().ParseText(typ, text)
}

func inputReg(s Session, typ pgtypes.OID, text string) (value, error) {
	if text == "-" {
		return pgtypes.NewReg(0, ""), nil
	}
	if pgtypes.IsRegNumber(text) {
		v, err := pgtypes.ParseReg(typ, text)
		if err != nil {
			return v, err
		}
		return regValue(s, typ, v.OID()), nil
	}
	var oid uint32
	var err error
	switch typ {
	case pgtypes.Regclass:
		var o engine.OID
		o, err = resolveClass(s, text)
		oid = uint32(o)
	case pgtypes.Regtype:
		oid, err = resolveTypeText(s, text)
	case pgtypes.Regnamespace:
		oid, err = lookedUp(s, func() (uint32, error) { return resolveNamespace(s, text) })
	case pgtypes.Regrole:
		oid, err = lookedUp(s, func() (uint32, error) { return resolveRole(s, text) })
	case pgtypes.Regproc:
		oid, err = resolveProc(s, text)
	case pgtypes.Regprocedure:
		oid, err = resolveProcedure(s, text)
	case pgtypes.Regoper, pgtypes.Regoperator:
		oid, err = resolveOperator(s, typ, text)
	case pgtypes.Regconfig, pgtypes.Regdictionary, pgtypes.Regcollation:
		oid, err = resolveSimple(s, typ, text)
	default:
		err = sqlstate.Errorf(sqlstate.FeatureNotSupported, "input of type %s is not supported", pgtypes.Format(typ))
	}
	if err != nil {
		return value{}, err
	}
	return regValue(s, typ, oid), nil
}

// regValue is a reg… value with the name that its output function would show now.
func regValue(s Session, typ pgtypes.OID, oid uint32) value {
	name := ""
	switch typ {
	case pgtypes.Regclass:
		name = relationDisplay(s, engine.OID(oid))
	case pgtypes.Regtype:
		if t, ok := pgtypes.TypeByOID(oid); ok {
			name = t.Format
		} else {
			name = tableTypeName(s, oid)
		}
	case pgtypes.Regnamespace:
		if n, ok := schemaName(s, engine.OID(oid)); ok {
			name = parser.QuoteIdent(n)
		}
	case pgtypes.Regrole:
		if r, ok := roleName(s, engine.OID(oid)); ok {
			name = parser.QuoteIdent(r)
		}
	case pgtypes.Regproc:
		if f, ok := builtin.FunctionByOID(oid); ok {
			name = f.DisplayName()
		}
	case pgtypes.Regprocedure:
		if f, ok := builtin.FunctionByOID(oid); ok {
			name = procedureName(f)
		}
	case pgtypes.Regoper, pgtypes.Regoperator:
		if o, ok := builtin.OperatorByOID(oid); ok {
			name = operatorDisplay(typ, o)
		}
	case pgtypes.Regconfig, pgtypes.Regdictionary, pgtypes.Regcollation:
		name = simpleName(regCatalogs[typ], oid)
	}
	return pgtypes.NewReg(oid, name)
}

// regCatalogs are the catalogs of reg… types whose names are plain columns.
var regCatalogs = map[pgtypes.OID]string{
	pgtypes.Regconfig: "pg_ts_config", pgtypes.Regdictionary: "pg_ts_dict", pgtypes.Regcollation: "pg_collation",
}

// simpleName is the name of a recorded object: the second column of its catalog.
func simpleName(catalog string, oid uint32) string {
	r, ok := builtin.FindRelation("", catalog)
	if !ok {
		return ""
	}
	for _, row := range r.Rows() {
		if row[0].OID() == oid {
			return parser.QuoteIdent(row[1].Text())
		}
	}
	return ""
}

// simpleOID finds a recorded object by name.
func simpleOID(catalog, name string) (uint32, bool) {
	r, ok := builtin.FindRelation("", catalog)
	if !ok {
		return 0, false
	}
	for _, row := range r.Rows() {
		if row[1].Text() == name {
			return row[0].OID(), true
		}
	}
	return 0, false
}

// procedureName is regprocedure's output: the name with argument types.
func procedureName(f *builtin.Function) string {
	args := make([]string, len(f.Args))
	for i, t := range f.Args {
		args[i] = pgtypes.Format(t)
	}
	name := parser.QuoteIdent(f.Name)
	if f.Schema != "pg_catalog" {
		name = f.Schema + "." + name
	}
	return name + "(" + strings.Join(args, ",") + ")"
}

func operatorDisplay(typ pgtypes.OID, o *builtin.Operator) string {
	if typ == pgtypes.Regoper {
		if len(builtin.Operators(o.Name)) > 1 {
			return "pg_catalog." + o.Name
		}
		return o.Name
	}
	left := "NONE"
	if o.Left != 0 {
		left = pgtypes.Format(o.Left)
	}
	return o.Name + "(" + left + "," + pgtypes.Format(o.Right) + ")"
}

// relationDisplay is a relation's name as regclass shows it: with its schema unless
// the search path finds it first.
func relationDisplay(s Session, oid engine.OID) string {
	schema, name, ok := relationByOID(s, oid)
	if !ok {
		return ""
	}
	if relationVisible(s, oid, schema, name) {
		return parser.QuoteIdent(name)
	}
	in, ok := schemaName(s, schema)
	if !ok {
		return parser.QuoteIdent(name)
	}
	return parser.QuoteIdent(in) + "." + parser.QuoteIdent(name)
}

// relationByOID is where a relation is and what it is called.
func relationByOID(s Session, oid engine.OID) (schema engine.OID, name string, ok bool) {
	if r, ok := s.Database().RelationByOID(oid); ok {
		schema, name = r.Where()
		return schema, name, true
	}
	if r, ok := builtin.RelationByOID(uint32(oid)); ok {
		return engine.OID(r.SchemaOID), r.Name, true
	}
	return 0, "", false
}

// relationOID finds a relation in a schema.
func relationOID(s Session, schema engine.OID, name string) (engine.OID, bool) {
	if r, ok := s.Database().Relation(schema, name); ok {
		return r.Key().OID, true
	}
	in, ok := builtin.SchemaName(uint32(schema))
	if !ok {
		return 0, false
	}
	r, ok := builtin.FindRelation(in, name)
	if !ok {
		return 0, false
	}
	return engine.OID(r.OID), true
}

// relationVisible tells whether the search path finds a relation by its bare name.
func relationVisible(s Session, oid, schema engine.OID, name string) bool {
	for _, in := range s.SearchPath() {
		if found, ok := relationOID(s, in, name); ok {
			return found == oid
		}
	}
	return false
}

// schemaName is a schema's name.
func schemaName(s Session, oid engine.OID) (string, bool) {
	n, ok := s.Database().SchemaByOID(oid)
	if !ok {
		return "", false
	}
	return n.Name, true
}

// roleName is a role's name.
func roleName(s Session, oid engine.OID) (string, bool) {
	r, ok := s.Catalog().RoleByOID(oid)
	if !ok {
		return "", false
	}
	return r.Name, true
}

// roleOID finds a role.
func roleOID(s Session, name string) (engine.OID, bool) {
	r, ok := s.Catalog().Role(name)
	if !ok {
		return 0, false
	}
	return r.OID, true
}

// lookedUp is what find gives, asked a second time if it misses a name and the
// session gets hold of a newer catalog. What runs for each row looks up its names
// by it; a whole analysis is looked up again by the session.
func lookedUp[T any](s Session, find func() (T, error)) (T, error) {
	seen := s.Catalog()
	v, err := find()
	if err == nil {
		return v, nil
	}
	if again, err := s.LookAgain(seen, err); !again {
		return v, err
	}
	return find()
}

// resolveClass is regclassin's lookup of a name.
func resolveClass(s Session, text string) (engine.OID, error) {
	return lookedUp(s, func() (engine.OID, error) { return classByName(s, text) })
}

// SequenceNamed is resolveClass for a name that is neither quoted nor folded nor has a
// schema; false if it means no sequence.
func SequenceNamed(s Session, name string) (engine.OID, bool) {
	for _, in := range s.SearchPath() {
		if oid, ok := relationOID(s, in, name); ok {
			_, isSequence := s.Database().SequenceByOID(oid)
			return oid, isSequence
		}
	}
	return 0, false
}

func classByName(s Session, text string) (engine.OID, error) {
	names, err := parser.ParseNameList(text)
	if err != nil {
		return 0, err
	}
	schema, name, err := splitRelationName(s, names)
	if err != nil {
		return 0, err
	}
	path := s.SearchPath()
	if schema != "" {
		in, ok := schemaByName(s, schema)
		if !ok {
			return 0, sqlstate.Errorf(sqlstate.InvalidSchemaName, `schema "%s" does not exist`, schema)
		}
		if !s.MayUse(in) {
			return 0, deniedSchema(schema)
		}
		path = []engine.OID{in}
	}
	for _, in := range path {
		if oid, ok := relationOID(s, in, name); ok {
			return oid, nil
		}
	}
	_, err = findSequence(s, schema, name)
	return 0, err
}

// SystemRelation tells whether a name means one of PostgreSQL's system
// catalogs or views, and which.
func SystemRelation(schema, name string) (*builtin.Relation, bool) {
	return builtin.FindRelation(schema, name)
}

// SystemRelationByOID is SystemRelation for an OID.
func SystemRelationByOID(oid engine.OID) (*builtin.Relation, bool) {
	return builtin.RelationByOID(uint32(oid))
}

// splitRelationName is makeRangeVarFromNameList and the check of the database.
func splitRelationName(s Session, names []string) (schema, name string, err error) {
	switch len(names) {
	case 1:
		return "", names[0], nil
	case 2:
		return ownTemp(s, names[0]), names[1], nil
	case 3:
		if names[0] != s.Database().Name {
			return "", "", sqlstate.Errorf(sqlstate.FeatureNotSupported, `cross-database references are not implemented: "%s"`, joinNames(names))
		}
		return ownTemp(s, names[1]), names[2], nil
	}
	return "", "", sqlstate.Errorf(sqlstate.SyntaxError, "improper relation name (too many dotted names): %s", joinNames(names))
}

func joinNames(names []string) string { return strings.Join(names, ".") }

// findSequence finds a relation by its name: 42P01 if there is none.
func findSequence(s Session, schema, name string) (*engine.Sequence, error) {
	db := s.Database()
	if schema != "" {
		if sch, ok := db.Schema(schema); ok {
			if seq, ok := db.Sequence(sch.OID, name); ok {
				return seq, nil
			}
		}
		return nil, sqlstate.Errorf(sqlstate.UndefinedTable, `relation "%s.%s" does not exist`, schema, name)
	}
	for _, oid := range s.SearchPath() {
		if seq, ok := db.Sequence(oid, name); ok {
			return seq, nil
		}
	}
	return nil, sqlstate.Errorf(sqlstate.UndefinedTable, `relation "%s" does not exist`, name)
}

func resolveTypeText(s Session, text string) (uint32, error) {
	t, err := parser.ParseTypeName(text)
	if err != nil {
		return 0, err
	}
	a := &analyzer{s: s, params: &params{}}
	oid, _, err := a.typeByName(&t)
	if err != nil {
		return 0, withPos(err, 0)
	}
	return oid, nil
}

func resolveNamespace(s Session, text string) (uint32, error) {
	names, err := parser.ParseNameList(text)
	if err != nil {
		return 0, err
	}
	if len(names) != 1 {
		return 0, sqlstate.New(sqlstate.InvalidName, "invalid name syntax")
	}
	oid, ok := schemaByName(s, names[0])
	if !ok {
		return 0, sqlstate.Errorf(sqlstate.InvalidSchemaName, `schema "%s" does not exist`, names[0])
	}
	return uint32(oid), nil
}

func resolveRole(s Session, text string) (uint32, error) {
	names, err := parser.ParseNameList(text)
	if err != nil {
		return 0, err
	}
	if len(names) != 1 {
		return 0, sqlstate.New(sqlstate.InvalidName, "invalid name syntax")
	}
	oid, ok := roleOID(s, names[0])
	if !ok {
		return 0, sqlstate.Errorf(sqlstate.UndefinedObject, `role "%s" does not exist`, names[0])
	}
	return uint32(oid), nil
}

// tableTypeName shows a declared table's row type, or the array of it; empty if it is none.
func tableTypeName(s Session, oid uint32) string {
	table, array := syscat.TypedTable(engine.OID(oid))
	name := relationDisplay(s, table)
	if array && name != "" {
		name += "[]"
	}
	return name
}
