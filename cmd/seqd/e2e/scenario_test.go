package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"seqd/cmd/seqd/e2e/scenario"
	"seqd/cmd/seqd/e2e/target"
)

// TestScenarios plays statements and their results on PostgreSQL 15 and on seqd.
func TestScenarios(t *testing.T) { runFiles(t, "scenarios") }

// TestWire does the same with messages.
func TestWire(t *testing.T) { runFiles(t, "wire") }

func runFiles(t *testing.T, folder string) {
	paths, err := filepath.Glob("testdata/" + folder + "/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files: %v", err)
	}
	pg, seqd := thePostgres(t), theSeqd(t)
	var tally scenario.Tally
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		t.Run(name, func(t *testing.T) {
			file, err := scenario.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if *rewrite {
				record(t, file, pg)
				return
			}
			for _, c := range file.Cases {
				t.Run(c.ID, func(t *testing.T) {
					playBoth(t, file, c, pg, seqd)
					if !t.Failed() {
						tally.Add(c)
					}
				})
			}
		})
	}
	if *rewrite {
		return
	}
	version := "15 (as recorded)"
	if pg != nil {
		version = pg.Server.Version
	}
	line := folder + ": " + tally.Sum(version)
	if seqd == nil {
		line += "; seqd was not run"
	}
	fmt.Println(line)
}

func playBoth(t *testing.T, f *scenario.File, c *scenario.Case, pg *target.Postgres, seqd *target.Seqd) {
	reports := make([]string, 2)
	var wg sync.WaitGroup
	if pg != nil {
		wg.Go(func() { reports[0] = play(c, pg, false) })
	}
	if seqd != nil {
		wg.Go(func() { reports[1] = play(c, seqd, true) })
	}
	wg.Wait()
	for i, who := range []string{"PostgreSQL", "seqd"} {
		if reports[i] != "" {
			t.Errorf("%s answers otherwise than %s:%d, case %s\n%s", who, f.Path, c.Line, c.Title, reports[i])
		}
	}
}

// play runs a case on a fresh server and reports what differs from the file.
func play(c *scenario.Case, on target.Target, isSeqd bool) string {
	env, err := on.Fresh(c.NeedsDisk())
	if err != nil {
		return err.Error()
	}
	return playOn(c, env, scenario.Mode{Seqd: isSeqd})
}

func playOn(c *scenario.Case, env target.Env, mode scenario.Mode) string {
	outs, playErr := scenario.Run(c, env, mode)
	report := scenario.Compare(c, outs, mode.Seqd, playErr)
	if err := env.Close(); err != nil {
		report += fmt.Sprintf("    %v\n", err)
	}
	return report
}

// record writes PostgreSQL's answers into the file.
func record(t *testing.T, f *scenario.File, pg *target.Postgres) {
	for _, c := range f.Cases {
		env, err := pg.Fresh(c.NeedsDisk())
		if err != nil {
			t.Fatal(err)
		}
		outs, err := scenario.Run(c, env, scenario.Mode{Record: true})
		_ = env.Close()
		if err != nil {
			t.Fatalf("%s, case %s: %v\n%s", f.Path, c.Title, err, env.Log())
		}
		scenario.Record(c, outs)
	}
	old, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	if text := f.String(); text != string(old) {
		if _, err := scenario.Parse(f.Path, text); err != nil {
			t.Fatalf("what was recorded cannot be read back: %v", err)
		}
		if err := os.WriteFile(f.Path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		fmt.Println("recorded", f.Path)
	}
}
