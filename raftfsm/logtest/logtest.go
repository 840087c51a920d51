// Package logtest makes random logs for tests: commands that mostly make sense
// for the state that the ones before them led to, and some that do not.
package logtest

import (
	"fmt"
	"math/rand/v2"

	"seqd/engine"
	"seqd/engine/sequence"
)

// Generator makes one log.
type Generator struct {
	rng   *rand.Rand
	store *engine.Store
	index uint64
	given engine.OID

	// Objects: other objects than sequences are changed too, which needs format 2.
	Objects bool
}

// New returns a generator; equal seeds give equal logs.
func New(seed uint64) *Generator {
	return &Generator{rng: rand.New(rand.NewPCG(seed, seed)), store: engine.NewStore()}
}

// Store is the state after all commands so far, applied at indexes 1, 2, …
func (g *Generator) Store() *engine.Store { return g.store }

// Next returns the next command and applies it to Store.
func (g *Generator) Next() engine.Command {
	c := g.command()
	g.index++
	g.store.Apply(g.index, c)
	return c
}

func (g *Generator) command() engine.Command {
	if g.Objects && g.rng.IntN(3) == 0 {
		return g.objectCommand()
	}
	known := g.sequences()
	if len(known) == 0 {
		return g.commit(known)
	}
	if g.rng.IntN(40) == 0 {
		return &engine.SkipAll{Steps: g.rng.Uint64N(1 << g.rng.IntN(63))}
	}
	switch g.rng.IntN(10) {
	case 0, 1, 2:
		return g.commit(known)
	case 3:
		return &engine.SetVal{ID: g.pick(known), State: g.state()}
	case 4:
		c := &engine.Release{}
		for range 1 + g.rng.IntN(3) {
			id := g.pick(known)
			c.Items = append(c.Items, engine.ReleaseItem{ID: id, Epoch: g.epoch(id), State: g.state()})
		}
		return c
	default:
		c := &engine.Reserve{}
		for range 1 + g.rng.IntN(4) {
			id := g.pick(known)
			c.Items = append(c.Items, engine.ReserveItem{ID: id, Epoch: g.epoch(id), Count: g.rng.Uint64N(1 << g.rng.IntN(63))})
		}
		return c
	}
}

func (g *Generator) sequences() []*engine.Sequence {
	var list []*engine.Sequence
	db, _ := g.store.Catalog().DatabaseByOID(engine.PostgresDatabase)
	for s := range db.Sequences {
		list = append(list, s)
	}
	return list
}

// pick returns a sequence's ID, now and then one that there is not.
func (g *Generator) pick(known []*engine.Sequence) engine.SequenceID {
	id := engine.SequenceID{Database: engine.PostgresDatabase, Sequence: known[g.rng.IntN(len(known))].OID}
	if g.rng.IntN(20) == 0 {
		id.Sequence += engine.OID(g.rng.IntN(100))
	}
	if g.rng.IntN(50) == 0 {
		id.Database++
	}
	return id
}

func (g *Generator) epoch(id engine.SequenceID) uint64 {
	pos, _ := g.store.Position(id)
	if g.rng.IntN(10) == 0 {
		return pos.Epoch + g.rng.Uint64N(3)
	}
	return pos.Epoch
}

func (g *Generator) state() sequence.State {
	return sequence.State{LastValue: g.value(), LogCount: g.rng.Int64N(33), IsCalled: g.rng.IntN(2) == 0}
}

// value is small, anything, or at an end of int64.
func (g *Generator) value() int64 {
	switch g.rng.IntN(4) {
	case 0:
		return int64(g.rng.Uint64())
	case 1:
		return []int64{-1 << 63, 1<<63 - 1}[g.rng.IntN(2)]
	default:
		return 1 + g.rng.Int64N(1000)
	}
}

func (g *Generator) params() sequence.Params {
	p := sequence.Params{Type: sequence.Type(1 + g.rng.IntN(3)), Increment: 1 + g.rng.Int64N(9), Cache: 1 + g.rng.Int64N(50), Cycle: g.rng.IntN(3) == 0}
	p.Min, p.Max = p.Type.Min(), p.Type.Max()
	if g.rng.IntN(2) == 0 {
		p.Min, p.Max = 1, 30+g.rng.Int64N(1000)
	}
	p.Start = p.Min
	if g.rng.IntN(2) == 0 {
		p.Increment, p.Start = -p.Increment, p.Max
	}
	return p
}

func (g *Generator) commit(known []*engine.Sequence) engine.Command {
	c := &engine.Commit{Database: engine.PostgresDatabase}
	used := map[engine.OID]bool{}
	for range 1 + g.rng.IntN(3) {
		w, oid := g.write(known)
		if !used[oid] {
			c.Writes, used[oid] = append(c.Writes, w), true
		}
	}
	return c
}

func (g *Generator) write(known []*engine.Sequence) (engine.Write, engine.OID) {
	if len(known) < 3 || g.rng.IntN(4) == 0 {
		p := g.params()
		oid := g.store.Catalog().NextOID() + engine.OID(g.rng.IntN(3))
		return &engine.PutSequence{Sequence: engine.Sequence{OID: oid, Schema: engine.PublicNamespace,
			Name: fmt.Sprintf("sequence %d", g.rng.IntN(200)), Owner: engine.BootstrapSuperuser,
			Persistence: engine.Permanent, Params: p}, Position: &sequence.State{LastValue: p.Start}}, oid
	}
	old := known[g.rng.IntN(len(known))]
	expect := old.Version
	if g.rng.IntN(10) == 0 {
		expect++
	}
	if g.rng.IntN(3) == 0 {
		return &engine.DropSequence{OID: old.OID, Expect: expect}, old.OID
	}
	next := *old
	put := &engine.PutSequence{Sequence: next, Expect: expect}
	if g.rng.IntN(2) == 0 {
		put.Sequence.Name = fmt.Sprintf("sequence %d", g.rng.IntN(200))
		return put, old.OID
	}
	put.Sequence.Params = g.params()
	put.Position = &sequence.State{LastValue: put.Sequence.Params.Start}
	pos, _ := g.store.Position(engine.SequenceID{Database: engine.PostgresDatabase, Sequence: old.OID})
	put.ExpectSerial = pos.Serial
	return put, old.OID
}
