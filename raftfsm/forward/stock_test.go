package forward

import (
	"testing"
	"testing/synctest"
	"time"

	"seqd/engine"
	"seqd/engine/sequence"
)

// TestPerNode: with order "node" a follower asks the leader a few times for many values,
// in the background, and what it hands out no other node does.
func TestPerNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, &faults{delay: 10 * time.Millisecond})
		c.lead(0)
		first := c.nodes[0].create(t, "s", nil)
		first.order(t, engine.OrderNode)
		handles := []*Sequence{first, first.at(t, c.nodes[1]), first.at(t, c.nodes[2])}
		const rounds = 5000
		seen, last := map[int64]bool{}, make([]int64, len(handles))
		asked := c.nodes[1].backend.calls.Load()
		slow := 0
		for range rounds {
			for i, s := range handles {
				start := time.Now()
				v := value(t, s, 1)
				if seen[v] {
					t.Fatalf("node %d gave %d again", i, v)
				}
				if v <= last[i] {
					t.Errorf("node %d gave %d after %d", i, v, last[i])
				}
				seen[v], last[i] = true, v
				if time.Since(start) > 0 && i > 0 {
					slow++
				}
			}
			time.Sleep(100 * time.Microsecond) // 10,000 a second
		}
		if calls := c.nodes[1].backend.calls.Load() - asked; calls > rounds/100 {
			t.Errorf("%d calls for %d values", calls, rounds)
		}
		if slow > rounds/50 {
			t.Errorf("%d of %d values waited for the leader", slow, 2*rounds)
		}
		greatest := int64(0)
		for v := range seen {
			greatest = max(greatest, v)
		}
		p, err := first.Position(t.Context())
		if err != nil || p.State.LastValue < greatest {
			t.Errorf("last_value is %d, %d was handed out: %v", p.State.LastValue, greatest, err)
		}
		// What is in stock lasts for some 250 ms.
		if most := int64(len(seen)) + 2*3*10_000; p.State.LastValue > most {
			t.Errorf("last_value is %d after %d values", p.State.LastValue, len(seen))
		}
	})
}

// TestStockAndEpochs: a change voids the stock, values that belong to a change which
// this node has not applied wait for it, and a strict sequence has no stock.
func TestStockAndEpochs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, nil)
		c.lead(0)
		first := c.nodes[0].create(t, "s", nil)
		first.order(t, engine.OrderNode)
		s := first.at(t, c.nodes[1])
		value(t, s, 1)
		synctest.Wait()
		if s.stock.left == 0 {
			t.Fatal("no stock")
		}
		old := s.stock.epoch
		if _, err := first.SetVal(t.Context(), 1, sequence.State{LastValue: 1000, IsCalled: true}); err != nil {
			t.Fatal(err)
		}
		if err := s.b.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if v := value(t, s, 1); v <= 1000 {
			t.Errorf("%d after setval to 1000", v)
		}
		synctest.Wait()
		s.stock.add(sequence.Block{First: 1, Last: 9, Increment: 1}, old)
		if v := value(t, s, 1); v <= 1000 {
			t.Errorf("%d of an older epoch", v)
		}
		s.stock.add(sequence.Block{First: 5000, Last: 5009, Increment: 1}, s.Epoch()+1)
		if v := value(t, s, 1); v >= 5000 {
			t.Errorf("%d of a change that is not known", v)
		}
		synctest.Wait() // a reservation under way would be a concurrent update
		first.order(t, engine.OrderStrict)
		if err := s.b.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		a, b := value(t, s, 1), value(t, first, 1)
		if b != a+1 {
			t.Errorf("strict again: %d, then %d on the leader", a, b)
		}
	})
}

// TestNewLeaderUsesItsStock: and asks nobody for more.
func TestNewLeaderUsesItsStock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, nil)
		c.lead(0)
		first := c.nodes[0].create(t, "s", func(p *sequence.Params) { p.Cache = 5 })
		first.order(t, engine.OrderNode)
		s := first.at(t, c.nodes[1])
		value(t, s, 1)
		synctest.Wait()
		had := s.stock.left
		if had != sequence.LogVals-5 {
			t.Fatalf("stock of %d", had)
		}
		c.lead(1)
		synctest.Wait()
		calls := s.b.calls.Load()
		last := int64(5)
		for range 10 {
			b, _, err := s.Next(t.Context(), 1)
			if err != nil || b.First <= last || b.Count() > 5 {
				t.Fatalf("%+v after %d, %v", b, last, err)
			}
			last = b.Last
		}
		if s.stock.left != 0 || s.b.calls.Load() != calls {
			t.Errorf("%d left, %d calls", s.stock.left, s.b.calls.Load()-calls)
		}
	})
}
