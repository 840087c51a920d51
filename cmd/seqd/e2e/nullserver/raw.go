package nullserver

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
)

// serveRaw answers all messages of one read with one write. It keeps no buffer while
// it waits beyond the first bytes, as a server of many idle connections would.
func serveRaw(conn net.Conn) {
	defer conn.Close()
	in := make([]byte, 16<<10)
	out := make([]byte, 0, 64<<10)
	if !greet(conn, in) {
		return
	}
	r, w := 0, 0
	for {
		n, err := conn.Read(in[w:])
		if err != nil {
			return
		}
		w += n
		out = out[:0]
		for w-r >= 5 {
			size := 1 + int(binary.BigEndian.Uint32(in[r+1:]))
			if w-r < size {
				break
			}
			if in[r] == 'X' {
				return
			}
			out = answer(out, in[r], in[r+5:r+size])
			r += size
			if len(out) > 48<<10 {
				if _, err := conn.Write(out); err != nil {
					return
				}
				out = out[:0]
			}
		}
		if r == w {
			r, w = 0, 0
		} else if r > 0 {
			w = copy(in, in[r:w])
			r = 0
		}
		if w == len(in) {
			in = append(in, make([]byte, len(in))...)
		}
		if len(out) > 0 {
			if _, err := conn.Write(out); err != nil {
				return
			}
		}
	}
}

// greet answers the start-up packet, after refusing encryption.
func greet(conn net.Conn, in []byte) bool {
	for {
		if _, err := io.ReadFull(conn, in[:8]); err != nil {
			return false
		}
		size, code := int(binary.BigEndian.Uint32(in)), binary.BigEndian.Uint32(in[4:])
		if size < 8 || size > len(in) {
			return false
		}
		if _, err := io.ReadFull(conn, in[8:size]); err != nil {
			return false
		}
		if code == 80877103 || code == 80877104 { // SSLRequest, GSSENCRequest
			if _, err := conn.Write([]byte{'N'}); err != nil {
				return false
			}
			continue
		}
		_, err := conn.Write(canned.hello)
		return err == nil
	}
}

var series = []byte("generate_series")

func answer(out []byte, typ byte, body []byte) []byte {
	switch typ {
	case 'P':
		return append(out, canned.parse...)
	case 'B':
		return append(out, canned.bind...)
	case 'D':
		if body[0] == 'S' {
			return append(out, canned.describe...)
		}
		return append(out, canned.columns...)
	case 'E':
		return append(out, canned.execute...)
	case 'S':
		return append(out, canned.sync...)
	case 'C':
		return append(out, canned.done...)
	case 'Q':
		if bytes.Contains(body, series) {
			return append(out, canned.series...)
		}
		return append(out, canned.query...)
	}
	return out
}
