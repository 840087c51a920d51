package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"seqd/protocol/sqlstate"
)

const patience = 10 * time.Second

func listen(t testing.TB, id Identity, change ...func(*Config)) *Transport {
	t.Helper()
	c := Config{Listen: "127.0.0.1:0", Identity: func() Identity { return id }}
	for _, f := range change {
		f(&c)
	}
	tr, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	return tr
}

func withTLS(c *tls.Config) func(*Config) { return func(into *Config) { into.TLS = c } }

func at(addr string) func(*Config) { return func(into *Config) { into.Listen = addr } }

func node(id string) Identity { return Identity{ClusterID: "c", NodeID: id, Version: 1} }

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// echo answers with what it got, except for the kinds below.
const (
	kindEcho  = 1
	kindError = 2
	kindBlock = 3
	kindWho   = 4
)

func echo(ctx context.Context, from Identity, kind byte, body []byte) ([]byte, error) {
	switch kind {
	case kindError:
		return nil, fmt.Errorf("wrapped: %w", sqlstate.New(sqlstate.UndefinedTable, "no such thing").WithDetail("d").WithHint("h").At(7))
	case kindBlock:
		<-ctx.Done()
		return nil, ctx.Err()
	case kindWho:
		return fmt.Appendf(nil, "%s/%s/%d", from.ClusterID, from.NodeID, from.Version), nil
	}
	return body, nil
}

func TestCall(t *testing.T) {
	a, b := listen(t, node("a")), listen(t, node("b"))
	b.Handle(StreamRPC, echo)
	c := a.Client(b.Addr(), StreamRPC)
	if c != a.Client(b.Addr(), StreamRPC) {
		t.Error("one address and stream, two clients")
	}
	ctx := soon(t)
	for _, n := range []int{0, 1, 24, smallBody, smallBody + 1, growStep, growStep + 1, 1 << 20, MaxBody} {
		body := make([]byte, n)
		for i := range body {
			body[i] = byte(i * 7)
		}
		reply, err := c.Call(ctx, kindEcho, body)
		if err != nil || string(reply) != string(body) {
			t.Fatalf("%d bytes: %d bytes back, error %v", n, len(reply), err)
		}
	}
	if reply, err := c.Call(ctx, kindWho, nil); string(reply) != "c/a/1" || err != nil {
		t.Errorf("%q, %v", reply, err)
	}
	_, err := c.Call(ctx, kindError, nil)
	var e *sqlstate.Error
	if !errors.As(err, &e) || e.Code != sqlstate.UndefinedTable || e.Message != "no such thing" || e.Detail != "d" || e.Hint != "h" || e.Position != 7 {
		t.Errorf("%#v", err)
	}
	if _, err := c.Call(ctx, kindEcho, make([]byte, MaxBody+1)); sqlstate.CodeOf(err) != sqlstate.ProgramLimitExceeded {
		t.Error(err)
	}
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	a := listen(t, node("a"))
	if _, err := a.Client(addr, StreamRPC).Call(soon(t), kindEcho, nil); !errors.Is(err, ErrNotSent) || errors.Is(err, ErrLost) {
		t.Error(err)
	}
}
