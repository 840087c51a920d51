package parser

import "strings"

// alterObjects are the relations whose common ALTER forms are served.
var alterObjects = map[kind]ObjectType{
	kwSequence: ObjectSequence, kwTable: ObjectTable, kwView: ObjectView, kwIndex: ObjectIndex,
}

// alterStmt is ALTER of a relation, or of what alterNamed has. Everything else that
// ALTER can do is not served.
func (p *parser) alterStmt() Statement {
	u := p.startUnserved()
	p.advance()
	object, ok := alterObjects[p.tok.kind]
	if !ok {
		if s := p.alterNamed(); s != nil {
			return s
		}
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
		if s := p.alterSequence(ifExists, name); s != nil {
			return s
		}
	}
	switch k := p.tok.kind; {
	case (k == kwAttach || k == kwDetach) && (object == ObjectTable || object == ObjectIndex),
		(k == kwDepends || k == kwNo && p.peek() == kwDepends) && object == ObjectIndex:
		return p.alterRest(tag, u.pos)
	}
	return p.alterTable(object, ifExists, name)
}

// alterSequence is ALTER SEQUENCE with options; nil if none comes.
func (p *parser) alterSequence(ifExists bool, name RangeVar) Statement {
	s := &AlterSequenceStmt{IfExists: ifExists, Name: name}
	for {
		opt, ok := p.seqOption()
		if !ok {
			break
		}
		s.Options = append(s.Options, opt)
	}
	if s.Options == nil {
		return nil
	}
	return s
}

// alterNamed is ALTER of what is no relation; nil if it is not served.
func (p *parser) alterNamed() Statement {
	switch p.tok.kind {
	case kwSchema:
		return p.alterSchema()
	case kwDatabase:
		return p.alterDatabase()
	case kwRole:
		return p.alterRole()
	case kwUser:
		if p.peek() != kwMapping {
			return p.alterRole()
		}
	case kwGroup:
		return p.alterGroup()
	case kwDefault:
		return p.alterDefaultPrivileges()
	}
	return nil
}

// alterRelation reads the forms that all relations share; nil if none comes.
func (p *parser) alterRelation(object ObjectType, ifExists bool, name RangeVar) Statement {
	switch {
	case p.tok.kind == kwRename && (p.peek() == kwTo || object == ObjectSequence || object == ObjectIndex):
		p.advance()
		p.want(kwTo)
		return &RenameStmt{Object: object, IfExists: ifExists, Name: name, NewName: p.colID()}
	case p.tok.kind == kwOwner:
		p.advance()
		p.want(kwTo)
		owner := p.roleSpec()
		if p.tok.kind != ',' {
			return &AlterOwnerStmt{Object: object, IfExists: ifExists, Name: name, Owner: owner}
		}
		return p.alterFurther(object, ifExists, name, AlterTableCmd{Kind: AlterOwner, Owner: owner})
	case p.tok.kind == kwSet && p.peek() == kwSchema && object != ObjectIndex:
		p.advance()
		p.advance()
		return &AlterObjectSchemaStmt{Object: object, IfExists: ifExists, Name: name, NewSchema: p.colID()}
	case p.tok.kind == kwSet && (p.peek() == kwLogged || p.peek() == kwUnlogged):
		p.advance()
		s := &AlterPersistenceStmt{Object: object, IfExists: ifExists, Name: name, Persistence: Permanent}
		first := AlterTableCmd{Kind: AlterLogged}
		if p.tok.kind == kwUnlogged {
			s.Persistence = Unlogged
			first.Kind = AlterUnlogged
		}
		p.advance()
		if p.tok.kind != ',' {
			return s
		}
		return p.alterFurther(object, ifExists, name, first)
	case p.tok.kind == kwRename:
		return p.renamePart(object, ifExists, name)
	}
	return nil
}

// alterRest skips an ALTER that is not served: of partitions and extensions.
func (p *parser) alterRest(tag string, pos Pos) Statement {
	want := kwPartition
	if p.got(kwNo) || p.tok.kind == kwDepends {
		want = kwOn
	}
	p.advance()
	p.want(want)
	if p.tok.kind == tokEOF || p.tok.kind == ';' {
		p.unexpected()
	}
	p.skipStatement(false)
	return &UnservedStmt{Tag: tag, Pos: pos}
}
