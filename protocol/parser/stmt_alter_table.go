package parser

// alterTable reads the commands of ALTER TABLE that no other node stands for.
func (p *parser) alterTable(object ObjectType, ifExists bool, name RangeVar) Statement {
	s := &AlterTableStmt{Object: object, IfExists: ifExists, Name: name}
	p.list(func() { s.Commands = append(s.Commands, p.alterTableCmd()) })
	return s
}

// alterFurther reads the commands behind a first one.
func (p *parser) alterFurther(object ObjectType, ifExists bool, name RangeVar, first AlterTableCmd) Statement {
	p.want(',')
	s := p.alterTable(object, ifExists, name).(*AlterTableStmt)
	s.Commands = append([]AlterTableCmd{first}, s.Commands...)
	return s
}

// renamePart is RENAME of a column or a constraint.
func (p *parser) renamePart(object ObjectType, ifExists bool, name RangeVar) Statement {
	p.want(kwRename)
	s := &RenamePartStmt{Object: object, Part: ObjectColumn, IfExists: ifExists, Relation: name}
	switch {
	case p.tok.kind == kwConstraint && object == ObjectTable:
		p.advance()
		s.Part = ObjectConstraint
	case p.tok.kind == kwColumn:
		p.advance()
	}
	s.Name = p.colID()
	p.want(kwTo)
	s.NewName = p.colID()
	return s
}

// alterTableCmd is alter_table_cmd.
func (p *parser) alterTableCmd() (c AlterTableCmd) {
	switch p.tok.kind {
	case kwAdd:
		return p.alterAdd()
	case kwDrop:
		return p.alterDrop()
	case kwAlter:
		return p.alterColumn()
	case kwValidate:
		p.wants(kwValidate, kwConstraint)
		return AlterTableCmd{Kind: AlterValidateConstraint, Name: p.colID()}
	case kwOwner:
		p.wants(kwOwner, kwTo)
		return AlterTableCmd{Kind: AlterOwner, Owner: p.roleSpec()}
	case kwSet:
		return p.alterSet()
	case kwReset:
		p.advance()
		p.relOptions()
		return AlterTableCmd{Kind: AlterIgnored}
	case kwCluster:
		p.wants(kwCluster, kwOn)
		p.colID()
		return AlterTableCmd{Kind: AlterIgnored}
	case kwReplica:
		p.wants(kwReplica, kwIdentity)
		if p.gotWords(kwUsing, kwIndex) {
			p.colID()
		} else if k := p.tok.kind; k == kwNothing || k == kwFull || k == kwDefault {
			p.advance()
		} else {
			p.unexpected()
		}
		return AlterTableCmd{Kind: AlterIgnored}
	}
	return p.alterOther()
}

// alterAdd is ADD of a column or a constraint.
func (p *parser) alterAdd() AlterTableCmd {
	p.want(kwAdd)
	column := p.got(kwColumn)
	if !column {
		if e := p.tableElementStart(); e {
			return AlterTableCmd{Kind: AlterAddConstraint, Constraint: p.tableConstraint()}
		}
	}
	c := AlterTableCmd{Kind: AlterAddColumn}
	if c.IfExists = p.tok.kind == kwIf && p.peek() == kwNot; c.IfExists {
		p.wants(kwIf, kwNot, kwExists)
	}
	c.Column = p.columnDef()
	c.Name = c.Column.Name
	return c
}

// tableElementStart tells whether a constraint begins here and not a column.
func (p *parser) tableElementStart() bool {
	switch p.tok.kind {
	case kwConstraint, kwCheck, kwUnique, kwPrimary, kwForeign:
		return true
	case kwExclude:
		return p.peek() == kwUsing || p.peek() == '('
	}
	return false
}

// alterDrop is DROP of a column or a constraint.
func (p *parser) alterDrop() AlterTableCmd {
	p.want(kwDrop)
	c := AlterTableCmd{Kind: AlterDropColumn}
	if p.got(kwConstraint) {
		c.Kind = AlterDropConstraint
	} else {
		p.got(kwColumn)
	}
	c.IfExists = p.ifExists()
	c.Name = p.colID()
	c.Behavior = p.dropBehavior()
	return c
}

// alterColumn is ALTER of a column or a constraint.
func (p *parser) alterColumn() AlterTableCmd {
	p.want(kwAlter)
	if p.got(kwConstraint) {
		c := AlterTableCmd{Kind: AlterConstraint, Constraint: &Constraint{Kind: ConstraintForeignKey}}
		c.Name = p.colID()
		p.attributes(c.Constraint, "FOREIGN KEY", attributesOf{deferrable: true})
		return c
	}
	p.got(kwColumn)
	if p.tok.kind == tokInt {
		p.advance()
		p.wants(kwSet, kwStatistics)
		p.signedInteger()
		return AlterTableCmd{Kind: AlterIgnored}
	}
	c := AlterTableCmd{Name: p.colID()}
	switch p.tok.kind {
	case kwSet:
		p.alterColumnSet(&c)
	case kwDrop:
		p.alterColumnDrop(&c)
	case kwAdd:
		p.advance()
		c.Kind = AlterAddIdentity
		c.Constraint = &Constraint{Pos: p.tok.pos}
		p.want(kwGenerated)
		c.Constraint.Kind = ConstraintIdentity
		c.Constraint.Always = p.generatedWhen()
		p.wants(kwAs, kwIdentity)
		c.Constraint.Options = p.parenSeqOptions()
	case kwRestart:
		p.alterIdentity(&c)
	case kwType:
		p.alterType(&c)
	case kwReset:
		p.advance()
		p.relOptions()
		c.Kind = AlterIgnored
	default:
		p.unexpected()
	}
	return c
}

// alterColumnSet is ALTER COLUMN name SET ….
func (p *parser) alterColumnSet(c *AlterTableCmd) {
	switch p.peek() {
	case kwDefault:
		p.wants(kwSet, kwDefault)
		c.Kind = AlterSetDefault
		c.Expr, c.Text = p.textOf(p.expr)
	case kwNot:
		p.wants(kwSet, kwNot, kwNull)
		c.Kind = AlterSetNotNull
	case kwData:
		p.wants(kwSet, kwData)
		p.alterType(c)
	case kwStatistics:
		p.wants(kwSet, kwStatistics)
		p.signedInteger()
		c.Kind = AlterIgnored
	case kwStorage:
		p.wants(kwSet, kwStorage)
		p.colID()
		c.Kind = AlterIgnored
	case kwCompression:
		p.wants(kwSet, kwCompression)
		p.compressionMethod()
		c.Kind = AlterIgnored
	case '(':
		p.advance()
		p.relOptions()
		c.Kind = AlterIgnored
	default:
		p.alterIdentity(c)
	}
}

// unservedHere are the sequence options that ALTER COLUMN SET refuses, by the
// names of PostgreSQL's list.
var unservedHere = map[SeqOptionKind]string{SeqAs: "as", SeqRestart: "restart", SeqOwnedBy: "owned_by"}

// alterIdentity is alter_identity_column_option_list.
func (p *parser) alterIdentity(c *AlterTableCmd) {
	c.Kind = AlterSetIdentity
	for {
		pos := p.tok.pos
		switch p.tok.kind {
		case kwRestart:
			o, _ := p.seqOption()
			c.Options = append(c.Options, o)
		case kwSet:
			p.advance()
			if at := p.tok.pos; p.got(kwGenerated) {
				if c.Generated != "" {
					c.GeneratedAgain = pos
				}
				if c.Generated = "by default"; p.generatedWhen() {
					c.Generated = "always"
				}
			} else {
				o, ok := p.seqOption()
				if !ok {
					p.unexpected()
				}
				if word := unservedHere[o.Kind]; word != "" {
					p.fail(syntaxError, at, `sequence option "%s" not supported here`, word)
				}
				c.Options = append(c.Options, o)
			}
		default:
			return
		}
	}
}

// alterColumnDrop is ALTER COLUMN name DROP ….
func (p *parser) alterColumnDrop(c *AlterTableCmd) {
	p.want(kwDrop)
	switch p.tok.kind {
	case kwDefault:
		p.advance()
		c.Kind = AlterDropDefault
	case kwNot:
		p.wants(kwNot, kwNull)
		c.Kind = AlterDropNotNull
	case kwIdentity:
		p.advance()
		c.Kind = AlterDropIdentity
		c.IfExists = p.ifExists()
	case kwExpression:
		p.advance()
		p.ifExists()
		c.Kind = AlterOther
		c.Name = "DROP EXPRESSION"
	default:
		p.unexpected()
	}
}

// alterType is TYPE typename with its clauses.
func (p *parser) alterType(c *AlterTableCmd) {
	p.want(kwType)
	c.Kind = AlterColumnType
	c.Column = &TableColumn{Name: c.Name, Type: p.typeName()}
	if p.got(kwCollate) {
		c.Column.Collation = p.anyName()
	}
	if p.got(kwUsing) {
		c.Expr, c.Text = p.textOf(p.expr)
	}
}

// alterSet is SET of the whole table.
func (p *parser) alterSet() AlterTableCmd {
	p.want(kwSet)
	switch p.tok.kind {
	case kwLogged:
		p.advance()
		return AlterTableCmd{Kind: AlterLogged}
	case kwUnlogged:
		p.advance()
		return AlterTableCmd{Kind: AlterUnlogged}
	case kwWithout:
		p.advance()
		if !p.got(kwOids) {
			p.want(kwCluster)
		}
	case kwTablespace:
		p.advance()
		p.colID()
	case kwAccess:
		p.wants(kwAccess, kwMethod)
		p.colID()
	default:
		p.relOptions()
	}
	return AlterTableCmd{Kind: AlterIgnored}
}

// alterOther is a command about what seqd's tables do not have.
func (p *parser) alterOther() AlterTableCmd {
	c := AlterTableCmd{Kind: AlterOther, Name: upper(p.tok.text)}
	k := p.tok.kind
	switch k {
	case kwInherit, kwOf, kwNot, kwNo, kwForce, kwEnable, kwDisable, kwOptions:
		p.advance()
	default:
		p.unexpected()
	}
	switch k {
	case kwInherit:
		p.qualifiedName()
	case kwOf:
		p.anyName()
	case kwNot:
		p.want(kwOf)
	case kwNo:
		if p.got(kwInherit) {
			p.qualifiedName()
		} else {
			p.wants(kwForce, kwRow, kwLevel, kwSecurity)
		}
	case kwForce:
		p.wants(kwRow, kwLevel, kwSecurity)
	case kwEnable, kwDisable:
		p.enabled(k)
	case kwOptions:
		if p.tok.kind != '(' {
			p.unexpected()
		}
		p.skipStatement(false)
	}
	return c
}

// enabled is what ENABLE and DISABLE are about.
func (p *parser) enabled(k kind) {
	if p.gotWords(kwRow, kwLevel, kwSecurity) {
		return
	}
	if k == kwEnable && !p.got(kwAlways) {
		p.got(kwReplica)
	}
	if p.got(kwTrigger) {
		if !p.got(kwAll) && !p.got(kwUser) {
			p.colID()
		}
		return
	}
	p.want(kwRule)
	p.colID()
}
