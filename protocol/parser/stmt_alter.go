package parser

import (
	"slices"
	"strings"
)

// dropObjects are the relations and schemas, whose DROP is served.
var dropObjects = map[kind]ObjectType{
	kwSequence: ObjectSequence, kwTable: ObjectTable, kwView: ObjectView, kwIndex: ObjectIndex, kwSchema: ObjectSchema,
}

// dropStmt is DROP of relations, schemas, databases and roles; other DROPs are not
// served.
func (p *parser) dropStmt() Statement {
	u := p.startUnserved()
	p.advance()
	switch p.tok.kind {
	case kwDatabase:
		return p.dropDatabase()
	case kwRole, kwGroup:
		return p.dropRole()
	case kwUser:
		if p.peek() != kwMapping {
			return p.dropRole()
		}
	case kwOwned:
		return p.dropOwned()
	}
	object, ok := dropObjects[p.tok.kind]
	if !ok || p.tok.kind == kwIndex && p.peek() == kwConcurrently {
		return u.finish(p)
	}
	s := &DropStmt{Object: object}
	p.advance()
	s.IfExists = p.ifExists()
	if object == ObjectSchema {
		s.Names = plainNames(p.nameList())
	} else {
		p.list(func() { s.Names = append(s.Names, p.anyNameRelation()) })
	}
	s.Behavior = p.dropBehavior()
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
	commands := p.tok.start
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
	switch k := p.tok.kind; {
	case k == ',' && p.tok.start == commands,
		k == kwDepends && object != ObjectIndex,
		(k == kwAttach || k == kwDetach) && object != ObjectTable && object != ObjectIndex:
		p.unexpected()
	}
	return p.alterRest(tag, u.pos)
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
// (alter_table_cmd), each with those that may follow it; none listed: any.
var alterCommands = map[kind][]kind{
	kwAdd: nil, kwAlter: nil, kwDrop: nil, kwRename: nil, kwOf: nil, kwInherit: nil, kwOwner: nil, ',': nil,
	kwEnable: nil, kwDisable: nil,
	kwSet:      {'(', kwTablespace, kwAccess, kwWithout, kwLogged, kwUnlogged},
	kwReset:    {'('},
	kwOptions:  {'('},
	kwNot:      {kwOf},
	kwNo:       {kwInherit, kwForce, kwDepends},
	kwReplica:  {kwIdentity},
	kwCluster:  {kwOn},
	kwValidate: {kwConstraint},
	kwForce:    {kwRow},
	kwAttach:   {kwPartition},
	kwDetach:   {kwPartition},
	kwDepends:  {kwOn},
}

// alterRest skips an ALTER that is not served.
func (p *parser) alterRest(tag string, pos Pos) Statement {
	next, ok := alterCommands[p.tok.kind]
	if !ok {
		p.unexpected()
	}
	p.advance()
	if p.tok.kind == tokEOF || p.tok.kind == ';' || next != nil && !slices.Contains(next, p.tok.kind) {
		p.unexpected()
	}
	p.skipStatement(false)
	return &UnservedStmt{Tag: tag, Pos: pos}
}
