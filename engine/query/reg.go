package query

import (
	"strings"

	"seqd/engine"
	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// InputText is the input function of any type, with the catalog's help for
// regclass and kin and the clock's for now, today ….
func InputText(s Session, typ pgtypes.OID, text string) (pgtypes.Value, error) {
	return inputText(s, typ, text)
}

func inputText(s Session, typ pgtypes.OID, text string) (value, error) {
	switch typ {
	case pgtypes.Date, pgtypes.Time, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.Timetz:
		if v, ok := clockWord(s, typ, text); ok {
			return v, nil
		}
	}
	if pgtypes.IsReg(typ) {
		return inputReg(s, typ, text)
	}
	if e := pgtypes.ElemOf(typ); e != 0 && typ != pgtypes.Int2Vector && typ != pgtypes.OidVector {
		return pgtypes.ParseArrayWith(e, text, func(t string) (value, error) { return inputText(s, e, t) })
	}
	return pgtypes.ParseText(typ, text)
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
		oid, err = resolveProc(text)
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
		if seq, ok := s.Database().SequenceByOID(engine.OID(oid)); ok {
			name = qualifiedName(s, seq)
		} else if r, ok := builtin.RelationByOID(oid); ok {
			name = systemName(r)
		}
	case pgtypes.Regtype:
		if t, ok := pgtypes.TypeByOID(oid); ok {
			name = t.Format
		}
	case pgtypes.Regnamespace:
		if n, ok := s.Database().SchemaByOID(engine.OID(oid)); ok {
			name = parser.QuoteIdent(n.Name)
		}
	case pgtypes.Regrole:
		if r, ok := s.Catalog().RoleByOID(engine.OID(oid)); ok {
			name = parser.QuoteIdent(r.Name)
		}
	case pgtypes.Regproc:
		if f, ok := builtin.FunctionByOID(oid); ok {
			name = parser.QuoteIdent(f.Name)
			if len(builtin.Functions(f.Name)) > 1 {
				name = "pg_catalog." + name
			}
		}
	}
	return pgtypes.NewReg(oid, name)
}

// qualifiedName is a relation's name as regclass shows it: with its schema unless
// the search path finds it first.
func qualifiedName(s Session, seq *engine.Sequence) string {
	for _, schema := range s.SearchPath() {
		if found, ok := s.Database().Sequence(schema, seq.Name); ok {
			if found.OID == seq.OID {
				return parser.QuoteIdent(seq.Name)
			}
			break
		}
	}
	schema, ok := s.Database().SchemaByOID(seq.Schema)
	if !ok {
		return parser.QuoteIdent(seq.Name)
	}
	return parser.QuoteIdent(schema.Name) + "." + parser.QuoteIdent(seq.Name)
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

func classByName(s Session, text string) (engine.OID, error) {
	names, err := parser.ParseNameList(text)
	if err != nil {
		return 0, err
	}
	schema, name, err := splitRelationName(s, names)
	if err != nil {
		return 0, err
	}
	if r, ok := systemRelation(s, schema, name); ok {
		return engine.OID(r.OID), nil
	}
	if _, ok := s.Database().Schema(schema); !ok && schema != "" {
		return 0, sqlstate.Errorf(sqlstate.InvalidSchemaName, `schema "%s" does not exist`, schema)
	}
	seq, err := findSequence(s, schema, name)
	if err != nil {
		return 0, err
	}
	return seq.OID, nil
}

// systemRelation finds a system catalog or view by name, as the search path does:
// pg_catalog comes before everything that the path does not name before it.
func systemRelation(s Session, schema, name string) (*builtin.Relation, bool) {
	if schema == "" {
		if _, err := findSequence(s, "", name); err == nil && s.SearchPath()[0] != engine.PgCatalogNamespace {
			return nil, false
		}
	}
	return builtin.FindRelation(schema, name)
}

func systemName(r *builtin.Relation) string {
	if r.Schema == "pg_catalog" {
		return parser.QuoteIdent(r.Name)
	}
	return r.Schema + "." + parser.QuoteIdent(r.Name)
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
		return names[0], names[1], nil
	case 3:
		if names[0] != s.Database().Name {
			return "", "", sqlstate.Errorf(sqlstate.FeatureNotSupported, `cross-database references are not implemented: "%s"`, joinNames(names))
		}
		return names[1], names[2], nil
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
	n, ok := s.Database().Schema(names[0])
	if !ok {
		return 0, sqlstate.Errorf(sqlstate.InvalidSchemaName, `schema "%s" does not exist`, names[0])
	}
	return uint32(n.OID), nil
}

func resolveRole(s Session, text string) (uint32, error) {
	names, err := parser.ParseNameList(text)
	if err != nil {
		return 0, err
	}
	if len(names) != 1 {
		return 0, sqlstate.New(sqlstate.InvalidName, "invalid name syntax")
	}
	r, ok := s.Catalog().Role(names[0])
	if !ok {
		return 0, sqlstate.Errorf(sqlstate.UndefinedObject, `role "%s" does not exist`, names[0])
	}
	return uint32(r.OID), nil
}

func resolveProc(text string) (uint32, error) {
	names, err := parser.ParseNameList(text)
	if err != nil {
		return 0, err
	}
	list := builtin.Functions(names[len(names)-1])
	if len(names) > 2 || len(names) == 2 && names[0] != "pg_catalog" {
		list = nil
	}
	switch len(list) {
	case 0:
		return 0, sqlstate.Errorf(sqlstate.UndefinedFunction, `function "%s" does not exist`, text)
	case 1:
		return list[0].OID, nil
	}
	return 0, sqlstate.Errorf(sqlstate.AmbiguousFunction, `more than one function named "%s"`, text)
}
