package forward

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/allocator"
	"seqd/raftfsm/logtest"
)

var someID = engine.SequenceID{Database: 5, Sequence: 16384}

func fullError() *sqlstate.Error {
	return &sqlstate.Error{Severity: sqlstate.SeverityFatal, Code: "XX000", Message: "m", Detail: "d", Hint: "h", Where: "w", Position: -7}
}

func someRequests() map[byte]request {
	q := request{gateway: math.MaxUint64, applied: 300, owner: math.MaxUint32, id: someID}
	next, entry, oids := q, q, q
	next.owners = []uint64{1, 0, math.MaxUint32}
	entry.entry = []byte("entry")
	oids.count = 32
	key := q
	key.try = true
	key.keys = []ownedKey{{owner: 7, exclusive: true, key: engine.LockKey{Class: engine.LockName, Database: 5, Number: math.MaxUint64, Schema: 2200, Name: "s"}}}
	m := map[byte]request{kindNext: next, kindSetVal: entry, kindCommit: entry, kindBranch: entry, kindDropDB: entry, kindOIDs: oids,
		kindLockKey: key, kindKeepKeys: key, kindUnlockKey: key}
	for kind := range handlers {
		if _, ok := m[kind]; !ok {
			m[kind] = q
		}
	}
	return m
}

func TestRequestRoundTrip(t *testing.T) {
	for kind, q := range someRequests() {
		var got request
		if err := got.decode(kind, q.encode(kind)); err != nil || !reflect.DeepEqual(got, q) {
			t.Errorf("kind %d: %+v, %v", kind, got, err)
		}
	}
}

func someReplies() []reply {
	return []reply{
		{status: statusDone, applied: 7},
		{status: statusNotServing, applied: 1, leader: "10.0.0.1:7000"},
		{status: statusBlocked},
		{status: statusRefused, applied: math.MaxUint64, err: fullError()},
		{status: statusUnknown},
	}
}

func TestReplyRoundTrip(t *testing.T) {
	for _, p := range someReplies() {
		var got reply
		if err := got.decode(p.encode()); err != nil {
			t.Fatal(err)
		}
		got.body = reader{}
		if !reflect.DeepEqual(got, p) {
			t.Errorf("%+v, want %+v", got, p)
		}
	}
}

func block(first, last, increment int64) sequence.Block {
	return sequence.Block{First: first, Last: last, Increment: increment}
}

func someFetches() [][]allocator.Fetch {
	return [][]allocator.Fetch{
		{{Block: block(1, 1, 1), Epoch: 3}, {Block: block(2, 2, 1), Epoch: 3}, {Block: block(3, 3, 1), Epoch: 3}},
		{{Block: block(1, 1, 1), Epoch: 3}, {Block: block(2, 2, 1), Epoch: 4}, {Block: block(1, 1, 1), Epoch: 4}},
		{{Block: block(10, -10, -5), Epoch: 1}, {Block: block(-15, -35, -5), Epoch: 1}, {Block: block(-40, -45, -5), Epoch: 1}},
		{{Block: block(math.MaxInt64-1, math.MaxInt64, 1)}, {Block: block(math.MinInt64, math.MinInt64+1, 1)}},
		{{Block: block(math.MinInt64, math.MaxInt64-1, math.MaxInt64)}},
		{{Err: allocator.ErrBlocked}, {Err: allocator.ErrNotServing}, {Err: fullError()}, {Block: block(4, 4, 9), Epoch: 1}},
	}
}

func TestFetchesRoundTrip(t *testing.T) {
	for i, list := range someFetches() {
		got := make([]allocator.Fetch, len(list))
		r := reader{b: appendFetches(nil, list)}
		if err := r.fetches(got); err != nil || !reflect.DeepEqual(got, list) {
			t.Errorf("%d: %+v, %v", i, got, err)
		}
	}
}

// TestRunsAreShort: values in a row are one run, however many.
func TestRunsAreShort(t *testing.T) {
	var list []allocator.Fetch
	for i := range int64(maxBatch) {
		list = append(list, allocator.Fetch{Block: block(1+10*i, 10+10*i, 1), Epoch: 1})
	}
	if b := appendFetches(nil, list); len(b) > 16 {
		t.Errorf("%d bytes", len(b))
	}
}

// TestResultRoundTrip sends what random logs result in.
func TestResultRoundTrip(t *testing.T) {
	store := engine.NewStore()
	g := logtest.New(1)
	for index := range uint64(3000) {
		want := store.Apply(index+1, g.Next())
		r := reader{b: appendResult(nil, want)}
		got := r.result()
		if r.end() != nil || len(got.Effects) != len(want.Effects) || (len(want.Effects) > 0 && !reflect.DeepEqual(got.Effects, want.Effects)) {
			t.Fatalf("%+v, want %+v", got, want)
		}
		if (got.Err == nil) != (want.Err == nil) || (want.Err != nil && got.Err.Error() != want.Err.Error()) {
			t.Fatalf("%v, want %v", got.Err, want.Err)
		}
	}
}

// The fuzz targets hold: what can be read can be written and read again, and is the
// same. (Numbers may have longer forms than those written here.)

func FuzzRequest(f *testing.F) {
	for kind, q := range someRequests() {
		f.Add(kind, q.encode(kind))
	}
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		var q, again request
		if q.decode(kind, b) != nil {
			return
		}
		if err := again.decode(kind, q.encode(kind)); err != nil || !reflect.DeepEqual(q, again) {
			t.Errorf("%+v, again %+v, %v", q, again, err)
		}
	})
}

func FuzzReply(f *testing.F) {
	for _, p := range someReplies() {
		f.Add(p.encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p, again reply
		if p.decode(b) != nil {
			return
		}
		written := append(p.encode(), p.body.b...)
		if err := again.decode(written); err != nil || !reflect.DeepEqual(p.err, again.err) || !bytes.Equal(again.body.b, p.body.b) {
			t.Errorf("%+v, again %+v, %v", p, again, err)
		}
	})
}

func FuzzFetches(f *testing.F) {
	for _, list := range someFetches() {
		f.Add(uint16(len(list)), appendFetches(nil, list))
	}
	f.Fuzz(func(t *testing.T, n uint16, b []byte) {
		list, again := make([]allocator.Fetch, n), make([]allocator.Fetch, n)
		r := reader{b: b}
		if r.fetches(list) != nil {
			return
		}
		for _, x := range list {
			if x.Err == nil && (x.Block.Increment == 0 || x.Block.First > x.Block.Last != (x.Block.Increment < 0) && x.Block.First != x.Block.Last) {
				t.Fatalf("impossible block %+v", x.Block)
			}
		}
		r = reader{b: appendFetches(nil, list)}
		if err := r.fetches(again); err != nil || !reflect.DeepEqual(list, again) {
			t.Errorf("%+v, again %+v, %v", list, again, err)
		}
	})
}

func FuzzResult(f *testing.F) {
	store := engine.NewStore()
	g := logtest.New(2)
	for index := range uint64(30) {
		f.Add(appendResult(nil, store.Apply(index+1, g.Next())))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := reader{b: b}
		v := r.result()
		if r.end() != nil {
			return
		}
		r = reader{b: appendResult(nil, v)}
		if again := r.result(); r.end() != nil || !reflect.DeepEqual(v, again) {
			t.Errorf("%+v, again %+v", v, again)
		}
	})
}

// FuzzServer: no request of another node makes the leader fall over.
func FuzzServer(f *testing.F) {
	for kind, q := range someRequests() {
		f.Add(kind, q.encode(kind))
	}
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		c := newCluster(t, 1, nil)
		c.lead(0)
		ctx, cancel := contextEnded()
		defer cancel()
		answer, err := c.nodes[0].server.Handle(ctx, kind, b)
		if err == nil {
			var p reply
			if err := p.decode(answer); err != nil {
				t.Errorf("answer %x: %v", answer, err)
			}
		}
	})
}
