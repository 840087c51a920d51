package forward

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
	"time"

	"seqd/engine"
	"seqd/raftfsm/allocator"
)

// Keys (advisory locks) protect what seqd does not know, so their holder must hear
// of it if one is lost. A node asks the leader for the keys of its sessions again
// all the time: the leader frees those that it does not hear of, a new leader gives
// keys to nobody else until nodes have had the time to ask, and a session whose key
// could not be had again is told before anybody else can have it. The times assume,
// as the lease does, that clocks go at about the same rate.
const (
	keepEvery = 2 * time.Second // a node asks again
	keepMost  = 6 * time.Second // without an answer: the session is told that its key is lost
	// keyLease is how long a leader keeps the keys of a node that it does not hear of.
	// (A new one keeps other askers waiting as long: see node.keyGrace.)
	keyLease = 8 * time.Second
)

// ownedKey is a key in the hands of a session.
type ownedKey struct {
	owner     uint32
	key       engine.LockKey
	exclusive bool
}

// keys are those that sessions of this node hold, each with what to do when it is
// lost.
type keys struct {
	mu    sync.Mutex
	held  map[ownedKey]func()
	sure  time.Time     // when the last answer that confirmed all of them was asked for
	round chan struct{} // asking for them again is under way; closed at its end
	wake  chan struct{} // the leader may be another one
}

// LockKey gives a session of this node a key (see allocator.LockKey), and calls lost
// if it can't be kept. Try: false if it can't be had now.
func (b *Backend) LockKey(ctx context.Context, owner uint64, key engine.LockKey, exclusive, try bool, lost func()) (got bool, err error) {
	k := ownedKey{uint32(owner), key, exclusive}
	asked := time.Now()
	elsewhere := false
	err = b.run(ctx, &operation{
		kind: kindLockKey, waits: true,
		request: func() *request { return &request{owner: k.owner, keys: []ownedKey{k}, try: try} },
		local: func(ctx context.Context) (err error) {
			got, err = b.node.LockKey(ctx, owner, key, allocator.KeyRequest{Exclusive: exclusive, Try: try})
			return err
		},
		answer: func(p *reply) { got = p.body.bool() },
		before: func(*route) { elsewhere, asked = true, time.Now() },
	})
	switch {
	case err != nil && elsewhere:
		b.giveBack(k) // it may have been given to us all the same
	case got && key.Class != engine.LockName:
		b.keys.mu.Lock()
		first := len(b.keys.held) == 0
		if first {
			b.keys.sure = asked
		}
		b.keys.held[k] = lost
		b.keys.mu.Unlock()
		if first {
			b.keys.look()
		}
	}
	return got, err
}

// UnlockKey gives a key back.
func (b *Backend) UnlockKey(owner uint64, key engine.LockKey, exclusive bool) {
	k := ownedKey{uint32(owner), key, exclusive}
	b.keys.mu.Lock()
	delete(b.keys.held, k)
	round := b.keys.round
	b.keys.mu.Unlock()
	if round != nil {
		<-round // or the leader would hear of the end before it is asked again
	}
	b.giveBack(k)
}

// giveBack tells the leader. One that can't be reached frees the key by itself.
func (b *Backend) giveBack(k ownedKey) {
	ctx, cancel := context.WithTimeout(b.ctx, b.callTimeout)
	defer cancel()
	_ = b.run(ctx, &operation{
		kind:    kindUnlockKey,
		request: func() *request { return &request{owner: k.owner, keys: []ownedKey{k}} },
		local: func(context.Context) error {
			b.node.UnlockKey(uint64(k.owner), k.key, k.exclusive)
			return nil
		},
		answer: func(*reply) {},
	})
}

func (k *keys) look() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// begin starts a round with what is held.
func (k *keys) begin() []ownedKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.round = make(chan struct{})
	return slices.Collect(maps.Keys(k.held))
}

// end ends a round. complete: all keys that were not lost are sure since it began.
func (k *keys) end(began time.Time, complete bool) {
	k.mu.Lock()
	if complete {
		k.sure = began
	}
	var late []ownedKey
	if time.Since(k.sure) > keepMost {
		late = slices.Collect(maps.Keys(k.held))
	}
	close(k.round)
	k.round = nil
	k.mu.Unlock()
	for _, key := range late {
		k.lose(key)
	}
}

// keep asks the leader for this node's keys again and again.
func (b *Backend) keep() {
	for {
		wait := keepEvery
		switch held, complete := b.keepAll(); {
		case !held:
			wait = time.Hour // or until somebody has one
		case !complete:
			wait = retryEvery
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-b.keys.wake:
		case <-b.ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// keepAll asks for all keys once, if there are any.
func (b *Backend) keepAll() (held, complete bool) {
	began, list := time.Now(), b.keys.begin()
	held, complete = len(list) > 0, true
	for len(list) > 0 {
		n := min(len(list), maxKeys)
		kept, err := b.keepSome(list[:n])
		if err != nil {
			complete = false
			break
		}
		for i, ok := range kept {
			if !ok {
				b.keys.lose(list[i])
			}
		}
		list = list[n:]
	}
	b.keys.end(began, complete)
	return held, complete
}

func (b *Backend) keepSome(list []ownedKey) (kept []bool, err error) {
	ctx, cancel := context.WithTimeout(b.ctx, keepEvery)
	defer cancel()
	r := b.route.Load()
	switch {
	case r.self:
		for _, k := range list {
			ok, err := b.node.LockKey(ctx, uint64(k.owner), k.key, allocator.KeyRequest{Exclusive: k.exclusive, Again: true})
			if err != nil {
				return nil, err
			}
			kept = append(kept, ok)
		}
		return kept, nil
	case r.client == nil:
		return nil, errNobody
	}
	p, err := b.ask(ctx, r, kindKeepKeys, &request{keys: list})
	if err != nil {
		return nil, err
	}
	for range list {
		kept = append(kept, p.body.bool())
	}
	return kept, p.body.end()
}

// lose tells the session.
func (k *keys) lose(key ownedKey) {
	k.mu.Lock()
	lost := k.held[key]
	delete(k.held, key)
	k.mu.Unlock()
	if lost != nil {
		lost()
	}
}

// maxKeys is how many keys one request is about at most.
const maxKeys = 1 << 10

func appendKeys(b []byte, list []ownedKey) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, k := range list {
		b = binary.AppendUvarint(b, uint64(k.owner))
		b = append(b, byte(k.key.Class))
		b = binary.AppendUvarint(b, uint64(k.key.Database))
		b = binary.AppendUvarint(b, k.key.Number)
		b = binary.AppendUvarint(b, uint64(k.key.Schema))
		b = appendBytes(b, k.key.Name)
		b = appendBool(b, k.exclusive)
	}
	return b
}

func (r *reader) keys() []ownedKey {
	list := make([]ownedKey, r.count(maxKeys))
	if len(list) == 0 {
		r.fail()
	}
	for i := range list {
		list[i] = ownedKey{owner: r.uint32(), key: engine.LockKey{
			Class: engine.LockClass(r.byte()), Database: engine.OID(r.uint32()), Number: r.uint(),
			Schema: engine.OID(r.uint32()), Name: r.string(),
		}, exclusive: r.bool()}
	}
	return list
}

// lockKey answers kindLockKey.
func (s *Server) lockKey(ctx context.Context, q *request) ([]byte, error) {
	k := q.keys[0]
	owner := s.gateways.owner(q.gateway, k.owner)
	got, err := s.node.LockKey(ctx, owner, k.key, allocator.KeyRequest{Exclusive: k.exclusive, Try: q.try})
	if err != nil {
		return nil, err
	}
	if got && ctx.Err() != nil {
		s.node.UnlockKey(owner, k.key, k.exclusive) // nobody hears of it
		return nil, allocator.Canceled(ctx)
	}
	if got {
		s.gateways.keeps(q.gateway, owner)
	}
	return appendBool(nil, got), nil
}

// keepKeys answers kindKeepKeys.
func (s *Server) keepKeys(ctx context.Context, q *request) ([]byte, error) {
	var answer []byte
	for _, k := range q.keys {
		owner := s.gateways.owner(q.gateway, k.owner)
		ok, err := s.node.LockKey(ctx, owner, k.key, allocator.KeyRequest{Exclusive: k.exclusive, Again: true})
		if err != nil {
			return nil, err
		}
		if ok {
			s.gateways.keeps(q.gateway, owner)
		}
		answer = appendBool(answer, ok)
	}
	return answer, nil
}

// unlockKey answers kindUnlockKey.
func (s *Server) unlockKey(_ context.Context, q *request) ([]byte, error) {
	k := q.keys[0]
	s.node.UnlockKey(s.gateways.owner(q.gateway, k.owner), k.key, k.exclusive)
	return nil, nil
}

// keeps notes that a session of a gateway has a key, and that the gateway lives.
func (g *gateways) keeps(id, owner uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if id == g.own {
		return
	}
	w := g.get(id)
	w.keyOwners[owner] = struct{}{}
	if w.lease == nil {
		w.lease = time.AfterFunc(keyLease, func() { g.freeKeys(w) })
	} else {
		w.lease.Reset(keyLease)
	}
}

// freeKeys frees the keys of a gateway that was not heard of.
func (g *gateways) freeKeys(w *gateway) {
	g.mu.Lock()
	owners := w.keyOwners
	w.keyOwners = map[uint64]struct{}{}
	g.mu.Unlock()
	for owner := range owners {
		g.node.UnlockKeys(owner)
	}
}
