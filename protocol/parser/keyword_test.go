package parser

import (
	"crypto/md5"
	"fmt"
	"go/ast"
	goparser "go/parser"
	gotoken "go/token"
	"strings"
	"testing"
)

// The constants of keyword_kinds.go are numbered by their order, so each must
// stand where its word stands in keywordTable.
func TestKeywordConstants(t *testing.T) {
	f, err := goparser.ParseFile(gotoken.NewFileSet(), "keyword_kinds.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && v.Names[0].Name != "_" {
			names = append(names, v.Names[0].Name)
		}
		return true
	})
	if len(names) != len(keywordTable) {
		t.Fatalf("%d constants, %d key words", len(names), len(keywordTable))
	}
	for i, k := range keywordTable {
		if got := strings.ToLower(strings.TrimPrefix(names[i], "kw")); got != strings.ReplaceAll(k.name, "_", "") {
			t.Errorf("constant %d is %s, key word %s", i, names[i], k.name)
		}
	}
}

// keywordsMD5 is PostgreSQL 15's answer to
//
//	SELECT md5(string_agg(word || ' ' || catcode::text || ' ' || barelabel::text, E'\n' ORDER BY word COLLATE "C"))
//	FROM pg_get_keywords()
const keywordsMD5 = "8b4a4d9ebbd0c0dc515b525b784836c5"

func TestKeywordsAreTheServers(t *testing.T) {
	var lines []string
	for _, k := range keywordTable {
		lines = append(lines, fmt.Sprintf("%s %c %t", k.name, "UCTR"[k.class], k.bare))
		if len(k.name) > maxKeywordLen {
			t.Errorf("%s is longer than maxKeywordLen", k.name)
		}
	}
	if got := fmt.Sprintf("%x", md5.Sum([]byte(strings.Join(lines, "\n")))); got != keywordsMD5 {
		t.Errorf("the %d key words have MD5 %s, the server's %s", len(lines), got, keywordsMD5)
	}
}
