package node

import (
	"log/slog"
	"time"

	"github.com/hashicorp/raft"
)

// events tells an operator who leads and who does not answer: once when it begins and
// once when it ends, where raft would say so several times a second. It belongs to
// watchRaft's goroutine.
type events struct {
	log    *slog.Logger
	node   raft.ServerID
	leader raft.ServerID
	lost   time.Time                   // since when there is no leader; zero: there is one, or was none yet
	silent map[raft.ServerID]time.Time // who does not answer this leader
}

func newEvents(log *slog.Logger, node string) *events {
	return &events{log: log, node: raft.ServerID(node), silent: map[raft.ServerID]time.Time{}}
}

// observe hears of everything that raft tells.
func (e *events) observe(o raft.Observation) {
	switch x := o.Data.(type) {
	case raft.LeaderObservation:
		e.leads(x.LeaderID)
	case raft.FailedHeartbeatObservation:
		if _, known := e.silent[x.PeerID]; !known {
			e.silent[x.PeerID] = time.Now()
			e.log.Warn("a node does not answer", "node", x.PeerID, "last heard", time.Since(x.LastContact).Round(time.Millisecond))
		}
	case raft.ResumedHeartbeatObservation:
		if since, known := e.silent[x.PeerID]; known {
			delete(e.silent, x.PeerID)
			e.log.Info("a node answers again", "node", x.PeerID, "after", time.Since(since).Round(time.Millisecond))
		}
	}
}

func (e *events) leads(leader raft.ServerID) {
	switch {
	case leader == "" && e.leader != "":
		e.lost = time.Now()
		e.log.Warn("there is no leader", "before", e.leader)
		clear(e.silent) // who leads next finds out anew
	case leader != "" && leader != e.leader && !e.lost.IsZero():
		e.log.Info("there is a leader again", "node", leader, "after", time.Since(e.lost).Round(time.Millisecond))
	}
	if leader != "" {
		e.lost = time.Time{}
	}
	e.leader = leader
}

// raftSays is what raft warns of that events tell, or that is a part of every change
// of leaders: of use only to who debugs elections.
var raftSays = map[string]bool{
	"failed to contact": true,
	"failed to contact quorum of nodes, stepping down":           true,
	"failed to heartbeat to":                                     true,
	"failed to appendEntries to":                                 true,
	"failed to make requestVote RPC":                             true,
	"failed to decode incoming command":                          true,
	"failed to flush response":                                   true,
	"heartbeat timeout reached, starting election":               true,
	"Election timeout reached, restarting election":              true,
	"new leader elected, stepping down":                          true,
	"peer has newer term, stopping replication":                  true,
	"appendEntries rejected, sending older logs":                 true,
	"previous log term mis-match":                                true,
	"failed to get previous log":                                 true,
	"clearing log suffix":                                        true,
	"rejecting vote request since we have a leader":              true,
	"rejecting vote request since our last term is greater":      true,
	"rejecting vote request since our last index is greater":     true,
	"rejecting pre-vote request since we have a leader":          true,
	"rejecting pre-vote request since our last term is greater":  true,
	"rejecting pre-vote request since our last index is greater": true,
	"duplicate requestVote from":                                 true,
	"not part of stable configuration, aborting election":        true,
	"heartbeat timeout reached, not part of a stable configuration or a non-voter, not triggering a leader election": true,
}
