package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"seqd/cmd/seqd/bench/grid"
	"seqd/cmd/seqd/bench/own"
	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/bench/target"
)

// Options are what the user wants.
type Options struct {
	Targets []string // connection strings with or without NAME=, or Own; none: Own
	Own     string   // the word for own servers
	Program string   // that they are started with
	OwnDir  string
	Yes     bool // remote targets are meant
	Preset  string
	Axes    grid.Axes // in place of the preset's
	Plan    grid.Plan
}

// Prepared is a run that has been checked and begins now.
type Prepared struct {
	options Options
	axes    grid.Axes
	points  []result.Point
	plan    grid.Plan
	wanted  []wanted
}

// wanted is a target to be: dsn, or an own one.
type wanted struct {
	name   string
	dsn    *target.DSN
	nodes  int
	prelog *uint64
}

// Prepare checks everything that can be checked without a connection.
func Prepare(o Options) (*Prepared, error) {
	p := &Prepared{options: o}
	var err error
	if p.axes, err = grid.Preset(o.Preset, o.Axes); err != nil {
		return nil, fmt.Errorf("--preset: %w", err)
	}
	if p.points, err = p.axes.Points(); err != nil {
		return nil, err
	}
	texts := o.Targets
	if len(texts) == 0 {
		texts = []string{o.Own}
	}
	for _, text := range texts {
		if text == o.Own {
			p.wanted = append(p.wanted, ownVariants(p.axes)...)
			continue
		}
		w, err := p.wantedDSN(text)
		if err != nil {
			return nil, err
		}
		p.wanted = append(p.wanted, w)
	}
	if err := p.nameAll(); err != nil {
		return nil, err
	}
	p.plan = o.Plan.Fit(p.points, len(p.wanted), p.owned())
	return p, nil
}

func (p *Prepared) wantedDSN(text string) (wanted, error) {
	d, err := target.ParseDSN(text)
	if err != nil {
		return wanted{}, err
	}
	if host := d.Remote(); host != "" && !p.options.Yes {
		return wanted{}, fmt.Errorf("%s: %s is not this machine: refusing to put load on it without --yes", d.Redacted(), host)
	}
	return wanted{name: d.Name, dsn: &d}, nil
}

// ownVariants are the own servers: each number of nodes with each pre-log bound.
func ownVariants(a grid.Axes) (list []wanted) {
	prelogs := []*uint64{nil}
	if len(a.Prelog) > 0 {
		prelogs = nil
		for i := range a.Prelog {
			prelogs = append(prelogs, &a.Prelog[i])
		}
	}
	for _, nodes := range a.Nodes {
		for _, prelog := range prelogs {
			name := "seqd"
			if len(a.Nodes) > 1 || nodes > 1 {
				name += fmt.Sprintf(" nodes=%d", nodes)
			}
			if prelog != nil {
				name += fmt.Sprintf(" prelog=%d", *prelog)
			}
			list = append(list, wanted{name: name, nodes: nodes, prelog: prelog})
		}
	}
	return list
}

// nameAll names what has no name, and refuses a name that is given twice.
func (p *Prepared) nameAll() error {
	taken := map[string]bool{}
	for i := range p.wanted {
		if w := &p.wanted[i]; w.name != "" {
			if taken[w.name] {
				return fmt.Errorf("target %s: there are two of that name", w.name)
			}
			taken[w.name] = true
		}
	}
	for i := range p.wanted {
		w := &p.wanted[i]
		if w.name != "" {
			continue
		}
		w.name = w.dsn.Place()
		for n := 2; taken[w.name]; n++ {
			w.name = fmt.Sprintf("%s (%d)", w.dsn.Place(), n)
		}
		taken[w.name] = true
	}
	return nil
}

// Announce says what is going to happen, and how long it takes.
func (p *Prepared) Announce() string {
	names := make([]string, len(p.wanted))
	for i, w := range p.wanted {
		names[i] = w.name
	}
	return fmt.Sprintf("%d points, %d rounds of %v on %s: about %v",
		len(p.points), p.plan.Rounds, p.plan.Duration, strings.Join(names, ", "), max(p.Estimate().Round(time.Second), time.Second))
}

// Estimate is how long it takes.
func (p *Prepared) Estimate() time.Duration {
	return p.plan.Estimate(p.points, len(p.wanted), p.owned())
}

// owned is how many nodes each of the own targets has.
func (p *Prepared) owned() (nodes []int) {
	for _, w := range p.wanted {
		if w.dsn == nil {
			nodes = append(nodes, w.nodes)
		}
	}
	return nodes
}

// Command is the command line behind the command's name, without passwords: targets
// are replaced.
func (p *Prepared) Command(args []string) []string {
	shown := slices.Clone(args)
	if i := slices.Index(shown, "bench"); i >= 0 {
		shown = slices.Delete(shown, i, i+1)
	}
	for i, arg := range shown {
		if j := slices.Index(p.options.Targets, arg); j < 0 || arg == p.options.Own {
			continue
		}
		if d, err := target.ParseDSN(arg); err == nil {
			if shown[i] = d.Redacted(); d.Name != "" {
				shown[i] = d.Name + "=" + shown[i]
			}
		}
	}
	return shown
}

// Run starts own servers, measures, and stops them.
func (p *Prepared) Run(ctx context.Context, progress func(done, total int, what string), say func(string)) (*result.Run, error) {
	run := &result.Run{
		Started: time.Now().UTC(), Machine: ThisMachine(),
		Settings: result.Settings{Rounds: p.plan.Rounds, SecondsPerCell: p.plan.Duration.Seconds(), WarmupSeconds: p.plan.Warmup.Seconds(), Kill: p.plan.Kill},
	}
	if p.options.Preset != grid.Default {
		run.Settings.Preset = p.options.Preset
	}
	targets, err := p.start(ctx)
	if err != nil {
		return nil, err
	}
	err = Run(ctx, Config{Targets: targets, Points: p.points, Plan: p.plan, Progress: progress, Say: say}, run)
	run.Finished = time.Now().UTC()
	return run, err
}

func (p *Prepared) start(ctx context.Context) (list []*target.Target, err error) {
	for _, w := range p.wanted {
		if w.dsn != nil {
			list = append(list, target.New(w.name, *w.dsn))
			continue
		}
		servers, err := own.Start(ctx, own.Options{Program: p.options.Program, Folder: p.options.OwnDir, Nodes: w.nodes, Prelog: w.prelog})
		var t *target.Target
		if err == nil {
			t, err = target.Own(w.name, w.nodes, w.prelog, servers)
		}
		if err != nil {
			for _, t := range list {
				err = errors.Join(err, t.Close(context.WithoutCancel(ctx)))
			}
			return nil, fmt.Errorf("starting %s: %w", w.name, err)
		}
		list = append(list, t)
	}
	return list, nil
}
