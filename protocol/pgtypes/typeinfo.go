package pgtypes

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

// Type is what pg_type says of a built-in type.
type Type struct {
	OID       OID
	Name      string
	Len       int16 // typlen: -1 varlena, -2 cstring
	Kind      byte  // typtype: b base, c composite, d domain, p pseudo, r range, m multirange
	Category  byte
	Preferred bool
	Elem      OID // element type of an array (or of a subscriptable type such as name)
	Array     OID // its array type, 0 if it has none
	Delim     byte
	ByVal     bool
	Align     byte
	Storage   byte
	Format    string // what format_type prints
	// IsArray tells a true array type from a type that merely has elements.
	IsArray bool
	Schema  string
	// Base and BaseTypmod are what a domain is over; Relation is the relation
	// whose row a composite type is.
	Base       OID
	BaseTypmod int32
	Relation   OID
}

// types.tsv holds pg_type's rows as PostgreSQL 15 has them after initdb;
// TestRecordedTypes compares it with a server and -rewrite records it.
//
//go:embed types.tsv
var typesTSV string

type typeTable struct {
	byOID  map[OID]*Type
	byName map[string]*Type
	all    []*Type
}

var typesOnce = sync.OnceValue(func() *typeTable {
	t := &typeTable{byOID: map[OID]*Type{}, byName: map[string]*Type{}}
	for line := range strings.Lines(typesTSV) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		typ := &Type{
			OID: atoi(f[0]), Name: f[1], Len: int16(int32(atoi(f[2]))), Kind: f[3][0], Category: f[4][0],
			Preferred: f[5] == "t", Elem: atoi(f[6]), Array: atoi(f[7]), Delim: f[8][0], ByVal: f[9] == "t",
			Align: f[10][0], Storage: f[11][0], IsArray: f[12] == "t", Format: f[13],
			Schema: f[14], Base: atoi(f[15]), BaseTypmod: int32(atoi(f[16])), Relation: atoi(f[17]),
		}
		t.byOID[typ.OID], t.byName[typ.Schema+"."+typ.Name] = typ, typ
		t.all = append(t.all, typ)
	}
	return t
})

// atoi reads a number of the recorded table, -1 and -2 included.
func atoi(s string) uint32 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic("pgtypes: types.tsv: " + err.Error())
	}
	return uint32(n)
}

// TypeByOID returns a built-in type.
func TypeByOID(oid OID) (*Type, bool) {
	t, ok := typesOnce().byOID[oid]
	return t, ok
}

// TypeByName returns the built-in type of that internal name (int4, _text …).
func TypeByName(name string) (*Type, bool) { return TypeIn("pg_catalog", name) }

// TypeIn returns a built-in type of a schema.
func TypeIn(schema, name string) (*Type, bool) {
	t, ok := typesOnce().byName[schema+"."+name]
	return t, ok
}

// BaseOf is the type under a domain, with the domain's modifier; any other type
// is its own.
func BaseOf(oid OID) (base OID, typmod int32) {
	if t, ok := TypeByOID(oid); ok && t.Base != 0 {
		return t.Base, t.BaseTypmod
	}
	return oid, -1
}

// Types are all built-in types in OID order.
func Types() []*Type { return typesOnce().all }

// Format is format_type(oid, NULL): the SQL name that messages use.
func Format(oid OID) string {
	if oid == 0 {
		return "-"
	}
	if t, ok := TypeByOID(oid); ok {
		return t.Format
	}
	return "???"
}

// ElemOf returns the element type if oid is an array type, else 0.
func ElemOf(oid OID) OID {
	if t, ok := TypeByOID(oid); ok && t.IsArray {
		return t.Elem
	}
	return 0
}

// ArrayOf returns the array type over oid, 0 if there is none.
func ArrayOf(oid OID) OID {
	if t, ok := TypeByOID(oid); ok {
		return t.Array
	}
	return 0
}

// Size is typlen, for RowDescription.
func Size(oid OID) int16 {
	if t, ok := TypeByOID(oid); ok {
		return t.Len
	}
	return -1
}

// IsPolymorphic tells whether oid is one of the any… types that a call binds.
func IsPolymorphic(oid OID) bool {
	switch oid {
	case AnyElement, AnyArray, AnyNonArray, AnyEnum, AnyRange, AnyMultirange,
		AnyCompatible, AnyCompatibleArray, AnyCompatibleNonArray, AnyCompatibleRange, AnyCompatibleMultirange:
		return true
	}
	return false
}

// IsReg tells whether oid is one of the reg… types, whose input and output look
// into the catalog.
func IsReg(oid OID) bool {
	switch oid {
	case Regproc, Regprocedure, Regoper, Regoperator, Regclass, Regtype, Regrole, Regnamespace,
		Regconfig, Regdictionary, Regcollation:
		return true
	}
	return false
}

// FormatTypmod is format_type(oid, typmod).
func FormatTypmod(oid OID, typmod int32) string {
	base, suffix := oid, ""
	if e := ElemOf(oid); e != 0 && oid != Int2Vector && oid != OidVector {
		base, suffix = e, "[]"
	}
	name := Format(base)
	if typmod < 0 {
		// Without a length these names mean length 1 in SQL, so their other names show.
		switch base {
		case BPChar:
			name = "bpchar"
		case Bit:
			name = `"bit"`
		}
		return name + suffix
	}
	mod := int(typmod)
	switch base {
	case Varchar, BPChar:
		if mod >= 4 {
			name += "(" + strconv.Itoa(mod-4) + ")"
		}
		if base == BPChar && mod < 4 {
			name = "bpchar"
		}
	case Numeric:
		p, s := NumericTypmod(typmod)
		name += "(" + strconv.Itoa(p) + "," + strconv.Itoa(s) + ")"
	case Time, Timestamp:
		name = strings.Replace(name, " without", "("+strconv.Itoa(mod)+") without", 1)
	case Timetz, Timestamptz:
		name = strings.Replace(name, " with", "("+strconv.Itoa(mod)+") with", 1)
	case Interval:
		if fields, _ := IntervalRange(typmod >> 16 & fullRange); fields != "" {
			name += " " + fields
		}
		if precision := typmod & fullPrecision; precision != fullPrecision {
			name += "(" + strconv.Itoa(int(precision)) + ")"
		}
	case Bit, Varbit:
		name += "(" + strconv.Itoa(mod) + ")"
	}
	return name + suffix
}
