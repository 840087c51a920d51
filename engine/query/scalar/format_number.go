package scalar

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	number := func(a []Value) (Value, error) {
		return formatNumber(pgtypes.NumericFromInt(a[0].Int()), a[1].Text(), nil)
	}
	float := func(bits int) Func {
		return func(a []Value) (Value, error) { return formatFloat(a[0].Float(), a[1].Text(), bits) }
	}
	add(map[string]Func{
		"int4_to_char": number, "int8_to_char": number,
		"numeric_to_char": func(a []Value) (Value, error) { return formatNumber(a[0].Numeric(), a[1].Text(), nil) },
		"float4_to_char":  float(32), "float8_to_char": float(64),
	})
}

var numberKeys = strings.Fields(", . 0 9 B C D EEEE FM G L MI PL PR RN SG SP S TH V b c d eeee fm g l mi pl pr rn sg sp s th v")

// numberFormat is what a format says as a whole (NUMDesc).
type numberFormat struct {
	nodes                                     []formatNode
	pre, post, multi                          int
	zeroStart, zeroEnd                        int
	lsign                                     int // -1 before, 1 behind the number
	preSign                                   int
	decimal, zero, fill, plus, minus, bracket bool
	roman, isMulti, eeee, blank               bool
}

func formatError(format string, args ...any) error {
	return sqlstate.Errorf(sqlstate.SyntaxError, format, args...)
}

func parseNumberFormat(s string) (*numberFormat, error) {
	f := &numberFormat{nodes: parseFormat(s, numberKeys, false)}
	for i := range f.nodes {
		n := &f.nodes[i]
		if n.key == "" {
			continue
		}
		if n.key != "th" && n.key != "rn" {
			n.key = strings.ToUpper(n.key)
		}
		if f.eeee && n.key != "EEEE" {
			return nil, formatError(`"EEEE" must be the last pattern used`)
		}
		if err := f.take(n.key); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// take is NUMDesc_prepare.
func (f *numberFormat) take(key string) error {
	switch key {
	case "9", "0":
		return f.digit(key)
	case "B":
		f.blank = f.blank || f.pre == 0 && f.post == 0 && !f.zero
	case "D", ".":
		switch {
		case f.decimal:
			return formatError("multiple decimal points")
		case f.isMulti:
			return formatError(`cannot use "V" and decimal point together`)
		}
		f.decimal = true
	case "FM":
		f.fill = true
	case "S":
		switch {
		case f.lsign != 0:
			return formatError(`cannot use "S" twice`)
		case f.plus || f.minus || f.bracket:
			return formatError(`cannot use "S" and "PL"/"MI"/"SG"/"PR" together`)
		case !f.decimal:
			f.lsign, f.preSign = -1, f.pre
		default:
			f.lsign = 1
		}
	case "MI", "PL", "SG":
		if f.lsign != 0 {
			return formatError(`cannot use "S" and "%s" together`, key)
		}
		f.minus = f.minus || key != "PL"
		f.plus = f.plus || key != "MI"
	case "PR":
		if f.lsign != 0 || f.plus || f.minus {
			return formatError(`cannot use "PR" and "S"/"PL"/"MI"/"SG" together`)
		}
		f.bracket = true
	case "RN", "rn":
		f.roman = true
	case "V":
		if f.decimal {
			return formatError(`cannot use "V" and decimal point together`)
		}
		f.isMulti = true
	case "EEEE":
		if f.eeee {
			return formatError(`cannot use "EEEE" twice`)
		}
		if f.blank || f.fill || f.lsign != 0 || f.bracket || f.minus || f.plus || f.roman || f.isMulti {
			return sqlstate.New(sqlstate.SyntaxError, `"EEEE" is incompatible with other formats`).
				WithDetail(`"EEEE" may only be used together with digit and decimal point patterns.`)
		}
		f.eeee = true
	}
	return nil
}

func (f *numberFormat) digit(key string) error {
	if f.bracket {
		return formatError(`"%s" must be ahead of "PR"`, key)
	}
	if key == "9" && f.isMulti {
		f.multi++
		return nil
	}
	if key == "0" && !f.zero && !f.decimal {
		f.zero, f.zeroStart = true, f.pre+1
	}
	if f.decimal {
		f.post++
	} else {
		f.pre++
	}
	if key == "0" {
		f.zeroEnd = f.pre + f.post
	}
	return nil
}

// formatFloat is to_char of a float: digits beyond its precision are not shown.
func formatFloat(x float64, format string, bits int) (Value, error) {
	limit := 15
	if bits == 32 {
		limit = 6
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		d := pgtypes.NumericNaN()
		if math.IsInf(x, 0) {
			d = pgtypes.NumericInf(x < 0)
		}
		return formatNumber(d, format, nil)
	}
	return formatNumber(nil, format, func(f *numberFormat) string {
		x := x
		if f.isMulti {
			x *= math.Pow10(f.multi)
		}
		whole := len(strconv.FormatFloat(math.Abs(x), 'f', 0, bits))
		if whole >= limit {
			f.post = 0
		} else if whole+f.post > limit {
			f.post = limit - whole
		}
		if f.eeee {
			return strconv.FormatFloat(x, 'e', f.post, 64)
		}
		return strconv.FormatFloat(x, 'f', f.post, 64)
	})
}

// formatNumber is to_char of a number; text, if there is one, writes it in place of d.
func formatNumber(d *apd.Decimal, format string, text func(*numberFormat) string) (Value, error) {
	f, err := parseNumberFormat(format)
	if err != nil {
		return Value{}, err
	}
	var digits string
	special := d != nil && d.Form != apd.Finite
	switch {
	case f.roman:
		n := int64(0)
		if d == nil {
			x, _ := strconv.ParseFloat(text(&numberFormat{}), 64)
			n = int64(x)
		} else if !special {
			n = pgtypes.NumericBig(pgtypes.NumericRound(d, 0)).Int64()
		}
		return pgtypes.NewText(f.write(roman(n), 0, '+')), nil
	case f.eeee:
		return pgtypes.NewText(f.scientific(d, text)), nil
	case d == nil:
		digits = text(f)
		if f.isMulti {
			f.pre += f.multi
		}
	case special:
		digits = pgtypes.TextOf(pgtypes.Numeric, pgtypes.NewNumeric(d))
		if f.isMulti {
			f.pre += f.multi
		}
	default:
		if f.isMulti {
			scale := pgtypes.NumericScale(d)
			d = pgtypes.NumericFromBig(new(big.Int).Mul(pgtypes.NumericBig(d), pgtypes.Pow10(f.multi)), scale)
			f.pre += f.multi
		}
		digits = pgtypes.TextOf(pgtypes.Numeric, pgtypes.NewNumeric(pgtypes.NumericRound(d, f.post)))
	}
	sign := byte('+')
	if digits[0] == '-' {
		sign, digits = '-', digits[1:]
	}
	whole, _, _ := strings.Cut(digits, ".")
	spaces := 0
	if len(whole) < f.pre {
		spaces = f.pre - len(whole)
	} else if len(whole) > f.pre {
		digits = strings.Repeat("#", f.pre) + "." + strings.Repeat("#", f.post)
	}
	return pgtypes.NewText(f.write(digits, spaces, sign)), nil
}

func (f *numberFormat) scientific(d *apd.Decimal, text func(*numberFormat) string) string {
	var s string
	switch {
	case d == nil:
		s = text(f)
	case d.Form != apd.Finite:
		return " " + strings.Repeat("#", f.pre) + "." + strings.Repeat("#", f.post+4)
	case d.IsZero():
		s = strconv.FormatFloat(0, 'e', f.post, 64)
	default:
		x, _, _ := big.ParseFloat(d.Text('f'), 10, 2000, big.ToNearestEven)
		s = x.Text('e', f.post)
	}
	if s[0] != '-' {
		s = " " + s
	}
	return s
}
