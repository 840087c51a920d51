package parser

import (
	"strings"

	"seqd/protocol/sqlstate"
)

// The classes of names of gram.y: which key words may stand where.

func (k kind) isColID() bool {
	return k == tokIdent || k.isKeyword() && k.word().class <= colName
}

func (k kind) isTypeFunctionName() bool {
	return k == tokIdent || k.isKeyword() && (k.word().class == unreserved || k.word().class == typeFunc)
}

func (k kind) isNonReserved() bool {
	return k == tokIdent || k.isKeyword() && k.word().class != reserved
}

func (k kind) isColLabel() bool { return k == tokIdent || k.isKeyword() }

func (k kind) isBareLabel() bool { return k == tokIdent || k.isKeyword() && k.word().bare }

// take returns the text of the token in hand, which must be acceptable.
func (p *parser) take(acceptable bool) string {
	if !acceptable {
		p.unexpected()
	}
	text := p.tok.text
	p.advance()
	return text
}

func (p *parser) colID() string    { return p.take(p.tok.kind.isColID()) }
func (p *parser) colLabel() string { return p.take(p.tok.kind.isColLabel()) }
func (p *parser) sconst() string   { return p.take(p.tok.kind == tokString) }

func (p *parser) nonReservedWordOrString() string {
	return p.take(p.tok.kind == tokString || p.tok.kind.isNonReserved())
}

// anyName is a dotted name: ColId, then any labels.
func (p *parser) anyName() []string {
	names := []string{p.colID()}
	for p.got('.') {
		names = append(names, p.colLabel())
	}
	return names
}

// nameList is names with commas.
func (p *parser) nameList() (names []string) {
	p.list(func() { names = append(names, p.colID()) })
	return names
}

// parenNameList is a name list in parentheses.
func (p *parser) parenNameList() []string {
	p.want('(')
	names := p.nameList()
	p.want(')')
	return names
}

// qualifiedName is the name of a relation: up to three parts. Subscripts and stars
// belong to the grammar of names, and are refused once the name is complete.
func (p *parser) qualifiedName() RangeVar {
	pos := p.tok.pos
	rv := RangeVar{Name: p.colID(), Pos: pos}
	if p.tok.kind != '.' && p.tok.kind != '[' {
		return rv
	}
	names, plain := []string{rv.Name}, true
	for _, step := range p.indirection() {
		if step.Field == "" {
			plain = false
		}
		names = append(names, step.Field)
	}
	if !plain {
		p.unexpected()
	}
	return p.checkedRangeVar(names, pos)
}

// checkedRangeVar is makeRangeVarFromQualifiedName.
func (p *parser) checkedRangeVar(names []string, pos Pos) RangeVar {
	if len(names) > 3 {
		p.fail(sqlstate.SyntaxError, pos, "improper qualified name (too many dotted names): %s", strings.Join(names, "."))
	}
	rv := rangeVarOf(names)
	rv.Pos = pos
	return rv
}

// rangeVarOf makes a relation's name of one to three parts.
func rangeVarOf(names []string) RangeVar {
	switch n := len(names); n {
	case 1:
		return RangeVar{Name: names[0]}
	case 2:
		return RangeVar{Schema: names[0], Name: names[1]}
	default:
		return RangeVar{Catalog: names[n-3], Schema: names[n-2], Name: names[n-1]}
	}
}

// anyNameRelation is a relation's name in DROP, where PostgreSQL counts the parts
// only when it runs the statement and gives no position.
func (p *parser) anyNameRelation() RangeVar {
	pos := p.tok.pos
	names := p.anyName()
	if len(names) > 3 {
		p.fail(sqlstate.SyntaxError, 0, "improper relation name (too many dotted names): %s", strings.Join(names, "."))
	}
	rv := rangeVarOf(names)
	rv.Pos = pos
	return rv
}

// ifExists takes IF EXISTS. An IF without it is a name.
func (p *parser) ifExists() bool {
	if p.tok.kind != kwIf || p.peek() != kwExists {
		return false
	}
	p.wants(kwIf, kwExists)
	return true
}

// roleSpec is a role, or one of the words that mean one.
func (p *parser) roleSpec() RoleSpec {
	pos := p.tok.pos
	switch p.tok.kind {
	case kwCurrentRole, kwCurrentUser, kwSessionUser:
		word := p.tok.text
		p.advance()
		return RoleSpec{Keyword: word, Pos: pos}
	}
	name := p.take(p.tok.kind.isNonReserved())
	switch name {
	case "public":
		return RoleSpec{Keyword: name, Pos: pos}
	case "none":
		p.fail(sqlstate.ReservedName, pos, `role name "%s" is reserved`, name)
	}
	return RoleSpec{Name: name, Pos: pos}
}

// signedNumber is NumericOnly: the digits with a minus sign if there is one.
func (p *parser) signedNumber() (text string, k kind) {
	minus := p.got('-')
	if !minus {
		p.got('+')
	}
	k = p.tok.kind
	text = p.take(k == tokInt || k == tokFloat)
	if minus {
		text = negate(text)
	}
	return text, k
}

// negate puts the sign of a number's text the other way round.
func negate(text string) string {
	if text[0] == '-' {
		return text[1:]
	}
	if text == "0" {
		return text
	}
	return "-" + text
}
