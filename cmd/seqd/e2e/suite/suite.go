package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// suite is one run.
type suite struct {
	rounds  int
	span    time.Duration
	begun   time.Time
	stopped atomic.Bool
	running map[string]*server
	folder  string // of the data, thrown away at the end
	rows    []row
	lines   []string // for benchstat
	notes   []string
}

// part is a group of rows that are measured together.
type part struct {
	name  string
	about string
	run   func(*suite) error
}

var allParts = []part{
	{"prepared", "one prepared statement a round trip, 32 clients, pgbench", (*suite).prepared},
	{"pipelined", "pipelines of 100, 8 clients, pgbench", (*suite).pipelined},
	{"lean", "pipelines of 100, 8 connections of the lean client", (*suite).lean},
	{"series", "generate_series(1, 1000), 8 connections of the lean client", (*suite).series},
	{"latency", "one connection, server and client on one core", (*suite).latency},
	{"idle", "memory of idle connections", (*suite).idle},
	{"connect", "log in, draw one value, leave", (*suite).connect},
	{"asking", "other ways to ask for a value, 32 clients, pgbench", (*suite).asking},
	{"cluster", "three nodes: one hot sequence, and draws by way of a follower", (*suite).cluster},
	{"many", "1,000,000 sequences; cold and hot ones together", (*suite).many},
}

// errStopped says that the user has ended the run.
var errStopped = errors.New("stopped")

func (s *suite) run(parts []part, out string, rewrite bool) (err error) {
	if s.folder, err = os.MkdirTemp("", "seqd-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(s.folder)
	defer s.stopAll()
	for i, p := range parts {
		fmt.Fprintf(os.Stderr, "%5s  %d/%d %s: %s\n", s.clock(), i+1, len(parts), p.name, p.about)
		if err := p.run(s); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	table := s.table()
	fmt.Print("\n", table)
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(out, []byte(s.benchstat()), 0o644); err != nil {
		return err
	}
	fmt.Printf("\nAll turns are in %s, for benchstat: go run golang.org/x/perf/cmd/benchstat@latest old.txt %s\n", out, out)
	if rewrite {
		return s.rewrite()
	}
	return nil
}

func (s *suite) clock() string {
	return time.Since(s.begun).Round(time.Second).String()
}

// progress says what is being done, when it is slow.
func (s *suite) progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%5s      %s\n", s.clock(), fmt.Sprintf(format, args...))
}

// samples are the turns of several servers, by name and unit.
type samples map[string]map[string][]float64

func (m samples) add(server, unit string, v float64) {
	if m[server] == nil {
		m[server] = map[string][]float64{}
	}
	m[server][unit] = append(m[server][unit], v)
}

// of is the median, 0 if it was not measured.
func (m samples) of(server, unit string) float64 { return median(m[server][unit]) }

// inTurn measures every server once in each round: A B A B, so that a machine that is
// slow for a while is slow for all.
func (s *suite) inTurn(bench string, names []string, measure func(*server) (map[string]float64, error)) (samples, error) {
	m := samples{}
	servers, err := s.start(names)
	if err != nil {
		return nil, err
	}
	for range s.rounds {
		for _, v := range servers {
			if s.stopped.Load() {
				return nil, errStopped
			}
			figures, err := measure(v)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", v.name, err)
			}
			s.record(m, bench, v.name, figures)
		}
	}
	return m, nil
}

// record keeps a turn, for the table and for benchstat.
func (s *suite) record(m samples, bench, server string, figures map[string]float64) {
	line := fmt.Sprintf("Benchmark%s/server=%s 1", bench, strings.ReplaceAll(server, " ", "-"))
	for _, unit := range sortedKeys(figures) {
		m.add(server, unit, figures[unit])
		line += fmt.Sprintf(" %.6g %s", figures[unit], unit)
	}
	s.lines = append(s.lines, line)
}

func (s *suite) benchstat() string {
	head := "goos: " + machine.OS + "\npkg: seqd\n"
	if machine.Model != "" {
		head += "cpu: " + machine.Model + "\n"
	}
	return head + strings.Join(s.lines, "\n") + "\n"
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(v))
	return (sorted[(len(v)-1)/2] + sorted[len(v)/2]) / 2
}
