package session

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// Limits of the statement cache: about 4,096 short statements.
const (
	maxCached     = 4096
	maxCachedText = 2048 // bytes of SQL
)

// StatementCache remembers what SQL text parses to, for all sessions. It holds
// syntax only: what names mean and who may use them is looked up every time.
type StatementCache struct {
	entries *lru.Cache[string, []parser.RawStmt]
}

// NewStatementCache returns an empty cache.
func NewStatementCache() *StatementCache {
	entries, err := lru.New[string, []parser.RawStmt](maxCached)
	if err != nil {
		panic(err) // the size is a constant above 0
	}
	return &StatementCache{entries: entries}
}

// parse returns the statements of a text; notice is told what the parser notes.
func (c *StatementCache) parse(sql string, notice func(*sqlstate.Error)) ([]parser.RawStmt, error) {
	if statements, ok := c.entries.Get(sql); ok {
		return statements, nil
	}
	result, err := parser.Parse(sql)
	for _, n := range result.Notices {
		notice(n)
	}
	if err != nil {
		return nil, err
	}
	// A text with notices is parsed anew every time, so that they are given again.
	if len(sql) <= maxCachedText && len(result.Notices) == 0 {
		c.entries.Add(sql, result.Stmts)
	}
	return result.Stmts, nil
}
