package server

import (
	"errors"
	"net"
	"syscall"
	"time"

	"seqd/protocol/wire"
)

// Bounds of the wait after Accept ran out of something that will come back.
const (
	minAcceptDelay = 5 * time.Millisecond
	maxAcceptDelay = time.Second
)

// Serve accepts connections of ln, which it closes in the end, until Shutdown or
// Close (then it returns ErrServerClosed) or an error that waiting can't mend.
func (s *Server) Serve(ln net.Listener) error {
	defer ln.Close()
	if !s.addListener(ln) {
		return ErrServerClosed
	}
	defer s.removeListener(ln)
	var delay time.Duration
	for {
		conn, err := ln.Accept()
		if err == nil {
			delay = 0
			s.start(conn)
			continue
		}
		if s.isClosing() {
			return ErrServerClosed
		}
		if !isTransient(err) {
			return err
		}
		delay = min(max(2*delay, minAcceptDelay), maxAcceptDelay)
		s.log.Warn("accept failed, trying again", "error", err, "delay", delay)
		s.pending.evictOldest() // most of these errors say that descriptors ran out
		select {
		case <-time.After(delay):
		case <-s.ctx.Done():
		}
	}
}

// ServeConn serves a connection that was accepted elsewhere, and returns when it
// is over.
func (s *Server) ServeConn(conn net.Conn) {
	if !s.enter() {
		_ = conn.Close()
		return
	}
	c := s.connection(conn)
	c.ended = make(chan struct{})
	c.serve()
	<-c.ended
}

func (s *Server) start(conn net.Conn) {
	if !s.enter() {
		_ = conn.Close()
		return
	}
	go s.connection(conn).serve()
}

func (s *Server) connection(conn net.Conn) *connection {
	return &connection{Server: s, conn: wire.New(conn, s.cfg.Wire)}
}

// enter counts a connection, or refuses it because the server is closing.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.accepted.Add(1)
	s.conns.Add(1)
	return true
}

func (s *Server) addListener(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.listeners[ln] = struct{}{}
	return true
}

func (s *Server) removeListener(ln net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, ln)
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// isTransient tells an error of one connection, or of a resource that others will
// give back, from one of the listener itself.
func isTransient(err error) bool {
	for _, errno := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EINTR, syscall.EAGAIN,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
