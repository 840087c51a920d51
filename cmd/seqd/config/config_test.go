package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func parse(t *testing.T, args ...string) (*CLI, string, error) {
	t.Helper()
	return Parse(args, io.Discard, io.Discard, func(int) {})
}

func TestDefaults(t *testing.T) {
	cli, command, err := parse(t)
	if err != nil || command != "serve" {
		t.Fatal(command, err)
	}
	if s := cli.Serve; s.Listen != "127.0.0.1:5433" || s.DataDir != "./seqd-data" || s.Ephemeral {
		t.Errorf("%+v", s)
	}
}

func TestPrecedence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seqd.yaml")
	if err := os.WriteFile(path, []byte("listen: 127.0.0.1:1\ndata-dir: /file\nmax-connections: 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SEQD_LISTEN", "127.0.0.1:2")
	t.Setenv("SEQD_DATA_DIR", "/environment")
	cli, _, err := parse(t, "--config", path, "--listen", "127.0.0.1:3")
	if err != nil {
		t.Fatal(err)
	}
	if s := cli.Serve; s.Listen != "127.0.0.1:3" || s.DataDir != "/environment" || s.MaxConnections != 7 {
		t.Errorf("%+v", s)
	}
}

// Every refusal names what is wrong.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--listen", "nonsense"}, "--listen"},
		{[]string{"--listen", "127.0.0.1:70000"}, "--listen"},
		{[]string{"--listen", "0.0.0.0:5433"}, "--hba-file"},
		{[]string{"--listen", ":5433"}, "--hba-file"},
		{[]string{"--admin-listen", "here"}, "--admin-listen"},
		{[]string{"--admin-listen", "127.0.0.1:70000"}, "--admin-listen"},
		{[]string{"--admin-listen", "0.0.0.0:9433"}, "--admin-remote"},
		{[]string{"--admin-remote"}, "--admin-listen"},
		{[]string{"--tls-cert", "c"}, "--tls-key"},
		{[]string{"--tls-key", "k"}, "--tls-cert"},
		{[]string{"--tls-client-ca", "a"}, "--tls-client-ca"},
		{[]string{"--ident-file", "i"}, "--hba-file"},
		{[]string{"--hba-file", "h", "--allow-unauthenticated"}, "--allow-unauthenticated"},
		{[]string{"cert", "--days", "0"}, "--days"},
		{[]string{"cert", "host:5433"}, "without a port"},
		{[]string{"cert", "a b"}, "without a port"},
		{[]string{"--data-dir", " "}, "--data-dir"},
		{[]string{"--prelog-max", "-1"}, "--prelog-max"},
		{[]string{"--prelog-max", "9999999999999999"}, "--prelog-max"},
		{[]string{"--max-connections", "0"}, "--max-connections"},
		{[]string{"--max-message-size", "1"}, "--max-message-size"},
		{[]string{"--auth-timeout", "soon"}, "--auth-timeout"},
		{[]string{"--auth-timeout", "0s"}, "--auth-timeout"},
		{[]string{"--shutdown-timeout=-1s"}, "--shutdown-timeout"},
		{[]string{"--log-level", "loud"}, "--log-level"},
		{[]string{"--log-format", "xml"}, "--log-format"},
		{[]string{"--no-such-flag"}, "--no-such-flag"},
		{[]string{"dance"}, "dance"},
		{[]string{"--config", filepath.Join(dir, "missing.yaml")}, "missing.yaml"},
		{[]string{"--config", write("unknown.yaml", "lisen: 127.0.0.1:1\n")}, "lisen"},
		{[]string{"--config", write("broken.yaml", "listen: [\n")}, "configuration file"},
		{[]string{"--config", write("bad.yaml", "max-connections: many\n")}, "--max-connections"},
	} {
		_, _, err := parse(t, c.args...)
		var usage *UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v does not name %q", c.args, err, c.want)
		}
	}
}

func TestEmptyConfigurationFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seqd.yaml")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := parse(t, "--config", path); err != nil {
		t.Error(err)
	}
}

func TestNetworkAddressNeedsASecondWord(t *testing.T) {
	if _, _, err := parse(t, "--listen", "0.0.0.0:5433", "--allow-unauthenticated"); err != nil {
		t.Error(err)
	}
}

func TestBareHelpShowsTheServersFlags(t *testing.T) {
	var out strings.Builder
	exited := false
	_, _, _ = Parse([]string{"--help"}, &out, io.Discard, func(int) { exited = true })
	for _, want := range []string{"--listen", "--data-dir", "version", "$SEQD_LISTEN"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	if !exited {
		t.Error("went on after the help")
	}
}
