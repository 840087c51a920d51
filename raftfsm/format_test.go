package raftfsm

import (
	"bytes"
	"io"
	"testing"

	"github.com/hashicorp/raft"

	"seqd/engine"
	"seqd/raftfsm/codec"
)

func apply(t *testing.T, f *FSM, index uint64, e codec.Entry) Response {
	t.Helper()
	e.Term = 3
	b, err := codec.EncodeEntry(e)
	if err != nil {
		t.Fatal(err)
	}
	return f.Apply(&raft.Log{Index: index, Term: 3, Data: b}).(Response)
}

// TestFormat: as long as members may be there that know format 1 only, the state is
// what they make of the log, and snapshots are such that they can read them.
func TestFormat(t *testing.T) {
	f := New("c")
	f.Apply(&raft.Log{Index: 1, Term: 3, Data: putNew(t, 3)})
	id := engine.SequenceID{Database: 5, Sequence: 16384}
	reserve := func(index, count uint64) {
		t.Helper()
		_, pos, _ := f.Sequence(id)
		r := apply(t, f, index, codec.Entry{Command: &engine.Reserve{Items: []engine.ReserveItem{{ID: id, Epoch: pos.Epoch, Count: count}}}})
		if r.Result.Effects[0].Kind != engine.EffectReserved {
			t.Fatalf("%+v", r)
		}
	}
	version := func() byte { return persist(t, capture(t, f))[len("seqdsnap")] }
	reserve(2, 5000)
	if f.Format() != 1 || f.LargestReservation() != 0 || version() != 2 {
		t.Errorf("format %d, largest reservation %d, snapshot version %d", f.Format(), f.LargestReservation(), version())
	}
	apply(t, f, 3, codec.Entry{Format: 2})
	reserve(4, 700)
	reserve(5, 33)
	if f.Format() != 2 || f.LargestReservation() != 700 || version() != 3 {
		t.Errorf("format %d, largest reservation %d, snapshot version %d", f.Format(), f.LargestReservation(), version())
	}
	back := New("c")
	if err := back.Restore(io.NopCloser(bytes.NewReader(persist(t, capture(t, f))))); err != nil {
		t.Fatal(err)
	}
	if back.Format() != 2 || back.LargestReservation() != 700 {
		t.Errorf("restored: format %d, largest reservation %d", back.Format(), back.LargestReservation())
	}
}
