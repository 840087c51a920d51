package parser

import "seqd/protocol/sqlstate"

// maxOperatorLen is NAMEDATALEN-1.
const maxOperatorLen = 63

// opRun is what is known of a run of operator characters: where it ends (at its
// end, or where a comment starts in it) and where the characters last occur that
// decide whether a trailing + or - belongs to an operator. Known once per run, it
// makes "+-+-+-…" linear.
type opRun struct {
	end         int // offset after the run; valid while the token starts before it
	lastSpecial int // of ~ ! @ # ^ & | ` ? %
	lastOther   int // of anything but + and -
}

// punctuation cuts an operator or a single character.
func (l *lexer) punctuation(t *token) *sqlstate.Error {
	c := l.src[t.start]
	next := l.at(t.start + 1)
	switch {
	case c == ':' && next == ':':
		return l.fixed(t, tokTypecast, 2)
	case c == ':' && next == '=':
		return l.fixed(t, tokColonEquals, 2)
	case c == '.' && next == '.':
		return l.fixed(t, tokDotDot, 2)
	case isOpChar(c):
		return l.operator(t)
	}
	return l.fixed(t, kind(c), 1)
}

func (l *lexer) fixed(t *token, k kind, n int) *sqlstate.Error {
	t.kind, t.end = k, t.start+n
	t.text = l.src[t.start:t.end]
	return nil
}

func (l *lexer) operator(t *token) *sqlstate.Error {
	if t.start >= l.run.end {
		l.scanRun(t.start)
	}
	end := l.run.end
	// An operator may end in + or - only if it has a character that no
	// SQL-standard operator has; else "a=-1" would not mean what it says.
	if c := l.src[end-1]; (c == '+' || c == '-') && l.run.lastSpecial < t.start {
		end = max(t.start+1, l.run.lastOther+1)
	}
	n := end - t.start
	if n == 1 && isSelfChar(l.src[t.start]) {
		return l.fixed(t, kind(l.src[t.start]), 1)
	}
	if n == 2 {
		switch l.src[t.start:end] {
		case "=>":
			return l.fixed(t, tokEqualsGreater, 2)
		case ">=":
			return l.fixed(t, tokGreaterEquals, 2)
		case "<=":
			return l.fixed(t, tokLessEquals, 2)
		case "<>", "!=":
			l.fixed(t, tokNotEquals, 2)
			t.text = "<>"
			return nil
		}
	}
	if n > maxOperatorLen {
		return l.errorAt("operator too long", t.start, end)
	}
	return l.fixed(t, tokOp, n)
}

// scanRun finds the run of operator characters at start.
func (l *lexer) scanRun(start int) {
	r := opRun{lastSpecial: -1, lastOther: -1}
	i := start
	for ; i < len(l.src) && isOpChar(l.src[i]); i++ {
		c := l.src[i]
		if next := l.at(i + 1); i > start && (c == '/' && next == '*' || c == '-' && next == '-') {
			break
		}
		switch c {
		case '+', '-':
		case '~', '!', '@', '#', '^', '&', '|', '`', '?', '%':
			r.lastSpecial, r.lastOther = i, i
		default:
			r.lastOther = i
		}
	}
	r.end = i
	l.run = r
}
