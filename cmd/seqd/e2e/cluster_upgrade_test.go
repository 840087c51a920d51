package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"seqd/cmd/seqd/e2e/seqdserver"
)

// releaseBefore is the commit of the release before this one: the oldest that may
// share a cluster with it.
const releaseBefore = "f43deda"

// releaseEnv names a built binary of it, where the history to build it from is not.
const releaseEnv = "SEQD_RELEASE_BEFORE"

func earlierRelease(t *testing.T) string {
	t.Helper()
	if bin := os.Getenv(releaseEnv); bin != "" {
		return bin
	}
	bin, err := seqdserver.BuildRelease(releaseBefore, t.TempDir())
	if errors.Is(err, seqdserver.ErrNoHistory) {
		fmt.Fprintf(os.Stderr, "\n*** %s: NOT RUN: %v; name a built one with %s ***\n\n", t.Name(), err, releaseEnv)
		t.Skip(err)
	}
	must(t, err)
	return bin
}

// replaceAll restarts each node in turn under load, the leader last or first, and
// finds no error on the others, and none on the node itself that a client which
// connects again would not expect.
func (x *faultTest) replaceAll(t *testing.T, life int, before func(i int)) {
	t.Helper()
	c := x.cluster
	r := &round{crew: startCrew(c, x.epoch, life, clusterClients, &x.sessions), struck: map[int][2]time.Duration{}}
	defer r.stop()
	must(t, r.awaitService(0, 1, 2))
	for i := range c.Nodes {
		if before != nil {
			before(i)
		}
		r.hit(i)
		must(t, c.Stop(i))
		must(t, r.awaitService(r.others(i)...))
		must(t, c.Restart(i))
		must(t, r.awaitService(i))
		r.well(i)
		// One at a time: the next waits until this one has kept up.
		must(t, c.AwaitVoters())
		time.Sleep(aroundFault)
	}
	r.stop()
	shown := 0
	for _, f := range r.failures() {
		if r.survived(f) {
			if shown++; shown <= 10 {
				t.Errorf("a call of %v on %s, which was not being restarted: %v", f.end-f.began, seqdserver.NodeID(f.node), f.err)
			}
		}
	}
	for _, s := range clusterSequences {
		x.draws[s.Name] = append(x.draws[s.Name], r.seen(s.Name)...)
	}
	x.judge(t)
}

func TestRollingRestart(t *testing.T) {
	newFaultTest(t).replaceAll(t, 1, nil)
}

var formatLine = regexp.MustCompile(`(?m)^format: +(\d+) `)

// TestRollingUpgrade replaces the release before by this one, node after node, under
// load. Nothing that the old ones don't know is done before the last one is gone.
func TestRollingUpgrade(t *testing.T) {
	old := earlierRelease(t)
	c, err := seqdserver.StartCluster(seqdserver.ClusterOptions{Nodes: clusterNodes, DataDir: t.TempDir(), Binary: old})
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	must(t, c.AwaitVoters())
	x := watchFaults(t, c, false)
	x.replaceAll(t, 1, func(i int) {
		_, err := c.Command(i, "skip", "5")
		if err == nil || (!strings.Contains(err.Error(), "can't do this yet") && !strings.Contains(err.Error(), "does not know")) {
			t.Errorf("%d new nodes, skip: %v", i, err)
		}
		if i > 0 {
			status, err := c.Command(0, "status")
			must(t, err)
			if m := formatLine.FindStringSubmatch(status); m != nil && m[1] != "1" {
				t.Errorf("%d new nodes, and the format has gone up:\n%s", i, status)
			}
		}
		c.UseBinary(i, "")
	})
	must(t, awaitFormat(c, "2"))
	for _, s := range killSequences {
		_, err := c.Command(0, "skip", "5")
		must(t, err)
		x.position(t, s)
	}
	// The way back is closed, and says so.
	must(t, c.Stop(0))
	c.UseBinary(0, old)
	if err := c.Nodes[0].Restart(); err == nil || !strings.Contains(err.Error(), "format version") {
		t.Errorf("the earlier release opens a folder of the new format: %v", err)
	}
	c.UseBinary(0, "")
	must(t, c.Restart(0))
	must(t, c.AwaitVoters())
	conn, err := pgx.Connect(t.Context(), c.DSN(0))
	must(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "SECURITY LABEL FOR seqd ON SEQUENCE one IS 'order=node'")
	must(t, err)
}

func awaitFormat(c *seqdserver.Cluster, want string) error {
	var status string
	for deadline := time.Now().Add(seqdserver.StartTimeout); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		leader, err := c.Leader()
		if err != nil {
			return err
		}
		if status, err = c.Command(leader, "status"); err != nil {
			return err
		}
		if m := formatLine.FindStringSubmatch(status); m != nil && m[1] == want {
			return nil
		}
	}
	return fmt.Errorf("the format is not %s:\n%s", want, status)
}

// TestMovedNode: a node comes back with another cluster address.
func TestMovedNode(t *testing.T) {
	x := newFaultTest(t)
	c := x.cluster
	x.replaceAll(t, 1, func(i int) {
		must(t, c.SetPeer(i))
	})
	status, err := c.Command(0, "status")
	must(t, err)
	for i := range c.Nodes {
		if !strings.Contains(status, c.Peer(i)) {
			t.Errorf("%s is not known at %s:\n%s", seqdserver.NodeID(i), c.Peer(i), status)
		}
	}
}
