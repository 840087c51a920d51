package pgtypes

import (
	"bytes"
	"testing"
)

// FuzzParseText: no input panics, and what was read goes out and comes back as
// itself, as text and in binary.
func FuzzParseText(f *testing.F) {
	for _, s := range []string{"1", "-12.50e3", "{1,2,{3}}", "[0:1]={a,\"b c\"}", "2024-01-15 10:20:30.5+02", "1 year -2 mons 3 days 04:05:06.7", `\x6162`, "NaN", "t", "P1Y2DT3H", "0x1p4"} {
		for _, typ := range []OID{Int8, Numeric, Int4Array, TextArray, Timestamptz, Interval, Bytea, Float8, Bool} {
			f.Add(typ, s)
		}
	}
	f.Fuzz(func(t *testing.T, typ OID, s string) {
		if len(s) > 500 {
			return
		}
		v, err := ParseText(typ, s)
		if err != nil || v.IsNull() {
			return
		}
		text := TextOf(typ, v)
		again, err := ParseText(typ, text)
		if err != nil {
			t.Fatalf("%s: %q came out as %q, which is not read: %v", Format(typ), s, text, err)
		}
		if back := TextOf(typ, again); back != text {
			t.Fatalf("%s: %q came out as %q, then as %q", Format(typ), s, text, back)
		}
		if Compare(typ, v, v) != 0 || !bytes.Equal(AppendKey(nil, typ, v), AppendKey(nil, typ, again)) {
			t.Fatalf("%s: %q is not equal to itself", Format(typ), s)
		}
		if b, err := AppendBinary(nil, typ, v); err == nil {
			if _, err := ParseBinary(typ, b); err != nil && bytes.IndexByte([]byte(s), 0) < 0 && isUTF8Type(typ, s) {
				t.Fatalf("%s: %q in binary is %x, which is not read: %v", Format(typ), s, b, err)
			}
		}
	})
}

// isUTF8Type tells whether the text could have come from a client at all.
func isUTF8Type(_ OID, s string) bool {
	_, err := validText([]byte(s))
	return err == nil
}

// FuzzParseBinary: no bytes panic, and what is read can be written.
func FuzzParseBinary(f *testing.F) {
	for _, typ := range []OID{Int8, Numeric, Int4Array, TextArray, Timestamptz, Interval, Text, Float8, Bool, Regclass} {
		for _, s := range []string{"1", "{1,2}", "2024-01-15"} {
			if v, err := ParseText(typ, s); err == nil {
				if b, err := AppendBinary(nil, typ, v); err == nil {
					f.Add(typ, b)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, typ OID, b []byte) {
		v, err := ParseBinary(typ, b)
		if err != nil || v.IsNull() {
			return
		}
		_ = TextOf(typ, v)
		if _, err := AppendBinary(nil, typ, v); err != nil {
			t.Fatalf("%s: %x is read and not written: %v", Format(typ), b, err)
		}
		if Compare(typ, v, v) != 0 {
			t.Fatalf("%s: %x is not equal to itself", Format(typ), b)
		}
	})
}

func TestIntegersAllocateNothing(t *testing.T) {
	buf := make([]byte, 0, 64)
	v := NewInt(-1234567890123)
	if n := testing.AllocsPerRun(100, func() { buf = AppendText(buf[:0], Int8, v) }); n != 0 {
		t.Errorf("%v allocations for the text of an integer", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := ParseText(Int8, "-1234567890123"); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations to read an integer", n)
	}
}
