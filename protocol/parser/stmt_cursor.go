package parser

import "strconv"

// declareStmt is DECLARE.
func (p *parser) declareStmt() Statement {
	p.want(kwDeclare)
	s := &DeclareCursorStmt{Name: p.colID()}
	o := &s.Options
	for p.tok.kind != kwCursor {
		switch {
		case p.got(kwBinary):
			o.Binary = true
		case p.got(kwScroll):
			o.Scroll = true
		case p.got(kwInsensitive):
			o.Insensitive = true
		case p.got(kwAsensitive):
			o.Asensitive = true
		default:
			p.wants(kwNo, kwScroll)
			o.NoScroll = true
		}
	}
	p.want(kwCursor)
	switch {
	case p.tok.kind == kwWith, p.tok.kind == tokWithLA:
		p.advance()
		p.want(kwHold)
		o.Hold = true
	case p.got(kwWithout):
		p.want(kwHold)
	}
	p.want(kwFor)
	start := p.tok.start
	s.Query = p.selectStmt()
	s.Text = p.src[start:p.prevEnd]
	return s
}

// fetchStmt is FETCH and MOVE.
func (p *parser) fetchStmt() Statement {
	s := &FetchStmt{Move: p.tok.kind == kwMove, Direction: FetchForward, Count: 1}
	p.advance()
	p.fetchArgs(s)
	s.Cursor = p.colID()
	return s
}

// fetchArgs are the words up to the cursor's name. A word of them may be the name
// itself.
func (p *parser) fetchArgs(s *FetchStmt) {
	if next := p.peek(); p.tok.kind.isColID() && (next == tokEOF || next == ';') {
		return
	}
	switch k := p.tok.kind; {
	case k == kwFrom, k == kwIn:
	case k == kwNext, k == kwPrior, k == kwFirst, k == kwLast:
		p.advance()
		switch k {
		case kwPrior:
			s.Direction = FetchBackward
		case kwFirst:
			s.Direction = FetchAbsolute
		case kwLast:
			s.Direction, s.Count = FetchAbsolute, -1
		}
	case k == kwAbsolute, k == kwRelative:
		p.advance()
		s.Direction = FetchRelative
		if k == kwAbsolute {
			s.Direction = FetchAbsolute
		}
		s.Count = p.signedIconst()
	case k == kwForward, k == kwBackward:
		p.advance()
		if k == kwBackward {
			s.Direction = FetchBackward
		}
		if p.got(kwAll) {
			s.Count = FetchAll
		} else if p.startsNumber() {
			s.Count = p.signedIconst()
		}
	case k == kwAll:
		p.advance()
		s.Count = FetchAll
	case p.startsNumber():
		s.Count = p.signedIconst()
	}
	if p.tok.kind == kwFrom || p.tok.kind == kwIn {
		p.advance()
	}
}

// signedIconst is SignedIconst: a number that fits into an int.
func (p *parser) signedIconst() int64 {
	minus := p.got('-')
	if !minus {
		p.got('+')
	}
	n, err := strconv.ParseInt(p.tok.text, 10, 32)
	if p.tok.kind != tokInt || err != nil {
		p.unexpected()
	}
	p.advance()
	if minus {
		n = -n
	}
	return n
}

// closeStmt is CLOSE.
func (p *parser) closeStmt() Statement {
	p.want(kwClose)
	if p.got(kwAll) {
		return &CloseStmt{}
	}
	return &CloseStmt{Name: p.colID()}
}

// lockModes are the words of LOCK's modes.
var lockModes = [][]kind{
	{kwAccess, kwShare}, {kwRow, kwShare}, {kwRow, kwExclusive}, {kwShare, kwUpdate, kwExclusive},
	{kwShare, kwRow, kwExclusive}, {kwShare}, {kwExclusive}, {kwAccess, kwExclusive},
}

// lockStmt is LOCK TABLE.
func (p *parser) lockStmt() Statement {
	p.want(kwLock)
	p.got(kwTable)
	s := &LockStmt{Mode: "ACCESS EXCLUSIVE"}
	p.list(func() { s.Relations = append(s.Relations, p.relationExpr()) })
	if p.got(kwIn) {
		s.Mode = p.lockMode()
		p.want(kwMode)
	}
	s.NoWait = p.got(kwNowait)
	return s
}

// lockMode reads the words up to MODE: the longest beginning of a mode decides
// where an error is.
func (p *parser) lockMode() string {
	words, modes := "", lockModes
	for i := 0; ; i++ {
		var left [][]kind
		done := false
		for _, m := range modes {
			switch {
			case len(m) > i && m[i] == p.tok.kind:
				left = append(left, m)
			case len(m) == i:
				done = true
			}
		}
		if len(left) == 0 {
			if !done {
				p.unexpected()
			}
			return words
		}
		if words != "" {
			words += " "
		}
		words += upper(p.tok.text)
		modes = left
		p.advance()
	}
}

// unlistenStmt is UNLISTEN.
func (p *parser) unlistenStmt() Statement {
	p.want(kwUnlisten)
	if p.got('*') {
		return &UnlistenStmt{}
	}
	return &UnlistenStmt{Channel: p.colID()}
}
