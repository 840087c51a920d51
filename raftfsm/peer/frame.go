package peer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A frame is len[4] type[1] kind[1] id[8] and len bytes of body.
const headerSize = 14

type frameType byte

const (
	frameCall   frameType = 1 // kind and id from the caller
	frameCancel frameType = 2 // the caller of id has given up
	frameReply  frameType = 3
	frameError  frameType = 4 // the body is an encoded sqlstate.Error
	framePing   frameType = 5
	framePong   frameType = 6
	frameVoid   frameType = 7 // taken back before it was sent
)

// typeOffset is where a frame's type lies, for taking a frame back.
const typeOffset = 4

var errFrame = errors.New("malformed frame")

type frame struct {
	kind byte
	typ  frameType
	id   uint64
	body []byte
}

func appendFrame(b []byte, typ frameType, kind byte, id uint64, body []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	b = append(b, byte(typ), kind)
	b = binary.BigEndian.AppendUint64(b, id)
	return append(b, body...)
}

// Small bodies are cut from chunks, so that a call costs no allocation; whoever
// keeps one keeps its chunk.
const (
	chunkSize = 4096
	smallBody = 512
	// growStep is how much memory a length alone can bring about.
	growStep = 64 << 10
)

// frameReader reads frames; bodies are never overwritten later.
type frameReader struct {
	r     *bufio.Reader
	chunk []byte
}

func newFrameReader(r io.Reader) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, 64<<10)}
}

func (f *frameReader) next() (fr frame, err error) {
	h, err := f.r.Peek(headerSize)
	if err != nil {
		if len(h) > 0 && err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return fr, err
	}
	n := binary.BigEndian.Uint32(h)
	fr.typ, fr.kind, fr.id = frameType(h[4]), h[5], binary.BigEndian.Uint64(h[6:])
	if n > MaxBody {
		return fr, fmt.Errorf("%w: %d bytes", errFrame, n)
	}
	if fr.typ < frameCall || fr.typ > frameVoid {
		return fr, fmt.Errorf("%w: type %d", errFrame, byte(fr.typ))
	}
	_, _ = f.r.Discard(headerSize) // it is buffered
	fr.body, err = f.body(int(n))
	return fr, err
}

func (f *frameReader) body(n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	if n <= smallBody {
		if len(f.chunk) < n {
			f.chunk = make([]byte, chunkSize)
		}
		b := f.chunk[:n:n]
		f.chunk = f.chunk[n:]
		return b, fill(f.r, b)
	}
	// A length promises nothing: memory follows what has arrived.
	b := make([]byte, min(n, growStep))
	for read := 0; ; {
		if err := fill(f.r, b[read:]); err != nil {
			return nil, err
		}
		if read = len(b); read == n {
			return b, nil
		}
		grown := make([]byte, min(n, 2*read))
		copy(grown, b)
		b = grown
	}
}
