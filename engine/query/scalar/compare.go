package scalar

import (
	"seqd/protocol/pgtypes"
)

// Tests turn an order into a comparison's answer.
var Tests = map[string]func(c int) bool{
	"eq": func(c int) bool { return c == 0 },
	"ne": func(c int) bool { return c != 0 },
	"lt": func(c int) bool { return c < 0 },
	"le": func(c int) bool { return c <= 0 },
	"gt": func(c int) bool { return c > 0 },
	"ge": func(c int) bool { return c >= 0 },
}

// compared lists the families of comparison functions: the C names' beginning
// (with an underscore where they have one) and the type whose order they follow.
var compared = []struct {
	prefix string
	typ    pgtypes.OID
}{
	{"int2", pgtypes.Int8}, {"int4", pgtypes.Int8}, {"int8", pgtypes.Int8},
	{"int24", pgtypes.Int8}, {"int42", pgtypes.Int8}, {"int28", pgtypes.Int8},
	{"int82", pgtypes.Int8}, {"int48", pgtypes.Int8}, {"int84", pgtypes.Int8},
	{"oid", pgtypes.Oid}, {"bool", pgtypes.Bool},
	{"float4", pgtypes.Float8}, {"float8", pgtypes.Float8}, {"float48", pgtypes.Float8}, {"float84", pgtypes.Float8},
	{"numeric_", pgtypes.Numeric}, {"text", pgtypes.Text}, {"text_", pgtypes.Text}, {"name", pgtypes.Text},
	{"bytea", pgtypes.Bytea}, {"char", pgtypes.Char}, {"bpchar", pgtypes.BPChar}, {"uuid_", pgtypes.UUID},
	{"date_", pgtypes.Date}, {"time_", pgtypes.Time}, {"timetz_", pgtypes.Timetz},
	{"timestamp_", pgtypes.Timestamp}, {"interval_", pgtypes.Interval},
	{"record_", pgtypes.Record}, {"array_", pgtypes.AnyArray}, {"xid", pgtypes.Oid}, {"xid8", pgtypes.XID8}, {"pg_lsn_", pgtypes.PgLSN},
	{"oidvector", pgtypes.OidVector}, {"cid", pgtypes.Oid},
}

func init() {
	for _, f := range compared {
		for name, test := range Tests {
			add(map[string]Func{f.prefix + name: comparison(f.typ, test)})
		}
	}
	for name, test := range Tests {
		add(map[string]Func{
			"name" + name + "text": comparison(pgtypes.Text, test),
			"text" + name + "name": comparison(pgtypes.Text, test),
			// Dates become timestamps at midnight.
			"date_" + name + "_timestamp": mixed(test, true, false),
			"timestamp_" + name + "_date": mixed(test, false, true),
		})
	}
	add(map[string]Func{"xideqint4": comparison(pgtypes.Int8, Tests["eq"]), "xidneqint4": comparison(pgtypes.Int8, Tests["ne"]), "xidneq": comparison(pgtypes.Oid, Tests["ne"]),
		"xid8cmp": func(a []Value) (Value, error) {
			return pgtypes.NewInt(int64(pgtypes.Compare(pgtypes.XID8, a[0], a[1]))), nil
		},
		"xid8toxid": func(a []Value) (Value, error) { return pgtypes.NewInt(int64(uint32(a[0].Int()))), nil },
	})
}

func comparison(typ pgtypes.OID, test func(int) bool) Func {
	return func(a []Value) (Value, error) { return boolean(test(pgtypes.Compare(typ, a[0], a[1]))) }
}

func mixed(test func(int) bool, leftDate, rightDate bool) Func {
	return func(a []Value) (Value, error) {
		l, r := a[0], a[1]
		if leftDate {
			l = Midnight(l)
		}
		if rightDate {
			r = Midnight(r)
		}
		return boolean(test(pgtypes.Compare(pgtypes.Timestamp, l, r)))
	}
}

// Midnight is a date as a timestamp, one beyond the range as infinity.
func Midnight(d Value) Value {
	switch n := d.Int(); {
	case n == pgtypes.DateInfinity:
		return pgtypes.NewInt(pgtypes.TimestampInfinity)
	case n == pgtypes.DateNegInfinity:
		return pgtypes.NewInt(pgtypes.TimestampNegInfinity)
	case n > pgtypes.TimestampInfinity/pgtypes.MicrosPerDay:
		return pgtypes.NewInt(pgtypes.TimestampInfinity)
	default:
		return pgtypes.NewInt(n * pgtypes.MicrosPerDay)
	}
}
