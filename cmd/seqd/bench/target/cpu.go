package target

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cpuMeter adds up what a server's processes have used: some, with all of their
// children. Children that have ended are counted in their parent, which has waited
// for them, as PostgreSQL's postmaster does.
type cpuMeter struct {
	roots []int
	proc  string // where the kernel shows processes
	clock func(pid int) (time.Duration, error)
}

func newCPUMeter() *cpuMeter { return &cpuMeter{proc: "/proc", clock: processClock} }

// ticksPerSecond is the unit of /proc/PID/stat: USER_HZ, which is 100 on every Linux
// that Go runs on.
const ticksPerSecond = 100

// processClock is what all threads of a process have used, those that have ended
// included, to the nanosecond: a sample is hardly longer than ten ticks.
func processClock(pid int) (time.Duration, error) {
	const scheduled = 2 // MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of the kernel: time that it was scheduled
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &t); err != nil {
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}

var errNoProc = errors.New("the server's processes are not visible here")

// findProcesses finds those of the target: our own children, or who listens where a
// local target is reached.
func (t *Target) findProcesses() (*cpuMeter, error) {
	m := newCPUMeter()
	switch {
	case t.own != nil:
		m.roots = t.own.PIDs()
	case !t.Info.Local:
		return nil, errors.New("the server is on another machine")
	default:
		c := t.Servers[0]
		pid, err := m.listener(c.Host, int(c.Port))
		if err != nil {
			return nil, err
		}
		m.roots = []int{pid}
	}
	_, err := m.read()
	if err != nil {
		return nil, errNoProc
	}
	return m, nil
}

// read returns user and system time.
func (m *cpuMeter) read() (time.Duration, error) {
	all, err := m.processes()
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	todo := slices.Clone(m.roots)
	for len(todo) > 0 {
		pid := todo[0]
		todo = todo[1:]
		p, ok := all[pid]
		if !ok {
			if slices.Contains(m.roots, pid) {
				return 0, fmt.Errorf("process %d: %w", pid, fs.ErrNotExist)
			}
			continue
		}
		if used, err := m.clock(pid); err == nil {
			p.own = used
		}
		sum += p.own + p.children
		for child, c := range all {
			if c.parent == pid {
				todo = append(todo, child)
			}
		}
	}
	return sum, nil
}

type process struct {
	parent   int
	own      time.Duration // used by itself
	children time.Duration // by the children that it has waited for
}

func (m *cpuMeter) processes() (map[int]process, error) {
	entries, err := os.ReadDir(m.proc)
	if err != nil {
		return nil, err
	}
	all := map[int]process{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join(m.proc, e.Name(), "stat"))
		if err != nil {
			continue // has ended
		}
		if p, err := parseStat(text); err == nil {
			all[pid] = p
		}
	}
	return all, nil
}

// parseStat reads /proc/PID/stat. The name, in parentheses, may have anything in it.
func parseStat(text []byte) (p process, err error) {
	i := bytes.LastIndexByte(text, ')')
	fields := bytes.Fields(text[i+1:])
	if i < 0 || len(fields) < 15 {
		return p, fmt.Errorf("not a process: %q", text)
	}
	if p.parent, err = strconv.Atoi(string(fields[1])); err != nil {
		return p, err
	}
	for i, field := range fields[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return p, err
		}
		if used := time.Duration(n) * time.Second / ticksPerSecond; i < 2 {
			p.own += used
		} else {
			p.children += used
		}
	}
	return p, nil
}

// listener finds the process that listens at a port of this machine, or at the socket
// in a folder.
func (m *cpuMeter) listener(host string, port int) (int, error) {
	inodes := map[string]bool{}
	if socket(host) {
		name := filepath.Join(host, ".s.PGSQL."+strconv.Itoa(port))
		m.table("unix", func(f []string) {
			if len(f) > 7 && f[7] == name {
				inodes[f[6]] = true
			}
		})
	} else {
		listens := func(f []string) {
			const listening = "0A"
			if len(f) > 9 && f[3] == listening && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
				inodes[f[9]] = true
			}
		}
		m.table("tcp", listens)
		if ip := net.ParseIP(host); ip == nil || ip.To4() == nil || len(inodes) == 0 {
			m.table("tcp6", listens) // which takes IPv4 too
		}
	}
	var holders []int
	links, _ := filepath.Glob(filepath.Join(m.proc, "[0-9]*", "fd", "*"))
	for _, link := range links {
		to, err := os.Readlink(link)
		if inode, ok := strings.CutPrefix(to, "socket:["); err == nil && ok && inodes[strings.TrimSuffix(inode, "]")] {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(link))))
			holders = append(holders, pid)
		}
	}
	if len(holders) == 0 {
		return 0, fmt.Errorf("who listens at port %d is not visible: another user, or a container", port)
	}
	return m.eldest(holders)
}

// eldest is the process of which all others are descendants, if they share a socket.
func (m *cpuMeter) eldest(pids []int) (int, error) {
	all, err := m.processes()
	if err != nil {
		return 0, err
	}
	eldest := 0
	for _, pid := range pids {
		if pid == eldest || descends(all, pid, pids) {
			continue
		}
		if eldest != 0 {
			return 0, fmt.Errorf("processes %d and %d both listen there", eldest, pid)
		}
		eldest = pid
	}
	return eldest, nil
}

// descends tells whether a process has an ancestor among others.
func descends(all map[int]process, pid int, others []int) bool {
	for range len(all) {
		if pid = all[pid].parent; slices.Contains(others, pid) {
			return true
		}
	}
	return false
}

// table calls f with the fields of every socket of a kind.
func (m *cpuMeter) table(kind string, f func(fields []string)) {
	text, err := os.ReadFile(filepath.Join(m.proc, "net", kind))
	if err != nil {
		return
	}
	for line := range strings.Lines(string(text)) {
		f(strings.Fields(line))
	}
}
