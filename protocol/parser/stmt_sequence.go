package parser

import "strings"

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
		p.got(kwWith)
		o.Value, _ = p.signedNumber()
	case kwRestart:
		if p.got(kwWith) || p.startsNumber() {
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
		s.Global, s.GlobalPos = p.tok.kind == kwGlobal, p.tok.pos
		u.step(p)
		if p.tok.kind != kwTemp && p.tok.kind != kwTemporary {
			p.unexpected()
		}
	case kwUnlogged:
		s.Persistence = Unlogged
	case kwSequence:
		return p.createSequence(s)
	default:
		return u.finish(p)
	}
	if !s.Global {
		s.GlobalPos = 0
	}
	u.step(p)
	if p.tok.kind == kwSequence {
		return p.createSequence(s)
	}
	return u.finish(p)
}

// dropObjects are the relations whose DROP is served.
var dropObjects = map[kind]ObjectType{
	kwSequence: ObjectSequence, kwTable: ObjectTable, kwView: ObjectView, kwIndex: ObjectIndex,
}

// dropStmt is DROP of relations; other DROPs are not served.
func (p *parser) dropStmt() Statement {
	u := p.startUnserved()
	p.advance()
	object, ok := dropObjects[p.tok.kind]
	if !ok || p.tok.kind == kwIndex && p.peek() == kwConcurrently {
		return u.finish(p)
	}
	s := &DropStmt{Object: object}
	p.advance()
	s.IfExists = p.ifExists()
	p.list(func() { s.Names = append(s.Names, p.anyNameRelation()) })
	if p.got(kwCascade) {
		s.Behavior = Cascade
	} else {
		p.got(kwRestrict)
	}
	return s
}

// alterObjects are the relations whose common ALTER forms are served.
var alterObjects = map[kind]ObjectType{
	kwSequence: ObjectSequence, kwTable: ObjectTable, kwView: ObjectView, kwIndex: ObjectIndex,
}

// alterStmt is ALTER of a relation: sequence options, RENAME TO, OWNER TO, SET
// SCHEMA, SET [UN]LOGGED. Everything else that ALTER can do is not served.
func (p *parser) alterStmt() Statement {
	u := p.startUnserved()
	p.advance()
	object, ok := alterObjects[p.tok.kind]
	if !ok {
		return u.finish(p)
	}
	if object == ObjectTable || object == ObjectIndex {
		if p.peek() == kwAll { // ALL IN TABLESPACE
			return u.finish(p)
		}
	}
	tag := "ALTER " + strings.ToUpper(string(object))
	u.step(p)
	ifExists := p.ifExists()
	var name RangeVar
	if object == ObjectTable {
		name = p.relationExpr()
	} else {
		name = p.qualifiedName()
	}
	if s := p.alterRelation(object, ifExists, name); s != nil {
		return s
	}
	if object == ObjectSequence {
		s := &AlterSequenceStmt{IfExists: ifExists, Name: name}
		for {
			opt, ok := p.seqOption()
			if !ok {
				break
			}
			s.Options = append(s.Options, opt)
		}
		if s.Options != nil {
			return s
		}
	}
	return p.alterRest(tag, u.pos)
}

// alterRelation reads the forms that all relations share; nil if none comes.
func (p *parser) alterRelation(object ObjectType, ifExists bool, name RangeVar) Statement {
	switch {
	case p.tok.kind == kwRename && p.peek() == kwTo:
		p.advance()
		p.advance()
		return &RenameStmt{Object: object, IfExists: ifExists, Name: name, NewName: p.colID()}
	case p.tok.kind == kwOwner:
		p.advance()
		p.want(kwTo)
		owner := p.roleSpec()
		if p.tok.kind != ',' {
			return &AlterOwnerStmt{Object: object, IfExists: ifExists, Name: name, Owner: owner}
		}
	case p.tok.kind == kwSet && p.peek() == kwSchema && object != ObjectIndex:
		p.advance()
		p.advance()
		return &AlterObjectSchemaStmt{Object: object, IfExists: ifExists, Name: name, NewSchema: p.colID()}
	case p.tok.kind == kwSet && (p.peek() == kwLogged || p.peek() == kwUnlogged):
		p.advance()
		s := &AlterPersistenceStmt{Object: object, IfExists: ifExists, Name: name, Persistence: Permanent}
		if p.tok.kind == kwUnlogged {
			s.Persistence = Unlogged
		}
		p.advance()
		if p.tok.kind != ',' {
			return s
		}
	}
	return nil
}

// alterCommands are the words that start another command of ALTER TABLE
// (alter_table_cmd), or after a comma one of those above.
var alterCommands = map[kind]bool{
	kwAdd: true, kwAlter: true, kwDrop: true, kwValidate: true, kwSet: true, kwReset: true, kwRename: true,
	kwCluster: true, kwEnable: true, kwDisable: true, kwInherit: true, kwNo: true, kwOf: true, kwNot: true,
	kwOwner: true, kwForce: true, kwReplica: true, kwOptions: true, kwAttach: true, kwDetach: true, kwDepends: true,
	',': true,
}

// alterRest skips an ALTER that is not served.
func (p *parser) alterRest(tag string, pos Pos) Statement {
	if !alterCommands[p.tok.kind] {
		p.unexpected()
	}
	p.advance()
	if p.tok.kind == tokEOF || p.tok.kind == ';' {
		p.unexpected()
	}
	p.skipStatement(false)
	return &UnservedStmt{Tag: tag, Pos: pos}
}
