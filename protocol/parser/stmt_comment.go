package parser

// commentStmt is COMMENT ON. What seqd has no objects of is not served.
func (p *parser) commentStmt() Statement {
	pos := p.tok.pos
	p.wants(kwComment, kwOn)
	s := &CommentStmt{}
	k := p.tok.kind
	switch k {
	case kwTable, kwSequence, kwView, kwIndex:
		p.advance()
		s.Object = alterObjects[k]
		s.Name = p.anyName()
	case kwColumn:
		p.advance()
		s.Object = ObjectColumn
		s.Name = p.anyName()
	case kwSchema, kwDatabase, kwRole, kwTablespace, kwExtension:
		p.advance()
		s.Object = namedComments[k]
		s.Name = []string{p.colID()}
	case kwConstraint:
		p.advance()
		s.Object = ObjectConstraint
		s.Name = []string{p.colID()}
		p.want(kwOn)
		if p.tok.kind == kwDomain && p.peek() != kwIs && p.peek() != '.' {
			return p.otherComment(pos)
		}
		s.On = p.anyName()
	default:
		if !otherComments[k] {
			p.unexpected()
		}
		return p.otherComment(pos)
	}
	p.want(kwIs)
	if !p.got(kwNull) {
		text := p.sconst()
		s.Comment = &text
	}
	return s
}

var namedComments = map[kind]ObjectType{
	kwSchema: ObjectSchema, kwDatabase: ObjectDatabase, kwRole: ObjectRole, kwTablespace: ObjectTablespace, kwExtension: ObjectExtension,
}

// otherComments are the words that other kinds of objects begin with.
var otherComments = map[kind]bool{
	kwMaterialized: true, kwForeign: true, kwCollation: true, kwConversion: true, kwStatistics: true, kwText: true,
	kwAccess: true, kwEvent: true, kwProcedural: true, kwLanguage: true, kwPublication: true, kwServer: true,
	kwSubscription: true, kwType: true, kwDomain: true, kwAggregate: true, kwFunction: true, kwOperator: true,
	kwPolicy: true, kwRule: true, kwTrigger: true, kwProcedure: true, kwRoutine: true, kwTransform: true,
	kwLarge: true, kwCast: true,
}

func (p *parser) otherComment(pos Pos) Statement {
	p.advance()
	if p.tok.kind == tokEOF || p.tok.kind == ';' {
		p.unexpected()
	}
	p.skipStatement(false)
	return &UnservedStmt{Tag: "COMMENT", Pos: pos}
}
