package regress

import (
	"slices"
	"testing"
)

func TestSplit(t *testing.T) {
	script := "-- a; comment\nSELECT ';', E'\\';', \"a;b\"; /* ; /* ; */ */ SELECT 2\n;\n" +
		"\\set x 1\nDO $a$ ; $$ ; $a$;\nCOPY t FROM stdin;\n1;2\n\\.\nSELECT 3 AS x \\gset\n\\c - someone\n" +
		"CREATE RULE r AS ON x DO (a; b);\n\\c\nSELECT 4"
	want := []Statement{
		{SQL: `SELECT ';', E'\';', "a;b"`, Line: 2},
		{SQL: "/* ; /* ; */ */ SELECT 2", Line: 2},
		{SQL: "DO $a$ ; $$ ; $a$", Line: 5},
		{SQL: "COPY t FROM stdin", Line: 6},
		{SQL: "SELECT 3 AS x", Line: 9},
		{Connect: "someone", Line: 10},
		{SQL: "CREATE RULE r AS ON x DO (a; b)", Line: 11},
		{Connect: "-", Line: 12},
	}
	if got := Split(script); !slices.Equal(got, want) {
		for _, s := range got {
			t.Logf("%+v", s)
		}
		t.Error("cut otherwise")
	}
}
