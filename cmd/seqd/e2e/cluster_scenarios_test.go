package e2e

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"seqd/cmd/seqd/e2e/scenario"
	"seqd/cmd/seqd/e2e/target"
)

// TestClusterScenarios plays the scenarios on clusters: whatever works on one node
// works through every node, and with each session on another one. What is expected
// is what the files say, that is what PostgreSQL has answered. Cases of one session are
// on a follower when sessions are spread: on followers alone they are not played again.
func TestClusterScenarios(t *testing.T) {
	if *only == "postgres" || *rewrite {
		t.Skip("no seqd is to be run")
	}
	paths, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, mode := range []struct {
		name  string
		votes bool
		nodes []int
	}{
		{"leader", false, []int{0}},
		{"follower", false, []int{1}},
		// Only here the leader needs a lease.
		{"spread", true, []int{1, 0, 2}},
	} {
		t.Run(mode.name, func(t *testing.T) {
			on, err := target.NewCluster(mode.votes, mode.nodes...)
			if err != nil {
				t.Fatal(err)
			}
			r := &clusterRun{on: on, spread: len(mode.nodes) > 1, leads: mode.name == "leader", left: map[string]int{}}
			t.Cleanup(func() { // after the parallel subtests
				_ = on.Close()
				fmt.Println("clusters, sessions on", mode.name+":", r.summary())
			})
			for _, path := range paths {
				r.file(t, path)
			}
		})
	}
}

// late are cases with a session that sees a change made on another node only when
// its own node has applied it, some milliseconds later. Between their sessions the
// play waits for that.
var late = map[string]string{
	"access":                granted, // all of the file
	"privileges":            granted,
	"roles":                 granted,
	"alter_sequence/A3":     cached,
	"sessions/drop-other":   cached,
	"sessions/rename-other": cached,
	"setval/S5":             cached,
}

const (
	cached  = "values in a session's cache (CACHE above 1) are handed out without asking the leader"
	granted = "what a role is and may is looked up in the node's own catalog"
)

// ofOneNode are cases about what a node knows of its own sessions alone: who is in a
// database, and pg_stat_activity (docs/differences.md).
var ofOneNode = map[string]bool{"databases/DB1": true, "databases/DB2": true, "databases/DB3": true, "privileges/PR3": true,
	"locks/L1": true, "locks/L2": true, "locks/L3": true, "locks/L4": true, "locks/L6": true,
	"access/AC8": true, "access/AC10": true, "access/AC11": true}

type clusterRun struct {
	on     *target.Cluster
	spread bool           // sessions on all nodes
	leads  bool           // sessions on the leader alone
	left   map[string]int // cases left out, by reason

	mu     sync.Mutex
	tally  scenario.Tally
	failed []string
}

func (r *clusterRun) file(t *testing.T, path string) {
	name := strings.TrimSuffix(filepath.Base(path), ".txt")
	file, err := scenario.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Run(name, func(t *testing.T) {
		for _, c := range file.Cases {
			if r.spread && ofOneNode[name+"/"+c.ID] {
				r.left["ask about the sessions of a node: each knows its own"]++
				continue
			}
			if reason := r.leftOut(name, c); reason != "" {
				r.left[reason]++
				continue
			}
			t.Run(c.ID, func(t *testing.T) {
				t.Parallel()
				report := r.play(c, late[name+"/"+c.ID] != "" || late[name] != "")
				r.mu.Lock()
				defer r.mu.Unlock()
				if report == "" {
					r.tally.Add(c)
					return
				}
				r.failed = append(r.failed, name+"/"+c.ID)
				t.Errorf("a cluster answers otherwise than %s:%d, case %s\n%s", file.Path, c.Line, c.Title, report)
			})
		}
	})
}

// play gives every session the next node. One that waits lets all nodes apply
// what the sessions before have changed.
func (r *clusterRun) play(c *scenario.Case, wait bool) string {
	env, err := r.on.FreshCluster(c.NeedsDisk())
	if err != nil {
		return err.Error()
	}
	mode := scenario.Mode{Seqd: true}
	if wait && r.spread {
		mode.Switch = env.AwaitApplied
	}
	return playOn(c, env, mode)
}

// leftOut is why a case can't be played, or "".
func (r *clusterRun) leftOut(name string, c *scenario.Case) string {
	if c.NeedsDisk() {
		return "stop the server: what that does to values is told of one node, and clusters outlive it (TestClusterFaults)"
	}
	if !r.leads && slices.ContainsFunc(c.Steps, func(s *scenario.Step) bool { return strings.Contains(s.SQL, "in_hot_standby") }) {
		return "ask whether the node leads (TestTargetSessionAttrs)"
	}
	canceled := slices.ContainsFunc(c.Steps, func(s *scenario.Step) bool { return s.Kind == scenario.Action && s.SQL == "cancel" })
	if r.spread && canceled {
		return "cancel: a request reaches the node that it is sent to alone"
	}
	if !r.leads && !r.spread && !canceled && !ofOneNode[name+"/"+c.ID] && sessions(c) == 1 {
		return "have one session: it is on a follower when sessions are spread"
	}
	return ""
}

// sessions is how many a case has.
func sessions(c *scenario.Case) int {
	names := map[string]bool{}
	for _, s := range c.Steps {
		if s.Session != "" {
			names[s.Session] = true
		}
	}
	return len(names)
}

func (r *clusterRun) summary() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	line := r.tally.Sum("15 (as recorded)")
	for _, reason := range slices.Sorted(maps.Keys(r.left)) {
		line += fmt.Sprintf("; %d cases left out: they %s", r.left[reason], reason)
	}
	if len(r.failed) > 0 {
		slices.Sort(r.failed)
		line += fmt.Sprintf("; %d failed: %s", len(r.failed), strings.Join(r.failed, " "))
	}
	return line
}
