package main

import (
	"fmt"
	"strings"
)

// Clients that don't prepare their statements, and those that ask for many sequences.
const askedSequences = 100

// asking compares other ways to ask for one value, of the servers that know sequences.
func (s *suite) asking() error {
	const clients = 32
	names := []string{seqdDisk, postgres}
	servers, err := s.start(names)
	if err != nil {
		return err
	}
	for _, v := range servers {
		if err := makeAsked(v); err != nil {
			return err
		}
	}
	for _, way := range []struct{ bench, protocol, script, row string }{
		{"Parsed32", "extended", "SELECT nextval('s');\n", "values/s, the statement parsed each time (-M extended), 32 clients"},
		{"Named32", "simple", fmt.Sprintf("\\set i random(1, %d)\nSELECT nextval('n:i');\n", askedSequences),
			fmt.Sprintf("values/s, one of %d sequences by name (-M simple), 32 clients", askedSequences)},
		{"Transaction32", "prepared", "BEGIN;\nSELECT nextval('s');\nCOMMIT;\n", "values/s, each in a transaction (BEGIN, COMMIT; -M prepared), 32 clients"},
	} {
		m, err := s.inTurn(way.bench, names, func(v *server) (map[string]float64, error) {
			return s.script(v, clients, way.protocol, way.script, 1)
		})
		if err != nil {
			return err
		}
		s.compare(m, way.row, rateUnit)
	}
	return nil
}

// makeAsked makes the sequences that asking asks for.
func makeAsked(v *server) error {
	var b strings.Builder
	for i := range askedSequences {
		fmt.Fprintf(&b, "CREATE SEQUENCE n%d;", i+1)
	}
	return execute(v.dsn(), b.String())
}
