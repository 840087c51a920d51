package parser

// secLabelStmt is SECURITY LABEL ON SEQUENCE; labels of other objects are not
// served.
func (p *parser) secLabelStmt() Statement {
	u := p.startUnserved()
	p.advance()
	if p.tok.kind != kwLabel {
		p.unexpected()
	}
	u.step(p)
	s := &SecLabelStmt{}
	if p.got(kwFor) {
		s.Provider = p.nonReservedWordOrString()
	}
	p.want(kwOn)
	if p.tok.kind != kwSequence {
		return u.finish(p)
	}
	p.advance()
	s.Name = p.anyNameRelation()
	p.want(kwIs)
	if !p.got(kwNull) {
		label := p.sconst()
		s.Label = &label
	}
	return s
}
