package pgtypes

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"seqd/protocol/sqlstate"
)

// A numeric is an apd.Decimal whose exponent is minus its display scale, so never
// above 0; NaN and the infinities are apd's forms. There is no negative zero.

const (
	maxNumericWeight   = 131072 // digits before the point
	maxNumericScale    = 16383  // digits after the point
	maxResultScale     = 1000   // NUMERIC_MAX_DISPLAY_SCALE
	minNumericSigDigit = 16     // NUMERIC_MIN_SIG_DIGITS
)

var bigTen = big.NewInt(10)

// Pow10 is 10^n.
func Pow10(n int) *big.Int { return new(big.Int).Exp(bigTen, big.NewInt(int64(n)), nil) }

// NumericFromBig is coefficient × 10^-scale.
func NumericFromBig(coeff *big.Int, scale int) *apd.Decimal {
	d := &apd.Decimal{Exponent: -int32(scale), Negative: coeff.Sign() < 0}
	d.Coeff.SetMathBigInt(new(big.Int).Abs(coeff))
	return d
}

// NumericFromInt is the numeric of an integer, with scale 0.
func NumericFromInt(n int64) *apd.Decimal { return apd.New(n, 0) }

// NumericNaN is 'NaN'::numeric.
func NumericNaN() *apd.Decimal { return &apd.Decimal{Form: apd.NaN} }

// NumericInf is an infinity.
func NumericInf(negative bool) *apd.Decimal {
	return &apd.Decimal{Form: apd.Infinite, Negative: negative}
}

// NumericBig is the signed coefficient of a finite numeric.
func NumericBig(d *apd.Decimal) *big.Int {
	b := d.Coeff.MathBigInt()
	if d.Negative {
		b.Neg(b)
	}
	return b
}

// NumericScale is the display scale.
func NumericScale(d *apd.Decimal) int { return int(-d.Exponent) }

// NumericRound rounds a finite numeric to a scale, half away from zero, or pads
// it with zeros; a negative scale rounds before the point.
func NumericRound(d *apd.Decimal, scale int) *apd.Decimal {
	return numericTo(d, scale, true)
}

// NumericTrunc cuts a finite numeric to a scale.
func NumericTrunc(d *apd.Decimal, scale int) *apd.Decimal {
	return numericTo(d, scale, false)
}

func numericTo(d *apd.Decimal, scale int, round bool) *apd.Decimal {
	if d.Form != apd.Finite {
		return d
	}
	have := NumericScale(d)
	if scale == have {
		return d
	}
	if scale > have {
		return NumericFromBig(new(big.Int).Mul(NumericBig(d), Pow10(scale-have)), scale)
	}
	if drop := have - scale; drop > d.Coeff.MathBigInt().BitLen()+2 {
		// Everything is cut off, and rounding can't carry.
		return NumericFromBig(new(big.Int), max(scale, 0))
	}
	q := divRound(NumericBig(d), Pow10(have-scale), round)
	if scale < 0 {
		q.Mul(q, Pow10(-scale))
		scale = 0
	}
	return NumericFromBig(q, scale)
}

// divRound is a / b with b > 0, rounded half away from zero or towards zero.
func divRound(a, b *big.Int, round bool) *big.Int {
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	if round && r.Abs(r).Lsh(r, 1).Cmp(b) >= 0 {
		q.Add(q, big.NewInt(int64(a.Sign())))
	}
	return q
}

// NumericCheck refuses a result that PostgreSQL's format can't hold.
func NumericCheck(d *apd.Decimal) (*apd.Decimal, error) {
	if d.Form == apd.Finite {
		if d.NumDigits()+int64(d.Exponent) > maxNumericWeight || -d.Exponent > maxNumericScale {
			return nil, sqlstate.New(sqlstate.NumericValueOutOfRange, "value overflows numeric format")
		}
	}
	return d, nil
}

// parseNumeric is numeric_in without a type modifier. Without syntax the text is
// no number; with overflow it is too large a one.
func parseNumeric(s string) (d *apd.Decimal, syntax bool, overflow bool) {
	t := strings.Trim(s, spaces)
	switch strings.ToLower(t) {
	case "nan":
		return NumericNaN(), true, false
	case "infinity", "+infinity", "inf", "+inf":
		return NumericInf(false), true, false
	case "-infinity", "-inf":
		return NumericInf(true), true, false
	}
	i, negative := 0, false
	if i < len(t) && (t[i] == '+' || t[i] == '-') {
		negative = t[i] == '-'
		i++
	}
	digits := make([]byte, 0, len(t))
	scale, point, seen := 0, false, false
	for ; i < len(t); i++ {
		switch c := t[i]; {
		case c >= '0' && c <= '9':
			digits, seen = append(digits, c), true
			if point {
				scale++
			}
			continue
		case c == '.' && !point:
			point = true
			continue
		}
		break
	}
	if !seen {
		return nil, false, false
	}
	exp := 0
	if i < len(t) {
		if t[i] != 'e' && t[i] != 'E' {
			return nil, false, false
		}
		n, err := strconv.ParseInt(t[i+1:], 10, 64)
		if err != nil && !isRange(err) || strings.HasPrefix(t[i+1:], "_") {
			return nil, false, false
		}
		if n >= math.MaxInt32/2 || n <= -math.MaxInt32/2 {
			return nil, true, true
		}
		exp = int(n)
	}
	return assembleNumeric(digits, scale-exp, negative)
}

func assembleNumeric(digits []byte, scale int, negative bool) (*apd.Decimal, bool, bool) {
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	zero := len(digits) == 1 && digits[0] == '0'
	if !zero && len(digits)-scale > maxNumericWeight || max(scale, 0) > maxNumericScale {
		return nil, true, true
	}
	if zero && scale < 0 {
		scale = 0
	}
	coeff, _ := new(big.Int).SetString(string(digits), 10)
	if scale < 0 {
		coeff.Mul(coeff, Pow10(-scale))
		scale = 0
	}
	if negative {
		coeff.Neg(coeff)
	}
	return NumericFromBig(coeff, scale), true, false
}

// appendNumeric is numeric_out: never an exponent, always the display scale.
func appendNumeric(dst []byte, d *apd.Decimal) []byte {
	switch d.Form {
	case apd.NaN, apd.NaNSignaling:
		return append(dst, "NaN"...)
	case apd.Infinite:
		if d.Negative {
			dst = append(dst, '-')
		}
		return append(dst, "Infinity"...)
	}
	if d.Negative && !d.IsZero() {
		dst = append(dst, '-')
	}
	start := len(dst)
	dst = d.Coeff.Append(dst, 10)
	scale := NumericScale(d)
	if scale == 0 {
		return dst
	}
	if n := len(dst) - start; n <= scale { // 0.00x: put zeros in front
		pad := scale - n + 1
		dst = append(dst, make([]byte, pad)...)
		copy(dst[start+pad:], dst[start:start+n])
		for i := start; i < start+pad; i++ {
			dst[i] = '0'
		}
	}
	dst = append(dst, 0)
	at := len(dst) - 1 - scale
	copy(dst[at+1:], dst[at:len(dst)-1])
	dst[at] = '.'
	return dst
}

// NumericTypmod splits a numeric's type modifier into precision and scale.
func NumericTypmod(typmod int32) (precision, scale int) {
	t := typmod - 4
	precision = int(t>>16) & 0xffff
	scale = int((t&0x7ff)^1024) - 1024
	return precision, scale
}

// MakeNumericTypmod is the inverse of NumericTypmod.
func MakeNumericTypmod(precision, scale int) int32 {
	return int32(precision<<16|scale&0x7ff) + 4
}

// ApplyNumericTypmod rounds to the modifier's scale and checks its precision.
func ApplyNumericTypmod(d *apd.Decimal, typmod int32) (*apd.Decimal, error) {
	if typmod < 4 || d.Form == apd.NaN {
		return d, nil
	}
	p, s := NumericTypmod(typmod)
	if d.Form == apd.Infinite {
		return nil, numericFieldOverflow(p, s, "A field with precision %d, scale %d cannot hold an infinite value.", p, s)
	}
	r := NumericRound(d, s)
	if !r.IsZero() && r.NumDigits()+int64(r.Exponent) > int64(p-s) {
		limit := "10^" + strconv.Itoa(p-s)
		if p == s {
			limit = "1"
		}
		return nil, numericFieldOverflow(p, s, "A field with precision %d, scale %d must round to an absolute value less than %s.", p, s, limit)
	}
	return r, nil
}

func numericFieldOverflow(_, _ int, detail string, args ...any) error {
	return sqlstate.New(sqlstate.NumericValueOutOfRange, "numeric field overflow").WithDetail(detail, args...)
}
