package session

import (
	"fmt"
	"strings"
	"time"

	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// explainOptions are those of EXPLAIN that change what it does or shows.
type explainOptions struct {
	analyze, costs, verbose, timing, summary bool
	format                                   string
}

// readExplainOptions is the beginning of PostgreSQL's ExplainQuery.
func readExplainOptions(list []parser.ExplainOption) (*explainOptions, error) {
	o := &explainOptions{format: "text"}
	on := map[string]bool{"costs": true}
	for _, e := range list {
		name := strings.ToLower(e.Name)
		switch name {
		case "analyze", "buffers", "costs", "settings", "summary", "timing", "verbose", "wal":
			v, ok := true, true
			if e.Value != "" {
				v, ok = pgtypes.ParseBoolText(e.Value)
			}
			if !ok {
				return o, sqlstate.Errorf(sqlstate.SyntaxError, "%s requires a Boolean value", name)
			}
			on[name] = v
		case "format":
			switch e.Value {
			case "text", "json", "xml", "yaml":
				o.format = e.Value
			case "":
				return o, sqlstate.New(sqlstate.SyntaxError, "format requires a parameter")
			default:
				return o, sqlstate.Errorf(sqlstate.InvalidParameterValue, "unrecognized value for EXPLAIN option \"format\": \"%s\"", e.Value).At(int(e.Pos))
			}
		default:
			return o, sqlstate.Errorf(sqlstate.SyntaxError, "unrecognized EXPLAIN option \"%s\"", e.Name).At(int(e.Pos))
		}
	}
	for _, needs := range []string{"wal", "timing"} {
		if on[needs] && !on["analyze"] {
			return o, sqlstate.Errorf(sqlstate.InvalidParameterValue, "EXPLAIN option %s requires ANALYZE", strings.ToUpper(needs))
		}
	}
	unless := func(name string, otherwise bool) bool {
		if v, set := on[name]; set {
			return v
		}
		return otherwise
	}
	o.analyze, o.costs, o.verbose = on["analyze"], on["costs"], on["verbose"]
	o.timing, o.summary = unless("timing", o.analyze), unless("summary", o.analyze)
	return o, nil
}

// explainType is the type of EXPLAIN's column (ExplainResultDesc).
func explainType(list []parser.ExplainOption) pgtypes.OID {
	typ := pgtypes.OID(pgtypes.Text)
	for _, e := range list {
		if strings.EqualFold(e.Name, "format") {
			switch e.Value {
			case "json":
				typ = pgtypes.JSON
			case "xml":
				typ = pgtypes.XML
			default:
				typ = pgtypes.Text
			}
		}
	}
	return typ
}

// runExplain shows a plan, and runs it for ANALYZE.
func (s *Session) runExplain(p *portal, stmt *parser.ExplainStmt) (result, error) {
	options, err := readExplainOptions(stmt.Options)
	if err != nil {
		return result{}, err
	}
	began := time.Now()
	plan, err := s.explained(stmt.Query, p.stmt.params)
	if err != nil {
		return result{}, err
	}
	x := &explained{planning: millis(time.Since(began))}
	if plan != nil {
		x.node = plan.Explain(evaluator{s})
	}
	if options.analyze {
		if err := s.runExplained(p, stmt.Query, plan, x); err != nil {
			return result{}, err
		}
	}
	rows := &fixedRows{}
	for _, line := range options.show(x) {
		rows.rows = append(rows.rows, textRow(line))
	}
	return result{tag: "EXPLAIN", rows: rows}, nil
}

func millis(d time.Duration) string { return fmt.Sprintf("%.3f", float64(d.Nanoseconds())/1e6) }

// runExplained runs the statement for ANALYZE and throws its rows away.
func (s *Session) runExplained(p *portal, stmt parser.Statement, plan *query.Plan, x *explained) error {
	switch stmt.(type) {
	case *parser.ExecuteStmt, *parser.DeclareCursorStmt:
		return sqlstate.New(sqlstate.FeatureNotSupported, "seqd does not serve EXPLAIN ANALYZE of EXECUTE and DECLARE").
			WithHint("Use EXPLAIN ANALYZE of the query itself.")
	}
	if plan == nil {
		return nil
	}
	s.tx.queried = true
	began := time.Now()
	rows, err := plan.Open(evaluator{s}, p.args)
	if err != nil {
		return err
	}
	defer rows.Close()
	x.run[0] = millis(0)
	for {
		row, err := rows.Next()
		if err != nil {
			return err
		}
		if x.rows == 0 {
			x.run[0] = millis(time.Since(began))
		}
		if row == nil {
			break
		}
		x.rows++
	}
	x.run[1] = millis(time.Since(began))
	x.total = x.run[1]
	return nil
}

// explained is the plan of a statement, nil if it has none.
func (s *Session) explained(stmt parser.Statement, params []pgtypes.OID) (*query.Plan, error) {
	if e, ok := stmt.(*parser.ExecuteStmt); ok {
		p, err := s.namedStatement(e.Name)
		if err == nil {
			err = s.revalidate(p)
		}
		if err != nil {
			return nil, err
		}
		return p.plan, nil
	}
	p, err := s.analyze(stmt, "", params)
	switch {
	case err != nil:
		return nil, err
	case p.inner != nil:
		return p.inner.plan, nil
	}
	return p.plan, nil
}
