//go:build unix

package wire

import "syscall"

// PeerGone tells whether the client has closed the connection: for a statement
// that waits long, and whose result nobody will read. It looks without reading,
// so it may be called while nobody is in Receive; a client that sent more before
// it closed is not noticed, but for TLS, where the goodbye itself is such a thing
// (and only on Linux). One system call.
func (c *Conn) PeerGone() bool {
	sc, ok := c.net.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return true
	}
	gone := false
	var one [1]byte
	err = raw.Control(func(fd uintptr) {
		if c.tls != nil {
			gone = hungUp(fd)
			return
		}
		n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		switch err {
		case nil:
			gone = n == 0
		case syscall.EAGAIN, syscall.EINTR:
		default:
			gone = true
		}
	})
	return gone || err != nil
}
