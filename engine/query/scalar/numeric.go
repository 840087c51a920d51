package scalar

import (
	"math"
	"math/big"

	"github.com/cockroachdb/apd/v3"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

const (
	minSigDigits = 16   // NUMERIC_MIN_SIG_DIGITS
	maxScale     = 1000 // NUMERIC_MAX_DISPLAY_SCALE
	decDigits    = 4    // digits in one of PostgreSQL's base-10000 digits
)

func init() {
	binary := func(f func(a, b *apd.Decimal) (*apd.Decimal, error)) Func {
		return func(a []Value) (Value, error) { return numeric(f(a[0].Numeric(), a[1].Numeric())) }
	}
	unary := func(f func(a *apd.Decimal) (*apd.Decimal, error)) Func {
		return func(a []Value) (Value, error) { return numeric(f(a[0].Numeric())) }
	}
	add(map[string]Func{
		"numeric_add":       binary(func(a, b *apd.Decimal) (*apd.Decimal, error) { return addNumeric(a, b, false) }),
		"numeric_sub":       binary(func(a, b *apd.Decimal) (*apd.Decimal, error) { return addNumeric(a, b, true) }),
		"numeric_mul":       binary(mulNumeric),
		"numeric_div":       binary(divNumeric),
		"numeric_mod":       binary(modNumeric),
		"numeric_div_trunc": binary(divTruncNumeric),
		"numeric_gcd":       binary(gcdNumeric),
		"numeric_uminus":    unary(func(a *apd.Decimal) (*apd.Decimal, error) { return negNumeric(a), nil }),
		"numeric_uplus":     same,
		"numeric_abs": unary(func(a *apd.Decimal) (*apd.Decimal, error) {
			if a.Negative {
				return negNumeric(a), nil
			}
			return a, nil
		}),
		"numeric_sign":  unary(signNumeric),
		"numeric_floor": unary(func(a *apd.Decimal) (*apd.Decimal, error) { return floorNumeric(a, -1), nil }),
		"numeric_ceil":  unary(func(a *apd.Decimal) (*apd.Decimal, error) { return floorNumeric(a, 1), nil }),
		"numeric_sqrt":  unary(sqrtNumeric),
		"numeric_round": func(a []Value) (Value, error) {
			return numeric(pgtypes.NumericRound(a[0].Numeric(), clampScale(a[1].Int())), nil)
		},
		"numeric_trunc": func(a []Value) (Value, error) {
			return numeric(pgtypes.NumericTrunc(a[0].Numeric(), clampScale(a[1].Int())), nil)
		},
		"sql:round/1": func(a []Value) (Value, error) { return numeric(pgtypes.NumericRound(a[0].Numeric(), 0), nil) },
		"sql:trunc/1": func(a []Value) (Value, error) { return numeric(pgtypes.NumericTrunc(a[0].Numeric(), 0), nil) },
		"numeric_scale": func(a []Value) (Value, error) {
			if a[0].Numeric().Form != apd.Finite {
				return Value{}, nil
			}
			return integer(pgtypes.NumericScale(a[0].Numeric()))
		},
		"numeric": func(a []Value) (Value, error) {
			return numeric(pgtypes.ApplyNumericTypmod(a[0].Numeric(), int32(a[1].Int())))
		},
		"int2_numeric": fromInt, "int4_numeric": fromInt, "int8_numeric": fromInt,
		"numeric_int2":   toInt(16),
		"numeric_int4":   toInt(32),
		"numeric_int8":   toInt(64),
		"numeric_float8": func(a []Value) (Value, error) { return toFloat(a[0].Numeric(), pgtypes.Float8) },
		"numeric_float4": func(a []Value) (Value, error) { return toFloat(a[0].Numeric(), pgtypes.Float4) },
		"float8_numeric": fromFloat(15, pgtypes.Float8),
		"float4_numeric": fromFloat(6, pgtypes.Float4),
	})
}

func numeric(d *apd.Decimal, err error) (Value, error) {
	if err != nil {
		return Value{}, err
	}
	if d, err = pgtypes.NumericCheck(d); err != nil {
		return Value{}, err
	}
	return pgtypes.NewNumeric(d), nil
}

func clampScale(n int64) int { return int(max(-131072, min(16383, n))) }

func isNaN(d *apd.Decimal) bool { return d.Form == apd.NaN }
func isInf(d *apd.Decimal) bool { return d.Form == apd.Infinite }

func negNumeric(a *apd.Decimal) *apd.Decimal {
	if isNaN(a) || a.IsZero() && a.Form == apd.Finite {
		return a
	}
	var r apd.Decimal
	r.Set(a)
	r.Negative = !a.Negative
	return &r
}

func addNumeric(a, b *apd.Decimal, subtract bool) (*apd.Decimal, error) {
	if subtract {
		b = negNumeric(b)
	}
	switch {
	case isNaN(a) || isNaN(b):
		return pgtypes.NumericNaN(), nil
	case isInf(a) && isInf(b):
		if a.Negative != b.Negative {
			return pgtypes.NumericNaN(), nil
		}
		return a, nil
	case isInf(a):
		return a, nil
	case isInf(b):
		return b, nil
	}
	scale := max(pgtypes.NumericScale(a), pgtypes.NumericScale(b))
	sum := new(big.Int).Add(scaled(a, scale), scaled(b, scale))
	return pgtypes.NumericFromBig(sum, scale), nil
}

// scaled is the coefficient of d at a scale not below its own.
func scaled(d *apd.Decimal, scale int) *big.Int {
	c := pgtypes.NumericBig(d)
	if up := scale - pgtypes.NumericScale(d); up > 0 {
		c.Mul(c, pgtypes.Pow10(up))
	}
	return c
}

func mulNumeric(a, b *apd.Decimal) (*apd.Decimal, error) {
	switch {
	case isNaN(a) || isNaN(b):
		return pgtypes.NumericNaN(), nil
	case isInf(a) || isInf(b):
		if a.Form == apd.Finite && a.IsZero() || b.Form == apd.Finite && b.IsZero() {
			return pgtypes.NumericNaN(), nil
		}
		return pgtypes.NumericInf(a.Negative != b.Negative), nil
	}
	scale := pgtypes.NumericScale(a) + pgtypes.NumericScale(b)
	d := pgtypes.NumericFromBig(new(big.Int).Mul(pgtypes.NumericBig(a), pgtypes.NumericBig(b)), scale)
	return pgtypes.NumericRound(d, min(scale, 16383)), nil
}

func divNumeric(a, b *apd.Decimal) (*apd.Decimal, error) {
	switch {
	case isNaN(a) || isNaN(b):
		return pgtypes.NumericNaN(), nil
	case isInf(a) && isInf(b):
		return pgtypes.NumericNaN(), nil
	case b.Form == apd.Finite && b.IsZero():
		return nil, divisionByZero
	case isInf(a):
		return pgtypes.NumericInf(a.Negative != b.Negative), nil
	case isInf(b):
		return pgtypes.NumericFromInt(0), nil
	}
	scale := divScale(a, b)
	return quotient(a, b, scale, true), nil
}

// quotient is a / b at a scale, rounded half away from zero or cut off.
func quotient(a, b *apd.Decimal, scale int, round bool) *apd.Decimal {
	x, y := pgtypes.NumericBig(a), pgtypes.NumericBig(b)
	if up := scale - pgtypes.NumericScale(a) + pgtypes.NumericScale(b); up >= 0 {
		x.Mul(x, pgtypes.Pow10(up))
	} else {
		y.Mul(y, pgtypes.Pow10(-up))
	}
	q, r := new(big.Int).QuoRem(x, y, new(big.Int))
	if round && r.Sign() != 0 {
		r.Abs(r).Lsh(r, 1)
		if r.CmpAbs(y) >= 0 {
			q.Add(q, big.NewInt(int64(x.Sign()*y.Sign())))
		}
	}
	return pgtypes.NumericFromBig(q, scale)
}

// divScale is select_div_scale: at least 16 significant digits, at least the
// scale of either input.
func divScale(a, b *apd.Decimal) int {
	da, wa := pgtypes.NumericDigits(a)
	db, wb := pgtypes.NumericDigits(b)
	first := func(d []uint16) uint16 {
		if len(d) > 0 {
			return d[0]
		}
		return 0
	}
	weight := wa - wb
	if first(da) <= first(db) {
		weight--
	}
	scale := minSigDigits - weight*decDigits
	scale = max(scale, pgtypes.NumericScale(a), pgtypes.NumericScale(b), 0)
	return min(scale, maxScale)
}

func modNumeric(a, b *apd.Decimal) (*apd.Decimal, error) {
	switch {
	case isNaN(a) || isNaN(b):
		return pgtypes.NumericNaN(), nil
	case b.Form == apd.Finite && b.IsZero():
		return nil, divisionByZero
	case isInf(a):
		return pgtypes.NumericNaN(), nil
	case isInf(b):
		return a, nil
	}
	scale := max(pgtypes.NumericScale(a), pgtypes.NumericScale(b))
	return pgtypes.NumericFromBig(new(big.Int).Rem(scaled(a, scale), scaled(b, scale)), scale), nil
}

func divTruncNumeric(a, b *apd.Decimal) (*apd.Decimal, error) {
	if a.Form != apd.Finite || b.Form != apd.Finite {
		return divNumeric(a, b)
	}
	if b.IsZero() {
		return nil, divisionByZero
	}
	return quotient(a, b, 0, false), nil
}

func gcdNumeric(a, b *apd.Decimal) (*apd.Decimal, error) {
	if a.Form != apd.Finite || b.Form != apd.Finite {
		return pgtypes.NumericNaN(), nil
	}
	scale := max(pgtypes.NumericScale(a), pgtypes.NumericScale(b))
	x, y := scaled(a, scale), scaled(b, scale)
	return pgtypes.NumericFromBig(new(big.Int).GCD(nil, nil, x.Abs(x), y.Abs(y)), scale), nil
}

func signNumeric(a *apd.Decimal) (*apd.Decimal, error) {
	switch {
	case isNaN(a):
		return a, nil
	case a.Form == apd.Finite && a.IsZero():
		return pgtypes.NumericFromInt(0), nil
	case a.Negative:
		return pgtypes.NumericFromInt(-1), nil
	}
	return pgtypes.NumericFromInt(1), nil
}

// floorNumeric rounds down (direction -1) or up (+1).
func floorNumeric(a *apd.Decimal, direction int) *apd.Decimal {
	if a.Form != apd.Finite {
		return a
	}
	t := pgtypes.NumericTrunc(a, 0)
	if c := a.Cmp(t); c == direction {
		return pgtypes.NumericFromBig(new(big.Int).Add(pgtypes.NumericBig(t), big.NewInt(int64(direction))), 0)
	}
	return t
}

func sqrtNumeric(a *apd.Decimal) (*apd.Decimal, error) {
	switch {
	case isNaN(a):
		return a, nil
	case a.Negative && !a.IsZero():
		return nil, sqlstate.New(sqlstate.InvalidArgumentForPowerFunc, "cannot take square root of a negative number")
	case isInf(a):
		return a, nil
	}
	_, weight := pgtypes.NumericDigits(a)
	var sweight int
	if weight >= 0 {
		sweight = weight*decDigits/2 + 1
	} else {
		sweight = 1 - (1-weight*decDigits)/2
	}
	scale := max(minSigDigits-sweight, pgtypes.NumericScale(a), 0)
	scale = min(scale, maxScale)
	// One digit more than asked for, then rounded: exact, as the root of an
	// integer is either an integer or irrational.
	c := scaled(a, max(pgtypes.NumericScale(a), 0))
	up := 2*(scale+1) - pgtypes.NumericScale(a)
	if up >= 0 {
		c.Mul(c, pgtypes.Pow10(up))
	} else {
		c.Quo(c, pgtypes.Pow10(-up))
	}
	return pgtypes.NumericRound(pgtypes.NumericFromBig(c.Sqrt(c), scale+1), scale), nil
}

func fromInt(a []Value) (Value, error) {
	return pgtypes.NewNumeric(pgtypes.NumericFromInt(a[0].Int())), nil
}

func toInt(bits int) Func {
	return func(a []Value) (Value, error) {
		d := a[0].Numeric()
		name := typeOfBits(bits)
		if d.Form != apd.Finite {
			what := "infinity"
			if isNaN(d) {
				what = "NaN"
			}
			return Value{}, sqlstate.Errorf(sqlstate.FeatureNotSupported, "cannot convert %s to %s", what, name)
		}
		b := pgtypes.NumericBig(pgtypes.NumericRound(d, 0))
		if !b.IsInt64() {
			return Value{}, outOfRange(name)
		}
		return fit(b.Int64(), true)(bits)
	}
}

func toFloat(d *apd.Decimal, typ pgtypes.OID) (Value, error) {
	return pgtypes.ParseText(typ, pgtypes.TextOf(pgtypes.Numeric, pgtypes.NewNumeric(d)))
}

// fromFloat goes through the decimal text with the type's sure digits.
func fromFloat(digits int, typ pgtypes.OID) Func {
	return func(a []Value) (Value, error) {
		f := a[0].Float()
		switch {
		case math.IsNaN(f):
			return pgtypes.NewNumeric(pgtypes.NumericNaN()), nil
		case math.IsInf(f, 0):
			return pgtypes.NewNumeric(pgtypes.NumericInf(f < 0)), nil
		}
		return pgtypes.ParseText(pgtypes.Numeric, formatG(f, digits))
	}
}
