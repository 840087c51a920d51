package wire

import (
	"io"
	"sync"
)

// maxShortReads: how long a connection keeps a large buffer that it does not need.
const maxShortReads = 8

var (
	smallBuffers = bufferPool(smallBuffer)
	largeBuffers = bufferPool(largeBuffer)
)

func bufferPool(size int) *sync.Pool {
	return &sync.Pool{New: func() any { b := make([]byte, size); return &b }}
}

// input is what has arrived and is not consumed yet. It starts small, borrows a
// large buffer while the client sends more than fits, and beyond that grows by
// doubling: never to more than twice what has really arrived, whatever length a
// message announces. While nothing is there, input of a socket has no buffer at all,
// that of anything else (TLS) a small one.
type input struct {
	src    io.Reader
	socket *socket // what src is; nil: something else
	buf    []byte  // buf[r:w] has arrived
	lent   *[]byte // buf, if it is of a pool
	from   *sync.Pool
	r, w   int
	small  []byte // nil for a socket

	filledUp   bool // the last read left no room: more is waiting, probably
	crowded    bool // of late the client has sent more than a small buffer holds
	shortReads int  // reads in a row that a small buffer would have held
}

// newInput reads from src, without a buffer of its own if socket is not nil.
func newInput(src io.Reader, socket *socket) *input {
	in := &input{src: src, socket: socket}
	if socket == nil {
		in.small = make([]byte, smallBuffer)
		in.buf = in.small
	}
	return in
}

func (in *input) buffered() int { return in.w - in.r }

// bytes is what has arrived; valid until the next fill.
func (in *input) bytes() []byte { return in.buf[in.r:in.w] }

func (in *input) discard(n int) { in.r += n }

// fill reads until n bytes are buffered. What has arrived before an error stays,
// so a read that a deadline ended can be taken up again.
func (in *input) fill(n int) error {
	for empty := 0; in.buffered() < n; {
		if in.r == in.w && in.socket != nil {
			in.bare()
			if err := in.socket.await(in); err != nil {
				return err
			}
			empty = 0
			continue
		}
		in.makeRoom(n)
		m, err := in.src.Read(in.buf[in.w:])
		in.arrived(m)
		if in.buffered() >= n {
			return nil
		}
		if err != nil {
			return err
		}
		if m > 0 {
			empty = 0
		} else if empty++; empty == 100 {
			return io.ErrNoProgress
		}
	}
	return nil
}

// bare leaves the input without a buffer: nothing has arrived.
func (in *input) bare() {
	in.r, in.w, in.buf = 0, 0, nil
	in.giveBack()
}

// pool is of buffers of the size that the next read needs.
func (in *input) pool() *sync.Pool {
	if in.crowded = in.crowded && in.shortReads <= maxShortReads || in.filledUp; in.crowded {
		return largeBuffers
	}
	return smallBuffers
}

// makeRoom leaves at least one byte free in buf, for a message of n bytes.
func (in *input) makeRoom(n int) {
	if in.r == in.w {
		in.r, in.w = 0, 0
		if len(in.buf) > largeBuffer || in.shortReads > maxShortReads {
			in.use(in.small, nil, nil)
		}
		if !in.filledUp {
			return
		}
	} else if in.w < len(in.buf) {
		return
	}
	switch {
	case len(in.buf) < largeBuffer: // a small buffer that one read filled: more is to come
		large := largeBuffers.Get().(*[]byte)
		in.use(*large, large, largeBuffers)
		in.crowded = true
	case in.r > 0:
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	case in.w == len(in.buf):
		in.use(make([]byte, min(2*len(in.buf), max(n, largeBuffer))), nil, nil)
	}
}

// use moves what has arrived to buf, which is lent from a pool, or nil.
func (in *input) use(buf []byte, lent *[]byte, from *sync.Pool) {
	if &buf[0] == &in.buf[0] {
		return
	}
	in.w = copy(buf, in.buf[in.r:in.w])
	in.r = 0
	in.buf = buf
	in.giveBack()
	in.lent, in.from = lent, from
	in.shortReads = 0
	in.filledUp = false
}

func (in *input) giveBack() {
	if in.lent != nil {
		in.from.Put(in.lent)
		in.lent = nil
	}
}

// arrived counts what one read has put into the free part of buf.
func (in *input) arrived(n int) {
	in.w += n
	in.filledUp = in.w == len(in.buf)
	if n < smallBuffer {
		in.shortReads++
	} else {
		in.shortReads = 0
	}
}

// release gives a borrowed buffer back for good: nothing can be read afterwards.
func (in *input) release() {
	in.bare()
	in.buf = in.small
}
