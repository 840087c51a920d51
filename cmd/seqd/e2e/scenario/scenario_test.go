package scenario

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

const sample = `# About this file.

# Why this case.
case L1 log_cnt
A> CREATE SEQUENCE s;
CREATE SEQUENCE
B> SELECT 1,
.>   2;
?column?:int4 | ?column?:int4
1 | 2
SELECT 1

# A comment inside.
A| SELECT setval($1, $2)
.. with 's', x'0000000000000001', NULL
.. binary
ERROR: 08P01: x
# differs: because
PG:
ERROR: 1
SEQD:
setval:int8
SELECT 1
A>> ALTER SEQUENCE s RESTART
(waiting)
A<<
ALTER SEQUENCE
A> SELECT later();
1
# not yet: later()
! crash
A! connect user=bob

case two
A>
(empty query)

# The end.
`

func TestParseAndString(t *testing.T) {
	text := strings.Replace(sample, "ERROR: 08P01: x\n", "", 1)
	f, err := Parse("x", text)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.String(); got != text {
		t.Errorf("String gives\n%s\nfor\n%s", got, text)
	}
	steps := f.Cases[0].Steps
	if len(f.Cases) != 2 || len(steps) != 8 {
		t.Fatalf("%d cases, %d steps in the first", len(f.Cases), len(steps))
	}
	if s := steps[1]; s.Session != "B" || s.SQL != "SELECT 1,\n  2;" || len(s.Postgres) != 3 || s.Seqd != nil {
		t.Errorf("second step: %+v", s)
	}
	if s := steps[2]; s.Kind != Extended || len(s.Options) != 2 || s.Differs != "because" ||
		strings.Join(s.Want(false), "|") != "ERROR: 1" || strings.Join(s.Want(true), "|") != "setval:int8|SELECT 1" {
		t.Errorf("third step: %+v", s)
	}
	if !f.Cases[0].NeedsDisk() || f.Cases[1].NeedsDisk() {
		t.Error("NeedsDisk is true for a case that crashes its server, and only for that")
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ name, text string }{
		{"statement before a case", "A> SELECT 1;"},
		{"output before a statement", "case x\nSELECT 1"},
		{"two cases of one name", "case x a\ncase x b"},
		{"continuation of nothing", "case x\n.> SELECT"},
		{"continuation of output", "case x\nA> a\nSELECT 1\n.> b"},
		{"option of a simple query", "case x\nA> a\n.. binary"},
		{"difference without a reason", "case x\nA> a\n# differs:\nPG:\n"},
		{"block without a difference", "case x\nA> a\nPG:\nSELECT 1"},
		{"output behind a difference without a block", "case x\nA> a\n# differs: y\nSELECT 1"},
		{"nothing missing", "case x\nA> a\n1\n# not yet:"},
		{"output after not yet", "case x\nA> a\n# not yet: y\n1"},
		{"output after a comment", "case x\nA> a\n# comment\nSELECT 1"},
		{"output after a blank line", "case x\nA> a\n\nSELECT 1"},
	} {
		if f, err := Parse("x", tt.text); err == nil {
			t.Errorf("%s: accepted as %q", tt.name, f.String())
		}
	}
}

func TestRender(t *testing.T) {
	r := &renderer{status: 'I'}
	var got []string
	for _, m := range []pgproto3.BackendMessage{
		&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{
			{Name: []byte("n"), DataTypeOID: 20, TypeModifier: -1},
			{Name: []byte("a b"), DataTypeOID: 25, TypeModifier: -1},
			{Name: []byte(""), DataTypeOID: 1043, TypeModifier: 9},
			{Name: []byte("b"), DataTypeOID: 23, TypeModifier: -1, Format: 1},
		}},
		&pgproto3.DataRow{Values: [][]byte{[]byte("-1"), nil, {}, {0, 0, 0, 7}}},
		&pgproto3.DataRow{Values: [][]byte{[]byte("1"), []byte("two words"), []byte(" x\n"), nil}},
		&pgproto3.DataRow{Values: [][]byte{[]byte("1"), []byte("a | b"), []byte("A> x"), nil}},
		&pgproto3.CommandComplete{CommandTag: []byte("SELECT 2")},
		&pgproto3.ReadyForQuery{TxStatus: 'I'},
		&pgproto3.NoticeResponse{Severity: "WARNING", SeverityUnlocalized: "WARNING", Code: "25P01", Message: "m"},
		&pgproto3.ErrorResponse{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: "42601", Message: "two\nlines", Hint: "h", Position: 7, Line: 99},
		&pgproto3.ReadyForQuery{TxStatus: 'E'},
	} {
		got = append(got, r.message(m)...)
	}
	want := []string{
		`n:int8 | a b:text | "":varchar(typmod 9) | b:int4`,
		`-1 | ∅ | "" | 0x00000007`,
		`1 | two words | " x\n" | ∅`,
		`1 | "a | b" | "A> x" | ∅`,
		`SELECT 2`,
		`WARNING: 25P01: m`,
		`ERROR: 42601: two\nlines`, `HINT: h`, `POSITION: 7`,
		`(failed transaction)`,
	}
	if d := diff(want, got); len(d) != len(want) || strings.Join(want, "\n") != strings.Join(got, "\n") {
		t.Errorf("rendered:\n%s", strings.Join(d, "\n"))
	}
}

func TestCompare(t *testing.T) {
	f, err := Parse("x", "case a\nA> one\n1\n2\nA> two\n# differs: y\nPG:\n3\nSEQD:\n4\n")
	if err != nil {
		t.Fatal(err)
	}
	c := f.Cases[0]
	if r := Compare(c, [][]string{{"1", "2"}, {"3"}}, false, nil); r != "" {
		t.Errorf("equal outputs reported:\n%s", r)
	}
	if r := Compare(c, [][]string{{"1", "2"}, {"4"}}, true, nil); r != "" {
		t.Errorf("deliberate difference reported:\n%s", r)
	}
	if r := Compare(c, [][]string{{"1", "2"}, {"3"}}, true, nil); !strings.Contains(r, "- 4") || !strings.Contains(r, "+ 3") {
		t.Errorf("a wrong answer where a difference is marked: %q", r)
	}
	if r := Compare(c, [][]string{{"2", "2"}}, false, nil); !strings.Contains(r, "- 1") {
		t.Errorf("a wrong line: %q", r)
	}
	c.Steps[1].Differs, c.Steps[1].Seqd, c.Steps[1].NotYet = "", nil, "three"
	if r := Compare(c, [][]string{{"1", "2"}, {"ERROR: 0A000: no"}}, true, nil); r != "" {
		t.Errorf("a refusal of what is not served yet: %q", r)
	}
	if r := Compare(c, [][]string{{"1", "2"}, {"3"}}, true, nil); !strings.Contains(r, "- (refused") {
		t.Errorf("a mark that is not needed any more: %q", r)
	}
	if r := Compare(c, [][]string{{"1", "2"}}, false, errors.New("boom")); !strings.Contains(r, "boom") {
		t.Errorf("a play that broke off: %q", r)
	}
}
