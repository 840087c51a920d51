// Command suite is `make bench`: it starts seqd, PostgreSQL 15, Redis if it is installed
// and two servers of canned answers, drives them in turn, and prints one table: what
// each costs, and whether seqd meets the targets of docs/benchmarks.md. A miss is said
// and is no failure of the command.
//
// Its output for benchstat goes to a file of its own, and -rewrite puts the table into
// the documents.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"seqd/cmd/seqd/e2e/nullserver"
	"seqd/cmd/seqd/e2e/seqdserver"
)

func main() {
	nullserver.RunIfAsked()
	s := &suite{begun: time.Now(), running: map[string]*server{}}
	only := flag.String("bench", "", "parts to run, separated by commas: "+strings.Join(partNames(), ", ")+" (default: all)")
	flag.IntVar(&s.rounds, "rounds", 9, "turns of each server; the table has the medians")
	flag.DurationVar(&s.span, "time", time.Second, "length of a turn")
	out := flag.String("out", "", "file for benchstat (default: .bench/TIME.txt)")
	profiles := flag.String("profile", "", "folder: measure nothing, but write profiles of seqd under the standard loads")
	rewrite := flag.Bool("rewrite", false, "put the table into README.md and docs/benchmarks.md; needs all parts")
	flag.Parse()
	if *out == "" {
		*out = filepath.Join(".bench", s.begun.Format("20060102-150405")+".txt")
	}
	parts, err := choose(*only)
	if err == nil && *rewrite && len(parts) != len(allParts) {
		err = fmt.Errorf("-rewrite needs all parts")
	}
	if err == nil {
		// Servers must not stay behind: a signal ends the run at the next turn.
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		go func() { <-signals; s.stopped.Store(true); signal.Stop(signals) }()
		if *profiles != "" {
			err = s.profiles(*profiles)
		} else {
			err = s.run(parts, *out, *rewrite)
		}
	}
	seqdserver.CleanUp()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// choose finds parts by name.
func choose(names string) ([]part, error) {
	if names == "" {
		return allParts, nil
	}
	var list []part
	for name := range strings.SplitSeq(names, ",") {
		found := false
		for _, p := range allParts {
			if p.name == strings.TrimSpace(name) {
				list, found = append(list, p), true
			}
		}
		if !found {
			return nil, fmt.Errorf("no part %q: there are %s", name, strings.Join(partNames(), ", "))
		}
	}
	return list, nil
}

func partNames() (names []string) {
	for _, p := range allParts {
		names = append(names, p.name)
	}
	return names
}
