package query

import (
	"testing"

	"seqd/protocol/pgtypes"
)

// TestNextvalSeries: which statements are one, and that it has as many rows as the plan
// when it is run.
func TestNextvalSeries(t *testing.T) {
	f := newFakeSession()
	for sql, want := range map[string]bool{
		"SELECT nextval('s') FROM generate_series(1, 5)":                                                            true,
		"SELECT nextval('s'::regclass) AS v FROM generate_series(3, -9, -2) g":                                      true,
		"SELECT nextval('s') FROM generate_series(5, 1)":                                                            true,
		"SELECT nextval('s') FROM generate_series(1, $1)":                                                           true,
		"SELECT nextval('s') FROM generate_series(2147483640, 2147483647, 3)":                                       true,
		"SELECT nextval('s') FROM generate_series(-9223372036854775808, 9223372036854775807, 4611686018427387904)":  true,
		"SELECT nextval('s') FROM generate_series(9223372036854775807, -9223372036854775808, -9223372036854775808)": true,
		"SELECT nextval('s') FROM generate_series(1, NULL)":                                                         true,
		"SELECT nextval('s') FROM generate_series(1, 10, 0)":                                                        true,
		"SELECT nextval('s') FROM generate_series(1, 5) WITH ORDINALITY":                                            false,
		"SELECT nextval('s') FROM generate_series(1, 5) a, generate_series(1, 2) b":                                 false,
		"SELECT nextval('s') FROM generate_series(1, 5) LIMIT 2":                                                    false,
		"SELECT nextval('s') FROM generate_series(1, 5) g WHERE g > 2":                                              false,
		"SELECT DISTINCT nextval('s') FROM generate_series(1, 5)":                                                   false,
		"SELECT nextval('s') + g FROM generate_series(1, 5) g":                                                      false,
		"SELECT nextval('s'), g FROM generate_series(1, 5) g":                                                       false,
		"SELECT nextval('s') FROM generate_series(1.0, 5)":                                                          false,
		"SELECT nextval('s') FROM generate_series(1, 5) ORDER BY 1":                                                 false,
		"SELECT nextval('s') FROM generate_series(1, nextval('s'))":                                                 false,
		"SELECT nextval('s') FROM unnest(ARRAY[1, 2])":                                                              false,
		"SELECT nextval('s')": false,
	} {
		p := analyze(t, f, sql)
		series := p.NextvalSeries()
		if (series != nil) != want {
			t.Errorf("%s: %v", sql, series)
		}
		if series == nil {
			continue
		}
		args := make([]pgtypes.Value, len(p.Params))
		for i := range args {
			args[i] = pgtypes.NewInt(17)
		}
		count, ok := series.Count(args)
		rows, err := p.Open(f, args)
		if err != nil {
			t.Fatal(err)
		}
		n := uint64(0)
		for ; ; n++ {
			var row []pgtypes.Value
			if row, err = rows.Next(); row == nil {
				break
			}
		}
		if ok != (err == nil) || n != count {
			t.Errorf("%s: counted %d %v; %d rows, %v", sql, count, ok, n, err)
		}
		if series.Sequence != seqS {
			t.Errorf("%s: sequence %d", sql, series.Sequence)
		}
	}
}
