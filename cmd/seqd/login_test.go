package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/config"
	"seqd/engine"
	"seqd/protocol/scram"
)

// requireClientsEnv, set to 1, turns a missing client into a failure. CI sets it.
const requireClientsEnv = "SEQD_REQUIRE_CLIENTS"

// served is a server in this process: its roles are made through the engine.
type served struct {
	addr *net.TCPAddr
	dir  string // of seqd cert
	m    *member
	gate *access
}

func (s *served) file(name string) string { return filepath.Join(s.dir, name) }
func (s *served) port() string            { return fmt.Sprint(s.addr.Port) }

// startServed runs `seqd cert` and serves with what it makes, and with rules if given.
func startServed(t *testing.T, rules string) *served {
	t.Helper()
	s := &served{dir: filepath.Join(t.TempDir(), "tls")}
	if err := makeCertificates(&config.Cert{Dir: s.dir, Client: []string{"joe"}, Days: 30}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if rules != "" {
		if err := os.WriteFile(s.file(rulesFile), []byte(rules), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cli, _, err := config.Parse([]string{"serve", "--ephemeral", "--listen", "127.0.0.1:0", "--cluster-listen", "off",
		"--hba-file", s.file(rulesFile), "--tls-cert", s.file("server.pem"), "--tls-key", s.file("server.key"),
		"--tls-client-ca", s.file("ca.pem")}, io.Discard, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	if s.gate, err = openAccess(&cli.Serve, logger); err != nil {
		t.Fatal(err)
	}
	port, err := openClusterPort(&cli.Serve, logger)
	if err != nil {
		t.Fatal(err)
	}
	if s.m, err = openMember(&cli.Serve, port, logger, make(chan error, 1), nil); err != nil {
		t.Fatal(err)
	}
	s.gate.member = s.m
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = listener.Addr().(*net.TCPAddr)
	srv := newServer(&cli.Serve, s.m.backend, s.gate, s.addr, logger)
	go func() { _ = srv.Serve(listener) }() // ends with stop
	t.Cleanup(func() {
		if err := stop(&cli.Serve, srv, s.m); err != nil {
			t.Error(err)
		}
	})
	return s
}

// put makes or changes an object of the catalog.
func (s *served) put(t *testing.T, o engine.Object) {
	t.Helper()
	catalog := s.m.backend.Catalog()
	db, _ := catalog.Database("postgres")
	tx := engine.Begin(catalog, db.OID)
	if err := tx.Put(o); err != nil {
		t.Fatal(err)
	}
	if _, err := s.m.backend.Commit(t.Context(), 0, tx.Commit()); err != nil {
		t.Fatal(err)
	}
}

// role makes a role that may log in with password; "" for none.
func (s *served) role(t *testing.T, name, password string, change func(*engine.Role)) engine.OID {
	t.Helper()
	oid, err := s.m.backend.AllocateOID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &engine.Role{OID: oid, Name: name, CanLogin: true, Inherit: true, Superuser: true, ConnectionLimit: -1}
	if password != "" {
		r.Password = scram.NewVerifier(password).String()
	}
	if change != nil {
		change(r)
	}
	s.put(t, r)
	return oid
}

// client is a program that logs in and prints a value, or what it was told.
type client struct {
	name string
	// found says why it can't run here.
	found func() error
	// command is made once; what it returns is run for every login.
	command func(t *testing.T) arguments
}

type arguments func(s *served, user, password string) []string

// program is a command that is told all in five arguments.
func program(command ...string) func(*testing.T) arguments {
	return func(*testing.T) arguments {
		return func(s *served, user, password string) []string {
			return append(slices.Clone(command), "localhost", s.port(), user, password, s.file("ca.pem"))
		}
	}
}

// nodeModules is where .ci/run puts node-postgres.
func nodeModules() string {
	path, _ := filepath.Abs(filepath.Join("..", "..", ".cache", "clients", "node_modules"))
	return path
}

const (
	python  = "/usr/bin/python3" // Debian's, which has Debian's packages
	jdbc    = "/usr/share/java/postgresql.jar"
	scripts = "testdata/clients/"
)

var clients = []client{
	{name: "psql", found: runs("psql", "--version"), command: func(*testing.T) arguments {
		return func(s *served, user, password string) []string {
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

// TestClientsLogIn: real clients, a password, TLS verified in full.
func TestClientsLogIn(t *testing.T) {
	s := startServed(t, "hostssl all all all scram-sha-256\n")
	s.role(t, "joe", "s3cret", nil)
	admin, err := pgconn.Connect(t.Context(), fmt.Sprintf("host=localhost port=%s user=joe password=s3cret dbname=postgres sslmode=verify-full sslrootcert=%s", s.port(), s.file("ca.pem")))
	if err != nil {
		t.Fatalf("pgx: %v", err)
	}
	defer admin.Close(context.Background())
	if _, err := admin.Exec(t.Context(), "CREATE SEQUENCE s").ReadAll(); err != nil {
		t.Fatal(err)
	}
	value := 0
	for i, c := range clients {
		if testing.Short() && i > 1 {
			break // the others take seconds each to start
		}
		t.Run(c.name, func(t *testing.T) {
			if err := c.found(); err != nil {
				missing(t, err)
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

// missing ends a test whose client is not there.
func missing(tb testing.TB, why error) {
	tb.Helper()
	if os.Getenv(requireClientsEnv) == "1" {
		tb.Fatal(why)
	}
	fmt.Fprintf(os.Stderr, "\n*** %s SKIPPED: %v; set %s=1 to make this a failure ***\n\n", tb.Name(), why, requireClientsEnv)
	tb.Skip(why)
}
