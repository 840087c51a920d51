package session

import (
	"regexp"
	"strings"

	"seqd/engine/query"
	"seqd/protocol/parser"
	"seqd/protocol/pgtypes"
	"seqd/protocol/sqlstate"
)

// explainOptions are those of EXPLAIN that change what it shows.
type explainOptions struct{ costs bool }

// readExplainOptions is the beginning of PostgreSQL's ExplainQuery.
func readExplainOptions(list []parser.ExplainOption) (explainOptions, error) {
	o := explainOptions{costs: true}
	on := map[string]bool{}
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
			if name == "costs" {
				o.costs = v
			}
		case "format":
			switch e.Value {
			case "text":
			case "json", "xml", "yaml":
				return o, sqlstate.Errorf(sqlstate.FeatureNotSupported, "seqd does not serve EXPLAIN in the format %s", strings.ToUpper(e.Value)).
					WithHint("Leave out FORMAT.").At(int(e.Pos))
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
	if on["analyze"] {
		return o, sqlstate.New(sqlstate.FeatureNotSupported, "seqd does not serve EXPLAIN ANALYZE").
			WithHint("EXPLAIN shows the plan without taking a value.")
	}
	return o, nil
}

var costs = regexp.MustCompile(`  \(cost=[^)]*\)$`)

// runExplain shows a plan without running it.
func (s *Session) runExplain(stmt *parser.ExplainStmt, params []pgtypes.OID) (result, error) {
	options, err := readExplainOptions(stmt.Options)
	if err != nil {
		return result{}, err
	}
	plan, err := s.explained(stmt.Query, params)
	if err != nil {
		return result{}, err
	}
	lines := []string{"Utility statements have no plan structure"}
	if plan != nil {
		lines = plan.Explain()
	}
	rows := &fixedRows{}
	for _, line := range lines {
		if !options.costs {
			line = costs.ReplaceAllString(line, "")
		}
		rows.rows = append(rows.rows, textRow(line))
	}
	return result{tag: "EXPLAIN", rows: rows}, nil
}

// explained is the plan of a statement, nil if it has none.
func (s *Session) explained(stmt parser.Statement, params []pgtypes.OID) (*query.Plan, error) {
	if e, ok := stmt.(*parser.ExecuteStmt); ok {
		p, err := s.namedStatement(e.Name)
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
