package jsontree

import (
	"strings"
	"testing"
)

// FuzzParse: no text panics, and what is read comes out as what reads the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a": [1, 2.5e3, "x\u00e9\n", null, true]}`, `[`, `"\ud800"`, `{"a":1,"a":2}`, "tru", `"\`, "[1,]", "-"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, decode bool) {
		n, err := Parse(s, decode)
		if err != nil || !decode {
			return
		}
		again, err := Parse(string(n.AppendCompact(nil, false)), true)
		if err != nil || again.Kind != n.Kind || string(again.AppendCompact(nil, false)) != string(n.AppendCompact(nil, false)) {
			t.Fatalf("%q came out as %q: %v", s, n.AppendCompact(nil, false), err)
		}
	})
}

// TestDepth: nesting ends in an error, not in the end of the stack.
func TestDepth(t *testing.T) {
	if _, err := Parse(strings.Repeat("[", 1_000_000), true); err == nil {
		t.Error("a million brackets are taken")
	}
}
