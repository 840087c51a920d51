package scalar

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	add(map[string]Func{
		"pg_size_pretty":         func(a []Value) (Value, error) { return text(prettySize(big.NewInt(a[0].Int()), "")) },
		"pg_size_pretty_numeric": sizePrettyNumeric,
		"pg_size_bytes":          sizeBytes,
	})
}

// sizeUnits are the units of pg_size_pretty: each is shown up to a limit, and the
// next is that many bits larger.
var sizeUnits = []struct {
	name  string
	limit int64
	round bool
	bits  uint
}{{"bytes", 10 * 1024, false, 0}, {"kB", 20*1024 - 1, true, 10}, {"MB", 20*1024 - 1, true, 20}, {"GB", 20*1024 - 1, true, 30},
	{"TB", 20*1024 - 1, true, 40}, {"PB", 20*1024 - 1, true, 50}}

// prettySize is pg_size_pretty's loop; size is halved less one bit, which rounding
// takes.
func prettySize(size *big.Int, fraction string) string {
	n := new(big.Int).Set(size)
	for i, u := range sizeUnits {
		last := i == len(sizeUnits)-1
		if last || new(big.Int).Abs(n).Cmp(big.NewInt(u.limit)) < 0 {
			if u.round {
				n = halfRounded(n)
				fraction = ""
			}
			return n.String() + fraction + " " + u.name
		}
		next := sizeUnits[i+1]
		bits := next.bits - u.bits
		if next.round && !u.round {
			bits--
		}
		// Division truncates toward zero, where a shift would not.
		n.Quo(n, new(big.Int).Lsh(big.NewInt(1), bits))
	}
	return ""
}

func halfRounded(n *big.Int) *big.Int {
	one := big.NewInt(int64(n.Sign()))
	if n.Sign() == 0 {
		return n
	}
	return new(big.Int).Quo(new(big.Int).Add(n, one), big.NewInt(2))
}

func sizePrettyNumeric(a []Value) (Value, error) {
	d := a[0].Numeric()
	if d.Form != apd.Finite {
		return text(pgtypes.TextOf(pgtypes.Numeric, a[0]) + " bytes")
	}
	whole := pgtypes.NumericBig(pgtypes.NumericTrunc(d, 0))
	fraction := ""
	if _, f, ok := strings.Cut(pgtypes.TextOf(pgtypes.Numeric, a[0]), "."); ok {
		fraction = "." + f
	}
	return text(prettySize(whole, fraction))
}

// sizeBytes is pg_size_bytes.
func sizeBytes(a []Value) (Value, error) {
	s := strings.TrimSpace(a[0].Text())
	i := 0
	for i < len(s) && strings.IndexByte("+-.0123456789eE", s[i]) >= 0 {
		if c := s[i]; (c == 'e' || c == 'E') && (i+1 == len(s) || strings.IndexByte("+-0123456789", s[i+1]) < 0) {
			break
		}
		i++
	}
	invalid := sqlstate.Errorf(sqlstate.InvalidParameterValue, `invalid size: "%s"`, a[0].Text())
	n, ok := new(big.Rat).SetString(s[:i])
	if !ok {
		return Value{}, invalid
	}
	unit := strings.TrimSpace(s[i:])
	for _, u := range sizeUnits {
		if unit == "" && u.bits == 0 || strings.EqualFold(unit, u.name) || u.bits == 0 && strings.EqualFold(unit, "b") {
			n.Mul(n, new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), u.bits)))
			whole := new(big.Int).Quo(n.Num(), n.Denom())
			if !whole.IsInt64() {
				return Value{}, outOfRange("bigint")
			}
			v, _ := strconv.ParseInt(whole.String(), 10, 64)
			return pgtypes.NewInt(v), nil
		}
	}
	return Value{}, invalid.WithDetail(`Invalid size unit: "%s".`, unit).WithHint(`Valid units are "bytes", "B", "kB", "MB", "GB", "TB", and "PB".`)
}
