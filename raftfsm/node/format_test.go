package node

import (
	"context"
	"strings"
	"testing"
	"time"

	"seqd/engine/sequence"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/peer"
)

// TestFormatOfALoneNode: what it starts with is what it knows.
func TestFormatOfALoneNode(t *testing.T) {
	if f := open(t, Config{Ephemeral: true}).fsm.Format(); f != codec.EntryVersion {
		t.Errorf("format %d", f)
	}
}

// TestRollingUpgrade: nodes that say they know format 1 only are replaced one after
// the other. Nobody is asked to understand what it can't, and the last one brings
// the new format.
func TestRollingUpgrade(t *testing.T) {
	x := newTeam(t, Config{version: 1}).start(3)
	id := create(t, x.leader().node.Load(), "s", nil)
	skip := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		steps := uint64(100)
		_, err := x.nodes[0].port.Admin(x.leader().addr).Skip(ctx, peer.SkipRequest{Steps: &steps})
		return err
	}
	for i := range x.nodes {
		first := next(t, x.leader().node.Load().Sequence(id))
		err := skip()
		if sqlstate.CodeOf(err) != sqlstate.FeatureNotSupported {
			t.Fatalf("%d nodes are new: %v", i, err)
		}
		if e := sqlstate.From(err); x.leader().config.version == 0 && !strings.Contains(e.Detail, "runs version 1") {
			t.Errorf("%d nodes are new: nobody is named in %+v", i, e)
		}
		m := x.nodes[i]
		m.stop(true)
		m.config.version = 0
		m.start()
		if second := next(t, x.leader().node.Load().Sequence(id)); second <= first {
			t.Errorf("value %d after %d", second, first)
		}
	}
	eventually(t, "the new format", func() bool { return x.leader().node.Load().fsm.Format() == codec.EntryVersion })
	before := next(t, x.leader().node.Load().Sequence(id))
	if err := skip(); err != nil {
		t.Fatal(err)
	}
	if after := next(t, x.leader().node.Load().Sequence(id)); after < before+100 {
		t.Errorf("value %d after %d and a hundred skipped", after, before)
	}
	// From now on nobody may come who does not know it.
	old := x.add()
	old.config.version = 1
	old.identity.Store(&peer.Identity{NodeID: old.name, Version: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := old.port.Admin(x.leader().addr).Join(ctx, peer.JoinRequest{ID: old.name, Addr: old.addr, Version: 1})
	if sqlstate.CodeOf(err) != sqlstate.FeatureNotSupported || !strings.Contains(err.Error(), "has version 1") {
		t.Errorf("an old node joins: %v", err)
	}
	_ = old.port.Close()
}

// TestDefaultSkip has the numbers that docs/operations.md tells.
func TestDefaultSkip(t *testing.T) {
	for largest, want := range map[uint64]uint64{0: 4 << 17, 33: 4096, 5000: 20000, 1 << 63: 1<<64 - 1} {
		if got := DefaultSkip(largest); got != want {
			t.Errorf("largest reservation %d: skip %d, want %d", largest, got, want)
		}
	}
}

// TestSkipTellsOfSequencesAtTheirLimit: they give no value from then on.
func TestSkipTellsOfSequencesAtTheirLimit(t *testing.T) {
	n := open(t, Config{Ephemeral: true})
	create(t, n, "large", nil)
	small := create(t, n, "small", smallint)
	steps := uint64(40000)
	r, err := n.Admin().Skip(t.Context(), peer.SkipRequest{Steps: &steps})
	if err != nil || r.Steps != steps || r.Sequences != 2 || r.AtLimits != 1 || len(r.AtLimit) != 1 || r.AtLimit[0] != "postgres: public.small" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, _, err := n.Sequence(small).Next(t.Context(), me); sqlstate.CodeOf(err) != sqlstate.SequenceGeneratorLimitExceeded {
		t.Errorf("beyond the limit: %v", err)
	}
}

func smallint(p *sequence.Params) { p.Type, p.Max = sequence.SmallInt, sequence.SmallInt.Max() }
