package parser

// createTable is CREATE TABLE from TABLE on.
func (p *parser) createTable(persistence Persistence, pos Pos) Statement {
	p.want(kwTable)
	s := &CreateTableStmt{Persistence: persistence}
	if s.IfNotExists = p.tok.kind == kwIf && p.peek() == kwNot; s.IfNotExists {
		p.wants(kwIf, kwNot, kwExists)
	}
	s.Name = p.qualifiedName()
	switch p.tok.kind {
	case kwOf:
		return p.otherTable(s, "OF")
	case kwPartition:
		return p.otherTable(s, "PARTITION OF")
	case '(':
		if p.peek() != ')' && p.isNameList() {
			return p.createTableAs(pos)
		}
	default:
		return p.createTableAs(pos)
	}
	p.advance()
	if p.tok.kind != ')' {
		p.list(func() { s.Elements = append(s.Elements, p.tableElement()) })
	}
	p.want(')')
	switch p.tok.kind {
	case kwInherits:
		return p.otherTable(s, "INHERITS")
	case kwPartition:
		return p.otherTable(s, "PARTITION BY")
	}
	p.tableOptions(s)
	return s
}

// isNameList tells whether the parenthesis in hand holds the column names of CREATE
// TABLE AS and not definitions: a name that a comma or parenthesis follows. It looks
// two tokens ahead, which only the text can tell.
func (p *parser) isNameList() bool {
	saved := *p
	defer func() { *p = saved }()
	p.advance()
	if !p.tok.kind.isColID() {
		return false
	}
	next := p.peek()
	return p.peekErr == nil && (next == ',' || next == ')')
}

// otherTable skips what is left of a table that seqd does not declare.
func (p *parser) otherTable(s *CreateTableStmt, what string) Statement {
	s.Unserved = what
	p.advance()
	if p.tok.kind == tokEOF || p.tok.kind == ';' {
		p.unexpected()
	}
	p.skipStatement(false)
	return s
}

// createTableAs is CREATE TABLE AS from what follows the table's name.
func (p *parser) createTableAs(pos Pos) Statement {
	if p.tok.kind == '(' {
		p.parenNameList()
	}
	var s CreateTableStmt
	p.tableOptions(&s)
	p.want(kwAs)
	if p.tok.kind == kwExecute {
		p.executeStmt()
	} else {
		p.selectStmt()
	}
	if p.gotWith() {
		p.got(kwNo)
		p.want(kwData)
	}
	return &UnservedStmt{Tag: "CREATE TABLE AS", Pos: pos}
}

// tableOptions are the clauses behind a table's elements.
func (p *parser) tableOptions(s *CreateTableStmt) {
	if p.got(kwUsing) {
		p.colID()
	}
	if p.gotWith() {
		p.relOptions()
	} else {
		p.gotWords(kwWithout, kwOids)
	}
	if p.gotWords(kwOn, kwCommit) {
		switch p.tok.kind {
		case kwDrop:
			p.advance()
			s.OnCommit = OnCommitDrop
		case kwDelete:
			p.wants(kwDelete, kwRows)
			s.OnCommit = OnCommitDelete
		default:
			p.wants(kwPreserve, kwRows)
			s.OnCommit = OnCommitPreserve
		}
	}
	if p.got(kwTablespace) {
		s.Tablespace = p.colID()
	}
}

// relOptions is reloptions: storage parameters, which mean nothing here.
func (p *parser) relOptions() {
	p.want('(')
	p.list(func() {
		p.colLabel()
		if p.got('.') {
			p.colLabel()
		}
		if p.got('=') {
			p.definitionArg()
		}
	})
	p.want(')')
}

// definitionArg is def_arg.
func (p *parser) definitionArg() {
	switch k := p.tok.kind; {
	case k == tokString:
		p.advance()
	case p.startsNumber():
		p.signedNumber()
	case k.isColLabel():
		if k.word().class == reserved {
			p.advance()
			return
		}
		p.typeName()
	default:
		p.unexpected()
	}
}

// tableElement is TableElement.
func (p *parser) tableElement() TableElement {
	switch p.tok.kind {
	case kwLike:
		return TableElement{Like: p.tableLike()}
	case kwConstraint, kwCheck, kwUnique, kwPrimary, kwForeign:
		return TableElement{Constraint: p.tableConstraint()}
	case kwExclude:
		if k := p.peek(); k == kwUsing || k == '(' {
			return TableElement{Constraint: p.tableConstraint()}
		}
	}
	return TableElement{Column: p.columnDef()}
}

// likeOptions are the words of INCLUDING and EXCLUDING.
var likeOptions = map[kind]string{
	kwComments: "comments", kwCompression: "compression", kwConstraints: "constraints", kwDefaults: "defaults",
	kwIdentity: "identity", kwGenerated: "generated", kwIndexes: "indexes", kwStatistics: "statistics", kwStorage: "storage",
}

func (p *parser) tableLike() *TableLike {
	p.want(kwLike)
	l := &TableLike{Table: p.qualifiedName(), Options: map[string]bool{}}
	for p.tok.kind == kwIncluding || p.tok.kind == kwExcluding {
		including := p.tok.kind == kwIncluding
		p.advance()
		word, ok := likeOptions[p.tok.kind]
		switch {
		case ok:
			l.Options[word] = including
		case p.tok.kind == kwAll:
			for _, word := range likeOptions {
				l.Options[word] = including
			}
		default:
			p.unexpected()
		}
		p.advance()
	}
	return l
}

// columnDef is columnDef.
func (p *parser) columnDef() *TableColumn {
	c := &TableColumn{Pos: p.tok.pos}
	c.Name = p.colID()
	c.Type = p.typeName()
	if p.got(kwCompression) {
		c.Compression = p.compressionMethod()
	}
	for {
		if pos := p.tok.pos; p.got(kwCollate) {
			if c.Collation != nil {
				p.fail(syntaxError, pos, "multiple COLLATE clauses not allowed")
			}
			c.Collation, c.CollatePos = p.anyName(), pos
			continue
		}
		q, ok := p.columnConstraint()
		if !ok {
			return c
		}
		c.Constraints = append(c.Constraints, q)
	}
}

func (p *parser) compressionMethod() string {
	if p.got(kwDefault) {
		return "default"
	}
	return p.colID()
}

// truncateStmt is TRUNCATE.
func (p *parser) truncateStmt() Statement {
	p.want(kwTruncate)
	p.got(kwTable)
	s := &TruncateStmt{}
	p.list(func() { s.Tables = append(s.Tables, p.relationExpr()) })
	if s.RestartIdentity = p.tok.kind == kwRestart; s.RestartIdentity || p.tok.kind == kwContinue {
		p.advance()
		p.want(kwIdentity)
	}
	s.Behavior = p.dropBehavior()
	return s
}
