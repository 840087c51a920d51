package parser

// createDatabase is CREATE DATABASE from DATABASE on.
func (p *parser) createDatabase() Statement {
	p.want(kwDatabase)
	s := &CreateDatabaseStmt{Name: p.colID()}
	p.gotWith()
	s.Options = p.databaseOptions()
	return s
}

// databaseOptions is createdb_opt_list.
func (p *parser) databaseOptions() (list []DatabaseOption) {
	for {
		o := DatabaseOption{Pos: p.tok.pos}
		switch p.tok.kind {
		case tokIdent, kwEncoding, kwLocation, kwOwner, kwTablespace, kwTemplate:
			o.Name = p.tok.text
			p.advance()
		case kwConnection:
			p.advance()
			p.want(kwLimit)
			o.Name = "connection_limit"
		default:
			return list
		}
		p.got('=')
		switch {
		case p.got(kwDefault):
			o.Default = true
		case p.startsNumber():
			o.Value, _ = p.signedNumber()
			o.Number = true
		default:
			o.Value = p.booleanOrString()
		}
		list = append(list, o)
	}
}

// booleanOrString is opt_boolean_or_string.
func (p *parser) booleanOrString() string {
	switch p.tok.kind {
	case kwTrue, kwFalse, kwOn:
		word := p.tok.text
		p.advance()
		return word
	}
	return p.nonReservedWordOrString()
}

// alterDatabase is ALTER DATABASE from DATABASE on.
func (p *parser) alterDatabase() Statement {
	p.want(kwDatabase)
	name := p.colID()
	switch k := p.tok.kind; {
	case k == kwRename:
		p.wants(kwRename, kwTo)
		return &RenameStmt{Object: ObjectDatabase, Name: RangeVar{Name: name}, NewName: p.colID()}
	case k == kwOwner && p.peek() == kwTo:
		p.wants(kwOwner, kwTo)
		return &AlterOwnerStmt{Object: ObjectDatabase, Name: RangeVar{Name: name}, Owner: p.roleSpec()}
	case k == kwRefresh:
		p.wants(kwRefresh, kwCollation, kwVersion)
		return &AlterDatabaseRefreshStmt{Name: name}
	case k == kwReset:
		return &AlterDatabaseSetStmt{Name: name, Set: p.resetStmt().(*VariableSetStmt)}
	case k == kwSet:
		p.advance()
		if p.tok.kind == kwTablespace && !p.namesVariable() {
			p.advance()
			o := DatabaseOption{Name: "tablespace", Pos: p.tok.pos}
			o.Value = p.colID()
			return &AlterDatabaseStmt{Name: name, Options: []DatabaseOption{o}}
		}
		return &AlterDatabaseSetStmt{Name: name, Set: p.setClause()}
	}
	p.gotWith()
	return &AlterDatabaseStmt{Name: name, Options: p.databaseOptions()}
}

// setClause is set_rest behind the SET of another statement.
func (p *parser) setClause() *VariableSetStmt {
	s := &VariableSetStmt{Pos: p.tok.pos}
	p.setRest(s)
	return s
}

// dropDatabase is DROP DATABASE from DATABASE on.
func (p *parser) dropDatabase() Statement {
	p.want(kwDatabase)
	s := &DropDatabaseStmt{IfExists: p.ifExists()}
	s.Name = p.colID()
	if with := p.gotWith(); with || p.tok.kind == '(' {
		p.want('(')
		p.list(func() { p.want(kwForce) })
		p.want(')')
		s.Force = true
	}
	return s
}
