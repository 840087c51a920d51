package server

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// BenchmarkNullSession is the floor under every figure of the product: queries
// sent in batches over loopback to a session that only acknowledges them. The
// client prepares its bytes beforehand, so allocations are the server's.
func BenchmarkNullSession(b *testing.B) {
	for _, batch := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			s := start(b, Config{})
			p, _ := s.login(v30)
			query, err := (&pgproto3.Query{String: "select nextval('s')"}).Encode(nil)
			if err != nil {
				b.Fatal(err)
			}
			const answer = len("C0000SELECT 0\x00") + len("Z0000I")
			out, in := bytes.Repeat(query, batch), make([]byte, batch*answer)
			b.ReportAllocs()
			b.ResetTimer()
			for done := 0; done < b.N; done += batch {
				if _, err := p.conn.Write(out); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(p.conn, in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
