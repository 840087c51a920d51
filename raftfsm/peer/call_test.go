package peer

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestConcurrentCalls(t *testing.T) {
	a, b := listen(t, node("a")), listen(t, node("b"))
	b.Handle(StreamRPC, echo)
	ctx := soon(t)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			c := a.Client(b.Addr(), StreamRPC)
			for j := range 100 {
				body := make([]byte, 8+(i*j)%3000)
				binary.BigEndian.PutUint64(body, uint64(i<<32|j))
				reply, err := c.Call(ctx, kindEcho, body)
				if err != nil || string(reply) != string(body) {
					t.Errorf("call %d/%d: %d bytes, %v", i, j, len(reply), err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// Calls that are answered by the reader, by workers, and those that the quick answerer
// passes on come back to who asked, whatever else is under way.
func TestQuickAnswers(t *testing.T) {
	a, b := listen(t, node("a")), listen(t, node("b"))
	b.Handle(StreamRPC, func(_ context.Context, _ Identity, _ byte, body []byte) ([]byte, error) {
		return append([]byte("full "), body...), nil
	})
	b.HandleQuick(StreamRPC, func(_ Identity, _ byte, body, out []byte) ([]byte, bool) {
		out = append(append(out, "quick "...), body...)
		clear(body) // it was the handler's own
		return out, len(body)%3 != 0
	})
	ctx := soon(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for j := range 100 {
				body := bytes.Repeat([]byte{byte(i), byte(j)}, 1+(i*j)%2000)
				want := append([]byte("quick "), body...)
				if len(body)%3 == 0 {
					want = append([]byte("full "), make([]byte, len(body))...)
				}
				reply, err := a.Client(b.Addr(), StreamRPC).Call(ctx, kindEcho, body)
				if err != nil || !bytes.Equal(reply, want) {
					t.Errorf("call %d/%d: %d bytes, %v", i, j, len(reply), err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// exactlyOne checks that an error says one of the two things.
func exactlyOne(t *testing.T, err error, want, other error) {
	t.Helper()
	if !errors.Is(err, want) || errors.Is(err, other) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestCancelEndsTheHandler(t *testing.T) {
	a, b := listen(t, node("a")), listen(t, node("b"))
	begun, ended := make(chan byte, 1), make(chan error, 1)
	b.Handle(StreamRPC, func(ctx context.Context, _ Identity, kind byte, body []byte) ([]byte, error) {
		if kind == kindEcho {
			return body, ctx.Err()
		}
		begun <- kind
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	})
	c := a.Client(b.Addr(), StreamRPC)
	ctx, cancel := context.WithCancel(soon(t))
	result := make(chan error, 1)
	go func() {
		_, err := c.Call(ctx, kindBlock, nil)
		result <- err
	}()
	<-begun
	cancel()
	err := <-result
	exactlyOne(t, err, ErrLost, ErrNotSent)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	// The connection, and the worker, serve the next call with a fresh context.
	for range 10 {
		if reply, err := c.Call(soon(t), kindEcho, []byte("x")); string(reply) != "x" || err != nil {
			t.Error(string(reply), err)
		}
	}
	_, err = c.Call(ctx, kindEcho, nil)
	exactlyOne(t, err, ErrNotSent, ErrLost)
}

// pipe is a connection whose other side is the test's.
func pipe(t *testing.T) (*clientConn, net.Conn) {
	near, far := net.Pipe()
	c := newClientConn(near)
	t.Cleanup(func() { _ = near.Close(); _ = far.Close() })
	return c, far
}

// With a peer that reads nothing, the first call is with the writer and may have
// been sent; those behind it are in the queue and were not.
func TestWhatIsQueuedWasNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := pipe(t)
		go c.run()
		results := make([]chan error, 4)
		ctx, cancel := context.WithCancel(t.Context())
		for i := range results {
			results[i] = make(chan error, 1)
			ctx := ctx
			if i != 1 {
				ctx = t.Context()
			}
			go func() {
				_, err := c.call(ctx, kindEcho, []byte("body"))
				results[i] <- err
			}()
			synctest.Wait()
		}
		// Given up in the queue: taken back.
		cancel()
		err := <-results[1]
		exactlyOne(t, err, ErrNotSent, ErrLost)
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		c.fail(errors.New("cut"))
		exactlyOne(t, <-results[0], ErrLost, ErrNotSent)
		exactlyOne(t, <-results[2], ErrNotSent, ErrLost)
		exactlyOne(t, <-results[3], ErrNotSent, ErrLost)
		if _, err := c.call(t.Context(), kindEcho, nil); err != errStale {
			t.Error(err)
		}
	})
}

// A call taken back in the queue arrives as void, and the one behind it as itself.
func TestTakenBackIsNotCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := pipe(t)
		go c.run()
		ctx, cancel := context.WithCancel(t.Context())
		replies := make(chan string, 3)
		call := func(ctx context.Context, body string) {
			reply, err := c.call(ctx, kindEcho, []byte(body))
			if err != nil {
				reply = []byte("error")
			}
			replies <- string(reply)
		}
		go call(t.Context(), "first")
		synctest.Wait()
		go call(ctx, "second")
		synctest.Wait()
		go call(t.Context(), "third")
		synctest.Wait()
		cancel()
		if r := <-replies; r != "error" {
			t.Errorf("the second call: %q", r)
		}
		var seen []string
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = serveConn(t.Context(), far, handlers{full: func(_ context.Context, _ Identity, _ byte, body []byte) ([]byte, error) {
				seen = append(seen, string(body))
				return body, nil
			}}, Identity{})
		}()
		got := map[string]bool{<-replies: true, <-replies: true}
		if !got["first"] || !got["third"] {
			t.Error(got)
		}
		c.fail(errors.New("cut"))
		<-served
		if len(seen) != 2 {
			t.Errorf("carried out: %q", seen)
		}
	})
}

// A peer that is connected and silent is given up; one that answers pings is not.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := pipe(t)
		go c.run()
		go func() {
			r := newFrameReader(far)
			for {
				if _, err := r.next(); err != nil {
					return
				}
			}
		}()
		start := time.Now()
		_, err := c.call(t.Context(), kindEcho, nil)
		exactlyOne(t, err, ErrLost, ErrNotSent)
		if took := time.Since(start); took != deadAfter {
			t.Errorf("given up after %s, want %s", took, deadAfter)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c, far := pipe(t)
		go c.run()
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = serveConn(t.Context(), far, handlers{full: func(context.Context, Identity, byte, []byte) ([]byte, error) {
				time.Sleep(10 * deadAfter)
				return nil, nil
			}}, Identity{})
		}()
		if _, err := c.call(t.Context(), kindEcho, nil); err != nil {
			t.Error(err)
		}
		// The answering side notices a caller that is gone without a word.
		time.Sleep(10 * deadAfter)
		if c.isBroken() {
			t.Error("an idle connection was broken")
		}
		c.fail(errors.New("cut"))
		<-served
	})
	synctest.Test(t, func(t *testing.T) {
		_, far := pipe(t)
		start := time.Now()
		err := serveConn(t.Context(), far, handlers{full: echo}, Identity{})
		if took := time.Since(start); !errors.Is(err, errSilent) || took != deadAfter {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// Callers wait while the queue is full, and ctx ends the waiting.
func TestAFullQueueHoldsCallersUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := pipe(t)
		go c.run()
		for range 3 {
			go func() { _, _ = c.call(t.Context(), kindEcho, make([]byte, queuedMax)) }()
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.call(ctx, kindEcho, nil)
		exactlyOne(t, err, ErrNotSent, ErrLost)
		c.mu.Lock()
		if queued := len(c.out); queued > queuedMax+headerSize {
			t.Errorf("%d bytes are queued", queued)
		}
		c.mu.Unlock()
		c.fail(errors.New("cut"))
	})
}

// Whatever breaks and whenever: what counts as not sent was not carried out, and
// what has a reply was.
func TestNotSentWasNotCarriedOut(t *testing.T) {
	a, b := listen(t, node("a")), listen(t, node("b"))
	var mu sync.Mutex
	done := map[uint64]int{}
	b.Handle(StreamRPC, func(_ context.Context, _ Identity, _ byte, body []byte) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		done[binary.BigEndian.Uint64(body)]++
		return body[:8], nil
	})
	c := a.Client(b.Addr(), StreamRPC)
	stop := make(chan struct{})
	var cutter, callers sync.WaitGroup
	cutter.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(rand.IntN(3000)) * time.Microsecond):
			}
			side := a
			if rand.IntN(2) == 0 {
				side = b
			}
			side.mu.Lock()
			for conn := range side.conns {
				_ = conn.sever()
			}
			side.mu.Unlock()
		}
	})
	type outcome struct {
		id  uint64
		err error
	}
	outcomes := make(chan outcome, 32*200)
	for i := range 32 {
		callers.Go(func() {
			for j := range 200 {
				id := uint64(i<<32 | j)
				body := binary.BigEndian.AppendUint64(nil, id)
				if j%8 == 0 {
					body = append(body, make([]byte, 100_000)...)
				}
				ctx, cancel := context.WithCancel(context.Background())
				if j%5 == 0 {
					time.AfterFunc(time.Duration(rand.IntN(500))*time.Microsecond, cancel)
				}
				_, err := c.Call(ctx, kindEcho, body)
				cancel()
				outcomes <- outcome{id, err}
			}
		})
	}
	callers.Wait()
	close(stop)
	cutter.Wait()
	_ = a.Close()
	_ = b.Close() // every handler has returned
	close(outcomes)
	count := map[string]int{}
	for o := range outcomes {
		n := done[o.id]
		switch {
		case o.err == nil:
			count["answered"]++
			if n != 1 {
				t.Errorf("call %x was answered and carried out %d times", o.id, n)
			}
		case errors.Is(o.err, ErrNotSent) == errors.Is(o.err, ErrLost):
			t.Errorf("call %x: %v", o.id, o.err)
		case errors.Is(o.err, ErrNotSent):
			count["not sent"]++
			if n != 0 {
				t.Errorf("call %x counts as not sent (%v) and was carried out", o.id, o.err)
			}
		default:
			count["lost"]++
			if n > 1 {
				t.Errorf("call %x was carried out %d times", o.id, n)
			}
		}
	}
	t.Log(count)
	for _, what := range []string{"answered", "not sent", "lost"} {
		if count[what] == 0 {
			t.Errorf("no call was %s: nothing has been tested", what)
		}
	}
}

// TestCloseSendsWhatIsAnswered: the last answers of a side that goes arrive.
func TestCloseSendsWhatIsAnswered(t *testing.T) {
	a, b := listen(t, node("a")), listen(t, node("b"))
	const calls = 50
	var begun sync.WaitGroup
	begun.Add(calls)
	b.Handle(StreamRPC, func(ctx context.Context, _ Identity, _ byte, body []byte) ([]byte, error) {
		begun.Done()
		<-ctx.Done()
		return make([]byte, 100_000), nil
	})
	results := make(chan error, calls)
	for range calls {
		go func() {
			reply, err := a.Client(b.Addr(), StreamRPC).Call(soon(t), kindEcho, nil)
			if err == nil && len(reply) != 100_000 {
				err = errors.New("cut short")
			}
			results <- err
		}()
	}
	begun.Wait()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	for range calls {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}
