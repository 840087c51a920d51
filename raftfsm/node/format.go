package node

import (
	"context"
	"errors"

	"seqd/protocol/sqlstate"
	"seqd/raftfsm/codec"
)

// A command, or a field of one, that the release before did not know may be
// proposed only when every member understands it: one that does not has to stop.
// The format of the cluster says which those are. The leader raises it, by an entry
// in the log, once every member has said at that moment that it knows a newer one:
// what was noted of them earlier may be from before somebody put an old program
// back. It never falls. A member that can't be reached holds it up; one that is
// gone for good has to be removed.

// formatEvery is how many ticks of organize lie between two attempts.
const formatEvery = 6

func errOldFormat(f uint64) *sqlstate.Error {
	return sqlstate.Errorf(sqlstate.FeatureNotSupported,
		"the cluster can't do this yet: it writes format %d, as long as a node may be there that knows no newer one", f).
		WithHint("Upgrade all nodes, and remove those that are gone for good; `seqd cluster status` shows them.")
}

// raiseFormat makes the newest format that all members know the cluster's. The
// error says who is in the way.
func (n *Node) raiseFormat(term uint64, stop <-chan struct{}) error {
	now := n.fsm.Format()
	if now >= uint64(n.config.knows()) {
		return nil
	}
	common, err := n.commonFormat()
	if common <= now {
		return err
	}
	_, failed := n.log(codec.Entry{Term: term, Format: common}, stop)
	return errors.Join(failed, err)
}

// commonFormat asks all members, and is 0 if one does not answer.
func (n *Node) commonFormat() (common uint64, err error) {
	common = uint64(n.config.knows())
	for _, x := range n.servers() {
		if string(x.ID) == n.identity.Node {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
		status, failed := n.config.Peer.Admin(string(x.Address)).StatusHere(ctx)
		cancel()
		switch {
		case failed != nil:
			return 0, sqlstate.Errorf(sqlstate.CannotConnectNow, "node %q does not say which version it has: %w", x.ID, failed)
		case status.Node != string(x.ID):
			return 0, sqlstate.Errorf(sqlstate.CannotConnectNow, "at %s answers node %q, not %q", x.Address, status.Node, x.ID)
		}
		version := uint64(max(1, status.Version)) // the first release did not say
		if version < common {
			common = version
			err = sqlstate.Errorf(sqlstate.FeatureNotSupported, "node %q runs version %d", x.ID, version)
		}
	}
	return common, err
}

// require returns nil if the cluster has the format, or can have it now.
func (n *Node) require(format, term uint64) error {
	if n.fsm.Format() >= format {
		return nil
	}
	err := n.raiseFormat(term, n.leave)
	if n.fsm.Format() >= format {
		return nil
	}
	refusal := errOldFormat(n.fsm.Format())
	if err != nil {
		refusal = refusal.WithDetail("%s", err.Error())
	}
	return refusal
}
