package query

import (
	"seqd/engine"
	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
)

func init() {
	register(map[string]envFunc{"pg_describe_object": describeObject})
	registerSets(map[string]setFunc{"ts_token_type_byid": tokenTypes, "ts_token_type_byname": tokenTypes,
		"pg_available_extensions": availableExtensions, "pg_available_extension_versions": availableExtensions})
}

// plainObjects are catalogs of objects that messages call by a word and their name, with
// the column of the name.
var plainObjects = map[uint32]struct{ catalog, word string }{
	3079: {"pg_extension", "extension "}, 2612: {"pg_language", "language "}, 3456: {"pg_collation", "collation "},
	2601: {"pg_am", "access method "}, 1213: {"pg_tablespace", "tablespace "}, 3600: {"pg_ts_dict", "text search dictionary "},
	3601: {"pg_ts_parser", "text search parser "}, 3602: {"pg_ts_config", "text search configuration "},
	3764: {"pg_ts_template", "text search template "}, 2607: {"pg_conversion", "conversion "},
}

// describeObject is pg_describe_object: an object as messages about dependencies call it.
// What is of no such object, of an index method's parts for example, is NULL.
func describeObject(f *frame, _ *callExpr, a []value) (value, error) {
	class, oid, part := a[0].OID(), a[1].OID(), a[2].Int()
	if text := objectText(f.s, class, oid, part); text != "" {
		return pgtypes.NewText(text), nil
	}
	return value{}, nil
}

func objectText(s Session, class, oid uint32, part int64) string {
	if plain, ok := plainObjects[class]; ok {
		if name := simpleName(plain.catalog, oid); name != "" {
			return plain.word + name
		}
		return ""
	}
	switch class {
	case 1259:
		return relationText(s, engine.OID(oid), part)
	case 1255:
		if p, ok := builtin.FunctionByOID(oid); ok {
			return "function " + procedureName(p)
		}
	case 1247:
		if _, ok := pgtypes.TypeByOID(oid); ok {
			return "type " + pgtypes.Format(oid)
		}
	case 2617:
		if o, ok := builtin.OperatorByOID(oid); ok {
			return "operator " + operatorDisplay(pgtypes.Regoperator, o)
		}
	case 2615:
		if name, ok := schemaName(s, engine.OID(oid)); ok {
			return "schema " + name
		}
	case 1260:
		if name, ok := roleName(s, engine.OID(oid)); ok {
			return "role " + name
		}
	case 1262:
		if db, ok := s.Catalog().DatabaseByOID(engine.OID(oid)); ok {
			return "database " + db.Name
		}
	case 2606:
		if t, c := findConstraint(s, engine.OID(oid)); c != nil {
			return "constraint " + parser.QuoteIdent(c.Name) + " on " + relationText(s, t.OID, 0)
		}
	case 2604:
		return defaultOwner(s, engine.OID(oid))
	case 2618:
		if r, row := recordedRow("pg_rewrite", "oid", oid); row != nil {
			return "rule " + row[r.ColumnAt("rulename")].Text() + " on " + relationText(s, engine.OID(row[r.ColumnAt("ev_class")].OID()), 0)
		}
	}
	return ""
}

// relationText is a relation, or a column of it.
func relationText(s Session, oid engine.OID, column int64) string {
	kind := ""
	if r, ok := s.Database().RelationByOID(oid); ok {
		switch r.(type) {
		case *engine.Sequence:
			kind = "sequence"
		case *engine.Table:
			kind = "table"
		case *engine.Index:
			kind = "index"
		}
	} else if r, ok := builtin.RelationByOID(uint32(oid)); ok {
		kind = map[byte]string{'r': "table", 'v': "view", 'i': "index", 't': "toast table"}[r.Kind]
	}
	if kind == "" {
		return ""
	}
	text := kind + " " + relationDisplay(s, oid)
	if t, ok := s.Database().TableByOID(oid); ok && t.ColumnAt(int16(column)) != nil {
		return "column " + parser.QuoteIdent(t.ColumnAt(int16(column)).Name) + " of " + text
	}
	if names := columnNames(s, oid); column > 0 && int(column) <= len(names) {
		return "column " + parser.QuoteIdent(names[column-1]) + " of " + text
	}
	return text
}

// defaultOwner describes a column's default.
func defaultOwner(s Session, oid engine.OID) (text string) {
	s.Database().Tables(func(t *engine.Table) bool {
		for i := range t.Columns {
			if d := t.Columns[i].Default; d != nil && d.OID == oid {
				text = "default value for " + relationText(s, t.OID, int64(i+1))
			}
		}
		return text == ""
	})
	return text
}

// tokens are the kinds of words that the text search parser "default" tells apart.
var tokens = [][2]string{
	{"asciiword", "Word, all ASCII"}, {"word", "Word, all letters"}, {"numword", "Word, letters and digits"}, {"email", "Email address"},
	{"url", "URL"}, {"host", "Host"}, {"sfloat", "Scientific notation"}, {"version", "Version number"},
	{"hword_numpart", "Hyphenated word part, letters and digits"}, {"hword_part", "Hyphenated word part, all letters"},
	{"hword_asciipart", "Hyphenated word part, all ASCII"}, {"blank", "Space symbols"}, {"tag", "XML tag"}, {"protocol", "Protocol head"},
	{"numhword", "Hyphenated word, letters and digits"}, {"asciihword", "Hyphenated word, all ASCII"}, {"hword", "Hyphenated word, all letters"},
	{"url_path", "URL path"}, {"file", "File or path name"}, {"float", "Decimal notation"}, {"int", "Signed integer"},
	{"uint", "Unsigned integer"}, {"entity", "XML entity"},
}

// tokenTypes is ts_token_type: there is one parser.
func tokenTypes(_ *frame, c *callExpr, _ []value) (setIterator, error) {
	var rows []value
	for i, t := range tokens {
		rows = append(rows, recordOf(c.out, []value{pgtypes.NewInt(int64(i + 1)), pgtypes.NewText(t[0]), pgtypes.NewText(t[1])}))
	}
	return fromList(rows, nil)
}

// availableExtensions are pg_available_extensions and the versions of them: the one that
// is installed, as in a PostgreSQL without further packages.
func availableExtensions(_ *frame, c *callExpr, _ []value) (setIterator, error) {
	text, no := pgtypes.NewText, pgtypes.NewBool(false)
	row := []value{text("plpgsql"), text("1.0"), text("PL/pgSQL procedural language")}
	if len(c.out) > len(row) {
		row = []value{row[0], row[1], pgtypes.NewBool(true), pgtypes.NewBool(true), no, text("pg_catalog"), {}, row[2]}
	}
	return fromList([]value{recordOf(c.out, row)}, nil)
}
