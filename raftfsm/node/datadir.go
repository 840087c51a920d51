package node

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Names in the data folder. The identity is written last when a folder is made:
// while initFile is there and identityFile is not, nothing in it ever counted.
const (
	identityFile = "identity.json"
	lockFile     = "lock"
	initFile     = "initializing"
	joiningFile  = "joining"
	logFile      = "raft.db"
	snapshotsDir = "snapshots"
)

// FolderVersion is the layout of the data folder that this program writes.
const FolderVersion = 1

// identity tells whose a data folder is.
type identity struct {
	Format  int    `json:"format"`
	Cluster string `json:"cluster"`
	Node    string `json:"node"`
}

func newIdentity(node string) identity {
	if node == "" {
		node = "node-" + strings.ToLower(rand.Text()[:12])
	}
	return identity{Format: FolderVersion, Cluster: strings.ToLower(rand.Text()), Node: node}
}

// dataDir is a data folder that this process has to itself.
type dataDir struct {
	path     string
	lock     *os.File
	identity identity
	fresh    bool // nothing in it yet: finish must be called when there is
	joining  bool // its node has joined a cluster, and may not have heard from it yet
}

func (d *dataDir) file(name string) string { return filepath.Join(d.path, name) }

// openDataDir takes a folder, or refuses it without having touched it.
func openDataDir(path, node string) (*dataDir, error) {
	d := &dataDir{path: path}
	if err := d.inspect(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	if err := d.takeLock(); err != nil {
		return nil, err
	}
	if err := d.identify(node); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// inspect refuses a folder that is not seqd's.
func (d *dataDir) inspect() error {
	entries, err := os.ReadDir(d.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var foreign string
	for _, e := range entries {
		switch e.Name() {
		case identityFile, initFile:
			return nil
		case lockFile, "lost+found": // the latter: a file system of its own
		default:
			foreign = e.Name()
		}
	}
	if _, err := os.Stat(d.file(recoveredDir)); err == nil {
		return fmt.Errorf("data directory %s: a recovery was broken off; run `seqd cluster recover` again", d.path)
	}
	if foreign != "" {
		return fmt.Errorf("data directory %s is not empty and was not made by seqd (it holds %q, but no %s); name another one",
			d.path, foreign, identityFile)
	}
	return nil
}

func (d *dataDir) takeLock() error {
	f, err := os.OpenFile(d.file(lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return fmt.Errorf("data directory %s can't be locked: %w", d.path, err)
		}
		var holder [32]byte
		n, _ := f.ReadAt(holder[:], 0) // an empty answer will do, too
		pid := strings.TrimSpace(string(holder[:n]))
		return fmt.Errorf("data directory %s is in use by another seqd (process %s)", d.path, pid)
	}
	d.lock = f
	err = f.Truncate(0)
	if err == nil {
		_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	return err
}

// identify reads the identity, or begins a new folder.
func (d *dataDir) identify(node string) error {
	b, err := os.ReadFile(d.file(identityFile))
	if errors.Is(err, os.ErrNotExist) {
		return d.begin(node)
	}
	if err != nil {
		return err
	}
	id := &d.identity
	if err := json.Unmarshal(b, id); err != nil || id.Format < 1 || id.Cluster == "" || id.Node == "" {
		return fmt.Errorf("%s is damaged; restore the data directory from a backup", d.file(identityFile))
	}
	switch {
	case id.Format > FolderVersion:
		return fmt.Errorf("data directory %s has format %d, this seqd knows up to %d; run the newer version that wrote it",
			d.path, id.Format, FolderVersion)
	case node != "" && node != id.Node:
		return fmt.Errorf("data directory %s belongs to node %q, not %q", d.path, id.Node, node)
	}
	_ = os.Remove(d.file(initFile)) // left over if the process ended just after the identity was there
	_, err = os.Stat(d.file(joiningFile))
	d.joining = err == nil
	return nil
}

// begin marks the folder as being made, and clears what an earlier attempt left.
func (d *dataDir) begin(node string) error {
	d.identity, d.fresh = newIdentity(node), true
	if err := os.WriteFile(d.file(initFile), nil, 0o600); err != nil {
		return err
	}
	for _, name := range []string{logFile, snapshotsDir, joiningFile, identityFile + ".tmp"} {
		if err := os.RemoveAll(d.file(name)); err != nil {
			return err
		}
	}
	return syncDir(d.path)
}

func (d *dataDir) isFresh() bool { return d.fresh }

func (d *dataDir) ownedBy(id identity) { d.identity = id }

// finish makes a begun folder count. joining: its log is empty until arrived.
func (d *dataDir) finish(joining bool) error {
	if joining {
		if err := os.WriteFile(d.file(joiningFile), nil, 0o600); err != nil {
			return err
		}
		d.joining = true
	}
	b, err := json.MarshalIndent(d.identity, "", "  ")
	if err != nil {
		return err
	}
	tmp := d.file(identityFile + ".tmp")
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, d.file(identityFile))
	}
	if err == nil {
		err = syncDir(d.path)
	}
	if err == nil {
		d.fresh = false
		err = os.Remove(d.file(initFile))
	}
	return err
}

// arrived notes that the log of a node that joined is not empty any more.
func (d *dataDir) arrived() error {
	if !d.joining {
		return nil
	}
	if err := os.Remove(d.file(joiningFile)); err != nil {
		return err
	}
	d.joining = false
	return syncDir(d.path)
}

func (d *dataDir) close() {
	if d.lock != nil {
		_ = d.lock.Close() // gives the lock back, whatever it says
	}
}

func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// snapshotDirs lists the finished snapshots, newest last. Their names are
// term-index-milliseconds.
func (d *dataDir) snapshotDirs() ([]string, error) {
	entries, err := os.ReadDir(d.file(snapshotsDir))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasSuffix(e.Name(), ".tmp") {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return slices.Compare(numbers(a), numbers(b)) })
	return names, nil
}

func numbers(name string) []uint64 {
	var list []uint64
	for part := range strings.SplitSeq(name, "-") {
		n, _ := strconv.ParseUint(part, 10, 64) // a name that is not raft's has no snapshot to match it
		list = append(list, n)
	}
	return list
}
