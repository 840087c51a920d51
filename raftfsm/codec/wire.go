package codec

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// skippableField is the first field number that a decoder may skip.
const skippableField = 1000

var errMalformed = errors.New("malformed message")

// The append functions leave a zero out, as proto3 does.

func appendUint(b []byte, field protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func appendSint(b []byte, field protowire.Number, v int64) []byte {
	return appendUint(b, field, protowire.EncodeZigZag(v))
}

func appendBool(b []byte, field protowire.Number, v bool) []byte {
	return appendUint(b, field, protowire.EncodeBool(v))
}

func appendString(b []byte, field protowire.Number, v string) []byte {
	if v == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), v)
}

// appendMessage writes an embedded message, also an empty one: being there says something.
// It is written where it will stand, since a snapshot holds millions: behind one byte
// for its length, and moved if that needs more. write appends to what it is given.
func appendMessage(b []byte, field protowire.Number, write func([]byte) []byte) []byte {
	b = append(protowire.AppendTag(b, field, protowire.BytesType), 0)
	start := len(b)
	b = write(b)
	length := uint64(len(b) - start)
	more := protowire.SizeVarint(length) - 1
	if more > 0 {
		b = append(b, make([]byte, more)...)
		copy(b[start+more:], b[start:])
	}
	protowire.AppendVarint(b[:start-1], length)
	return b
}

// field is one field of a message: num for the varint type, bytes for the other.
type field struct {
	number protowire.Number
	typ    protowire.Type
	num    uint64
	bytes  []byte // part of the input
}

// eachField calls f for every field of a message. f reports a field that it does
// not know with errUnknownField.
func eachField(b []byte, f func(field) error) error {
	for len(b) > 0 {
		number, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errMalformed
		}
		b = b[n:]
		x := field{number: number, typ: typ}
		switch typ {
		case protowire.VarintType:
			x.num, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			x.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(number, typ, b)
			if number < skippableField {
				return fmt.Errorf("field %d: %w", number, errMalformed)
			}
		}
		if n < 0 {
			return errMalformed
		}
		b = b[n:]
		if number >= skippableField {
			continue
		}
		if err := f(x); err != nil {
			return fmt.Errorf("field %d: %w", number, err)
		}
	}
	return nil
}

var errUnknownField = errors.New("unknown field")

func (x field) uint(dst *uint64) error {
	if x.typ != protowire.VarintType {
		return errMalformed
	}
	*dst = x.num
	return nil
}

func (x field) sint(dst *int64) error {
	var v uint64
	err := x.uint(&v)
	*dst = protowire.DecodeZigZag(v)
	return err
}

func (x field) bool(dst *bool) error {
	if x.typ != protowire.VarintType || x.num > 1 {
		return errMalformed
	}
	*dst = x.num == 1
	return nil
}

func (x field) string(dst *string) error {
	b, err := x.message()
	*dst = string(b)
	return err
}

func (x field) message() ([]byte, error) {
	if x.typ != protowire.BytesType {
		return nil, errMalformed
	}
	return x.bytes, nil
}

// into reads a number of at most 32 bits into an integer type of the engine.
func into[T ~uint32 | ~uint16 | ~uint8](x field, dst *T) error {
	var v uint64
	if err := x.uint(&v); err != nil {
		return err
	}
	if v > math.MaxUint32 || uint64(T(v)) != v {
		return fmt.Errorf("number %d is too large", v)
	}
	*dst = T(v)
	return nil
}

// intoSigned reads a signed number into a smaller type.
func intoSigned[T ~int16 | ~int32](x field, dst *T) error {
	var v int64
	if err := x.sint(&v); err != nil {
		return err
	}
	if int64(T(v)) != v {
		return fmt.Errorf("number %d is out of range", v)
	}
	*dst = T(v)
	return nil
}

// appendAll writes a repeated embedded message.
func appendAll[T any](b []byte, field protowire.Number, list []T, write func([]byte, *T) []byte) []byte {
	for i := range list {
		b = appendMessage(b, field, func(b []byte) []byte { return write(b, &list[i]) })
	}
	return b
}

// appendNumbers writes numbers of columns: a repeated sint32, one field each, zeros too.
func appendNumbers(b []byte, field protowire.Number, list []int16) []byte {
	for _, n := range list {
		b = protowire.AppendTag(b, field, protowire.VarintType)
		b = protowire.AppendVarint(b, protowire.EncodeZigZag(int64(n)))
	}
	return b
}

// oneMore reads one more of a repeated number.
func oneMore(x field, list *[]int16) error {
	var n int16
	err := intoSigned(x, &n)
	*list = append(*list, n)
	return err
}

// another decodes one more of a repeated embedded message.
func another[T any](x field, list *[]T, read func([]byte, *T) error) error {
	var v T
	err := embedded(x, func(b []byte) error { return read(b, &v) })
	*list = append(*list, v)
	return err
}

// embedded decodes an embedded message with f.
func embedded(x field, f func([]byte) error) error {
	b, err := x.message()
	if err != nil {
		return err
	}
	return f(b)
}
