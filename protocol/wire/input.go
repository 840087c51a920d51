package wire

import (
	"io"
	"sync"
)

// maxShortReads: how long a connection keeps a large buffer that it does not need.
const maxShortReads = 8

var largeBuffers = sync.Pool{New: func() any { b := make([]byte, largeBuffer); return &b }}

// input is what has arrived and is not consumed yet. It starts small, borrows a
// large buffer while the client sends more than fits, and beyond that grows by
// doubling: never to more than twice what has really arrived, whatever length a
// message announces.
type input struct {
	src      io.Reader
	buf      []byte  // buf[r:w] has arrived
	borrowed *[]byte // of largeBuffers, if buf is one
	r, w     int
	small    []byte

	filledUp   bool // the last read left no room: more is waiting, probably
	shortReads int  // reads in a row that a small buffer would have held
}

func newInput(src io.Reader) *input {
	small := make([]byte, smallBuffer)
	return &input{src: src, small: small, buf: small}
}

func (in *input) buffered() int { return in.w - in.r }

// bytes is what has arrived; valid until the next fill.
func (in *input) bytes() []byte { return in.buf[in.r:in.w] }

func (in *input) discard(n int) { in.r += n }

// fill reads until n bytes are buffered. What has arrived before an error stays,
// so a read that a deadline ended can be taken up again.
func (in *input) fill(n int) error {
	for empty := 0; in.buffered() < n; {
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

// makeRoom leaves at least one byte free in buf, for a message of n bytes.
func (in *input) makeRoom(n int) {
	if in.r == in.w {
		in.r, in.w = 0, 0
		if len(in.buf) > largeBuffer || in.shortReads > maxShortReads {
			in.use(in.small, nil)
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
		in.use(*large, large)
	case in.r > 0:
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	case in.w == len(in.buf):
		in.use(make([]byte, min(2*len(in.buf), max(n, largeBuffer))), nil)
	}
}

// use moves what has arrived to buf.
func (in *input) use(buf []byte, borrowed *[]byte) {
	if &buf[0] == &in.buf[0] {
		return
	}
	in.w = copy(buf, in.buf[in.r:in.w])
	in.r = 0
	in.buf = buf
	in.giveBack()
	in.borrowed = borrowed
	in.shortReads = 0
	in.filledUp = false
}

func (in *input) giveBack() {
	if in.borrowed != nil {
		largeBuffers.Put(in.borrowed)
		in.borrowed = nil
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
	in.r, in.w = 0, 0
	in.buf = in.small
	in.giveBack()
}
