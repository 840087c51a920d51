package simcluster

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"

	"seqd/raftfsm/internal/seams"
)

// options is what distinguishes a run from the usual ones.
type options struct {
	mistakes seams.Mistakes
	verbose  bool
	faults   []fault        // nil: all
	adjust   func(*cluster) // changes what was drawn
}

const sessionsPerNode = 3

// story is what is left of a run.
type story struct {
	*cluster
	ops       int
	values    int
	entries   int
	late      int
	reused    int // OIDs
	states    int
	undecided int // histories that porcupine did not come to an end with
}

// simulate runs one seed and checks it.
func simulate(t *testing.T, seed uint64, o options) *story {
	var c *cluster
	func() {
		defer leftovers()
		synctest.Test(t, func(*testing.T) {
			c = newCluster(seed, o)
			c.play(o)
		})
	}()
	return c.judge()
}

// leftovers lets a bubble end in which goroutines are left that wait for raft's
// answers: those that are queued when raft is shut down it never gives.
func leftovers() {
	p := recover()
	if p == nil {
		return
	}
	stacks := make([]byte, 16<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, s := range strings.Split(string(stacks), "\n\n") {
		if head, _, _ := strings.Cut(s, "\n"); strings.Contains(head, "synctest bubble") && !strings.Contains(s, "raft.(*deferError).Error") {
			panic(fmt.Sprintf("%v\n%s", p, s))
		}
	}
}

// play is the run itself.
func (c *cluster) play(o options) {
	defer c.close()
	if !c.assemble() {
		return
	}
	var clients sync.WaitGroup
	for _, m := range c.members {
		for i := range sessionsPerNode {
			clients.Go(func() { c.client(m, i) })
		}
	}
	faults := o.faults
	if faults == nil {
		faults = allFaults()
	}
	c.torment(time.Duration(5+c.random().IntN(10))*time.Second, faults)
	c.heal()
	c.recover()
	c.quiet.Store(true)
	clients.Wait()
	c.finish()
}

// judge checks what happened.
func (c *cluster) judge() *story {
	s := &story{cluster: c, ops: len(c.history.list)}
	x := c.log.replay()
	s.entries, s.late, s.reused, s.states = x.entries, x.late, x.reused, x.states
	a := &audit{list: c.history.list, log: x, fail: c.fail}
	a.run(c)
	s.values = len(values(c.history.list))
	for _, q := range c.seqs {
		if !q.strict() || q.churn {
			continue
		}
		switch checkLinear(c.history.list, q) {
		case porcupine.Illegal:
			c.fail("the history of %s is not linearizable", q.name)
		case porcupine.Unknown:
			s.undecided++
		}
	}
	return s
}

// record writes a run to a file.
func (s *story) record(t *testing.T) {
	dir := os.Getenv("SIM_OUT")
	if dir == "" {
		dir = os.TempDir()
	}
	path := filepath.Join(dir, fmt.Sprintf("simcluster-%d.txt", s.seed))
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, %d nodes, timing %+v, prelog %d, mistakes %+v\n", s.seed, len(s.members), s.timing, s.prelogMax, s.mistakes)
	for _, f := range s.failures {
		fmt.Fprintln(&b, "FAILURE", f)
	}
	fmt.Fprintln(&b, "\nrequests:")
	for _, o := range s.history.list {
		fmt.Fprintln(&b, o)
	}
	fmt.Fprintln(&b, "\nevents:")
	for _, n := range s.history.notes {
		fmt.Fprintln(&b, n)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Error(err)
	}
	t.Errorf("seed %d failed; the history is in %s; again:\n\tSIM=1 SEED=%d go test -count=1 -run 'TestSim$' ./raftfsm/simcluster\n%s",
		s.seed, path, s.seed, strings.Join(s.failures[:min(5, len(s.failures))], "\n"))
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	v := os.Getenv(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func TestSim(t *testing.T) {
	few := uint64(24)
	if testing.Short() {
		few = 6
	}
	count, first := number(t, "SIM", few), number(t, "SEED", 1)
	var ops, vals, states, undecided, reused, failed int
	var slowest time.Duration
	begun := time.Now()
	for seed := first; seed < first+count; seed++ {
		s := simulate(t, seed, options{verbose: os.Getenv("SIM_VERBOSE") != ""})
		ops, vals, states, undecided, reused = ops+s.ops, vals+s.values, states+s.states, undecided+s.undecided, reused+s.reused
		if len(s.served) > 0 {
			slowest = max(slowest, slices.Max(s.served))
		}
		if len(s.failures) > 0 {
			failed++
			s.record(t)
		}
		if n := seed - first + 1; n%100 == 0 {
			fmt.Fprintf(os.Stderr, "%d seeds in %v: %d requests, %d values, %d states compared, %d failed, slowest recovery %v\n",
				n, time.Since(begun).Round(time.Second), ops, vals, states, failed, slowest)
		}
		if failed >= 20 {
			t.Fatal("enough")
		}
	}
	if reused > 0 {
		t.Errorf("%d OIDs were given to two sequences", reused)
	}
	t.Logf("%d seeds: %d requests, %d values, %d states compared, %d histories undecided, %d OIDs used again, slowest recovery %v",
		count, ops, vals, states, undecided, reused, slowest)
	if vals < int(count)*50 || states < int(count) {
		t.Error("that was too little to prove anything")
	}
}
