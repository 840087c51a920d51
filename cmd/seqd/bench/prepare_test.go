package bench

import (
	"slices"
	"strings"
	"testing"
	"time"

	"seqd/cmd/seqd/bench/grid"
)

func options(targets ...string) Options {
	return Options{Targets: targets, Own: "own", Preset: grid.Default, Plan: grid.Plan{Rounds: 7}}
}

func names(p *Prepared) (list []string) {
	for _, w := range p.wanted {
		list = append(list, w.name)
	}
	return list
}

func TestNames(t *testing.T) {
	const a, b = "postgres://me:secret@127.0.0.1:1/d", "postgres://me@127.0.0.1:2/d"
	for _, tt := range []struct {
		axes    grid.Axes
		targets []string
		want    string
	}{
		{grid.Axes{}, nil, "seqd"},
		{grid.Axes{}, []string{"own", a}, "seqd|127.0.0.1:1"},
		{grid.Axes{}, []string{b, "x=" + a, a, a}, "127.0.0.1:2|x|127.0.0.1:1|127.0.0.1:1 (2)"},
		{grid.Axes{Prelog: []uint64{0, 7}}, []string{"own"}, "seqd prelog=0|seqd prelog=7"},
		{grid.Axes{Nodes: []int{1, 3}, Prelog: []uint64{5}}, []string{a, "own"}, "127.0.0.1:1|seqd nodes=1 prelog=5|seqd nodes=3 prelog=5"},
		{grid.Axes{Nodes: []int{3}}, nil, "seqd nodes=3"},
	} {
		o := options(tt.targets...)
		o.Axes = tt.axes
		p, err := Prepare(o)
		if err != nil {
			t.Errorf("%v: %v", tt.targets, err)
		} else if got := strings.Join(names(p), "|"); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.targets, got, tt.want)
		}
	}
	if _, err := Prepare(options("own", "seqd="+b)); err == nil || !strings.Contains(err.Error(), "two of that name") {
		t.Error(err)
	}
}

// What is saved and printed of the command line has no password in it.
func TestCommand(t *testing.T) {
	const dsn = "pg=postgres://me:secret@127.0.0.1:1/d"
	p, err := Prepare(options("own", dsn, "host=127.0.0.1 user=me dbname=d port=2 password=secret"))
	if err != nil {
		t.Fatal(err)
	}
	got := p.Command([]string{"bench", "--rounds", "3", "own", dsn, "host=127.0.0.1 user=me dbname=d port=2 password=secret"})
	want := []string{"--rounds", "3", "own", "pg=postgres://me@127.0.0.1:1/d", "postgres://me@127.0.0.1:2/d"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if text := p.Announce(); strings.Contains(text, "secret") || !strings.Contains(text, "12 points, 7 rounds of ") {
		t.Error(text)
	}
	if p.Estimate() > 2*time.Minute {
		t.Errorf("three targets take %v", p.Estimate())
	}
}

func TestRemote(t *testing.T) {
	for target, refused := range map[string]bool{"host=db.example.com": true, "postgres://me@127.0.0.1,10.1.1.1/d": true, "host=/tmp": false, "host=localhost": false, "host=::1": false} {
		for _, yes := range []bool{false, true} {
			o := options(target)
			o.Yes = yes
			if _, err := Prepare(o); (err != nil) != (refused && !yes) {
				t.Errorf("%s, --yes %v: %v", target, yes, err)
			}
		}
	}
}

func TestThisMachine(t *testing.T) {
	if m := ThisMachine(); m.CPUs < 1 || m.OS == "" || m.Go == "" || m.Kernel == "" {
		t.Errorf("%+v", m)
	}
}
