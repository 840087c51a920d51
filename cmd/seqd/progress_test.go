package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// A log is told now and then, not of every step.
func TestCounterInALog(t *testing.T) {
	var out bytes.Buffer
	c := newCounter(&out)
	c.say("begins")
	for done := range 1000 {
		c.at(done, 1000, "step")
	}
	c.end()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if lines[0] != "begins" || lines[1] != "0 of 1000: step" || len(lines) > 50 {
		t.Errorf("%d lines: %q", len(lines), lines[:2])
	}
}

func TestFit(t *testing.T) {
	for _, tt := range []struct {
		columns int
		want    string
	}{{10, "größer"}, {6, "größer"}, {5, "größ…"}, {1, "…"}, {0, "…"}, {-3, "…"}} {
		if got := fit("größer", tt.columns); got != tt.want {
			t.Errorf("%d columns: %q, want %q", tt.columns, got, tt.want)
		}
	}
	if d := left(time.Now().Add(-10*time.Second), 1, 4); d != 30*time.Second {
		t.Errorf("%v left", d)
	}
}
