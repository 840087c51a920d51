package parser

import (
	"strings"
	"testing"
)

var benchStatements = []struct{ name, sql string }{
	{"nextval", `SELECT nextval('s')`},
	{"nextval-regclass", `SELECT nextval('public.s'::regclass) AS id`},
	{"create", `CREATE SEQUENCE IF NOT EXISTS public.orders_id_seq AS bigint INCREMENT BY 1 MINVALUE 1 NO MAXVALUE START WITH 1 CACHE 10 NO CYCLE`},
	{"catalog", `SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ` +
		`WHERE c.relname OPERATOR(pg_catalog.~) '^(s)$' COLLATE pg_catalog.default AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 2, 3`},
	{"10000-values", `VALUES ` + strings.TrimSuffix(strings.Repeat("(1, 'a', -2.5),", 10000), ",")},
}

func BenchmarkParse(b *testing.B) {
	for _, s := range benchStatements {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(s.sql)))
			for b.Loop() {
				if _, err := Parse(s.sql); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
