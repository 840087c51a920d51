package session

import (
	"strings"

	"seqd/engine"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// grantOnOther is a GRANT or REVOKE on a kind of object of which there are only those
// that initdb makes, if any. On what is not there it is PostgreSQL's error; on all
// functions of a schema, which holds none, it does nothing; else it is not served.
func (s *Session) grantOnOther(g *parser.GrantStmt) error {
	if g.Target == parser.GrantAllInSchema {
		return s.grantOnNone(g)
	}
	for _, name := range g.Objects {
		if err := s.missingOther(g.Object, name); err != nil {
			return err
		}
	}
	if kind, ok := grantKinds[g.Object]; ok {
		if _, err := grantedPrivileges(g); err != nil || kind == 0 {
			return err
		}
	}
	return unserved("GRANT ON " + strings.ToUpper(string(g.Object)))
}

func (s *Session) grantOnNone(g *parser.GrantStmt) error {
	for _, name := range g.Objects {
		schema, err := s.schemaToChange(name.Name)
		if err != nil {
			return err
		}
		if schema.OID == engine.PgCatalogNamespace || schema.OID == engine.InformationSchema {
			return unserved("GRANT ON ALL " + strings.ToUpper(string(g.Object)) + "S IN SCHEMA " + strings.ToUpper(schema.Name))
		}
	}
	_, err := grantedPrivileges(g)
	return err
}

// missingOther is the error for an object that is not there, nil if it is.
func (s *Session) missingOther(kind parser.ObjectType, name parser.RangeVar) error {
	missing := func(what string) error {
		return sqlstate.Errorf(sqlstate.UndefinedObject, "%s \"%s\" does not exist", what, name.Name)
	}
	catalogs := map[parser.ObjectType]string{parser.ObjectLanguage: "pg_language", parser.ObjectTablespace: "pg_tablespace"}
	switch kind {
	case parser.ObjectLanguage, parser.ObjectTablespace:
		if !query.Recorded(catalogs[kind], name.Name) {
			return missing(string(kind))
		}
	case parser.ObjectServer:
		return missing("server")
	case parser.ObjectWrapper:
		return missing("foreign-data wrapper")
	case parser.ObjectLarge:
		return sqlstate.Errorf(sqlstate.UndefinedObject, "large object %s does not exist", name.Name)
	case parser.ObjectOfType, parser.ObjectDomain:
		text := parser.QuoteIdent(name.Name)
		if name.Schema != "" {
			text = parser.QuoteIdent(name.Schema) + "." + text
		}
		_, err := query.InputText(evaluator{s}, pgtypes.Regtype, text)
		return err
	}
	return nil
}
