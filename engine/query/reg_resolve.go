package query

import (
	"strings"

	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// checkSchema refuses a name with a schema that does not exist (LookupExplicitNamespace).
func checkSchema(s Session, names []string) error {
	if len(names) != 2 {
		return nil
	}
	if _, ok := s.Database().Schema(ownTemp(s, names[0])); !ok {
		return sqlstate.Errorf(sqlstate.InvalidSchemaName, `schema "%s" does not exist`, names[0])
	}
	return nil
}

func resolveProc(s Session, text string) (uint32, error) {
	names, err := parser.ParseNameList(text)
	if err != nil {
		return 0, err
	}
	if err := checkSchema(s, names); err != nil {
		return 0, err
	}
	switch list := functionsNamed(names); len(list) {
	case 0:
		return 0, sqlstate.Errorf(sqlstate.UndefinedFunction, `function "%s" does not exist`, text)
	case 1:
		return list[0].OID, nil
	}
	return 0, sqlstate.Errorf(sqlstate.AmbiguousFunction, `more than one function named "%s"`, text)
}

// functionsNamed are the functions that a name, maybe with a schema, may mean.
func functionsNamed(names []string) []*builtin.Function {
	switch len(names) {
	case 1:
		return builtin.Functions(names[0])
	case 2:
		return builtin.FunctionsIn(names[0], names[1])
	}
	return nil
}

// splitSignature divides name(type, type) into its parts.
func splitSignature(text string) (string, []string, error) {
	name, rest, ok := strings.Cut(text, "(")
	rest = strings.TrimSpace(rest)
	if !ok {
		return "", nil, sqlstate.New(sqlstate.InvalidTextRepresentation, "expected a left parenthesis")
	}
	if !strings.HasSuffix(rest, ")") {
		return "", nil, sqlstate.New(sqlstate.InvalidTextRepresentation, "expected a right parenthesis")
	}
	var types []string
	if rest = strings.TrimSpace(rest[:len(rest)-1]); rest != "" {
		types = strings.Split(rest, ",")
	}
	return strings.TrimSpace(name), types, nil
}

// resolveProcedure is regprocedurein: a name with argument types.
func resolveProcedure(s Session, text string) (uint32, error) {
	name, types, err := splitSignature(text)
	if err != nil {
		return 0, err
	}
	names, err := parser.ParseNameList(name)
	if err != nil {
		return 0, err
	}
	if err := checkSchema(s, names); err != nil {
		return 0, err
	}
	var args []pgtypes.OID
	for _, t := range types {
		oid, err := resolveTypeText(s, strings.TrimSpace(t))
		if err != nil {
			return 0, err
		}
		args = append(args, oid)
	}
	for _, f := range functionsNamed(names) {
		if exactly(f.Args, args) && len(f.Args) == len(args) {
			return f.OID, nil
		}
	}
	return 0, sqlstate.Errorf(sqlstate.UndefinedFunction, `function "%s" does not exist`, text)
}

// resolveOperator is regoperin and regoperatorin.
func resolveOperator(s Session, typ pgtypes.OID, text string) (uint32, error) {
	name := strings.TrimPrefix(text, "pg_catalog.")
	if typ == pgtypes.Regoper {
		if schema, _, ok := strings.Cut(text, "."); ok { // no operator has a dot in its name
			if err := checkSchema(s, []string{schema, name}); err != nil {
				return 0, err
			}
		}
		switch list := builtin.Operators(name); len(list) {
		case 0:
			return 0, sqlstate.Errorf(sqlstate.UndefinedFunction, "operator does not exist: %s", text)
		case 1:
			return list[0].OID, nil
		}
		return 0, sqlstate.Errorf(sqlstate.AmbiguousFunction, "more than one operator named %s", text)
	}
	name, types, err := splitSignature(name)
	if err != nil {
		return 0, err
	}
	if len(types) != 2 {
		return 0, sqlstate.New(sqlstate.UndefinedParameter, "missing argument").
			WithHint("Use NONE to denote the missing argument of a unary operator.")
	}
	var sides [2]uint32
	for i, t := range types {
		if t = strings.TrimSpace(t); strings.EqualFold(t, "none") {
			continue
		}
		if sides[i], err = resolveTypeText(s, t); err != nil {
			return 0, err
		}
	}
	for _, o := range builtin.Operators(name) {
		if o.Left == sides[0] && o.Right == sides[1] {
			return o.OID, nil
		}
	}
	return 0, sqlstate.Errorf(sqlstate.UndefinedFunction, "operator does not exist: %s", text)
}

// resolveSimple finds a text search configuration or dictionary, or a collation.
func resolveSimple(s Session, typ pgtypes.OID, text string) (uint32, error) {
	names, err := parser.ParseNameList(text)
	if err != nil {
		return 0, err
	}
	if err := checkSchema(s, names); err != nil {
		return 0, err
	}
	if len(names) == 1 || len(names) == 2 && names[0] == "pg_catalog" {
		if oid, ok := simpleOID(regCatalogs[typ], names[len(names)-1]); ok {
			return oid, nil
		}
	}
	switch typ {
	case pgtypes.Regconfig:
		return 0, sqlstate.Errorf(sqlstate.UndefinedObject, `text search configuration "%s" does not exist`, joinNames(names))
	case pgtypes.Regdictionary:
		return 0, sqlstate.Errorf(sqlstate.UndefinedObject, `text search dictionary "%s" does not exist`, joinNames(names))
	}
	return 0, sqlstate.Errorf(sqlstate.UndefinedObject, `collation "%s" for encoding "UTF8" does not exist`, joinNames(names))
}
