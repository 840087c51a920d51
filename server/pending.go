package server

import (
	"container/list"
	"sync"

	"seqd/protocol/wire"
)

// pending holds the connections that are not authenticated yet, oldest first.
type pending struct {
	mu     sync.Mutex
	max    int
	closed bool
	conns  *list.List // of *wire.Conn
}

func newPending(limit int) *pending { return &pending{max: limit, conns: list.New()} }

func (p *pending) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns.Len()
}

// add makes room for c and returns c's ticket, nil if the server is closing.
func (p *pending) add(c *wire.Conn) *list.Element {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	if p.conns.Len() >= p.max {
		p.evict(p.conns.Front())
	}
	return p.conns.PushBack(c)
}

// remove takes a connection off the list; false if it was evicted before.
func (p *pending) remove(ticket *list.Element) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ticket.Value == nil {
		return false
	}
	p.conns.Remove(ticket)
	ticket.Value = nil
	return true
}

func (p *pending) evictOldest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if oldest := p.conns.Front(); oldest != nil {
		p.evict(oldest)
	}
}

// evict closes a connection, which its own goroutine then notices.
func (p *pending) evict(ticket *list.Element) {
	_ = p.conns.Remove(ticket).(*wire.Conn).Close()
	ticket.Value = nil
}

func (p *pending) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for p.conns.Len() > 0 {
		p.evict(p.conns.Front())
	}
}
