package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"seqd/cmd/seqd/bench/result"
	"seqd/cmd/seqd/bench/target"
	"seqd/cmd/seqd/e2e/pgserver"
	"seqd/cmd/seqd/e2e/seqdserver"
	"seqd/cmd/seqd/proc"
)

// command is `seqd bench` with a folder of its own for what it leaves behind.
type command struct {
	*exec.Cmd
	out, errOut bytes.Buffer
	dir         string
}

func newCommand(t *testing.T, args ...string) *command {
	t.Helper()
	bin, err := seqdserver.Binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	c := &command{dir: t.TempDir()}
	c.Cmd = exec.CommandContext(ctx, bin, append([]string{"bench"}, args...)...)
	// Should it hang, it says where.
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGQUIT) }
	c.WaitDelay = 10 * time.Second
	c.Env = append(proc.Environment(), "TMPDIR="+c.dir)
	c.Stdout, c.Stderr = &c.out, &c.errOut
	return c
}

// code runs it, and returns its exit code. Nothing may be left in its folder.
func (c *command) code(t *testing.T) int {
	t.Helper()
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(c.dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return c.ProcessState.ExitCode()
}

func startSeqd(t *testing.T, opts seqdserver.Options) *seqdserver.Server {
	t.Helper()
	s, err := seqdserver.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// awaitDraws waits until a benchmark draws from a server.
func awaitDraws(t *testing.T, dsn string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if execute(t, dsn, `SELECT count(*) FROM pg_sequences WHERE sequencename ~ '^s[0-9]+$'`) != "0" {
			return
		}
	}
	t.Fatal("nobody draws")
}

// schemas are those that a benchmark would have left.
func schemas(t *testing.T, dsn string) string {
	t.Helper()
	return execute(t, dsn, `SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'seqd\_bench\_%'`)
}

var tiny = []string{"--cache", "7", "--clients", "2", "--protocol", "simple,pipelined", "--depth", "5", "--session", "long,discard:20", "--rounds", "2", "--duration", "30ms"}

// A tiny grid on an own seqd, another seqd and PostgreSQL: everything is measured,
// nothing is left behind, and no password shows.
func TestBenchRun(t *testing.T) {
	pg := pgserver.ForTest(t, pgserver.Options{})
	seqd := startSeqd(t, seqdserver.Options{DataDir: t.TempDir()})
	dir := t.TempDir()
	file := filepath.Join(dir, "run.json")
	dsns := []string{strings.Replace(pg.DSN("postgres"), "postgres@", "postgres:secret@", 1), seqd.DSN()}
	// The last is another way to the same server.
	c := newCommand(t, append(slices.Clone(tiny), "own", "pg="+dsns[0], dsns[1], "again="+dsns[1], "--kill", "--prelog", "0,1000", "--json", file,
		"--csv", filepath.Join(dir, "run.csv"), "--benchstat", filepath.Join(dir, "run.txt"), "--html", filepath.Join(dir, "run.html"), "--png", filepath.Join(dir, "plots"))...)
	if code := c.code(t); code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, &c.out, &c.errOut)
	}
	r, err := result.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	const targets, points, rounds = 5, 4, 2
	if len(r.Targets) != targets || len(r.Points) != points || len(r.Samples) != targets*points*rounds {
		t.Fatalf("%d targets, %d points, %d samples", len(r.Targets), len(r.Points), len(r.Samples))
	}
	values := make([]int64, targets)
	for i, s := range r.Samples {
		target, at := r.Targets[s.Target], r.Points[s.Point]
		values[s.Target] += s.Values // in so short a time a busy machine may have none
		if s.Statements != s.Values || s.Latency.TotalCount() != s.Statements || len(s.Errors) > 0 {
			t.Errorf("%s, %s: %+v", target.Name, at, s)
		}
		if i > 0 && s.Target != (r.Samples[i-1].Target+1)%targets {
			t.Errorf("sample %d is of target %d: not in turn", i, s.Target)
		}
		checkLosses(t, target, at, s)
		if s.ServerCPUSeconds == nil {
			t.Errorf("%s: no CPU time (%s)", target.Name, target.CPUUnknown)
		}
		if s.LogRecords == nil || s.LogSyncs == nil || (*s.LogRecords == 0 && s.Drawn > 0 && i < 3) {
			t.Errorf("%s: log %v %v (%s)", target.Name, s.LogRecords, s.LogSyncs, target.LogUnknown)
		}
	}
	for i, want := range []string{"seqd prelog=0", "seqd prelog=1000", "pg", seqd.Addr(), "again"} {
		target := r.Targets[i]
		if target.Name != want || values[i] == 0 || target.Problem != "" || target.Own != (i < 2) || !target.Local || target.Kind == "" {
			t.Errorf("%+v", target)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"run.csv": "prelog=1000", "run.txt": "Benchmark", "run.html": "</html>"} {
		report, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(report), want) {
			t.Errorf("%s: %v, %d bytes", name, err, len(report))
		}
		text = append(text, report...)
	}
	if pictures, _ := filepath.Glob(filepath.Join(dir, "plots", "*.png")); len(pictures) == 0 {
		t.Error("no pictures")
	}
	again := newCommand(t, "--compare", file, file)
	if code := again.code(t); code != 0 || !strings.Contains(again.out.String(), "pipelined") {
		t.Errorf("--compare: exit code %d\n%s%s", code, &again.out, &again.errOut)
	}
	if strings.Contains(string(text)+c.out.String()+c.errOut.String(), "secret") {
		t.Error("a password shows")
	}
	for _, dsn := range dsns {
		if n := schemas(t, dsn); n != "0" {
			t.Errorf("%s schemas are left", n)
		}
	}
	if !strings.Contains(c.out.String(), "pipelined") || !strings.Contains(c.errOut.String(), "4 points, 2 rounds of 30ms") {
		t.Errorf("printed:\n%s%s", &c.out, &c.errOut)
	}
}

// All nodes of an own cluster are killed at once, and give no value twice when they
// are back. It and PostgreSQL are different servers, and measured side by side.
func TestBenchKillsClusters(t *testing.T) {
	pg := pgserver.ForTest(t, pgserver.Options{})
	file := filepath.Join(t.TempDir(), "run.json")
	c := newCommand(t, "own", pg.DSN("postgres"), "--nodes", "3", "--kill", "--cache", "1", "--clients", "3", "--session", "long", "--prelog", "0",
		"--rounds", "2", "--duration", "60ms", "--json", file)
	if code := c.code(t); code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, &c.out, &c.errOut)
	}
	r, err := result.Load(file)
	if err != nil || len(r.Samples) != 4 {
		t.Fatal(r, err)
	}
	for i, s := range r.Samples {
		if s.Target != i%2 || s.Round != 1+i/2 || s.Values == 0 || s.Seconds < 0.05 {
			t.Errorf("sample %d: %+v", i, s)
		}
		// Without a pre-log hardly more than what was on its way.
		if killed := s.Lost.Kill; (killed != nil) != (s.Target == 0) || (killed != nil && *killed > 100) {
			t.Errorf("sample %d: lost %+v", i, s.Lost)
		}
	}
}

// Ways to the same server are known, whichever way they are.
func TestBenchRelated(t *testing.T) {
	seqd, other := startSeqd(t, seqdserver.Options{}), startSeqd(t, seqdserver.Options{})
	proxy := forward(t, seqd.Addr())
	open := func(dsn, schema string) *target.Target {
		d, err := target.ParseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		opened := target.New("t", d)
		if err := opened.Open(t.Context(), schema); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = opened.Close(context.Background()) })
		return opened
	}
	first := open(seqd.DSN(), "seqd_bench_1")
	for _, tt := range []struct {
		name, dsn string
		want      bool
	}{{"the same", seqd.DSN(), true}, {"through a proxy", strings.Replace(seqd.DSN(), seqd.Addr(), proxy, 1), true}, {"another", other.DSN(), false}} {
		if got := open(tt.dsn, "seqd_bench_2").Related(t.Context(), first); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
		execute(t, tt.dsn, "DROP SCHEMA seqd_bench_2")
	}
}

// forward is a port that leads to another.
func forward(t *testing.T, to string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
	return l.Addr().String()
}

// checkLosses: what can be said of them for sure.
func checkLosses(t *testing.T, target result.Target, at result.Point, s result.Sample) {
	t.Helper()
	lost, ends := s.Lost.SessionEnd, s.SessionEnds
	if at.Session == result.Discard {
		lost, ends = s.Lost.Discard, s.Discards
	}
	if lost == nil || (ends == 0 && s.Drawn > 0) || *lost > ends*(at.Cache-1) {
		t.Errorf("%s, %s: %d ends, lost %+v", target.Name, at, ends, s.Lost)
	}
	killed := s.Lost.Kill
	if (killed != nil) != target.Own {
		t.Errorf("%s: %+v", target.Name, s.Lost)
	}
	// Sessions keep what CACHE reserves, and what was on its way is lost as well.
	if target.PrelogMax != nil && *target.PrelogMax == 0 && *killed > int64(at.Clients)*(at.Cache+int64(at.Depth)) {
		t.Errorf("%s, %s: the kill lost %d", target.Name, at, *killed)
	}
}

// A target that can't be reached, one that refuses the login, one without sequences
// and one that dies in the middle: the others are measured to the end.
func TestBenchTargetsThatFail(t *testing.T) {
	dying := startSeqd(t, seqdserver.Options{})
	full := startSeqd(t, seqdserver.Options{Args: []string{"--max-connections", "3"}})
	nothing := strings.Replace(dying.DSN(), dying.Addr(), "127.0.0.1:1", 1)
	wrong := strings.Replace(full.DSN(), "postgres@", "nobody@", 1)
	file := filepath.Join(t.TempDir(), "run.json")
	c := newCommand(t, "own", "nothing="+nothing, "wrong="+wrong, "full="+full.DSN(), "dying="+dying.DSN(),
		"--cache", "1", "--clients", "1,20", "--session", "long", "--rounds", "3", "--duration", "300ms", "--json", file)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	awaitDraws(t, dying.DSN())
	if err := dying.Kill9(); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("%v\n%s%s", err, &c.out, &c.errOut)
	}
	r, err := result.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		problem string
		samples int
	}{{"", 6}, {"can't be used: no connection", 0}, {"can't be used", 0}, {"not measured in round 1 of 3, cache 1, 20 clients", 3}, {"died in round", -1}} {
		n := len(r.At(i, 0)) + len(r.At(i, 1))
		if p := r.Targets[i].Problem; !strings.HasPrefix(p, want.problem) || (p == "") != (want.problem == "") || (want.samples >= 0 && n != want.samples) || n > 6 {
			t.Errorf("%s: %d samples, problem %q", r.Targets[i].Name, n, p)
		}
	}
	if said := c.errOut.String(); !strings.Contains(said, "4 of 5 targets") || !strings.Contains(said, "dying: died in") {
		t.Errorf("printed:\n%s", said)
	}
}

// Ctrl-C: what was made is removed, what was measured is kept.
func TestBenchStopped(t *testing.T) {
	seqd := startSeqd(t, seqdserver.Options{})
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		file := filepath.Join(t.TempDir(), "run.json")
		c := newCommand(t, "own", seqd.DSN(), "--cache", "1", "--clients", "1", "--session", "long", "--rounds", "900", "--duration", "50ms", "--json", file)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(time.Minute)
		for schemas(t, seqd.DSN()) == "0" && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
		}
		if err := c.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(); err == nil || c.ProcessState.ExitCode() != 1 || !strings.Contains(c.errOut.String(), "stopped before its end") {
			t.Errorf("%v: %v\n%s", sig, err, &c.errOut)
		}
		if n := schemas(t, seqd.DSN()); n != "0" {
			t.Errorf("%v: %s schemas are left", sig, n)
		}
		if left, _ := os.ReadDir(c.dir); len(left) > 0 {
			t.Errorf("%v: left behind: %v", sig, left)
		}
		if r, err := result.Load(file); err != nil || !r.Interrupted {
			t.Errorf("%v: %v", sig, err)
		}
	}
}

// A second Ctrl-C waits for nothing, not even for a server that answers no more.
func TestBenchStoppedAtOnce(t *testing.T) {
	seqd := startSeqd(t, seqdserver.Options{})
	c := newCommand(t, seqd.DSN(), "--cache", "1", "--clients", "1", "--session", "long", "--duration", "10m")
	c.Stderr = nil
	said, err := c.StderrPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	awaitDraws(t, seqd.DSN())
	if err := syscall.Kill(seqd.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(seqd.PID(), syscall.SIGCONT) }()
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(said); lines.Scan() && !strings.Contains(lines.Text(), "again: at once"); {
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if state := c.ProcessState.Sys().(syscall.WaitStatus); !state.Signaled() || state.Signal() != syscall.SIGINT {
		t.Errorf("ended with %v", c.ProcessState)
	}
}

// What somebody else has put into the schema stays, and so does the schema.
func TestBenchDropsOnlyItsOwn(t *testing.T) {
	seqd := startSeqd(t, seqdserver.Options{})
	c := newCommand(t, seqd.DSN(), "--cache", "1", "--clients", "1", "--session", "long", "--rounds", "1", "--duration", "10m")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	awaitDraws(t, seqd.DSN())
	schema := execute(t, seqd.DSN(), `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'seqd\_bench\_%'`)
	execute(t, seqd.DSN(), "CREATE SEQUENCE "+schema+".precious")
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err == nil || !strings.Contains(c.errOut.String(), "schema "+schema+" was left behind") {
		t.Errorf("%v\n%s", err, &c.errOut)
	}
	if n := execute(t, seqd.DSN(), "SELECT count(*) FROM pg_sequences"); n != "1" {
		t.Errorf("%s sequences", n)
	}
}

func TestBenchRefused(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"postgres://me:secret@10.0.0.7:5432/db"}, "10.0.0.7 is not this machine: refusing to put load on it without --yes"},
		{[]string{"postgres://me:secret@127.0.0.1:x/db"}, "invalid port"},
		{[]string{"a=host=127.0.0.1", "a=host=127.0.0.1"}, "there are two of that name"},
		{[]string{"host=127.0.0.1", "--kill"}, "--kill: only own servers"},
		{[]string{"host=127.0.0.1", "--prelog", "0"}, "own servers"},
		{[]string{"--preset", "none"}, "want one of"},
		{[]string{"--session", "often"}, "--session"},
		{[]string{"--cache", "0"}, "--cache 0"},
		{[]string{"--rounds", "0"}, "--rounds 0"},
		{[]string{"--duration", "1ms"}, "--duration 1ms"},
		{[]string{"--json", "-", "--csv", "-"}, "only one of them"},
		{[]string{"--compare", "a.json"}, "want two files"},
	} {
		c := newCommand(t, tt.args...)
		if code := c.code(t); code != 2 || !strings.Contains(c.errOut.String(), tt.want) || strings.Contains(c.errOut.String(), "secret") {
			t.Errorf("%v: exit code %d, %s", tt.args, code, &c.errOut)
		}
	}
}

// What can't be written, or read, is said before anything is measured.
func TestBenchFiles(t *testing.T) {
	dir := t.TempDir()
	damaged := filepath.Join(dir, "damaged.json")
	if err := os.WriteFile(damaged, []byte(`{"format": 1, "samples": [`), 0o600); err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(dir, "none", "file")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--json", none}, "--json " + none + ": no such file"},
		{[]string{"--html", none}, "--html " + none + ": no such file"},
		{[]string{"--png", filepath.Join(damaged, "x")}, "--png: "},
		{[]string{"--compare", damaged, damaged}, damaged + ": not a whole saved run"},
		{[]string{"--compare", none, damaged}, "no such file"},
	} {
		c := newCommand(t, tt.args...)
		if code := c.code(t); code != 1 || !strings.Contains(c.errOut.String(), tt.want) || strings.Contains(c.errOut.String(), "points") {
			t.Errorf("%v: exit code %d, %s", tt.args, code, &c.errOut)
		}
	}
}
