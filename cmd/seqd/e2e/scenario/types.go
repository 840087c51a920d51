package scenario

import "fmt"

// typeNames are the types by which columns and parameters are shown: object ids
// of PostgreSQL's built-in types never change (pg_type.dat).
var typeNames = map[uint32]string{
	16: "bool", 17: "bytea", 18: "char", 19: "name", 20: "int8", 21: "int2", 22: "int2vector",
	23: "int4", 24: "regproc", 25: "text", 26: "oid", 27: "tid", 28: "xid", 29: "cid", 30: "oidvector",
	114: "json", 142: "xml", 194: "pg_node_tree", 700: "float4", 701: "float8", 705: "unknown",
	790: "money", 869: "inet", 650: "cidr", 1000: "bool[]", 1002: "char[]", 1003: "name[]",
	1005: "int2[]", 1007: "int4[]", 1009: "text[]", 1016: "int8[]", 1028: "oid[]", 1033: "aclitem",
	1034: "aclitem[]", 1042: "bpchar", 1043: "varchar", 1082: "date", 1083: "time", 1114: "timestamp",
	1184: "timestamptz", 1186: "interval", 1231: "numeric[]", 1266: "timetz", 1560: "bit", 1562: "varbit",
	1700: "numeric", 1790: "refcursor", 2202: "regprocedure", 2203: "regoper", 2204: "regoperator",
	2205: "regclass", 2206: "regtype", 2249: "record", 2275: "cstring", 2276: "any", 2277: "anyarray",
	2278: "void", 2950: "uuid", 2970: "txid_snapshot", 3220: "pg_lsn", 3802: "jsonb", 3904: "int4range",
	3926: "int8range", 4089: "regnamespace", 4096: "regrole", 5069: "xid8", 5038: "pg_snapshot",
}

// typeOIDs is the reverse, for the option "types".
var typeOIDs = func() map[string]uint32 {
	m := make(map[string]uint32, len(typeNames))
	for oid, name := range typeNames {
		m[name] = oid
	}
	return m
}()

// typeName shows an object id that is not built in as "type?", since it differs from run to run.
func typeName(oid uint32, typmod int32) string {
	name, ok := typeNames[oid]
	if !ok {
		name = "type?"
	}
	if oid == 0 {
		name = "type 0"
	}
	if typmod != -1 {
		return fmt.Sprintf("%s(typmod %d)", name, typmod)
	}
	return name
}
