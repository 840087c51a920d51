package proc

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// readyLine is the one line that a started seqd writes to stderr, such as
//
//	seqd 0.1.0 ready: listening on 127.0.0.1:5433, data in ./seqd-data; try: psql -h 127.0.0.1 -p 5433 -U postgres
var readyLine = regexp.MustCompile(`^seqd \S+ ready: listening on ([^\s,]+),`)

// StartSeqd starts a seqd, with Environment and to be killed if this process dies first.
// ready gets the address for clients when it is up.
func StartSeqd(cmd *exec.Cmd) (p *Process, ready <-chan string, err error) {
	cmd.Env = Environment()
	addr := make(chan string, 1)
	p, err = Start(cmd, syscall.SIGKILL, func(line string) {
		if m := readyLine.FindStringSubmatch(line); m != nil {
			select {
			case addr <- m[1]:
			default:
			}
		}
	})
	return p, addr, err
}

// Environment is this process's, without what would configure seqd.
func Environment() []string {
	return slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "SEQD_") })
}
