//go:build unix

package wire

import (
	"io"
	"net"
	"os"
	"syscall"
)

// socket waits for input without a buffer to read it into: thousands of connections
// that say nothing would keep one each. It costs the system calls that Read costs: one
// that tries, and after a wait, another.
type socket struct {
	raw syscall.RawConn
	try func(fd uintptr) bool // read, as a func once and for all
	in  *input                // that the read is for
	err error
}

// newSocket returns nil for what has no descriptor of its own to read from.
func newSocket(conn net.Conn) *socket {
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn:
	default:
		return nil // it may mean something else by Read
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil // it is closed: Read says so
	}
	s := &socket{raw: raw}
	s.try = s.read
	return s
}

// await waits for input, and reads it into a buffer lent by a pool.
func (s *socket) await(in *input) error {
	s.in, s.err = in, nil
	if err := s.raw.Read(s.try); err != nil {
		return err
	}
	return s.err
}

// read tells whether it is over: whether there is input, or an error.
func (s *socket) read(fd uintptr) bool {
	in, pool := s.in, s.in.pool()
	lent := pool.Get().(*[]byte)
	n, err := syscall.Read(int(fd), *lent)
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), *lent)
	}
	if n > 0 {
		in.buf, in.lent, in.from = *lent, lent, pool
		in.arrived(n)
		return true
	}
	pool.Put(lent)
	switch err {
	case nil:
		s.err = io.EOF
	case syscall.EAGAIN:
		return false
	default:
		s.err = os.NewSyscallError("read", err)
	}
	return true
}
