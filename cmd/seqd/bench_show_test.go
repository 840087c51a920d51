package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/config"
)

// A saved run is shown again in every form, and compared with itself.
func TestShowAndCompareSavedRuns(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	run := &result.Run{Seqd: "0.1.0", Settings: result.Settings{Rounds: 1, SecondsPerCell: 1}, Targets: []result.Target{{Name: "a", Kind: "seqd"}}}
	for i := range 2 {
		run.Points = append(run.Points, result.Point{Cache: int64(1 + 9*i), Clients: 1, Protocol: result.Simple, Depth: 1, Batch: 1, Session: result.Long})
		l := result.NewLatency()
		l.Record(time.Millisecond, 1000)
		run.Samples = append(run.Samples, result.Sample{Point: i, Round: 1, Values: 1000, Drawn: 1000, Statements: 1000, Seconds: 1, Latency: l})
	}
	if err := result.Save(file("run.json"), run); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	show := &config.Bench{Show: true, Targets: []string{file("run.json")}, JSON: file("again.json"), CSV: file("run.csv"),
		Benchstat: file("run.txt"), HTML: file("run.html"), PNG: file("plots"), SVG: file("plots")}
	if err := benchmark(show, nil, &out, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "Target a: seqd") {
		t.Error(out.String())
	}
	for name, want := range map[string]string{"again.json": `"format"`, "run.csv": "target,", "run.txt": "Benchmark", "run.html": "<html",
		"plots/throughput.svg": "<svg", "plots/throughput.png": "PNG"} {
		if got, err := os.ReadFile(file(name)); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	out.Reset()
	if err := benchmark(&config.Bench{Compare: true, Targets: []string{file("run.json"), file("again.json")}}, nil, &out, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "the same") {
		t.Error(out.String())
	}
	if err := benchmark(&config.Bench{Show: true, Targets: []string{file("run.csv")}}, nil, &out, &out); err == nil || !strings.Contains(err.Error(), "not a whole saved run") {
		t.Error(err)
	}
}
