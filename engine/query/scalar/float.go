package scalar

import (
	"math"
	"math/big"
	"strconv"

	"github.com/cockroachdb/apd/v3"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	for _, t := range []struct {
		name   string
		single bool
	}{{"4", true}, {"8", false}, {"48", false}, {"84", false}} {
		single := t.single
		op := func(f func(x, y float64) (float64, error)) Func {
			return func(a []Value) (Value, error) {
				v, err := f(a[0].Float(), a[1].Float())
				if single {
					v = float64(float32(v))
				}
				return checked(v, err, a, single)
			}
		}
		add(map[string]Func{
			"float" + t.name + "pl":  op(func(x, y float64) (float64, error) { return x + y, nil }),
			"float" + t.name + "mi":  op(func(x, y float64) (float64, error) { return x - y, nil }),
			"float" + t.name + "mul": op(mulFloat(single)),
			"float" + t.name + "div": op(divFloat(single)),
			"float" + t.name + "um":  func(a []Value) (Value, error) { return pgtypes.NewFloat(-a[0].Float()), nil },
			"float" + t.name + "up":  same,
			"float" + t.name + "abs": func(a []Value) (Value, error) { return pgtypes.NewFloat(math.Abs(a[0].Float())), nil },
		})
	}
}

func init() {
	unary := func(f func(float64) float64) Func {
		return func(a []Value) (Value, error) { return pgtypes.NewFloat(f(a[0].Float())), nil }
	}
	add(map[string]Func{
		"dround": unary(math.RoundToEven),
		"dceil":  unary(math.Ceil),
		"dfloor": unary(math.Floor),
		"dtrunc": unary(math.Trunc),
		"dcbrt":  unary(math.Cbrt),
		"dpi":    func([]Value) (Value, error) { return pgtypes.NewFloat(math.Pi), nil },
		"dsign": unary(func(x float64) float64 {
			switch {
			case x > 0:
				return 1
			case x < 0:
				return -1
			}
			return 0
		}),
		"dsqrt": func(a []Value) (Value, error) {
			if a[0].Float() < 0 {
				return Value{}, sqlstate.New(sqlstate.InvalidArgumentForPowerFunc, "cannot take square root of a negative number")
			}
			return pgtypes.NewFloat(math.Sqrt(a[0].Float())), nil
		},
		"dpow": dpow,
		"dexp": func(a []Value) (Value, error) {
			x := a[0].Float()
			return checked(precise(math.Exp(x), decimalFunc(x, (*apd.Context).Exp)), nil, a, false)
		},
		"dlog1":  logarithm(math.Log, (*apd.Context).Ln),
		"dlog10": logarithm(math.Log10, (*apd.Context).Log10),
		"i2tod":  intToFloat, "i4tod": intToFloat, "i8tod": intToFloat,
		"i2tof": intToSingle, "i4tof": intToSingle, "i8tof": intToSingle,
		"ftod": same,
		"dtof": func(a []Value) (Value, error) {
			x := a[0].Float()
			v := float64(float32(x))
			if math.IsInf(v, 0) && !math.IsInf(x, 0) {
				return Value{}, overflow
			}
			if v == 0 && x != 0 {
				return Value{}, underflow
			}
			return pgtypes.NewFloat(v), nil
		},
		"dtoi2": floatToInt(16), "dtoi4": floatToInt(32), "dtoi8": floatToInt(64),
		"ftoi2": floatToInt(16), "ftoi4": floatToInt(32), "ftoi8": floatToInt(64),
	})
}

var (
	overflow  = sqlstate.New(sqlstate.NumericValueOutOfRange, "value out of range: overflow")
	underflow = sqlstate.New(sqlstate.NumericValueOutOfRange, "value out of range: underflow")
)

// checked refuses an infinity that no argument was.
func checked(v float64, err error, args []Value, single bool) (Value, error) {
	if err != nil {
		return Value{}, err
	}
	if math.IsInf(v, 0) {
		for _, a := range args {
			if math.IsInf(a.Float(), 0) {
				return pgtypes.NewFloat(v), nil
			}
		}
		return Value{}, overflow
	}
	return pgtypes.NewFloat(v), nil
}

func mulFloat(single bool) func(x, y float64) (float64, error) {
	return func(x, y float64) (float64, error) {
		v := x * y
		if (v == 0 || single && float32(v) == 0) && x != 0 && y != 0 {
			return 0, underflow
		}
		return v, nil
	}
}

func divFloat(single bool) func(x, y float64) (float64, error) {
	return func(x, y float64) (float64, error) {
		if y == 0 && !math.IsNaN(x) {
			return 0, divisionByZero
		}
		v := x / y
		if (v == 0 || single && float32(v) == 0) && x != 0 && !math.IsInf(y, 0) {
			return 0, underflow
		}
		return v, nil
	}
}

func dpow(a []Value) (Value, error) {
	x, y := a[0].Float(), a[1].Float()
	switch {
	case x == 0 && y < 0:
		return Value{}, sqlstate.New(sqlstate.InvalidArgumentForPowerFunc, "zero raised to a negative power is undefined")
	case x < 0 && math.Floor(y) != y && !math.IsInf(x, 0):
		return Value{}, sqlstate.New(sqlstate.InvalidArgumentForPowerFunc, "a negative number raised to a non-integer power yields a complex result")
	}
	v := precise(math.Pow(x, y), func(c *apd.Context, r *apd.Decimal) bool {
		a, b := decimalOf(x), decimalOf(y)
		if a == nil || b == nil || x <= 0 {
			return false
		}
		_, err := c.Pow(r, a, b)
		return err == nil
	})
	if v == 0 && x != 0 && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
		return Value{}, underflow
	}
	return checked(v, nil, a, false)
}

// precise computes a function in decimal, where the result is an ordinary number:
// Go's own are off by a last digit more often than C's.
func precise(approx float64, f func(*apd.Context, *apd.Decimal) bool) float64 {
	if m := math.Abs(approx); !(m > 1e-200 && m < 1e200) {
		return approx
	}
	c := apd.BaseContext.WithPrecision(34)
	c.Traps = 0
	var r apd.Decimal
	if !f(c, &r) {
		return approx
	}
	v, err := r.Float64()
	if err != nil || math.Abs(v-approx) > math.Abs(approx)*1e-12 {
		return approx
	}
	return v
}

func decimalFunc(x float64, f func(*apd.Context, *apd.Decimal, *apd.Decimal) (apd.Condition, error)) func(*apd.Context, *apd.Decimal) bool {
	return func(c *apd.Context, r *apd.Decimal) bool {
		d := decimalOf(x)
		if d == nil {
			return false
		}
		_, err := f(c, r, d)
		return err == nil
	}
}

// decimalOf is the exact decimal of a float, nil if that is too long to be worth it.
func decimalOf(x float64) *apd.Decimal {
	if m := math.Abs(x); m > 1e30 || m < 1e-30 && m != 0 {
		return nil
	}
	d, _, err := apd.NewFromString(new(big.Float).SetFloat64(x).Text('g', 60))
	if err != nil {
		return nil
	}
	return d
}

func logarithm(f func(float64) float64, exact func(*apd.Context, *apd.Decimal, *apd.Decimal) (apd.Condition, error)) Func {
	return func(a []Value) (Value, error) {
		switch x := a[0].Float(); {
		case x == 0:
			return Value{}, sqlstate.New(sqlstate.InvalidArgumentForLogarithm, "cannot take logarithm of zero")
		case x < 0:
			return Value{}, sqlstate.New(sqlstate.InvalidArgumentForLogarithm, "cannot take logarithm of a negative number")
		default:
			return pgtypes.NewFloat(precise(f(x), decimalFunc(x, exact))), nil
		}
	}
}

func intToFloat(a []Value) (Value, error) { return pgtypes.NewFloat(float64(a[0].Int())), nil }

func intToSingle(a []Value) (Value, error) {
	return pgtypes.NewFloat(float64(float32(a[0].Int()))), nil
}

// floatToInt rounds half to even.
func floatToInt(bits int) Func {
	return func(a []Value) (Value, error) {
		x := math.RoundToEven(a[0].Float())
		limit := math.Ldexp(1, bits-1)
		if math.IsNaN(x) || x < -limit || x >= limit {
			return Value{}, outOfRange(typeOfBits(bits))
		}
		return pgtypes.NewInt(int64(x)), nil
	}
}

// formatG is C's %.*g.
func formatG(f float64, digits int) string { return strconv.FormatFloat(f, 'g', digits, 64) }
