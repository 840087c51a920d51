package config

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Bench measures servers.
type Bench struct {
	Targets []string `arg:"" optional:"" name:"target" help:"Servers to draw from: connection strings as for psql, each with NAME= before it if it shall have a name. The word own: a server started for this, with data that is thrown away. Without any: own."`

	Preset   string   `default:"default" placeholder:"NAME" group:"What is measured:" help:"What to measure: default (CACHE, alone and under load), cache (the whole curve), clients (more and more of them), pooler (sessions that come and go), cluster (one node and three)."`
	Cache    []int64  `placeholder:"N" group:"What is measured:" help:"CACHE of the sequence."`
	Clients  []int    `placeholder:"N" group:"What is measured:" help:"Clients at a time."`
	Protocol []string `placeholder:"NAME" group:"What is measured:" help:"How they ask: simple, extended, prepared, pipelined."`
	Depth    []int    `placeholder:"N" group:"What is measured:" help:"Statements under way, if pipelined."`
	Batch    []int    `placeholder:"N" group:"What is measured:" help:"Values a statement."`
	Session  []string `placeholder:"STYLE" group:"What is measured:" help:"Sessions: long, reconnect:N or discard:N (DISCARD ALL), every N statements on average."`
	Prelog   []uint64 `placeholder:"N" group:"What is measured:" help:"--prelog-max of own servers."`
	Nodes    []int    `placeholder:"N" group:"What is measured:" help:"Nodes of own servers."`

	Rounds   int           `default:"15" placeholder:"N" group:"How:" help:"Rounds, each through all points and targets in turn (${default})."`
	Duration time.Duration `placeholder:"TIME" group:"How:" help:"Time at each point in each round. Without it as much, up to 1s, as makes about 100s in all."`
	Kill     bool          `group:"How:" help:"Also kill own servers (kill -9) under load, and count what that loses."`
	OwnDir   string        `placeholder:"DIR" group:"How:" help:"Where own servers keep their data meanwhile: on the disk to be measured. Default: the system's folder for temporary files."`
	Yes      bool          `group:"How:" help:"Put load on servers that are not on this machine."`

	JSON      string `name:"json" placeholder:"FILE" group:"What is made of it:" help:"Save the run, to be shown again or compared with others."`
	CSV       string `name:"csv" placeholder:"FILE" group:"What is made of it:" help:"Every sample, for a spreadsheet."`
	Benchstat string `placeholder:"FILE" group:"What is made of it:" help:"The samples in the format of Go benchmarks, which benchstat reads."`
	HTML      string `name:"html" placeholder:"FILE" group:"What is made of it:" help:"A page with plots, which needs nothing else."`
	PNG       string `name:"png" placeholder:"DIR" group:"What is made of it:" help:"The plots as pictures, in a folder."`
	SVG       string `name:"svg" placeholder:"DIR" group:"What is made of it:" help:"The plots as drawings for pages, light or dark as the reader has it."`
	Show      bool   `group:"What is made of it:" help:"Measure nothing: report a saved run (--json), given in place of targets."`
	Compare   bool   `group:"What is made of it:" help:"Measure nothing: set two saved runs (--json) side by side, given in place of targets."`
}

// OwnTarget is the target that stands for a server started for the benchmark.
const OwnTarget = "own"

func (b *Bench) validate() error {
	switch {
	case b.Compare && b.Show:
		return errors.New("--compare and --show: want one of them")
	case b.Compare && len(b.Targets) != 2:
		return fmt.Errorf("--compare: want two files that --json has saved, not %d", len(b.Targets))
	case b.Compare && b.JSON+b.CSV+b.Benchstat+b.HTML+b.PNG+b.SVG != "":
		return errors.New("--compare writes no files: it prints its tables")
	case b.Show && len(b.Targets) != 1:
		return fmt.Errorf("--show: want one file that --json has saved, not %d", len(b.Targets))
	case b.Compare:
		return nil
	case b.Show:
		return b.validateFiles()
	}
	own := len(b.Targets) == 0
	for _, t := range b.Targets {
		if strings.TrimSpace(t) == "" {
			return errors.New("target: want a connection string, or own")
		}
		own = own || t == OwnTarget
	}
	switch {
	case b.Rounds < 1 || b.Rounds > 1000:
		return fmt.Errorf("--rounds %d: want 1 to 1000", b.Rounds)
	case b.Duration < 0 || (b.Duration > 0 && b.Duration < 10*time.Millisecond) || b.Duration > time.Hour:
		return fmt.Errorf("--duration %v: want 10ms to 1h", b.Duration)
	case !own && b.Kill:
		return errors.New("--kill: only own servers are killed; add the target own")
	case !own && (len(b.Prelog) > 0 || len(b.Nodes) > 0 || b.OwnDir != ""):
		return errors.New("--prelog, --nodes and --own-dir: they are for own servers; add the target own")
	}
	return b.validateFiles()
}

// validateFiles refuses two files on standard output.
func (b *Bench) validateFiles() error {
	n := 0
	for _, name := range []string{b.JSON, b.CSV, b.Benchstat, b.HTML} {
		if name == "-" {
			n++
		}
	}
	if n > 1 {
		return errors.New("--json, --csv, --benchstat and --html: only one of them can go to standard output (-)")
	}
	return nil
}

// Help is shown below the flags' summary.
func (*Bench) Help() string {
	return `The five minutes: seqd against a PostgreSQL on this machine, with a page to look at.

  seqd bench own pg=postgres://postgres@127.0.0.1:5432/postgres --html report.html

Save a run (--json a.json), show it again later, and compare it with another:

  seqd bench --show a.json --html report.html
  seqd bench --compare a.json b.json

Sequences are made in a schema of its own, which is removed at the end, after Ctrl-C too.`
}
