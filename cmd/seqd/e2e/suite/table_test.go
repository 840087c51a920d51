package main

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	m := samples{}
	for _, v := range []float64{5, 1, 3} {
		m.add(seqdDisk, rateUnit, v*1e5)
		m.add(postgres, rateUnit, v*1e4)
		m.add(nullRaw, rateUnit, v*2e5)
	}
	s := &suite{rounds: 3}
	s.compare(m, "values/s", rateUnit, atLeast(0.5, nullRaw), atLeast(12, postgres))
	s.compare(m, "values/s again", rateUnit, atLeast(0.5, nullRaw))
	text := s.table()
	for _, want := range []string{"| values/s       | 300 k | 30 k       | –     | 600 k | –             | 10.00        | 0.50   | ≥ 0.5 × null, ≥ 12 × PostgreSQL | **missed** |",
		"| values/s again | 300 k | 30 k       | –     | 600 k | –             | 10.00        | 0.50   | ≥ 0.5 × null                    | met        |", "1 of the targets are missed."} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	doc, err := replaceTable([]byte("a\n"+tableBegin+"old\n"+tableEnd+"b\n"), "new\n")
	if err != nil || string(doc) != "a\n"+tableBegin+"new\n"+tableEnd+"b\n" {
		t.Errorf("%q %v", doc, err)
	}
	if _, err := replaceTable([]byte("a\n"+tableBegin), "new\n"); err == nil {
		t.Error("a document without an end mark")
	}
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{0.0123: "0.0123", 0.4444: "0.444", 5.3512: "5.35", 123.4: "123", 4567: "4570", 12_345: "12.3 k", 999_600: "1 M", 1_234_567: "1.23 M"} {
		if got := short(v); got != want {
			t.Errorf("short(%v) = %s, want %s", v, got, want)
		}
	}
}
