package settings

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // SET TimeZone works on machines without a zone database

	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// check finds the parameter and brings a value into the form that SHOW prints.
func check(name, value string) (*parameter, string, error) {
	key := strings.ToLower(name)
	p, ok := parameters[key]
	if !ok {
		if custom(key) {
			return &parameter{key: key, Name: name}, value, nil
		}
		return nil, "", errUnknown(name)
	}
	canonical, err := p.check(value)
	return p, canonical, err
}

// custom tells whether a name is a placeholder of PostgreSQL's: class.name.
func custom(key string) bool {
	class, rest, ok := strings.Cut(key, ".")
	return ok && class != "" && rest != ""
}

func (p *parameter) changeable() error {
	switch p.context {
	case internal:
		return sqlstate.Errorf(sqlstate.CantChangeRuntimeParam, "parameter \"%s\" cannot be changed", p.Name)
	case postmaster:
		return sqlstate.Errorf(sqlstate.CantChangeRuntimeParam,
			"parameter \"%s\" cannot be changed without restarting the server", p.Name)
	case sighup:
		return sqlstate.Errorf(sqlstate.CantChangeRuntimeParam, "parameter \"%s\" cannot be changed now", p.Name)
	}
	return nil
}

func (p *parameter) check(value string) (string, error) {
	switch p.kind {
	case boolean:
		return p.checkBool(value)
	case enum:
		return p.checkEnum(value)
	case integer:
		return p.checkInteger(value)
	case real:
		return p.checkReal(value)
	}
	if p.special != nil {
		return p.special(p, value)
	}
	return value, nil
}

func (p *parameter) invalid(value string) *sqlstate.Error {
	return sqlstate.Errorf(sqlstate.InvalidParameterValue, "invalid value for parameter \"%s\": \"%s\"", p.Name, value)
}

func (p *parameter) checkBool(value string) (string, error) {
	v, ok := pgtypes.ParseBoolText(value)
	if !ok {
		return "", sqlstate.Errorf(sqlstate.InvalidParameterValue, "parameter \"%s\" requires a Boolean value", p.Name)
	}
	if p.only != "" && OnOff(v) != p.only {
		return "", sqlstate.Errorf(sqlstate.FeatureNotSupported, "seqd does not serve \"%s\" = %s", p.Name, OnOff(v)).
			WithHint("Leave it %s.", p.only)
	}
	return OnOff(v), nil
}

// OnOff is a Boolean as SHOW prints it.
func OnOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func (p *parameter) checkEnum(value string) (string, error) {
	v := strings.ToLower(value)
	if slices.Contains(p.values, v) || slices.Contains(p.hidden, v) {
		return v, nil
	}
	return "", p.invalid(value).WithHint("Available values: %s.", strings.Join(p.values, ", "))
}

// unit is the base unit of an integer parameter.
type unit byte

const (
	unitNone unit = iota
	unitMS
	unitKB
)

type scale struct {
	name   string
	factor float64
}

// scales are the units that a value may be written in, largest first, as
// multiples of the base unit.
var scales = map[unit][]scale{
	unitMS: {{"d", 86400000}, {"h", 3600000}, {"min", 60000}, {"s", 1000}, {"ms", 1}, {"us", 0.001}},
	unitKB: {{"TB", 1 << 30}, {"GB", 1 << 20}, {"MB", 1 << 10}, {"kB", 1}, {"B", 1.0 / 1024}},
}

var unitHints = map[unit]string{
	unitMS: `Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".`,
	unitKB: `Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".`,
}

// parseInteger reads a number with an optional unit into the base unit.
func parseInteger(value string, u unit) (n int64, ok bool) {
	s := strings.TrimSpace(value)
	end := 0
	for end < len(s) && strings.IndexByte("+-.0123456789eExXabcdefABCDEF", s[end]) >= 0 {
		end++
	}
	for ; end > 0; end-- { // the number is the longest prefix that is one
		f, isNumber := parseNumber(s[:end])
		if !isNumber {
			continue
		}
		rest := strings.TrimSpace(s[end:])
		if rest == "" {
			return int64(math.RoundToEven(f)), true
		}
		for _, sc := range scales[u] {
			if sc.name == rest {
				return int64(math.RoundToEven(f * sc.factor)), true
			}
		}
		return 0, false
	}
	return 0, false
}

func parseNumber(s string) (float64, bool) {
	if n, err := strconv.ParseInt(s, 0, 64); err == nil && !strings.ContainsAny(s, "_oO") {
		return float64(n), true
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

func (p *parameter) checkInteger(value string) (string, error) {
	n, ok := parseInteger(value, p.unit)
	if !ok {
		err := p.invalid(value)
		if p.unit != unitNone && strings.ContainsAny(value, "0123456789") {
			err.Hint = unitHints[p.unit]
		}
		return "", err
	}
	if n < p.min || n > p.max {
		suffix := map[unit]string{unitMS: " ms", unitKB: " kB"}[p.unit]
		return "", sqlstate.Errorf(sqlstate.InvalidParameterValue,
			"%d%s is outside the valid range for parameter \"%s\" (%d .. %d)", n, suffix, p.Name, p.min, p.max)
	}
	return p.format(n), nil
}

// format writes a number in the largest unit that it is a multiple of.
func (p *parameter) format(n int64) string {
	if n > 0 {
		for _, sc := range scales[p.unit] {
			if f := int64(sc.factor); f >= 1 && n%f == 0 {
				return strconv.FormatInt(n/f, 10) + sc.name
			}
		}
	}
	return strconv.FormatInt(n, 10)
}

func (p *parameter) checkReal(value string) (string, error) {
	f, ok := parseNumber(strings.TrimSpace(value))
	if !ok {
		return "", p.invalid(value)
	}
	if f < float64(p.min) || f > float64(p.max) {
		return "", sqlstate.Errorf(sqlstate.InvalidParameterValue,
			"%g is outside the valid range for parameter \"%s\" (%d .. %d)", f, p.Name, p.min, p.max)
	}
	return strconv.FormatFloat(f, 'g', -1, 64), nil
}

// checkTimeZone takes IANA names and offsets in hours; SHOW prints an offset as
// PostgreSQL's POSIX-like form does.
func checkTimeZone(p *parameter, value string) (string, error) {
	if hours, err := strconv.ParseFloat(value, 64); err == nil && math.Abs(hours) < 168 {
		return offsetZone(time.Duration(hours * float64(time.Hour))), nil
	}
	switch strings.ToLower(value) {
	case "utc", "gmt", "zulu", "uct":
		return map[string]string{"utc": "UTC", "gmt": "GMT", "zulu": "Zulu", "uct": "UCT"}[strings.ToLower(value)], nil
	case "", "local", "posixrules":
		return "", p.invalid(value)
	}
	if strings.HasPrefix(value, "<") && strings.Contains(value, ">") { // what SHOW printed goes back in
		return value, nil
	}
	zone, err := time.LoadLocation(value)
	if err != nil {
		return "", p.invalid(value)
	}
	return zone.String(), nil
}

func offsetZone(d time.Duration) string {
	if d == 0 {
		return "<+00>+00"
	}
	sign, opposite := "+", "-" // POSIX counts west of Greenwich as positive
	if d < 0 {
		sign, opposite, d = "-", "+", -d
	}
	h, m := int(d.Hours()), int(d.Minutes())%60
	digits := pad(h)
	if m > 0 {
		digits += ":" + pad(m)
	}
	return "<" + sign + digits + ">" + opposite + digits
}

func pad(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

func checkDateStyle(p *parameter, value string) (string, error) {
	style, order := "ISO", "MDY"
	for _, word := range strings.Split(value, ",") {
		switch w := strings.ToUpper(strings.TrimSpace(word)); {
		case w == "ISO":
			style = "ISO"
		case w == "SQL":
			style = "SQL"
		case strings.HasPrefix(w, "POSTGRES"):
			style = "Postgres"
		case w == "GERMAN":
			style, order = "German", "DMY"
		case w == "YMD":
			order = "YMD"
		case w == "DMY" || strings.HasPrefix(w, "EURO"):
			order = "DMY"
		case w == "MDY" || w == "US" || strings.HasPrefix(w, "NONEURO"):
			order = "MDY"
		case w == "DEFAULT":
		default:
			return "", p.invalid(value).WithDetail("Unrecognized key word: \"%s\".", strings.ToLower(strings.TrimSpace(word)))
		}
	}
	return style + ", " + order, nil
}

// checkEncoding compares names as PostgreSQL does: letters and digits only
// (asyncpg sends 'utf-8' with the quotes).
func checkEncoding(p *parameter, value string) (string, error) {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, value)
	switch clean {
	case "utf8", "unicode":
		return "UTF8", nil
	case "sqlascii":
		return "SQL_ASCII", nil
	}
	if slices.Contains(otherEncodings, clean) {
		return "", sqlstate.Errorf(sqlstate.FeatureNotSupported,
			"conversion between %s and UTF8 is not supported", strings.ToUpper(clean)).
			WithHint("seqd speaks UTF8 only: SET client_encoding TO 'UTF8'.")
	}
	return "", p.invalid(value)
}

var otherEncodings = []string{
	"latin1", "latin2", "latin3", "latin4", "latin5", "latin6", "latin7", "latin8", "latin9", "latin10",
	"iso88591", "iso885915", "win1250", "win1251", "win1252", "win1253", "win1254", "win1255", "win1256", "win1257",
	"win1258", "win866", "win874", "koi8r", "koi8u", "eucjp", "euccn", "euckr", "euctw", "eucjis2004", "sjis",
	"shiftjis2004", "big5", "gbk", "gb18030", "uhc", "johab", "muleinternal",
}

func checkSearchPath(p *parameter, value string) (string, error) {
	if _, err := parser.SplitIdentifierList(value); err != nil {
		return "", p.invalid(value).WithDetail("List syntax is invalid.")
	}
	return value, nil
}

// cleanASCII keeps printable ASCII and puts a question mark for every other byte,
// as PostgreSQL does with names that end up in logs.
func cleanASCII(_ *parameter, value string) (string, error) {
	clean := []byte(value)
	for i, c := range clean {
		if c < ' ' || c > '~' {
			clean[i] = '?'
		}
	}
	return string(clean), nil
}
