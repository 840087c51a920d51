package e2e

import (
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"seqd/cmd/seqd/e2e/netlab"
	"seqd/cmd/seqd/e2e/seqdserver"
)

// cutTime is longer than an election and any lease.
const cutTime = 2500 * time.Millisecond

// networkFaults happen to nodes in network namespaces of their own. Clients reach all
// of them all the time.
var networkFaults = []fault{
	{name: "leader cut off", loses: true, happen: func(r *round) error { return r.cut(r.leader, r.between(r.leader, true, true)) }},
	{name: "follower cut off", happen: func(r *round) error { return r.cut(r.follower, r.between(r.follower, true, true)) }},
	{name: "leader hears nobody", loses: true, happen: func(r *round) error { return r.cut(r.leader, r.between(r.leader, false, true)) }},
	{name: "nobody hears the leader", loses: true, happen: func(r *round) error { return r.cut(r.leader, r.between(r.leader, true, false)) }},
	{name: "follower hears nobody", loses: true, happen: func(r *round) error { return r.cut(r.follower, r.between(r.follower, false, true)) }},
	{name: "nobody hears a follower", loses: true, happen: func(r *round) error { return r.cut(r.follower, r.between(r.follower, true, false)) }},
	{name: "leader and a follower parted", loses: true, happen: func(r *round) error {
		return r.cut(r.follower, [][2]int{{r.leader, r.follower}, {r.follower, r.leader}})
	}},
	{name: "40 % of packets lost", loses: true, happen: (*round).lossy},
	{name: "slow link to the leader", loses: true, happen: (*round).slow},
	{name: "leader's disk stalls 1.5 s", loses: true, happen: (*round).stallDisk},
	{name: "SIGSTOP follower 3 s", happen: func(r *round) error { return r.pause(r.follower) }},
}

// TestClusterNetworkFaults is TestClusterFaults on a network that breaks.
func TestClusterNetworkFaults(t *testing.T) {
	lab, err := netlab.New(clusterNodes)
	if err != nil {
		fmt.Printf("NOT RUN: faults of the network: %v\n", err)
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
	})
	ca, err := netlab.NewAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := seqdserver.ClusterOptions{Args: []string{"--allow-unauthenticated"}}
	for i := range clusterNodes {
		flags, err := ca.Flags(seqdserver.NodeID(i), lab.Addr(i))
		if err != nil {
			t.Fatal(err)
		}
		o.Hosts = append(o.Hosts, seqdserver.Host{Addr: lab.Addr(i), Prefix: lab.Prefix(i), Args: flags})
	}
	if o.CommandArgs, err = ca.Flags("admin", "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	x := watchFaults(t, startVotersWith(t, o), true)
	x.lab = lab
	x.play(t, clusterRounds(1), selected(networkFaults))
}

// between are the directions between a node and all others: out of it, into it.
func (r *round) between(node int, out, in bool) (directions [][2]int) {
	for _, other := range r.others(node) {
		if out {
			directions = append(directions, [2]int{node, other})
		}
		if in {
			directions = append(directions, [2]int{other, node})
		}
	}
	return directions
}

// cut cuts directions for a while; node is the one that notices. The others go on.
func (r *round) cut(node int, directions [][2]int) error {
	r.hit(node)
	for _, d := range directions {
		if err := r.lab.Cut(d[0], d[1]); err != nil {
			return err
		}
	}
	time.Sleep(cutTime)
	err := r.awaitService(r.others(node)...)
	return errors.Join(err, r.heal(node))
}

// heal ends the fault and waits for the node that was hit.
func (r *round) heal(node int) error {
	if err := r.lab.Heal(); err != nil {
		return err
	}
	err := r.awaitService(node)
	r.well(node)
	return err
}

func (r *round) lossy() error {
	for from := range r.cluster.Nodes {
		r.hit(from) // any may lose its leader
		for _, to := range r.others(from) {
			if err := r.lab.Lose(from, to, 40); err != nil {
				return err
			}
		}
	}
	time.Sleep(cutTime)
	err := r.lab.Heal()
	for i := range r.cluster.Nodes {
		err = errors.Join(err, r.awaitService(i))
		r.well(i)
	}
	return err
}

func (r *round) slow() error {
	r.hit(r.leader)
	if err := r.lab.Slow(r.leader); err != nil {
		return err
	}
	time.Sleep(cutTime)
	return r.heal(r.leader)
}

// stallDisk has every sync of the leader's log take 1.5 s, for a while.
func (r *round) stallDisk() error {
	r.hit(r.leader)
	strace := exec.Command("strace", "-qq", "-f", "-o", "/dev/null", "-e", "trace=fdatasync",
		"-e", "inject=fdatasync:delay_enter=1500000", "-p", strconv.Itoa(r.cluster.Nodes[r.leader].PID()))
	if err := strace.Start(); err != nil {
		return err
	}
	time.Sleep(cutTime)
	_ = strace.Process.Signal(syscall.SIGTERM)
	_ = strace.Wait() // it was ended by a signal
	err := r.awaitService(r.others(-1)...)
	r.well(r.leader)
	return err
}
