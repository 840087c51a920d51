package e2e

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
)

// benching tells whether SEQD_BENCH is 1, and returns the number of an environment
// variable.
func benching() (number func(env string, otherwise int) int, yes bool) {
	return func(env string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(env)); err == nil && n > 0 {
			return n
		}
		return otherwise
	}, os.Getenv("SEQD_BENCH") == "1"
}

// TestBenchFaults measures how long a leader's end and a hand-over take, 50 times each
// ($CLUSTER_ROUNDS).
func TestBenchFaults(t *testing.T) {
	if _, yes := benching(); !yes {
		return
	}
	x := newFaultTest(t)
	fmt.Printf("\ntimes without service on the other nodes, eight clients drawing all the time\n\n")
	x.play(t, clusterRounds(50), slices.DeleteFunc(slices.Clone(faults), func(f fault) bool {
		return f.name != "kill -9 leader" && !f.planned
	}))
}
