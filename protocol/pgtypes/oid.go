// Package pgtypes is what seqd knows of PostgreSQL's types: their OIDs and
// properties, one datum (Value), and the type's input, output, send and receive
// functions with PostgreSQL's own errors. It knows no session and no catalog: a
// name of a catalog object (regclass and kin) is resolved above.
package pgtypes

// OID is a type's object identifier. Built-in ones are fixed by PostgreSQL.
type OID = uint32

// OIDs of built-in types, named as in pg_type_d.h.
const (
	Bool                    OID = 16
	Bytea                   OID = 17
	Char                    OID = 18 // "char", one byte
	Name                    OID = 19
	Int8                    OID = 20
	Int2                    OID = 21
	Int2Vector              OID = 22
	Int4                    OID = 23
	Regproc                 OID = 24
	Text                    OID = 25
	Oid                     OID = 26
	TID                     OID = 27
	XID                     OID = 28
	CID                     OID = 29
	OidVector               OID = 30
	JSON                    OID = 114
	XML                     OID = 142
	JSONArray               OID = 199
	Float4                  OID = 700
	Float8                  OID = 701
	Unknown                 OID = 705
	Money                   OID = 790
	BoolArray               OID = 1000
	ByteaArray              OID = 1001
	CharArray               OID = 1002
	NameArray               OID = 1003
	Int2Array               OID = 1005
	Int4Array               OID = 1007
	TextArray               OID = 1009
	BPCharArray             OID = 1014
	VarcharArray            OID = 1015
	Int8Array               OID = 1016
	Float4Array             OID = 1021
	Float8Array             OID = 1022
	OidArray                OID = 1028
	AclItem                 OID = 1033
	AclItemArray            OID = 1034
	BPChar                  OID = 1042
	Varchar                 OID = 1043
	Date                    OID = 1082
	Time                    OID = 1083
	Timestamp               OID = 1114
	Timestamptz             OID = 1184
	Interval                OID = 1186
	NumericArray            OID = 1231
	CstringArray            OID = 1263
	Timetz                  OID = 1266
	Bit                     OID = 1560
	Varbit                  OID = 1562
	Numeric                 OID = 1700
	Refcursor               OID = 1790
	Regprocedure            OID = 2202
	Regoper                 OID = 2203
	Regoperator             OID = 2204
	Regclass                OID = 2205
	Regtype                 OID = 2206
	RegclassArray           OID = 2210
	RegtypeArray            OID = 2211
	Record                  OID = 2249
	Cstring                 OID = 2275
	Any                     OID = 2276
	AnyArray                OID = 2277
	Void                    OID = 2278
	Internal                OID = 2281
	AnyElement              OID = 2283
	RecordArray             OID = 2287
	AnyNonArray             OID = 2776
	UUID                    OID = 2950
	UUIDArray               OID = 2951
	PgLSN                   OID = 3220
	AnyEnum                 OID = 3500
	Regconfig               OID = 3734
	Regdictionary           OID = 3769
	JSONB                   OID = 3802
	AnyRange                OID = 3831
	Regnamespace            OID = 4089
	Regrole                 OID = 4096
	Regcollation            OID = 4191
	AnyMultirange           OID = 4537
	AnyCompatible           OID = 5077
	AnyCompatibleArray      OID = 5078
	AnyCompatibleNonArray   OID = 5079
	AnyCompatibleRange      OID = 5080
	AnyCompatibleMultirange OID = 4538
	XID8                    OID = 5069
	PgSnapshot              OID = 5038
	TxidSnapshot            OID = 2970
)
