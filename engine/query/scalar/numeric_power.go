package scalar

import (
	"math"
	"math/big"

	"github.com/cockroachdb/apd/v3"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	one := func(f func(*apd.Decimal) (*apd.Decimal, error)) Func {
		return func(a []Value) (Value, error) {
			d := a[0].Numeric()
			if d.Form != apd.Finite {
				return Value{}, special("this function")
			}
			return numeric(f(d))
		}
	}
	add(map[string]Func{
		"numeric_power": func(a []Value) (Value, error) { return numeric(powerNumeric(a[0].Numeric(), a[1].Numeric())) },
		"numeric_exp":   one(expNumeric),
		"numeric_ln":    one(func(d *apd.Decimal) (*apd.Decimal, error) { return logNumeric(d, (*apd.Context).Ln) }),
		"sql:log/1":     one(func(d *apd.Decimal) (*apd.Decimal, error) { return logNumeric(d, (*apd.Context).Log10) }),
		"numeric_fac":   factorial,
	})
}

var numericOverflow = sqlstate.New(sqlstate.NumericValueOutOfRange, "value overflows numeric format")

func special(what string) error {
	return sqlstate.Errorf(sqlstate.FeatureNotSupported, "%s of NaN or infinity is not supported for numeric", what)
}

// maxWork bounds the digits that a power or logarithm is computed with.
const maxWork = 20_000

// powerNumeric is power(): integer exponents exactly, others by logarithm, at the
// scales that PostgreSQL's power_var chooses.
func powerNumeric(a, b *apd.Decimal) (*apd.Decimal, error) {
	if a.Form != apd.Finite || b.Form != apd.Finite {
		return nil, special("a power")
	}
	whole := pgtypes.NumericTrunc(b, 0)
	integral := whole.Cmp(b) == 0
	switch {
	case a.IsZero() && b.Negative:
		return nil, sqlstate.New(sqlstate.InvalidArgumentForPowerFunc, "zero raised to a negative power is undefined")
	case !integral && a.Negative:
		return nil, sqlstate.New(sqlstate.InvalidArgumentForPowerFunc, "a negative number raised to a non-integer power yields a complex result")
	}
	if n := pgtypes.NumericBig(whole); integral && n.IsInt64() && n.Int64() == int64(int32(n.Int64())) {
		return powerInt(a, n.Int64())
	}
	if a.IsZero() {
		return pgtypes.NumericFromBig(new(big.Int), minSigDigits), nil
	}
	if a.Negative {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "numeric power of this size is not supported")
	}
	exp, err := toFloat(b, pgtypes.Float8)
	if err != nil {
		return nil, err
	}
	weight := approxLog10(a) * exp.Float()
	switch {
	case weight > 131072:
		return nil, numericOverflow
	case weight < -maxScale-1:
		return pgtypes.NumericFromBig(new(big.Int), maxScale), nil
	}
	scale := min(max(minSigDigits-int(weight), pgtypes.NumericScale(a), pgtypes.NumericScale(b), 0), maxScale)
	return compute(scale, weight, func(c *apd.Context, r *apd.Decimal) error {
		_, err := c.Pow(r, a, b)
		return err
	})
}

// approxLog10 is log10 of |a| from its first digits; a is not zero.
func approxLog10(a *apd.Decimal) float64 {
	text := a.Coeff.Append(nil, 10)
	lead := text[:min(len(text), 17)]
	v := 0.0
	for _, c := range lead {
		v = v*10 + float64(c-'0')
	}
	return math.Log10(v) + float64(len(text)-len(lead)) - float64(pgtypes.NumericScale(a))
}

// compute runs an apd function with digits enough for a scale, and rounds to it.
func compute(scale int, weight float64, f func(*apd.Context, *apd.Decimal) error) (*apd.Decimal, error) {
	digits := scale + int(math.Abs(weight)) + 20
	if digits > maxWork {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "numeric results of this size are not supported")
	}
	ctx := apd.BaseContext.WithPrecision(uint32(digits))
	ctx.Traps = 0
	var r apd.Decimal
	if err := f(ctx, &r); err != nil || r.Form != apd.Finite {
		return nil, numericOverflow
	}
	if r.Exponent > 0 {
		r = *pgtypes.NumericFromBig(new(big.Int).Mul(pgtypes.NumericBig(&r), pgtypes.Pow10(int(r.Exponent))), 0)
	}
	return pgtypes.NumericRound(&r, scale), nil
}

func powerInt(a *apd.Decimal, n int64) (*apd.Decimal, error) {
	scale := min(max(minSigDigits, pgtypes.NumericScale(a)), maxScale)
	switch {
	case n == 0:
		return pgtypes.NumericRound(pgtypes.NumericFromInt(1), scale), nil
	case a.IsZero():
		return pgtypes.NumericFromBig(new(big.Int), scale), nil
	}
	weight := approxLog10(a) * float64(n)
	if weight > 131072 {
		return nil, numericOverflow
	}
	if weight+float64(scale) < -1 {
		return pgtypes.NumericFromBig(new(big.Int), scale), nil
	}
	abs := max(n, -n)
	if float64(abs)*float64(a.NumDigits()) > 200_000 {
		// Too many digits to keep all: round on the way.
		return compute(scale, weight, func(c *apd.Context, r *apd.Decimal) error {
			_, err := c.Pow(r, a, pgtypes.NumericFromInt(n))
			return err
		})
	}
	c := new(big.Int).Exp(pgtypes.NumericBig(a), big.NewInt(abs), nil)
	exact := pgtypes.NumericFromBig(c, pgtypes.NumericScale(a)*int(abs))
	if n < 0 {
		return quotient(pgtypes.NumericFromInt(1), exact, scale, true), nil
	}
	return pgtypes.NumericRound(exact, scale), nil
}

func expNumeric(a *apd.Decimal) (*apd.Decimal, error) {
	f, err := toFloat(a, pgtypes.Float8)
	if err != nil {
		return nil, err
	}
	weight := f.Float() * math.Log10E
	if weight > 131072 {
		return nil, numericOverflow
	}
	scale := min(max(minSigDigits-int(max(weight, -maxScale)), pgtypes.NumericScale(a), 0), maxScale)
	if weight < -maxScale-1 {
		return pgtypes.NumericFromBig(new(big.Int), scale), nil
	}
	return compute(scale, weight, func(c *apd.Context, r *apd.Decimal) error {
		_, err := c.Exp(r, a)
		return err
	})
}

// logNumeric is ln and log10: at least 16 significant digits.
func logNumeric(a *apd.Decimal, f func(*apd.Context, *apd.Decimal, *apd.Decimal) (apd.Condition, error)) (*apd.Decimal, error) {
	switch {
	case a.IsZero():
		return nil, sqlstate.New(sqlstate.InvalidArgumentForLogarithm, "cannot take logarithm of zero")
	case a.Negative:
		return nil, sqlstate.New(sqlstate.InvalidArgumentForLogarithm, "cannot take logarithm of a negative number")
	}
	scale := minSigDigits - logWeight(a)
	scale = min(max(scale, pgtypes.NumericScale(a), 0), maxScale)
	return compute(scale, 8, func(c *apd.Context, r *apd.Decimal) error {
		_, err := f(c, r, a)
		return err
	})
}

// logWeight is estimate_ln_dweight: the decimal weight of ln(a).
func logWeight(a *apd.Decimal) int {
	low, high := apd.New(9, -1), apd.New(11, -1)
	if a.Cmp(low) >= 0 && a.Cmp(high) <= 0 {
		x, _ := addNumeric(a, pgtypes.NumericFromInt(1), true)
		if x.IsZero() {
			return 0
		}
		digits, weight := pgtypes.NumericDigits(x)
		return weight*decDigits + int(math.Log10(float64(digits[0])))
	}
	return int(math.Log10(math.Abs(approxLog10(a) * math.Ln10)))
}

func factorial(a []Value) (Value, error) {
	n := a[0].Int()
	if n < 0 {
		return Value{}, sqlstate.New(sqlstate.NumericValueOutOfRange, "factorial of a negative number is undefined")
	}
	if n > 32177 {
		return Value{}, numericOverflow
	}
	return numeric(pgtypes.NumericFromBig(new(big.Int).MulRange(1, max(n, 1)), 0), nil)
}
