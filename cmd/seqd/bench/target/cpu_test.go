package target

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// fakeProc is a folder as /proc: a server 10 with children 11 and 12 and a grandchild
// 13, which share what they listen at, and a stranger 20.
func fakeProc(t *testing.T) *cpuMeter {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []struct{ pid, parent, utime, socket int }{{10, 1, 100, 555}, {11, 10, 200, 555}, {12, 10, 300, 0}, {13, 12, 400, 555}, {20, 1, 5000, 777}} {
		folder := strconv.Itoa(p.pid)
		write(folder+"/stat", folder+" (a b) c) S "+strconv.Itoa(p.parent)+" 0 0 0 0 0 0 0 0 0 "+strconv.Itoa(p.utime)+" 10 20 30 20 0")
		if err := os.MkdirAll(filepath.Join(dir, folder, "fd"), 0o700); err != nil {
			t.Fatal(err)
		}
		if p.socket > 0 {
			if err := os.Symlink("socket:["+strconv.Itoa(p.socket)+"]", filepath.Join(dir, folder, "fd", "3")); err != nil {
				t.Fatal(err)
			}
		}
	}
	write("net/tcp", "head\n 0: 0100007F:1538 00000000:0000 0A 0:0 00:0 0 0 0 555 1\n 1: 0100007F:1538 0100007F:9999 01 0:0 00:0 0 0 0 556 1\n")
	write("net/tcp6", "head\n 0: 00000000000000000000000001000000:1539 0:0 0A 0:0 00:0 0 0 0 777 1\n")
	write("net/unix", "Num RefCount Protocol Flags Type St Inode Path\n0: 2 0 10000 1 1 555 /run/pg/.s.PGSQL.5432\n")
	clock := func(pid int) (time.Duration, error) {
		if pid == 12 { // as everywhere where the kernel can't tell: ticks
			return 0, os.ErrInvalid
		}
		return time.Duration(pid) * time.Millisecond, nil
	}
	return &cpuMeter{proc: dir, clock: clock}
}

func TestCPUOfATree(t *testing.T) {
	m := fakeProc(t)
	m.roots = []int{10}
	if got, err := m.read(); err != nil || got != (10+11+13)*time.Millisecond+3100*time.Millisecond+4*500*time.Millisecond {
		t.Errorf("%v, %v", got, err)
	}
	m.roots = []int{99}
	if _, err := m.read(); err == nil {
		t.Error("a server that is gone has used nothing")
	}
}

func TestListener(t *testing.T) {
	m := fakeProc(t)
	for _, tt := range []struct {
		host string
		port int
		want int
	}{{"127.0.0.1", 0x1538, 10}, {"localhost", 0x1539, 20}, {"127.0.0.1", 0x1539, 20}, {"/run/pg", 5432, 10}, {"/run/pg", 5433, 0}, {"127.0.0.1", 1, 0}} {
		if got, err := m.listener(tt.host, tt.port); got != tt.want || (err != nil) != (tt.want == 0) {
			t.Errorf("%s:%d: process %d, %v; want %d", tt.host, tt.port, got, err, tt.want)
		}
	}
}

// The real one: who listens here is this process.
func TestListenerOfThisProcess(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m := newCPUMeter()
	pid, err := m.listener("127.0.0.1", l.Addr().(*net.TCPAddr).Port)
	if err != nil || pid != os.Getpid() {
		t.Errorf("process %d, %v; this is %d", pid, err, os.Getpid())
	}
	m.roots = []int{pid}
	before, err := m.read()
	if err != nil || before <= 0 {
		t.Error(before, err)
	}
	for began := time.Now(); time.Since(began) < 3*time.Millisecond; { // less than a tick
	}
	if after, err := m.read(); err != nil || after <= before || after%(time.Second/ticksPerSecond) == 0 {
		t.Errorf("%v, after some work %v: %v", before, after, err)
	}
}

func TestKinds(t *testing.T) {
	for text, want := range map[string][2]string{
		"PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc": {"PostgreSQL", "15.18 (Debian 15.18-0+deb12u1)"},
		"PostgreSQL 15.18 (seqd)":                                                {"seqd", "PostgreSQL 15.18 (seqd)"},
		"CockroachDB CCL v23.1.0 (x86_64-pc-linux-gnu, built 2023)":              {"CockroachDB", "CockroachDB CCL v23.1.0"},
		"PostgreSQL 11.2-YB-2.19.0.0-b0 on x86_64-pc-linux-gnu, compiled by gcc": {"YugabyteDB", "PostgreSQL 11.2-YB-2.19.0.0-b0"},
		"Something 1, else":                                                      {"Something 1", "Something 1, else"},
	} {
		if kind, version := kindOf(text); kind != want[0] || version != want[1] {
			t.Errorf("%s: %q %q", text, kind, version)
		}
	}
}
