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
// that tries, and after a wait, another. And it writes what can be written without
// waiting, for which there need be no deadline, and so no look at a clock.
type socket struct {
	raw         syscall.RawConn
	read, write func(fd uintptr) bool // readFrom and writeTo, as funcs once and for all
	in          *input                // that the read is for
	out         []byte                // what the write has not written yet
	err         error                 // of the read
	writeErr    error
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
	s.read, s.write = s.readFrom, s.writeTo
	return s
}

// await waits for input, and reads it into a buffer lent by a pool.
func (s *socket) await(in *input) error {
	s.in, s.err = in, nil
	if err := s.raw.Read(s.read); err != nil {
		return err
	}
	return s.err
}

// send writes as much as the socket takes at once, and returns what is left.
func (s *socket) send(b []byte) (rest []byte, err error) {
	s.out, s.writeErr = b, nil
	if err := s.raw.Write(s.write); err != nil {
		return nil, err
	}
	rest, s.out = s.out, nil
	return rest, s.writeErr
}

// writeTo never waits.
func (s *socket) writeTo(fd uintptr) bool {
	n, err := syscall.Write(int(fd), s.out)
	for err == syscall.EINTR {
		n, err = syscall.Write(int(fd), s.out)
	}
	switch {
	case n > 0:
		s.out = s.out[n:]
	case err != nil && err != syscall.EAGAIN:
		s.writeErr = os.NewSyscallError("write", err)
	}
	return true
}

// readFrom tells whether it is over: whether there is input, or an error.
func (s *socket) readFrom(fd uintptr) bool {
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
