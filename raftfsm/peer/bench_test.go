package peer

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkCall is a call of 24 bytes each way, over loopback.
func BenchmarkCall(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchmarkCall(b) })
	b.Run("tls", func(b *testing.B) {
		ca := newAuthority(b)
		benchmarkCall(b, withTLS(ca.config(b)))
	})
}

func benchmarkCall(b *testing.B, change ...func(*Config)) {
	server, client := listen(b, node("a"), change...), listen(b, node("b"), change...)
	server.Handle(StreamRPC, func(_ context.Context, _ Identity, _ byte, body []byte) ([]byte, error) { return body, nil })
	c := client.Client(server.Addr(), StreamRPC)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	request := make([]byte, 24)
	call := func(b *testing.B) {
		if _, err := c.Call(ctx, 1, request); err != nil {
			b.Error(err)
		}
	}
	call(b)
	b.Run("1", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			call(b)
		}
	})
	b.Run("64", func(b *testing.B) {
		b.ReportAllocs()
		var wg sync.WaitGroup
		var n atomic.Int64
		n.Store(int64(b.N))
		for range 64 {
			wg.Go(func() {
				for n.Add(-1) >= 0 {
					call(b)
				}
			})
		}
		wg.Wait()
	})
}
