// Package netlab makes a network for the nodes of a cluster, each in a namespace of
// its own, and breaks it: cuts in one direction or both, loss, slow links. Clients in
// the usual namespace reach every node all the time. It needs root, ip and nft.
package netlab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Lab is one such network. Its methods are for one goroutine.
type Lab struct {
	name  string
	net   int
	nodes int
}

// New makes a network of that many nodes.
func New(nodes int) (*Lab, error) {
	pid := os.Getpid()
	l := &Lab{name: "sq" + strconv.FormatInt(int64(pid), 36), net: pid % 250, nodes: nodes}
	if os.Geteuid() != 0 {
		return nil, errors.New("network namespaces need root")
	}
	err := l.run("ip", "link", "add", l.bridge(), "type", "bridge")
	err = errors.Join(err, l.run("ip", "addr", "add", l.host(254)+"/24", "dev", l.bridge()), l.run("ip", "link", "set", l.bridge(), "up"))
	for i := range nodes {
		if err != nil {
			break
		}
		ns := l.namespace(i)
		err = errors.Join(
			l.run("ip", "netns", "add", ns),
			l.run("ip", "link", "add", l.port(i), "type", "veth", "peer", "name", "e0", "netns", ns),
			l.run("ip", "link", "set", l.port(i), "master", l.bridge(), "up"),
			l.run("ip", "-n", ns, "addr", "add", l.Addr(i)+"/24", "dev", "e0"),
			l.run("ip", "-n", ns, "link", "set", "e0", "up"),
			l.run("ip", "-n", ns, "link", "set", "lo", "up"))
	}
	if err == nil {
		err = l.nft("add table bridge %s", "add chain bridge %s fw { type filter hook forward priority 0; }")
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lab) bridge() string         { return l.name + "b" }
func (l *Lab) port(i int) string      { return fmt.Sprintf("%sv%d", l.name, i) }
func (l *Lab) namespace(i int) string { return fmt.Sprintf("%sn%d", l.name, i) }
func (l *Lab) host(n int) string      { return fmt.Sprintf("10.77.%d.%d", l.net, n) }

// Addr is the IP address of a node.
func (l *Lab) Addr(node int) string { return l.host(node + 1) }

// Prefix is what a command begins with that is to run at a node.
func (l *Lab) Prefix(node int) []string { return []string{"ip", "netns", "exec", l.namespace(node)} }

// Cut loses everything that one node sends another.
func (l *Lab) Cut(from, to int) error { return l.drop(from, to, "") }

// Lose loses that many percent of the packets from one node to another.
func (l *Lab) Lose(from, to, percent int) error {
	return l.drop(from, to, fmt.Sprintf("numgen random mod 100 < %d", percent))
}

func (l *Lab) drop(from, to int, when string) error {
	return l.nft(fmt.Sprintf("add rule bridge %%s fw iifname %q oifname %q %s drop", l.port(from), l.port(to), when))
}

// Slow makes everything that is sent to a node queue up.
func (l *Lab) Slow(node int) error {
	return l.run("tc", "qdisc", "add", "dev", l.port(node), "root", "tbf", "rate", "400kbit", "burst", "8kbit", "latency", "500ms")
}

// Heal ends whatever was broken.
func (l *Lab) Heal() error {
	for i := range l.nodes {
		_ = l.run("tc", "qdisc", "del", "dev", l.port(i), "root") // it may not be slow
	}
	return l.nft("flush chain bridge %s fw")
}

// Close takes the network away.
func (l *Lab) Close() error {
	_ = l.nft("delete table bridge %s")
	var err error
	for i := range l.nodes {
		err = errors.Join(err, l.run("ip", "netns", "del", l.namespace(i)))
	}
	return errors.Join(err, l.run("ip", "link", "del", l.bridge()))
}

func (l *Lab) nft(rules ...string) error {
	for _, rule := range rules {
		if err := l.run("nft", fmt.Sprintf(rule, l.name)); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) run(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
