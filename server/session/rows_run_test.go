package session

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/engine/sequence"
)

// TestRunsOfRows: rows written as copies are those that are written one by one.
func TestRunsOfRows(t *testing.T) {
	check := func(first, increment int64, n int) {
		t.Helper()
		values := sequence.Block{First: first, Last: first + int64(n-1)*increment, Increment: increment}
		for _, format := range []int16{pgproto3.TextFormat, pgproto3.BinaryFormat} {
			p := &portal{formats: []int16{format}}
			before := []byte("what is there already")
			want := bytes.Clone(before)
			for i := range int64(n) {
				want = appendInt8Row(want, []int64{first + i*increment}, p)
			}
			if got := appendInt8Rows(before, values, p); !bytes.Equal(got, want) {
				t.Fatalf("%+v, format %d:\n%q, one by one\n%q", values, format, got, want)
			}
		}
	}
	for _, increment := range []int64{1, -1, 7, -7, 999, 1000, -1000, 1001, 123456789} {
		for _, first := range []int64{-2100, -1000, -999, -1, 0, 1, 9, 998, 999999990, -10000000005, 7654321} {
			check(first, increment, 2500)
		}
		end := int64(math.MaxInt64)
		if increment < 0 {
			end = math.MinInt64
		}
		check(end-increment*1200, increment, 1201)
	}
	check(math.MinInt64, math.MaxInt64, 3)
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		increment := 1 + r.Int64N(1<<r.IntN(40))
		if r.IntN(2) == 0 {
			increment = -increment
		}
		check(r.Int64N(1<<(1+r.IntN(60)))-r.Int64N(1<<(1+r.IntN(60))), increment, 1+r.IntN(50))
	}
}

func BenchmarkRunsOfRows(b *testing.B) {
	values := sequence.Block{First: 123456, Last: 123456 + seriesTogether - 1, Increment: 1}
	for _, format := range []int16{pgproto3.TextFormat, pgproto3.BinaryFormat} {
		b.Run(fmt.Sprint("format ", format), func(b *testing.B) {
			p := &portal{formats: []int16{format}}
			b.ReportAllocs()
			var out []byte
			for b.Loop() {
				out = appendInt8Rows(out[:0], values, p)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*seriesTogether), "ns/row")
		})
	}
}
