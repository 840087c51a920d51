package scalar

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
	"unicode/utf8"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

func init() {
	match := func(flags string, want bool) Func {
		return func(a []Value) (Value, error) {
			re, err := compile(a[1].Text(), flags)
			if err != nil {
				return Value{}, err
			}
			return boolean(re.MatchString(a[0].Text()) == want)
		}
	}
	for _, t := range []string{"text", "name"} {
		add(map[string]Func{
			t + "regexeq": match("", true), t + "regexne": match("", false),
			t + "icregexeq": match("i", true), t + "icregexne": match("i", false),
		})
	}
	add(map[string]Func{
		"textregexsubstr":                regexSubstr,
		"textregexreplace_noopt":         func(a []Value) (Value, error) { return regexReplace(a, "") },
		"textregexreplace":               func(a []Value) (Value, error) { return regexReplace(a, a[3].Text()) },
		"regexp_match_no_flags":          func(a []Value) (Value, error) { return regexMatch(a, "") },
		"regexp_match":                   func(a []Value) (Value, error) { return regexMatch(a, a[2].Text()) },
		"regexp_split_to_array_no_flags": func(a []Value) (Value, error) { return regexSplit(a, "") },
		"regexp_split_to_array":          func(a []Value) (Value, error) { return regexSplit(a, a[2].Text()) },
		"similar_to_escape_1":            func(a []Value) (Value, error) { return similarPattern(a[0].Text(), `\`) },
		"similar_to_escape_2":            func(a []Value) (Value, error) { return similarPattern(a[0].Text(), a[1].Text()) },
		"similar_escape": func(a []Value) (Value, error) {
			if a[0].IsNull() {
				return Value{}, nil
			}
			esc := `\`
			if !a[1].IsNull() {
				esc = a[1].Text()
			}
			return similarPattern(a[0].Text(), esc)
		},
	})
}

// cache keeps compiled patterns: catalog queries match one pattern against
// thousands of names.
var cache struct {
	sync.Mutex
	m map[string]*regexp.Regexp
}

const cacheSize = 64

// compile translates an advanced regular expression to Go's syntax and compiles it.
func compile(pattern, flags string) (*regexp.Regexp, error) {
	key := flags + "/" + pattern
	cache.Lock()
	re, ok := cache.m[key]
	cache.Unlock()
	if ok {
		return re, nil
	}
	translated, err := translateRegex(pattern)
	if err != nil {
		return nil, err
	}
	mode := "s" // a dot takes newlines too
	for _, f := range flags {
		switch f {
		case 'i':
			mode += "i"
		case 'n', 'm':
			mode = strings.ReplaceAll(mode, "s", "") + "m"
		}
	}
	if mode != "" {
		translated = "(?" + mode + ")" + translated
	}
	if strings.Contains(flags, behind) {
		if translated, err = withoutStart(translated); err != nil {
			return nil, regexError(err)
		}
	}
	re, gerr := regexp.Compile(translated)
	if gerr != nil {
		return nil, regexError(gerr)
	}
	if !strings.Contains(pattern, "*?") && !strings.Contains(pattern, "+?") && !strings.Contains(pattern, "??") && !strings.Contains(pattern, "}?") {
		re.Longest() // POSIX's rule, unless the pattern asks for short matches
	}
	cache.Lock()
	if cache.m == nil || len(cache.m) >= cacheSize {
		cache.m = map[string]*regexp.Regexp{}
	}
	cache.m[key] = re
	cache.Unlock()
	return re, nil
}

func invalidRegex(what string) error {
	return sqlstate.Errorf(sqlstate.InvalidRegularExpression, "invalid regular expression: %s", what)
}

func regexError(err error) error {
	e, ok := err.(*syntax.Error)
	if !ok {
		return invalidRegex(err.Error())
	}
	switch e.Code {
	case syntax.ErrMissingParen, syntax.ErrUnexpectedParen:
		return invalidRegex("parentheses () not balanced")
	case syntax.ErrMissingBracket:
		return invalidRegex("brackets [] not balanced")
	case syntax.ErrMissingRepeatArgument, syntax.ErrInvalidRepeatOp:
		return invalidRegex("quantifier operand invalid")
	case syntax.ErrInvalidRepeatSize:
		return invalidRegex("invalid repetition count(s)")
	case syntax.ErrInvalidCharRange:
		return invalidRegex("invalid character range")
	case syntax.ErrTrailingBackslash:
		return invalidRegex(`invalid escape \ sequence`)
	case syntax.ErrInvalidEscape:
		return invalidRegex(`invalid escape \ sequence`)
	}
	return invalidRegex(e.Code.String())
}

// translateRegex maps what the two dialects spell differently. What Go has no like
// of (back references, look-around) is 0A000.
func translateRegex(p string) (string, error) {
	if rest, ok := strings.CutPrefix(p, "***="); ok {
		return regexp.QuoteMeta(rest), nil
	}
	p = strings.TrimPrefix(p, "***:")
	var b strings.Builder
	inClass := false
	for i := 0; i < len(p); i++ {
		c := p[i]
		switch {
		case c == '\\' && i+1 < len(p):
			n, err := translateEscape(&b, p[i+1:])
			if err != nil {
				return "", err
			}
			i += n
			continue
		case c == '[' && !inClass:
			inClass = true
			b.WriteByte(c)
			if i+1 < len(p) && p[i+1] == '^' {
				b.WriteByte('^')
				i++
			}
			if i+1 < len(p) && p[i+1] == ']' { // a bracket that stands first is literal
				b.WriteString(`\]`)
				i++
			}
			continue
		case c == '[' && i+1 < len(p) && p[i+1] == ':':
			if end := strings.Index(p[i:], ":]"); end > 0 {
				b.WriteString(p[i : i+end+2])
				i += end + 1
				continue
			}
		case c == '[':
			b.WriteString(`\[`)
			continue
		case c == ']' && inClass:
			inClass = false
		case c == '(' && !inClass && i+2 < len(p) && p[i+1] == '?' && strings.IndexByte("=!<", p[i+2]) >= 0:
			return "", unservedRegex("look-around")
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

func unservedRegex(what string) error {
	return sqlstate.Errorf(sqlstate.FeatureNotSupported, "%s in a regular expression is not supported", what)
}

// escapes are PostgreSQL's constraint and character escapes with another spelling in Go.
var escapes = map[byte]string{'m': `\b`, 'M': `\b`, 'y': `\b`, 'Y': `\B`, 'A': `\A`, 'Z': `\z`, 'e': `\x1b`, 'B': `\\`}

// translateEscape writes the escape that starts behind a backslash, and returns
// its length.
func translateEscape(b *strings.Builder, p string) (int, error) {
	if s, ok := escapes[p[0]]; ok {
		b.WriteString(s)
		return 1, nil
	}
	switch {
	case p[0] == 'u':
		if len(p) < 5 {
			return 0, invalidRegex(`invalid escape \ sequence`)
		}
		b.WriteString(`\x{` + p[1:5] + "}")
		return 5, nil
	case p[0] >= '1' && p[0] <= '9':
		return 0, unservedRegex("a back reference")
	case p[0] >= utf8.RuneSelf: // Go escapes ASCII only
		_, n := utf8.DecodeRuneInString(p)
		b.WriteString(p[:n])
		return n, nil
	}
	b.WriteByte('\\')
	b.WriteByte(p[0])
	return 1, nil
}

// regexSubstr gives the first group if there is one, else the whole match.
func regexSubstr(a []Value) (Value, error) {
	re, err := compile(a[1].Text(), "")
	if err != nil {
		return Value{}, err
	}
	m := re.FindStringSubmatchIndex(a[0].Text())
	if m == nil {
		return Value{}, nil
	}
	if len(m) > 2 {
		m = m[2:]
	}
	if m[0] < 0 {
		return Value{}, nil
	}
	return text(a[0].Text()[m[0]:m[1]])
}

func regexFlags(flags string, allowGlobal bool) (global bool, rest string, err error) {
	for _, f := range flags {
		switch f {
		case 'g':
			if !allowGlobal {
				return false, "", sqlstate.Errorf(sqlstate.InvalidParameterValue, `%s does not support the "global" option`, "regexp_match()").
					WithHint("Use the regexp_matches function instead.")
			}
			global = true
		case 'i', 'n', 'm':
			rest += string(f)
		case 'c', 's', 'e', 't':
		default:
			return false, "", sqlstate.Errorf(sqlstate.InvalidParameterValue, `invalid regular expression option: "%c"`, f)
		}
	}
	return global, rest, nil
}

func regexReplace(a []Value, flags string) (Value, error) {
	global, rest, err := regexFlags(flags, true)
	if err != nil {
		return Value{}, err
	}
	re, err := compile(a[1].Text(), rest)
	if err != nil {
		return Value{}, err
	}
	s, n := a[0].Text(), 1
	if global {
		n = -1
	}
	var b strings.Builder
	at := 0
	for _, m := range re.FindAllStringSubmatchIndex(s, n) {
		b.WriteString(s[at:m[0]])
		expand(&b, a[2].Text(), s, m)
		at = m[1]
		if b.Len() > maxText {
			return Value{}, tooLong
		}
	}
	b.WriteString(s[at:])
	return text(b.String())
}

// expand writes a replacement: \1 … \9 are groups, \& the match, \\ a backslash.
func expand(b *strings.Builder, with, s string, m []int) {
	for i := 0; i < len(with); i++ {
		if with[i] != '\\' || i+1 == len(with) {
			b.WriteByte(with[i])
			continue
		}
		i++
		switch c := with[i]; {
		case c >= '1' && c <= '9':
			if g := 2 * int(c-'0'); g < len(m) && m[g] >= 0 {
				b.WriteString(s[m[g]:m[g+1]])
			}
		case c == '&':
			b.WriteString(s[m[0]:m[1]])
		case c == '\\':
			b.WriteByte('\\')
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
}

// groups are a match's groups as a text array, or the match if it has none.
func groups(s string, m []int) Value {
	if len(m) > 2 {
		m = m[2:]
	}
	var elems []Value
	for i := 0; i < len(m); i += 2 {
		if m[i] < 0 {
			elems = append(elems, Value{})
		} else {
			elems = append(elems, pgtypes.NewText(s[m[i]:m[i+1]]))
		}
	}
	return pgtypes.List(pgtypes.Text, elems)
}

func regexMatch(a []Value, flags string) (Value, error) {
	_, rest, err := regexFlags(flags, false)
	if err != nil {
		return Value{}, err
	}
	re, err := compile(a[1].Text(), rest)
	if err != nil {
		return Value{}, err
	}
	m := re.FindStringSubmatchIndex(a[0].Text())
	if m == nil {
		return Value{}, nil
	}
	return groups(a[0].Text(), m), nil
}

// RegexMatches are the results of regexp_matches: one row for each match, the
// first only without flag g.
func RegexMatches(s, pattern, flags string) ([]Value, error) {
	global, rest, err := regexFlags(flags, true)
	if err != nil {
		return nil, err
	}
	re, err := compile(pattern, rest)
	if err != nil {
		return nil, err
	}
	n := 1
	if global {
		n = -1
	}
	var out []Value
	for _, m := range re.FindAllStringSubmatchIndex(s, n) {
		out = append(out, groups(s, m))
	}
	return out, nil
}

func regexSplit(a []Value, flags string) (Value, error) {
	_, rest, err := regexFlags(flags, true)
	if err != nil {
		return Value{}, err
	}
	re, err := compile(a[1].Text(), rest)
	if err != nil {
		return Value{}, err
	}
	var elems []Value
	for _, p := range re.Split(a[0].Text(), -1) {
		elems = append(elems, pgtypes.NewText(p))
	}
	return pgtypes.List(pgtypes.Text, elems), nil
}

// similarPattern is SIMILAR TO's pattern as a regular expression over the whole text.
func similarPattern(p, esc string) (Value, error) {
	if utf8.RuneCountInString(esc) > 1 {
		return Value{}, sqlstate.New(sqlstate.InvalidEscapeSequence, "invalid escape string").
			WithHint("Escape string must be empty or one character.")
	}
	var b strings.Builder
	b.WriteString("^(?:")
	escaped, inClass := false, false
	for _, r := range p {
		switch {
		case escaped:
			b.WriteByte('\\')
			b.WriteRune(r)
			escaped = false
		case esc != "" && string(r) == esc:
			escaped = true
		case inClass:
			if r == '\\' {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
			inClass = r != ']'
		case r == '[':
			inClass = true
			b.WriteRune(r)
		case r == '%':
			b.WriteString(".*")
		case r == '_':
			b.WriteByte('.')
		case r == '(':
			b.WriteString("(?:")
		case r == '\\' || r == '.' || r == '^' || r == '$':
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteString(")$")
	return text(b.String())
}
