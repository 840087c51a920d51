package query

import (
	"strings"

	"seqd/engine"
	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	register(map[string]envFunc{
		"oidvectortypes":          vectorTypes,
		"pg_get_viewdef":          viewByOID,
		"pg_get_viewdef_ext":      viewByOID,
		"pg_get_viewdef_wrap":     viewByOID,
		"pg_get_viewdef_name":     viewByName,
		"pg_get_viewdef_name_ext": viewByName,
		"pg_get_ruledef":          ruleDefinition,
		"pg_get_ruledef_ext":      ruleDefinition,
		"pg_get_indexdef": func(f *frame, _ *callExpr, a []value) (value, error) {
			return indexDefinition(f.s, a[0].OID(), 0, false)
		},
		"pg_get_indexdef_ext": func(f *frame, _ *callExpr, a []value) (value, error) {
			return indexDefinition(f.s, a[0].OID(), a[1].Int(), a[2].Bool())
		},
		"pg_get_constraintdef":     constraintDefinition,
		"pg_get_constraintdef_ext": constraintDefinition,

		"pg_get_function_result":             functionText(functionResult),
		"pg_get_function_arguments":          functionText(func(f *builtin.Function) (string, bool) { return functionArguments(f, true), true }),
		"pg_get_function_identity_arguments": functionText(func(f *builtin.Function) (string, bool) { return functionArguments(f, false), true }),
		"pg_get_function_sqlbody": functionText(func(f *builtin.Function) (string, bool) {
			return f.Body, strings.HasPrefix(f.Body, "RETURN") || strings.HasPrefix(f.Body, "BEGIN")
		}),
		"pg_get_function_arg_default": noText,

		"pg_get_triggerdef":                   noText,
		"pg_get_triggerdef_ext":               noText,
		"pg_get_partkeydef":                   noText,
		"pg_get_partition_constraintdef":      noText,
		"pg_get_statisticsobjdef":             noText,
		"pg_get_statisticsobjdef_columns":     noText,
		"pg_get_statisticsobjdef_expressions": noText,
		"pg_tablespace_location":              func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewText(""), nil },
		"pg_encoding_max_length_sql":          encodingLength,
		"PG_encoding_to_char":                 encodingName,
		"PG_char_to_encoding":                 encodingNumber,
		"pg_relation_is_updatable":            func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewInt(0), nil },
		"pg_column_is_updatable":              func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewBool(false), nil },
		"pg_collation_for":                    collationFor,
		"pg_relation_filenode":                func(_ *frame, _ *callExpr, a []value) (value, error) { return a[0], nil },
		"pg_partition_root":                   noText,
	})
	registerSets(map[string]setFunc{
		"pg_options_to_table":    optionsToTable,
		"pg_partition_ancestors": noSet,
		"pg_partition_tree":      noSet,
		"pg_mcv_list_items":      noSet,
	})
}

func noText(*frame, *callExpr, []value) (value, error) { return value{}, nil }

func noSet(*frame, *callExpr, []value) (setIterator, error) {
	return func() (value, bool, error) { return value{}, false, nil }, nil
}

func viewByOID(_ *frame, c *callExpr, a []value) (value, error) {
	return viewText(a[0].OID(), pretty(c, a))
}

// pretty tells whether a definition is asked for without needless parentheses: by a
// Boolean, or by a line width.
func pretty(c *callExpr, a []value) bool {
	return len(a) > 1 && (c.fn.Args[1] == pgtypes.Int4 || a[1].Bool())
}

func viewByName(f *frame, c *callExpr, a []value) (value, error) {
	oid, err := resolveClass(f.s, a[0].Text())
	if err != nil {
		return value{}, err
	}
	return viewText(uint32(oid), pretty(c, a))
}

func viewText(oid uint32, pretty bool) (value, error) {
	r, ok := builtin.RelationByOID(oid)
	if !ok || r.Definition == "" {
		return value{}, nil
	}
	if pretty {
		return pgtypes.NewText(r.Pretty), nil
	}
	return pgtypes.NewText(r.Definition), nil
}

// ruleDefinition is pg_get_ruledef for the rules that make views.
func ruleDefinition(_ *frame, _ *callExpr, a []value) (value, error) {
	rules, _ := builtin.FindRelation("", "pg_rewrite")
	for _, row := range rules.Rows() {
		if row[0].OID() != a[0].OID() {
			continue
		}
		r, ok := builtin.RelationByOID(row[rules.ColumnAt("ev_class")].OID())
		if !ok || r.Definition == "" || row[1].Text() != "_RETURN" {
			return value{}, nil
		}
		return pgtypes.NewText(`CREATE RULE "_RETURN" AS` + "\n    ON SELECT TO " + r.Schema + "." + parser.QuoteIdent(r.Name) + " DO INSTEAD " + r.Definition), nil
	}
	return value{}, nil
}

// functionText makes a function of one that describes a function.
func functionText(describe func(f *builtin.Function) (string, bool)) envFunc {
	return func(_ *frame, _ *callExpr, a []value) (value, error) {
		f, ok := builtin.FunctionByOID(a[0].OID())
		if !ok {
			return value{}, nil
		}
		text, ok := describe(f)
		if !ok {
			return value{}, nil
		}
		return pgtypes.NewText(text), nil
	}
}

func functionResult(f *builtin.Function) (string, bool) {
	switch {
	case f.Kind == 'p':
		return "", false
	case f.Table():
		var cols []string
		for _, o := range f.Out {
			cols = append(cols, parser.QuoteIdent(o.Name)+" "+pgtypes.Format(o.Type))
		}
		return "TABLE(" + strings.Join(cols, ", ") + ")", true
	case f.Set:
		return "SETOF " + pgtypes.Format(f.Result), true
	}
	return pgtypes.Format(f.Result), true
}

// functionArguments is print_function_arguments.
func functionArguments(f *builtin.Function, defaults bool) string {
	var out []string
	list := splitDefaults(f.DefaultText)
	inputs := 0
	for _, p := range f.Params {
		if p.Mode == 't' || !defaults && p.Mode == 'o' {
			continue
		}
		s := map[byte]string{'o': "OUT ", 'b': "INOUT ", 'v': "VARIADIC "}[p.Mode]
		if p.Name != "" {
			s += parser.QuoteIdent(p.Name) + " "
		}
		s += pgtypes.Format(p.Type)
		if p.Mode != 'o' {
			if n := len(f.Args) - inputs; defaults && n <= f.Defaults && len(list) == f.Defaults {
				s += " DEFAULT " + list[f.Defaults-n]
			}
			inputs++
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// splitDefaults divides a list of default expressions at its top-level commas.
func splitDefaults(text string) []string {
	var out []string
	depth, from, quoted := 0, 0, false
	for i, c := range text {
		switch {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case c == ',' && depth == 0:
			out = append(out, strings.TrimSpace(text[from:i]))
			from = i + 1
		}
	}
	if text == "" {
		return nil
	}
	return append(out, strings.TrimSpace(text[from:]))
}

// encodings are the names of server and client encodings by number.
var encodings = []string{
	"SQL_ASCII", "EUC_JP", "EUC_CN", "EUC_KR", "EUC_TW", "EUC_JIS_2004", "UTF8", "MULE_INTERNAL", "LATIN1", "LATIN2", "LATIN3",
	"LATIN4", "LATIN5", "LATIN6", "LATIN7", "LATIN8", "LATIN9", "LATIN10", "WIN1256", "WIN1258", "WIN866", "WIN874", "KOI8R",
	"WIN1251", "WIN1252", "ISO_8859_5", "ISO_8859_6", "ISO_8859_7", "ISO_8859_8", "WIN1250", "WIN1253", "WIN1254", "WIN1255",
	"WIN1257", "KOI8U", "SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004",
}

func encodingName(_ *frame, _ *callExpr, a []value) (value, error) {
	if n := a[0].Int(); n >= 0 && n < int64(len(encodings)) {
		return pgtypes.NewText(encodings[n]), nil
	}
	return pgtypes.NewText(""), nil
}

// encodingLength is how many bytes a character has at the most.
func encodingLength(_ *frame, _ *callExpr, a []value) (value, error) {
	lengths := []int64{1, 3, 3, 3, 4, 3, 4, 4}
	switch n := a[0].Int(); {
	case n < 0 || n >= int64(len(encodings)):
		return value{}, nil
	case n < int64(len(lengths)):
		return pgtypes.NewInt(lengths[n]), nil
	case n >= 35: // of clients only
		return pgtypes.NewInt([]int64{2, 2, 2, 2, 4, 3, 2}[n-35]), nil
	}
	return pgtypes.NewInt(1), nil
}

func encodingNumber(_ *frame, _ *callExpr, a []value) (value, error) {
	plain := func(s string) string {
		return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(s))
	}
	name := plain(a[0].Text())
	if name == "unicode" {
		name = "utf8"
	}
	for i, e := range encodings {
		if plain(e) == name {
			return pgtypes.NewInt(int64(i)), nil
		}
	}
	return pgtypes.NewInt(-1), nil
}

func collationFor(_ *frame, c *callExpr, a []value) (value, error) {
	t := c.args[0].typ()
	if category(t) != 'S' {
		return value{}, sqlstate.Errorf(sqlstate.DatatypeMismatch, "collations are not supported by type %s", pgtypes.Format(t))
	}
	if t == pgtypes.Name {
		return pgtypes.NewText(`"C"`), nil
	}
	return pgtypes.NewText(`"default"`), nil
}

// optionsToTable splits name=value options.
func optionsToTable(_ *frame, c *callExpr, a []value) (setIterator, error) {
	var rows []value
	for _, e := range a[0].Array().Elems {
		name, v, ok := strings.Cut(e.Text(), "=")
		row := []value{pgtypes.NewText(name), {}}
		if ok {
			row[1] = pgtypes.NewText(v)
		}
		rows = append(rows, recordOf(c.out, row))
	}
	return fromList(rows, nil)
}

// recordedRow finds a recorded row by the OID in a column.
func recordedRow(catalog, column string, oid uint32) (*builtin.Relation, []value) {
	r, _ := builtin.FindRelation("", catalog)
	at := r.ColumnAt(column)
	for _, row := range r.Rows() {
		if row[at].OID() == oid {
			return r, row
		}
	}
	return r, nil
}

// indexDefinition is pg_get_indexdef, or with column its n-th column.
func indexDefinition(s Session, oid uint32, column int64, pretty bool) (value, error) {
	if ix, ok := s.Database().IndexByOID(engine.OID(oid)); ok {
		return tableIndexDefinition(s, ix, column, pretty)
	}
	r, row := recordedRow("pg_index", "indexrelid", oid)
	index, ok := builtin.RelationByOID(oid)
	if row == nil || !ok {
		return value{}, nil
	}
	table, _ := builtin.RelationByOID(row[r.ColumnAt("indrelid")].OID())
	classes := row[r.ColumnAt("indclass")].Array().Elems
	var cols []string
	for i, k := range row[r.ColumnAt("indkey")].Array().Elems {
		col := parser.QuoteIdent(table.Columns[k.Int()-1].Name)
		if _, class := recordedRow("pg_opclass", "oid", classes[i].OID()); column == 0 && class != nil && !class[7].Bool() {
			col += " " + class[2].Text()
		}
		cols = append(cols, col)
	}
	if column != 0 {
		if column > int64(len(cols)) || column < 0 {
			return pgtypes.NewText(""), nil
		}
		return pgtypes.NewText(cols[column-1]), nil
	}
	unique := ""
	if row[r.ColumnAt("indisunique")].Bool() {
		unique = "UNIQUE "
	}
	return pgtypes.NewText("CREATE " + unique + "INDEX " + parser.QuoteIdent(index.Name) + " ON " + table.Schema + "." +
		parser.QuoteIdent(table.Name) + " USING btree (" + strings.Join(cols, ", ") + ")"), nil
}

// constraintDefinition is pg_get_constraintdef.
func constraintDefinition(f *frame, call *callExpr, a []value) (value, error) {
	if t, c := findConstraint(f.s, engine.OID(a[0].OID())); c != nil {
		return pgtypes.NewText(tableConstraint(f.s, t, c, pretty(call, a))), nil
	}
	r, row := recordedRow("pg_constraint", "oid", a[0].OID())
	if row == nil {
		return value{}, nil
	}
	kind := row[r.ColumnAt("contype")].Text()
	if kind == "c" {
		return pgtypes.NewText("CHECK (" + row[r.ColumnAt("conbin")].Text() + ")"), nil
	}
	what := map[string]string{"p": "PRIMARY KEY", "u": "UNIQUE"}[kind]
	table, ok := builtin.RelationByOID(row[r.ColumnAt("conrelid")].OID())
	if what == "" || !ok {
		return value{}, nil
	}
	var cols []string
	for _, k := range row[r.ColumnAt("conkey")].Array().Elems {
		cols = append(cols, parser.QuoteIdent(table.Columns[k.Int()-1].Name))
	}
	return pgtypes.NewText(what + " (" + strings.Join(cols, ", ") + ")"), nil
}

// vectorTypes is oidvectortypes: the names of a function's argument types.
func vectorTypes(_ *frame, _ *callExpr, a []value) (value, error) {
	var names []string
	for _, typ := range a[0].Array().Elems {
		names = append(names, pgtypes.Format(typ.OID()))
	}
	return pgtypes.NewText(strings.Join(names, ", ")), nil
}
