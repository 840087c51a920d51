package forward

import (
	"sync"
	"time"
)

// lockGrace is how long a gateway may hold a lock without being attached: its call
// may still be on the way.
const lockGrace = 5 * time.Second

// gateways are the nodes whose sessions this node serves, and the locks that they
// hold here.
type gateways struct {
	node Node

	mu   sync.Mutex
	own  uint64 // the gateway of this node itself; 0: none
	byID map[uint64]*gateway
}

// gateway is one run of another node's process.
type gateway struct {
	number   uint64 // ≥ 1; sessions of this node itself stand under 0
	attached int    // calls of kindAttach that last
	attaches uint64 // that there were
	// owners are the sessions that hold locks, each with attaches as of its newest.
	owners map[uint64]uint64
	grace  *time.Timer
	// keyOwners are the sessions that hold keys, all until lease ends.
	keyOwners map[uint64]struct{}
	lease     *time.Timer
}

func (g *gateways) init(n Node) { g.node, g.byID = n, map[uint64]*gateway{} }

// get returns a gateway; mu is held. It is remembered for good, for 100 bytes: its
// number must not become another one's while sessions may be using it.
func (g *gateways) get(id uint64) *gateway {
	w := g.byID[id]
	if w == nil {
		w = &gateway{number: uint64(len(g.byID) + 1), owners: map[uint64]uint64{}, keyOwners: map[uint64]struct{}{}}
		g.byID[id] = w
	}
	return w
}

// owner is what a session of a gateway is called here.
func (g *gateways) owner(id uint64, session uint32) uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	if id == g.own {
		return uint64(session)
	}
	return g.get(id).number<<32 | uint64(session)
}

// holds notes that a session got a lock.
func (g *gateways) holds(id, owner uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if id == g.own {
		return // it gives its locks back by itself
	}
	w := g.get(id)
	w.owners[owner] = w.attaches
	if w.attached == 0 && w.grace == nil {
		w.grace = time.AfterFunc(lockGrace, func() { g.graceOver(w) })
	}
}

// graceOver frees the locks of a gateway that has not attached.
func (g *gateways) graceOver(w *gateway) {
	g.mu.Lock()
	w.grace = nil
	var owners []uint64
	if w.attached == 0 {
		owners = w.takeOwners(w.attaches)
	}
	g.mu.Unlock()
	g.free(owners)
}

// takeOwners returns the sessions whose locks are no newer than an attachment.
func (w *gateway) takeOwners(attachment uint64) (owners []uint64) {
	for owner, since := range w.owners {
		if since <= attachment {
			owners = append(owners, owner)
			delete(w.owners, owner)
		}
	}
	return owners
}

func (g *gateways) free(owners []uint64) {
	for _, owner := range owners {
		g.node.Unlock(owner)
	}
}

func (g *gateways) unlock(id, owner uint64) {
	g.mu.Lock()
	delete(g.get(id).owners, owner)
	g.mu.Unlock()
	g.node.Unlock(owner)
}

// attach returns the number of the attachment.
func (g *gateways) attach(id uint64) uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := g.get(id)
	w.attached++
	w.attaches++
	return w.attaches
}

// detach frees the locks from the time of an attachment. If the gateway is back by
// another already, it has lost them all the same: it can't be told from one that
// will never give them back.
func (g *gateways) detach(id, attachment uint64) {
	g.mu.Lock()
	w := g.get(id)
	w.attached--
	owners := w.takeOwners(attachment)
	g.mu.Unlock()
	g.free(owners)
}
