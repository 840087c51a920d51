package e2e

import (
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"seqd/cmd/seqd/e2e/seqdserver"
	"seqd/cmd/seqd/proc"
)

// threePorts returns the first of three neighbouring free ports, with three more
// that are free 100 above.
func threePorts(t *testing.T) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		free := true
		for _, p := range []int{port, port + 1, port + 2, port + 100, port + 101, port + 102} {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
			if free = free && err == nil; err == nil {
				_ = l.Close()
			}
		}
		if free {
			return port
		}
	}
	t.Fatal("no free ports")
	return 0
}

// TestTrialCluster: what `make cluster` runs is a cluster, the commands about it
// work through every node, and its end leaves no process.
func TestTrialCluster(t *testing.T) {
	bin, err := seqdserver.Binary()
	if err != nil {
		t.Fatal(err)
	}
	port := threePorts(t)
	ready := make(chan struct{}, 1)
	p, err := proc.Start(exec.Command(bin, "trial", "--port", fmt.Sprint(port)), syscall.SIGTERM, func(line string) {
		if strings.Contains(line, "3 nodes are ready") {
			ready <- struct{}{}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := false
	t.Cleanup(func() {
		if !ended {
			_ = p.End(syscall.SIGTERM, time.Minute)
		}
	})
	select {
	case <-ready:
	case <-p.Done():
		t.Fatalf("ended at start\n%s", p.Tail())
	case <-time.After(time.Minute):
		t.Fatalf("not ready\n%s", p.Tail())
	}
	dsn := func(i int) string { return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres", port+i) }
	exec1(t, dsn(1), "CREATE SEQUENCE s")
	for i := range 9 {
		if got := exec1(t, dsn(i%3), "SELECT nextval('s')"); got != fmt.Sprint(i+1) {
			t.Errorf("call %d: nextval = %s", i+1, got)
		}
	}
	cluster := func(i int, args ...string) string {
		args = append([]string{"cluster", "--node", fmt.Sprintf("127.0.0.1:%d", port+100+i)}, args...)
		out, err := exec.Command(bin, args...).CombinedOutput()
		if err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	// A node gets its vote when it has shown for a while that it keeps up.
	for deadline := time.Now().Add(time.Minute); strings.Contains(cluster(0, "status"), "non-voter"); {
		if time.Now().After(deadline) {
			t.Fatalf("no vote for everybody:\n%s", cluster(0, "status"))
		}
		time.Sleep(50 * time.Millisecond)
	}
	cluster(2, "transfer", "node3")
	for i := range 3 {
		status := cluster(i, "status")
		for _, want := range []string{`(?m)^leader: +node3$`, `(?m)^node1 .* voter `, `(?m)^node2 .* voter `, `(?m)^node3 .* leader `} {
			if !regexp.MustCompile(want).MatchString(status) {
				t.Errorf("node %d: no %s in\n%s", i+1, want, status)
			}
		}
	}
	if got := exec1(t, dsn(0), "SELECT nextval('s')"); got != "10" {
		t.Errorf("nextval after the transfer = %s, want 10", got)
	}
	cluster(0, "snapshot")
	if out, err := exec.Command(bin, "cluster", "remove", "nobody", "--node", fmt.Sprintf("127.0.0.1:%d", port+100)).CombinedOutput(); err == nil || !strings.Contains(string(out), "nobody") {
		t.Errorf("removing a node that is not there: %v, %s", err, out)
	}
	cluster(0, "remove", "node1")
	if status := cluster(1, "status"); strings.Contains(status, "node1 ") {
		t.Errorf("node1 is still there:\n%s", status)
	}
	ended = true
	if err := p.End(syscall.SIGTERM, time.Minute); err != nil {
		t.Errorf("%v\n%s", err, p.Tail())
	}
	for i := range 3 {
		if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port+i)); err == nil {
			_ = conn.Close()
			t.Errorf("node %d still runs", i+1)
		}
	}
}
