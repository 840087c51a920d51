package wire

import (
	"io"
	"net"
	"time"
)

// fakeConn is a connection whose input is known beforehand. It arrives in pieces
// of chunk bytes at the most; what is written is kept, and the writes are counted.
type fakeConn struct {
	in     []byte
	chunk  int
	again  int // how often the input comes once more
	whole  []byte
	out    []byte
	writes int
	closed bool
}

func (f *fakeConn) Read(b []byte) (int, error) {
	if f.whole == nil {
		f.whole = f.in
	}
	if len(f.in) == 0 && f.again > 0 {
		f.again--
		f.in = f.whole
	}
	if len(f.in) == 0 {
		return 0, io.EOF
	}
	if f.chunk > 0 && len(b) > f.chunk {
		b = b[:f.chunk]
	}
	n := copy(b, f.in)
	f.in = f.in[n:]
	return n, nil
}

func (f *fakeConn) Write(b []byte) (int, error) {
	f.out = append(f.out, b...)
	f.writes++
	return len(b), nil
}

func (f *fakeConn) Close() error                     { f.closed = true; return nil }
func (f *fakeConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (f *fakeConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (f *fakeConn) SetDeadline(time.Time) error      { return nil }
func (f *fakeConn) SetReadDeadline(time.Time) error  { return nil }
func (f *fakeConn) SetWriteDeadline(time.Time) error { return nil }
