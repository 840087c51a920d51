package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestClusterAddress(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "127.0.0.1:5533"},
		{[]string{"--listen", "127.0.0.1:5434"}, "127.0.0.1:5534"},
		{[]string{"--listen", "127.0.0.1:0"}, "127.0.0.1:0"},
		{[]string{"--listen", "127.0.0.1:65435"}, "127.0.0.1:65535"},
		{[]string{"--listen", "127.0.0.1:65436"}, "127.0.0.1:65336"},
		// Who serves clients of a network does not by that talk to strange nodes.
		{[]string{"--listen", "0.0.0.0:5433", "--allow-unauthenticated"}, "127.0.0.1:5533"},
		{[]string{"--cluster-listen", "127.0.0.1:7"}, "127.0.0.1:7"},
		{[]string{"--cluster-listen", "off"}, ""},
	} {
		cli, _, err := parse(t, c.args...)
		if err != nil {
			t.Errorf("%v: %v", c.args, err)
		} else if got := cli.Serve.ClusterAddress(); got != c.want {
			t.Errorf("%v: %q, want %q", c.args, got, c.want)
		}
	}
}

func TestClusterFlags(t *testing.T) {
	t.Setenv("SEQD_NODE_ID", "n1")
	path := filepath.Join(t.TempDir(), "seqd.yaml")
	if err := os.WriteFile(path, []byte("join: a:1,b:2\nbootstrap-expect: 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cli, _, err := parse(t, "--config", path)
	if err != nil {
		t.Fatal(err)
	}
	if s := cli.Serve; s.NodeID != "n1" || !slices.Equal(s.Join, []string{"a:1", "b:2"}) || s.BootstrapExpect != 3 {
		t.Errorf("%+v", s)
	}
}

func TestClusterFlagsRefused(t *testing.T) {
	all := []string{"--cluster-cert", "c", "--cluster-key", "k", "--cluster-ca", "a"}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--cluster-listen", "nonsense"}, "--cluster-listen"},
		{[]string{"--cluster-listen", "127.0.0.1:x"}, "--cluster-listen"},
		{[]string{"--cluster-listen", "127.0.0.1:5433"}, "address for clients"},
		{[]string{"--cluster-listen", "192.0.2.1:5533"}, "--cluster-cert"},
		{[]string{"--cluster-listen", ":5533"}, "--cluster-cert"},
		{append([]string{"--cluster-listen", ":5533"}, all...), "--cluster-advertise"},
		{append([]string{"--cluster-listen", "0.0.0.0:5533"}, all...), "--cluster-advertise"},
		{[]string{"--cluster-advertise", "0.0.0.0:5533"}, "--cluster-advertise"},
		{[]string{"--cluster-advertise", "host:0"}, "--cluster-advertise"},
		{[]string{"--cluster-advertise", "host"}, "--cluster-advertise"},
		{[]string{"--cluster-cert", "c"}, "all three"},
		{[]string{"--cluster-cert", "c", "--cluster-key", "k"}, "all three"},
		{[]string{"--cluster-ca", "a"}, "all three"},
		{[]string{"--join", "host"}, "--join"},
		{[]string{"--join", "host:1,host:x"}, "--join"},
		{[]string{"--join", "host:1", "--cluster-listen", "off"}, "off"},
		{[]string{"--bootstrap-expect", "3"}, "--join"},
		{[]string{"--bootstrap-expect=-1", "--join", "h:1"}, "--bootstrap-expect"},
		{[]string{"--non-voter"}, "--join"},
		{[]string{"--node-id", "two words"}, "--node-id"},
		{[]string{"--node-id", strings.Repeat("x", 65)}, "--node-id"},
		{[]string{"cluster"}, "status"},
		{[]string{"cluster", "remove"}, "<id>"},
		{[]string{"cluster", "status", "--node", "nonsense"}, "--node"},
		{[]string{"cluster", "status", "--timeout", "0s"}, "--timeout"},
		{[]string{"cluster", "status", "--cluster-key", "k"}, "all three"},
	} {
		_, _, err := parse(t, c.args...)
		var usage *UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v does not name %q", c.args, err, c.want)
		}
	}
}

func TestClusterCommands(t *testing.T) {
	for _, c := range []struct {
		args          []string
		command, node string
	}{
		{[]string{"cluster", "status"}, "cluster status", "127.0.0.1:5533"},
		{[]string{"cluster", "status", "--node", "h:1"}, "cluster status", "h:1"},
		{[]string{"cluster", "remove", "n1"}, "cluster remove <id>", "127.0.0.1:5533"},
		{[]string{"cluster", "--node", "h:1", "transfer"}, "cluster transfer", "h:1"},
		{[]string{"cluster", "transfer", "n2"}, "cluster transfer <to>", "127.0.0.1:5533"},
		{[]string{"cluster", "snapshot"}, "cluster snapshot", "127.0.0.1:5533"},
	} {
		cli, command, err := parse(t, c.args...)
		if err != nil || command != c.command || cli.Cluster.Node != c.node {
			t.Errorf("%v: command %q, node %q, error %v", c.args, command, cli.Cluster.Node, err)
		}
	}
}

// A bad file is named before a port is opened.
func TestCertificateFiles(t *testing.T) {
	if c, err := (&Certificates{}).TLS(); c != nil || err != nil {
		t.Error(c, err)
	}
	missing := filepath.Join(t.TempDir(), "missing.pem")
	_, err := (&Certificates{ClusterCert: missing, ClusterKey: missing, ClusterCA: missing}).TLS()
	if err == nil || !strings.Contains(err.Error(), "--cluster-cert") {
		t.Error(err)
	}
}
