package peer

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"seqd/protocol/sqlstate"
)

// serverConn is one connection as the answering side sees it.
type serverConn struct {
	*link
	handlers
	reply   []byte // of a quick answer; of the reader
	from    Identity
	ctx     context.Context
	tasks   chan frame
	idle    chan struct{} // a place for each worker that may stay without work
	workers sync.WaitGroup

	running map[uint64]*worker // by call id; guarded by link.mu
}

// worker runs one call after the other, and keeps its context as long as nobody
// ended it: a call in the usual case costs no allocation.
type worker struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// idleWorkers is how many workers a connection keeps for the next calls.
const idleWorkers = 64

func serveConn(ctx context.Context, conn net.Conn, h handlers, from Identity) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &serverConn{
		link: newLink(conn), handlers: h, from: from, ctx: ctx,
		tasks: make(chan frame), idle: make(chan struct{}, idleWorkers), running: map[uint64]*worker{},
	}
	var wg sync.WaitGroup
	wg.Go(func() { s.fail(s.write()) })
	wg.Go(func() { s.watch(pingEvery, deadAfter, false) })
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	err := s.read()
	stop()
	ending := ctx.Err() != nil // it is this side that goes
	if !ending {
		s.fail(err)
	}
	cancel()
	close(s.tasks)
	s.workers.Wait()
	if ending {
		s.drain(drainLimit)
	}
	wg.Wait()
	return s.err()
}

func (s *serverConn) read() error {
	r := newFrameReader(s.conn)
	for {
		f, err := r.next()
		if err != nil {
			return err
		}
		s.heard.Store(true)
		switch f.typ {
		case frameCall:
			if s.quick != nil && s.answerNow(f, r.r.Buffered() == 0) {
				continue
			}
			if err := s.start(f); err != nil {
				return err
			}
		case frameCancel:
			s.cancelCall(f.id)
		case framePing:
			if err := s.send(framePong, 0, 0, nil); err != nil {
				return err
			}
		case frameVoid:
		default:
			return fmt.Errorf("%w: type %d from the side that calls", errFrame, byte(f.typ))
		}
	}
}

// answerNow answers a call in the reader itself, if that takes no waiting. A call costs
// the processor more than what most of them ask for, and half of that is handing it from
// one goroutine to the next.
func (s *serverConn) answerNow(f frame, last bool) bool {
	reply, ok := s.quick(s.from, f.kind, f.body, s.reply[:0])
	if !ok {
		return false
	}
	if cap(reply) <= keepReply {
		s.reply = reply
	}
	if s.reserve(nil) != nil {
		return true // the link is broken, as the next read will tell
	}
	s.put(frameReply, f.kind, f.id, reply)
	s.mu.Unlock()
	if last {
		s.writeNow()
	} else {
		s.ring() // more calls have come already, whose answers may go with it
	}
	return true
}

// keepReply is the largest buffer for answers that a connection keeps.
const keepReply = 64 << 10

// Calls that no worker has yet.
var (
	waiting   = &worker{}
	withdrawn = &worker{}
)

// start hands a call to a worker. It is known from here on, so that a cancel frame
// behind it finds it.
func (s *serverConn) start(f frame) error {
	s.mu.Lock()
	n, taken := len(s.running), s.running[f.id] != nil
	if !taken && n < callsMax {
		s.running[f.id] = waiting
	}
	s.mu.Unlock()
	switch {
	case taken:
		return fmt.Errorf("%w: call %d is running already", errFrame, f.id)
	case n >= callsMax:
		return s.send(frameError, f.kind, f.id, appendError(nil, sqlstate.Errorf(sqlstate.ConfigurationLimitExceeded,
			"more than %d requests of node %q are being carried out", callsMax, s.from.NodeID)))
	}
	select {
	case s.tasks <- f:
	default:
		s.workers.Add(1)
		go s.work(f)
	}
	return nil
}

func (s *serverConn) cancelCall(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch w := s.running[id]; w {
	case nil, withdrawn: // answered already
	case waiting:
		s.running[id] = withdrawn
	default:
		w.cancel()
	}
}

func (s *serverConn) work(f frame) {
	defer s.workers.Done()
	w := &worker{}
	defer func() { w.end() }()
	for {
		s.run(w, f)
		select {
		case s.idle <- struct{}{}:
		default:
			return // enough are idle
		}
		var ok bool
		f, ok = <-s.tasks
		<-s.idle
		if !ok {
			return
		}
	}
}

func (w *worker) end() {
	if w.cancel != nil {
		w.cancel()
	}
}

// run carries out one call and queues its reply.
func (s *serverConn) run(w *worker, f frame) {
	if w.ctx == nil || w.ctx.Err() != nil {
		w.end()
		w.ctx, w.cancel = context.WithCancel(s.ctx)
	}
	s.mu.Lock()
	if s.running[f.id] == withdrawn {
		delete(s.running, f.id)
		s.mu.Unlock()
		return // nobody waits, and nothing has been done
	}
	s.running[f.id] = w
	s.mu.Unlock()

	reply, err := s.full(w.ctx, s.from, f.kind, f.body)

	if err != nil && w.ctx.Err() != nil {
		// The caller has given up, or the connection is at its end: how far the handler
		// came is for nobody to know, and its error must not look like a refusal.
		s.mu.Lock()
		delete(s.running, f.id)
		s.mu.Unlock()
		return
	}
	typ := frameReply
	if err == nil && len(reply) > MaxBody {
		err = sqlstate.Errorf(sqlstate.ProgramLimitExceeded, "a reply of %d bytes to another node exceeds the limit of %d bytes", len(reply), MaxBody)
	}
	if err != nil {
		typ, reply = frameError, appendError(nil, err)
	}
	failed := s.reserve(nil)
	if failed != nil {
		s.mu.Lock()
	}
	// The number is free before the caller can know that it is.
	delete(s.running, f.id)
	if failed == nil {
		s.put(typ, f.kind, f.id, reply)
	}
	s.mu.Unlock()
	s.ring()
}
