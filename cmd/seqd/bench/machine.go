package bench

import (
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"seqd/cmd/seqd/bench/result"
)

// ThisMachine describes where the driver runs. What the system does not tell is left out.
func ThisMachine() result.Machine {
	m := result.Machine{CPUs: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	m.Model = fieldOf("/proc/cpuinfo", "model name", ":")
	if kilobytes, ok := strings.CutSuffix(fieldOf("/proc/meminfo", "MemTotal", ":"), " kB"); ok {
		n, _ := strconv.ParseInt(strings.TrimSpace(kilobytes), 10, 64)
		m.MemoryBytes = n << 10
	}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		m.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	if distribution := strings.Trim(fieldOf("/etc/os-release", "PRETTY_NAME", "="), `"`); distribution != "" {
		m.OS += ", " + distribution
	}
	return m
}

// fieldOf is the value of the first line of a file with that key.
func fieldOf(file, key, separator string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if k, v, ok := strings.Cut(line, separator); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
