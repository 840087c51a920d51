package query

import (
	"strings"
	"unicode/utf8"

	"seqd/engine/query/scalar"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// Functions that take values of any type by their text.
func init() {
	register(map[string]envFunc{
		"sql:textanycat/2": func(f *frame, c *callExpr, a []value) (value, error) {
			return pgtypes.NewText(a[0].Text() + castText(f, c, a, 1)), nil
		},
		"sql:anytextcat/2": func(f *frame, c *callExpr, a []value) (value, error) {
			return pgtypes.NewText(castText(f, c, a, 0) + a[1].Text()), nil
		},
		"sql:quote_literal/1": func(f *frame, c *callExpr, a []value) (value, error) {
			return pgtypes.NewText(scalar.QuoteLiteral(castText(f, c, a, 0))), nil
		},
		"sql:quote_nullable/1": func(f *frame, c *callExpr, a []value) (value, error) {
			if a[0].IsNull() {
				return pgtypes.NewText("NULL"), nil
			}
			return pgtypes.NewText(scalar.QuoteLiteral(castText(f, c, a, 0))), nil
		},
		"text_concat":    func(f *frame, c *callExpr, a []value) (value, error) { return concatWith("", anyTexts(f, c, a, 0)) },
		"text_concat_ws": concatWS,
		"text_format":    textFormat,
		"text_format_nv": textFormat,
		"pg_num_nulls": func(f *frame, c *callExpr, a []value) (value, error) {
			return countNulls(f, c, a, true), nil
		},
		"pg_num_nonnulls": func(f *frame, c *callExpr, a []value) (value, error) {
			return countNulls(f, c, a, false), nil
		},
		"pg_client_encoding":  constantName("UTF8"),
		"getdatabaseencoding": constantName("UTF8"),
	})
}

func constantName(s string) envFunc {
	return func(*frame, *callExpr, []value) (value, error) { return pgtypes.NewText(s), nil }
}

func argText(f *frame, c *callExpr, a []value, i int) string {
	return f.s.Style().TextOf(c.args[i].typ(), a[i])
}

// castText is x::text, which differs from the output of some types.
func castText(f *frame, c *callExpr, a []value, i int) string {
	switch c.args[i].typ() {
	case pgtypes.Bool:
		if a[i].Bool() {
			return "true"
		}
		return "false"
	case pgtypes.BPChar:
		return strings.TrimRight(a[i].Text(), " ")
	}
	return argText(f, c, a, i)
}

// anyText is an argument of a VARIADIC "any" function.
type anyText struct {
	text string
	null bool
	typ  pgtypes.OID
}

// anyTexts are the arguments from the i-th on, or the elements of a VARIADIC array.
func anyTexts(f *frame, c *callExpr, a []value, i int) []anyText {
	var out []anyText
	if c.variadic {
		if a[i].IsNull() {
			return nil
		}
		arr := a[i].Array()
		for _, v := range arr.Elems {
			out = append(out, anyText{f.s.Style().TextOf(arr.Elem, v), v.IsNull(), arr.Elem})
		}
		return out
	}
	for ; i < len(a); i++ {
		// Booleans show as t and f here, not as their cast to text does.
		out = append(out, anyText{argText(f, c, a, i), a[i].IsNull(), c.args[i].typ()})
	}
	return out
}

func concatWith(sep string, parts []anyText) (value, error) {
	var b strings.Builder
	first := true
	for _, p := range parts {
		if p.null {
			continue
		}
		if !first {
			b.WriteString(sep)
		}
		first = false
		b.WriteString(p.text)
	}
	return pgtypes.NewText(b.String()), nil
}

func concatWS(f *frame, c *callExpr, a []value) (value, error) {
	if a[0].IsNull() || c.variadic && a[1].IsNull() {
		return value{}, nil
	}
	return concatWith(a[0].Text(), anyTexts(f, c, a, 1))
}

func countNulls(f *frame, c *callExpr, a []value, nulls bool) value {
	if c.variadic && a[0].IsNull() {
		return value{}
	}
	n := int64(0)
	for _, p := range anyTexts(f, c, a, 0) {
		if p.null == nulls {
			n++
		}
	}
	return pgtypes.NewInt(n)
}

// formatter is format(): %[position$][flags][width]type.
type formatter struct {
	spec string
	at   int
	args []anyText
	next int
	out  strings.Builder
}

func textFormat(fr *frame, c *callExpr, a []value) (value, error) {
	if a[0].IsNull() {
		return value{}, nil
	}
	f := &formatter{spec: a[0].Text()}
	if len(a) > 1 {
		f.args = anyTexts(fr, c, a, 1)
	}
	for f.at < len(f.spec) {
		i := strings.IndexByte(f.spec[f.at:], '%')
		if i < 0 {
			f.out.WriteString(f.spec[f.at:])
			break
		}
		f.out.WriteString(f.spec[f.at : f.at+i])
		f.at += i + 1
		if err := f.directive(); err != nil {
			return value{}, err
		}
	}
	return pgtypes.NewText(f.out.String()), nil
}

var unterminated = sqlstate.New(sqlstate.InvalidParameterValue, "unterminated format() type specifier").
	WithHint(`For a single "%%" use "%%%%".`)

// directive reads and renders one specifier; at is behind the percent sign.
func (f *formatter) directive() error {
	if f.at >= len(f.spec) {
		return unterminated
	}
	if f.spec[f.at] == '%' {
		f.out.WriteByte('%')
		f.at++
		return nil
	}
	arg, left, width := -1, false, 0
	start := f.at
	if n, ok, err := f.number(); err != nil {
		return err
	} else if ok && f.peek() == '$' {
		f.at++
		if n == 0 {
			return sqlstate.New(sqlstate.InvalidParameterValue, "format specifies argument 0, but arguments are numbered from 1")
		}
		arg = n - 1
	} else {
		f.at = start
	}
	for f.peek() == '-' {
		left = true
		f.at++
	}
	if f.peek() == '*' {
		f.at++
		w, err := f.starWidth()
		if err != nil {
			return err
		}
		if width = w; w < 0 {
			left, width = true, -w
		}
	} else if n, ok, err := f.number(); err != nil {
		return err
	} else if ok {
		width = n
	}
	if f.at >= len(f.spec) {
		return unterminated
	}
	kind, size := utf8.DecodeRuneInString(f.spec[f.at:])
	f.at += size
	if kind != 's' && kind != 'I' && kind != 'L' {
		return sqlstate.Errorf(sqlstate.InvalidParameterValue, `unrecognized format() type specifier "%c"`, kind).
			WithHint(`For a single "%%" use "%%%%".`)
	}
	v, err := f.argument(arg)
	if err != nil {
		return err
	}
	return f.render(kind, v, width, left)
}

func (f *formatter) peek() byte {
	if f.at < len(f.spec) {
		return f.spec[f.at]
	}
	return 0
}

func (f *formatter) number() (int, bool, error) {
	n, start := 0, f.at
	for c := f.peek(); c >= '0' && c <= '9'; c = f.peek() {
		if n = n*10 + int(c-'0'); n > 1<<31-1 {
			return 0, false, sqlstate.New(sqlstate.NumericValueOutOfRange, "number is out of range")
		}
		f.at++
	}
	return n, f.at > start, nil
}

// starWidth takes the width from an argument.
func (f *formatter) starWidth() (int, error) {
	arg := -1
	if n, ok, err := f.number(); err != nil {
		return 0, err
	} else if ok {
		if f.peek() != '$' {
			return 0, sqlstate.New(sqlstate.InvalidParameterValue, `width argument position must be ended by "$"`)
		}
		f.at++
		arg = n - 1
	}
	v, err := f.argument(arg)
	if err != nil || v.null {
		return 0, err
	}
	n, err := pgtypes.ParseText(pgtypes.Int4, v.text)
	return int(n.Int()), err
}

func (f *formatter) argument(i int) (anyText, error) {
	if i < 0 {
		i = f.next
	}
	f.next = i + 1
	if i >= len(f.args) {
		return anyText{}, sqlstate.New(sqlstate.InvalidParameterValue, "too few arguments for format()")
	}
	return f.args[i], nil
}

func (f *formatter) render(kind rune, v anyText, width int, left bool) error {
	s := v.text
	switch {
	case v.null && kind == 'I':
		return sqlstate.New(sqlstate.NullValueNotAllowed, "null values cannot be formatted as an SQL identifier")
	case v.null && kind == 'L':
		s = "NULL"
	case v.null:
		s = ""
	case kind == 'I':
		s = parser.QuoteIdent(s)
	case kind == 'L':
		s = scalar.QuoteLiteral(s)
	}
	pad := width - utf8.RuneCountInString(s)
	if pad > 1<<28 {
		return sqlstate.New(sqlstate.ProgramLimitExceeded, "requested length too large")
	}
	if pad > 0 && !left {
		f.out.WriteString(strings.Repeat(" ", pad))
	}
	f.out.WriteString(s)
	if pad > 0 && left {
		f.out.WriteString(strings.Repeat(" ", pad))
	}
	return nil
}
