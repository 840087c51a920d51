package session

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"seqd/engine"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/sqlstate"
)

// Limits of the statement cache: about 4,096 short statements.
const (
	maxCached     = 4096
	maxCachedText = 2048 // bytes of SQL
	// Each plan keeps the catalog that it was made against.
	maxSharedPlans = 256
)

// StatementCache remembers what SQL text parses to, for all sessions: syntax only, what
// names mean and who may use them is looked up every time. But what all the sessions of
// an application begin with, and keep, is the same few statements that ask for values:
// they share the plans of those.
type StatementCache struct {
	entries *lru.Cache[string, []parser.RawStmt]
	plans   *lru.Cache[planKey, sharedPlan]
}

// planKey is what the plan of a statement depends on, beside the catalog.
type planKey struct {
	stmt     *parser.SelectStmt // as entries has it
	database engine.OID
	names    string // see inForce
	extended bool   // parameters may be inferred
}

type sharedPlan struct {
	catalog  *engine.Catalog
	plan     *query.Plan
	catalogs bool // see prepared
}

// asksForValues tells whether a plan does nothing else: what is worth being remembered.
func asksForValues(p *query.Plan) bool { return p.Nextvals() != nil || p.NextvalSeries() != nil }

// NewStatementCache returns an empty cache.
func NewStatementCache() *StatementCache {
	entries, err := lru.New[string, []parser.RawStmt](maxCached)
	if err != nil {
		panic(err) // the size is a constant above 0
	}
	plans, err := lru.New[planKey, sharedPlan](maxSharedPlans)
	if err != nil {
		panic(err)
	}
	return &StatementCache{entries: entries, plans: plans}
}

// quiet tells whether a text was parsed without a notice, which would have to be given
// again.
func (c *StatementCache) quiet(sql string) bool { return c.entries.Contains(sql) }

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
