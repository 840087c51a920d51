package pgtypes

import (
	"encoding/hex"
	"errors"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"

	"seqd/protocol/sqlstate"
)

// spaces are what C's isspace takes in the C locale.
const spaces = " \t\n\v\f\r"

// ParseText is the type's input function. A reg… type takes numbers and "-"
// only: names are the caller's, who has the catalog.
func (st *Style) ParseText(typ OID, s string) (Value, error) {
	switch typ {
	case Int8:
		return parseInt(s, 64, "bigint")
	case Int4:
		return parseInt(s, 32, "integer")
	case Int2:
		return parseInt(s, 16, "smallint")
	case Oid, XID, CID:
		return parseOID(typ, s)
	case XID8:
		return parseXID8(s)
	case PgSnapshot, TxidSnapshot:
		snapshot, err := ParseSnapshot("pg_snapshot", s) // both, as they share PostgreSQL's code
		if err != nil {
			return Null(), err
		}
		return NewText(snapshot.String()), nil
	case Text, Varchar, Unknown, Cstring, BPChar, XML, Refcursor, AclItem:
		return NewText(s), nil
	case Name:
		return NewText(ClipName(s)), nil
	case Char:
		return NewText(clipChar(s)), nil
	case Bool:
		return parseBool(s)
	case Float8:
		return parseFloat(s, 64, "double precision")
	case Float4:
		return parseFloat(s, 32, "real")
	case Numeric:
		d, syntax, overflow := parseNumeric(s)
		if !syntax {
			return Null(), invalidSyntax("numeric", s)
		}
		if overflow {
			return Null(), sqlstate.New(sqlstate.NumericValueOutOfRange, "value overflows numeric format")
		}
		return NewNumeric(d), nil
	case Bytea:
		return parseBytea(s)
	case UUID:
		return parseUUID(s)
	case Date, Time, Timetz, Timestamp, Timestamptz, Interval:
		return st.parseDateTime(typ, s)
	case Void:
		return NewText(""), nil
	case JSON:
		return parseJSON(s)
	case JSONB:
		return parseJSONB(s)
	case Record:
		return Null(), sqlstate.New(sqlstate.FeatureNotSupported, "input of anonymous composite types is not implemented")
	case Int2Vector:
		return parseVector(Int2, s)
	case OidVector:
		return parseVector(Oid, s)
	}
	if IsReg(typ) {
		return ParseReg(typ, s)
	}
	if e := ElemOf(typ); e != 0 {
		return st.parseArray(e, s)
	}
	if t, ok := TypeByOID(typ); ok && t.Kind == 'p' {
		return Null(), sqlstate.Errorf(sqlstate.FeatureNotSupported, "cannot accept a value of type %s", t.Name)
	}
	return Null(), sqlstate.Errorf(sqlstate.FeatureNotSupported, "input of type %s is not supported", Format(typ))
}

func invalidSyntax(typ, s string) error {
	return sqlstate.Errorf(sqlstate.InvalidTextRepresentation, `invalid input syntax for type %s: "%s"`, typ, s)
}

func outOfRange(typ, s string) error {
	return sqlstate.Errorf(sqlstate.NumericValueOutOfRange, `value "%s" is out of range for type %s`, s, typ)
}

func isRange(err error) bool { return errors.Is(err, strconv.ErrRange) }

// parseInt is pg_strtointXX: spaces around, a sign, decimal digits.
func parseInt(s string, bits int, name string) (Value, error) {
	t := strings.Trim(s, spaces)
	body := t
	if body != "" && (body[0] == '-' || body[0] == '+') {
		body = body[1:]
	}
	if body == "" {
		return Null(), invalidSyntax(name, s)
	}
	for i := 0; i < len(body); i++ {
		if body[i] < '0' || body[i] > '9' {
			// The scan stops at an overflow before it sees what follows.
			if _, err := strconv.ParseInt(t[:len(t)-len(body)+i], 10, bits); i > 0 && isRange(err) {
				return Null(), outOfRange(name, s)
			}
			return Null(), invalidSyntax(name, s)
		}
	}
	n, err := strconv.ParseInt(t, 10, bits)
	if err != nil {
		return Null(), outOfRange(name, s)
	}
	return NewInt(n), nil
}

// parseOID is oidin: strtoul with base 10, negative numbers wrap as in C.
func parseOID(typ OID, s string) (Value, error) {
	t := strings.Trim(s, spaces)
	name := Format(typ)
	if typ == XID || typ == CID {
		return NewInt(int64(uint32(strtoul(s)))), nil
	}
	body, negative := t, false
	if body != "" && (body[0] == '-' || body[0] == '+') {
		negative = body[0] == '-'
		body = body[1:]
	}
	n := 0
	for n < len(body) && body[n] >= '0' && body[n] <= '9' {
		n++
	}
	if n == 0 {
		return Null(), invalidSyntax(name, s)
	}
	v, err := strconv.ParseUint(body[:n], 10, 64)
	if isRange(err) {
		return Null(), outOfRange(name, s)
	}
	if n < len(body) {
		return Null(), invalidSyntax(name, s)
	}
	if negative {
		v = -v
	}
	// Both an unsigned 32-bit number and a sign-extended negative one are taken.
	if v != uint64(uint32(v)) && int64(v) != int64(int32(v)) {
		return Null(), outOfRange(name, s)
	}
	return NewInt(int64(uint32(v))), nil
}

func parseXID8(s string) (Value, error) {
	return NewInt(int64(strtoul(s))), nil
}

// strtoul is C's with base 0, by which transaction ids are read: octal after 0,
// hexadecimal after 0x, whatever follows the digits is ignored, -1 is the largest
// number, and so is what is too large.
func strtoul(s string) uint64 {
	t := strings.TrimLeft(s, spaces)
	negative := strings.HasPrefix(t, "-")
	if negative || strings.HasPrefix(t, "+") {
		t = t[1:]
	}
	base := uint64(10)
	switch {
	case len(t) > 2 && t[0] == '0' && t[1]|0x20 == 'x' && digit(t[2]) < 16:
		base, t = 16, t[2:]
	case strings.HasPrefix(t, "0"):
		base = 8
	}
	var v uint64
	for i := 0; i < len(t) && digit(t[i]) < base; i++ {
		high, low := bits.Mul64(v, base)
		sum, carry := bits.Add64(low, digit(t[i]), 0)
		if high != 0 || carry != 0 {
			return math.MaxUint64
		}
		v = sum
	}
	if negative {
		return -v
	}
	return v
}

// digit is what a character counts in bases up to 16; 99: it is no digit.
func digit(c byte) uint64 {
	switch {
	case c >= '0' && c <= '9':
		return uint64(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return uint64(c|0x20-'a') + 10
	}
	return 99
}

// ParseReg reads a reg… value that needs no catalog: "-" and numbers.
func ParseReg(typ OID, s string) (Value, error) {
	if s == "-" {
		return NewReg(0, ""), nil
	}
	if IsRegNumber(s) {
		v, err := parseOID(Oid, s)
		if err != nil {
			return v, err
		}
		return NewReg(v.OID(), ""), nil
	}
	return Null(), sqlstate.Errorf(sqlstate.FeatureNotSupported, "a name of type %s needs a catalog", Format(typ))
}

// IsRegNumber tells whether a reg… input is taken for an OID: digits only.
func IsRegNumber(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// ParseBoolText is parse_bool: unique prefixes of true, false, yes, no, on, off, 1, 0.
func ParseBoolText(s string) (value, ok bool) {
	t := strings.ToLower(s)
	if t == "" {
		return false, false
	}
	switch {
	case strings.HasPrefix("true", t), strings.HasPrefix("yes", t), t == "on", t == "1":
		return true, true
	case strings.HasPrefix("false", t), strings.HasPrefix("no", t), t == "of", t == "off", t == "0":
		return false, true
	}
	return false, false
}

func parseBool(s string) (Value, error) {
	b, ok := ParseBoolText(strings.Trim(s, spaces))
	if !ok {
		return Null(), invalidSyntax("boolean", s)
	}
	return NewBool(b), nil
}

func parseFloat(s string, bits int, name string) (Value, error) {
	t := strings.Trim(s, spaces)
	switch strings.ToLower(t) {
	case "nan":
		return NewFloat(math.NaN()), nil
	case "infinity", "+infinity", "inf", "+inf":
		return NewFloat(math.Inf(1)), nil
	case "-infinity", "-inf":
		return NewFloat(math.Inf(-1)), nil
	}
	// Go also takes underscores (in base prefixes only) and hexadecimal, as C does.
	if t == "" || strings.ContainsAny(t, "_iInN") {
		return Null(), invalidSyntax(name, s)
	}
	// C takes hexadecimal without an exponent, Go does not.
	if h := strings.ToLower(strings.TrimLeft(t, "+-")); strings.HasPrefix(h, "0x") && !strings.Contains(h, "p") {
		t += "p0"
	}
	f, err := strconv.ParseFloat(t, bits)
	switch {
	case isRange(err), err == nil && f == 0 && strings.ContainsAny(mantissa(t), "123456789"):
		return Null(), sqlstate.Errorf(sqlstate.NumericValueOutOfRange, `"%s" is out of range for type %s`, s, name)
	case err != nil:
		return Null(), invalidSyntax(name, s)
	}
	return NewFloat(f), nil
}

func mantissa(s string) string {
	if i := strings.IndexAny(s, "eEpP"); i >= 0 {
		return s[:i]
	}
	return s
}

// ClipName cuts to the 63 bytes of a name, at a character's boundary.
func ClipName(s string) string {
	if len(s) <= 63 {
		return s
	}
	n := 63
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// clipChar is charin: the first byte; of a character beyond ASCII seqd keeps
// nothing, since half of one would not be valid UTF-8.
func clipChar(s string) string {
	if s == "" || s[0] >= utf8.RuneSelf {
		return ""
	}
	return s[:1]
}

func parseBytea(s string) (Value, error) {
	if strings.HasPrefix(s, `\x`) {
		return parseHex(s[2:])
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\':
			out = append(out, s[i])
		case i+1 < len(s) && s[i+1] == '\\':
			out = append(out, '\\')
			i++
		case i+3 < len(s) && s[i+1] >= '0' && s[i+1] <= '3' && isOctal(s[i+2]) && isOctal(s[i+3]):
			out = append(out, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 3
		default:
			return Null(), sqlstate.New(sqlstate.InvalidTextRepresentation, "invalid input syntax for type bytea")
		}
	}
	return NewBytes(out), nil
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }

func parseHex(s string) (Value, error) {
	var clean []byte
	for i := 0; i < len(s); {
		if c := s[i]; c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			if len(clean)%2 == 0 {
				i++
				continue
			}
		}
		if !isHex(s[i]) {
			r, _ := utf8.DecodeRuneInString(s[i:])
			return Null(), sqlstate.Errorf(sqlstate.InvalidParameterValue, `invalid hexadecimal digit: "%c"`, r)
		}
		clean = append(clean, s[i])
		i++
	}
	if len(clean)%2 != 0 {
		return Null(), sqlstate.New(sqlstate.InvalidParameterValue, "invalid hexadecimal data: odd number of digits")
	}
	out := make([]byte, len(clean)/2)
	if _, err := hex.Decode(out, clean); err != nil {
		return Null(), invalidSyntax("bytea", s)
	}
	return NewBytes(out), nil
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// parseUUID is uuid_in: 32 digits, a hyphen allowed after every fourth, maybe in braces.
func parseUUID(s string) (Value, error) {
	t := s
	if strings.HasPrefix(t, "{") {
		if !strings.HasSuffix(t, "}") {
			return Null(), invalidSyntax("uuid", s)
		}
		t = t[1 : len(t)-1]
	}
	var raw [16]byte
	n := 0
	for i := 0; i < len(t); {
		if n == 16 || i+1 >= len(t) || !isHex(t[i]) || !isHex(t[i+1]) {
			return Null(), invalidSyntax("uuid", s)
		}
		if _, err := hex.Decode(raw[n:n+1], []byte(t[i:i+2])); err != nil {
			return Null(), invalidSyntax("uuid", s)
		}
		n, i = n+1, i+2
		if i < len(t) && t[i] == '-' && n%2 == 0 && n < 16 {
			i++
		}
	}
	if n != 16 {
		return Null(), invalidSyntax("uuid", s)
	}
	return NewBytes(raw[:]), nil
}
