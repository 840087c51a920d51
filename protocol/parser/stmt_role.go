package parser

import "seqd/protocol/sqlstate"

// createRole is CREATE ROLE, USER and GROUP from that word on.
func (p *parser) createRole() Statement {
	s := &CreateRoleStmt{User: p.tok.kind == kwUser}
	p.advance()
	s.Name = p.roleID()
	p.gotWith()
	s.Options = p.roleOptions(true)
	return s
}

// roleID is a role's own name: none of the words that stand for one.
func (p *parser) roleID() string {
	r := p.roleSpec()
	switch {
	case r.Keyword == "public":
		p.fail(sqlstate.ReservedName, r.Pos, `role name "%s" is reserved`, r.Keyword)
	case r.Keyword != "":
		p.fail(sqlstate.ReservedName, r.Pos, "%s cannot be used as a role name here", upper(r.Keyword))
	}
	return r.Name
}

func (p *parser) roleList() (list []RoleSpec) {
	p.list(func() { list = append(list, p.roleSpec()) })
	return list
}

// roleWords are the options that are no key words, with what they set.
var roleWords = map[string]RoleOption{
	"superuser": {Name: "superuser", Bool: true}, "nosuperuser": {Name: "superuser"},
	"createrole": {Name: "createrole", Bool: true}, "nocreaterole": {Name: "createrole"},
	"replication": {Name: "isreplication", Bool: true}, "noreplication": {Name: "isreplication"},
	"createdb": {Name: "createdb", Bool: true}, "nocreatedb": {Name: "createdb"},
	"login": {Name: "canlogin", Bool: true}, "nologin": {Name: "canlogin"},
	"bypassrls": {Name: "bypassrls", Bool: true}, "nobypassrls": {Name: "bypassrls"},
	"noinherit": {Name: "inherit"},
}

// roleOptions is OptRoleList or, not to create, AlterOptRoleList.
func (p *parser) roleOptions(create bool) (list []RoleOption) {
	for {
		o, ok := p.roleOption(create)
		if !ok {
			return list
		}
		list = append(list, o)
	}
}

func (p *parser) roleOption(create bool) (o RoleOption, ok bool) {
	pos := p.tok.pos
	switch p.tok.kind {
	case kwPassword, kwEncrypted, kwUnencrypted:
		o = p.passwordOption()
	case kwInherit:
		p.advance()
		o = RoleOption{Name: "inherit", Bool: true}
	case kwConnection:
		p.advance()
		p.want(kwLimit)
		o = RoleOption{Name: "connectionlimit", Value: p.signedInteger()}
	case kwValid:
		p.advance()
		p.want(kwUntil)
		o = RoleOption{Name: "validUntil", Value: p.sconst()}
	case kwUser:
		p.advance()
		o = RoleOption{Name: "rolemembers", Roles: p.roleList()}
	case tokIdent:
		word := p.tok.text
		if o, ok = roleWords[word]; !ok {
			p.fail(sqlstate.SyntaxError, pos, `unrecognized role option "%s"`, word)
		}
		p.advance()
	default:
		if !create {
			return o, false
		}
		if o, ok = p.creationOption(); !ok {
			return o, false
		}
	}
	o.Pos = pos
	return o, true
}

// creationOption is one that CREATE alone has.
func (p *parser) creationOption() (RoleOption, bool) {
	switch p.tok.kind {
	case kwSysid:
		p.advance()
		return RoleOption{Name: "sysid", Value: p.take(p.tok.kind == tokInt)}, true
	case kwAdmin:
		p.advance()
		return RoleOption{Name: "adminmembers", Roles: p.roleList()}, true
	case kwRole:
		p.advance()
		return RoleOption{Name: "rolemembers", Roles: p.roleList()}, true
	case kwIn:
		p.advance()
		if !p.got(kwGroup) {
			p.want(kwRole)
		}
		return RoleOption{Name: "addroleto", Roles: p.roleList()}, true
	}
	return RoleOption{}, false
}

func (p *parser) passwordOption() RoleOption {
	pos := p.tok.pos
	o := RoleOption{Name: "password"}
	switch {
	case p.got(kwEncrypted):
		p.want(kwPassword)
	case p.got(kwUnencrypted):
		p.want(kwPassword)
		p.sconst()
		p.throw(sqlstate.New(sqlstate.FeatureNotSupported, "UNENCRYPTED PASSWORD is no longer supported").
			WithHint("Remove UNENCRYPTED to store the password in encrypted form instead.").At(int(pos)))
	default:
		p.advance()
		if o.Null = p.got(kwNull); o.Null {
			return o
		}
	}
	o.Value = p.sconst()
	return o
}

// signedInteger is SignedIconst.
func (p *parser) signedInteger() string {
	sign := ""
	if p.got('-') {
		sign = "-"
	} else {
		p.got('+')
	}
	return sign + p.take(p.tok.kind == tokInt)
}

// alterRole is ALTER ROLE and USER from that word on.
func (p *parser) alterRole() Statement {
	p.advance()
	if p.got(kwAll) {
		return p.alterRoleSet(nil)
	}
	role := p.roleSpec()
	switch p.tok.kind {
	case kwRename:
		return p.renameRole(role)
	case kwIn, kwSet, kwReset:
		return p.alterRoleSet(&role)
	}
	p.gotWith()
	return &AlterRoleStmt{Role: role, Options: p.roleOptions(false)}
}

// renameRole reads RENAME TO. Its grammar has a role's own name before it, too.
func (p *parser) renameRole(role RoleSpec) Statement {
	if role.Keyword == "public" {
		p.fail(sqlstate.ReservedName, role.Pos, `role name "%s" is reserved`, role.Keyword)
	} else if role.Keyword != "" {
		p.fail(sqlstate.ReservedName, role.Pos, "%s cannot be used as a role name here", upper(role.Keyword))
	}
	p.wants(kwRename, kwTo)
	return &RenameStmt{Object: ObjectRole, Name: RangeVar{Name: role.Name, Pos: role.Pos}, NewName: p.roleID()}
}

func (p *parser) alterRoleSet(role *RoleSpec) Statement {
	s := &AlterRoleSetStmt{Role: role}
	if p.gotWords(kwIn, kwDatabase) {
		s.Database = p.colID()
	}
	if p.tok.kind == kwReset {
		s.Set = p.resetStmt().(*VariableSetStmt)
		return s
	}
	p.want(kwSet)
	s.Set = p.setClause()
	return s
}

// alterGroup is ALTER GROUP from GROUP on.
func (p *parser) alterGroup() Statement {
	p.want(kwGroup)
	role := p.roleSpec()
	if p.tok.kind == kwRename {
		return p.renameRole(role)
	}
	s := &AlterRoleStmt{Role: role, Drop: p.got(kwDrop)}
	if !s.Drop {
		p.want(kwAdd)
	}
	p.want(kwUser)
	pos := p.tok.pos
	s.Options = []RoleOption{{Name: "rolemembers", Roles: p.roleList(), Pos: pos}}
	return s
}

// dropRole is DROP ROLE, USER and GROUP from that word on.
func (p *parser) dropRole() Statement {
	p.advance()
	return &DropRoleStmt{IfExists: p.ifExists(), Roles: p.roleList()}
}

// dropOwned is DROP OWNED BY from OWNED on.
func (p *parser) dropOwned() Statement {
	p.wants(kwOwned, kwBy)
	return &DropOwnedStmt{Roles: p.roleList(), Behavior: p.dropBehavior()}
}

// reassignOwned is REASSIGN OWNED BY … TO.
func (p *parser) reassignOwned() Statement {
	p.wants(kwReassign, kwOwned, kwBy)
	s := &ReassignOwnedStmt{Roles: p.roleList()}
	p.want(kwTo)
	s.NewRole = p.roleSpec()
	return s
}

// dropBehavior is opt_drop_behavior.
func (p *parser) dropBehavior() DropBehavior {
	if p.got(kwCascade) {
		return Cascade
	}
	p.got(kwRestrict)
	return Restrict
}
