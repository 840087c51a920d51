package query

import (
	"strings"

	"seqd/engine/query/builtin"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
)

func init() {
	register(map[string]envFunc{
		"pg_get_functiondef": functionText(functionDefinition),
		"pg_relation_is_publishable": func(_ *frame, _ *callExpr, a []value) (value, error) {
			return pgtypes.NewBool(a[0].OID() >= 16384), nil
		},
	})
}

// functionDefinition is pg_get_functiondef.
func functionDefinition(fn *builtin.Function) (string, bool) {
	r, row := recordedRow("pg_proc", "oid", fn.OID)
	if row == nil || fn.Kind == 'a' {
		return "", false
	}
	col := func(name string) pgtypes.Value { return row[r.ColumnAt(name)] }
	var b strings.Builder
	b.WriteString("CREATE OR REPLACE FUNCTION " + parser.QuoteIdent(fn.Schema) + "." + parser.QuoteIdent(fn.Name) + "(" + functionArguments(fn, true) + ")\n")
	result, _ := functionResult(fn)
	_, lang := recordedRow("pg_language", "oid", col("prolang").OID())
	b.WriteString(" RETURNS " + result + "\n LANGUAGE " + parser.QuoteIdent(lang[1].Text()) + "\n")
	words := traits(fn, col)
	if len(words) > 0 {
		b.WriteString(" " + strings.Join(words, " ") + "\n")
	}
	switch body := fn.Body; {
	case strings.HasPrefix(body, "RETURN"), strings.HasPrefix(body, "BEGIN"):
		b.WriteString(body + "\n")
	default:
		b.WriteString("AS ")
		if bin := col("probin"); !bin.IsNull() {
			b.WriteString("'" + bin.Text() + "', ")
		}
		tag := "$function$"
		if fn.Kind == 'p' {
			tag = "$procedure$"
		}
		b.WriteString(tag + col("prosrc").Text() + tag + "\n")
	}
	return b.String(), true
}

// traits are the words between LANGUAGE and AS.
func traits(fn *builtin.Function, col func(string) pgtypes.Value) []string {
	var words []string
	if fn.Kind == 'w' {
		words = append(words, "WINDOW")
	}
	words = append(words, map[byte][]string{'i': {"IMMUTABLE"}, 's': {"STABLE"}}[fn.Volatility]...)
	switch col("proparallel").Text() {
	case "s":
		words = append(words, "PARALLEL SAFE")
	case "r":
		words = append(words, "PARALLEL RESTRICTED")
	}
	if fn.Strict {
		words = append(words, "STRICT")
	}
	if col("prosecdef").Bool() {
		words = append(words, "SECURITY DEFINER")
	}
	if col("proleakproof").Bool() {
		words = append(words, "LEAKPROOF")
	}
	cost := 100.0
	if l := col("prolang").OID(); l == 12 || l == 13 {
		cost = 1
	}
	if c := col("procost").Float(); c != cost {
		words = append(words, "COST "+pgtypes.TextOf(pgtypes.Float4, col("procost")))
	}
	if rows := col("prorows").Float(); rows > 0 && rows != 1000 {
		words = append(words, "ROWS "+pgtypes.TextOf(pgtypes.Float4, col("prorows")))
	}
	return words
}
