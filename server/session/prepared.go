package session

import (
	"seqd/engine"
	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// prepared is an analysed statement: PostgreSQL's CachedPlanSource. What its
// names meant is looked up again when the catalog or search_path changed.
type prepared struct {
	text     string
	stmt     parser.Statement // nil: an empty query
	declared []pgtypes.OID    // parameter types that the client gave, 0: infer
	params   []pgtypes.OID    // all parameter types
	columns  []query.Column   // nil: returns no rows
	plan     *query.Plan      // of a SELECT
	inner    *prepared        // what a DECLARE is about
	catalogs bool             // … that reads the catalog, its names at least

	made    int64 // when it was stored
	fromSQL bool  // by PREPARE

	catalog *engine.Catalog // that plan was made against
	names   string

	hot     *hot   // of the last message that asked for it, nil: none of that kind
	message []byte // the Parse that made it, if it is unnamed and of that kind
}

// analyze makes a statement ready to be bound and run.
func (s *Session) analyze(stmt parser.Statement, text string, declared []pgtypes.OID) (*prepared, error) {
	p := &prepared{text: text, stmt: stmt, declared: declared}
	return p, s.plan(p)
}

// revalidate plans again if what the plan stands on changed. The columns a
// client was told of may not change under it.
func (s *Session) revalidate(p *prepared) error {
	if p.shed() {
		if err := s.replan(p); err != nil {
			return err
		}
	}
	if err := s.checkStaleness(p); err != nil {
		return err
	}
	if p.plan == nil || s.current(p) {
		return nil
	}
	return s.replan(p)
}

// shed tells whether the plan was let go of, see Session.shed.
func (p *prepared) shed() bool {
	_, ok := p.stmt.(*parser.SelectStmt)
	return ok && p.plan == nil
}

func (s *Session) replan(p *prepared) error {
	old := *p
	if err := s.plan(p); err != nil {
		*p = old
		return err
	}
	if !sameColumns(old.columns, p.columns) {
		*p = old
		return sqlstate.New(sqlstate.FeatureNotSupported, "cached plan must not change result type")
	}
	return nil
}

func (s *Session) current(p *prepared) bool {
	return p.catalog == s.catalog() && p.names == s.inForce().names
}

func sameColumns(a, b []query.Column) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || a[i].Type != b[i].Type || a[i].Typmod != b[i].Typmod {
			return false
		}
	}
	return true
}

func textColumn(name string) []query.Column {
	return []query.Column{{Name: name, Type: pgtypes.Text, Typmod: -1}}
}

// plan fills in what follows from the statement and the catalog.
func (s *Session) plan(p *prepared) error {
	p.catalog = s.catalog()
	p.names = s.inForce().names
	p.params = p.declared
	switch stmt := p.stmt.(type) {
	case *parser.SelectStmt:
		if stmt.Into != nil {
			return unserved("SELECT INTO")
		}
		if err := s.planSelect(p, stmt); err != nil {
			return err
		}
		p.params, p.columns = p.plan.Params, p.plan.Columns
		if p.columns == nil {
			p.columns = []query.Column{} // rows without columns: SELECT FROM s
		}
	case *parser.VariableShowStmt:
		return s.planShow(p, stmt)
	case *parser.ExplainStmt:
		p.columns = textColumn("QUERY PLAN")
		p.columns[0].Type = explainType(stmt.Options)
		inner, err := s.analyze(stmt.Query, "", p.declared)
		if err != nil {
			return err
		}
		p.params = inner.params
	case *parser.DeclareCursorStmt:
		return s.planDeclare(p, stmt)
	case *parser.FetchStmt:
		s.planFetch(p, stmt)
	case *parser.ExecuteStmt:
		target, err := s.namedStatement(stmt.Name)
		if err != nil {
			return err
		}
		p.columns = target.columns
	}
	return nil
}

// planSelect analyses a SELECT, unless that has been done for another session.
func (s *Session) planSelect(p *prepared, stmt *parser.SelectStmt) error {
	key := planKey{stmt, s.database, p.names, p.declared != nil}
	sharing := s.temp == nil && s.tx.overlay == nil && len(p.declared) == 0
	if sharing {
		if found, ok := s.cache.plans.Get(key); ok && found.catalog == p.catalog {
			p.plan, p.catalogs = found.plan, found.catalogs
			return nil
		}
	}
	plan, err := lookedUp(s, func() (*query.Plan, error) {
		p.catalog, s.catalogRead = s.catalog(), false
		return query.Analyze(stmt, evaluator{s}, p.declared)
	})
	if err != nil {
		return err
	}
	p.plan, p.catalogs = plan, s.catalogRead
	if sharing && asksForValues(plan) {
		s.cache.plans.Add(key, sharedPlan{p.catalog, plan, p.catalogs})
	}
	return nil
}

func (s *Session) planShow(p *prepared, stmt *parser.VariableShowStmt) error {
	if stmt.Name == "all" {
		p.columns = append(append(textColumn("name"), textColumn("setting")...), textColumn("description")...)
		return nil
	}
	name, _, err := s.show(stmt.Name)
	if err != nil {
		return err
	}
	p.columns = textColumn(name)
	return nil
}

// maxPrepared bounds the statements and portals one session can make the server
// remember.
const maxPrepared = 10_000

func (s *Session) store(name string, p *prepared) error {
	if name != "" {
		if _, taken := s.prepared[name]; taken {
			return sqlstate.Errorf(sqlstate.DuplicatePreparedStatement, "prepared statement \"%s\" already exists", name)
		}
		if len(s.prepared) >= maxPrepared {
			return sqlstate.Errorf(sqlstate.ConfigurationLimitExceeded, "too many prepared statements in one session (%d)", maxPrepared).
				WithHint("DEALLOCATE statements that are no longer needed.")
		}
	}
	p.made = s.directory.clock.Load()
	if s.prepared == nil {
		s.prepared = map[string]*prepared{}
	}
	s.prepared[name] = p
	return nil
}

func (s *Session) namedStatement(name string) (*prepared, error) {
	if p, ok := s.prepared[name]; ok {
		return p, nil
	}
	if name == "" {
		return nil, sqlstate.New(sqlstate.InvalidSQLStatementName, "unnamed prepared statement does not exist")
	}
	return nil, sqlstate.Errorf(sqlstate.InvalidSQLStatementName, "prepared statement \"%s\" does not exist", name)
}
