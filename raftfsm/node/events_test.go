package node

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// TestEventsAreToldOnce: what raft says all the time is one line at its beginning and
// one at its end.
func TestEventsAreToldOnce(t *testing.T) {
	var out notes
	e := newEvents(out.logger(), "A")
	lead := func(id raft.ServerID) { e.observe(raft.Observation{Data: raft.LeaderObservation{LeaderID: id}}) }
	lead("")
	lead("A")
	for range 100 {
		e.observe(raft.Observation{Data: raft.FailedHeartbeatObservation{PeerID: "B", LastContact: time.Now()}})
	}
	e.observe(raft.Observation{Data: raft.ResumedHeartbeatObservation{PeerID: "B"}})
	lead("")
	lead("")
	lead("B")
	lead("B")
	var told []string
	for line := range strings.Lines(out.String()) {
		_, msg, _ := strings.Cut(line, `msg="`)
		msg, _, _ = strings.Cut(msg, `"`)
		told = append(told, msg)
	}
	want := "a node does not answer|a node answers again|there is no leader|there is a leader again"
	if got := strings.Join(told, "|"); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
