package raftfsm

import (
	"cmp"
	"slices"

	"seqd/engine"
	"seqd/protocol/sqlstate"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/lease"
)

const (
	// maxOutcomes is how many results of a gateway are remembered. One that has more
	// requests under way can't have the oldest repeated.
	maxOutcomes = 4096
	// maxGateways is how many gateways are remembered: those with the newest
	// requests. A gateway is one life of a node's process, so that one that is
	// forgotten ended long ago.
	maxGateways = 1024
)

// putMember applies what is known about a node.
func putMember(c *codec.Cluster, m *codec.PutMember) {
	i, found := slices.BinarySearchFunc(c.Members, m.ID, func(x codec.Member, id string) int { return cmp.Compare(x.ID, id) })
	list := slices.Clone(c.Members) // a snapshot may hold the old one
	switch {
	case m.Gone && found:
		list = slices.Delete(list, i, i+1)
	case m.Gone:
	case found:
		list[i] = m.Member
	default:
		list = slices.Insert(list, i, m.Member)
	}
	c.Members = list
}

// remembered returns the stored result of a request. One that was executed and
// forgotten is refused: to execute it again could give values twice.
func remembered(c *codec.Cluster, id codec.Request) (engine.Result, bool) {
	g := gateway(c, id.Gateway)
	if g == nil {
		return engine.Result{}, false
	}
	if i, found := outcome(g, id.Counter); found {
		return g.Results[i].Result, true
	}
	if id.Counter < g.Below {
		return engine.Result{Err: sqlstate.New(sqlstate.StatementCompletionUnknown, "the outcome of the statement is unknown").
			WithDetail("The request came again after its result had been forgotten.")}, true
	}
	return engine.Result{}, false
}

// remember stores the result of a request that was executed at index.
func remember(c *codec.Cluster, index uint64, id codec.Request, r engine.Result) {
	g := gateway(c, id.Gateway)
	if g == nil {
		g = addGateway(c, id.Gateway)
	}
	g.Used = index
	i, _ := outcome(g, id.Counter)
	o := codec.Outcome{Counter: id.Counter, Result: r}
	if i == len(g.Results) {
		g.Results = append(g.Results, o)
	} else { // a snapshot may hold the list
		g.Results = slices.Insert(slices.Clone(g.Results), i, o)
	}
	if n := len(g.Results) - maxOutcomes; n > 0 {
		g.Below = max(g.Below, g.Results[n].Counter)
	}
	acknowledge(g, id.AckBelow)
}

// acknowledge forgets what will not be asked for again.
func acknowledge(g *codec.Gateway, below uint64) {
	g.Below = max(g.Below, below)
	i, _ := outcome(g, g.Below)
	if g.Results = g.Results[i:]; len(g.Results) == 0 {
		g.Results = nil
	}
}

func gateway(c *codec.Cluster, id uint64) *codec.Gateway {
	if i, found := findGateway(c, id); found {
		return &c.Gateways[i]
	}
	return nil
}

func findGateway(c *codec.Cluster, id uint64) (int, bool) {
	return slices.BinarySearchFunc(c.Gateways, id, func(g codec.Gateway, id uint64) int { return cmp.Compare(g.ID, id) })
}

func addGateway(c *codec.Cluster, id uint64) *codec.Gateway {
	if len(c.Gateways) >= maxGateways {
		oldest := 0
		for i, g := range c.Gateways {
			if g.Used < c.Gateways[oldest].Used {
				oldest = i
			}
		}
		c.Gateways = slices.Delete(c.Gateways, oldest, oldest+1)
	}
	i, _ := findGateway(c, id)
	c.Gateways = slices.Insert(c.Gateways, i, codec.Gateway{ID: id})
	return &c.Gateways[i]
}

func outcome(g *codec.Gateway, counter uint64) (int, bool) {
	return slices.BinarySearchFunc(g.Results, counter, func(o codec.Outcome, n uint64) int { return cmp.Compare(o.Counter, n) })
}

// forkCluster is a copy that later requests don't change: results are only added
// behind the end of a list, or to a copy.
func forkCluster(c *codec.Cluster) *codec.Cluster {
	fork := *c
	fork.Gateways = slices.Clone(c.Gateways)
	return &fork
}

// noteReservations keeps the size of the largest one. Members of format 1 don't, so
// that before format 2 nobody may: equal logs give equal states.
func noteReservations(c *codec.Cluster, r engine.Result) {
	if c.Format < 2 {
		return
	}
	for i := range r.Effects {
		if e := &r.Effects[i]; e.Kind == engine.EffectReserved {
			c.Largest = max(c.Largest, e.Block.Count())
		}
	}
}

// Format is the newest format of entries and snapshots that every member knows.
func (f *FSM) Format() uint64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.state.KnownFormat()
}

// LargestReservation is the largest that was ever logged, 0 if that is not known.
func (f *FSM) LargestReservation() uint64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.state.Largest
}

// Members is what is known about the cluster's nodes, by ID.
func (f *FSM) Members() []codec.Member {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return slices.Clone(f.state.Members)
}

// Lease is the last lease that was logged.
func (f *FSM) Lease() lease.Record {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.state.Lease
}
