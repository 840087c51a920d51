package parser

import "seqd/protocol/sqlstate"

// createSchema is CREATE SCHEMA from SCHEMA on.
func (p *parser) createSchema() Statement {
	p.want(kwSchema)
	s := &CreateSchemaStmt{}
	if s.IfNotExists = p.tok.kind == kwIf && p.peek() == kwNot; s.IfNotExists {
		p.wants(kwIf, kwNot, kwExists)
	}
	if p.tok.kind != kwAuthorization {
		s.Name = p.colID()
	}
	if p.got(kwAuthorization) {
		role := p.roleSpec()
		s.Authorization = &role
	}
	first := p.tok.pos
	s.Elements = p.schemaElements()
	if s.IfNotExists && s.Elements != nil {
		p.fail(sqlstate.FeatureNotSupported, first, "CREATE SCHEMA IF NOT EXISTS cannot include schema elements")
	}
	return s
}

// schemaElements are statements that stand within CREATE SCHEMA with nothing
// between them, so each is read by its own grammar up to the next CREATE or GRANT.
func (p *parser) schemaElements() (list []RawStmt) {
	for p.tok.kind == kwCreate || p.tok.kind == kwGrant {
		if p.tok.kind == kwCreate && !schemaElements[p.peek()] {
			p.advance()
			p.unexpected()
		}
		start, pos := p.tok.start, p.tok.pos
		stmt := p.stmt()
		list = append(list, RawStmt{Stmt: stmt, Text: p.src[start:p.prevEnd], Pos: pos})
	}
	return list
}

// schemaElements are the words behind CREATE that schema_stmt begins with.
var schemaElements = map[kind]bool{
	kwTable: true, kwTemp: true, kwTemporary: true, kwLocal: true, kwGlobal: true, kwUnlogged: true, kwIndex: true,
	kwUnique: true, kwSequence: true, kwTrigger: true, kwConstraint: true, kwView: true, kwRecursive: true, kwOr: true,
}

// alterSchema is ALTER SCHEMA from SCHEMA on.
func (p *parser) alterSchema() Statement {
	p.want(kwSchema)
	name := RangeVar{Name: p.colID()}
	if p.gotWords(kwRename, kwTo) {
		return &RenameStmt{Object: ObjectSchema, Name: name, NewName: p.colID()}
	}
	p.wants(kwOwner, kwTo)
	return &AlterOwnerStmt{Object: ObjectSchema, Name: name, Owner: p.roleSpec()}
}
