package scalar

import (
	"strings"
	"unicode/utf8"
)

// formatNode is a part of a to_char format: a key word, or text that stands for
// itself.
type formatNode struct {
	key    string // "" for text
	text   string
	fill   bool   // FM: without padding
	suffix string // TH or th
}

// parseFormat cuts a format into key words, the longest that fits first, and text.
// prefixes and suffixes are those that a key word of dates may have.
func parseFormat(s string, keys []string, dates bool) []formatNode {
	var out []formatNode
	for s != "" {
		n := formatNode{}
		if dates {
			for again := true; again; {
				again = false
				for _, p := range []string{"FM", "fm", "TM", "tm"} {
					if strings.HasPrefix(s, p) {
						s, n.fill, again = s[2:], true, true
					}
				}
			}
			if s == "" {
				break
			}
		}
		for _, k := range keys {
			if strings.HasPrefix(s, k) && len(k) > len(n.key) {
				n.key = k
			}
		}
		if n.key != "" {
			s = s[len(n.key):]
			if dates {
				for _, x := range []string{"TH", "th"} {
					if strings.HasPrefix(s, x) {
						n.suffix, s = x, s[2:]
					}
				}
			}
			out = append(out, n)
			continue
		}
		if s[0] == '"' {
			s = s[1:]
			for s != "" && s[0] != '"' {
				if s[0] == '\\' && len(s) > 1 {
					s = s[1:]
				}
				_, size := utf8.DecodeRuneInString(s)
				out = append(out, formatNode{text: s[:size]})
				s = s[size:]
			}
			s = strings.TrimPrefix(s, `"`)
			continue
		}
		if strings.HasPrefix(s, `\"`) {
			s = s[1:]
		}
		_, size := utf8.DecodeRuneInString(s)
		out = append(out, formatNode{text: s[:size]})
		s = s[size:]
	}
	return out
}

// ordinal is the ending of a number's text: 1st, 2nd, 3rd, 4th, 11th.
func ordinal(digits string, upper bool) string {
	th := "th"
	if n := len(digits); n > 0 && (n < 2 || digits[n-2] != '1') {
		switch digits[n-1] {
		case '1':
			th = "st"
		case '2':
			th = "nd"
		case '3':
			th = "rd"
		}
	}
	if upper {
		return strings.ToUpper(th)
	}
	return th
}

// roman is a number from 1 to 3999.
func roman(n int64) string {
	if n < 1 || n > 3999 {
		return strings.Repeat("#", 15)
	}
	var b strings.Builder
	for _, r := range []struct {
		n int64
		s string
	}{
		{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"},
		{10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"},
	} {
		for ; n >= r.n; n -= r.n {
			b.WriteString(r.s)
		}
	}
	return b.String()
}
