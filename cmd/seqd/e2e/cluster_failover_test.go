package e2e

import (
	"fmt"
	"testing"
)

// TestFailoverTime measures for how long the surviving nodes answer nobody when the
// leader is killed under light load.
func TestFailoverTime(t *testing.T) {
	kills := clusterRounds(3)
	if testing.Short() {
		kills = 2
	}
	x := newFaultTest(t)
	kill := &fault{name: "kill -9 leader", loses: true, happen: func(r *round) error { return r.killOne(r.leader) }}
	for range kills {
		x.round(t, kill)
		if t.Failed() {
			t.Fatalf("stopped after round %d\n%s", x.rounds, x.cluster.Tail())
		}
	}
	x.judge(t)
	median, longest := middle(x.sums[kill.name].silences)
	fmt.Printf("failover after kill -9 of the leader: %d kills, median %v, max %v without service on the survivors\n", kills, median, longest)
	// Far beyond what an election takes, so that a slow machine passes.
	if longest > answerTimeout/2 {
		t.Errorf("%v without service", longest)
	}
}
