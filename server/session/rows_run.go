package session

import (
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgproto3"

	"seqd/engine/sequence"
)

// Sizes of a DataRow of one int8: up to its value, and at most.
const (
	int8RowHead = 1 + 4 + 2 + 4 // type, length, number of columns, length of the first
	int8RowMax  = int8RowHead + len("-9223372036854775808")
)

// appendInt8Rows adds a DataRow for each of the values.
func appendInt8Rows(b []byte, values sequence.Block, p *portal) []byte {
	if p.format(0) == pgproto3.BinaryFormat {
		return appendBinaryRows(b, values)
	}
	return appendTextRows(b, values)
}

func appendBinaryRows(b []byte, values sequence.Block) []byte {
	const size = int8RowHead + 8
	head := [int8RowHead]byte{'D', 0, 0, 0, size - 1, 0, 1, 0, 0, 0, 8}
	n := int(values.Count())
	at := len(b)
	b = slices.Grow(b, n*size)[:at+n*size]
	for v := values.First; at < len(b); v += values.Increment {
		row := (*[size]byte)(b[at:])
		*(*[int8RowHead]byte)(row[:]) = head
		binary.BigEndian.PutUint64(row[int8RowHead:], uint64(v))
		at += size
	}
	return b
}

// appendTextRows writes rows as copies of a pattern, as values next to each other mostly
// differ in the last three digits. What is copied is the whole array, which costs less
// than exactly as much as the row is long; the next row begins where this one ends.
func appendTextRows(b []byte, values sequence.Block) []byte {
	n := int(values.Count())
	at := len(b)
	b = slices.Grow(b, n*int8RowMax)[:at+n*int8RowMax]
	var pattern int8Pattern
	for v := values.First; n > 0; v += values.Increment {
		at = pattern.put(b, at, v)
		n--
	}
	return b[:at]
}

// int8Pattern is a row that is right for all values of the same thousands, the sign among
// them, but for the last three digits. Below a thousand there may be fewer.
type int8Pattern struct {
	row       [int8RowMax]byte
	size      int
	thousands int64
}

// put writes the row of v to b[at:], where there must be room for int8RowMax bytes, and
// returns where it ends.
func (p *int8Pattern) put(b []byte, at int, v int64) int {
	thousands := v / 1000
	if thousands != p.thousands || thousands == 0 {
		p.set(v)
		*(*[int8RowMax]byte)(b[at:]) = p.row
		return at + p.size
	}
	*(*[int8RowMax]byte)(b[at:]) = p.row
	at += p.size
	*(*[3]byte)(b[at-3:]) = threeDigits[max(v-thousands*1000, thousands*1000-v)]
	return at
}

// append adds the row of v.
func (p *int8Pattern) append(b []byte, v int64) []byte {
	at := len(b)
	b = slices.Grow(b, int8RowMax)
	return b[:p.put(b[:cap(b)], at, v)]
}

func (p *int8Pattern) set(v int64) {
	row := append(p.row[:0], 'D', 0, 0, 0, 0, 0, 1, 0, 0, 0, 0)
	p.size = len(strconv.AppendInt(row, v, 10))
	p.row[4] = byte(p.size - 1)
	p.row[int8RowHead-1] = byte(p.size - int8RowHead)
	p.thousands = v / 1000
}

// threeDigits are the numbers up to 999, with leading zeros.
var threeDigits = func() (list [1000][3]byte) {
	for i := range list {
		list[i] = [3]byte{byte('0' + i/100), byte('0' + i/10%10), byte('0' + i%10)}
	}
	return list
}()
