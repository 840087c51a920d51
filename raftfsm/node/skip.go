package node

import (
	"context"
	"fmt"
	"math"

	"seqd/engine"
	"seqd/raftfsm/peer"
)

// Skipping ahead makes up for a log whose newest part is lost: after a recovery
// from a lost quorum, or in a restored backup, the positions may lie behind what
// was handed out.

const (
	// skipReservations is how many of the largest reservations are skipped unless
	// somebody knows better: the entries that a surviving node did not get.
	skipReservations = 4
	// leastReservation stands in for the largest one where that was small: under
	// light use more entries fit into the same time.
	leastReservation = 1024
	// unknownReservation is the most that was reserved at a time, by default, by releases
	// that did not note the largest reservation.
	unknownReservation = 1 << 17
)

// DefaultSkip is how far to skip when the largest reservation ever is known (0: it
// is not).
func DefaultSkip(largest uint64) uint64 {
	if largest == 0 {
		largest = unknownReservation
	}
	largest = max(largest, leastReservation)
	if largest > math.MaxUint64/skipReservations {
		return math.MaxUint64
	}
	return skipReservations * largest
}

// Skip implements peer.Admin: every sequence goes on further ahead.
func (a admin) Skip(ctx context.Context, r peer.SkipRequest) (reply peer.SkipReply, err error) {
	n := a.n
	term, err := n.awaitServing(ctx)
	if err != nil {
		return reply, err
	}
	if err := n.require(2, term); err != nil {
		return reply, err
	}
	reply.Steps = DefaultSkip(n.fsm.LargestReservation())
	if r.Steps != nil {
		reply.Steps = *r.Steps
	}
	if _, err = n.Propose(ctx, &engine.SkipAll{Steps: reply.Steps}); err != nil {
		return reply, err
	}
	_, store, _ := n.fsm.State()
	reply.Sequences, reply.AtLimits, reply.AtLimit = AtLimit(store)
	return reply, nil
}

// namesMax is how many sequences a person is shown.
const namesMax = 20

// AtLimit counts the sequences, and those that have no value left, with the names
// of the first of them.
func AtLimit(s *engine.Store) (sequences, atLimit int, names []string) {
	for id, pos := range s.Positions {
		db, ok := s.Catalog().DatabaseByOID(id.Database)
		if !ok {
			continue
		}
		seq, ok := db.SequenceByOID(id.Sequence)
		if !ok {
			continue
		}
		sequences++
		if p := seq.Params; p.Cycle || !pos.State.IsCalled || p.StepsLeft(pos.State.LastValue) > 0 {
			continue
		}
		if atLimit++; atLimit <= namesMax {
			schema, _ := db.SchemaByOID(seq.Schema)
			names = append(names, fmt.Sprintf("%s: %s.%s", db.Name, schema.Name, seq.Name))
		}
	}
	return sequences, atLimit, names
}
