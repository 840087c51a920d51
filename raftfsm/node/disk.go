package node

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"seqd/protocol/sqlstate"
)

// The log is not let grow into the last part of a file system: bolt needs room to
// compact the log, and a snapshot needs some too.
const (
	reserveBytes    = 64 << 20
	reserveFraction = 20 // 5 %
	spaceFor        = 100 * time.Millisecond
)

// diskGuard refuses writes while the file system is all but full.
type diskGuard struct {
	free func() (free, total uint64, err error)

	mu      sync.Mutex
	checked time.Time
	full    bool
}

// freeSpace returns what unprivileged users may still write below dir.
func freeSpace(dir string) (free, total uint64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	size := uint64(st.Bsize)
	return st.Bavail * size, st.Blocks * size, nil
}

// check returns 53100 if there is too little space. A file system that can't be
// asked is taken for healthy: the write itself will tell.
func (g *diskGuard) check() error {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := time.Now(); now.Sub(g.checked) >= spaceFor {
		free, total, err := g.free()
		g.full = err == nil && free < min(reserveBytes, total/reserveFraction)
		g.checked = now
	}
	if g.full {
		return errDiskFull()
	}
	return nil
}

func errDiskFull() *sqlstate.Error {
	return sqlstate.New(sqlstate.DiskFull, "could not write to the log: No space left on device").
		WithHint("Free some space on the file system of the data directory. Values already reserved are still handed out.")
}
