package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"seqd/cmd/seqd/e2e/seqdserver"
)

// TestDamagedNode breaks the log file of a node that is down: of a follower, then of
// the leader. The others go on, the node says what is wrong and touches nothing, and
// joins again with an empty folder.
func TestDamagedNode(t *testing.T) {
	x := newFaultTest(t)
	c := x.cluster
	r := &round{crew: startCrew(c, x.epoch, 1, clusterClients, &x.sessions), struck: map[int][2]time.Duration{}}
	defer r.stop()
	must(t, r.awaitService(0, 1, 2))
	for i, damage := range []func(path string) error{flipEverywhere, cutInHalf} {
		leader, err := c.Leader()
		must(t, err)
		node := (leader + 1 + i) % clusterNodes // a follower, then
		if i > 0 {
			node = leader
		}
		via := (node + 1) % clusterNodes
		r.hit(node)
		must(t, c.Kill9(node))
		file := filepath.Join(c.DataDir(node), "raft.db")
		must(t, damage(file))
		broken, err := os.ReadFile(file)
		must(t, err)
		err = c.Restart(node)
		if err == nil || !strings.Contains(err.Error(), "raft.db can't be used") || !strings.Contains(err.Error(), "seqd cluster remove") {
			t.Fatalf("with a damaged log: %v", err)
		}
		if after, err := os.ReadFile(file); err != nil || string(after) != string(broken) {
			t.Errorf("the damaged file was changed (%v)", err)
		}
		must(t, r.awaitService(r.others(node)...))
		// As the message says.
		_, err = c.Command(via, "remove", seqdserver.NodeID(node))
		must(t, err)
		must(t, c.Rejoin(node, via))
		must(t, r.awaitService(node))
		r.well(node)
		must(t, c.AwaitVoters())
	}
	x.finish(t, r)
}

// finish ends the crew and judges what it got.
func (x *faultTest) finish(t *testing.T, r *round) {
	t.Helper()
	r.stop()
	for _, s := range clusterSequences {
		x.draws[s.Name] = append(x.draws[s.Name], r.seen(s.Name)...)
	}
	x.judge(t)
}

func flipEverywhere(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for i := 100; i < len(b); i += 777 {
		b[i] ^= 0x10
	}
	return os.WriteFile(path, b, 0o600)
}

func cutInHalf(path string) error {
	s, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, s.Size()/2)
}

// TestFullDiskOfOneNode fills the disk of a follower, then that of the leader. The
// others go on, and the node does when there is space again.
func TestFullDiskOfOneNode(t *testing.T) {
	if os.Getuid() != 0 {
		fmt.Fprintf(os.Stderr, "\n*** %s: NOT RUN: it fills a small tmpfs, which only root can mount ***\n\n", t.Name())
		t.Skip("only root can mount a tmpfs")
	}
	folder := t.TempDir()
	for i := range clusterNodes {
		small := filepath.Join(folder, seqdserver.NodeID(i))
		must(t, os.MkdirAll(small, 0o700))
		must(t, syscall.Mount("tmpfs", small, "tmpfs", 0, "size=24m"))
		t.Cleanup(func() { _ = syscall.Unmount(small, syscall.MNT_DETACH) })
	}
	c, err := seqdserver.StartCluster(seqdserver.ClusterOptions{Nodes: clusterNodes, DataDir: folder})
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	must(t, c.AwaitVoters())
	x := watchFaults(t, c, true)
	for i, what := range []string{"a follower", "the leader"} {
		leader, err := c.Leader()
		must(t, err)
		node := (leader + 1 - i) % clusterNodes
		r := &round{crew: startCrew(c, x.epoch, i+1, clusterClients, &x.sessions), struck: map[int][2]time.Duration{}}
		defer r.stop()
		must(t, r.awaitService(0, 1, 2))
		r.start = r.now()
		full := filepath.Join(c.DataDir(node), "filler")
		must(t, fill(full))
		must(t, awaitStatus(c, r.others(node)[0], seqdserver.NodeID(node), "DISK FULL"))
		must(t, r.awaitService(r.others(node)...))
		time.Sleep(aroundFault)
		must(t, r.awaitService(r.others(node)...))
		if now, err := c.Leader(); err != nil || now == node {
			t.Errorf("%s is full, and %s leads (%v)", seqdserver.NodeID(node), seqdserver.NodeID(now), err)
		}
		must(t, os.Remove(full))
		must(t, r.awaitService(node))
		must(t, c.AwaitVoters())
		x.finish(t, r)
		silence := time.Duration(0)
		for _, other := range r.others(node) {
			silence = max(silence, r.silence(other, r.start))
		}
		fmt.Printf("the disk of %s is full: no service on the others for %v\n", what, silence.Round(time.Millisecond))
	}
}

// fill writes until there is no space left.
func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, 64<<10)
	for size := len(block); size > 0; size /= 2 {
		for {
			_, err := f.Write(block[:size])
			if errors.Is(err, syscall.ENOSPC) {
				break
			}
			if err != nil {
				return &fs.PathError{Op: "fill", Path: path, Err: err}
			}
		}
	}
	return nil
}

// awaitStatus waits until a node's line in the status says something.
func awaitStatus(c *seqdserver.Cluster, ask int, node, want string) error {
	var status string
	var err error
	for deadline := time.Now().Add(seqdserver.StartTimeout); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		status, err = c.Command(ask, "status")
		for line := range strings.Lines(status) {
			if strings.HasPrefix(line, node+" ") && strings.Contains(line, want) {
				return nil
			}
		}
	}
	return fmt.Errorf("the status does not say %q of %s: %w\n%s", want, node, err, status)
}
