package server

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"math"
	"sync"

	"seqd/protocol/sqlstate"
)

// registry finds sessions by process ID.
type registry struct {
	mu      sync.Mutex
	max     int
	closed  bool
	clients map[uint32]*Client
	users   map[string]int // how many sessions each has
	lastPID uint32
}

// newRegistry starts counting process IDs somewhere below 2^20, so that those of
// one run are unlikely to be taken for those of the one before.
func newRegistry(limit int) *registry {
	var seed [4]byte
	rand.Read(seed[:]) // never fails
	return &registry{
		max: limit, clients: map[uint32]*Client{}, users: map[string]int{},
		lastPID: binary.BigEndian.Uint32(seed[:]) >> 12,
	}
}

func (r *registry) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.clients)
}

// add gives c a process ID, or refuses it, and returns how many sessions c's user has.
func (r *registry) add(c *Client) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, sqlstate.Fatalf(sqlstate.CannotConnectNow, "the database system is shutting down")
	}
	if len(r.clients) >= r.max {
		return 0, sqlstate.Fatalf(sqlstate.TooManyConnections, "sorry, too many clients already")
	}
	c.PID = r.nextPID()
	r.clients[c.PID] = c
	r.users[c.Startup.User]++
	return r.users[c.Startup.User], nil
}

// nextPID is positive as an int4, which is how clients show it.
func (r *registry) nextPID() uint32 {
	for {
		r.lastPID = r.lastPID%math.MaxInt32 + 1
		if _, taken := r.clients[r.lastPID]; !taken {
			return r.lastPID
		}
	}
}

func (r *registry) remove(c *Client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.clients, c.PID)
	if user := c.Startup.User; r.users[user] > 1 {
		r.users[user]--
	} else {
		delete(r.users, user)
	}
}

func (r *registry) find(pid uint32) *Client {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clients[pid]
}

// authorize finds the session that a CancelRequest is for, nil if its key is wrong.
func (r *registry) authorize(pid uint32, key []byte) *Client {
	c := r.find(pid)
	if c == nil || subtle.ConstantTimeCompare(c.Secret, key) != 1 {
		return nil
	}
	return c
}

// close lets nobody in any more and returns who is there.
func (r *registry) close() []*Client {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	all := make([]*Client, 0, len(r.clients))
	for _, c := range r.clients {
		all = append(all, c)
	}
	return all
}
