package parser

import (
	"path/filepath"
	"reflect"
	"testing"
	"unicode/utf8"

	"seqd/protocol/sqlstate"
)

// seedCorpus gives a fuzzer every statement of the syntax corpus.
func seedCorpus(f *testing.F) {
	f.Helper()
	files, _ := filepath.Glob("testdata/syntax*.txt")
	for _, file := range files {
		for _, c := range readCorpus(f, file) {
			f.Add(c.sql)
		}
	}
}

// FuzzLexer: tokens follow each other, lie within the text, and their positions
// count its characters.
func FuzzLexer(f *testing.F) {
	seedCorpus(f)
	f.Fuzz(func(t *testing.T, sql string) {
		l, err := newLexer(sql)
		if err != nil {
			if err.Code != sqlstate.CharacterNotInRepertoire {
				t.Fatal(err)
			}
			return
		}
		last := 0
		for n := 0; ; n++ {
			tok, err := l.next()
			if err != nil {
				checkError(t, sql, err)
				return
			}
			if tok.start < last || tok.end < tok.start || tok.end > len(sql) {
				t.Fatalf("token %d..%d after %d", tok.start, tok.end, last)
			}
			if want := utf8.RuneCountInString(sql[:tok.start]) + 1; int(tok.pos) != want {
				t.Fatalf("position %d, want %d", tok.pos, want)
			}
			if tok.kind == tokEOF {
				return
			}
			if tok.end == tok.start {
				t.Fatalf("empty token at %d", tok.start)
			}
			last = tok.end
		}
	})
}

// FuzzParse: a text always has the same outcome, errors point into it, and the
// text of each of its statements is one statement with the same tree.
func FuzzParse(f *testing.F) {
	seedCorpus(f)
	f.Fuzz(func(t *testing.T, sql string) {
		r, err := Parse(sql)
		again, errAgain := Parse(sql)
		if !reflect.DeepEqual(r, again) || !reflect.DeepEqual(err, errAgain) {
			t.Fatal("two outcomes")
		}
		if err != nil {
			if len(r.Stmts) > 0 {
				t.Fatal("statements beside an error")
			}
			checkError(t, sql, sqlstate.From(err))
			return
		}
		for _, s := range r.Stmts {
			if s.Pos < 1 || int(s.Pos) > utf8.RuneCountInString(sql) {
				t.Fatalf("statement at %d", s.Pos)
			}
			one, err := Parse(s.Text)
			if err != nil || len(one.Stmts) != 1 {
				t.Fatalf("%q alone: %d statements, %v", s.Text, len(one.Stmts), err)
			}
			if got, want := dump(one.Stmts[0].Stmt), dump(s.Stmt); got != want {
				t.Fatalf("%q alone: %s, in its message: %s", s.Text, got, want)
			}
		}
	})
}

// FuzzNames: what is quoted reads back as the same name.
func FuzzNames(f *testing.F) {
	f.Add(`a."B".c`)
	f.Add("select")
	f.Fuzz(func(t *testing.T, s string) {
		ParseNameList(s)
		SplitIdentifierList(s)
		ParseTypeName(s)
		if s == "" || len(s) > maxNameLen || !utf8.ValidString(s) || checkUTF8(s) != nil {
			return
		}
		if names, err := ParseNameList(QuoteIdent(s)); err != nil || len(names) != 1 || names[0] != s {
			t.Fatalf("QuoteIdent(%q) reads back as %q, %v", s, names, err)
		}
		r, err := Parse("SAVEPOINT " + QuoteIdent(s))
		if err != nil || r.Stmts[0].Stmt.(*TransactionStmt).Savepoint != s {
			t.Fatalf("SAVEPOINT %s: %v", QuoteIdent(s), err)
		}
	})
}

func checkError(t *testing.T, sql string, err *sqlstate.Error) {
	t.Helper()
	if err.Code == sqlstate.InternalError || err.Message == "" {
		t.Fatalf("%+v", err)
	}
	if err.Position < 0 || err.Position > utf8.RuneCountInString(sql)+1 {
		t.Fatalf("position %d of %d characters: %v", err.Position, utf8.RuneCountInString(sql), err)
	}
}
