package parser

import (
	"strconv"

	"seqd/protocol/sqlstate"
)

// setStmt is SET.
func (p *parser) setStmt() Statement {
	s := &VariableSetStmt{}
	p.want(kwSet)
	scoped := (p.tok.kind == kwLocal || p.tok.kind == kwSession) && !p.namesVariable()
	if scoped {
		s.Local = p.tok.kind == kwLocal
		p.advance()
		if !s.Local && p.startsSession() {
			s.Pos = p.tok.pos
			p.setSession(s)
			return s
		}
	}
	if s.Pos = p.tok.pos; p.tok.kind == kwConstraints && !scoped && !p.namesVariable() {
		return p.setConstraints(s.Pos)
	}
	p.setRest(s)
	return s
}

// setRest is set_rest.
func (p *parser) setRest(s *VariableSetStmt) {
	switch k := p.tok.kind; {
	case p.namesVariable():
		p.setGeneric(s)
	case k == kwTransaction:
		p.setTransaction(s)
	case k == kwSession:
		p.advance()
		p.setSession(s)
	case k == kwTime:
		p.advance()
		p.want(kwZone)
		s.Name = "timezone"
		p.zoneValue(s)
	case k == kwCatalog:
		p.advance()
		pos := p.tok.pos
		p.sconst()
		p.fail(sqlstate.FeatureNotSupported, pos, "current database cannot be changed")
	case k == kwSchema:
		p.advance()
		s.Name = "search_path"
		s.Values = []Expr{p.stringConst()}
	case k == kwNames:
		p.advance()
		s.Name = "client_encoding"
		if p.tok.kind == tokString {
			s.Values = []Expr{p.stringConst()}
		} else {
			p.got(kwDefault)
			s.Default = true
		}
	case k == kwRole:
		p.advance()
		s.Name = "role"
		s.Values = []Expr{p.wordConst()}
	case k == kwXml:
		p.advance()
		p.want(kwOption)
		s.Name = "xmloption"
		word := &Const{Kind: ConstString, Text: upper(p.tok.text), Pos: 0}
		if !p.got(kwDocument) {
			p.want(kwContent)
		}
		s.Values = []Expr{word}
	default:
		p.setGeneric(s)
	}
}

// setConstraints is SET CONSTRAINTS: there are no constraints to set.
func (p *parser) setConstraints(pos Pos) Statement {
	p.advance()
	if !p.got(kwAll) {
		p.list(func() { p.qualifiedName() })
	}
	if !p.got(kwDeferred) {
		p.want(kwImmediate)
	}
	return &UnservedStmt{Tag: "SET CONSTRAINTS", Pos: pos}
}

// namesVariable tells whether the word in hand is a variable's name, though it
// may be one that starts a special form: what follows a name decides.
func (p *parser) namesVariable() bool {
	if !p.tok.kind.isColID() {
		return false
	}
	switch p.peek() {
	case kwTo, '=', '.', kwFrom:
		return true
	}
	return false
}

// varName is var_name: words with dots.
func (p *parser) varName() string {
	name := p.colID()
	for p.got('.') {
		name += "." + p.colID()
	}
	return name
}

// setGeneric is name TO values, name = values, name FROM CURRENT.
func (p *parser) setGeneric(s *VariableSetStmt) {
	s.Name = p.varName()
	if p.gotWords(kwFrom, kwCurrent) {
		s.FromCurrent = true
		return
	}
	if !p.got('=') {
		p.want(kwTo)
	}
	if p.got(kwDefault) {
		s.Default = true
		return
	}
	p.list(func() { s.Values = append(s.Values, p.varValue()) })
}

// varValue is var_value: a word, a string or a number.
func (p *parser) varValue() Expr {
	pos := p.tok.pos
	switch p.tok.kind {
	case tokInt, tokFloat, '+', '-':
		text, k := p.signedNumber()
		c := &Const{Kind: ConstFloat, Text: text, Pos: pos}
		if k == tokInt {
			c.Kind = ConstInt
		}
		return c
	case kwTrue, kwFalse, kwOn:
		c := &Const{Kind: ConstString, Text: p.tok.text, Pos: pos}
		p.advance()
		return c
	}
	return p.wordConst()
}

// wordConst is NonReservedWord_or_Sconst as a string.
func (p *parser) wordConst() Expr {
	c := &Const{Kind: ConstString, Pos: p.tok.pos}
	c.Text = p.nonReservedWordOrString()
	return c
}

// setTransaction is SET TRANSACTION modes, or SNAPSHOT.
func (p *parser) setTransaction(s *VariableSetStmt) {
	p.advance()
	if p.got(kwSnapshot) {
		s.Name = "TRANSACTION SNAPSHOT"
		s.Values = []Expr{p.stringConst()}
		return
	}
	s.Name = "TRANSACTION"
	s.Modes = p.transactionModes(true)
}

// startsSession tells the words after SET SESSION with which SESSION is part of
// the setting and not its scope.
func (p *parser) startsSession() bool {
	return p.tok.kind == kwAuthorization || p.tok.kind == kwCharacteristics && !p.namesVariable()
}

// setSession is SET SESSION CHARACTERISTICS and SET SESSION AUTHORIZATION after SESSION.
func (p *parser) setSession(s *VariableSetStmt) {
	if p.gotWords(kwCharacteristics, kwAs, kwTransaction) {
		s.Name = "SESSION CHARACTERISTICS"
		s.Modes = p.transactionModes(true)
		return
	}
	p.want(kwAuthorization)
	s.Name = "session_authorization"
	if p.got(kwDefault) {
		s.Default = true
		return
	}
	s.Values = []Expr{p.wordConst()}
}

// zoneValue is zone_value.
func (p *parser) zoneValue(s *VariableSetStmt) {
	pos := p.tok.pos
	switch p.tok.kind {
	case kwDefault, kwLocal:
		p.advance()
		s.Default = true
	case tokString, tokIdent:
		s.Values = []Expr{&Const{Kind: ConstString, Text: p.tok.text, Pos: pos}}
		p.advance()
	case kwInterval:
		s.Values = []Expr{p.zoneInterval(pos)}
	default:
		if !p.startsNumber() {
			p.unexpected()
		}
		s.Values = []Expr{p.varValue()}
	}
}

// zoneInterval is INTERVAL '…' with fields that make sense for a time zone.
func (p *parser) zoneInterval(pos Pos) Expr {
	t, _ := p.keywordType()
	c := p.stringConst()
	if t.Typmods == nil {
		fieldPos := p.tok.pos
		if t.Typmods = p.intervalFields(); t.Typmods != nil {
			mask, _ := strconv.Atoi(t.Typmods[0].(*Const).Text)
			if mask&^(intervalHour|intervalMinute) != 0 {
				p.fail(sqlstate.SyntaxError, fieldPos, "time zone interval must be HOUR or HOUR TO MINUTE")
			}
		}
	}
	return &TypeCast{Arg: c, Type: t, Pos: pos}
}

// resetStmt is RESET.
func (p *parser) resetStmt() Statement {
	p.want(kwReset)
	s := &VariableSetStmt{Reset: true, Pos: p.tok.pos}
	if p.got(kwAll) {
		s.All = true
		return s
	}
	s.Default = true
	s.Name = p.settingName()
	return s
}

// showStmt is SHOW.
func (p *parser) showStmt() Statement {
	p.want(kwShow)
	if p.got(kwAll) {
		return &VariableShowStmt{Name: "all"}
	}
	return &VariableShowStmt{Name: p.settingName()}
}

// settingName is a variable's name, or the words that stand for one.
func (p *parser) settingName() string {
	switch next := p.peek(); {
	case p.tok.kind == kwTime && next == kwZone:
		p.advance()
		p.advance()
		return "timezone"
	case p.tok.kind == kwTransaction && next == kwIsolation:
		p.advance()
		p.wants(kwIsolation, kwLevel)
		return "transaction_isolation"
	case p.tok.kind == kwSession && next == kwAuthorization:
		p.advance()
		p.advance()
		return "session_authorization"
	}
	return p.varName()
}

// discardStmt is DISCARD.
func (p *parser) discardStmt() Statement {
	p.want(kwDiscard)
	s := &DiscardStmt{}
	switch p.tok.kind {
	case kwAll:
		s.Target = DiscardAll
	case kwTemp, kwTemporary:
		s.Target = DiscardTemp
	case kwPlans:
		s.Target = DiscardPlans
	case kwSequences:
		s.Target = DiscardSequences
	default:
		p.unexpected()
	}
	p.advance()
	return s
}
