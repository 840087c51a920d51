package compat

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"seqd/cmd/seqd/proc"
)

// background runs a program until the test ends.
func background(t *testing.T, cmd *exec.Cmd) *proc.Process {
	t.Helper()
	p, err := proc.Start(cmd, syscall.SIGKILL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.End(syscall.SIGKILL, 10*time.Second) })
	return p
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// listening waits until somebody accepts connections on a port.
func listening(t *testing.T, p *proc.Process, port int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
		if err == nil {
			c.Close()
			return
		}
		select {
		case <-p.Done():
			t.Fatalf("ended at start\n%s", p.Tail())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody listens: %v\n%s", err, p.Tail())
		}
	}
}

// pgbouncer stands between, with one connection to the server.
func pgbouncer(mode string) func(*testing.T, server) server {
	return func(t *testing.T, on server) server {
		dir, err := os.MkdirTemp("", "seqd-pgbouncer-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		port := freePort(t)
		ini := fmt.Sprintf("[databases]\n* = host=127.0.0.1 port=%d\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\n"+
			"auth_type = trust\nauth_file = %s/users\npool_mode = %s\ndefault_pool_size = 1\n", on.port, port, dir, mode)
		for name, text := range map[string]string{"ini": ini, "users": "\"postgres\" \"\"\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("pgbouncer", filepath.Join(dir, "ini"))
		if os.Geteuid() == 0 {
			cmd.Args = append(cmd.Args, "-u", "nobody") // it does not run as root
		}
		listening(t, background(t, cmd), port)
		on.port = port
		return on
	}
}

// haproxy stands between once its check of the server has an answer.
func haproxy(t *testing.T, on server) server {
	dir, err := os.MkdirTemp("", "seqd-haproxy-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	port, socket := freePort(t), filepath.Join(dir, "stats")
	cfg := fmt.Sprintf("global\n  stats socket %s\ndefaults\n  mode tcp\n  timeout connect 60s\n  timeout client 60s\n  timeout server 60s\n"+
		"listen pg\n  bind 127.0.0.1:%d\n  option pgsql-check user postgres\n  server one 127.0.0.1:%d check inter 100ms\n", socket, port, on.port)
	if err := os.WriteFile(filepath.Join(dir, "cfg"), []byte(cfg), 0o644); err != nil {
		t.Fatal(err)
	}
	p := background(t, exec.Command("haproxy", "-db", "-f", filepath.Join(dir, "cfg")))
	listening(t, p, port)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		status, text, err := checkOf(socket)
		if err == nil && status != "INI" {
			on.told = fmt.Sprintf("# check\n%s %s\n", status, text)
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no answer to the check: %v\n%s", err, p.Tail())
		}
	}
	on.port = port
	return on
}

// checkOf asks HAProxy how the check of the server went.
func checkOf(socket string) (status, text string, err error) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return "", "", err
	}
	defer c.Close()
	if _, err := c.Write([]byte("show stat\n")); err != nil {
		return "", "", err
	}
	rows, err := csv.NewReader(c).ReadAll()
	if err != nil || len(rows) == 0 {
		return "", "", errors.Join(err, errors.New("no rows"))
	}
	column := func(row []string, name string) string {
		for i, n := range rows[0] {
			if n == name && i < len(row) {
				return row[i]
			}
		}
		return ""
	}
	for _, row := range rows[1:] {
		if column(row, "svname") == "one" {
			return strings.TrimPrefix(column(row, "check_status"), "* "), column(row, "last_chk"), nil
		}
	}
	return "", "", errors.New("no row of the server")
}

// foreign is a PostgreSQL that looks at the server with dblink and postgres_fdw.
func foreign(t *testing.T) []string {
	file, _ := filepath.Abs("testdata/sql/fdw.sql")
	if _, err := os.ReadFile(file); err != nil {
		t.Fatal(err)
	}
	return []string{"sh", "-c", `exec psql -X -q -h 127.0.0.1 -p "$JUDGE_PORT" -d "foreign_$PGPORT" -v remote="host=127.0.0.1 port=$PGPORT dbname=$PGDATABASE user=postgres" ` +
		`-v port="$PGPORT" -v dbname="$PGDATABASE" -f "$0"`, file}
}
