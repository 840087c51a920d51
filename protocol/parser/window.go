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
		start := p.tok.start
		p.frame()
		w.Frame = p.src[start:p.prevEnd]
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
func (p *parser) frame() {
	p.advance()
	var start, end boundKind
	var startPos, endPos Pos
	between := p.got(kwBetween)
	if between && p.tok.kind == kwBetween {
		p.unexpected() // the word could be a column here and there: gram.y takes neither
	}
	startPos = p.tok.pos
	start = p.frameBound()
	if between {
		p.want(kwAnd)
		endPos = p.tok.pos
		end = p.frameBound()
	} else {
		end, endPos = currentRow, startPos
	}
	p.checkFrame(start, end, startPos, endPos, between)
	if p.got(kwExclude) {
		switch {
		case p.gotWords(kwCurrent, kwRow), p.got(kwGroup), p.got(kwTies):
		default:
			p.wants(kwNo, kwOthers)
		}
	}
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

func (p *parser) frameBound() boundKind {
	switch {
	case p.tok.kind == kwUnbounded && (p.peek() == kwPreceding || p.peek() == kwFollowing):
		p.advance()
		if p.got(kwPreceding) {
			return unboundedPreceding
		}
		p.advance()
		return unboundedFollowing
	case p.tok.kind == kwCurrent && p.peek() == kwRow:
		p.advance()
		p.advance()
		return currentRow
	}
	p.expr()
	if p.got(kwPreceding) {
		return offsetPreceding
	}
	p.want(kwFollowing)
	return offsetFollowing
}
