package parser

import (
	"strconv"

	"seqd/protocol/sqlstate"
)

// Bits of an interval's field mask (datetime.h, timestamp.h): its first type modifier.
const (
	intervalMonth     = 1 << 1
	intervalYear      = 1 << 2
	intervalDay       = 1 << 3
	intervalHour      = 1 << 10
	intervalMinute    = 1 << 11
	intervalSecond    = 1 << 12
	intervalFullRange = 0x7FFF
)

// intConst is a number that the grammar itself puts in; it has no position.
func intConst(n int) Expr { return &Const{Kind: ConstInt, Text: strconv.Itoa(n)} }

// systemName is a name in pg_catalog.
func systemName(name string) []string { return []string{"pg_catalog", name} }

// typeName is Typename: [SETOF] type with array bounds.
func (p *parser) typeName() TypeName {
	outer := p.down()
	setOf := p.got(kwSetof)
	t := p.simpleTypeName()
	t.SetOf = setOf
	if p.got(kwArray) {
		t.ArrayDims = 1
		if p.got('[') {
			p.want(tokInt)
			p.want(']')
		}
	} else {
		for p.got('[') {
			p.got(tokInt)
			p.want(']')
			t.ArrayDims++
		}
	}
	p.up(outer)
	return t
}

// simpleTypeName is SimpleTypename.
func (p *parser) simpleTypeName() TypeName {
	if t, ok := p.keywordType(); ok {
		if t.Names[1] == "interval" && t.Typmods == nil {
			t.Typmods = p.intervalFields()
		}
		return t
	}
	t := TypeName{Pos: p.tok.pos}
	t.Names = append(t.Names, p.take(p.tok.kind.isTypeFunctionName()))
	for p.got('.') {
		t.Names = append(t.Names, p.colLabel())
	}
	t.Typmods = p.typeModifiers()
	return t
}

// typeModifiers is opt_type_modifiers.
func (p *parser) typeModifiers() []Expr {
	if !p.got('(') {
		return nil
	}
	mods := p.exprList()
	p.want(')')
	return mods
}

// keywordType reads a type that has key words of its own (ConstTypename and
// ConstInterval without its fields), false if there is none. A character or bit
// type without length gets length 1; a constant of that type then loses it.
func (p *parser) keywordType() (TypeName, bool) {
	t := TypeName{Pos: p.tok.pos}
	named := func(name string) { t.Names = systemName(name) }
	k := p.tok.kind
	switch k {
	case kwInt, kwInteger, kwSmallint, kwBigint, kwReal, kwBoolean:
		p.advance()
		named(plainKeywordTypes[k])
	case kwDecimal, kwDec, kwNumeric:
		p.advance()
		named("numeric")
		t.Typmods = p.typeModifiers()
	case kwFloat:
		p.advance()
		named(p.floatPrecision())
	case kwDouble:
		if p.peek() != kwPrecision {
			return t, false
		}
		p.advance()
		p.advance()
		named("float8")
	case kwBit:
		p.advance()
		p.bitType(&t)
	case kwCharacter, kwChar, kwVarchar, kwNational, kwNchar:
		p.characterType(&t)
	case kwTimestamp, kwTime:
		p.advance()
		p.datetimeType(&t, k)
	case kwInterval:
		p.advance()
		named("interval")
		if p.got('(') {
			t.Typmods = []Expr{intConst(intervalFullRange), p.iconst()}
			p.want(')')
		}
	default:
		return t, false
	}
	return t, true
}

var plainKeywordTypes = map[kind]string{
	kwInt: "int4", kwInteger: "int4", kwSmallint: "int2", kwBigint: "int8", kwReal: "float4", kwBoolean: "bool",
}

// iconst is an integer in parentheses or brackets.
func (p *parser) iconst() Expr {
	c := &Const{Kind: ConstInt, Text: p.tok.text, Pos: p.tok.pos}
	p.want(tokInt)
	return c
}

// floatPrecision is opt_float, and the type it asks for.
func (p *parser) floatPrecision() string {
	if !p.got('(') {
		return "float8"
	}
	pos := p.tok.pos
	n, _ := strconv.Atoi(p.tok.text)
	p.want(tokInt)
	switch {
	case p.tok.kind != ')':
		p.unexpected()
	case n < 1:
		p.fail(sqlstate.InvalidParameterValue, pos, "precision for type float must be at least 1 bit")
	case n > 53:
		p.fail(sqlstate.InvalidParameterValue, pos, "precision for type float must be less than 54 bits")
	}
	p.advance()
	if n <= 24 {
		return "float4"
	}
	return "float8"
}

func (p *parser) bitType(t *TypeName) {
	name := "bit"
	if p.got(kwVarying) {
		name = "varbit"
	}
	t.Names = systemName(name)
	if t.Typmods = p.typeModifiers(); t.Typmods == nil && name == "bit" {
		t.Typmods = []Expr{intConst(1)}
	}
}

func (p *parser) characterType(t *TypeName) {
	varying := p.tok.kind == kwVarchar
	if p.got(kwNational) && p.tok.kind != kwCharacter && p.tok.kind != kwChar {
		p.unexpected()
	}
	p.advance()
	if !varying {
		varying = p.got(kwVarying)
	}
	name := "bpchar"
	if varying {
		name = "varchar"
	}
	t.Names = systemName(name)
	if p.got('(') {
		t.Typmods = []Expr{p.iconst()}
		p.want(')')
	} else if !varying {
		t.Typmods = []Expr{intConst(1)}
	}
}

func (p *parser) datetimeType(t *TypeName, k kind) {
	if p.got('(') {
		t.Typmods = []Expr{p.iconst()}
		p.want(')')
	}
	name := "timestamp"
	if k == kwTime {
		name = "time"
	}
	switch {
	case p.got(tokWithLA):
		p.wants(kwTime, kwZone)
		name += "tz"
	case p.got(kwWithout):
		p.wants(kwTime, kwZone)
	}
	t.Names = systemName(name)
}

// intervalFields is opt_interval: YEAR, DAY TO SECOND(3) …
func (p *parser) intervalFields() []Expr {
	pos := p.tok.pos
	field := func(mask int) []Expr {
		return []Expr{&Const{Kind: ConstInt, Text: strconv.Itoa(mask), Pos: pos}}
	}
	k := p.tok.kind
	switch k {
	case kwSecond:
		return p.intervalSecond(intervalSecond)
	case kwYear, kwMonth, kwDay, kwHour, kwMinute:
		p.advance()
	default:
		return nil
	}
	mask := intervalBits[k]
	if k == kwMonth || !p.got(kwTo) {
		return field(mask)
	}
	// The second field must be a smaller one; the mask holds all from the first to it.
	last := p.tok.kind
	switch k {
	case kwYear:
		p.want(kwMonth)
		return field(mask | intervalMonth)
	case kwDay:
		mask |= intervalHour
		if p.got(kwHour) {
			return field(mask)
		}
		last = p.tok.kind
		fallthrough
	case kwHour:
		mask |= intervalMinute
		if last == kwMinute {
			p.advance()
			return field(mask)
		}
	}
	if p.tok.kind != kwSecond {
		p.unexpected()
	}
	return p.intervalSecond(mask | intervalSecond)
}

var intervalBits = map[kind]int{
	kwYear: intervalYear, kwMonth: intervalMonth, kwDay: intervalDay, kwHour: intervalHour, kwMinute: intervalMinute,
}

// intervalSecond is interval_second with the mask it belongs to.
func (p *parser) intervalSecond(mask int) []Expr {
	pos := p.want(kwSecond)
	mods := []Expr{&Const{Kind: ConstInt, Text: strconv.Itoa(mask), Pos: pos}}
	if p.got('(') {
		mods = append(mods, p.iconst())
		p.want(')')
	}
	return mods
}
