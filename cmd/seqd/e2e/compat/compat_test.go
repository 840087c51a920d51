package compat

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/pgserver"
	"seqd/cmd/seqd/e2e/required"
	"seqd/cmd/seqd/e2e/seqdserver"
)

var rewrite = flag.Bool("rewrite", false, "make docs/compatibility.md anew")

// patience is for one program: its start on a busy machine is most of it.
const patience = 3 * time.Minute

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	seqdserver.CleanUp()
	if goPrograms.dir != "" {
		_ = os.RemoveAll(goPrograms.dir)
	}
	os.Exit(code)
}

// server is where a client connects to.
type server struct {
	port int
	told string // by what stands in between, about the server
}

// TestClients plays every client's program on both servers.
func TestClients(t *testing.T) {
	pg := pgserver.ForTest(t, pgserver.Options{Settings: map[string]string{"max_connections": "200"}})
	s, err := seqdserver.Start(seqdserver.Options{Args: []string{"--cluster-listen", "off"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	_, seqdPort := s.HostPort()
	sides := []server{{port: pg.Port}, {port: atoi(t, seqdPort)}}
	played := make([]*row, len(clients))
	t.Run("clients", func(t *testing.T) {
		for i, c := range clients {
			if testing.Short() && !c.fast {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				played[i] = c.play(t, fmt.Sprint("client", i), sides)
			})
		}
	})
	if testing.Short() || t.Failed() {
		return
	}
	checkTable(t, played)
}

func atoi(t *testing.T, s string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// play runs the program on both and compares.
func (c *client) play(t *testing.T, database string, sides []server) *row {
	version, err := c.installed()
	if err != nil {
		required.Missing(t, required.Clients, err)
	}
	line := c.command(t)
	var outputs []string
	for _, side := range sides {
		execute(t, side.port, "CREATE DATABASE "+database)
		if c.local != "" {
			execute(t, sides[0].port, fmt.Sprint("CREATE DATABASE ", c.local, side.port))
		}
		if c.through != nil {
			side = c.through(t, side)
		}
		outputs = append(outputs, side.told+c.run(t, line, database, side.port, sides[0].port))
	}
	want, got := outputs[0], outputs[1]
	compare(t, want, got)
	return &row{client: c, version: version, tried: sections(want)}
}

func execute(t *testing.T, port int, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := pgconn.Connect(ctx, fmt.Sprintf("host=127.0.0.1 port=%d user=postgres dbname=postgres sslmode=disable", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(ctx, sql).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

var versionNumber = regexp.MustCompile(`[0-9]+(\.[0-9]+)+`)

// installed is the client's version, or why it can't run here.
func (c *client) installed() (string, error) {
	cmd := exec.Command(c.version[0], c.version[1:]...)
	if c.version[0] == "go" {
		cmd.Dir = goModules
	} else {
		cmd.Env = environment("/nonexistent")
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w %s", strings.Join(c.version, " "), err, out)
	}
	v := versionNumber.FindString(string(out))
	if v == "" {
		return "", fmt.Errorf("%s names no version: %s", strings.Join(c.version, " "), out)
	}
	return v, nil
}

// environment has none of the settings that clients take from their surroundings.
func environment(home string, more ...string) []string {
	modules, _ := filepath.Abs(filepath.Join("..", "..", "..", "..", ".cache", "clients", "node_modules"))
	return append([]string{"PATH=" + os.Getenv("PATH") + ":/usr/sbin", "HOME=" + home, "LC_ALL=C.UTF-8", "TZ=UTC", "NODE_PATH=" + modules}, more...)
}

// run is what the program prints.
func (c *client) run(t *testing.T, line []string, database string, port, judge int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Env = environment(t.TempDir(), append(slices.Clone(c.env), "PGHOST=127.0.0.1", fmt.Sprint("PGPORT=", port), "PGUSER=postgres", "PGDATABASE="+database,
		fmt.Sprint("JUDGE_PORT=", judge))...)
	out, err := cmd.CombinedOutput()
	text := strings.ReplaceAll(string(out), fmt.Sprint(port), "PORT")
	if err != nil {
		text += err.Error() + "\n"
	}
	return text
}

// compare shows the first lines that differ.
func compare(t *testing.T, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	if len(sections(want)) == 0 || len(w) < 3 {
		t.Errorf("it shows too little:\n%s", want)
	}
	if strings.Contains(want, "exit status") {
		t.Errorf("it fails on PostgreSQL:\n%s", want)
	}
	shown := 0
	for i := range max(len(w), len(g)) {
		line := func(s []string) string {
			if i < len(s) {
				return s[i]
			}
			return "(nothing)"
		}
		if line(w) != line(g) {
			if shown++; shown > 20 {
				t.Error("…")
				return
			}
			t.Errorf("line %d\n  PostgreSQL: %s\n  seqd:       %s", i+1, line(w), line(g))
		}
	}
}

// sections are the parts of a program, as it has announced them.
func sections(output string) (list []string) {
	for line := range strings.Lines(output) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "# "); ok && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}
