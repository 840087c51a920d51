package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/term"

	"seqd/cmd/seqd/bench"
	"seqd/cmd/seqd/bench/grid"
	"seqd/cmd/seqd/bench/report"
	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/config"
)

// benchmark measures servers, or shows or compares what was measured.
func benchmark(c *config.Bench, args []string, out, errOut io.Writer) error {
	switch {
	case c.Compare:
		return compareRuns(c.Targets[0], c.Targets[1], out)
	case c.Show:
		return showRun(c, out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p, err := bench.Prepare(bench.Options{
		Targets: c.Targets, Own: config.OwnTarget, Program: self, OwnDir: c.OwnDir, Yes: c.Yes, Preset: c.Preset,
		Axes: grid.Axes{Cache: c.Cache, Clients: c.Clients, Protocol: c.Protocol, Depth: c.Depth, Batch: c.Batch, Session: c.Session, Prelog: c.Prelog, Nodes: c.Nodes},
		Plan: grid.Plan{Rounds: c.Rounds, Duration: c.Duration, Kill: c.Kill},
	})
	if err != nil {
		return &config.UsageError{Err: err}
	}
	if err := outputsCanBe(c); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	shown := newCounter(errOut)
	defer context.AfterFunc(ctx, func() {
		stop() // a second signal ends the process at once
		shown.say("stopping: removing what was made (again: at once)")
	})()
	shown.say(p.Announce())
	run, err := p.Run(ctx, shown.at, shown.say)
	shown.end()
	if run == nil {
		return err
	}
	run.Seqd, run.Command = version, p.Command(args)
	return errors.Join(err, writeReports(c, run, out), verdict(run))
}

// writeReports writes the files that were asked for, and the table if standard output
// is not taken by one.
func writeReports(c *config.Bench, run *result.Run, out io.Writer) error {
	var errs []error
	table := true
	for _, f := range []struct {
		name  string
		write func(io.Writer, *result.Run) error
	}{{c.JSON, result.Write}, {c.CSV, report.CSV}, {c.Benchstat, report.Benchstat}, {c.HTML, report.HTML}} {
		switch f.name {
		case "":
		case "-":
			table = false
			errs = append(errs, f.write(out, run))
		default:
			errs = append(errs, writeFile(f.name, func(w io.Writer) error { return f.write(w, run) }))
		}
	}
	for dir, format := range imageFolders(c) {
		errs = append(errs, writeImages(dir, format, run))
	}
	if table {
		errs = append(errs, report.Table(out, run, columns(out)))
	}
	return errors.Join(errs...)
}

// writeFile writes a file, whole or not at all.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // not there any more if all went well
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// imageFolders are the folders in which plots were asked for; one can have both
// formats.
func imageFolders(c *config.Bench) iter.Seq2[string, string] {
	return func(yield func(dir, format string) bool) {
		if c.PNG != "" && !yield(c.PNG, report.PNG) {
			return
		}
		if c.SVG != "" {
			yield(c.SVG, report.SVG)
		}
	}
}

func writeImages(dir, format string, run *result.Run) error {
	images, err := report.Images(run, format)
	for _, i := range images {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, i.Name), i.Bytes, 0o644))
	}
	return err
}

// outputsCanBe finds out whether files can be written, before minutes are spent on
// what is to be in them.
func outputsCanBe(c *config.Bench) error {
	for dir, format := range imageFolders(c) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("--%s: %w", format, err)
		}
	}
	for flag, name := range map[string]string{"--json": c.JSON, "--csv": c.CSV, "--benchstat": c.Benchstat, "--html": c.HTML} {
		if name == "" || name == "-" {
			continue
		}
		f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp")
		if err != nil {
			var path *fs.PathError
			if errors.As(err, &path) {
				err = path.Err // the name of a temporary file means nothing to anybody
			}
			return fmt.Errorf("%s %s: %w", flag, name, err)
		}
		_ = f.Close()
		if err := os.Remove(f.Name()); err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
	}
	return nil
}

// verdict is an error if not everything was measured: scripts want to know.
func verdict(run *result.Run) error {
	failed := 0
	for _, t := range run.Targets {
		if t.Problem != "" {
			failed++
		}
	}
	switch {
	case run.Interrupted:
		return errors.New("stopped before its end")
	case failed > 0:
		return fmt.Errorf("%d of %d targets could not be measured to the end", failed, len(run.Targets))
	}
	return nil
}

// showRun reports a saved run as if it had just been measured.
func showRun(c *config.Bench, out io.Writer) error {
	run, err := result.Load(c.Targets[0])
	if err != nil {
		return err
	}
	if err := outputsCanBe(c); err != nil {
		return err
	}
	return writeReports(c, run, out)
}

func compareRuns(old, new string, out io.Writer) error {
	var runs [2]report.Named
	for i, name := range []string{old, new} {
		r, err := result.Load(name)
		if err != nil {
			return err
		}
		runs[i] = report.Named{Name: name, Run: r}
	}
	return report.Compare(out, runs[0], runs[1], columns(out))
}

// columns is how wide a terminal is; 0: it is none.
func columns(out io.Writer) int {
	f, ok := out.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
