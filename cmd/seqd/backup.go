package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"seqd/cmd/seqd/config"
	"seqd/raftfsm/codec"
	"seqd/raftfsm/node"
	"seqd/raftfsm/peer"
)

// standard is the file name that stands for standard output or input.
const standard = "-"

// backup fetches a backup from a node and writes it to a file, which is there under
// its name only when all of it was read back and found right.
func backup(c *config.Backup, out io.Writer, errOut io.Writer) error {
	t, err := dialer(c.TLS())
	if err != nil {
		return err
	}
	defer t.Close()
	parts := &backupReader{node: t.Admin(c.Node), timeout: c.Timeout}
	shown, done := progress("backup", -1, errOut)
	in := io.TeeReader(parts, shown)
	if c.File == standard {
		got, err := copyBackup(in, out)
		done()
		if err == nil {
			_, err = fmt.Fprintln(errOut, got)
		}
		return err
	}
	got, err := writeBackup(in, c.File)
	done()
	if err == nil {
		_, err = fmt.Fprintf(out, "%s: %s\n", c.File, got)
	}
	return err
}

// backupReader reads a backup part after part.
type backupReader struct {
	node    *peer.AdminClient
	timeout time.Duration // of one part
	begun   bool
	part    peer.BackupPart
}

func (r *backupReader) Read(b []byte) (int, error) {
	for len(r.part.Data) == 0 {
		if r.begun && r.part.Token == 0 {
			return 0, io.EOF
		}
		ctx, cancel := context.WithTimeout(context.Background(), r.timeout)
		part, err := r.node.Backup(ctx, peer.BackupRequest{Token: r.part.Token})
		cancel()
		if err != nil {
			return 0, err
		}
		r.begun, r.part = true, part
	}
	n := copy(b, r.part.Data)
	r.part.Data = r.part.Data[n:]
	return n, nil
}

// copyBackup reads what it copies, and describes it.
func copyBackup(in io.Reader, out io.Writer) (string, error) {
	info, h, store, _, err := codec.ReadBackup(io.TeeReader(in, out))
	if err != nil {
		return "", err
	}
	sequences, _, _ := node.AtLimit(store)
	return fmt.Sprintf("%d sequences of cluster %s, up to log entry %d, by node %s", sequences, h.Cluster, h.Index, info.Node), nil
}

func writeBackup(in io.Reader, path string) (got string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	if got, err = copyBackup(in, f); err != nil {
		return "", err
	}
	if err = f.Sync(); err != nil {
		return "", err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return "", err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return got, errors.Join(dir.Sync(), dir.Close(), f.Close())
}

// restore makes a data folder of a backup.
func restore(c *config.Restore, in io.Reader, out, errOut io.Writer) error {
	size := int64(-1)
	if c.File != standard {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		if s, err := f.Stat(); err == nil {
			size = s.Size()
		}
		in = f
	}
	shown, done := progress("reading the backup", size, errOut)
	info, h, store, cluster, err := codec.ReadBackup(io.TeeReader(in, shown))
	done()
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	founded, err := node.Restore(c.DataDir, c.NodeID, h, store, cluster, c.Skip)
	if err != nil {
		return err
	}
	made := time.Unix(int64(info.Created), 0)
	if _, err := fmt.Fprintf(out, "restored the backup of cluster %s, made by node %s at %s\n", h.Cluster, info.Node, made.Format(time.RFC3339)); err != nil {
		return err
	}
	if err := printFounded(out, founded); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "If more than %d values of a sequence were handed out since then, they come again:\n"+
		"restore into another folder with a larger --skip, or set the sequences ahead with\n`seqd cluster skip N` before clients return.\n", founded.Steps)
	return err
}

// printFounded tells of a new cluster in a data folder.
func printFounded(out io.Writer, f node.Founded) error {
	if err := printSkipped(out, peer.SkipReply{Steps: f.Steps, Sequences: f.Sequences, AtLimits: f.AtLimits, AtLimit: f.AtLimit}); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%s is node %s, the only one of the new cluster %s\n"+
		"Start it with: seqd --data-dir %s (and its usual options). New nodes, with empty folders, --join it.\n", f.DataDir, f.Node, f.Cluster, f.DataDir)
	return err
}
