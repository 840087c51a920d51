package parser

import "testing"

func TestSmoke(t *testing.T) {
	for _, s := range []string{
		"SELECT nextval('s')", "select 1+2*3 as x, a.b[1].c, (a).b, ((select 1) union select 2), ((select 1)+1)",
		"create temp sequence if not exists a.b as int increment by -1 no maxvalue start 5 owned by none",
		"begin; set local x to 'a', b; show all; commit and chain",
		"create table t (a int); insert into t values (1)",
		"select * from ((a join b on true) cross join lateral f(1) with ordinality as x(a,b)) y where x in (1,2) and not exists (table z) order by 1 nulls first limit 3",
	} {
		r, err := Parse(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
		}
		_ = r
	}
}
