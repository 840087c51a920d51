package raftfsm

import (
	"bytes"
	"io"
	"testing"

	"github.com/hashicorp/raft"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/lease"
)

var seqID = engine.SequenceID{Database: engine.PostgresDatabase, Sequence: 16384}

// script feeds entries to an FSM.
type script struct {
	t     *testing.T
	f     *FSM
	index uint64
}

func newScript(t *testing.T) *script {
	s := &script{t: t, f: New("c"), index: 5}
	s.f.Apply(&raft.Log{Index: 5, Term: 1, Data: putNew(t, 1)})
	return s
}

func (s *script) apply(e codec.Entry) Response {
	s.t.Helper()
	s.index++
	if e.Term == 0 {
		e.Term = 1
	}
	data, err := codec.EncodeEntry(e)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.f.Apply(&raft.Log{Index: s.index, Term: 1, Data: data}).(Response)
}

func (s *script) setval(id codec.Request, v int64) Response {
	s.t.Helper()
	return s.apply(codec.Entry{Request: id, Command: &engine.SetVal{ID: seqID, State: sequence.State{LastValue: v, IsCalled: true}}})
}

func (s *script) at(want int64) {
	s.t.Helper()
	if _, pos, _ := s.f.Sequence(seqID); pos.State.LastValue != want {
		s.t.Errorf("position %d, want %d", pos.State.LastValue, want)
	}
}

// restart goes on with what a snapshot keeps.
func (s *script) restart() {
	s.t.Helper()
	b := persist(s.t, capture(s.t, s.f))
	s.f = New("c")
	if err := s.f.Restore(io.NopCloser(bytes.NewReader(b))); err != nil {
		s.t.Fatal(err)
	}
}

func TestRepeatedRequests(t *testing.T) {
	s := newScript(t)
	r := &recorder{t: t, f: s.f}
	s.f.Observe(r)
	first := s.setval(codec.Request{Gateway: 9, Counter: 1}, 10)
	s.setval(codec.Request{Gateway: 9, Counter: 2}, 20)
	s.at(20)
	again := s.setval(codec.Request{Gateway: 9, Counter: 1}, 10)
	s.at(20)
	if !again.Repeated || again.Result.Effects[0] != first.Result.Effects[0] || len(r.indexes) != 2 {
		t.Errorf("repeated: %+v, first %+v; the observer heard of %v", again, first, r.indexes)
	}
	s.setval(codec.Request{Gateway: 8, Counter: 1}, 30) // another gateway's
	s.at(30)
	s.restart()
	if again := s.setval(codec.Request{Gateway: 9, Counter: 1}, 10); !again.Repeated || again.Result.Effects[0] != first.Result.Effects[0] {
		t.Errorf("repeated after a snapshot: %+v", again)
	}
	s.at(30)
	s.setval(codec.Request{Gateway: 9, Counter: 3, AckBelow: 3}, 40)
	if got := s.setval(codec.Request{Gateway: 9, Counter: 2}, 20); sqlstate.CodeOf(got.Result.Err) != sqlstate.StatementCompletionUnknown {
		t.Errorf("a request that had been acknowledged: %+v", got)
	}
	s.at(40)
	refused := s.setval(codec.Request{Gateway: 9, Counter: 4}, -5)
	s.restart()
	if again := s.setval(codec.Request{Gateway: 9, Counter: 4}, -5); again.Result.Err == nil || again.Result.Err.Message != refused.Result.Err.Message {
		t.Errorf("a refusal, repeated: %+v, first %+v", again.Result, refused.Result)
	}
	for range 2 {
		if s.setval(codec.Request{Gateway: 9}, 50).Repeated {
			t.Error("requests without a counter are not repeated")
		}
	}
	fenced := s.apply(codec.Entry{Term: 2, Request: codec.Request{Gateway: 9, Counter: 6}, Command: &engine.SetVal{ID: seqID, State: sequence.State{LastValue: 60}}})
	if !fenced.Fenced || s.setval(codec.Request{Gateway: 9, Counter: 6}, 70).Repeated {
		t.Error("a fenced request counts as executed")
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	s := newScript(t)
	for i := range uint64(maxOutcomes + 10) {
		s.setval(codec.Request{Gateway: 1, Counter: i + 1}, int64(i+1))
	}
	if n := len(s.f.state.Gateways[0].Results); n != maxOutcomes {
		t.Errorf("%d results", n)
	}
	if got := s.setval(codec.Request{Gateway: 1, Counter: 10}, 10); sqlstate.CodeOf(got.Result.Err) != sqlstate.StatementCompletionUnknown {
		t.Errorf("forgotten: %+v", got)
	}
	for i := range uint64(maxGateways) {
		s.setval(codec.Request{Gateway: i + 2, Counter: 1}, 1)
	}
	if g := s.f.state.Gateways; len(g) != maxGateways || g[0].ID != 2 {
		t.Errorf("%d gateways from %d on", len(g), g[0].ID)
	}
}

func TestLeaseAndMembersAreReplicated(t *testing.T) {
	s := newScript(t)
	a, b := codec.Member{ID: "a", Address: "x:1", Version: 1, Voter: true}, codec.Member{ID: "b", Address: "x:2"}
	s.apply(codec.Entry{Member: &codec.PutMember{Member: b}})
	s.apply(codec.Entry{Member: &codec.PutMember{Member: codec.Member{ID: "c"}}})
	s.apply(codec.Entry{Member: &codec.PutMember{Member: a}})
	before := capture(t, s.f)
	want := persist(t, before)
	s.apply(codec.Entry{Member: &codec.PutMember{Member: codec.Member{ID: "c"}, Gone: true}})
	b.Address = "x:3"
	s.apply(codec.Entry{Member: &codec.PutMember{Member: b}})
	held := lease.Record{Holder: "a", Boot: "z", Term: 1, Millis: 1500}
	s.apply(codec.Entry{Lease: &codec.Lease{Record: held, Asked: 3}})
	s.apply(codec.Entry{Term: 2, Lease: &codec.Lease{Record: lease.Record{Holder: "b", Millis: 1}}}) // fenced
	if !bytes.Equal(persist(t, before), want) {
		t.Error("a snapshot changed after it was captured")
	}
	s.restart()
	if got := s.f.Members(); len(got) != 2 || got[0] != a || got[1] != b {
		t.Errorf("members %+v", got)
	}
	if got := s.f.Lease(); got != held {
		t.Errorf("lease %+v", got)
	}
}
