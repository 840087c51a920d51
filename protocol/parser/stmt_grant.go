package parser

// grantStmt is GRANT, of privileges or of roles.
func (p *parser) grantStmt() Statement {
	p.want(kwGrant)
	list, all := p.privileges()
	if !all && p.got(kwTo) {
		s := &GrantRoleStmt{Granted: list, Grantees: p.roleList()}
		s.AdminOption = p.gotOption(kwAdmin)
		s.GrantedBy = p.grantedBy()
		return s
	}
	s := &GrantStmt{Privileges: list}
	p.want(kwOn)
	p.grantTarget(s)
	p.want(kwTo)
	s.Grantees = p.grantees()
	s.GrantOption = p.gotOption(kwGrant)
	s.GrantedBy = p.grantedBy()
	return s
}

// revokeStmt is REVOKE, of privileges or of roles.
func (p *parser) revokeStmt() Statement {
	p.want(kwRevoke)
	admin := p.tok.kind == kwAdmin && p.peek() == kwOption
	grant := p.tok.kind == kwGrant
	if admin || grant {
		p.advance()
		p.wants(kwOption, kwFor)
		if admin && p.tok.kind == kwAll {
			p.unexpected()
		}
	}
	list, all := p.privileges()
	if !all && !grant && p.got(kwFrom) {
		return &GrantRoleStmt{Revoke: true, AdminOption: admin, Granted: list, Grantees: p.roleList(),
			GrantedBy: p.grantedBy(), Behavior: p.dropBehavior()}
	}
	if admin {
		p.unexpected()
	}
	s := &GrantStmt{Revoke: true, GrantOption: grant, Privileges: list}
	p.want(kwOn)
	p.grantTarget(s)
	p.want(kwFrom)
	s.Grantees = p.grantees()
	s.GrantedBy = p.grantedBy()
	s.Behavior = p.dropBehavior()
	return s
}

// privileges is ALL, whose list is nil or its columns, or a list of names.
func (p *parser) privileges() (list []Privilege, all bool) {
	if pos := p.tok.pos; p.got(kwAll) {
		p.got(kwPrivileges)
		if p.tok.kind == '(' {
			list = []Privilege{{Columns: p.parenNameList(), Pos: pos}}
		}
		return list, true
	}
	p.list(func() {
		v := Privilege{Pos: p.tok.pos}
		switch k := p.tok.kind; {
		case k == kwSelect, k == kwReferences, k == kwCreate:
			v.Name = p.tok.text
			p.advance()
		case k == kwAlter && p.peek() == kwSystem:
			p.wants(kwAlter, kwSystem)
			v.Name = "alter system"
			list = append(list, v)
			return
		default:
			v.Name = p.colID()
		}
		if p.tok.kind == '(' {
			v.Columns = p.parenNameList()
		}
		list = append(list, v)
	})
	return list, false
}

// namesWithoutSchema are the objects whose names have one part.
var namesWithoutSchema = map[kind]ObjectType{
	kwDatabase: ObjectDatabase, kwSchema: ObjectSchema, kwTablespace: ObjectTablespace, kwLanguage: ObjectLanguage,
}

// allInSchema are the objects of ALL … IN SCHEMA.
var allInSchema = map[kind]ObjectType{
	kwTables: ObjectTable, kwSequences: ObjectSequence, kwFunctions: ObjectFunction,
	kwProcedures: ObjectProcedure, kwRoutines: ObjectRoutine,
}

var functionObjects = map[kind]ObjectType{kwFunction: ObjectFunction, kwProcedure: ObjectProcedure, kwRoutine: ObjectRoutine}

// grantTarget is privilege_target.
func (p *parser) grantTarget(s *GrantStmt) {
	k := p.tok.kind
	switch p.peek() {
	case kwTo, kwFrom, ',', '.':
		k = tokIdent // the word is a table's name
	}
	switch {
	case k == kwTable, k == kwSequence:
		p.advance()
		s.Object = ObjectTable
		if k == kwSequence {
			s.Object = ObjectSequence
		}
		p.list(func() { s.Objects = append(s.Objects, p.qualifiedName()) })
	case namesWithoutSchema[k] != "":
		p.advance()
		s.Object = namesWithoutSchema[k]
		s.Objects = plainNames(p.nameList())
	case k == kwAll:
		p.advance()
		if s.Object = allInSchema[p.tok.kind]; s.Object == "" {
			p.unexpected()
		}
		p.advance()
		p.wants(kwIn, kwSchema)
		s.Target = GrantAllInSchema
		s.Objects = plainNames(p.nameList())
	case functionObjects[k] != "":
		p.advance()
		s.Object = functionObjects[k]
		p.skipObjects()
	case k == kwForeign, k == kwDomain, k == kwType, k == kwLarge, k == kwParameter:
		p.otherTarget(s)
	default:
		s.Object = ObjectTable
		p.list(func() { s.Objects = append(s.Objects, p.qualifiedName()) })
	}
}

// otherTarget is an object of a kind that seqd has none of.
func (p *parser) otherTarget(s *GrantStmt) {
	k := p.tok.kind
	p.advance()
	switch k {
	case kwForeign:
		if s.Object = ObjectServer; !p.got(kwServer) {
			s.Object = ObjectWrapper
			p.wants(kwData, kwWrapper)
		}
		s.Objects = plainNames(p.nameList())
	case kwDomain:
		s.Object = ObjectDomain
		p.list(func() { s.Objects = append(s.Objects, rangeVarOf(p.anyName())) })
	case kwType:
		s.Object = ObjectOfType
		p.list(func() { s.Objects = append(s.Objects, rangeVarOf(p.anyName())) })
	case kwLarge:
		p.want(kwObject)
		s.Object = ObjectLarge
		p.list(func() {
			number, _ := p.signedNumber()
			s.Objects = append(s.Objects, RangeVar{Name: number})
		})
	case kwParameter:
		s.Object = ObjectParameter
		p.list(func() { s.Objects = append(s.Objects, RangeVar{Name: p.varName()}) })
	}
}

// skipObjects passes over functions with their argument types.
func (p *parser) skipObjects() {
	before := kind(',')
	for parens := 0; parens > 0 || p.tok.kind != kwTo && p.tok.kind != kwFrom; p.advance() {
		switch k := p.tok.kind; k {
		case '(':
			parens++
		case ')':
			parens--
		case kwTo, kwFrom: // within parentheses: INTERVAL DAY TO SECOND is a type
			if before == '(' || before == ',' {
				p.unexpected()
			}
		case tokEOF, ';':
			p.unexpected()
		}
		before = p.tok.kind
	}
}

func plainNames(names []string) []RangeVar {
	list := make([]RangeVar, len(names))
	for i, n := range names {
		list[i] = RangeVar{Name: n}
	}
	return list
}

// grantees is grantee_list.
func (p *parser) grantees() (list []RoleSpec) {
	p.list(func() {
		if p.tok.kind == kwGroup {
			p.advance()
		}
		list = append(list, p.roleSpec())
	})
	return list
}

// gotOption takes WITH word OPTION.
func (p *parser) gotOption(word kind) bool {
	if !p.gotWith() {
		return false
	}
	p.wants(word, kwOption)
	return true
}

// grantedBy is opt_granted_by.
func (p *parser) grantedBy() *RoleSpec {
	if !p.gotWords(kwGranted, kwBy) {
		return nil
	}
	role := p.roleSpec()
	return &role
}

// alterDefaultPrivileges is ALTER DEFAULT PRIVILEGES from DEFAULT on.
func (p *parser) alterDefaultPrivileges() Statement {
	p.wants(kwDefault, kwPrivileges)
	s := &AlterDefaultPrivilegesStmt{}
	for p.tok.kind == kwIn || p.tok.kind == kwFor {
		o := DefaultPrivilegesOption{Pos: p.tok.pos}
		if p.got(kwIn) {
			p.want(kwSchema)
			o.Schemas = p.nameList()
		} else {
			p.advance()
			if !p.got(kwUser) {
				p.want(kwRole)
			}
			o.Roles = p.roleList()
		}
		s.Options = append(s.Options, o)
	}
	s.Action = p.defaultsAction()
	return s
}

// defaultObjects are the kinds of objects that have default privileges.
var defaultObjects = map[kind]ObjectType{
	kwTables: ObjectTable, kwFunctions: ObjectFunction, kwRoutines: ObjectFunction, kwSequences: ObjectSequence,
	kwTypes: ObjectOfType, kwSchemas: ObjectSchema,
}

// defaultsAction is DefACLAction: GRANT or REVOKE without objects.
func (p *parser) defaultsAction() *GrantStmt {
	s := &GrantStmt{Target: GrantDefaults, Revoke: p.tok.kind == kwRevoke}
	if !s.Revoke {
		p.want(kwGrant)
	} else {
		p.advance()
		s.GrantOption = p.gotWords(kwGrant, kwOption, kwFor)
	}
	s.Privileges, _ = p.privileges()
	p.want(kwOn)
	if s.Object = defaultObjects[p.tok.kind]; s.Object == "" {
		p.unexpected()
	}
	p.advance()
	if s.Revoke {
		p.want(kwFrom)
		s.Grantees = p.grantees()
		s.Behavior = p.dropBehavior()
		return s
	}
	p.want(kwTo)
	s.Grantees = p.grantees()
	s.GrantOption = p.gotOption(kwGrant)
	return s
}
