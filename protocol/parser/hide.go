package parser

import "strings"

// hidden stands in place of a password.
const hidden = "'***'"

// HidePasswords returns a message with the literals after the word PASSWORD replaced, as
// others than its sender may see it. What can't be cut into tokens any more behind that
// word is left out altogether.
func HidePasswords(src string) string {
	if !containsFold(src, "password") {
		return src
	}
	l, err := newLexer(src)
	if err != nil {
		return hidden
	}
	var b strings.Builder
	kept := 0 // src up to here is in b
	after := false
	for {
		t, err := l.next()
		switch {
		case err != nil && after:
			return b.String() + src[kept:t.start] + hidden
		case err != nil || t.kind == tokEOF:
			return b.String() + src[kept:]
		case after && t.kind == tokString:
			b.WriteString(src[kept:t.start] + hidden)
			kept = t.end
		}
		after = t.text == "password" && t.kind != tokString
	}
}

// containsFold tells whether s contains an ASCII word in whatever case.
func containsFold(s, word string) bool {
	for i := 0; i+len(word) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(word)], word) {
			return true
		}
	}
	return false
}
