package grid

import (
	"strings"
	"testing"
	"time"

	"seqd/cmd/seqd/bench/result"
)

func TestPresets(t *testing.T) {
	for _, name := range Presets() {
		a, err := Preset(name, Axes{})
		if err != nil {
			t.Fatal(err)
		}
		points, err := a.Points()
		if err != nil || len(points) < 4 {
			t.Errorf("%s: %d points, %v", name, len(points), err)
		}
		for i, p := range points {
			for _, q := range points[:i] {
				if p == q {
					t.Errorf("%s: %+v twice", name, p)
				}
			}
		}
		plan := Plan{Rounds: 15}.Fit(points, 2, []int{1})
		if d := plan.Estimate(points, 2, []int{1}); name == Default && d > 2*time.Minute {
			t.Errorf("the default takes %v for two targets", d)
		}
	}
	if _, err := Preset("none", Axes{}); err == nil || !strings.Contains(err.Error(), "cache, clients, cluster, default, pooler") {
		t.Error(err)
	}
}

func TestPoints(t *testing.T) {
	a, err := Preset(Default, Axes{Cache: []int64{1, 5}, Clients: []int{2}, Protocol: []string{"simple", "pipelined"}, Depth: []int{10, 20}, Session: []string{"long", "discard:7"}})
	if err != nil {
		t.Fatal(err)
	}
	points, err := a.Points()
	if err != nil || len(points) != 12 {
		t.Fatal(points, err)
	}
	if want := (result.Point{Cache: 5, Clients: 2, Protocol: "simple", Depth: 1, Batch: 1, Session: "discard", Every: 7}); points[3] != want {
		t.Errorf("%+v, want %+v", points[3], want)
	}
	if want := (result.Point{Cache: 1, Clients: 2, Protocol: "pipelined", Depth: 20, Batch: 1, Session: "long"}); points[8] != want {
		t.Errorf("%+v, want %+v", points[8], want)
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		given Axes
		want  string
	}{
		{Axes{Cache: []int64{0}}, "--cache 0"},
		{Axes{Cache: []int64{3, 3}}, "twice"},
		{Axes{Clients: []int{0}}, "--clients 0"},
		{Axes{Clients: []int{1 << 20}}, "--clients"},
		{Axes{Clients: []int{4, 4}}, "--clients: a value"},
		{Axes{Protocol: []string{"copy"}}, `--protocol "copy"`},
		{Axes{Depth: []int{-1}}, "--depth"},
		{Axes{Batch: []int{0}}, "--batch"},
		{Axes{Nodes: []int{50}}, "--nodes"},
		{Axes{Session: []string{"long:5"}}, "--session"},
		{Axes{Session: []string{"reconnect"}}, "--session"},
		{Axes{Session: []string{"discard:0"}}, "--session"},
		{Axes{Session: []string{"discard:x"}}, "--session"},
		{Axes{Session: []string{"now"}}, "--session"},
	} {
		a, err := Preset(Default, tt.given)
		if err == nil {
			_, err = a.Points()
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.given, err, tt.want)
		}
	}
}

func TestFit(t *testing.T) {
	points := make([]result.Point, 12)
	for _, targets := range []int{1, 2, 20} {
		p := Plan{Rounds: 3}.Fit(points, targets, []int{1})
		if p.Duration < durationMin || p.Duration > durationMax || p.Warmup != p.Duration/10 {
			t.Errorf("%d targets: %+v", targets, p)
		}
		if d := p.Estimate(points, targets, []int{1}); d > fitTime+time.Second && p.Duration > durationMin {
			t.Errorf("%d targets: %v", targets, d)
		}
	}
	plan := Plan{Rounds: 2, Duration: time.Second}
	killing := plan
	killing.Kill = true
	own := []int{1, 3}
	if d := killing.Estimate(points, 3, own) - plan.Estimate(points, 3, own); d != 24*(2*killOverhead+electOverhead) {
		t.Errorf("kills take %v", d)
	}
	if p := (Plan{Rounds: 1, Duration: time.Minute}).Fit(points, 5, nil); p.Duration != time.Minute {
		t.Errorf("a given duration is changed: %v", p.Duration)
	}
}
