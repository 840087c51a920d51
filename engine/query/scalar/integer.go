package scalar

import (
	"math"
	"math/bits"
	"strconv"

	"seqd/protocol/pgtypes"
)

// The integer functions are named for the widths of their operands: int48pl is
// integer + bigint. The result has the wider type.
func init() {
	for _, t := range []struct {
		name string
		bits int
	}{
		{"2", 16}, {"4", 32}, {"8", 64}, {"24", 32}, {"42", 32}, {"28", 64}, {"82", 64}, {"48", 64}, {"84", 64},
	} {
		n := t.bits
		add(map[string]Func{
			"int" + t.name + "pl":  func(a []Value) (Value, error) { return fit(addInt(a[0].Int(), a[1].Int()))(n) },
			"int" + t.name + "mi":  func(a []Value) (Value, error) { return fit(subInt(a[0].Int(), a[1].Int()))(n) },
			"int" + t.name + "mul": func(a []Value) (Value, error) { return fit(mulInt(a[0].Int(), a[1].Int()))(n) },
			"int" + t.name + "div": func(a []Value) (Value, error) { return divInt(a[0].Int(), a[1].Int(), n) },
		})
	}
	for _, t := range []struct {
		name string
		bits int
	}{{"2", 16}, {"4", 32}, {"8", 64}} {
		n := t.bits
		add(map[string]Func{
			"int" + t.name + "mod": func(a []Value) (Value, error) { return modInt(a[0].Int(), a[1].Int()) },
			"int" + t.name + "um":  func(a []Value) (Value, error) { return fit(subInt(0, a[0].Int()))(n) },
			"int" + t.name + "up":  same,
			"int" + t.name + "abs": func(a []Value) (Value, error) { return absInt(a[0].Int(), n) },
			"int" + t.name + "and": func(a []Value) (Value, error) { return pgtypes.NewInt(a[0].Int() & a[1].Int()), nil },
			"int" + t.name + "or":  func(a []Value) (Value, error) { return pgtypes.NewInt(a[0].Int() | a[1].Int()), nil },
			"int" + t.name + "xor": func(a []Value) (Value, error) { return pgtypes.NewInt(a[0].Int() ^ a[1].Int()), nil },
			"int" + t.name + "not": func(a []Value) (Value, error) { return pgtypes.NewInt(^a[0].Int()), nil },
			"int" + t.name + "shl": func(a []Value) (Value, error) { return pgtypes.NewInt(shiftLeft(a[0].Int(), a[1].Int(), n)), nil },
			"int" + t.name + "shr": func(a []Value) (Value, error) { return pgtypes.NewInt(shiftRight(a[0].Int(), a[1].Int(), n)), nil },
			"int" + t.name + "gcd": func(a []Value) (Value, error) { return gcdInt(a[0].Int(), a[1].Int(), n) },
			"int" + t.name + "lcm": func(a []Value) (Value, error) { return lcmInt(a[0].Int(), a[1].Int(), n) },
		})
	}
	add(map[string]Func{
		"int28": same, "int48": same, "i2toi4": same, "oidtoi8": same,
		"int82": narrow(16), "int84": narrow(32), "i4toi2": narrow(16),
		"i8tooid": func(a []Value) (Value, error) {
			if n := a[0].Int(); n != int64(uint32(n)) {
				return Value{}, outOfRange("OID")
			}
			return a[0], nil
		},
		"int4_bool": func(a []Value) (Value, error) { return boolean(a[0].Int() != 0) },
		"bool_int4": same,
		"booltext": func(a []Value) (Value, error) {
			if a[0].Bool() {
				return text("true")
			}
			return text("false")
		},
		"to_hex32": func(a []Value) (Value, error) { return text(strconv.FormatUint(uint64(uint32(a[0].Int())), 16)) },
		"to_hex64": func(a []Value) (Value, error) { return text(strconv.FormatUint(uint64(a[0].Int()), 16)) },
		"chartoi4": func(a []Value) (Value, error) {
			if a[0].Text() == "" {
				return integer(0)
			}
			return integer(int(int8(a[0].Text()[0])))
		},
	})
}

func same(a []Value) (Value, error) { return a[0], nil }

func typeOfBits(n int) string {
	switch n {
	case 16:
		return "smallint"
	case 32:
		return "integer"
	}
	return "bigint"
}

// fit checks a sum against a type's width.
func fit(v int64, ok bool) func(bits int) (Value, error) {
	return func(n int) (Value, error) {
		if !ok || n == 32 && v != int64(int32(v)) || n == 16 && v != int64(int16(v)) {
			return Value{}, outOfRange(typeOfBits(n))
		}
		return pgtypes.NewInt(v), nil
	}
}

func narrow(n int) Func {
	return func(a []Value) (Value, error) { return fit(a[0].Int(), true)(n) }
}

func addInt(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0) || b == 0
}

func subInt(a, b int64) (int64, bool) {
	c := a - b
	return c, (c < a) == (b > 0) || b == 0
}

func mulInt(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	c := a * b
	return c, c/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
}

func divInt(a, b int64, n int) (Value, error) {
	if b == 0 {
		return Value{}, divisionByZero
	}
	if b == -1 { // the least number has no positive twin
		return fit(subInt(0, a))(n)
	}
	return pgtypes.NewInt(a / b), nil
}

func modInt(a, b int64) (Value, error) {
	switch b {
	case 0:
		return Value{}, divisionByZero
	case -1:
		return pgtypes.NewInt(0), nil
	}
	return pgtypes.NewInt(a % b), nil
}

func absInt(a int64, n int) (Value, error) {
	if a < 0 {
		return fit(subInt(0, a))(n)
	}
	return pgtypes.NewInt(a), nil
}

// shiftLeft and shiftRight take the count modulo the width, as the hardware that
// PostgreSQL runs on does; smallint is computed in 32 bits.
func shiftLeft(a, by int64, n int) int64 {
	switch n {
	case 16:
		return int64(int16(int32(a) << (uint(by) & 31)))
	case 32:
		return int64(int32(a) << (uint(by) & 31))
	}
	return a << (uint(by) & 63)
}

func shiftRight(a, by int64, n int) int64 {
	if n == 64 {
		return a >> (uint(by) & 63)
	}
	return int64(int32(a) >> (uint(by) & 31))
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func gcdInt(a, b int64, n int) (Value, error) {
	g := gcd(magnitude(a), magnitude(b))
	return fit(int64(g), g <= math.MaxInt64)(n)
}

func lcmInt(a, b int64, n int) (Value, error) {
	if a == 0 || b == 0 {
		return pgtypes.NewInt(0), nil
	}
	x, y := magnitude(a), magnitude(b)
	hi, lo := bits.Mul64(x/gcd(x, y), y)
	return fit(int64(lo), hi == 0 && lo <= math.MaxInt64)(n)
}
