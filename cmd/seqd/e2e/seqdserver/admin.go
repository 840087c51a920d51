package seqdserver

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"seqd/cmd/seqd/proc"
)

// Run runs one of seqd's commands and returns what it prints to standard output;
// the error has the rest.
func Run(args ...string) (string, error) {
	bin, err := Binary()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), StartTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Env = proc.Environment()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("seqd %s: %w\n%s%s", strings.Join(args, " "), err, out.String(), errOut.String())
	}
	return out.String(), err
}

// Peer is the cluster address of node i.
func (c *Cluster) Peer(i int) string { return c.peer[i] }

// DataDir is the folder of node i.
func (c *Cluster) DataDir(i int) string { return c.Nodes[i].opts.DataDir }

// SetDataDir gives node i, which does not run, another folder.
func (c *Cluster) SetDataDir(i int, path string) { c.Nodes[i].opts.DataDir = path }

// SetPeer gives node i, which does not run, another cluster address.
func (c *Cluster) SetPeer(i int) error {
	ports, err := freePorts(1)
	if err != nil {
		return err
	}
	c.peer[i] = ports[0]
	c.Nodes[i].opts.Args = c.argsOf(i)
	return nil
}

// UseBinary has node i run another seqd from its next start on; "": the one to test.
func (c *Cluster) UseBinary(i int, path string) { c.Nodes[i].opts.Binary = path }

// Rejoin starts node i, which does not run, with an empty folder, and has it join by
// way of another node.
func (c *Cluster) Rejoin(i, via int) error {
	if err := wipe(c.DataDir(i)); err != nil {
		return err
	}
	c.Nodes[i].opts.Args = append(c.argsOf(i), "--join", c.peer[via])
	err := c.Restart(i)
	c.Nodes[i].opts.Args = c.argsOf(i)
	return err
}

// wipe empties a folder; it may be a file system of its own, which stays.
func wipe(path string) error {
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(path, e.Name())); err != nil {
			return err
		}
	}
	if os.IsNotExist(err) {
		return nil
	}
	return err
}
