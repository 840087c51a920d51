package session

import (
	"slices"
	"strings"

	"seqd/engine/query"
	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// dropOther is DROP of a kind of object that seqd makes none of. What is named is
// missing, unless initdb has made it.
func (s *Session) dropOther(d *parser.DropOtherStmt) (string, error) {
	words := strings.NewReplacer("statistics object", "statistics", "foreign-data", "foreign data").Replace(d.Kind)
	tag := "DROP " + strings.ToUpper(words)
	if err := s.writable(tag); err != nil {
		return "", err
	}
	for i := range d.Targets {
		t := &d.Targets[i]
		missing, err := s.missingObject(d, t)
		switch {
		case err != nil:
			return "", err
		case missing == nil:
			return "", unserved(tag)
		case !d.IfExists:
			return "", missing
		}
		s.notice(sqlstate.Noticef(sqlstate.SuccessfulCompletion, "%s, skipping", s.skipping(d, t, missing)))
	}
	return tag, nil
}

// missingObject is the error that says that an object does not exist; nil if it
// exists. err is what forbids the DROP in any case.
func (s *Session) missingObject(d *parser.DropOtherStmt, t *parser.DropTarget) (missing *sqlstate.Error, err error) {
	name := strings.Join(t.Names, ".")
	undefined := func(format string, args ...any) (*sqlstate.Error, error) {
		return sqlstate.Errorf(sqlstate.UndefinedObject, format, args...), nil
	}
	if missing := s.missingSchema(d.Kind, t); missing != nil {
		return missing, nil
	}
	switch d.Kind {
	case "type", "domain":
		return s.missingType(d, t)
	case "cast", "transform":
		return s.missingCast(d, t)
	case "function", "procedure", "routine", "aggregate":
		return s.missingRoutine(d.Kind, t)
	case "operator":
		return s.missingOperator(t)
	case "operator class", "operator family":
		if !builtinHas("pg_am", "amname", t.Using) {
			return nil, sqlstate.Errorf(sqlstate.UndefinedObject, "access method \"%s\" does not exist", t.Using)
		}
		return undefined("%s \"%s\" does not exist for access method \"%s\"", d.Kind, name, t.Using)
	case "trigger", "rule", "policy":
		return s.missingOn(d.Kind, t)
	case "collation":
		if builtinHas("pg_collation", "collname", t.Names[len(t.Names)-1]) {
			return nil, nil
		}
		return undefined("collation \"%s\" for encoding \"UTF8\" does not exist", name)
	case "conversion", "statistics object", "text search parser", "text search dictionary",
		"text search template", "text search configuration":
		name = strings.Join(t.Names, ".")
	}
	if table, ok := namedIn[d.Kind]; ok && builtinHas(table.relation, table.column, t.Names[len(t.Names)-1]) {
		return nil, nil
	}
	return undefined("%s \"%s\" does not exist", d.Kind, name)
}

// namedIn are the catalogs of kinds of which initdb makes some.
var namedIn = map[string]struct{ relation, column string }{
	"access method": {"pg_am", "amname"}, "language": {"pg_language", "lanname"}, "extension": {"pg_extension", "extname"},
	"tablespace": {"pg_tablespace", "spcname"}, "conversion": {"pg_conversion", "conname"},
	"text search parser": {"pg_ts_parser", "prsname"}, "text search dictionary": {"pg_ts_dict", "dictname"},
	"text search template": {"pg_ts_template", "tmplname"}, "text search configuration": {"pg_ts_config", "cfgname"},
}

// builtinHas tells whether initdb has made an object of that name.
func builtinHas(relation, column, name string) bool {
	r, ok := builtin.FindRelation("pg_catalog", relation)
	if !ok {
		return false
	}
	at := r.ColumnAt(column)
	return slices.ContainsFunc(r.Rows(), func(row []pgtypes.Value) bool { return row[at].Text() == name })
}

// missingSchema is the error for a name in a schema that does not exist.
func (s *Session) missingSchema(kind string, t *parser.DropTarget) *sqlstate.Error {
	names := t.Names
	switch {
	case kind == "type" || kind == "domain":
		names = t.Types[0].Names
	case t.On != nil || t.Using != "" && len(names) < 2 || len(names) < 2:
		return nil
	}
	if len(names) < 2 {
		return nil
	}
	schema := names[len(names)-2]
	if _, ok := s.db().Schema(schema); ok {
		return nil
	}
	return errNoSchema(schema)
}

func (s *Session) missingType(d *parser.DropOtherStmt, t *parser.DropTarget) (*sqlstate.Error, error) {
	typ := &t.Types[0]
	oid, _, err := query.ResolveType(typ, evaluator{s})
	if err != nil {
		return sqlstate.Errorf(sqlstate.UndefinedObject, "type \"%s\" does not exist", typ), nil
	}
	known, _ := pgtypes.TypeByOID(oid)
	if d.Kind == "domain" && known != nil && known.Kind != 'd' {
		return nil, sqlstate.Errorf(sqlstate.WrongObjectType, "\"%s\" is not a domain", typ)
	}
	return nil, requiredBySystem("type " + pgtypes.Format(oid))
}

func requiredBySystem(object string) error {
	return sqlstate.Errorf(sqlstate.DependentObjectsStillExist, "cannot drop %s because it is required by the database system", object)
}

// types finds argument types. The first one that is not there is the error; its
// position is no part of it.
func (s *Session) types(list []parser.TypeName) (oids []pgtypes.OID, missing *sqlstate.Error) {
	for i := range list {
		if list[i].Names == nil {
			oids = append(oids, 0)
			continue
		}
		oid, _, err := query.ResolveType(&list[i], evaluator{s})
		if err != nil {
			e := *sqlstate.From(err)
			e.Position = 0
			return nil, &e
		}
		oids = append(oids, oid)
	}
	return oids, nil
}

func (s *Session) missingCast(d *parser.DropOtherStmt, t *parser.DropTarget) (*sqlstate.Error, error) {
	oids, missing := s.types(t.Types)
	if missing != nil {
		return missing, nil
	}
	if d.Kind == "transform" {
		if !builtinHas("pg_language", "lanname", t.Names[0]) {
			return nil, sqlstate.Errorf(sqlstate.UndefinedObject, "language \"%s\" does not exist", t.Names[0])
		}
		return sqlstate.Errorf(sqlstate.UndefinedObject, "transform for type %s language \"%s\" does not exist", pgtypes.Format(oids[0]), t.Names[0]), nil
	}
	from, to := pgtypes.Format(oids[0]), pgtypes.Format(oids[1])
	if _, ok := builtin.FindCast(oids[0], oids[1]); ok {
		return nil, requiredBySystem("cast from " + from + " to " + to)
	}
	return sqlstate.Errorf(sqlstate.UndefinedObject, "cast from type %s to type %s does not exist", from, to), nil
}

func (s *Session) missingRoutine(kind string, t *parser.DropTarget) (*sqlstate.Error, error) {
	name := strings.Join(t.Names, ".")
	schema := "pg_catalog"
	if len(t.Names) > 1 {
		schema = t.Names[len(t.Names)-2]
	}
	list := builtin.FunctionsIn(schema, t.Names[len(t.Names)-1])
	if !t.Args {
		switch len(list) {
		case 0:
			return sqlstate.Errorf(sqlstate.UndefinedFunction, "could not find a %s named \"%s\"", kind, name), nil
		case 1:
			return nil, requiredBySystem("function " + routineText(list[0].Name, list[0].Args))
		}
		return nil, sqlstate.Errorf(sqlstate.AmbiguousFunction, "%s name \"%s\" is not unique", kind, name).
			WithHint("Specify the argument list to select the %s unambiguously.", kind)
	}
	oids, missing := s.types(t.Types)
	if missing != nil {
		return missing, nil
	}
	for _, fn := range list {
		if slices.Equal(fn.Args, oids) {
			return nil, requiredBySystem("function " + routineText(fn.Name, fn.Args))
		}
	}
	if t.Star {
		return sqlstate.Errorf(sqlstate.UndefinedFunction, "aggregate %s(*) does not exist", name), nil
	}
	if kind == "routine" {
		kind = "function"
	}
	return sqlstate.Errorf(sqlstate.UndefinedFunction, "%s %s does not exist", kind, strings.ReplaceAll(routineText(name, oids), ",", ", ")), nil
}

func routineText(name string, args []pgtypes.OID) string {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = pgtypes.Format(a)
	}
	return name + "(" + strings.Join(parts, ",") + ")"
}

func (s *Session) missingOperator(t *parser.DropTarget) (*sqlstate.Error, error) {
	oids, missing := s.types(t.Types)
	if missing != nil {
		return missing, nil
	}
	if oids[1] == 0 {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "postfix operators are not supported")
	}
	name := strings.Join(t.Names, ".")
	for _, op := range builtin.Operators(t.Names[len(t.Names)-1]) {
		if op.Left == oids[0] && op.Right == oids[1] {
			left := "none"
			if op.Left != 0 {
				left = pgtypes.Format(op.Left)
			}
			return nil, requiredBySystem("operator " + op.Name + "(" + left + "," + pgtypes.Format(op.Right) + ")")
		}
	}
	text := name + " " + pgtypes.Format(oids[1])
	if oids[0] != 0 {
		text = pgtypes.Format(oids[0]) + " " + text
	}
	return sqlstate.Errorf(sqlstate.UndefinedFunction, "operator does not exist: %s", text), nil
}

// missingOn is about a trigger, rule or policy: its table may be what is missing.
func (s *Session) missingOn(kind string, t *parser.DropTarget) (*sqlstate.Error, error) {
	found, err := s.findRelation(*t.On, true)
	if err != nil {
		return nil, err
	}
	if _, system := query.SystemRelation(t.On.Schema, t.On.Name); found == nil && !system {
		if _, ok := s.db().Schema(t.On.Schema); t.On.Schema != "" && !ok {
			return errNoSchema(t.On.Schema), nil
		}
		return sqlstate.Errorf(sqlstate.UndefinedTable, "relation \"%s\" does not exist", qualified(*t.On)), nil
	}
	of := "table"
	if kind == "rule" {
		of = "relation"
	}
	return sqlstate.Errorf(sqlstate.UndefinedObject, "%s \"%s\" for %s \"%s\" does not exist", kind, t.Names[0], of, t.On.Name), nil
}

// skipping is the NOTICE for an object that IF EXISTS allows to be missing: other words
// than the error's for some kinds.
func (s *Session) skipping(d *parser.DropOtherStmt, t *parser.DropTarget, missing *sqlstate.Error) string {
	if missing.Code == sqlstate.InvalidSchemaName || t.On != nil && missing.Code == sqlstate.UndefinedTable {
		return missing.Message
	}
	name := strings.Join(t.Names, ".")
	for i := range t.Types {
		if _, m := s.types(t.Types[i : i+1]); m != nil && d.Kind != "type" && d.Kind != "domain" {
			if m.Code == sqlstate.InvalidSchemaName {
				return m.Message
			}
			return "type \"" + t.Types[i].String() + "\" does not exist"
		}
	}
	switch d.Kind {
	case "function", "procedure", "routine", "aggregate":
		parts := make([]string, len(t.Types))
		for i := range t.Types {
			parts[i] = t.Types[i].String()
		}
		return d.Kind + " " + name + "(" + strings.Join(parts, ",") + ") does not exist"
	case "operator":
		return "operator " + name + " does not exist"
	case "cast":
		return "cast from type " + t.Types[0].String() + " to type " + t.Types[1].String() + " does not exist"
	case "transform":
		return "transform for type " + t.Types[0].String() + " language \"" + name + "\" does not exist"
	case "trigger", "rule", "policy":
		return d.Kind + " \"" + name + "\" for relation \"" + qualified(*t.On) + "\" does not exist"
	case "collation":
		return "collation \"" + name + "\" does not exist"
	}
	return missing.Message
}
