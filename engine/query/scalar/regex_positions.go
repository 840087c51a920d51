package scalar

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// The functions of regular expressions that PostgreSQL 15 has new: they count matches
// from a start, and tell where one is.
func init() {
	for _, suffix := range []string{"", "_no_flags", "_no_start", "_no_n", "_no_endoption", "_no_subexpr"} {
		add(map[string]Func{
			"regexp_count" + suffix:  regexCount,
			"regexp_instr" + suffix:  regexInstr,
			"regexp_like" + suffix:   regexLike,
			"regexp_substr" + suffix: regexSubstrOf,
		})
	}
	for _, suffix := range []string{"", "_no_flags", "_no_n"} {
		add(map[string]Func{"textregexreplace_extended" + suffix: regexReplaceOf})
	}
}

// intArg is an optional argument that has a least value.
func intArg(a []Value, i int, name string, otherwise, least int64) (int64, error) {
	if i >= len(a) {
		return otherwise, nil
	}
	n := a[i].Int()
	if n < least || name == "endoption" && n > 1 {
		return 0, sqlstate.Errorf(sqlstate.InvalidParameterValue, `invalid value for parameter "%s": %d`, name, n)
	}
	return n, nil
}

// compileFor compiles a pattern with flags of which none may be g.
func compileFor(function string, a []Value, flagsAt int, start int64) (*regexp.Regexp, error) {
	flags := ""
	if flagsAt < len(a) {
		flags = a[flagsAt].Text()
	}
	global, rest, err := regexFlags(flags, true)
	if err != nil {
		return nil, err
	}
	if global {
		return nil, sqlstate.Errorf(sqlstate.InvalidParameterValue, `%s does not support the "global" option`, function)
	}
	return compile(a[1].Text(), rest+behindStart(start))
}

// offset is where the n-th character begins.
func offset(s string, n int64) int {
	at := 0
	for ; n > 1 && at < len(s); n-- {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return at
}

func position(s string, at int) int64 { return int64(utf8.RuneCountInString(s[:at])) + 1 }

// nthMatch is a match's indexes in the whole text, nil if there are not so many.
func nthMatch(re *regexp.Regexp, s string, start, n int64) []int {
	from := offset(s, start)
	if start > int64(utf8.RuneCountInString(s))+1 {
		return nil
	}
	all := re.FindAllStringSubmatchIndex(s[from:], int(min(n, 1<<30)))
	if int64(len(all)) < n {
		return nil
	}
	m := all[n-1]
	for i := range m {
		if m[i] >= 0 {
			m[i] += from
		}
	}
	return m
}

func regexCount(a []Value) (Value, error) {
	start, err := intArg(a, 2, "start", 1, 1)
	if err != nil {
		return Value{}, err
	}
	re, err := compileFor("regexp_count()", a, 3, start)
	if err != nil {
		return Value{}, err
	}
	s := a[0].Text()
	if start > int64(utf8.RuneCountInString(s))+1 {
		return pgtypes.NewInt(0), nil
	}
	return pgtypes.NewInt(int64(len(re.FindAllStringIndex(s[offset(s, start):], -1)))), nil
}

func regexLike(a []Value) (Value, error) {
	re, err := compileFor("regexp_like()", a, 2, 1)
	if err != nil {
		return Value{}, err
	}
	return boolean(re.MatchString(a[0].Text()))
}

func regexInstr(a []Value) (Value, error) {
	group, end, err := groupOf("regexp_instr()", a, 5)
	if err != nil {
		return Value{}, err
	}
	if group == nil {
		return pgtypes.NewInt(0), nil
	}
	return pgtypes.NewInt(position(a[0].Text(), group[end])), nil
}

func regexSubstrOf(a []Value) (Value, error) {
	group, _, err := groupOf("regexp_substr()", a, 4)
	if err != nil || group == nil {
		return Value{}, err
	}
	return pgtypes.NewText(a[0].Text()[group[0]:group[1]]), nil
}

// groupOf is where a group of the n-th match begins and ends, nil if there is none. The
// start and n are the arguments 2 and 3, the group's number follows the flags; between
// stands the endoption, if the function has one.
func groupOf(function string, a []Value, flagsAt int) (group []int, end int64, err error) {
	start, err := intArg(a, 2, "start", 1, 1)
	if err != nil {
		return nil, 0, err
	}
	n, err := intArg(a, 3, "n", 1, 1)
	if err != nil {
		return nil, 0, err
	}
	if flagsAt > 4 {
		if end, err = intArg(a, 4, "endoption", 0, 0); err != nil {
			return nil, 0, err
		}
	}
	sub, err := intArg(a, flagsAt+1, "subexpr", 0, 0)
	if err != nil {
		return nil, 0, err
	}
	re, err := compileFor(function, a, flagsAt, start)
	if err != nil {
		return nil, 0, err
	}
	m := nthMatch(re, a[0].Text(), start, n)
	if m == nil || int(sub)*2 >= len(m) || m[sub*2] < 0 {
		return nil, end, nil
	}
	return m[sub*2 : sub*2+2], end, nil
}

// regexReplaceOf replaces the n-th match from a start on, all of them for n 0.
func regexReplaceOf(a []Value) (Value, error) {
	start, err := intArg(a, 3, "start", 1, 1)
	if err != nil {
		return Value{}, err
	}
	n, err := intArg(a, 4, "n", 1, 0)
	if err != nil {
		return Value{}, err
	}
	flags := ""
	if len(a) > 5 {
		flags = a[5].Text()
	}
	global, rest, err := regexFlags(flags, true)
	if err != nil {
		return Value{}, err
	}
	if global && len(a) < 5 {
		n = 0
	}
	re, err := compile(a[1].Text(), rest+behindStart(start))
	if err != nil {
		return Value{}, err
	}
	s, with := a[0].Text(), a[2].Text()
	if start > int64(utf8.RuneCountInString(s))+1 {
		return a[0], nil
	}
	from := offset(s, start)
	var b strings.Builder
	b.WriteString(s[:from])
	s = s[from:]
	at := 0
	for i, m := range re.FindAllStringSubmatchIndex(s, -1) {
		if n > 0 && int64(i+1) != n {
			continue
		}
		b.WriteString(s[at:m[0]])
		expand(&b, with, s, m)
		at = m[1]
		if b.Len() > maxText {
			return Value{}, tooLong
		}
	}
	b.WriteString(s[at:])
	return pgtypes.NewText(b.String()), nil
}
