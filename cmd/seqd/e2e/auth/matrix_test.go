package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"seqd/cmd/seqd/e2e/pgserver"
	"seqd/cmd/seqd/e2e/seqdserver"
)

// mapsText is the pg_ident.conf of both.
const mapsText = "m /^(.*)@example\\.org$ \\1\nm ann postgres\n"

// judged is one of the two servers, with rules that can be changed.
type judged struct {
	addr   string
	write  func(t *testing.T, rules string)
	reload func(t *testing.T)
}

// both starts a PostgreSQL and a seqd with the same certificates and maps.
func both(t *testing.T) (pg, seqd *judged, dir string) {
	t.Helper()
	bin, err := seqdserver.Binary()
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "tls")
	cmd := exec.Command(bin, "cert", "--dir", dir, "--client", "postgres,ann,postgres@example.org,nobody")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const open = "host all all 127.0.0.1/32 trust\n"
	p := pgserver.ForTest(t, pgserver.Options{
		Files: map[string]string{"server.crt": read("server.pem"), "server.key": read("server.key"), "ca.crt": read("ca.pem"),
			"data/pg_hba.conf": open, "data/pg_ident.conf": mapsText},
		Settings: map[string]string{"ssl": "on", "ssl_cert_file": "../server.crt", "ssl_key_file": "../server.key",
			"ssl_ca_file": "../ca.crt"},
	})
	admin, err := pgconn.Connect(t.Context(), p.DSN("template1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close(context.Background()) })
	reload := func(admin *pgconn.PgConn) func(*testing.T) {
		return func(t *testing.T) {
			rows, err := admin.Exec(t.Context(), "SELECT pg_reload_conf()").ReadAll()
			if err != nil || string(rows[0].Rows[0][0]) != "t" {
				t.Fatal(rows, err)
			}
		}
	}
	pg = &judged{addr: p.Addr(),
		write: func(t *testing.T, rules string) {
			if err := p.WriteFile("data/pg_hba.conf", rules); err != nil {
				t.Fatal(err)
			}
		},
		reload: reload(admin)}
	hbaFile, identFile := filepath.Join(dir, "hba.conf"), filepath.Join(dir, "ident.conf")
	seqd = &judged{write: func(t *testing.T, rules string) {
		if err := os.WriteFile(hbaFile, []byte(rules), 0o600); err != nil {
			t.Fatal(err)
		}
	}}
	seqd.write(t, open)
	if err := os.WriteFile(identFile, []byte(mapsText), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := seqdserver.Start(seqdserver.Options{Args: []string{"--cluster-listen", "off", "--hba-file", hbaFile, "--ident-file", identFile,
		"--tls-cert", filepath.Join(dir, "server.pem"), "--tls-key", filepath.Join(dir, "server.key"), "--tls-client-ca", filepath.Join(dir, "ca.pem")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	seqd.addr = s.Addr()
	own, err := pgconn.Connect(t.Context(), s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Close(context.Background()) })
	seqd.reload = reload(own)
	return pg, seqd, dir
}

var markers int

// rules puts rules into force and waits until they are.
func (j *judged) rules(t *testing.T, rules string) {
	t.Helper()
	markers++
	marker := fmt.Sprint("marker", markers)
	j.write(t, "host "+marker+" marker all reject\n"+rules+"\n")
	j.reload(t)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if got := j.login(t, login{user: "marker", database: marker}, ""); strings.Contains(got, "rejects connection") {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("the rules never come into force: %s", got)
		}
	}
}

type login struct {
	user, database, password string
	tls                      bool
	certificate              string
}

// TestStatSSL: a session sees its encryption and its certificate as in PostgreSQL. The
// cipher is left out: the two servers prefer different ones.
func TestStatSSL(t *testing.T) {
	pg, seqd, dir := both(t)
	for _, l := range []login{
		{user: "postgres", database: "postgres"}, {user: "postgres", database: "postgres", tls: true},
		{user: "postgres", database: "postgres", tls: true, certificate: "ann"},
	} {
		var rows []string
		for _, j := range []*judged{pg, seqd} {
			conn, err := j.connect(t, l, dir)
			if err != nil {
				t.Fatal(err)
			}
			result, err := conn.Exec(t.Context(), "SELECT ssl, version, cipher IS NULL, bits >= 128, client_dn, client_serial, issuer_dn "+
				"FROM pg_stat_ssl WHERE pid = pg_backend_pid()").ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, fmt.Sprintf("%q", result[0].Rows))
			_ = conn.Close(context.Background())
		}
		if rows[0] != rows[1] {
			t.Errorf("%+v:\n      seqd: %s\nPostgreSQL: %s", l, rows[1], rows[0])
		}
	}
}

// TestFileViews: the views show what both files hold, mistakes included.
func TestFileViews(t *testing.T) {
	pg, seqd, _ := both(t)
	const rules = `host all all 127.0.0.1/32 trust
host "a b",c +d samenet scram-sha-256
hostssl all all ::/0 cert map=m
local all all trust
remote all all trust`
	for _, sql := range []string{rulesSQL, mappingsSQL, "SELECT * FROM pg_hba_file_rules", "SELECT * FROM pg_ident_file_mappings"} {
		var seen []string
		for _, j := range []*judged{pg, seqd} {
			j.write(t, rules)
			seen = append(seen, strings.Join(query(t, "postgres://postgres@"+j.addr+"/postgres?sslmode=disable", sql), "\n"))
		}
		if seen[0] != seen[1] || seen[0] == "" {
			t.Errorf("%s:\nseqd:\n%s\nPostgreSQL:\n%s", sql, seen[1], seen[0])
		}
	}
}

// login is "in", or what the client is told.
func (j *judged) login(t *testing.T, l login, dir string) string {
	t.Helper()
	conn, err := j.connect(t, l, dir)
	if err == nil {
		_ = conn.Close(context.Background())
		return "in"
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return fmt.Sprintf("%s %s %s | %s | %s", e.Severity, e.Code, e.Message, e.Detail, e.Hint)
	}
	return err.Error()
}

func (j *judged) connect(t *testing.T, l login, dir string) (*pgconn.PgConn, error) {
	t.Helper()
	config, err := pgconn.ParseConfig("host=127.0.0.1 sslmode=disable user=x")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(j.addr)
	n, _ := strconv.Atoi(port)
	config.Port, config.User, config.Database, config.Password = uint16(n), l.user, l.database, l.password
	if l.tls {
		config.TLSConfig = &tls.Config{InsecureSkipVerify: true}
		if l.certificate != "" {
			c, err := tls.LoadX509KeyPair(filepath.Join(dir, l.certificate+".pem"), filepath.Join(dir, l.certificate+".key"))
			if err != nil {
				t.Fatal(err)
			}
			config.TLSConfig.Certificates = []tls.Certificate{c}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return pgconn.ConnectConfig(ctx, config)
}

// matrixRules are tried one after the other, each with all matrixLogins.
var matrixRules = []string{
	"host all all all trust",
	"host all all all reject",
	"host all all 127.0.0.0/8 trust",
	"host all all 10.0.0.0/8 trust",
	"host all all ::1/128 trust",
	"host all all samehost trust",
	"host all all samenet trust",
	"host all all 127.0.0.1 255.255.255.255 trust",
	"hostssl all all all trust",
	"hostnossl all all all trust",
	"hostnossl all all all trust\nhostssl all all all reject",
	"hostnogssenc all all all trust",
	"local all all trust",
	"host postgres all all trust",
	"host all postgres all trust",
	"host sameuser all all trust",
	"host samerole all all trust",
	`host "sameuser" all all trust`,
	"host all +postgres all trust",
	"host all +nobody all trust",
	"host all +pg_monitor all trust",
	"host all nobody,postgres all trust",
	"host replication all all trust",
	"host all all all scram-sha-256",
	"host all all all md5",
	"hostssl all all all password",
	"hostssl all all all cert",
	"hostssl all all all cert map=m",
	"hostssl all all all cert map=nomap",
	"hostssl all all all trust clientcert=verify-ca",
	"hostssl all all all trust clientcert=verify-full",
	"hostssl all all all reject clientcert=verify-ca",
	"hostssl all all all scram-sha-256 clientcert=verify-full",
	"hostssl all all all trust clientcert=verify-full clientname=DN",
	"host all postgres all trust\nhost all all all scram-sha-256",
}

var matrixLogins = []login{
	{user: "postgres", database: "postgres", password: "secret"},
	{user: "postgres", database: "template1", password: "secret"},
	{user: "nobody", database: "postgres", password: "secret"},
	{user: "nobody", database: "nobody", password: "secret"},
	{user: "postgres", database: "nodb", password: "secret"},
	{user: "pg_monitor", database: "postgres", password: "secret"},
	{user: "Postgres", database: "postgres", password: "secret"},
	{user: `quo"te`, database: "new\nline", password: "secret"},
	{user: "postgres", database: "postgres", password: "secret", tls: true},
	{user: "nobody", database: "postgres", password: "secret", tls: true},
	{user: "postgres", database: "postgres", password: "secret", tls: true, certificate: "postgres"},
	{user: "postgres", database: "postgres", password: "secret", tls: true, certificate: "ann"},
	{user: "postgres", database: "postgres", password: "secret", tls: true, certificate: "postgres@example.org"},
	{user: "nobody", database: "postgres", password: "secret", tls: true, certificate: "nobody"},
}

// TestMatrix: every login under all rules ends alike on both, to the letter.
func TestMatrix(t *testing.T) {
	pg, seqd, dir := both(t)
	outcomes := map[string]int{}
	for i, rules := range matrixRules {
		if testing.Short() && i%5 != 3 {
			continue // wrong passwords are answered slowly, on purpose
		}
		pg.rules(t, rules)
		seqd.rules(t, rules)
		wants, gots := make([]string, len(matrixLogins)), make([]string, len(matrixLogins))
		var all sync.WaitGroup
		for n, l := range matrixLogins { // all at once, since wrong passwords are answered slowly
			all.Go(func() { wants[n] = pg.login(t, l, dir) })
			all.Go(func() { gots[n] = seqd.login(t, l, dir) })
		}
		all.Wait()
		for n, l := range matrixLogins {
			if gots[n] != wants[n] {
				t.Errorf("%s: %+v:\n      seqd: %s\nPostgreSQL: %s", rules, l, gots[n], wants[n])
			}
			kind, _, _ := strings.Cut(strings.TrimPrefix(wants[n], "FATAL "), " ")
			outcomes[kind]++
		}
	}
	t.Logf("outcomes: %v", outcomes)
	for _, kind := range []string{"in", "28000", "28P01", "3D000"} {
		if outcomes[kind] < 10 && !testing.Short() {
			t.Errorf("%d times %s: the matrix shows little", outcomes[kind], kind)
		}
	}
}
