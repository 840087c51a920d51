package pgtypes

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
)

// AppendText appends the value as the type's output function writes it. A NULL
// appends nothing: the caller says so in its own way.
func (s *Style) AppendText(dst []byte, typ OID, v Value) []byte {
	if v.IsNull() {
		return dst
	}
	switch typ {
	case Int8, Int4, Int2, Oid, XID, CID:
		return strconv.AppendInt(dst, v.num, 10)
	case XID8:
		return strconv.AppendUint(dst, uint64(v.num), 10)
	case Text, Varchar, Unknown, Name, Cstring, JSON, JSONB, XML, BPChar, Refcursor, AclItem, Bit, Varbit, TID, PgLSN, Char, PgSnapshot, TxidSnapshot:
		return append(dst, v.str...)
	case Bool:
		return append(dst, "ft"[v.num&1])
	case Float8:
		return s.appendFloat(dst, v.Float(), 64)
	case Float4:
		return s.appendFloat(dst, v.Float(), 32)
	case Numeric:
		return appendNumeric(dst, v.Numeric())
	case Void:
		return dst
	case Bytea:
		if s.Escape {
			return appendEscaped(dst, v.str)
		}
		dst = append(dst, `\x`...)
		return hex.AppendEncode(dst, []byte(v.str))
	case UUID:
		return appendUUID(dst, v.str)
	case Date, Time, Timetz, Timestamp, Timestamptz, Interval:
		return s.appendDateTime(dst, typ, v)
	case Record:
		return s.appendRecord(dst, v.Record())
	}
	if IsReg(typ) {
		if v.str != "" {
			return append(dst, v.str...)
		}
		if v.num == 0 {
			return append(dst, '-')
		}
		return strconv.AppendInt(dst, v.num, 10)
	}
	if a := v.Array(); a != nil {
		if typ == Int2Vector || typ == OidVector {
			return appendVector(dst, a)
		}
		return s.appendArray(dst, a)
	}
	if r := v.Record(); r != nil { // a row of a relation
		return s.appendRecord(dst, r)
	}
	return append(dst, v.str...)
}

// TextOf is AppendText as a string.
func (s *Style) TextOf(typ OID, v Value) string {
	if v.ref == nil && v.num == 0 && v.str != "" && typ != Bytea && typ != UUID {
		return v.str
	}
	return string(s.AppendText(nil, typ, v))
}

// appendEscaped is bytea_output escape.
func appendEscaped(dst []byte, raw string) []byte {
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '\\':
			dst = append(dst, `\\`...)
		case c < ' ' || c > '~':
			dst = append(dst, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// appendFloat writes a float as extra_float_digits wants it: rounded like %g, or
// exact.
func (s *Style) appendFloat(dst []byte, f float64, bits int) []byte {
	if s.FloatDigits > 0 || math.IsNaN(f) || math.IsInf(f, 0) || f == 0 {
		return appendFloat(dst, f, bits)
	}
	digits := 15
	if bits == 32 {
		digits = 6
	}
	return appendG(dst, f, max(1, digits+s.FloatDigits))
}

// appendG is C's %.*g.
func appendG(dst []byte, f float64, digits int) []byte {
	e := strconv.FormatFloat(f, 'e', digits-1, 64)
	mantissa, power, _ := strings.Cut(e, "e")
	exp, _ := strconv.Atoi(power)
	if exp < -4 || exp >= digits {
		if strings.Contains(mantissa, ".") {
			mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
		}
		return append(append(append(dst, mantissa...), 'e'), power...)
	}
	plain := strconv.FormatFloat(f, 'f', digits-1-exp, 64)
	if strings.Contains(plain, ".") {
		plain = strings.TrimRight(strings.TrimRight(plain, "0"), ".")
	}
	return append(dst, plain...)
}

// appendFloat writes the shortest text that reads back as the same float, as
// PostgreSQL does with extra_float_digits 1: %e style from 1e15 (float4: 1e6) on
// and below 1e-4.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case f == 0:
		if math.Signbit(f) {
			dst = append(dst, '-')
		}
		return append(dst, '0')
	}
	limit := 15
	if bits == 32 {
		limit = 6
	}
	var buf [32]byte
	e := strconv.AppendFloat(buf[:0], f, 'e', -1, bits)
	exp := 0
	for i := len(e) - 1; i > 0; i-- {
		if e[i] == 'e' {
			exp, _ = strconv.Atoi(string(e[i+1:]))
			break
		}
	}
	if exp < -4 || exp >= limit {
		return append(dst, e...)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, bits)
}

func appendUUID(dst []byte, raw string) []byte {
	for i := 0; i < len(raw); i++ {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, "0123456789abcdef"[raw[i]>>4], "0123456789abcdef"[raw[i]&15])
	}
	return dst
}
