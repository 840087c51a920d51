package parser

import "seqd/protocol/sqlstate"

// over is over_clause after OVER: a name or a specification.
func (p *parser) over() *WindowDef {
	if p.tok.kind == '(' {
		w := p.windowSpecification()
		return &w
	}
	w := &WindowDef{Pos: p.tok.pos}
	w.Name = p.colID()
	return w
}

// windowDefinition is an item of WINDOW.
func (p *parser) windowDefinition() WindowDef {
	name := p.colID()
	p.want(kwAs)
	if p.tok.kind != '(' {
		p.unexpected()
	}
	w := p.windowSpecification()
	w.Name = name
	return w
}

// windowSpecification is what stands in OVER (…). PARTITION, RANGE, ROWS and
// GROUPS there are never a window's name.
func (p *parser) windowSpecification() WindowDef {
	outer := p.down()
	w := WindowDef{Pos: p.want('(')}
	switch p.tok.kind {
	case kwPartition, kwRange, kwRows, kwGroups:
	default:
		if p.tok.kind.isColID() {
			w.RefName = p.colID()
		}
	}
	if p.gotWords(kwPartition, kwBy) {
		w.PartitionBy = p.exprList()
	}
	if p.tok.kind == kwOrder {
		w.OrderBy = p.sortClause()
	}
	switch p.tok.kind {
	case kwRange, kwRows, kwGroups:
		w.Frame = p.frame()
	}
	p.want(')')
	p.up(outer)
	return w
}

// boundKind orders the bounds of a frame as the rules about them need.
type boundKind byte

const (
	unboundedPreceding boundKind = iota
	offsetPreceding
	currentRow
	offsetFollowing
	unboundedFollowing
)

// frame is opt_frame_clause.
func (p *parser) frame() *WindowFrame {
	f := &WindowFrame{Mode: "ROWS"}
	switch p.tok.kind {
	case kwRange:
		f.Mode = "RANGE"
	case kwGroups:
		f.Mode = "GROUPS"
	}
	p.advance()
	var start, end boundKind
	var startPos, endPos Pos
	between := p.got(kwBetween)
	if between && p.tok.kind == kwBetween {
		p.unexpected() // the word could be a column here and there: gram.y takes neither
	}
	startPos = p.tok.pos
	start, f.Start = p.frameBound()
	if between {
		p.want(kwAnd)
		endPos = p.tok.pos
		end, f.End = p.frameBound()
	} else {
		end, endPos = currentRow, startPos
		f.End.Current = true
	}
	p.checkFrame(start, end, startPos, endPos, between)
	if p.got(kwExclude) {
		switch {
		case p.gotWords(kwCurrent, kwRow):
			f.Exclude = "CURRENT ROW"
		case p.got(kwGroup):
			f.Exclude = "GROUP"
		case p.got(kwTies):
			f.Exclude = "TIES"
		default:
			p.wants(kwNo, kwOthers)
		}
	}
	return f
}

// checkFrame refuses the frames that make no sense whatever the offsets are.
func (p *parser) checkFrame(start, end boundKind, startPos, endPos Pos, between bool) {
	fail := func(pos Pos, message string) { p.fail(sqlstate.WindowingError, pos, "%s", message) }
	switch {
	case start == unboundedFollowing:
		fail(startPos, "frame start cannot be UNBOUNDED FOLLOWING")
	case !between && start == offsetFollowing:
		fail(startPos, "frame starting from following row cannot end with current row")
	case between && end == unboundedPreceding:
		fail(endPos, "frame end cannot be UNBOUNDED PRECEDING")
	case start == currentRow && end == offsetPreceding:
		fail(endPos, "frame starting from current row cannot have preceding rows")
	case start == offsetFollowing && (end == offsetPreceding || end == currentRow):
		fail(endPos, "frame starting from following row cannot have preceding rows")
	}
}

func (p *parser) frameBound() (boundKind, FrameBound) {
	switch {
	case p.tok.kind == kwUnbounded && (p.peek() == kwPreceding || p.peek() == kwFollowing):
		p.advance()
		if p.got(kwPreceding) {
			return unboundedPreceding, FrameBound{Unbounded: true}
		}
		p.advance()
		return unboundedFollowing, FrameBound{Unbounded: true, Following: true}
	case p.tok.kind == kwCurrent && p.peek() == kwRow:
		p.advance()
		p.advance()
		return currentRow, FrameBound{Current: true}
	}
	offset := p.expr()
	if p.got(kwPreceding) {
		return offsetPreceding, FrameBound{Offset: offset}
	}
	p.want(kwFollowing)
	return offsetFollowing, FrameBound{Offset: offset, Following: true}
}
