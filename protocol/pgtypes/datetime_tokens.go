package pgtypes

import "strings"

// tokenKind is what the look of a token says of it (ParseDateTime's field types).
type tokenKind byte

const (
	numberToken  tokenKind = iota // digits, maybe a point
	dateToken                     // digits and two separators, digits and text, or a zone's name
	timeToken                     // digits and colons
	wordToken                     // letters
	specialToken                  // a sign and letters
	zoneToken                     // a sign and digits
)

// token is a part of a date's, time's or interval's text, in lower case.
type token struct {
	kind tokenKind
	text string
}

// Limits of what is read (MAXDATEFIELDS, MAXDATELEN).
const (
	maxTokens   = 25
	maxDateText = 128
	maxWord     = 10 // letters of a key word that count
)

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return c >= 'a' && c <= 'z' }
func isSpace(c byte) bool { return strings.IndexByte(spaces, c) >= 0 }

// lexer cuts a text, which is in lower case, into tokens.
type lexer struct {
	s  string
	at int
}

func (l *lexer) peek() byte {
	if l.at < len(l.s) {
		return l.s[l.at]
	}
	return 0
}

func (l *lexer) skip(is func(byte) bool) {
	for l.at < len(l.s) && is(l.s[l.at]) {
		l.at++
	}
}

// tokens cuts up a text; false if it has something that no date has.
func tokens(s string) ([]token, bool) {
	l := &lexer{s: strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)}
	var out []token
	size := 0
	for {
		l.skip(func(c byte) bool { return isSpace(c) })
		if l.at == len(l.s) {
			return out, true
		}
		start, c := l.at, l.peek()
		var t token
		switch {
		case isDigit(c):
			t.kind = l.digits()
		case c == '.':
			l.at++
			l.skip(isDigit)
			t.kind = numberToken
		case isAlpha(c):
			t.kind = l.word()
		case c == '+' || c == '-':
			l.at++
			l.skip(isSpace)
			body := l.at
			switch {
			case isDigit(l.peek()):
				t.kind = zoneToken
				l.skip(func(c byte) bool { return isDigit(c) || c == ':' || c == '.' || c == '-' })
			case isAlpha(l.peek()):
				t.kind = specialToken
				l.skip(isAlpha)
			default:
				return nil, false
			}
			t.text = string(c) + l.s[body:l.at]
		case c > ' ' && c < 0x7f: // other punctuation separates
			l.at++
			continue
		default:
			return nil, false
		}
		if t.text == "" {
			t.text = l.s[start:l.at]
		}
		size += len(t.text) + 1
		if len(out) == maxTokens || size > maxDateText {
			return nil, false
		}
		out = append(out, t)
	}
}

// digits reads what begins with a digit: a time, a date, or a number.
func (l *lexer) digits() tokenKind {
	l.skip(isDigit)
	c := l.peek()
	switch c {
	case ':':
		l.skip(func(c byte) bool { return isDigit(c) || c == ':' || c == '.' })
		return timeToken
	case '-', '/', '.':
	default:
		return numberToken
	}
	l.at++
	if !isDigit(l.peek()) { // a month's name
		l.skip(func(x byte) bool { return isDigit(x) || isAlpha(x) || x == c })
		return dateToken
	}
	l.skip(isDigit)
	if l.peek() == c {
		l.skip(func(x byte) bool { return isDigit(x) || x == c })
		return dateToken
	}
	if c == '.' {
		return numberToken
	}
	return dateToken
}

// word reads letters, or a date or the name of a zone that begins with them. A key
// word before a digit or plus is a token of its own.
func (l *lexer) word() tokenKind {
	start := l.at
	l.skip(isAlpha)
	switch c := l.peek(); {
	case c == '-' || c == '/' || c == '.':
	case c == '+' || isDigit(c):
		if _, known := dateWord(l.s[start:l.at]); known {
			return wordToken
		}
	default:
		return wordToken
	}
	l.skip(func(c byte) bool { return isDigit(c) || isAlpha(c) || strings.IndexByte("+-/_.:", c) >= 0 })
	return dateToken
}

// wordKind is what a key word does.
type wordKind byte

const (
	reservedWord wordKind = iota // now, today, epoch …
	monthWord
	weekdayWord
	eraWord
	halfWord // am, pm
	unitWord // the next number's unit: y2001m02d04
	isoTimeWord
	summerWord // dst
	ignoredWord
)

type dateKeyword struct {
	kind  wordKind
	value int64
}

// dateWords are PostgreSQL's key words of dates (datetktbl).
var dateWords = func() map[string]dateKeyword {
	m := map[string]dateKeyword{
		"ad": {eraWord, 0}, "bc": {eraWord, 1}, "am": {halfWord, 0}, "pm": {halfWord, 1},
		"at": {kind: ignoredWord}, "on": {kind: ignoredWord}, "dst": {summerWord, 3600}, "t": {isoTimeWord, 't'},
		"sept": {monthWord, 9}, "tues": {weekdayWord, 2}, "weds": {weekdayWord, 3}, "thur": {weekdayWord, 4}, "thurs": {weekdayWord, 4},
	}
	for i, name := range strings.Fields("january february march april may june july august september october november december") {
		m[name], m[name[:3]] = dateKeyword{monthWord, int64(i + 1)}, dateKeyword{monthWord, int64(i + 1)}
	}
	for i, name := range strings.Fields("sunday monday tuesday wednesday thursday friday saturday") {
		m[name], m[name[:3]] = dateKeyword{weekdayWord, int64(i)}, dateKeyword{weekdayWord, int64(i)}
	}
	for _, name := range strings.Fields("now today tomorrow yesterday epoch infinity -infinity +infinity allballs") {
		m[name] = dateKeyword{kind: reservedWord}
	}
	for name, unit := range map[string]int64{"d": 'd', "h": 'h', "j": 'j', "jd": 'j', "julian": 'j', "m": 'm', "mm": 'n', "s": 's', "y": 'y', "dow": '?', "doy": '?', "isodow": '?', "isoyear": '?'} {
		m[name] = dateKeyword{unitWord, unit}
	}
	return m
}()

func dateWord(s string) (dateKeyword, bool) {
	w, ok := dateWords[s]
	if !ok && len(s) > maxWord { // PostgreSQL compares that many letters
		w, ok = dateWords[s[:maxWord]]
	}
	return w, ok
}
