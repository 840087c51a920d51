package parser

import (
	"strings"

	"seqd/protocol/sqlstate"
)

// dropObjects are the relations and schemas, whose DROP is served.
var dropObjects = map[kind]ObjectType{
	kwSequence: ObjectSequence, kwTable: ObjectTable, kwView: ObjectView, kwIndex: ObjectIndex, kwSchema: ObjectSchema,
}

// dropStmt is DROP.
func (p *parser) dropStmt() Statement {
	u := p.startUnserved()
	p.advance()
	switch p.tok.kind {
	case kwDatabase:
		return p.dropDatabase()
	case kwRole, kwGroup:
		return p.dropRole()
	case kwUser:
		if p.peek() != kwMapping {
			return p.dropRole()
		}
	case kwOwned:
		return p.dropOwned()
	}
	object, ok := dropObjects[p.tok.kind]
	switch {
	case ok && (object != ObjectIndex || p.peek() != kwConcurrently):
		p.advance()
	case ok:
		return u.finish(p)
	case p.gotWords(kwMaterialized, kwView):
		object = ObjectMaterializedView
	case p.tok.kind == kwForeign && p.peek() == kwTable:
		p.wants(kwForeign, kwTable)
		object = ObjectForeignTable
	default:
		if s := p.dropOther(); s != nil {
			return s
		}
		return u.finish(p)
	}
	s := &DropStmt{Object: object}
	s.IfExists = p.ifExists()
	if object == ObjectSchema {
		s.Names = plainNames(p.nameList())
	} else {
		p.list(func() { s.Names = append(s.Names, p.anyNameRelation()) })
	}
	s.Behavior = p.dropBehavior()
	return s
}

// dropForm is how a DROP names its objects.
type dropForm byte

const (
	dropPlain   dropForm = iota // name, …
	dropOne                     // name
	dropAnyName                 // [schema.]name, …
	dropType                    // type, …
	dropOn                      // name ON table
	dropArgs                    // name [(types)], …
	dropOperator
	dropUsing // name USING access method
	dropCast
	dropTransform
)

// dropKinds are the kinds of objects that seqd has none of but those of initdb.
var dropKinds = []struct {
	words []kind
	name  string
	form  dropForm
}{
	{[]kind{kwType}, "type", dropType},
	{[]kind{kwDomain}, "domain", dropType},
	{[]kind{kwFunction}, "function", dropArgs},
	{[]kind{kwProcedure}, "procedure", dropArgs},
	{[]kind{kwRoutine}, "routine", dropArgs},
	{[]kind{kwAggregate}, "aggregate", dropArgs},
	{[]kind{kwOperator, kwClass}, "operator class", dropUsing},
	{[]kind{kwOperator, kwFamily}, "operator family", dropUsing},
	{[]kind{kwOperator}, "operator", dropOperator},
	{[]kind{kwCast}, "cast", dropCast},
	{[]kind{kwTransform}, "transform", dropTransform},
	{[]kind{kwTrigger}, "trigger", dropOn},
	{[]kind{kwRule}, "rule", dropOn},
	{[]kind{kwPolicy}, "policy", dropOn},
	{[]kind{kwCollation}, "collation", dropAnyName},
	{[]kind{kwConversion}, "conversion", dropAnyName},
	{[]kind{kwStatistics}, "statistics object", dropAnyName},
	{[]kind{kwAccess, kwMethod}, "access method", dropPlain},
	{[]kind{kwEvent, kwTrigger}, "event trigger", dropPlain},
	{[]kind{kwExtension}, "extension", dropPlain},
	{[]kind{kwForeign, kwData, kwWrapper}, "foreign-data wrapper", dropPlain},
	{[]kind{kwProcedural, kwLanguage}, "language", dropPlain},
	{[]kind{kwLanguage}, "language", dropPlain},
	{[]kind{kwPublication}, "publication", dropPlain},
	{[]kind{kwServer}, "server", dropPlain},
	{[]kind{kwSubscription}, "subscription", dropOne},
	{[]kind{kwTablespace}, "tablespace", dropOne},
}

// searchObjects are what comes after DROP TEXT SEARCH.
var searchObjects = map[kind]string{
	kwParser: "text search parser", kwDictionary: "text search dictionary",
	kwTemplate: "text search template", kwConfiguration: "text search configuration",
}

// dropOther is DROP of a kind that seqd makes none of; nil if the words are none of
// those.
func (p *parser) dropOther() Statement {
	for _, k := range dropKinds {
		if p.tok.kind == k.words[0] && (len(k.words) == 1 || p.peek() == k.words[1]) {
			p.wants(k.words...)
			return p.dropRest(k.name, k.form)
		}
	}
	if !p.gotWords(kwText, kwSearch) {
		return nil
	}
	name, ok := searchObjects[p.tok.kind]
	if !ok {
		p.unexpected()
	}
	p.advance()
	return p.dropRest(name, dropAnyName)
}

func (p *parser) dropRest(name string, form dropForm) Statement {
	s := &DropOtherStmt{Kind: name}
	one := func(item func() DropTarget) func() {
		return func() { s.Targets = append(s.Targets, item()) }
	}
	if form == dropTransform {
		s.IfExists = p.ifExists()
		p.want(kwFor)
		t := DropTarget{Types: []TypeName{p.typeName()}}
		p.want(kwLanguage)
		t.Names = []string{p.colID()}
		s.Targets = []DropTarget{t}
		s.Behavior = p.dropBehavior()
		return s
	}
	s.IfExists = p.ifExists()
	plain := func() DropTarget { return DropTarget{Names: []string{p.colID()}} }
	switch form {
	case dropPlain:
		p.list(one(plain))
	case dropOne:
		one(plain)()
	case dropAnyName:
		p.list(one(func() DropTarget { return DropTarget{Names: p.anyName()} }))
	case dropType:
		p.list(one(func() DropTarget { return DropTarget{Types: []TypeName{p.typeName()}} }))
	case dropArgs:
		p.list(one(func() DropTarget { return p.dropRoutine(name == "aggregate") }))
	case dropOperator:
		p.list(one(p.dropOperator))
	case dropOn:
		t := plain()
		p.want(kwOn)
		on := p.anyNameRelation()
		t.On = &on
		s.Targets = []DropTarget{t}
	case dropUsing:
		t := DropTarget{Names: p.anyName()}
		p.want(kwUsing)
		t.Using = p.colID()
		s.Targets = []DropTarget{t}
	case dropCast:
		p.want('(')
		from := p.typeName()
		p.want(kwAs)
		s.Targets = []DropTarget{{Types: []TypeName{from, p.typeName()}}}
		p.want(')')
	}
	if form != dropOne || name == "subscription" {
		s.Behavior = p.dropBehavior()
	}
	return s
}

// dropRoutine is a function with or without its argument types; an aggregate has them.
func (p *parser) dropRoutine(aggregate bool) DropTarget {
	t := DropTarget{Pos: p.tok.pos, Names: p.anyName()}
	if p.tok.kind != '(' && !aggregate {
		return t
	}
	p.want('(')
	t.Args = true
	switch {
	case aggregate && p.got('*'):
		t.Star = true
	case aggregate || p.tok.kind != ')':
		p.list(func() {
			if typ, input := p.routineArgument(); input {
				t.Types = append(t.Types, typ)
			}
		})
	}
	p.want(')')
	return t
}

// routineArgument is func_arg: [mode] [name] type, in any order of the first two. OUT
// arguments do not count.
func (p *parser) routineArgument() (t TypeName, input bool) {
	input = true
	mode := func() {
		switch p.tok.kind {
		case kwIn:
			p.advance()
			p.got(kwOut)
		case kwOut:
			p.advance()
			input = false
		case kwInout, kwVariadic:
			p.advance()
		}
	}
	mode()
	// A name is a word with a type behind it.
	if p.tok.kind.isTypeFunctionName() {
		switch next := p.peek(); {
		case next == ',' || next == ')' || next == '(' || next == '.' || next == '[' || next == kwArray || next == tokEOF:
		case p.startsTypeWords():
		default:
			p.advance()
			mode()
		}
	}
	return p.typeName(), input
}

// startsTypeWords tells whether the word in hand begins a type of several words.
func (p *parser) startsTypeWords() bool {
	switch p.tok.kind {
	case kwDouble, kwTime, kwTimestamp, kwInterval, kwCharacter, kwChar, kwNational, kwNchar, kwBit, kwVarchar, kwSetof:
		return true
	}
	return false
}

// dropOperator is an operator with its argument types, of which one may be NONE.
func (p *parser) dropOperator() DropTarget {
	var t DropTarget
	for p.tok.kind.isColID() {
		t.Names = append(t.Names, p.colID())
		p.want('.')
	}
	t.Names = append(t.Names, p.take(p.tok.kind.isOperator()))
	p.want('(')
	p.list(func() {
		if p.got(kwNone) {
			t.Types = append(t.Types, TypeName{})
			return
		}
		t.Types = append(t.Types, p.typeName())
	})
	if len(t.Types) != 2 || t.Types[0].Names == nil && t.Types[1].Names == nil {
		p.fail(sqlstate.SyntaxError, p.tok.pos, "missing argument")
	}
	p.want(')')
	return t
}

// String is a type's name as it was written (TypeNameToString).
func (t TypeName) String() string {
	s := strings.Join(t.Names, ".")
	if t.ArrayDims > 0 {
		s += "[]"
	}
	return s
}
