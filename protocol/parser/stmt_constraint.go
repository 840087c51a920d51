package parser

import "seqd/protocol/sqlstate"

const syntaxError = sqlstate.SyntaxError

// columnConstraint is ColConstraint; ok is false if none comes.
func (p *parser) columnConstraint() (c Constraint, ok bool) {
	c.Pos = p.tok.pos
	named := p.got(kwConstraint)
	if named {
		c.Name = p.colID()
	}
	switch p.tok.kind {
	case kwNot:
		p.advance()
		if c.Kind = ConstraintNotNull; !p.got(kwNull) {
			c.Kind = ConstraintNotDeferrable
			if named {
				p.unexpected()
			}
			p.want(kwDeferrable)
		}
	case kwNull:
		p.advance()
		c.Kind = ConstraintNull
	case kwUnique, kwPrimary:
		p.keyConstraint(&c)
		p.indexClauses()
	case kwCheck:
		p.checkConstraint(&c)
		c.NoInherit = p.gotWords(kwNo, kwInherit)
	case kwDefault:
		p.advance()
		c.Kind = ConstraintDefault
		c.Expr, c.Text = p.textOf(p.restricted)
	case kwGenerated:
		p.generatedConstraint(&c)
	case kwReferences:
		c.Kind = ConstraintForeignKey
		p.references(&c)
	default:
		if named {
			p.unexpected()
		}
		return c, p.constraintAttribute(&c)
	}
	return c, true
}

// constraintAttribute is one of ConstraintAttr but NOT DEFERRABLE.
func (p *parser) constraintAttribute(c *Constraint) bool {
	switch {
	case p.got(kwDeferrable):
		c.Kind = ConstraintDeferrable
	case p.tok.kind == kwInitially:
		p.advance()
		if c.Kind = ConstraintInitiallyDeferred; !p.got(kwDeferred) {
			c.Kind = ConstraintInitiallyImmediate
			p.want(kwImmediate)
		}
	default:
		return false
	}
	return true
}

// textOf reads an expression and returns its source, too.
func (p *parser) textOf(read func() Expr) (Expr, string) {
	start := p.tok.start
	e := read()
	return e, p.src[start:p.prevEnd]
}

// keyConstraint is UNIQUE [NULLS [NOT] DISTINCT] or PRIMARY KEY.
func (p *parser) keyConstraint(c *Constraint) {
	if p.got(kwUnique) {
		c.Kind = ConstraintUnique
		c.NullsNotDistinct = p.nullsNotDistinct()
		return
	}
	p.wants(kwPrimary, kwKey)
	c.Kind = ConstraintPrimaryKey
}

func (p *parser) nullsNotDistinct() (not bool) {
	if p.tok.kind == kwNulls || p.tok.kind == tokNullsLA {
		p.advance()
		not = p.got(kwNot)
		p.want(kwDistinct)
	}
	return not
}

// indexClauses are WITH (…) and USING INDEX TABLESPACE.
func (p *parser) indexClauses() {
	if p.gotWith() {
		p.relOptions()
	}
	if p.gotWords(kwUsing, kwIndex, kwTablespace) {
		p.colID()
	}
}

func (p *parser) checkConstraint(c *Constraint) {
	p.want(kwCheck)
	c.Kind = ConstraintCheck
	p.want('(')
	c.Expr, c.Text = p.textOf(p.expr)
	p.want(')')
}

// generatedConstraint is GENERATED … AS IDENTITY or AS (expression) STORED.
func (p *parser) generatedConstraint(c *Constraint) {
	p.want(kwGenerated)
	when := p.tok.pos
	c.Always = p.generatedWhen()
	p.want(kwAs)
	if p.got(kwIdentity) {
		c.Kind = ConstraintIdentity
		c.Options = p.parenSeqOptions()
		return
	}
	c.Kind = ConstraintGenerated
	p.want('(')
	c.Expr, c.Text = p.textOf(p.expr)
	p.want(')')
	p.want(kwStored)
	if !c.Always {
		p.fail(syntaxError, when, "for a generated column, GENERATED ALWAYS must be specified")
	}
}

func (p *parser) generatedWhen() (always bool) {
	if p.got(kwAlways) {
		return true
	}
	p.wants(kwBy, kwDefault)
	return false
}

// parenSeqOptions is OptParenthesizedSeqOptList.
func (p *parser) parenSeqOptions() (list []SeqOption) {
	if !p.got('(') {
		return nil
	}
	for {
		o, ok := p.seqOption()
		if !ok {
			break
		}
		list = append(list, o)
	}
	if list == nil {
		p.unexpected()
	}
	p.want(')')
	return list
}

// references is REFERENCES … with its clauses.
func (p *parser) references(c *Constraint) {
	p.want(kwReferences)
	c.References = p.qualifiedName()
	if p.tok.kind == '(' {
		c.RefColumns = p.parenNameList()
	}
	if pos := p.tok.pos; p.got(kwMatch) {
		switch p.tok.kind {
		case kwFull, kwSimple:
			c.Match = p.tok.text
		case kwPartial:
			p.fail(sqlstate.FeatureNotSupported, pos, "MATCH PARTIAL not yet implemented")
		default:
			p.unexpected()
		}
		p.advance()
	}
	c.OnUpdate, c.OnDelete = ActionNone, ActionNone
	seen := map[kind]bool{}
	for p.tok.kind == kwOn {
		pos := p.tok.pos
		p.advance()
		k := p.tok.kind
		if seen[k] || k != kwUpdate && k != kwDelete {
			p.unexpected()
		}
		seen[k] = true
		p.advance()
		action, columns := p.referentialAction()
		if k == kwDelete {
			c.OnDelete = action
			continue
		}
		if columns {
			name := map[ReferentialAction]string{ActionSetNull: "SET NULL", ActionSetDefault: "SET DEFAULT"}[action]
			p.fail(sqlstate.FeatureNotSupported, pos, "a column list with %s is only supported for ON DELETE actions", name)
		}
		c.OnUpdate = action
	}
}

func (p *parser) referentialAction() (action ReferentialAction, columns bool) {
	switch {
	case p.gotWords(kwNo, kwAction):
		return ActionNone, false
	case p.got(kwRestrict):
		return ActionRestrict, false
	case p.got(kwCascade):
		return ActionCascade, false
	}
	p.want(kwSet)
	action = ActionSetNull
	if !p.got(kwNull) {
		p.want(kwDefault)
		action = ActionSetDefault
	}
	if columns = p.tok.kind == '('; columns {
		p.parenNameList()
	}
	return action, columns
}

// tableConstraint is TableConstraint.
func (p *parser) tableConstraint() *Constraint {
	c := &Constraint{Pos: p.tok.pos}
	if p.got(kwConstraint) {
		c.Name = p.colID()
	}
	switch p.tok.kind {
	case kwCheck:
		p.checkConstraint(c)
		p.attributes(c, "CHECK", attributesOf{notValid: true, noInherit: true})
	case kwUnique, kwPrimary:
		what := "UNIQUE"
		if p.tok.kind == kwPrimary {
			what = "PRIMARY KEY"
		}
		p.keyConstraint(c)
		if p.tok.kind == kwUsing && !c.NullsNotDistinct {
			p.wants(kwUsing, kwIndex)
			c.Index = p.colID()
		} else {
			c.Columns = p.parenNameList()
			if p.got(kwInclude) {
				c.Include = p.parenNameList()
			}
			p.indexClauses()
		}
		p.attributes(c, what, attributesOf{deferrable: true})
	case kwForeign:
		p.wants(kwForeign, kwKey)
		c.Kind = ConstraintForeignKey
		c.Columns = p.parenNameList()
		p.references(c)
		p.attributes(c, "FOREIGN KEY", attributesOf{deferrable: true, notValid: true})
	case kwExclude:
		p.advance()
		c.Kind = ConstraintExclude
		p.skipElement()
	default:
		p.unexpected()
	}
	return c
}

// skipElement passes over the rest of a table's element.
func (p *parser) skipElement() {
	for parens := 0; parens > 0 || p.tok.kind != ',' && p.tok.kind != ')' && p.tok.kind != ';' && p.tok.kind != tokEOF; p.advance() {
		switch p.tok.kind {
		case '(':
			parens++
		case ')':
			parens--
		case tokEOF:
			p.unexpected()
		}
	}
}

// attributesOf says which attributes a constraint may have.
type attributesOf struct{ deferrable, notValid, noInherit bool }

// attributes is ConstraintAttributeSpec, checked as PostgreSQL's grammar does.
func (p *parser) attributes(c *Constraint, what string, may attributesOf) {
	var not, deferrable, immediate, deferred bool
	for {
		pos := p.tok.pos
		switch {
		case p.tok.kind == kwNot:
			p.advance()
			if p.got(kwValid) {
				c.NotValid = true
			} else {
				p.want(kwDeferrable)
				not = true
			}
		case p.got(kwDeferrable):
			deferrable = true
		case p.tok.kind == kwInitially:
			p.advance()
			if p.got(kwDeferred) {
				deferred = true
			} else {
				p.want(kwImmediate)
				immediate = true
			}
		case p.gotWords(kwNo, kwInherit):
			c.NoInherit = true
		default:
			c.Deferrable, c.Deferred = deferrable || deferred, deferred
			p.checkAttributes(c, what, may)
			return
		}
		switch {
		case not && deferred:
			p.fail(syntaxError, pos, "constraint declared INITIALLY DEFERRED must be DEFERRABLE")
		case not && deferrable, immediate && deferred:
			p.fail(syntaxError, pos, "conflicting constraint properties")
		}
	}
}

// checkAttributes refuses what a kind of constraint can't be; without a position,
// since PostgreSQL's is that of an empty list.
func (p *parser) checkAttributes(c *Constraint, what string, may attributesOf) {
	for _, a := range []struct {
		is, may bool
		word    string
	}{
		{c.Deferrable, may.deferrable, "DEFERRABLE"},
		{c.NotValid, may.notValid, "NOT VALID"},
		{c.NoInherit, may.noInherit, "NO INHERIT"},
	} {
		if a.is && !a.may {
			p.fail(sqlstate.FeatureNotSupported, 0, "%s constraints cannot be marked %s", what, a.word)
		}
	}
}
