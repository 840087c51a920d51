package scalar

import (
	"strings"
	"unicode/utf8"

	"seqd/protocol/sqlstate"
)

func init() {
	match := func(fold, want bool) Func {
		return func(a []Value) (Value, error) {
			s, p := a[0].Text(), a[1].Text()
			if fold {
				s, p = asciiMap(s, 'A', 'Z', 'a'-'A'), asciiMap(p, 'A', 'Z', 'a'-'A')
			}
			ok, err := like(s, p)
			if err != nil {
				return Value{}, err
			}
			return boolean(ok == want)
		}
	}
	for _, t := range []string{"text", "name", "bytea"} {
		add(map[string]Func{
			t + "like": match(false, true), t + "nlike": match(false, false),
			t + "iclike": match(true, true), t + "icnlike": match(true, false),
		})
	}
	add(map[string]Func{"like_escape": func(a []Value) (Value, error) {
		p, err := likeEscape(a[0].Text(), a[1].Text())
		if err != nil {
			return Value{}, err
		}
		return text(p)
	}})
}

// like matches % and _, with a backslash before a character taken literally. Back
// tracking goes to the last % only: linear in the text for each % in the pattern.
func like(s, p string) (bool, error) {
	star, starText := -1, 0
	i, j := 0, 0
	for {
		if j < len(p) {
			switch p[j] {
			case '%':
				star, starText = j, i
				j++
				continue
			case '_':
				if i < len(s) {
					_, n := utf8.DecodeRuneInString(s[i:])
					i += n
					j++
					continue
				}
			case '\\':
				if j+1 >= len(p) {
					if i >= len(s) && star < 0 {
						return false, nil
					}
					return false, sqlstate.New(sqlstate.InvalidEscapeSequence, "LIKE pattern must not end with escape character")
				}
				if i < len(s) && s[i] == p[j+1] {
					i++
					j += 2
					continue
				}
			default:
				if i < len(s) && s[i] == p[j] {
					i++
					j++
					continue
				}
			}
		} else if i == len(s) {
			return true, nil
		}
		if star < 0 || starText >= len(s) {
			return false, nil
		}
		_, n := utf8.DecodeRuneInString(s[starText:])
		starText += n
		i, j = starText, star+1
	}
}

// likeEscape rewrites a pattern with another escape character to one with
// backslashes.
func likeEscape(p, esc string) (string, error) {
	if utf8.RuneCountInString(esc) > 1 {
		return "", sqlstate.New(sqlstate.InvalidEscapeSequence, "invalid escape string").
			WithHint("Escape string must be empty or one character.")
	}
	if esc == `\` {
		return p, nil
	}
	var b strings.Builder
	escaped := false
	for _, r := range p {
		switch {
		case escaped:
			b.WriteByte('\\')
			b.WriteRune(r)
			escaped = false
		case esc != "" && string(r) == esc:
			escaped = true
		case r == '\\':
			b.WriteString(`\\`)
		default:
			b.WriteRune(r)
		}
	}
	if escaped {
		b.WriteByte('\\')
	}
	return b.String(), nil
}
