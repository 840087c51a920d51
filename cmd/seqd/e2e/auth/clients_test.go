package auth

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/required"
	"seqd/cmd/seqd/e2e/seqdserver"
)

// secured is a seqd as its manual says to put one on a network: with what seqd cert makes.
type secured struct {
	*seqdserver.Server
	dir string // of seqd cert
}

func (s *secured) file(name string) string { return filepath.Join(s.dir, name) }
func (s *secured) port() string            { _, port := s.HostPort(); return port }

// startSecured runs `seqd cert` and serves with what it makes, and with rules of its own.
func startSecured(t *testing.T, rules string) *secured {
	t.Helper()
	bin, err := seqdserver.Binary()
	if err != nil {
		t.Fatal(err)
	}
	s := &secured{dir: filepath.Join(t.TempDir(), "tls")}
	if out, err := exec.Command(bin, "cert", "--dir", s.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.WriteFile(s.file("pg_hba.conf"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Server, err = seqdserver.Start(seqdserver.Options{Args: []string{"--cluster-listen", "off", "--hba-file", s.file("pg_hba.conf"),
		"--tls-cert", s.file("server.pem"), "--tls-key", s.file("server.key")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// client is a program that logs in and prints a value, or what it was told.
type client struct {
	name string
	// found says why it can't run here.
	found func() error
	// command is made once; what it returns is run for every login.
	command func(t *testing.T) arguments
}

type arguments func(s *secured, user, password string) []string

// program is a command that is told all in five arguments.
func program(command ...string) func(*testing.T) arguments {
	return func(*testing.T) arguments {
		return func(s *secured, user, password string) []string {
			return append(slices.Clone(command), "localhost", s.port(), user, password, s.file("ca.pem"))
		}
	}
}

// nodeModules is where .ci/run puts node-postgres.
func nodeModules() string {
	path, _ := filepath.Abs(filepath.Join("..", "..", "..", "..", ".cache", "clients", "node_modules"))
	return path
}

const (
	python  = "/usr/bin/python3" // Debian's, which has Debian's packages
	jdbc    = "/usr/share/java/postgresql.jar"
	scripts = "testdata/clients/"
)

var clients = []client{
	{name: "psql", found: runs("psql", "--version"), command: func(*testing.T) arguments {
		return func(s *secured, user, password string) []string {
			return []string{"psql", "-XAtw", "-c", "SELECT nextval('s')", fmt.Sprintf(
				"host=localhost port=%s user=%s password=%s dbname=postgres sslmode=verify-full sslrootcert=%s channel_binding=require",
				s.port(), user, password, s.file("ca.pem"))}
		}
	}},
	{name: "node-postgres", found: runs("node", "-e", "require('pg')"), command: program("node", scripts+"login.js")},
	{name: "psycopg2", found: runs(python, "-c", "import psycopg2"), command: program(python, scripts+"login2.py")},
	{name: "psycopg3", found: runs(python, "-c", "import psycopg"), command: program(python, scripts+"login3.py")},
	{name: "JDBC", found: func() error {
		if _, err := os.Stat(jdbc); err != nil {
			return err
		}
		return runs("javac", "-version")()
	}, command: func(t *testing.T) arguments {
		classes := t.TempDir()
		if out, err := exec.Command("javac", "-d", classes, scripts+"Login.java").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return program("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", jdbc+":"+classes, "Login")(t)
	}},
}

func runs(program string, args ...string) func() error {
	return func() error {
		cmd := exec.Command(program, args...)
		cmd.Env = clientEnv()
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w %s", program, err, out)
		}
		return nil
	}
}

// clientEnv has none of the settings that clients take from their surroundings.
func clientEnv() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LC_ALL=C", "NODE_PATH=" + nodeModules()}
}

// TestClientsLogIn: real clients, a password made by SQL, TLS verified in full, and no
// more rights than were granted.
func TestClientsLogIn(t *testing.T) {
	s := startSecured(t, "host all postgres 127.0.0.1/32 trust\nhostssl all all all scram-sha-256\n")
	admin := open(t, s.DSN())
	const setup = "CREATE ROLE joe LOGIN PASSWORD 's3cret'; CREATE SEQUENCE s; GRANT USAGE ON SEQUENCE s TO joe"
	if _, err := admin.Exec(t.Context(), setup).ReadAll(); err != nil {
		t.Fatal(err)
	}
	verified := fmt.Sprintf("host=localhost port=%s user=joe password=s3cret dbname=postgres sslmode=verify-full sslrootcert=%s", s.port(), s.file("ca.pem"))
	pgx := open(t, verified)
	if _, err := pgx.Exec(t.Context(), "SELECT nextval('s')").ReadAll(); err != nil {
		t.Errorf("pgx: %v", err)
	}
	if conn, err := pgconn.Connect(t.Context(), strings.ReplaceAll(verified, "verify-full", "disable")); err == nil {
		_ = conn.Close(context.Background())
		t.Error("joe gets in without TLS")
	}
	value := 1
	for i, c := range clients {
		if testing.Short() && i > 1 {
			break // the others take seconds each to start
		}
		t.Run(c.name, func(t *testing.T) {
			if err := c.found(); err != nil {
				required.Missing(t, required.Clients, err)
			}
			value++
			args := c.command(t)
			if got := output(t, args(s, "joe", "s3cret")); got != fmt.Sprint(value) {
				t.Errorf("got %q, want the value %d", got, value)
			}
			if got := output(t, args(s, "joe", "wrong")); !strings.Contains(got, `password authentication failed for user "joe"`) {
				t.Errorf("a wrong password: %q", got)
			}
			if got := output(t, args(s, "nobody", "s3cret")); !strings.Contains(got, `password authentication failed for user "nobody"`) {
				t.Errorf("an unknown user: %q", got)
			}
		})
	}
}

func output(t *testing.T, args []string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = clientEnv()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run() // what it prints is what counts
	return strings.TrimSpace(out.String())
}
