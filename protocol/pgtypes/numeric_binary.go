package pgtypes

import (
	"encoding/binary"
	"math/big"

	"github.com/cockroachdb/apd/v3"

	"seqd/protocol/sqlstate"
)

// The wire form of numeric: digits in base 10000 with the weight of the first,
// a sign word and the display scale.
const (
	numericNegative = 0x4000
	numericNaN      = 0xC000
	numericPosInf   = 0xD000
	numericNegInf   = 0xF000
	numericBaseLog  = 4
)

func appendNumericBinary(dst []byte, d *apd.Decimal) []byte {
	be := binary.BigEndian
	head := func(digits int, weight int16, sign uint16, scale int) {
		dst = be.AppendUint16(dst, uint16(digits))
		dst = be.AppendUint16(dst, uint16(weight))
		dst = be.AppendUint16(dst, sign)
		dst = be.AppendUint16(dst, uint16(scale))
	}
	switch {
	case d.Form == apd.Infinite && d.Negative:
		head(0, 0, numericNegInf, 32)
		return dst
	case d.Form == apd.Infinite:
		head(0, 0, numericPosInf, 32)
		return dst
	case d.Form != apd.Finite:
		head(0, 0, numericNaN, 0)
		return dst
	}
	digits, weight := NumericDigits(d)
	sign := uint16(0)
	if d.Negative && len(digits) > 0 {
		sign = numericNegative
	}
	head(len(digits), int16(weight), sign, NumericScale(d))
	for _, g := range digits {
		dst = be.AppendUint16(dst, g)
	}
	return dst
}

// NumericDigits are the base-10000 digits without zeros at the ends, and the
// weight of the first: PostgreSQL's own representation.
func NumericDigits(d *apd.Decimal) (digits []uint16, weight int) {
	if d.IsZero() {
		return nil, 0
	}
	scale := NumericScale(d)
	text := d.Coeff.Append(nil, 10)
	for range (numericBaseLog - scale%numericBaseLog) % numericBaseLog {
		text = append(text, '0')
		scale++
	}
	for len(text)%numericBaseLog != 0 {
		text = append([]byte{'0'}, text...)
	}
	for i := 0; i < len(text); i += numericBaseLog {
		var g uint16
		for _, c := range text[i : i+numericBaseLog] {
			g = g*10 + uint16(c-'0')
		}
		digits = append(digits, g)
	}
	weight = len(digits) - scale/numericBaseLog - 1
	for len(digits) > 0 && digits[0] == 0 {
		digits, weight = digits[1:], weight-1
	}
	for len(digits) > 0 && digits[len(digits)-1] == 0 {
		digits = digits[:len(digits)-1]
	}
	return digits, weight
}

func parseNumericBinary(b []byte) (Value, error) {
	be := binary.BigEndian
	if len(b) < 8 {
		return Null(), tooShort()
	}
	n, weight := int(be.Uint16(b)), int(int16(be.Uint16(b[2:])))
	sign, scale := be.Uint16(b[4:]), int(be.Uint16(b[6:]))
	bad := func(what string) (Value, error) {
		return Null(), sqlstate.Errorf(sqlstate.InvalidBinaryRepresentation, `invalid %s in external "numeric" value`, what)
	}
	switch sign {
	case 0, numericNegative, numericNaN, numericPosInf, numericNegInf:
	default:
		return bad("sign")
	}
	if scale > maxNumericScale {
		return bad("scale")
	}
	if len(b) < 8+2*n {
		return Null(), tooShort()
	}
	text := make([]byte, 0, n*numericBaseLog+1)
	for i := range n {
		g := be.Uint16(b[8+2*i:])
		if g > 9999 {
			return bad("digit")
		}
		text = append(text, byte('0'+g/1000), byte('0'+g/100%10), byte('0'+g/10%10), byte('0'+g%10))
	}
	if len(b) > 8+2*n {
		return Null(), ErrBinaryLength
	}
	switch sign {
	case numericNaN:
		return NewNumeric(NumericNaN()), nil
	case numericPosInf, numericNegInf:
		return NewNumeric(NumericInf(sign == numericNegInf)), nil
	}
	coeff := new(big.Int)
	if n > 0 {
		coeff.SetString(string(text), 10)
	}
	have := (n - 1 - weight) * numericBaseLog // digits after the point that were sent
	if have < 0 {
		coeff.Mul(coeff, Pow10(-have))
		have = 0
	}
	if sign == numericNegative {
		coeff.Neg(coeff)
	}
	if have > 200_000 { // a weight of -32768 with many digits: nothing is left at any scale
		return NewNumeric(NumericFromBig(new(big.Int), scale)), nil
	}
	return NewNumeric(NumericTrunc(NumericFromBig(coeff, have), scale)), nil
}
