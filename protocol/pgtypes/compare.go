package pgtypes

import (
	"cmp"
	"math"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Compare orders two values of one type as its default B-tree operator class
// does, with strings by their bytes (collation "C"). Both are not NULL. Types
// without an ordering compare by their text.
func Compare(typ OID, a, b Value) int {
	switch typ {
	case Bool, Int2, Int4, Int8, Date, Timestamp, Timestamptz, Time, Oid, XID, CID:
		return cmp.Compare(a.num, b.num)
	case XID8:
		return cmp.Compare(uint64(a.num), uint64(b.num))
	case Float4, Float8:
		return compareFloat(a.Float(), b.Float())
	case Numeric:
		return CompareNumeric(a.Numeric(), b.Numeric())
	case BPChar:
		return strings.Compare(strings.TrimRight(a.str, " "), strings.TrimRight(b.str, " "))
	case Interval:
		return compareInterval(a.Interval(), b.Interval())
	case Timetz:
		x, y := a.Timetz(), b.Timetz()
		if c := cmp.Compare(x.Micros+int64(x.Zone)*MicrosPerSecond, y.Micros+int64(y.Zone)*MicrosPerSecond); c != 0 {
			return c
		}
		return cmp.Compare(x.Zone, y.Zone)
	case Record:
		return compareRecord(a.Record(), b.Record())
	case JSONB:
		return compareJSONB(a.str, b.str)
	}
	if IsReg(typ) {
		return cmp.Compare(a.num, b.num)
	}
	if x, y := a.Array(), b.Array(); x != nil && y != nil {
		return compareArray(x, y)
	}
	if x, y := a.Record(), b.Record(); x != nil && y != nil {
		return compareRecord(x, y)
	}
	return strings.Compare(a.str, b.str)
}

// compareFloat has NaN equal to itself and above everything.
func compareFloat(a, b float64) int {
	switch an, bn := math.IsNaN(a), math.IsNaN(b); {
	case an && bn:
		return 0
	case an:
		return 1
	case bn:
		return -1
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// CompareNumeric orders numerics: NaN equal to itself and above everything.
func CompareNumeric(a, b *apd.Decimal) int {
	an, bn := a.Form == apd.NaN, b.Form == apd.NaN
	switch {
	case an && bn:
		return 0
	case an:
		return 1
	case bn:
		return -1
	}
	return a.Cmp(b)
}

func compareInterval(a, b IntervalValue) int {
	// Months count 30 days and days 24 hours; the sum needs more than 64 bits.
	ad, au := splitSpan(a)
	bd, bu := splitSpan(b)
	if c := cmp.Compare(ad, bd); c != 0 {
		return c
	}
	return cmp.Compare(au, bu)
}

func splitSpan(i IntervalValue) (days, micros int64) {
	days = floorDiv(i.Micros, MicrosPerDay)
	return days + int64(i.Months)*30 + int64(i.Days), i.Micros - days*MicrosPerDay
}

// compareNullable puts NULL last, as inside arrays and records.
func compareNullable(typ OID, a, b Value) int {
	switch {
	case a.IsNull() && b.IsNull():
		return 0
	case a.IsNull():
		return 1
	case b.IsNull():
		return -1
	}
	return Compare(typ, a, b)
}

func compareArray(a, b *Array) int {
	for i := 0; i < len(a.Elems) && i < len(b.Elems); i++ {
		if c := compareNullable(a.Elem, a.Elems[i], b.Elems[i]); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(len(a.Elems), len(b.Elems)); c != 0 {
		return c
	}
	if c := cmp.Compare(len(a.Dims), len(b.Dims)); c != 0 {
		return c
	}
	for i := range a.Dims {
		if c := cmp.Compare(a.Dims[i].Len, b.Dims[i].Len); c != 0 {
			return c
		}
		if c := cmp.Compare(a.Dims[i].Lower, b.Dims[i].Lower); c != 0 {
			return c
		}
	}
	return 0
}

func compareRecord(a, b *RecordValue) int {
	for i := 0; i < len(a.Fields) && i < len(b.Fields); i++ {
		if c := compareNullable(a.Types[i], a.Fields[i], b.Fields[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a.Fields), len(b.Fields))
}

// AppendKey appends bytes that are equal exactly for values that Compare takes
// for equal: a key for hashing and grouping. NULLs are equal to each other.
func AppendKey(dst []byte, typ OID, v Value) []byte {
	if v.IsNull() {
		return append(dst, 0)
	}
	at := len(dst)
	dst = append(dst, 1, 0, 0, 0, 0)
	switch {
	case typ == Float4 || typ == Float8:
		dst = appendFloat(dst, v.Float()+0, 64) // -0 + 0 is 0: the zeros are equal
	case typ == Numeric:
		dst = appendNumeric(dst, trimNumeric(v.Numeric()))
	case typ == BPChar:
		dst = append(dst, strings.TrimRight(v.str, " ")...)
	case typ == JSONB:
		dst = appendJSONBKey(dst, v.str)
	case typ == Interval:
		days, us := splitSpan(v.Interval())
		dst = AppendText(dst, Int8, NewInt(days))
		dst = AppendText(append(dst, ' '), Int8, NewInt(us))
	case v.Record() != nil:
		for i, f := range v.Record().Fields {
			dst = AppendKey(dst, v.Record().Types[i], f)
		}
	case v.Array() != nil:
		a := v.Array()
		for _, d := range a.Dims {
			dst = AppendText(append(dst, ';'), Int8, NewInt(int64(d.Len)))
			dst = AppendText(append(dst, ':'), Int8, NewInt(int64(d.Lower)))
		}
		for _, e := range a.Elems {
			dst = AppendKey(dst, a.Elem, e)
		}
	case IsReg(typ):
		dst = AppendText(dst, Oid, v)
	default:
		dst = AppendText(dst, typ, v)
	}
	n := len(dst) - at - 5
	dst[at+1], dst[at+2], dst[at+3], dst[at+4] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return dst
}

func trimNumeric(d *apd.Decimal) *apd.Decimal {
	if d.Form != apd.Finite || d.Exponent == 0 {
		return d
	}
	var r apd.Decimal
	r.Reduce(d)
	if r.Exponent > 0 {
		return NumericFromBig(NumericBig(NumericTrunc(d, 0)), 0)
	}
	return &r
}
