package simcluster

import (
	"fmt"
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"

	"seqd/engine"
	"seqd/engine/sequence"
)

// The checks, checked: histories as short as can be, each with one thing wrong.

// tale is a history of one sequence, one request after the other.
type tale struct {
	q    *seq
	list []*operation
}

func newTale(cache int64) *tale {
	return &tale{q: &seq{name: "s", id: engine.SequenceID{Database: 5, Sequence: 77}, params: plain(cache)}}
}

func (t *tale) add(o *operation) *operation {
	o.seq, o.session, o.outcome = t.q, "x", done
	o.call, o.ret = int64(2*len(t.list)), int64(2*len(t.list)+1)
	t.list = append(t.list, o)
	return o
}

func (t *tale) next(v int64, epoch uint64) *operation {
	return t.add(&operation{kind: next, value: v, block: sequence.Block{First: v, Last: v, Increment: 1}, epoch: epoch})
}

func (t *tale) set(v int64, epoch uint64) *operation {
	return t.add(&operation{kind: set, state: sequence.State{LastValue: v, IsCalled: true}, epoch: epoch})
}

func (t *tale) read(v int64, epoch uint64) *operation {
	return t.add(&operation{kind: read, state: sequence.State{LastValue: v, IsCalled: true}, epoch: epoch})
}

// audit returns what the auditor finds, given a log that did what was acknowledged.
func (t *tale) audit(change func(*executed)) string {
	x := &executed{sets: map[string]int{}, reserved: map[rangeKey][]sequence.Block{}, sessions: map[engine.SequenceID]map[uint64]bool{t.q.id: {2: true}}}
	for _, o := range t.list {
		x.reserved[rangeKey{t.q.id, o.epoch}] = []sequence.Block{{First: 1, Last: 1 << 40, Increment: 1}}
		if o.kind == set {
			x.sets[setKey(set, t.q.id, o.state)] = 1
		}
	}
	if change != nil {
		change(x)
	}
	var found []string
	a := &audit{list: t.list, log: x, fail: func(text string, args ...any) { found = append(found, fmt.Sprintf(text, args...)) }}
	a.run(&cluster{prelogMax: 50})
	return strings.Join(found, "; ")
}

func (t *tale) linear() bool { return checkLinear(t.list, t.q) == porcupine.Ok }

func TestAuditor(t *testing.T) {
	for _, x := range []struct {
		want string // part of what is found; "": nothing
		tell func(*tale)
		log  func(*executed)
	}{
		{"", func(t *tale) { t.next(1, 5); t.next(2, 5); t.set(1, 9); t.next(2, 9); t.read(2, 9) }, nil},
		{"twice", func(t *tale) { t.next(1, 5); t.next(1, 5) }, nil},
		{"out of order", func(t *tale) { t.next(2, 5); t.next(1, 5) }, nil},
		{"out of order", func(t *tale) { t.next(2, 5); t.read(1, 5) }, nil},
		{"out of order", func(t *tale) { t.set(7, 9); t.read(1, 5) }, nil},
		{"void", func(t *tale) { t.next(1, 5).cached = true; t.set(9, 9); t.next(2, 5).cached = true }, nil},
		{"dropped", func(t *tale) { t.add(&operation{kind: drop}); t.next(1, 5) },
			func(x *executed) { x.sets["drop s"] = 1 }},
		{"out of bounds", func(t *tale) { t.q.params.Max = 3; t.next(4, 5) }, nil},
		{"not reserved", func(t *tale) { t.next(4, 5) }, func(x *executed) { clear(x.reserved) }},
		{"executed 2 times", func(t *tale) { t.set(4, 5) }, func(x *executed) {
			for k := range x.sets {
				x.sets[k] = 2
			}
		}},
		{"executed 0 times", func(t *tale) { t.set(4, 5) }, func(x *executed) { clear(x.sets) }},
		{"executed 1 times", func(t *tale) { t.set(4, 5).outcome = refused }, nil},
		{"", func(t *tale) { o := t.set(4, 5); o.outcome, o.ret = unknown, forever }, nil},
		{"lost", func(t *tale) { t.next(1, 5); t.next(1000, 5) }, nil},
	} {
		story := newTale(1)
		x.tell(story)
		if got := story.audit(x.log); (x.want == "") != (got == "") || !strings.Contains(got, x.want) {
			t.Errorf("want %q, found %q in\n%v", x.want, got, story.list)
		}
	}
}

func TestLinearizability(t *testing.T) {
	for _, x := range []struct {
		want bool
		tell func(*tale)
	}{
		{true, func(t *tale) { t.next(1, 0); t.next(5, 0); t.set(2, 0); t.next(3, 0); t.read(3, 0) }},
		{true, func(t *tale) { t.next(1, 0); t.read(33, 0); t.next(34, 0) }}, // lost in a crash
		{false, func(t *tale) { t.next(2, 0); t.next(1, 0) }},
		{false, func(t *tale) { t.set(100, 0); t.next(7, 0) }},
		{false, func(t *tale) { t.next(7, 0); t.read(6, 0) }},
		// A setval without an answer explains what comes after it, and needs not happen.
		{true, func(t *tale) { t.next(9, 0); t.lost(1); t.next(2, 0) }},
		{true, func(t *tale) { t.next(9, 0); t.lost(1); t.next(10, 0); t.next(2, 0) }},
		{true, func(t *tale) { t.next(9, 0); t.lost(1); t.next(10, 0) }},
		{false, func(t *tale) { t.next(9, 0); t.next(2, 0); t.lost(1) }},
		{false, func(t *tale) { t.next(9, 0); t.lost(1); t.next(2, 0); t.next(10, 0); t.next(3, 0) }},
	} {
		story := newTale(1)
		x.tell(story)
		if got := story.linear(); got != x.want {
			t.Errorf("linearizable: %v, of\n%v", got, story.list)
		}
	}
}

func (t *tale) lost(v int64) {
	o := t.set(v, 0)
	o.outcome, o.ret = unknown, forever
}
