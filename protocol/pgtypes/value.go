package pgtypes

import (
	"math"

	"github.com/cockroachdb/apd/v3"
)

// Value is one datum without its type: whoever holds it knows the type. The
// zero Value is NULL. It is copied freely; what it points to is never changed.
//
// Representation by type: integers, OIDs, bool, date (days since 2000-01-01),
// time, timestamps (microseconds since 2000-01-01) in num; floats as bits in num;
// strings and bytea in str; a reg… type has its OID in num and the name to show
// in str; numeric, interval, timetz, arrays and records hang on ref.
type Value struct {
	num   int64
	str   string
	ref   any
	valid bool
}

// Array is an array's contents. Dims is empty for the empty array.
type Array struct {
	Elem  OID
	Dims  []Dim
	Elems []Value
}

// Dim is one dimension of an array.
type Dim struct{ Len, Lower int32 }

// RecordValue is a row value; only a record knows its fields' types.
type RecordValue struct {
	Types  []OID
	Fields []Value
	Names  []string // nil: f1, f2 …
}

// IntervalValue is an interval as PostgreSQL keeps it.
type IntervalValue struct {
	Micros       int64
	Days, Months int32
}

// TimetzValue is a time of day with its zone, in seconds west of UTC.
type TimetzValue struct {
	Micros int64
	Zone   int32
}

// Null is SQL's NULL.
func Null() Value { return Value{} }

// NewInt makes an integer, OID or date/time value.
func NewInt(n int64) Value { return Value{num: n, valid: true} }

// NewBool makes a boolean.
func NewBool(b bool) Value {
	if b {
		return Value{num: 1, valid: true}
	}
	return Value{valid: true}
}

// NewText makes a string of any string type.
func NewText(s string) Value { return Value{str: s, valid: true} }

// NewBytes makes a bytea.
func NewBytes(b []byte) Value { return Value{str: string(b), valid: true} }

// NewFloat makes a float4 or float8.
func NewFloat(f float64) Value {
	if f != f { // C's NaN, which goes out in binary
		return Value{num: 0x7ff8 << 48, valid: true}
	}
	return Value{num: int64(math.Float64bits(f)), valid: true}
}

// NewNumeric makes a numeric. d must not be changed afterwards; its exponent is
// at most 0 and is the display scale (see numeric.go).
func NewNumeric(d *apd.Decimal) Value { return Value{ref: d, valid: true} }

// NewReg makes a value of a reg… type with the name that its output shows; an
// empty name shows the number.
func NewReg(oid OID, display string) Value {
	return Value{num: int64(oid), str: display, valid: true}
}

// NewArray makes an array.
func NewArray(a *Array) Value { return Value{ref: a, valid: true} }

// NewRecord makes a row value.
func NewRecord(r *RecordValue) Value { return Value{ref: r, valid: true} }

// NewInterval makes an interval.
func NewInterval(i IntervalValue) Value { return Value{ref: &i, valid: true} }

// NewTimetz makes a time with time zone.
func NewTimetz(t TimetzValue) Value { return Value{ref: &t, valid: true} }

// List makes a one-dimensional array that counts from 1.
func List(elem OID, elems []Value) Value {
	a := &Array{Elem: elem, Elems: elems}
	if len(elems) > 0 {
		a.Dims = []Dim{{Len: int32(len(elems)), Lower: 1}}
	}
	return NewArray(a)
}

// IsNull tells whether v is NULL.
func (v Value) IsNull() bool { return !v.valid }

// Int is the integer, OID, date or timestamp.
func (v Value) Int() int64 { return v.num }

// OID is the value of an oid or reg… type.
func (v Value) OID() OID { return OID(v.num) }

// Bool is the boolean; NULL is false.
func (v Value) Bool() bool { return v.valid && v.num != 0 }

// Text is the string, or a reg… value's name.
func (v Value) Text() string { return v.str }

// Float is the float.
func (v Value) Float() float64 { return math.Float64frombits(uint64(v.num)) }

// Numeric is the numeric, nil if v is none.
func (v Value) Numeric() *apd.Decimal { d, _ := v.ref.(*apd.Decimal); return d }

// Array is the array, nil if v is none.
func (v Value) Array() *Array { a, _ := v.ref.(*Array); return a }

// Record is the row value, nil if v is none.
func (v Value) Record() *RecordValue { r, _ := v.ref.(*RecordValue); return r }

// Interval is the interval.
func (v Value) Interval() IntervalValue {
	if i, ok := v.ref.(*IntervalValue); ok {
		return *i
	}
	return IntervalValue{}
}

// Timetz is the time with time zone.
func (v Value) Timetz() TimetzValue {
	if t, ok := v.ref.(*TimetzValue); ok {
		return *t
	}
	return TimetzValue{}
}
