package wire

import (
	"os"
	"sync"
	"syscall"
)

// Poller waits for input of all connections that are parked, by one epoll instance.
// (They are in that of Go's own poller, too, which wakes nobody for them.)
type Poller struct {
	epoll *os.File // Go's poller waits for it
	mu    sync.Mutex
	conns map[int32]*Conn // by descriptor
}

// NewPoller returns a Poller that Run must be called of.
func NewPoller() (*Poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // else os.File would not wait by Go's poller
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	return &Poller{epoll: os.NewFile(uintptr(fd), "epoll"), conns: map[int32]*Conn{}}, nil
}

// Run calls ready of the connections that have input, until Close.
func (p *Poller) Run() {
	raw, err := p.epoll.SyscallConn()
	if err != nil {
		return // it is closed
	}
	var events [64]syscall.EpollEvent
	for {
		n := 0
		err := raw.Read(func(fd uintptr) bool {
			n, err = syscall.EpollWait(int(fd), events[:], 0)
			return n > 0 || err != nil && err != syscall.EINTR
		})
		if err != nil {
			return
		}
		for _, e := range events[:max(n, 0)] {
			if c := p.find(e.Fd); c != nil {
				c.unpark()
			}
		}
	}
}

// Close ends Run. No connection may be parked any more.
func (p *Poller) Close() error { return p.epoll.Close() }

func (p *Poller) find(fd int32) *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns[fd]
}

// add has Run look at a connection.
func (p *Poller) add(c *Conn, raw syscall.RawConn) (added bool) {
	err := raw.Control(func(fd uintptr) {
		p.mu.Lock()
		defer p.mu.Unlock()
		// Level-triggered: input that has come already counts, too.
		event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLONESHOT, Fd: int32(fd)}
		if p.control(syscall.EPOLL_CTL_ADD, fd, &event) == nil {
			p.conns[int32(fd)], added = c, true
		}
	})
	return err == nil && added
}

// remove has Run look at a connection no more. It is not closed yet.
func (p *Poller) remove(c *Conn) {
	raw, err := c.net.(syscall.Conn).SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.conns[int32(fd)] == c {
			delete(p.conns, int32(fd))
			_ = p.control(syscall.EPOLL_CTL_DEL, fd, &syscall.EpollEvent{})
		}
	})
}

func (p *Poller) control(op int, fd uintptr, event *syscall.EpollEvent) (err error) {
	raw, err := p.epoll.SyscallConn()
	if err != nil {
		return err
	}
	if e := raw.Control(func(epoll uintptr) { err = syscall.EpollCtl(int(epoll), op, int(fd), event) }); e != nil {
		return e
	}
	return err
}
