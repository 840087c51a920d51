package parser

import "seqd/protocol/sqlstate"

// createSequence is CREATE SEQUENCE from SEQUENCE on.
func (p *parser) createSequence(s *CreateSequenceStmt) Statement {
	p.want(kwSequence)
	if s.IfNotExists = p.tok.kind == kwIf && p.peek() == kwNot; s.IfNotExists {
		p.wants(kwIf, kwNot, kwExists)
	}
	s.Name = p.qualifiedName()
	for {
		opt, ok := p.seqOption()
		if !ok {
			return s
		}
		s.Options = append(s.Options, opt)
	}
}

// seqOption is SeqOptElem.
func (p *parser) seqOption() (SeqOption, bool) {
	o := SeqOption{Pos: p.tok.pos}
	k := p.tok.kind
	kind, ok := seqOptionKinds[k]
	if !ok {
		return o, false
	}
	o.Kind = kind
	p.advance()
	switch k {
	case kwAs:
		outer := p.down()
		t := p.simpleTypeName()
		p.up(outer)
		o.Type = &t
	case kwCache, kwMaxvalue, kwMinvalue:
		o.Value, _ = p.signedNumber()
	case kwIncrement:
		p.got(kwBy)
		o.Value, _ = p.signedNumber()
	case kwStart:
		p.gotWith()
		o.Value, _ = p.signedNumber()
	case kwRestart:
		if p.gotWith() || p.startsNumber() {
			o.Value, _ = p.signedNumber()
		}
	case kwCycle:
		o.Bool = true
	case kwNo:
		o.Kind = noSeqOptions[p.tok.kind]
		if o.Kind == 0 {
			p.unexpected()
		}
		o.Bool = o.Kind != SeqCycle
		p.advance()
	case kwOwned:
		p.want(kwBy)
		o.Name = p.anyName()
	case kwSequence:
		p.want(kwName)
		o.Name = p.anyName()
	}
	return o, true
}

var seqOptionKinds = map[kind]SeqOptionKind{
	kwAs: SeqAs, kwCache: SeqCache, kwCycle: SeqCycle, kwIncrement: SeqIncrement, kwLogged: SeqLogged,
	kwMaxvalue: SeqMaxValue, kwMinvalue: SeqMinValue, kwOwned: SeqOwnedBy, kwSequence: SeqName,
	kwStart: SeqStart, kwRestart: SeqRestart, kwUnlogged: SeqUnlogged, kwNo: SeqCycle,
}

// noSeqOptions are the options that NO may precede.
var noSeqOptions = map[kind]SeqOptionKind{kwCycle: SeqCycle, kwMaxvalue: SeqMaxValue, kwMinvalue: SeqMinValue}

// gotWith is opt_with: any WITH, whatever the next word makes of it.
func (p *parser) gotWith() bool { return p.got(kwWith) || p.got(tokWithLA) }

func (p *parser) startsNumber() bool {
	switch p.tok.kind {
	case tokInt, tokFloat, '+', '-':
		return true
	}
	return false
}

// createStmt tells CREATE SEQUENCE from the statements that are not served.
func (p *parser) createStmt() Statement {
	s := &CreateSequenceStmt{Persistence: Permanent}
	u := p.startUnserved()
	p.advance()
	switch p.tok.kind {
	case kwTemp, kwTemporary:
		s.Persistence = Temporary
	case kwLocal, kwGlobal:
		s.Persistence = Temporary
		if s.Global = p.tok.kind == kwGlobal; s.Global {
			s.GlobalPos = p.tok.pos
		}
		u.step(p)
		if p.tok.kind != kwTemp && p.tok.kind != kwTemporary {
			p.unexpected()
		}
		if s.Global {
			p.warnGlobal(s.GlobalPos)
		}
	case kwUnlogged:
		s.Persistence = Unlogged
	case kwSequence:
		return p.createSequence(s)
	case kwTable:
		return p.createTable(Permanent, u.pos)
	case kwUnique:
		p.advance()
		return p.createIndex(true)
	case kwIndex:
		return p.createIndex(false)
	case kwSchema:
		return p.createSchema()
	case kwDatabase:
		return p.createDatabase()
	case kwRole, kwGroup:
		return p.createRole()
	case kwUser:
		if p.peek() != kwMapping {
			return p.createRole()
		}
		return u.finish(p)
	default:
		return u.finish(p)
	}
	u.step(p)
	switch p.tok.kind {
	case kwSequence:
		return p.createSequence(s)
	case kwTable:
		return p.createTable(s.Persistence, u.pos)
	}
	return u.finish(p)
}

// warnGlobal: GLOBAL means nothing, and PostgreSQL's grammar says so.
func (p *parser) warnGlobal(pos Pos) {
	p.notices = append(p.notices, sqlstate.Warningf(sqlstate.Warning,
		"GLOBAL is deprecated in temporary table creation").At(int(pos)))
}
