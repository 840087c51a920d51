package scalar

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// maxText is as large as a text may get (1 GB less a header).
const maxText = 1<<30 - 5

var tooLong = sqlstate.New(sqlstate.ProgramLimitExceeded, "requested length too large")

func init() {
	add(map[string]Func{
		"textcat":  func(a []Value) (Value, error) { return concat(a[0].Text(), a[1].Text()) },
		"byteacat": func(a []Value) (Value, error) { return concat(a[0].Text(), a[1].Text()) },
		"textlen":  func(a []Value) (Value, error) { return integer(utf8.RuneCountInString(a[0].Text())) },
		"bpcharlen": func(a []Value) (Value, error) {
			return integer(utf8.RuneCountInString(strings.TrimRight(a[0].Text(), " ")))
		},
		"textoctetlen":     func(a []Value) (Value, error) { return integer(len(a[0].Text())) },
		"byteaoctetlen":    func(a []Value) (Value, error) { return integer(len(a[0].Text())) },
		"sql:bit_length/1": func(a []Value) (Value, error) { return integer(8 * len(a[0].Text())) },
		"lower":            func(a []Value) (Value, error) { return text(asciiMap(a[0].Text(), 'A', 'Z', 'a'-'A')) },
		"upper":            func(a []Value) (Value, error) { return text(asciiMap(a[0].Text(), 'a', 'z', 'A'-'a')) },
		"initcap":          func(a []Value) (Value, error) { return text(initcap(a[0].Text())) },
		"text_substr":      func(a []Value) (Value, error) { return substr(a[0].Text(), a[1].Int(), a[2].Int(), true) },
		"text_substr_no_len": func(a []Value) (Value, error) {
			return substr(a[0].Text(), a[1].Int(), 0, false)
		},
		"btrim":        func(a []Value) (Value, error) { return text(strings.Trim(a[0].Text(), a[1].Text())) },
		"ltrim":        func(a []Value) (Value, error) { return text(strings.TrimLeft(a[0].Text(), a[1].Text())) },
		"rtrim":        func(a []Value) (Value, error) { return text(strings.TrimRight(a[0].Text(), a[1].Text())) },
		"btrim1":       func(a []Value) (Value, error) { return text(strings.Trim(a[0].Text(), " ")) },
		"ltrim1":       func(a []Value) (Value, error) { return text(strings.TrimLeft(a[0].Text(), " ")) },
		"rtrim1":       func(a []Value) (Value, error) { return text(strings.TrimRight(a[0].Text(), " ")) },
		"replace_text": replaceText,
		"text_reverse": func(a []Value) (Value, error) { return text(reverse(a[0].Text())) },
		"textpos":      textPos,
		"text_starts_with": func(a []Value) (Value, error) {
			return boolean(strings.HasPrefix(a[0].Text(), a[1].Text()))
		},
		"text_left":  func(a []Value) (Value, error) { return text(left(a[0].Text(), a[1].Int())) },
		"text_right": func(a []Value) (Value, error) { return text(right(a[0].Text(), a[1].Int())) },
		"lpad":       func(a []Value) (Value, error) { return pad(a[0].Text(), a[1].Int(), a[2].Text(), true) },
		"rpad":       func(a []Value) (Value, error) { return pad(a[0].Text(), a[1].Int(), a[2].Text(), false) },
		"sql:lpad/2": func(a []Value) (Value, error) { return pad(a[0].Text(), a[1].Int(), " ", true) },
		"sql:rpad/2": func(a []Value) (Value, error) { return pad(a[0].Text(), a[1].Int(), " ", false) },
		"repeat":     repeat,
		"split_part": splitPart,
		"chr":        chr,
		"ascii": func(a []Value) (Value, error) {
			if a[0].Text() == "" {
				return integer(0)
			}
			r, _ := utf8.DecodeRuneInString(a[0].Text())
			return integer(int(r))
		},
	})
}

func init() {
	add(map[string]Func{
		"translate":   func(a []Value) (Value, error) { return text(translate(a[0].Text(), a[1].Text(), a[2].Text())) },
		"textoverlay": func(a []Value) (Value, error) { return overlay(a[0].Text(), a[1].Text(), a[2].Int(), a[3].Int()) },
		"textoverlay_no_len": func(a []Value) (Value, error) {
			return overlay(a[0].Text(), a[1].Text(), a[2].Int(), int64(utf8.RuneCountInString(a[1].Text())))
		},
		"quote_ident":   func(a []Value) (Value, error) { return text(parser.QuoteIdent(a[0].Text())) },
		"quote_literal": func(a []Value) (Value, error) { return text(QuoteLiteral(a[0].Text())) },
		"quote_nullable": func(a []Value) (Value, error) {
			if a[0].IsNull() {
				return text("NULL")
			}
			return text(QuoteLiteral(a[0].Text()))
		},
		"md5_text":     md5Hex,
		"md5_bytea":    md5Hex,
		"sha224_bytea": func(a []Value) (Value, error) { s := sha256.Sum224([]byte(a[0].Text())); return text(string(s[:])) },
		"sha384_bytea": func(a []Value) (Value, error) { s := sha512.Sum384([]byte(a[0].Text())); return text(string(s[:])) },
		"sha512_bytea": func(a []Value) (Value, error) { s := sha512.Sum512([]byte(a[0].Text())); return text(string(s[:])) },
		"sha256_bytea": func(a []Value) (Value, error) { s := sha256.Sum256([]byte(a[0].Text())); return text(string(s[:])) },
		// Conversions among string types.
		"name_text": same, "char_text": same, "name_bpchar": same, "char_bpchar": same,
		"text_name":   func(a []Value) (Value, error) { return text(pgtypes.ClipName(a[0].Text())) },
		"bpchar_name": func(a []Value) (Value, error) { return text(strings.TrimRight(pgtypes.ClipName(a[0].Text()), " ")) },
		"text_char":   func(a []Value) (Value, error) { return pgtypes.ParseText(pgtypes.Char, a[0].Text()) },
		"varchar":     func(a []Value) (Value, error) { return lengthCoercion(a, false) },
		"bpchar":      func(a []Value) (Value, error) { return lengthCoercion(a, true) },
	})
}

func concat(a, b string) (Value, error) {
	if len(a)+len(b) > maxText {
		return Value{}, tooLong
	}
	return text(a + b)
}

// asciiMap shifts letters of a range: collation "C" knows no others.
func asciiMap(s string, from, to byte, by int) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= from && s[i] <= to {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= from && b[i] <= to {
					b[i] = byte(int(b[i]) + by)
				}
			}
			return string(b)
		}
	}
	return s
}

func initcap(s string) string {
	b := []byte(s)
	word := false
	for i, c := range b {
		switch {
		case c >= 'a' && c <= 'z':
			if !word {
				b[i] = c - 'a' + 'A'
			}
			word = true
		case c >= 'A' && c <= 'Z':
			if word {
				b[i] = c - 'A' + 'a'
			}
			word = true
		default:
			word = c >= '0' && c <= '9'
		}
	}
	return string(b)
}

// substr counts characters from 1; a start before the text uses up length.
func substr(s string, start, n int64, limited bool) (Value, error) {
	end := int64(len(s)) + 1
	if limited {
		if n < 0 {
			return Value{}, sqlstate.New(sqlstate.SubstringError, "negative substring length not allowed")
		}
		if sum := start + n; sum >= start {
			end = sum
		}
	} else {
		end = int64(len(s)) + 2
	}
	start = max(start, 1)
	if end <= start {
		return text("")
	}
	return text(cut(s, start-1, end-1))
}

// cut is the characters from (inclusive) to (exclusive), counted from 0.
func cut(s string, from, to int64) string {
	at, begin := int64(0), -1
	for i := range s {
		if at == from {
			begin = i
		}
		if at == to {
			return s[begin:i]
		}
		at++
	}
	if begin < 0 {
		return ""
	}
	return s[begin:]
}

func replaceText(a []Value) (Value, error) {
	s, old, with := a[0].Text(), a[1].Text(), a[2].Text()
	if old == "" || s == "" {
		return a[0], nil
	}
	if grown := strings.Count(s, old) * (len(with) - len(old)); grown > maxText-len(s) {
		return Value{}, tooLong
	}
	return text(strings.ReplaceAll(s, old, with))
}

func reverse(s string) string {
	out := make([]byte, len(s))
	at := len(s)
	for i := 0; i < len(s); {
		_, n := utf8.DecodeRuneInString(s[i:])
		at -= n
		copy(out[at:], s[i:i+n])
		i += n
	}
	return string(out)
}

func textPos(a []Value) (Value, error) {
	i := strings.Index(a[0].Text(), a[1].Text())
	if i < 0 {
		return integer(0)
	}
	return integer(utf8.RuneCountInString(a[0].Text()[:i]) + 1)
}

func left(s string, n int64) string {
	if n < 0 {
		n += int64(utf8.RuneCountInString(s))
	}
	if n <= 0 {
		return ""
	}
	return cut(s, 0, n)
}

func right(s string, n int64) string {
	length := int64(utf8.RuneCountInString(s))
	skip := length - n
	if n < 0 {
		skip = -n
	}
	if skip <= 0 {
		return s
	}
	if skip >= length {
		return ""
	}
	return cut(s, skip, length)
}

func pad(s string, n int64, fill string, before bool) (Value, error) {
	length := int64(utf8.RuneCountInString(s))
	n = max(n, 0)
	if n <= length || fill == "" {
		return text(cut0(s, min(n, length)))
	}
	if n*int64(utf8.UTFMax) > maxText {
		return Value{}, tooLong
	}
	runes := []rune(fill)
	b := make([]rune, 0, n-length)
	for i := range n - length {
		b = append(b, runes[i%int64(len(runes))])
	}
	if before {
		return text(string(b) + s)
	}
	return text(s + string(b))
}

func cut0(s string, n int64) string {
	if n == 0 {
		return ""
	}
	return cut(s, 0, n)
}

func repeat(a []Value) (Value, error) {
	s, n := a[0].Text(), max(a[1].Int(), 0)
	if int64(len(s))*n > maxText {
		return Value{}, tooLong
	}
	return text(strings.Repeat(s, int(n)))
}

func splitPart(a []Value) (Value, error) {
	s, sep, n := a[0].Text(), a[1].Text(), a[2].Int()
	if n == 0 {
		return Value{}, sqlstate.New(sqlstate.InvalidParameterValue, "field position must not be zero")
	}
	if s == "" {
		return text("")
	}
	parts := []string{s}
	if sep != "" {
		parts = strings.Split(s, sep)
	}
	if n < 0 {
		n += int64(len(parts)) + 1
	}
	if n < 1 || n > int64(len(parts)) {
		return text("")
	}
	return text(parts[n-1])
}

func chr(a []Value) (Value, error) {
	n := a[0].Int()
	switch {
	case n < 0:
		return Value{}, sqlstate.New(sqlstate.InvalidParameterValue, "character number must be positive")
	case n == 0:
		return Value{}, sqlstate.New(sqlstate.ProgramLimitExceeded, "null character not permitted")
	case n > unicode.MaxRune:
		return Value{}, sqlstate.Errorf(sqlstate.ProgramLimitExceeded, "requested character too large for encoding: %d", n)
	case n >= 0xD800 && n < 0xE000:
		return Value{}, sqlstate.Errorf(sqlstate.ProgramLimitExceeded, "requested character not valid for encoding: %d", n)
	}
	return text(string(rune(n)))
}

func translate(s, from, to string) string {
	f, t := []rune(from), []rune(to)
	var b strings.Builder
next:
	for _, r := range s {
		for i, x := range f {
			if x == r {
				if i < len(t) {
					b.WriteRune(t[i])
				}
				continue next
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

func overlay(s, with string, start, n int64) (Value, error) {
	if start <= 0 {
		return Value{}, sqlstate.New(sqlstate.SubstringError, "negative substring length not allowed")
	}
	end := start + n
	if end != int64(int32(end)) {
		return Value{}, outOfRange("integer")
	}
	before, err := substr(s, 1, start-1, true)
	if err != nil {
		return before, err
	}
	after, err := substr(s, end, 0, false)
	if err != nil {
		return after, err
	}
	return text(before.Text() + with + after.Text())
}

// QuoteLiteral writes a string so that it reads back as the same literal.
func QuoteLiteral(s string) string {
	q := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.ContainsRune(s, '\\') {
		q = "E" + strings.ReplaceAll(q, `\`, `\\`)
	}
	return q
}

func md5Hex(a []Value) (Value, error) {
	s := md5.Sum([]byte(a[0].Text()))
	return text(hex.EncodeToString(s[:]))
}

// lengthCoercion is varchar(n) and char(n): an explicit cast cuts, an assignment
// refuses what is more than spaces.
func lengthCoercion(a []Value, blankPadded bool) (Value, error) {
	s, n, explicit := a[0].Text(), a[1].Int()-4, a[2].Bool()
	if n < 0 {
		return a[0], nil
	}
	length := int64(utf8.RuneCountInString(s))
	if length > n {
		rest := cut(s, n, length)
		if !explicit && strings.Trim(rest, " ") != "" {
			name := "character varying"
			if blankPadded {
				name = "character"
			}
			return Value{}, sqlstate.Errorf(sqlstate.StringDataRightTruncation, "value too long for type %s(%d)", name, n)
		}
		return text(cut0(s, n))
	}
	if blankPadded {
		return text(s + strings.Repeat(" ", int(n-length)))
	}
	return a[0], nil
}
