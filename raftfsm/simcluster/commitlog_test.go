package simcluster

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/hashicorp/raft"

	"seqd/engine"
	"seqd/engine/sequence"
	"seqd/raftfsm"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/internal/seams"
)

// commitLog is what was committed, put together from what all nodes executed, and what
// their state was at some indexes.
type commitLog struct {
	c *cluster

	mu        sync.Mutex
	entries   map[uint64]*raft.Log
	snapshots map[uint64][]*sample // by the index of the state
}

type sample struct {
	data []byte
	term uint64
}

func (g *commitLog) init(c *cluster) {
	g.c, g.entries, g.snapshots = c, map[uint64]*raft.Log{}, map[uint64][]*sample{}
}

// applying is told of every entry that a node executes.
func (g *commitLog) applying(l *raft.Log) {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := g.entries[l.Index]
	if was == nil {
		g.entries[l.Index] = l
		return
	}
	if was.Term != l.Term || was.Type != l.Type || !bytes.Equal(was.Data, l.Data) {
		g.c.fail("entry %d was committed with two contents, of terms %d and %d", l.Index, was.Term, l.Term)
	}
}

// snapshot is told of a finished snapshot.
func (g *commitLog) snapshot(s *snapshot) {
	h, err := codec.ReadHeader(bytes.NewReader(s.data))
	if err != nil {
		g.c.fail("snapshot: %v", err)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, x := range g.snapshots[h.Index] {
		if bytes.Equal(x.data, s.data) {
			return
		}
	}
	g.snapshots[h.Index] = append(g.snapshots[h.Index], &sample{s.data, h.Term})
}

// executed is what the log says became of requests.
type executed struct {
	sets     map[string]int
	reserved map[rangeKey][]sequence.Block
	sessions map[engine.SequenceID]map[uint64]bool // terms in which values were reserved
	entries  int
	names    map[engine.OID]string // of every sequence that there was
	reused   int                   // OIDs that two sequences had, one after the other
	late     int                   // logged in another term than they were proposed in
	states   int                   // compared
}

type rangeKey struct {
	id    engine.SequenceID
	epoch uint64
}

func setKey(k kind, id engine.SequenceID, s sequence.State) string {
	return fmt.Sprint(k, " ", id.Sequence, " ", s.LastValue, " ", s.IsCalled)
}

// replay executes the log anew, compares the states, and counts.
func (g *commitLog) replay() *executed {
	x := &executed{sets: map[string]int{}, reserved: map[rangeKey][]sequence.Block{}, sessions: map[engine.SequenceID]map[uint64]bool{}, names: map[engine.OID]string{}}
	var last uint64
	for i := range g.entries {
		last = max(last, i)
	}
	cluster := ""
	for _, list := range g.snapshots {
		h, err := codec.ReadHeader(bytes.NewReader(list[0].data))
		if err == nil {
			cluster = h.Cluster
		}
	}
	fsm := raftfsm.New(cluster)
	fsm.Simulate(seams.Node{Mistakes: g.c.mistakes})
	for i := uint64(1); i <= last; i++ {
		l := g.entries[i]
		if l == nil {
			continue // raft's own
		}
		e, err := codec.DecodeEntry(l.Data)
		if err != nil {
			g.c.fail("entry %d: %v", i, err)
			return x
		}
		x.entries++
		if e.Term != l.Term {
			x.late++
		}
		r := fsm.Apply(l).(raftfsm.Response)
		x.count(l.Term, &e, r)
		for _, s := range g.snapshots[i] {
			x.states++
			if want := stateOf(fsm); !bytes.Equal(want, s.data) {
				g.c.fail("at entry %d a node's state is not what the log says (%d and %d bytes)", i, len(s.data), len(want))
			}
		}
	}
	return x
}

func stateOf(f *raftfsm.FSM) []byte {
	s, err := f.Snapshot()
	if err != nil {
		return nil
	}
	var out memorySink
	if s.Persist(&out) != nil {
		return nil
	}
	return out.Bytes()
}

type memorySink struct{ bytes.Buffer }

func (*memorySink) ID() string    { return "" }
func (*memorySink) Cancel() error { return nil }
func (*memorySink) Close() error  { return nil }

var _ io.WriteCloser = (*memorySink)(nil)

func (x *executed) count(term uint64, e *codec.Entry, r raftfsm.Response) {
	if r.Fenced || r.Repeated || r.Result.Err != nil {
		return
	}
	switch c := e.Command.(type) {
	case *engine.SetVal:
		x.sets[setKey(set, c.ID, c.State)]++
	case *engine.Commit:
		for _, w := range c.Writes {
			switch w := w.(type) {
			case *engine.PutSequence:
				id := engine.SequenceID{Database: c.Database, Sequence: w.Sequence.OID}
				if w.Expect == 0 {
					if _, used := x.names[w.Sequence.OID]; used {
						x.reused++
					}
					x.names[w.Sequence.OID] = w.Sequence.Name
					x.sets["create "+w.Sequence.Name]++
				} else if w.Position != nil {
					x.sets[setKey(restart, id, *w.Position)]++
				}
			case *engine.DropSequence:
				x.sets["drop "+x.names[w.OID]]++
			}
		}
	}
	for _, f := range r.Result.Effects {
		if f.Kind != engine.EffectReserved {
			continue
		}
		key := rangeKey{f.ID, f.Epoch}
		list := x.reserved[key]
		if n := len(list); n > 0 && sequence.Follows(list[n-1], f.Block) {
			list[n-1].Last = f.Block.Last
		} else {
			list = append(list, f.Block)
		}
		x.reserved[key] = list
		if x.sessions[f.ID] == nil {
			x.sessions[f.ID] = map[uint64]bool{}
		}
		x.sessions[f.ID][term] = true
	}
}
