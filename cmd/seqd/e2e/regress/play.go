package regress

import (
	"fmt"
	"slices"
	"strings"

	"seqd/cmd/seqd/e2e/scenario"
	"seqd/cmd/seqd/e2e/target"
)

// Report is how a script's statements compare.
type Report struct {
	Equal     int
	NotServed []string // statements on rows, views, functions …, refused by seqd with 0A000 and played on neither
	Different []string // what was sent, and the two answers
}

// passesMax bounds how often a script is played to find what seqd refuses. A refused
// statement is left out the next time, because in a transaction block it would take
// the statements behind it along.
const passesMax = 50

// Compare plays the statements on both servers.
func Compare(statements []Statement, postgres, seqd target.Target) (Report, error) {
	var r Report
	c := toCase(statements)
	var answers [][]string
	for pass := 1; ; pass++ {
		var err error
		if answers, err = play(c, seqd, true); err != nil {
			return r, fmt.Errorf("seqd: %w", err)
		}
		if !leaveOutRefused(c, answers) {
			break
		}
		if pass == passesMax {
			return r, fmt.Errorf("seqd goes on refusing other statements after %d passes", pass)
		}
	}
	wanted, err := play(c, postgres, false)
	if err != nil {
		return r, fmt.Errorf("PostgreSQL: %w", err)
	}
	for i, step := range c.Steps {
		switch {
		case step.Kind != scenario.Query:
		case !step.Runs(true):
			r.NotServed = append(r.NotServed, fmt.Sprintf("line %d: %s", step.Line, step.SQL))
		case slices.Equal(wanted[i], answers[i]):
			r.Equal++
		default:
			r.Different = append(r.Different, fmt.Sprintf("line %d: %s\n  PostgreSQL:\n    %s\n  seqd:\n    %s\n", step.Line, step.SQL,
				strings.Join(wanted[i], "\n    "), strings.Join(answers[i], "\n    ")))
		}
	}
	return r, nil
}

// toCase makes one session of the script; a new connection is a new session.
func toCase(statements []Statement) *scenario.Case {
	c := &scenario.Case{}
	user := "postgres"
	connect := func(line int) {
		c.Steps = append(c.Steps, &scenario.Step{Session: "A", Kind: scenario.Action, SQL: "connect user=" + user, Line: line})
	}
	connect(1)
	for _, s := range statements {
		if s.Connect != "" {
			if s.Connect != "-" {
				user = s.Connect
			}
			c.Steps = append(c.Steps, &scenario.Step{Session: "A", Kind: scenario.Action, SQL: "disconnect", Line: s.Line})
			connect(s.Line)
			continue
		}
		c.Steps = append(c.Steps, &scenario.Step{Session: "A", Kind: scenario.Query, SQL: s.SQL, Line: s.Line})
	}
	return c
}

func play(c *scenario.Case, on target.Target, isSeqd bool) ([][]string, error) {
	env, err := on.Fresh(false)
	if err != nil {
		return nil, err
	}
	answers, err := scenario.Run(c, env, scenario.Mode{Seqd: isSeqd, Record: true})
	if closing := env.Close(); err == nil {
		err = closing
	}
	return answers, err
}

// leaveOutRefused keeps from both servers what seqd says that it does not serve. A
// refusal that is PostgreSQL's own, with the same code, says nothing of seqd.
func leaveOutRefused(c *scenario.Case, answers [][]string) (found bool) {
	for i, step := range c.Steps {
		if step.Kind == scenario.Query && step.Runs(true) && refused(answers[i]) {
			step.Postgres = []string{scenario.NotRun}
			found = true
		}
	}
	return found
}

func refused(answer []string) bool {
	return slices.ContainsFunc(answer, func(l string) bool { return strings.HasPrefix(l, "ERROR: 0A000: ") }) &&
		slices.ContainsFunc(answer, func(l string) bool { return strings.Contains(l, "seqd") })
}
