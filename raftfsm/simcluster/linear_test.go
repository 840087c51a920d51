package simcluster

import (
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"seqd/engine/sequence"
)

// A sequence with CACHE 1 as users see it, without epochs: a position that nextval
// moves on and setval sets. Values may be lost at any time, so that nextval and reads
// may find the position farther than it was left; never the other way round. What
// has no answer may take place at any time after it was asked for, which includes
// after everything else.
func linearizable(q *seq) porcupine.Model {
	sign := int64(1)
	if q.params.Increment < 0 {
		sign = -1
	}
	return porcupine.Model{
		Init: func() any { return sequence.State{LastValue: q.params.Start} },
		Step: func(state, input, output any) (bool, any) {
			at, o := state.(sequence.State), input.(*operation)
			ahead := func(v int64) bool { return sign*v > sign*at.LastValue }
			switch o.kind {
			case next:
				return ahead(o.value) || (o.value == at.LastValue && !at.IsCalled), sequence.State{LastValue: o.value, IsCalled: true}
			case read:
				is := sequence.State{LastValue: o.state.LastValue, IsCalled: o.state.IsCalled}
				lost := is.IsCalled && (ahead(is.LastValue) || is.LastValue == at.LastValue)
				return is == at || lost, is
			default:
				return true, sequence.State{LastValue: o.state.LastValue, IsCalled: o.state.IsCalled}
			}
		},
		DescribeOperation: func(input, _ any) string { return input.(*operation).String() },
	}
}

// operations is the part of a history that the model knows of.
func operations(list []*operation, q *seq) (some []porcupine.Operation) {
	clients := []string{}
	for _, o := range list {
		counts := o.outcome == done || (o.outcome == unknown && (o.kind == set || o.kind == restart))
		// Values may be lost, so those within a pipeline can be left out; to place so many
		// requests of one moment takes too long. The auditor looks at all of them.
		if o.within || o.seq != q || !counts || o.kind == create || o.kind == drop {
			continue
		}
		i := slices.Index(clients, o.session)
		if i < 0 {
			i, clients = len(clients), append(clients, o.session)
		}
		some = append(some, porcupine.Operation{ClientId: i, Input: o, Call: o.call, Return: o.ret})
	}
	return some
}

// linearTimeout is how long the checker may search, in real time.
const linearTimeout = 20 * time.Second

func checkLinear(list []*operation, q *seq) porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(linearizable(q), operations(list, q), linearTimeout)
}
