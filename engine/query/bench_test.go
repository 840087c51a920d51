package query

import (
	"testing"

	"seqd/protocol/pgtypes"
)

func BenchmarkAnalyzeNextval(b *testing.B) {
	f := newFakeSession()
	stmt, err := parseSelect("SELECT nextval('s')")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Analyze(stmt, f, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkExecute(b *testing.B, sql string, args ...pgtypes.Value) {
	f := newFakeSession()
	stmt, err := parseSelect(sql)
	if err != nil {
		b.Fatal(err)
	}
	plan, err := Analyze(stmt, f, []pgtypes.OID{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		rows, err := plan.Open(f, args)
		if err != nil {
			b.Fatal(err)
		}
		for {
			row, err := rows.Next()
			if err != nil {
				b.Fatal(err)
			}
			if row == nil {
				break
			}
		}
		rows.Close()
	}
}

func BenchmarkExecuteNextval(b *testing.B) { benchmarkExecute(b, "SELECT nextval('s')") }

func BenchmarkExecuteNextvalParam(b *testing.B) {
	benchmarkExecute(b, "SELECT nextval($1)", pgtypes.NewReg(uint32(seqS), "s"))
}

func BenchmarkExecuteSum(b *testing.B) { benchmarkExecute(b, "SELECT $1 + 1", pgtypes.NewInt(41)) }

func BenchmarkNextvalSeries1000(b *testing.B) {
	benchmarkExecute(b, "SELECT nextval('s') FROM generate_series(1, 1000)")
}
