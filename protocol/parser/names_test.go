package parser

import (
	"slices"
	"strings"
	"testing"

	"seqd/protocol/sqlstate"
)

func TestQuoteIdent(t *testing.T) { // quote_ident() of PostgreSQL 15
	for in, want := range map[string]string{
		"abc": "abc", "a1_b": "a1_b", "_a": "_a", "Abc": `"Abc"`, "1a": `"1a"`, "a b": `"a b"`, "a$b": `"a$b"`,
		`a"b`: `"a""b"`, "": `""`, "é": `"é"`, "select": `"select"`, "left": `"left"`, "between": `"between"`,
		"sequence": "sequence", "value": "value", "a-b": `"a-b"`, "int": `"int"`, "user": `"user"`, "name": "name",
	} {
		if got := QuoteIdent(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestNameLists(t *testing.T) {
	long := strings.Repeat("a", 70)
	for _, c := range []struct {
		in     string
		dotted []string // nil: 42602, as 'in'::regclass answers
		commas []string // nil: an error, as SET search_path TO 'in' answers
	}{
		{"s", []string{"s"}, []string{"s"}},
		{"S", []string{"s"}, []string{"s"}},
		{`"S"`, []string{"S"}, []string{"S"}},
		{" a . B ", []string{"a", "b"}, nil},
		{"a,b", []string{"a,b"}, []string{"a", "b"}},
		{"a , \"B c\"\t", nil, []string{"a", "B c"}},
		{"a.b.c.d.e", []string{"a", "b", "c", "d", "e"}, []string{"a.b.c.d.e"}},
		{"", nil, []string{}},
		{"  ", nil, []string{}},
		{"a b", nil, nil},
		{"a.", nil, []string{"a."}},
		{".a", nil, []string{".a"}},
		{"a..b", nil, []string{"a..b"}},
		{"a,", []string{"a,"}, nil},
		{",a", []string{",a"}, nil},
		{`"a`, nil, nil},
		{`"a""b"`, []string{`a"b`}, []string{`a"b`}},
		{`"a"b`, nil, nil},
		{`""`, []string{""}, []string{""}},
		{`a"b`, []string{`a"b`}, []string{`a"b`}},
		{"É", []string{"É"}, []string{"É"}},
		{"select", []string{"select"}, []string{"select"}},
		{"1", []string{"1"}, []string{"1"}},
		{long, []string{long[:63]}, []string{long[:63]}},
		{`"` + strings.Repeat("é", 40) + `"`, []string{strings.Repeat("é", 31)}, []string{strings.Repeat("é", 31)}},
		{"a\v", []string{"a\v"}, []string{"a\v"}},
		{"\na\n.\rb\f", []string{"a", "b"}, nil},
	} {
		names, err := ParseNameList(c.in)
		if !slices.Equal(names, c.dotted) || (err == nil) != (c.dotted != nil) {
			t.Errorf("ParseNameList(%q) = %q, %v", c.in, names, err)
		}
		if err != nil && (sqlstate.CodeOf(err) != sqlstate.InvalidName || sqlstate.From(err).Message != "invalid name syntax") {
			t.Errorf("ParseNameList(%q): %v", c.in, err)
		}
		names, err = SplitIdentifierList(c.in)
		if !slices.Equal(names, c.commas) || (err == nil) != (c.commas != nil) {
			t.Errorf("SplitIdentifierList(%q) = %q, %v", c.in, names, err)
		}
	}
}

func TestParseTypeName(t *testing.T) { // 'in'::regtype
	for in, want := range map[string]string{
		"int": "pg_catalog.int4", " INT8 ": "int8", "a.B": "a.b", `"A"`: `"A"`, "int[]": "pg_catalog.int4[]",
		"numeric(10,2)": "pg_catalog.numeric(10, 2)", "timestamp with time zone": "pg_catalog.timestamptz",
		"character varying": "pg_catalog.varchar", "double precision": "pg_catalog.float8", "text[][3]": "text[][]",
	} {
		got, err := ParseTypeName(in)
		if err != nil || dumpType(got) != want {
			t.Errorf("%q: %s, %v, want %s", in, dumpType(got), err, want)
		}
	}
	for in, want := range map[string]string{
		"":           `invalid type name ""`,
		" ":          `invalid type name " "`,
		"setof int4": `invalid type name "setof int4"`,
		"int4 foo":   `syntax error at or near "foo"`,
		"int4' x":    `unterminated quoted string at or near "' x"`,
		"a.":         `syntax error at end of input`,
		"select":     `syntax error at or near "select"`,
		"int4;":      `syntax error at or near ";"`,
	} {
		_, err := ParseTypeName(in)
		if e := sqlstate.From(err); err == nil || e.Code != sqlstate.SyntaxError || e.Message != want || e.Position != 0 {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}
