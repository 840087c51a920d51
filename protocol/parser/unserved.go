package parser

import (
	"strings"
	"sync"
)

// unservedPhrases are the leading key words of the statements of PostgreSQL 15
// that have no node in ast.go, each with its command tag where that differs from
// the words. [x] may be left out, a|b is a choice, and … at the end means that
// something must follow.
const unservedPhrases = `
ALTER AGGREGATE|COLLATION|CONVERSION|DOMAIN|EXTENSION|FUNCTION|PROCEDURE|ROUTINE|LANGUAGE …
ALTER PROCEDURAL LANGUAGE … = ALTER LANGUAGE
ALTER EVENT TRIGGER …
ALTER FOREIGN DATA WRAPPER …
ALTER FOREIGN TABLE …
ALTER USER MAPPING …
ALTER TABLE|INDEX ALL IN TABLESPACE …
ALTER LARGE OBJECT …
ALTER MATERIALIZED VIEW …
ALTER OPERATOR …
ALTER OPERATOR CLASS|FAMILY …
ALTER POLICY|PUBLICATION|RULE|SERVER|STATISTICS|SUBSCRIPTION|SYSTEM|TABLESPACE|TRIGGER|TYPE …
ALTER TEXT SEARCH PARSER|DICTIONARY|TEMPLATE|CONFIGURATION …
ANALYZE|ANALYSE = ANALYZE
CALL …
CLUSTER
CREATE ACCESS METHOD …
CREATE ASSERTION …
CREATE [OR REPLACE] AGGREGATE … = CREATE AGGREGATE
CREATE CAST|COLLATION|CONVERSION|DOMAIN|EXTENSION|POLICY|PUBLICATION|SERVER|STATISTICS|SUBSCRIPTION|TABLESPACE|TYPE …
CREATE DEFAULT CONVERSION … = CREATE CONVERSION
CREATE EVENT TRIGGER …
CREATE FOREIGN DATA WRAPPER …
CREATE FOREIGN TABLE …
CREATE [OR REPLACE] FUNCTION … = CREATE FUNCTION
CREATE [OR REPLACE] PROCEDURE … = CREATE PROCEDURE
CREATE USER MAPPING …
CREATE [OR REPLACE] [TRUSTED] [PROCEDURAL] LANGUAGE … = CREATE LANGUAGE
CREATE [UNLOGGED] MATERIALIZED VIEW … = CREATE MATERIALIZED VIEW
CREATE OPERATOR …
CREATE OPERATOR CLASS|FAMILY …
CREATE [OR REPLACE] RULE … = CREATE RULE
CREATE [TEMP|TEMPORARY|UNLOGGED] TABLE … = CREATE TABLE
CREATE LOCAL|GLOBAL TEMP|TEMPORARY TABLE … = CREATE TABLE
CREATE TEXT SEARCH PARSER|DICTIONARY|TEMPLATE|CONFIGURATION …
CREATE [OR REPLACE] TRANSFORM … = CREATE TRANSFORM
CREATE [OR REPLACE] [CONSTRAINT] TRIGGER … = CREATE TRIGGER
CREATE [OR REPLACE] [TEMP|TEMPORARY|UNLOGGED] [RECURSIVE] VIEW … = CREATE VIEW
CREATE [OR REPLACE] LOCAL|GLOBAL TEMP|TEMPORARY [RECURSIVE] VIEW … = CREATE VIEW
DELETE FROM … = DELETE
DO …
DROP USER MAPPING …
DROP INDEX CONCURRENTLY … = DROP INDEX
IMPORT FOREIGN SCHEMA …
INSERT INTO … = INSERT
LISTEN|NOTIFY|LOAD …
MERGE INTO … = MERGE
REFRESH MATERIALIZED VIEW …
REINDEX …
SECURITY LABEL …
UPDATE …
VACUUM
`

// phrase is a node of the tree of leading key words.
type phrase struct {
	next map[kind]*phrase
	tag  string // if a statement's words may end here
	more bool   // something must follow
}

// phrases is the tree of unservedPhrases, built when first needed.
var phrases = sync.OnceValue(func() *phrase {
	root := &phrase{}
	for _, line := range strings.Split(strings.TrimSpace(unservedPhrases), "\n") {
		line, tag, _ := strings.Cut(line, " = ")
		words, more := strings.CutSuffix(line, " …")
		root.add(strings.Fields(words), "", tag, more)
	}
	return root
})

// add puts all spellings of a phrase under ph; soFar are the words above it.
func (ph *phrase) add(words []string, soFar, tag string, more bool) {
	if len(words) == 0 {
		if tag == "" {
			tag = strings.TrimPrefix(soFar, " ")
		}
		ph.tag, ph.more = tag, more
		return
	}
	choices := words[0]
	if inner, ok := strings.CutPrefix(choices, "["); ok {
		// An optional part of several words is split by Fields: find its end.
		n := 0
		for !strings.HasSuffix(words[n], "]") {
			n++
		}
		ph.add(words[n+1:], soFar, tag, more)
		if n > 0 {
			part := append([]string{inner}, words[1:n]...)
			part = append(part, strings.TrimSuffix(words[n], "]"))
			ph.add(append(part, words[n+1:]...), soFar, tag, more)
			return
		}
		choices = strings.TrimSuffix(inner, "]")
	}
	for _, w := range strings.Split(choices, "|") {
		k := keywordKinds[strings.ToLower(w)]
		child := ph.next[k]
		if child == nil {
			child = &phrase{}
			if ph.next == nil {
				ph.next = map[kind]*phrase{}
			}
			ph.next[k] = child
		}
		child.add(words[1:], soFar+" "+w, tag, more)
	}
}

// unservedWords walks the tree of phrases along the words of a statement, so that
// a word that no statement has there is a syntax error at it.
type unservedWords struct {
	at  *phrase
	pos Pos
}

// startUnserved begins at the first word, in hand.
func (p *parser) startUnserved() *unservedWords {
	return &unservedWords{at: phrases().next[p.tok.kind], pos: p.tok.pos}
}

// step takes the word in hand, which must go on with the phrase if no statement
// that is served does.
func (u *unservedWords) step(p *parser) {
	if u.at != nil {
		u.at = u.at.next[p.tok.kind]
	}
	p.advance()
}

// finish reads on to the longest phrase, and skips the rest of the statement.
func (u *unservedWords) finish(p *parser) *UnservedStmt {
	if u.at == nil {
		p.unexpected()
	}
	for next := u.at.next[p.tok.kind]; next != nil; next = u.at.next[p.tok.kind] {
		u.at = next
		p.advance()
	}
	if u.at.tag == "" || u.at.more && (p.tok.kind == tokEOF || p.tok.kind == ';' || p.tok.kind == ')') {
		p.unexpected()
	}
	s := &UnservedStmt{Tag: u.at.tag, Pos: u.pos}
	if rowStatements[s.Tag] {
		p.rowTarget(s)
	}
	p.skipStatement(u.at.tag == "CREATE RULE")
	return s
}

// rowStatements are those on the rows of one relation, whose name comes next.
var rowStatements = map[string]bool{"INSERT": true, "UPDATE": true, "DELETE": true, "MERGE": true}

// rowTarget reads the relation that a statement on rows is about.
func (p *parser) rowTarget(s *UnservedStmt) {
	p.got(kwOnly)
	if !p.tok.kind.isColID() {
		return
	}
	name := p.qualifiedName()
	s.Relation = &name
}

// unserved is a statement that starts with the word in hand and is not served.
func (p *parser) unserved() *UnservedStmt {
	u := p.startUnserved()
	if u.at == nil {
		p.unexpected()
	}
	p.advance()
	return u.finish(p)
}

// skipStatement goes to the end of a statement: a semicolon that does not belong
// to the actions of a rule or to a function's BEGIN ATOMIC … END, or the
// parenthesis that closes what the statement stands in.
func (p *parser) skipStatement(rule bool) {
	parens, blocks := 0, 0
	for {
		switch p.tok.kind {
		case tokEOF:
			if parens > 0 || blocks > 0 {
				p.unexpected()
			}
			return
		case '(':
			parens++
		case ')':
			if parens == 0 {
				return
			}
			parens--
		case kwBegin:
			if p.peek() == kwAtomic {
				blocks++
			}
		case kwCase:
			if blocks > 0 {
				blocks++
			}
		case kwEnd:
			if blocks > 0 {
				blocks--
			}
		case ';':
			if blocks == 0 && parens == 0 {
				return
			}
			if blocks == 0 && !rule {
				p.unexpected()
			}
		default:
			if k := p.tok.kind; k < tokIdent && !isSelfChar(byte(k)) {
				p.unexpected() // a character that means nothing in SQL
			}
		}
		p.advance()
	}
}
