package parser

import "seqd/protocol/sqlstate"

// copyStmt is COPY.
func (p *parser) copyStmt() Statement {
	pos := p.want(kwCopy)
	s := &CopyStmt{Pos: pos}
	if p.tok.kind == '(' {
		p.advance()
		s.Query = p.preparableStmt()
		p.want(')')
		direction := p.want(kwTo)
		p.copyFile(s, direction)
		p.gotWith()
		p.copyOptions(s)
		return s
	}
	if p.tok.kind == kwBinary && p.peek() != kwFrom && p.peek() != kwTo && p.peek() != '.' && p.peek() != '(' {
		s.option("format", p.tok.pos).Text = "binary"
		p.advance()
	}
	name := p.qualifiedName()
	s.Relation = &name
	if p.tok.kind == '(' {
		s.Columns = p.parenNameList()
	}
	s.From = p.got(kwFrom)
	if !s.From {
		p.want(kwTo)
	}
	p.copyFile(s, 0)
	p.copyDelimiter(s)
	p.gotWith()
	p.copyOptions(s)
	if where := p.tok.pos; p.got(kwWhere) {
		s.Where = p.expr()
		if !s.From {
			p.fail(sqlstate.SyntaxError, where, "WHERE clause not allowed with COPY TO")
		}
	}
	return s
}

// copyFile is opt_program copy_file_name; which of STDIN and STDOUT is written makes no
// difference. pos is where PostgreSQL points at when they can't be.
func (p *parser) copyFile(s *CopyStmt, pos Pos) {
	s.Program = p.got(kwProgram)
	if p.tok.kind == kwStdin || p.tok.kind == kwStdout {
		if s.Program {
			p.fail(sqlstate.SyntaxError, pos, "STDIN/STDOUT not allowed with PROGRAM")
		}
		p.advance()
		return
	}
	name := p.sconst()
	s.File = &name
}

func (p *parser) copyDelimiter(s *CopyStmt) {
	if p.tok.kind == kwUsing {
		p.advance()
		if p.tok.kind != kwDelimiters {
			p.unexpected()
		}
	}
	if p.tok.kind == kwDelimiters {
		o := s.option("delimiter", p.tok.pos)
		p.advance()
		o.Text = p.sconst()
	}
}

func (s *CopyStmt) option(name string, pos Pos) *CopyOption {
	s.Options = append(s.Options, CopyOption{Name: name, Pos: pos, Given: true})
	return &s.Options[len(s.Options)-1]
}

// copyOptions is copy_options, in parentheses or as before PostgreSQL 9.0.
func (p *parser) copyOptions(s *CopyStmt) {
	if p.got('(') {
		p.list(func() { s.Options = append(s.Options, p.copyOption()) })
		p.want(')')
		return
	}
	for p.oldCopyOption(s) {
	}
}

// copyOption is copy_generic_opt_elem.
func (p *parser) copyOption() (o CopyOption) {
	o.Pos = p.tok.pos
	o.Name = p.colLabel()
	switch k := p.tok.kind; {
	case k == ',' || k == ')':
		return o
	case p.got('*'):
		o.Star = true
	case p.got('('):
		p.list(func() { o.List = append(o.List, p.booleanOrString()) })
		p.want(')')
	case p.startsNumber():
		o.Text, _ = p.signedNumber()
	default:
		o.Text = p.booleanOrString()
	}
	o.Given = true
	return o
}

// oldCopyOption is copy_opt_item.
func (p *parser) oldCopyOption(s *CopyStmt) bool {
	k, pos := p.tok.kind, p.tok.pos
	switch k {
	case kwBinary, kwCsv:
		p.advance()
		s.option("format", pos).Text = map[kind]string{kwBinary: "binary", kwCsv: "csv"}[k]
	case kwFreeze, kwHeader:
		word := p.tok.text
		p.advance()
		s.option(word, pos).Text = "true"
	case kwDelimiter, kwNull, kwQuote, kwEscape:
		o := s.option(p.tok.text, pos)
		p.advance()
		p.got(kwAs)
		o.Text = p.sconst()
	case kwEncoding:
		p.advance()
		s.option("encoding", pos).Text = p.sconst()
	case kwForce:
		p.advance()
		p.forceOption(s, pos)
	default:
		return false
	}
	return true
}

// forceOption is what follows FORCE.
func (p *parser) forceOption(s *CopyStmt, pos Pos) {
	switch {
	case p.got(kwQuote):
		o := s.option("force_quote", pos)
		if o.Star = p.got('*'); !o.Star {
			o.List = p.nameList()
		}
	case p.got(kwNot):
		p.want(kwNull)
		s.option("force_not_null", pos).List = p.nameList()
	default:
		p.want(kwNull)
		s.option("force_null", pos).List = p.nameList()
	}
}
